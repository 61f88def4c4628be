"""The request log: bounded, and without credentials."""

import hashlib

from hotseat_demo.record import Credential, Log, Recorded, credential, kept_headers


def recorded(number: int, size: int = 1) -> Recorded:
    return Recorded(number=number, method="POST", path="/", at=0, body=None, size=size, headers={}, credential=None)


def numbers(log: Log) -> list[int]:
    return [kept.number for kept in log]


def test_the_oldest_requests_are_dropped_beyond_a_count() -> None:
    log = Log(count=2)
    for number in (1, 2, 3):
        log.add(recorded(number))
    assert numbers(log) == [2, 3]


def test_the_oldest_requests_are_dropped_beyond_a_size() -> None:
    log = Log(size=100)
    for number, size in enumerate((60, 60, 30), start=1):
        log.add(recorded(number, size))
    assert numbers(log) == [2, 3]


def test_the_newest_request_is_kept_however_large() -> None:
    log = Log(size=100)
    log.add(recorded(1, 50))
    log.add(recorded(2, 500))
    assert numbers(log) == [2]


def test_credentials_are_hashed_and_their_headers_dropped() -> None:
    headers = {"X-Api-Key": "sk-secret", "Authorization": "Bearer t", "Cookie": "c", "User-Agent": "cli"}
    assert kept_headers(headers) == {"user-agent": "cli"}
    sha256 = hashlib.sha256(b"sk-secret").hexdigest()
    assert credential({"x-api-key": "sk-secret"}) == Credential("x-api-key", sha256)
    assert credential({"authorization": "Bearer sk-secret"}) == Credential("authorization", sha256)
    assert credential({}) is None
