"""What clients saw, what the model heard and what the journal holds, compared after the fact. No I/O."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.e2e.house import last_said, said

Said = tuple[str, str]  # role, text

TAG = re.compile(r"#[0-9a-f]{10}")


@dataclass
class Attempt:
    """One prompt of a client's; each has a tag of its own, also where it asks the same again."""

    tag: str
    text: str
    full: str  # the answer, told to its end
    history: tuple[Said, ...] | None = None  # what the client sent before it; None: it goes by the conversation's id
    answer: str | None = None  # None: the client saw no end, so it may have happened or not
    trouble: str = ""  # why there was none


@dataclass
class Dialogue:
    """The attempts of one client in one conversation, in order, one at a time."""

    conversation: str  # empty: its client knows only what was said
    attempts: list[Attempt] = field(default_factory=list)


@dataclass(frozen=True)
class Heard:
    """One request of the model's: the prompt's tag, and all that came before and with it."""

    tag: str
    messages: tuple[Said, ...]


@dataclass(frozen=True)
class Violation:
    """Something that must not be."""

    kind: str  # lost, doubled or wrong
    detail: str


def plain(text: str) -> str:
    """The text as one line: a block that ends is a blank line to one, a line to the other."""
    return " ".join(text.split())


def spoken(messages: Iterable[Said]) -> tuple[Said, ...]:
    """The messages as a client has them: without the model's own doings, its texts in one."""
    merged: list[Said] = []
    for role, text in messages:
        if not text:
            continue
        if merged and merged[-1][0] == role == "assistant":
            merged[-1] = (role, f"{merged[-1][1]} {plain(text)}")
        else:
            merged.append((role, plain(text)))
    return tuple(merged)


def heard(messages: list[dict[str, Any]]) -> Heard | None:
    """The upstream request, if it is one of a client's of ours."""
    found = TAG.findall(last_said(messages))
    if not found:
        return None
    told = spoken(said(messages))
    # The model's own steps after the prompt are part of the same turn.
    end = max(index for index, (role, _) in enumerate(told) if role == "user")
    return Heard(found[-1], told[: end + 1])


def check(
    dialogues: Sequence[Dialogue], requests: Iterable[Heard], journal: Mapping[str, Sequence[tuple[Said, ...]]]
) -> list[Violation]:
    """What is not as it was promised. journal: by conversation, all that its turns ended at, the last one last."""
    places = {
        attempt.tag: (dialogue, index) for dialogue in dialogues for index, attempt in enumerate(dialogue.attempts)
    }
    found: list[Violation] = []
    for request in requests:
        if request.tag not in places:
            found.append(Violation("wrong", f"nobody asked {request.tag}"))
            continue
        found += _doubled(request.messages, f"the model's request {request.tag}")
        dialogue, index = places[request.tag]
        found += _check_request(request, dialogue, index)
    everything = [path for paths in journal.values() for path in paths]
    for path in everything:
        found += _doubled(path, "the journal")
    for dialogue in dialogues:
        if dialogue.conversation:
            paths = journal.get(dialogue.conversation, ())
            found += _follows(paths[-1] if paths else (), dialogue.attempts, f"the journal of {dialogue.conversation}")
        else:
            found += _kept(dialogue, set(everything))
    return found


def _check_request(request: Heard, dialogue: Dialogue, index: int) -> list[Violation]:
    attempt = dialogue.attempts[index]
    *before, prompt = request.messages
    where = f"the model's request {request.tag}"
    if prompt != ("user", plain(attempt.text)):
        return [Violation("wrong", f"{where} ends with {prompt}")]
    if attempt.history is None:
        return _follows(before, dialogue.attempts[:index], where)
    if tuple(before) != spoken(attempt.history):
        return [Violation("wrong", f"{where} has the history {before}, its client {attempt.history}")]
    return []


def _follows(path: Sequence[Said], attempts: Sequence[Attempt], where: str) -> list[Violation]:
    """A history of a conversation: all that was acknowledged, in order, and of the rest what may have happened."""
    left = list(path)
    for attempt in attempts:
        has_it = bool(left) and left[0] == ("user", plain(attempt.text))
        if not has_it:
            if attempt.answer is not None:
                return [Violation("lost", f"{attempt.tag} was acknowledged and is not in {where}: {path}")]
            continue
        del left[0]
        answer = left.pop(0)[1] if left and left[0][0] == "assistant" else ""
        if attempt.answer is not None and answer != plain(attempt.answer):
            return [Violation("wrong", f"{attempt.tag} was answered {attempt.answer!r}; {where} has {answer!r}")]
        if not plain(attempt.full).startswith(answer):
            return [Violation("wrong", f"{attempt.tag} can't have been answered {answer!r}, as in {where}")]
    return [Violation("wrong", f"{where} has {left} beyond what was said")] if left else []


def _kept(dialogue: Dialogue, paths: set[tuple[Said, ...]]) -> list[Violation]:
    found = []
    for attempt in dialogue.attempts:
        if attempt.answer is None or attempt.history is None:
            continue
        whole = (*spoken(attempt.history), ("user", plain(attempt.text)), ("assistant", plain(attempt.answer)))
        if whole not in paths:
            found.append(Violation("lost", f"{attempt.tag} was acknowledged and is nowhere in the journal"))
    return found


def _doubled(path: Iterable[Said], where: str) -> list[Violation]:
    counts = Counter(tag for role, text in path if role == "user" for tag in TAG.findall(text)[-1:])
    return [Violation("doubled", f"{tag} is {count} times in {where}") for tag, count in counts.items() if count > 1]
