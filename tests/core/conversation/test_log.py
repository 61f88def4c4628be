"""The log: dense, bounded, replayed."""

import pytest
from hotseat_core.conversation.log import EventLog
from hotseat_core.errors import ReplayLost, SlowReader
from hotseat_core.events import TextDelta


def deltas(*texts: str) -> list[TextDelta]:
    return [TextDelta(text, 0) for text in texts]


def read(log: EventLog, sequence: int) -> list[tuple[int, str]]:
    return [(entry.sequence, entry.event.text) for entry in log.read(sequence) if isinstance(entry.event, TextDelta)]


def test_sequences_are_dense_from_one() -> None:
    log = EventLog(wall_clock=lambda: 5.0)
    assert (log.first_sequence, log.next_sequence) == (1, 1)
    log.append(1, deltas("a", "b"))
    log.append(2, [])
    log.append(2, deltas("c"))
    assert [(entry.sequence, entry.turn, entry.time) for entry in log.read(1)] == [
        (1, 1, 5.0),
        (2, 1, 5.0),
        (3, 2, 5.0),
    ]
    assert (log.first_sequence, log.next_sequence) == (1, 4)


@pytest.mark.parametrize(("start", "texts"), [(1, "abc"), (2, "bc"), (3, "c"), (4, "")])
def test_it_is_read_from_any_place(start: int, texts: str) -> None:
    log = EventLog()
    log.append(1, deltas("a", "b", "c"))
    assert "".join(text for _, text in read(log, start)) == texts


def test_the_oldest_entries_go_and_the_sequences_stay_dense() -> None:
    log = EventLog(max_entries=3)
    log.append(1, deltas(*"abcde"))
    assert (log.first_sequence, log.next_sequence) == (3, 6)
    assert read(log, 3) == [(3, "c"), (4, "d"), (5, "e")]
    log.trim(keep=1)
    assert (log.first_sequence, log.next_sequence) == (5, 6)
    assert read(log, 5) == [(5, "e")]
    log.trim(keep=0)
    assert (log.first_sequence, log.next_sequence) == (6, 6)


def test_a_reader_that_is_overtaken_is_told() -> None:
    log = EventLog(max_entries=2)
    log.append(1, deltas(*"abc"))
    with pytest.raises(SlowReader) as caught:
        log.read(1)
    assert caught.value.metadata == {"firstSequence": "2"}


@pytest.mark.parametrize(("start", "kept"), [(0, False), (1, False), (2, True), (3, True), (4, True), (5, False)])
def test_a_replay_is_whole_or_refused(start: int, kept: bool) -> None:
    log = EventLog(max_entries=2)
    log.append(1, deltas(*"abc"))
    if kept:
        log.check_start(start)
        assert len(log.read(start)) == 4 - start
        return
    with pytest.raises(ReplayLost) as caught:
        log.check_start(start)
    assert caught.value.metadata == {"firstSequence": "2", "nextSequence": "4"}


def test_listeners_are_woken_until_they_stop_listening() -> None:
    log, woken = EventLog(), []
    stop_first = log.listen(lambda: woken.append("first"))
    log.listen(lambda: woken.append("second"))
    log.append(1, deltas("a"))
    assert sorted(woken) == ["first", "second"]
    stop_first()
    stop_first()
    log.append(1, deltas("b"))
    assert woken.count("first") == 1


def test_a_listener_may_stop_listening_when_it_is_woken() -> None:
    log, woken = EventLog(), []

    def wake() -> None:
        woken.append(1)
        stop()

    stop = log.listen(wake)
    log.append(1, deltas("a"))
    log.append(1, deltas("b"))
    assert woken == [1]


def test_every_log_has_a_name_of_its_own() -> None:
    assert EventLog().log_id != EventLog().log_id
