"""Why the core said no, for a reader: with what to do where that is known. Pure."""

import grpc
from hotseat import HotseatError

_Code = grpc.StatusCode


_WHERE_FROM = (
    "HOTSEAT_API_KEY holds none that opens anything there: set it, or make one on the core's machine with "
    "`hotseat keys create NAME --data-dir DIR`"
)


def explain(error: HotseatError, target: str) -> str:
    """One line: what happened, and what to do next."""
    if not error.reason:
        return _of_code(error, target)
    if error.reason == "UNAUTHENTICATED":
        return f"the core at {target} needs an API key, and {_WHERE_FROM}"
    message = f"{error.reason}: {error.message}"
    if error.reason == "CONVERSATION_NOT_FOUND":
        message += "; `hotseat conversations ls` lists those there are"
    if error.retry_delay:
        message += f" (try again in {error.retry_delay:.0f} s)"
    return message


def _of_code(error: HotseatError, target: str) -> str:
    if error.code is _Code.UNAVAILABLE:
        return f"no core answers at {target} ({cause(error)}); start one with `hotseat up`, or name it with --target"
    if error.code is _Code.DEADLINE_EXCEEDED:
        return f"the core at {target} did not answer in time; its log may say why"
    if error.code is _Code.UNIMPLEMENTED:
        return f"what answers at {target} does not know this call; is it a core, and of this version?"
    return f"the core at {target} failed: {error.code.name}: {error.message}"


def cause(error: HotseatError) -> str:
    """The end of what gRPC says about a connection: the part that tells one failure from another."""
    return error.message.rpartition(": ")[2].removesuffix("])").removesuffix("]")
