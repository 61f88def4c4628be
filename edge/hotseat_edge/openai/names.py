"""The names that clients choose by: models, conversations, request ids."""

import re

import msgspec

from hotseat_edge.openai.errors import ApiError, invalid

CONVERSATION_HEADER = "X-Conversation-ID"
_CONVERSATION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._~-]{0,127}")
_PROFILE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_MODEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@\[\]/-]{0,127}")
_REQUEST_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:~-]{0,127}")
_RULE = "1 to 128 of A-Z a-z 0-9 . _ ~ - that begin with a letter or digit"


class ModelName(msgspec.Struct, frozen=True):
    """`<profile>[/<model>][:<conversation>]`; what is not given is empty."""

    profile: str
    model: str = ""
    conversation: str = ""

    @property
    def base(self) -> str:
        """The name without its conversation, as /v1/models lists it."""
        return f"{self.profile}/{self.model}" if self.model else self.profile


def parse_model(name: str) -> ModelName:
    """Take a public model name apart."""
    base, colon, conversation = name.partition(":")
    profile, slash, model = base.partition("/")
    if not _PROFILE.fullmatch(profile) or (slash and not _MODEL.fullmatch(model)):
        raise model_not_found(name)
    if colon and not _CONVERSATION.fullmatch(conversation):
        message = f"after the colon, model names a conversation: {_RULE}"
        raise invalid("model", message, "invalid_model_suffix")
    return ModelName(profile, model, conversation)


def model_not_found(name: str) -> ApiError:
    """The 404 for a model that is not on offer."""
    message = f"The model '{name[:100]}' does not exist; GET /v1/models lists those that do."
    return ApiError(message, status=404, code="model_not_found", param="model")


def conversation_id(header: str | None, suffix: str) -> str:
    """The conversation that a request names, by its header or its model; "": neither."""
    if header is None:
        return suffix
    checked = check_conversation_id(header, CONVERSATION_HEADER)
    if suffix and suffix != checked:
        message = f"{CONVERSATION_HEADER} says '{checked}' and model says '{suffix}'; send one of them"
        raise invalid(CONVERSATION_HEADER, message, "conversation_id_conflict")
    return checked


def same_conversation(named: str, also: str, param: str) -> str:
    """The conversation that a request names in two places, of which it may leave out either; param: the second."""
    if not also:
        return named
    checked = check_conversation_id(also, param)
    if named and named != checked:
        message = f"{CONVERSATION_HEADER} or model says '{named}' and {param} says '{checked}'; send one of them"
        raise invalid(param, message, "conversation_id_conflict")
    return checked


def check_conversation_id(given: str, param: str) -> str:
    """The id as given, if it is one."""
    if not _CONVERSATION.fullmatch(given):
        raise invalid(param, f"a conversation id is {_RULE}", "invalid_conversation_id")
    return given


def sane_request_id(given: str | None) -> str | None:
    """The client's request id, if it may stand in headers and logs."""
    return given if given is not None and _REQUEST_ID.fullmatch(given) else None
