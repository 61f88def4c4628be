"""Messages that a client has sent before are not read again."""

from functools import partial
from operator import attrgetter

import pytest
from hotseat_core.conversation.history import Message
from hotseat_core.conversation.recognition import Recognition
from hotseat_core.worker.rows import Row

WEIGH = attrgetter("weight")


def said(text: str) -> Message:
    return Message("user", (Row("user", ({"type": "text", "text": text},)),))


def unread() -> Message:
    raise AssertionError("it was read again")


def test_a_message_is_read_once() -> None:
    recognition = Recognition(WEIGH)
    first = recognition.known(b"one", lambda: said("one"))
    assert recognition.known(b"one", unread) is first


def test_other_bytes_are_another_message() -> None:
    recognition = Recognition(WEIGH)
    recognition.known(b"one", lambda: said("one"))
    assert recognition.known(b"two", lambda: said("two")).text == "two"


def test_what_was_told_longest_ago_makes_room() -> None:
    recognition = Recognition(WEIGH, max_bytes=2 * said("one").weight)
    for text in ("one", "two"):
        recognition.known(text.encode(), partial(said, text))
    recognition.known(b"one", unread)
    recognition.known(b"six", lambda: said("six"))
    assert recognition.known(b"one", unread).text == "one"
    again = said("two")
    assert recognition.known(b"two", lambda: again) is again


def test_a_message_larger_than_all_room_is_read_and_not_kept() -> None:
    recognition = Recognition(WEIGH, max_bytes=10)
    assert recognition.known(b"one", lambda: said("one")).text == "one"
    again = said("one")
    assert recognition.known(b"one", lambda: again) is again


def test_what_cannot_be_read_is_refused_each_time() -> None:
    recognition = Recognition(WEIGH)
    for _ in range(2):
        with pytest.raises(AssertionError):
            recognition.known(b"bad", unread)
