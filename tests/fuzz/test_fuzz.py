"""Nearly right inputs: a quick look at each kind in every run; `python -m tests.fuzz` takes a hundred thousand."""

from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz.targets import TARGETS

FOUND = {"worker": [106, 111, 271, 606, 819, 4886], "response": [5630]}  # seeds that something was found with


@pytest.mark.parametrize("target", TARGETS)
@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 2**32 - 1))
def test_nothing_escapes_what_takes_strangers_bytes(target: str, seed: int) -> None:
    TARGETS[target](Random(seed))


@pytest.mark.parametrize(("target", "seed"), [(target, seed) for target, found in FOUND.items() for seed in found])
def test_what_was_found_once_stays_mended(target: str, seed: int) -> None:
    TARGETS[target](Random(seed))
