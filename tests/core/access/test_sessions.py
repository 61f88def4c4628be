"""Sessions and the codes that begin them, by a clock of the test's own."""

import pytest
from hotseat_core.access.sessions import Sessions
from hotseat_core.errors import InvalidMessage, Unauthenticated

HOUR = 3600.0


class Clock:
    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def sessions(clock: Clock) -> Sessions:
    return Sessions(clock)


def test_a_code_logs_in_once(sessions: Sessions) -> None:
    code = sessions.invite("key_1", None).secret
    assert sessions.redeem(code) == "key_1"
    with pytest.raises(Unauthenticated, match="used already"):
        sessions.redeem(code)


def test_a_code_is_good_for_ten_minutes_unless_somebody_says_otherwise(sessions: Sessions, clock: Clock) -> None:
    usual, short = sessions.invite("key_1", None), sessions.invite("key_1", 60.0)
    assert (usual.expire_time, short.expire_time) == (clock.now + 600, clock.now + 60)
    clock.now += 60
    with pytest.raises(Unauthenticated):
        sessions.redeem(short.secret)
    assert sessions.redeem(usual.secret) == "key_1"


def test_a_session_is_its_key_s_until_it_ends(sessions: Sessions, clock: Clock) -> None:
    one, other = sessions.begin("key_1", None), sessions.begin("key_2", HOUR)
    assert sessions.find(one.secret) == ("key_1", clock.now + 12 * HOUR)
    assert sessions.find(other.secret) == ("key_2", clock.now + HOUR)
    clock.now += HOUR
    assert sessions.find(other.secret) is None
    sessions.end(one.secret)
    sessions.end(one.secret)
    assert sessions.find(one.secret) is None


def test_a_code_is_no_session_and_a_session_no_code(sessions: Sessions) -> None:
    assert sessions.find(sessions.invite("key_1", None).secret) is None
    with pytest.raises(Unauthenticated):
        sessions.redeem(sessions.begin("key_1", None).secret)


@pytest.mark.parametrize("lifetime_s", [0.0, -1.0, 31 * 24 * HOUR])
def test_a_lifetime_has_bounds(sessions: Sessions, lifetime_s: float) -> None:
    for issue in (sessions.begin, sessions.invite):
        with pytest.raises(InvalidMessage, match="lifetime"):
            issue("key_1", lifetime_s)


def test_the_oldest_go_where_there_are_too_many(sessions: Sessions, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hotseat_core.access.sessions._MOST", 2)
    first, second, third = (sessions.begin("key_1", None).secret for _ in range(3))
    assert [sessions.find(secret) is not None for secret in (first, second, third)] == [False, True, True]


def test_no_secret_is_kept(sessions: Sessions) -> None:
    issued = [sessions.invite("key_1", None), sessions.begin("key_1", None)]
    kept = repr(vars(sessions))
    assert not any(one.secret in kept for one in issued)
