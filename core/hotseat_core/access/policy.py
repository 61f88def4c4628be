"""Which call needs what. No I/O: a method that is not listed needs everything."""

import enum

from hotseat_core.access.caller import Caller, Scope


class Need(enum.Enum):
    """What a caller must have shown."""

    NOTHING = "nothing"  # a stranger gets a part of the answer
    KEY = "a key"  # of any scope; one without ADMIN sees its own tenant's alone
    CONVERSE = "converse"
    ADMIN = "admin"


_CONVERSATIONS = "/hotseat.v1.ConversationService/"
_POOL = "/hotseat.v1.PoolService/"
_KEYS = "/hotseat.v1.KeyService/"
_LOGIN = "/hotseat.v1.LoginService/"

NEEDS: dict[str, Need] = {
    f"{_CONVERSATIONS}Converse": Need.CONVERSE,
    f"{_CONVERSATIONS}GetConversation": Need.CONVERSE,
    f"{_CONVERSATIONS}ListConversations": Need.CONVERSE,
    f"{_CONVERSATIONS}DeleteConversation": Need.CONVERSE,
    f"{_CONVERSATIONS}ForkConversation": Need.CONVERSE,
    f"{_CONVERSATIONS}GetTurn": Need.CONVERSE,
    f"{_CONVERSATIONS}ListTurns": Need.CONVERSE,
    f"{_CONVERSATIONS}ListMessages": Need.CONVERSE,
    f"{_CONVERSATIONS}ExportConversation": Need.CONVERSE,
    f"{_CONVERSATIONS}ImportConversation": Need.CONVERSE,
    f"{_CONVERSATIONS}ListNotedTurns": Need.CONVERSE,
    f"{_CONVERSATIONS}UpdateTurnNote": Need.CONVERSE,
    f"{_CONVERSATIONS}UpdateConversation": Need.CONVERSE,
    f"{_CONVERSATIONS}ListWorkspaces": Need.CONVERSE,
    f"{_CONVERSATIONS}DeleteWorkspace": Need.CONVERSE,
    f"{_CONVERSATIONS}ListProfiles": Need.KEY,
    f"{_POOL}GetPool": Need.NOTHING,
    f"{_POOL}ListWorkers": Need.KEY,
    f"{_POOL}ListQueuedTurns": Need.KEY,
    f"{_POOL}EvictConversation": Need.KEY,
    f"{_POOL}WatchPool": Need.KEY,
    f"{_POOL}DrainPool": Need.ADMIN,
    f"{_POOL}ResumePool": Need.ADMIN,
    f"{_POOL}ResizePool": Need.ADMIN,
    f"{_KEYS}GetCaller": Need.KEY,
    f"{_KEYS}CreateKey": Need.ADMIN,
    f"{_KEYS}ListKeys": Need.ADMIN,
    f"{_KEYS}UpdateKey": Need.ADMIN,
    f"{_KEYS}RevokeKey": Need.ADMIN,
    f"{_LOGIN}CreateLogin": Need.KEY,
    f"{_LOGIN}CreateSession": Need.NOTHING,
    f"{_LOGIN}EndSession": Need.NOTHING,
}

_SCOPES = {Need.CONVERSE: Scope.CONVERSE, Need.ADMIN: Scope.ADMIN}


def need_of(method: str) -> Need:
    """Return what a caller of the method must have shown."""
    return NEEDS.get(method, Need.ADMIN)


def lacks(caller: Caller, need: Need) -> Scope | None:
    """Return the scope that the caller would need and has not; None: it has what it takes."""
    scope = _SCOPES.get(need)
    return scope if scope is not None and scope not in caller.scopes else None
