"""Keys: made, shown, revoked, expired, and read again."""

import asyncio
import sqlite3
import threading
import time
from collections.abc import Iterable
from pathlib import Path

import pytest
from hotseat_core.access.account import KeyAccount
from hotseat_core.access.caller import ANYBODY, Caller, Limits, Scope
from hotseat_core.access.key import Changes, Key, Use, Wanted, changed, make
from hotseat_core.access.key_file import FILE_NAME, KeyFile
from hotseat_core.access.keyring import STATIC_KEY_ID, Keyring
from hotseat_core.errors import InvalidMessage, KeyNotFound, RateLimited, StorageFailed, Unauthenticated
from hotseat_core.events import Usage

from tests.core.conftest import until

NOW = 1_700_000_000.0


async def test_where_there_is_no_key_everybody_is_let_in(tmp_path: Path) -> None:
    async with Keyring(tmp_path) as keyring:
        assert not keyring.needs_key
        assert keyring.identify("") == keyring.identify("unused") == ANYBODY


async def test_from_the_first_key_on_everybody_needs_one(tmp_path: Path) -> None:
    async with Keyring(tmp_path) as keyring:
        key, secret = await keyring.create(Wanted(name="mine", tenant="acme"))
        assert secret.startswith(key.hint)
        assert len(secret) >= 46
        found = keyring.identify(secret)
        assert (found.tenant, found.scopes, found.key_id) == ("acme", frozenset({Scope.CONVERSE}), key.key_id)
        for wrong in ("", "unused", secret[:-1], secret + "x", secret.lower(), "x" * 10_000, "' OR 1=1--"):
            with pytest.raises(Unauthenticated):
                keyring.identify(wrong)


async def test_a_core_that_starts_again_knows_its_keys_and_no_secret_is_on_the_disk(tmp_path: Path) -> None:
    async with Keyring(tmp_path) as keyring:
        _, secret = await keyring.create(Wanted(scopes=frozenset(Scope), limits=Limits(5, 2, 1000, 1.5)))
        held = b"".join(path.read_bytes() for path in tmp_path.iterdir())
        assert secret.encode() not in held
        assert secret[8:].encode() not in held
    async with Keyring(tmp_path) as keyring:
        found = keyring.identify(secret)
        assert (found.scopes, found.limits) == (frozenset(Scope), Limits(5, 2, 1000, 1.5))
    assert (tmp_path / FILE_NAME).stat().st_mode & 0o777 == 0o600


async def test_a_revoked_key_opens_nothing_and_the_door_stays_shut(tmp_path: Path) -> None:
    async with Keyring(tmp_path) as keyring:
        key, secret = await keyring.create(Wanted())
        revoked = await keyring.revoke(key.key_id)
        assert revoked.revoke_time is not None
        assert await keyring.revoke(key.key_id) == revoked
        for shown in (secret, ""):
            with pytest.raises(Unauthenticated):
                keyring.identify(shown)
    async with Keyring(tmp_path) as keyring:
        assert keyring.needs_key


async def test_a_key_that_is_not_there_can_not_be_revoked(tmp_path: Path) -> None:
    async with Keyring(tmp_path, static_secret="s" * 16) as keyring:
        with pytest.raises(KeyNotFound):
            await keyring.revoke("key_none")
        with pytest.raises(InvalidMessage, match="HOTSEAT_API_KEY"):
            await keyring.revoke(STATIC_KEY_ID)


async def test_an_expired_key_opens_nothing(tmp_path: Path) -> None:
    now = NOW
    async with Keyring(tmp_path, clock=lambda: now) as keyring:
        _, secret = await keyring.create(Wanted(expire_time=NOW + 60))
        assert keyring.identify(secret).expire_time == NOW + 60
        now = NOW + 60
        with pytest.raises(Unauthenticated):
            keyring.identify(secret)


async def test_the_key_of_the_settings_has_every_scope_and_no_limit(tmp_path: Path) -> None:
    async with Keyring(tmp_path, static_secret="a-key-of-the-settings") as keyring:
        found = keyring.identify("a-key-of-the-settings")
        assert (found.tenant, found.scopes, found.limits) == ("", frozenset(Scope), Limits())
        with pytest.raises(Unauthenticated):
            keyring.identify("")


async def test_a_required_key_is_required_before_there_is_one(tmp_path: Path) -> None:
    async with Keyring(tmp_path, is_required=True) as keyring:
        with pytest.raises(Unauthenticated, match="hotseat keys create"):
            keyring.identify("")


