"""`[[dump]]`: what the model saw, as JSON."""

import base64
import binascii
import hashlib
import json
from collections.abc import Mapping
from typing import Any

from hotseat_demo.seen import Seen, Turn, block_text, real_text

_LONGEST_SYSTEM = 2000


def dump(seen: Seen) -> str:
    """Roles, texts without noise, tools, images and parameters."""
    return json.dumps(
        {
            "model": seen.model,
            "system": seen.system[:_LONGEST_SYSTEM],
            "system_chars": len(seen.system),
            "roles": [turn.role for turn in seen.turns],
            "messages": [_turn(turn) for turn in seen.turns if turn.role != "system"],
            "tools": [tool.name for tool in seen.tools],
            "images": [image for turn in seen.turns for image in _images(turn)],
            "parameters": seen.parameters,
        },
        ensure_ascii=False,
    )


def _turn(turn: Turn) -> dict[str, Any]:
    texts = [real_text(block_text(block)) for block in turn.blocks if block.get("type") == "text"]
    uses = [{"name": b.get("name"), "input": b.get("input")} for b in turn.blocks if b.get("type") == "tool_use"]
    results = [
        {"tool_use_id": b.get("tool_use_id"), "text": block_text(b), "is_error": b.get("is_error") is True}
        for b in turn.blocks
        if b.get("type") == "tool_result"
    ]
    found = {"texts": [text for text in texts if text], "tool_uses": uses, "tool_results": results}
    kinds = [block.get("type") for block in turn.blocks]
    return {"role": turn.role, "blocks": kinds, **{key: value for key, value in found.items() if value}}


def _images(turn: Turn) -> list[dict[str, Any]]:
    blocks = [*turn.blocks]
    for block in turn.blocks:
        content = block.get("content")
        blocks += [part for part in content if isinstance(part, dict)] if isinstance(content, list) else []
    return [_image(block) for block in blocks if block.get("type") in {"image", "document"}]


def _image(block: Mapping[str, Any]) -> dict[str, Any]:
    source = block.get("source")
    source = source if isinstance(source, Mapping) else {}
    found = {"type": block.get("type"), "source": source.get("type"), "media_type": source.get("media_type")}
    if isinstance(source.get("url"), str):
        return {**found, "url": source["url"]}
    try:
        data = base64.b64decode(str(source.get("data", "")), validate=True)
    except binascii.Error:
        data = str(source.get("data", "")).encode()
    return {**found, "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
