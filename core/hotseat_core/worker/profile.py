"""The kinds of worker that the operator offers. Values only."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

_MODELS = ("opus", "sonnet", "haiku")


@dataclass(frozen=True, slots=True)
class Profile:
    """What to run, and what clients may know about it."""

    name: str
    description: str
    # The CLI's own tools, by name; none: the bare model.
    tools: tuple[str, ...]
    models: tuple[str, ...] = _MODELS
    # Of those models, as the tested CLI has them.
    context_window: int = 1_000_000
    max_output_tokens: int = 128_000

    @property
    def has_workspace(self) -> bool:
        """The CLI's own tools work in a directory."""
        return bool(self.tools)


# Left out on purpose: what waits for a person, schedules turns of its own, or outlives the turn.
_AGENT_TOOLS = (
    "Bash",
    "Read",
    "Write",
    "Edit",
    "Glob",
    "Grep",
    "NotebookEdit",
    "WebFetch",
    "WebSearch",
    "Task",
)

CLAUDE_CODE = Profile("claude-code", "Claude Code: an agent with its own tools in a workspace", _AGENT_TOOLS)
CLAUDE = Profile("claude", "The model alone, with the tools of its client", ())

# The first one is the default.
PROFILES: Mapping[str, Profile] = MappingProxyType({profile.name: profile for profile in (CLAUDE_CODE, CLAUDE)})