async def test_what_another_process_writes_into_the_file_counts_soon(tmp_path: Path) -> None:
    async with Keyring(tmp_path) as keyring:
        key, secret = make(Wanted(), NOW)
        other = KeyFile(tmp_path / FILE_NAME)
        other.open()
        other.add(key)
        await until(lambda: keyring.needs_key)
        assert keyring.identify(secret).key_id == key.key_id
        other.revoke(key.key_id, NOW)
        await until(lambda: keyring.keys[0].revoke_time is not None)
        other.close()
        with pytest.raises(Unauthenticated):
            keyring.identify(secret)


async def test_a_key_is_revoked_though_who_asked_for_it_has_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, may_go_on = threading.Event(), threading.Event()
    revoke = KeyFile.revoke

    def slow(self: KeyFile, key_id: str, now: float) -> bool:
        begun.set()
        assert may_go_on.wait(30)
        return revoke(self, key_id, now)

    async with Keyring(tmp_path) as keyring:
        key, secret = await keyring.create(Wanted())
        monkeypatch.setattr(KeyFile, "revoke", slow)
        revoking = asyncio.create_task(keyring.revoke(key.key_id))
        await until(begun.is_set)
        revoking.cancel()
        await asyncio.wait([revoking])
        may_go_on.set()
        await until(lambda: keyring.keys[0].revoke_time is not None)
        with pytest.raises(Unauthenticated):
            keyring.identify(secret)


UNFORESEEN = RuntimeError("nobody has foreseen it")


def told(caplog: pytest.LogCaptureFixture, failure: Exception) -> bool:
    """Whether the log tells of it, with where it was raised if that says more."""
    if failure is UNFORESEEN:
        return str(failure) in caplog.text
    return str(failure) in [record.__dict__.get("error") for record in caplog.records]


@pytest.mark.parametrize("failure", [sqlite3.OperationalError("disk I/O error"), UNFORESEEN])
async def test_a_change_that_could_not_be_read_is_read_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, failure: Exception
) -> None:
    async with Keyring(tmp_path) as keyring:
        key, _ = await keyring.create(Wanted())
        keys, failures = KeyFile.keys, [failure]

        def failing(self: KeyFile) -> list[Key]:
            if failures:
                raise failures.pop()
            return keys(self)

        monkeypatch.setattr(KeyFile, "keys", failing)
        other = KeyFile(tmp_path / FILE_NAME)
        other.open()
        other.revoke(key.key_id, NOW)
        other.close()
        await until(lambda: keyring.keys[0].revoke_time is not None)
        assert told(caplog, failure)


async def test_a_key_that_a_newer_hotseat_wrote_keeps_nobody_from_going_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with Keyring(tmp_path) as keyring:
        key, secret = await keyring.create(Wanted())
        connection = sqlite3.connect(tmp_path / FILE_NAME)
        for scopes in ('["converse", "fly"]', '["converse", "admin"]'):
            connection.execute("UPDATE key SET scopes = ?", (scopes,))
            connection.commit()
            if "fly" in scopes:
                await until(
                    lambda: any("newer hotseat" in record.__dict__.get("error", "") for record in caplog.records)
                )
                assert keyring.identify(secret).scopes == key.scopes
        connection.close()
        await until(lambda: keyring.identify(secret).is_admin)


async def test_what_a_session_has_open_ends_with_it_and_nothing_else_does(tmp_path: Path) -> None:
    async with Keyring(tmp_path) as keyring:
        key, secret = await keyring.create(Wanted())
        one, other = (keyring.sessions.begin(key.key_id, None).secret for _ in range(2))
        begun = asyncio.Semaphore(0)

        async def call(shown: str) -> None:
            async with asyncio.timeout(None) as timeout:
                with keyring.session(keyring.identify(shown), timeout):
                    begun.release()
                    await asyncio.Event().wait()

        calls = {shown: asyncio.create_task(call(shown)) for shown in (one, other, secret)}
        for _ in calls:
            await begun.acquire()
        keyring.end_session(one)
        keyring.end_session("hs_session_of_nobody")
        ended, open_ones = await asyncio.wait(calls.values(), timeout=10, return_when=asyncio.FIRST_COMPLETED)
        assert ended == {calls[one]}
        assert isinstance(calls[one].exception(), TimeoutError)
        with pytest.raises(Unauthenticated):
            keyring.identify(one)
        for left in open_ones:
            left.cancel()
        await asyncio.wait(open_ones)


