"""What `hotseat keys` does."""

import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import grpc
from google.protobuf import json_format
from google.protobuf.message import Message
from hotseat import HotseatError, pb

from hotseat_cli import settings
from hotseat_cli.failure import CommandFailed, complain
from hotseat_cli.operate import key_records, tables
from hotseat_cli.operate.output import Output
from hotseat_cli.operate.session import MOST_ON_A_PAGE, Session, everything
from hotseat_cli.options import Chosen

_FILE = "keys.db"  # in a core's data directory
_NO_ADMIN = (
    "It is the first key, and no admin's: from now on nobody steers the pool or the keys until there is one of "
    "`hotseat keys create NAME --scope admin --data-dir DIR`."
)
_SCOPES = {"converse": pb.SCOPE_CONVERSE, "admin": pb.SCOPE_ADMIN}
_ANSWERS: dict[str, Any] = {
    "CreateKey": pb.CreateKeyResponse,
    "ListKeys": pb.ListKeysResponse,
    "UpdateKey": pb.UpdateKeyResponse,
    "RevokeKey": pb.RevokeKeyResponse,
}


def wanted(
    *, name: str, tenant: str, scopes: tuple[str, ...], weight: float, expires_in_s: float | None, **limits: Any
) -> pb.CreateKeyRequest:
    """The request for such a key."""
    request = pb.CreateKeyRequest(
        name=name,
        tenant=tenant,
        scopes=[_SCOPES[scope] for scope in scopes],
        limits=pb.KeyLimits(**limits),
        weight=weight,
    )
    _expire(request, expires_in_s)
    return request


def changes(
    key_id: str,
    *,
    name: str | None = None,
    scopes: tuple[str, ...] = (),
    weight: float | None = None,
    expires_in_s: float | None = None,
    never_expires: bool = False,
    limits: Mapping[str, float | None] | None = None,
) -> pb.UpdateKeyRequest:
    """The request for this to be another way; None: it stays."""
    changed: dict[str, Any] = {limit: value for limit, value in (limits or {}).items() if value is not None}
    request = pb.UpdateKeyRequest(
        key_id=key_id,
        name=name,
        scopes=[_SCOPES[scope] for scope in scopes],
        limits=pb.KeyLimitChanges(**changed) if changed else None,
        weight=weight,
        never_expires=never_expires,
    )
    _expire(request, expires_in_s)
    return request


def _expire(request: pb.CreateKeyRequest | pb.UpdateKeyRequest, expires_in_s: float | None) -> None:
    if expires_in_s is not None:
        request.expire_time.FromMicroseconds(round((time.time() + expires_in_s) * 1e6))


async def create(session: Session, request: pb.CreateKeyRequest, chosen: Chosen) -> int:
    """Make a key and print it; where no core of this machine runs yet, in the files of the one that will."""
    try:
        is_first = (await session.client.get_caller()).auth_mode != pb.AUTH_MODE_KEYS
        made = await session.client.create_key(request)
    except HotseatError as error:
        directory = settings.own_data_dir(chosen.target)
        if error.code is not grpc.StatusCode.UNAVAILABLE or error.reason or directory is None:
            raise
        session.output.note(f"no core runs at {session.target}: the key is made in {directory}, for when one does")
        return offline(chosen, "CreateKey", request, directory)
    _tell_created(session.output, made, is_first=is_first)
    return 0


async def ls(session: Session, *, every: bool) -> None:
    """Print the keys."""
    listed = everything(session.client.list_keys, "keys", page_size=MOST_ON_A_PAGE)
    _tell_keys(session.output, [key async for key in listed], every=every)


async def update(session: Session, request: pb.UpdateKeyRequest) -> None:
    """Change a key, and print it."""
    _tell_changed(session.output, await session.client.update_key(request))


async def revoke(session: Session, key_id: str) -> None:
    """Let a key open nothing any more."""
    _tell_revoked(session.output, await session.client.revoke_key(key_id))


async def whoami(session: Session) -> None:
    """Print whom the core takes us for."""
    caller = await session.client.get_caller()
    if session.output.as_json:
        session.output.json({"caller": key_records.caller(caller)})
    else:
        session.output.facts(key_records.facts(caller))


def kept(directory: Path) -> list[pb.Key]:
    """The keys in this data directory, revoked ones too. Raises CommandFailed."""
    if not (directory / _FILE).exists():  # looking makes none
        return []
    return list(_answer("ListKeys", pb.ListKeysRequest(), directory).keys)


def _answer(method: str, request: Message, directory: Path) -> Any:
    """What the core's own code makes of the file there. Raises CommandFailed."""
    asked = json_format.MessageToJson(request)
    command = [sys.executable, "-m", "hotseat_core.offline_keys", method, str(directory)]
    done = subprocess.run(command, input=asked, capture_output=True, text=True, check=False)
    if done.returncode:
        raise CommandFailed(done.stderr.strip() or f"the keys in {directory} can't be changed")
    return json_format.Parse(done.stdout, _ANSWERS[method]())


def offline(chosen: Chosen, method: str, request: Message, data_dir: str, *, every: bool = False) -> int:
    """Do it on the file itself; the exit code."""
    directory = Path(data_dir).expanduser().absolute()
    try:
        is_first = method == "CreateKey" and not kept(directory)
        answer = _answer(method, request, directory)
    except CommandFailed as error:
        complain(str(error))
        return error.exit_code
    output = Output(as_json=chosen.as_json, colour=not chosen.no_color)
    match answer:
        case pb.CreateKeyResponse():
            _tell_created(output, answer, is_first=is_first)
        case pb.ListKeysResponse():
            _tell_keys(output, list(answer.keys), every=every)
        case pb.UpdateKeyResponse():
            _tell_changed(output, answer.key)
        case pb.RevokeKeyResponse():
            _tell_revoked(output, answer.key)
    return 0


def _tell_created(output: Output, made: pb.CreateKeyResponse, *, is_first: bool) -> None:
    if is_first and pb.SCOPE_ADMIN not in made.key.scopes:
        output.note(_NO_ADMIN)
    if output.as_json:
        output.json({"key": key_records.key(made.key), "secret": made.secret})
        return
    output.line(made.secret)
    scopes = " and ".join(key_records.scopes(made.key.scopes))
    output.note(f"{made.key.key_id}, for {scopes}, tenant {made.key.tenant}. Keep it: it is not shown again.")


def _tell_keys(output: Output, found: list[pb.Key], *, every: bool) -> None:
    now = time.time()
    shown = [key for key in found if every or key_records.state(key, now) == "valid"]
    if output.as_json:
        output.json({"keys": [key_records.key(key) for key in shown]})
        return
    output.table(tables.Table(key_records.COLUMNS, tuple(key_records.row(key, now) for key in shown)))
    if not found:
        output.note("no key was made yet; `hotseat keys create` makes one")


def _tell_changed(output: Output, key: pb.Key) -> None:
    if output.as_json:
        output.json({"key": key_records.key(key)})
    else:
        output.table(tables.Table(key_records.COLUMNS, (key_records.row(key, time.time()),)))


def _tell_revoked(output: Output, key: pb.Key) -> None:
    if output.as_json:
        output.json({"key": key_records.key(key)})
    else:
        output.line(f"{key.key_id} is revoked")
