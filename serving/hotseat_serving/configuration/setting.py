"""One row of the table of settings. Pure."""

from dataclasses import dataclass, field

from hotseat_serving.configuration.kinds import Kind, Text


@dataclass(frozen=True, slots=True)
class Setting:
    """A setting: its names, what it takes, and who reads it."""

    name: str  # of the environment variable
    path: str  # in hotseat.toml: section.key
    kind: Kind
    default: str  # as the environment writes it; empty: none
    says: str  # what it means, in Markdown
    core: str = ""  # the field of the core's settings; empty: it does not read it that way
    edge: str = ""  # the same of the edge's
    is_live: bool = False  # a server that reads its file again takes a change at once; else it is to be restarted
    default_is: str = ""  # what the documents say of a default that is no value
    example: str = ""  # a value for the example files where the default would teach nothing

    @property
    def section(self) -> str:
        """Of hotseat.toml."""
        return self.path.partition(".")[0]

    @property
    def key(self) -> str:
        """In its section."""
        return self.path.partition(".")[2]

    @property
    def is_secret(self) -> bool:
        """Whether its value is never shown."""
        return isinstance(self.kind, Text) and self.kind.is_secret


@dataclass(frozen=True, slots=True)
class Group:
    """Settings that belong together, as the documents tell of them."""

    title: str
    mark: str  # of the part of docs/settings.md that is made of it
    settings: tuple[Setting, ...] = field(default=())