async def test_a_call_in_a_session_ends_with_it_though_a_key_is_changed_meanwhile(tmp_path: Path) -> None:
    now = time.time()
    async with Keyring(tmp_path) as keyring:
        key, _ = await keyring.create(Wanted())
        caller = keyring.identify(keyring.sessions.begin(key.key_id, 3600).secret)
        async with asyncio.timeout(None) as timeout:
            with keyring.session(caller, timeout):
                for expire_time, left_s in ((None, 3600), (now + 60, 60), (now + 7200, 3600)):
                    await keyring.update(
                        key.key_id, Changes(expire_time=expire_time, never_expires=expire_time is None)
                    )
                    ends = timeout.when()
                    assert ends is not None
                    assert abs(ends - asyncio.get_running_loop().time() - left_s) < 30


async def test_a_call_ends_when_its_key_is_revoked_or_expires(tmp_path: Path) -> None:
    async with Keyring(tmp_path) as keyring:
        key, secret = await keyring.create(Wanted())
        caller = keyring.identify(secret)
        begun = asyncio.Event()

        async def call() -> str:
            try:
                async with asyncio.timeout(None) as timeout:
                    with keyring.session(caller, timeout):
                        begun.set()
                        await asyncio.Event().wait()
            except TimeoutError:
                return "ended"
            return "?"

        calling = asyncio.create_task(call())
        await begun.wait()
        await keyring.revoke(key.key_id)
        async with asyncio.timeout(5):
            assert await calling == "ended"


async def test_what_was_used_survives_a_restart(tmp_path: Path) -> None:
    async with Keyring(tmp_path) as keyring:
        _, secret = await keyring.create(Wanted(limits=Limits(tokens_per_day=100)))
        permit = keyring.account(keyring.identify(secret)).admit()
        permit.charge(Usage(10, 20, 30, 40, 0.5))
        permit.close()
    async with Keyring(tmp_path) as keyring:
        account = keyring.account(keyring.identify(secret))
        assert isinstance(account, KeyAccount)
        assert (account.use.request_count, account.use.token_count, account.use.cost_usd) == (1, 100, 0.5)
        assert keyring.keys[0].last_use_time is not None


@pytest.mark.parametrize("failure", [sqlite3.OperationalError("database is locked"), UNFORESEEN])
async def test_what_could_not_be_written_of_a_use_is_written_at_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, failure: Exception
) -> None:
    note_use, failures = KeyFile.note_use, [failure]

    def failing(self: KeyFile, uses: Iterable[tuple[str, Use, float]]) -> None:
        if failures:
            raise failures.pop()
        note_use(self, uses)

    monkeypatch.setattr(KeyFile, "note_use", failing)
    async with Keyring(tmp_path) as keyring:
        key, secret = await keyring.create(Wanted(limits=Limits(tokens_per_day=100)))
        permit = keyring.account(keyring.identify(secret)).admit()
        permit.charge(Usage(10, 20))
        permit.close()
        await until(lambda: "can't be written" in caplog.text)
    async with Keyring(tmp_path) as keyring:
        assert keyring.use_today(key.key_id).token_count == 30


@pytest.mark.parametrize(
    "wanted",
    [
        Wanted(name="x" * 101),
        Wanted(name="two\nlines"),
        Wanted(tenant="../other"),
        Wanted(tenant="x" * 65),
        Wanted(scopes=frozenset()),
        Wanted(weight=0),
        Wanted(limits=Limits(usd_per_day=-1)),
        Wanted(expire_time=NOW),
    ],
)
def test_a_key_that_makes_no_sense_is_refused(wanted: Wanted) -> None:
    with pytest.raises(InvalidMessage):
        make(wanted, NOW)


@pytest.mark.parametrize(
    "content", [b"not a database, and long enough to be looked at", b"SQLite format 3\0" + b"x" * 200]
)
async def test_a_damaged_file_keeps_everybody_out(tmp_path: Path, content: bytes) -> None:
    (tmp_path / FILE_NAME).write_bytes(content)
    with pytest.raises(StorageFailed, match=r"keys\.db can't be read"):
        async with Keyring(tmp_path):
            pass


async def test_a_file_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    async with Keyring(tmp_path):
        pass
    connection = sqlite3.connect(tmp_path / FILE_NAME)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(StorageFailed, match="version 99"):
        async with Keyring(tmp_path):
            pass


