"""The CLI's own small questions beside the conversation: titles, summaries, probes."""

from hotseat_demo.seen import Seen


def side_call(seen: Seen) -> str | None:
    """The answer to a side call, or None when this is the conversation itself."""
    system = seen.system.lower()
    if seen.max_tokens == 1:
        return "ok"
    if "title" in system and ("generate" in system or "concise" in system) and not seen.tools:
        return "A conversation with the demo model"
    return None
