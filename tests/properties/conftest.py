"""Asserts of the machine say what they compared."""

import pytest

pytest.register_assert_rewrite("tests.properties.machine")