async def test_what_is_changed_about_a_key_counts_at_once_and_stays(tmp_path: Path) -> None:
    async with Keyring(tmp_path) as keyring:
        key, secret = await keyring.create(Wanted(name="old", tenant="acme", limits=Limits(requests_per_minute=5)))
        account = keyring.account(keyring.identify(secret))
        changes = Changes(name="new", scopes=frozenset(Scope), limits={"tokens_per_day": 7}, weight=2.0)
        changed = await keyring.update(key.key_id, changes)
        assert (changed.name, changed.tenant, changed.weight) == ("new", "acme", 2.0)
        assert changed.limits == Limits(requests_per_minute=5, tokens_per_day=7)
        assert keyring.identify(secret) == changed.caller
        assert account.weight == 2.0
    async with Keyring(tmp_path) as keyring:
        assert keyring.identify(secret).limits == changed.limits
        assert keyring.keys == [changed]


async def test_a_change_of_nothing_changes_nothing(tmp_path: Path) -> None:
    async with Keyring(tmp_path) as keyring:
        key, _ = await keyring.create(Wanted(name="mine", limits=Limits(1, 2, 3, 4.0), expire_time=time.time() + 60))
        assert await keyring.update(key.key_id, Changes()) == key
        assert (await keyring.update(key.key_id, Changes(never_expires=True))).expire_time is None


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        (Changes(name="x" * 101), "name"),
        (Changes(scopes=frozenset()), "scopes"),
        (Changes(weight=0), "weight"),
        (Changes(limits={"usd_per_day": -1}), "limits"),
        (Changes(expire_time=NOW), "expire_time"),
        (Changes(expire_time=NOW + 1, never_expires=True), "expire_time"),
    ],
)
def test_a_change_that_makes_no_sense_is_refused(changes: Changes, field: str) -> None:
    with pytest.raises(InvalidMessage) as caught:
        changed(make(Wanted(), NOW)[0], changes, NOW)
    assert caught.value.metadata["field"] == field


async def test_a_key_that_is_not_there_or_was_revoked_can_not_be_changed(tmp_path: Path) -> None:
    async with Keyring(tmp_path, static_secret="s" * 16) as keyring:
        key, _ = await keyring.create(Wanted())
        await keyring.revoke(key.key_id)
        with pytest.raises(InvalidMessage, match="was revoked"):
            await keyring.update(key.key_id, Changes(name="back"))
        with pytest.raises(KeyNotFound):
            await keyring.update("key_none", Changes())
        with pytest.raises(InvalidMessage, match="HOTSEAT_API_KEY"):
            await keyring.update(STATIC_KEY_ID, Changes())


@pytest.mark.parametrize(
    ("changes", "ends"),
    [
        (Changes(scopes=frozenset({Scope.CONVERSE})), True),
        (Changes(scopes=frozenset(Scope)), False),
        (Changes(limits={"tokens_per_day": 1}), False),
        (Changes(never_expires=True), False),
    ],
)
async def test_a_call_ends_when_its_key_may_do_less(tmp_path: Path, changes: Changes, ends: bool) -> None:
    async with Keyring(tmp_path) as keyring:
        key, secret = await keyring.create(Wanted(scopes=frozenset(Scope), expire_time=time.time() + 3600))
        begun, until_ended = asyncio.Event(), asyncio.Event()

        async def call() -> float | None:
            async with asyncio.timeout(None) as timeout:
                with keyring.session(keyring.identify(secret), timeout):
                    assert timeout.when() is not None
                    begun.set()
                    await until_ended.wait()
            return timeout.when()

        calling = asyncio.create_task(call())
        await begun.wait()
        await keyring.update(key.key_id, changes)
        if not ends:
            until_ended.set()
            assert (await calling is None) is changes.never_expires
            return
        await asyncio.wait([calling], timeout=10)
        assert isinstance(calling.exception(), TimeoutError)


def test_a_limit_of_requests_that_is_changed_counts_what_was_used_of_it() -> None:
    account = KeyAccount(Caller(limits=Limits(requests_per_minute=3)), Use(), clock=lambda: NOW)
    for _ in range(2):
        account.admit()
    account.change(Caller(limits=Limits(requests_per_minute=4)))
    account.admit()
    account.admit()
    with pytest.raises(RateLimited):
        account.admit()
    account.change(Caller(limits=Limits(requests_per_minute=1)))
    with pytest.raises(RateLimited):
        account.admit()
    account.change(Caller())
    account.admit()
