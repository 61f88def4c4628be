"""A chat request, as what the core is asked."""

import msgspec
from google.protobuf.duration_pb2 import Duration
from hotseat import pb

from hotseat_edge.openai import history
from hotseat_edge.openai.idempotency import Identity
from hotseat_edge.openai.names import ModelName
from hotseat_edge.openai.output_format import schema_text
from hotseat_edge.openai.schema import ChatRequest
from hotseat_edge.openai.tools import offer

_Options = pb.TurnOptions
EFFORTS = {
    "none": _Options.EFFORT_LOW,  # the model always thinks a little where its effort is set at all
    "minimal": _Options.EFFORT_LOW,
    "low": _Options.EFFORT_LOW,
    "medium": _Options.EFFORT_MEDIUM,
    "high": _Options.EFFORT_HIGH,
    "xhigh": _Options.EFFORT_MAX,
    "max": _Options.EFFORT_MAX,
}


_PARAMS = {
    "user_input.options.output_schema_json": "response_format.json_schema.schema",
    "user_input.options.tool_choice": "tool_choice",
}


class Asked(msgspec.Struct, frozen=True):
    """What the core is asked for one chat request."""

    opening: pb.OpenConversation
    input: pb.UserInput
    adjusted: list[str]  # parameters whose value was brought into the model's range
    identity: Identity = Identity()
    params: dict[str, str] = {}  # by the core's names for what it may refuse, what the client calls them

    def ask_under(self, request_id: str, conversation_id: str = "") -> None:
        """Ask under this id from now on, in this conversation if there is one."""
        self.input.request_id = request_id
        if conversation_id:
            self.opening.conversation_id = conversation_id
            self.opening.ClearField("after_request_id")  # it went on from there when it was asked first
        self.opening.find_request = bool(self.identity.key) and not self.opening.conversation_id


def build(
    chat: ChatRequest, model: ModelName, conversation_id: str, identity: Identity, *, finishes: bool = False
) -> Asked:
    """The opening and the input that this request becomes; finishes: also when its client hangs up."""
    dialogue = history.read(chat.messages)
    options, adjusted = _options(chat)
    offered = offer(chat.tools, chat.tool_choice, parallel=chat.parallel_tool_calls)
    if offered.choice is not None:
        options.tool_choice.CopyFrom(offered.choice)
    settings = pb.ConversationSettings(profile=model.profile, model=model.model, tools=offered.definitions)
    # A lone message goes on with the conversation as it is; a whole history without a system message, or without
    # tools, says: none.
    if dialogue.system or dialogue.history:
        settings.system_prompt.CopyFrom(pb.SystemPrompt(text=dialogue.system))
        settings.clear_tools = not offered.definitions
    opening = pb.OpenConversation(
        conversation_id=conversation_id,
        disposition=pb.OpenConversation.DISPOSITION_OPEN_OR_CREATE,
        settings=settings,
        # Present and zero: a client that hangs up interrupts its turn.
        detach_timeout=None if finishes else Duration(),
        history=dialogue.history,
        history_policy=pb.HISTORY_POLICY_MATCH,
    )
    said = pb.UserInput(
        content=dialogue.said, tool_results=dialogue.results, options=options, fingerprint=identity.fingerprint
    )
    return Asked(opening, said, adjusted, identity, _PARAMS)


def _options(chat: ChatRequest) -> tuple[pb.TurnOptions, list[str]]:
    options = _Options(allow_retraction=not chat.stream)  # an answer sent whole is sent when it is final
    adjusted = []
    if chat.temperature is not None:
        options.temperature = min(chat.temperature, 1.0)  # OpenAI's scale ends at 2, the model's at 1
        if chat.temperature > 1.0:
            adjusted.append("temperature")
    if chat.top_p is not None:
        options.top_p = chat.top_p
    if limit := chat.max_completion_tokens or chat.max_tokens:
        options.max_output_tokens = limit
    if chat.stop is not None:
        options.stop_sequences.extend([chat.stop] if isinstance(chat.stop, str) else chat.stop)
    options.output_schema_json = schema_text(chat.response_format)
    if chat.reasoning_effort is not None:
        options.effort = EFFORTS[chat.reasoning_effort]
    return options, adjusted
