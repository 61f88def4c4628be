"""Which tool is meant: by a directive's name, by the client's choice, or by the words of the text."""

import re
from collections.abc import Sequence

from hotseat_demo.seen import Seen, Tool

STRUCTURED_OUTPUT = "StructuredOutput"

# Claude Code's own tools have everyday words for names: only a text that clearly means the tool calls them.
_BUILT_IN = frozenset(
    re.findall(
        r"\w+",
        """
        Agent AskUserQuestion Bash BashOutput CronCreate CronDelete CronList DeferredToolPlaceholder Edit EnterPlanMode
        EnterWorktree ExitPlanMode ExitWorktree Glob Grep KillShell ListAgents ListMcpResources LS Monitor MultiEdit
        NotebookEdit Read ReadMcpResource ReportFindings ScheduleWakeup SendMessage Skill SlashCommand StructuredOutput
        Task TaskCreate TaskGet TaskList TaskOutput TaskStop TaskUpdate TodoWrite ToolSearch WebFetch WebSearch Workflow
        Write
        """,
    )
)
_VAGUE = frozenset(  # words that say nothing about which tool is meant
    re.findall(
        r"\w+",
        """
        get set fetch find do run make create tool function my the a an current by for to of and in is it on with use
        using used calculate compute given returns return that this from at when call user users about into value values
        information data result results string number name some any please you your what which will can like
        """,
    )
)
_LONGEST_REQUEST = 4000  # what comes later in a text is material, not a request
_NAMED, _BY_NAME_WORDS, _BY_DESCRIPTION = 300, 200, 100
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")


def resolve(name: str, tools: Sequence[Tool]) -> str:
    """The name on the wire: a client's own tool (`mcp__SERVER__NAME`) before a built-in of the same name."""
    return next((tool.name for tool in tools if tool.name != name and _base(tool.name) == name), name)


def forced(seen: Seen) -> Tool | None:
    """The tool that the client's tool_choice demands."""
    kind = seen.tool_choice.get("type")
    if kind == "tool":
        name = str(seen.tool_choice.get("name", ""))
        return next((tool for tool in seen.tools if tool.name == name), Tool(name, "", {}))
    if kind != "any" or not seen.tools:
        return None
    own = [tool for tool in seen.tools if tool.name not in _BUILT_IN]
    return next(iter(asked(seen)), (own or list(seen.tools))[0])


def asked(seen: Seen) -> list[Tool]:
    """The tools that the text clearly asks for and that were not called yet: those it names, else the best match."""
    if seen.tool_choice.get("type") == "none":
        return []
    text = seen.user_text[:_LONGEST_REQUEST]
    said = _stems(_words(text))
    scores = {tool.name: _score(tool, text, said) for tool in seen.tools}
    best = max(scores.values(), default=0)
    if best >= _NAMED:
        wanted = sorted((t for t in seen.tools if scores[t.name] >= _NAMED), key=lambda t: _position(t, text))
    else:
        wanted = [tool for tool in seen.tools if best and scores[tool.name] == best][:1]
    left = [tool for tool in wanted if tool.name not in seen.called]
    return left[:1] if seen.tool_choice.get("disable_parallel_tool_use") else left


def _score(tool: Tool, text: str, said: frozenset[str]) -> int:
    """How clearly the text asks for this tool; 0 is not at all."""
    if tool.name in _BUILT_IN:
        return _NAMED if tool.name != STRUCTURED_OUTPUT and _means_built_in(tool.name, text) else 0
    if _position(tool, text) >= 0:
        return _NAMED
    named = _significant(_words(_base(tool.name))) or _stems(_words(_base(tool.name)))
    if named and named <= said:
        return _BY_NAME_WORDS + len(named)
    described = _significant(_words(tool.description.split("\n\n")[0]))
    shared = len(described & said)
    return _BY_DESCRIPTION + shared if shared >= min(2, len(described)) and shared else 0


def _means_built_in(name: str, text: str) -> bool:
    return bool(
        re.search(
            rf"\b{name} tool\b|\b(?:[Uu]se|[Uu]sing|[Cc]all|[Ii]nvoke|[Vv]ia|[Ww]ith)(?: the| your)? `?{name}\b", text
        )
    )


def _position(tool: Tool, text: str) -> int:
    """Where the text names the tool; -1 if it does not. One common word is no name: it needs its exact letters."""
    base = _base(tool.name)
    flags = re.IGNORECASE if len(_words(base)) > 1 else 0
    hit = re.search(rf"(?<!\w){re.escape(base).replace('_', '[ _-]')}(?!\w)", text, flags)
    return hit.start() if hit else -1


def _base(name: str) -> str:
    return name.split("__", 2)[2] if name.startswith("mcp__") and name.count("__") >= 2 else name


def _words(text: str) -> list[str]:
    return [word.lower() for word in _WORD.findall(text)]


def _significant(words: Sequence[str]) -> frozenset[str]:
    return _stems([word for word in words if word not in _VAGUE and len(word) > 2])


def _stems(words: Sequence[str]) -> frozenset[str]:
    """The words without plural and verb endings, so that `jokes` asks for `joke`."""
    return frozenset(re.sub(r"(?<=\w{3})(?:ing|ed|es|s|e)$", "", word) for word in words)
