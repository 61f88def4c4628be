"""The CLI's own small questions beside the conversation: titles, compaction, asides, probes."""

import json
import re

from hotseat_demo.plain import answer
from hotseat_demo.reply import Reply, said
from hotseat_demo.seen import Seen

_TITLE = re.compile(
    r"naming a coding session|title generator|\b(?:generate|write|create) a (?:short|brief|concise)[\w ,-]{0,60} title",
    re.IGNORECASE,
)
_SUMMARY = "Your task is to create a detailed summary of"
_ASIDE = "<system-reminder>This is a side question from the user"
_SESSION = re.compile(r"</?session>|\s+")


def side_call(seen: Seen) -> Reply | None:
    """The answer to a side call, or None when this is the conversation itself."""
    if seen.max_tokens == 1:  # the CLI asks whether the credential works
        return said("ok")
    if not seen.tools and _TITLE.search(seen.system):
        return said(_title(seen))
    if _SUMMARY in seen.user_text and "<summary>" in seen.user_text:
        return said(_summary(seen))
    users = [turn for turn in seen.turns if turn.role == "user"]
    return answer(seen) if users and users[-1].text.lstrip().startswith(_ASIDE) else None


def _title(seen: Seen) -> str:
    """The first words of what it is about, as JSON when that is wanted."""
    words = _SESSION.sub(" ", seen.user_text.split("</session>")[0]).split()
    title = " ".join(words[:6]) or "A conversation"
    return json.dumps({"title": title}) if seen.schema is not None else title


def _summary(seen: Seen) -> str:
    earlier = [text for text in seen.user_texts if _SUMMARY not in text]
    listed = "\n".join(f"- {text[:200]}" for text in earlier[-20:])
    return f"<analysis>\nThe user's messages in order.\n</analysis>\n<summary>\nThe user said:\n{listed}\n</summary>"
