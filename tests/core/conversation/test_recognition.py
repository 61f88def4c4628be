"""Messages that a client has sent before are not read again."""

from functools import partial

import pytest
from hotseat_core.conversation.history import Message
from hotseat_core.conversation.recognition import Recognition
from hotseat_core.worker.rows import Row


def said(text: str) -> Message:
    return Message("user", (Row("user", ({"type": "text", "text": text},)),))


def unread() -> Message:
    raise AssertionError("it was read again")


def test_a_message_is_read_once() -> None:
    recognition = Recognition()
    first = recognition.message(b"one", lambda: said("one"))
    assert recognition.message(b"one", unread) is first


def test_other_bytes_are_another_message() -> None:
    recognition = Recognition()
    recognition.message(b"one", lambda: said("one"))
    assert recognition.message(b"two", lambda: said("two")).text == "two"


def test_what_was_told_longest_ago_makes_room() -> None:
    recognition = Recognition(max_bytes=2 * said("one").weight)
    for text in ("one", "two"):
        recognition.message(text.encode(), partial(said, text))
    recognition.message(b"one", unread)
    recognition.message(b"six", lambda: said("six"))
    assert recognition.message(b"one", unread).text == "one"
    again = said("two")
    assert recognition.message(b"two", lambda: again) is again


def test_a_message_larger_than_all_room_is_read_and_not_kept() -> None:
    recognition = Recognition(max_bytes=10)
    assert recognition.message(b"one", lambda: said("one")).text == "one"
    again = said("one")
    assert recognition.message(b"one", lambda: again) is again


def test_what_cannot_be_read_is_refused_each_time() -> None:
    recognition = Recognition()
    for _ in range(2):
        with pytest.raises(AssertionError):
            recognition.message(b"bad", unread)
