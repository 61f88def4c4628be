"""A deterministic estimate of how many tokens a request is."""

import json

from hotseat_demo.seen import Seen


def estimate(seen: Seen) -> int:
    """About four characters are a token: of the system prompt, the tools and all that was said."""
    tools = sum(len(tool.name) + len(tool.description) + len(json.dumps(tool.schema)) for tool in seen.tools)
    said = sum(len(json.dumps(block, ensure_ascii=False)) for turn in seen.turns for block in turn.blocks)
    return max(1, (len(seen.system) + tools + said) // 4)
