"""Which model answers: decided from the credentials at hand. Pure."""

import enum
from collections.abc import Mapping
from dataclasses import dataclass

# In the core's order: it uses the first one that is set, alone. Each may be in a file, which is named instead.
CREDENTIALS = tuple(
    f"{name}{suffix}"
    for name in ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "CLAUDE_CODE_OAUTH_TOKEN")
    for suffix in ("", "_FILE")
)
# Of our own clients: the core checks them, and no other server needs to hold one.
_API_KEYS = ("HOTSEAT_API_KEY", "HOTSEAT_API_KEY_FILE")
SECRETS = (*CREDENTIALS, *_API_KEYS)
DEFAULT_BASE_URL = "https://api.anthropic.com"

# The CLI refuses to start a turn without some key; an upstream that wants none ignores it.
PLACEHOLDER_KEY = "unused"


class Kind(enum.Enum):
    """Who is behind the workers."""

    CLAUDE = "claude"
    KEYLESS = "keyless"
    DEMO = "demo"


@dataclass(frozen=True, slots=True)
class Upstream:
    """Where the workers send their requests, and with what."""

    kind: Kind
    base_url: str = ""  # empty for the demo: its address is known once it listens
    credential: str = ""  # the name of the variable, never its value


def choose(environment: Mapping[str, str], *, force_demo: bool) -> Upstream:
    """The real Claude if there is a credential, else a given upstream without one, else the demo model."""
    if force_demo:
        return Upstream(Kind.DEMO)
    base_url = environment.get("ANTHROPIC_BASE_URL", "")
    credential = next((name for name in CREDENTIALS if environment.get(name)), "")
    if credential:
        return Upstream(Kind.CLAUDE, base_url or DEFAULT_BASE_URL, credential)
    if base_url:
        return Upstream(Kind.KEYLESS, base_url)
    return Upstream(Kind.DEMO)


def without_credentials(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment for a server that needs none: the edge, and the demo model."""
    return {name: value for name, value in environment.items() if name not in SECRETS}


def for_workers(environment: Mapping[str, str], upstream: Upstream, demo_url: str) -> dict[str, str]:
    """The environment for the core: the upstream and exactly the credentials that belong to it."""
    if upstream.kind is Kind.CLAUDE:
        return dict(environment)
    url = demo_url if upstream.kind is Kind.DEMO else upstream.base_url
    keys = {name: environment[name] for name in _API_KEYS if name in environment}
    return {**without_credentials(environment), **keys, "ANTHROPIC_BASE_URL": url, "ANTHROPIC_API_KEY": PLACEHOLDER_KEY}
