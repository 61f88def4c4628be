"""Which hosts agents may reach, and at which addresses. No I/O."""

import ipaddress
import re
from dataclasses import dataclass
from typing import TypeAlias

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network

DEFAULT_PORT = 443
_NAME = re.compile(
    r"(?=.{1,253}\Z)[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*", re.ASCII
)
# These carry an IPv4 address inside: what a gateway makes of them is decided by that one.
_NAT64 = (ipaddress.IPv6Network("64:ff9b::/96"), ipaddress.IPv6Network("64:ff9b:1::/48"))


class WrongRuleError(ValueError):
    """A rule can't be used; the message says why."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A host, or all that is below a domain, at one port."""

    host: str
    port: int
    is_domain: bool  # what is below it, and not the domain itself

    def covers(self, host: str, port: int) -> bool:
        """Tell whether this host at this port is meant. host: as plain_host returns it."""
        return port == self.port and (host.endswith(f".{self.host}") if self.is_domain else host == self.host)


@dataclass(frozen=True, slots=True)
class Allowed:
    """All that agents may reach."""

    rules: tuple[Rule, ...] = ()
    networks: tuple[Network, ...] = ()  # of the operator's own, that names may lead into besides the internet

    def covers(self, host: str, port: int) -> bool:
        """Tell whether a rule names this host."""
        return any(rule.covers(host, port) for rule in self.rules)

    def admits(self, address: str) -> bool:
        """Tell whether an address that a name has led to may be connected to."""
        found = ipaddress.ip_address(address.partition("%")[0])
        if any(found in network for network in self.networks):
            return True
        return all(_is_public(part) for part in (found, *_within(found)))


def parse_allowed(hosts: str, networks: str) -> Allowed:
    """Return what two lists, with commas between, allow. Raises WrongRuleError."""
    return Allowed(
        tuple(_rule(entry) for entry in _entries(hosts)), tuple(_network(entry) for entry in _entries(networks))
    )


def plain_host(text: str) -> str:
    """Return a host's name as rules have it; empty: it is none, but an address or something else."""
    name = text.lower().removesuffix(".")
    if not _NAME.fullmatch(name) or _is_number(name.rpartition(".")[2]):
        return ""
    return name


def _entries(text: str) -> list[str]:
    return [entry.strip() for entry in text.split(",") if entry.strip()]


def _rule(entry: str) -> Rule:
    name, colon, port = entry.partition(":")
    is_domain = name.startswith("*.")
    host = plain_host(name.removeprefix("*."))
    if not host or (is_domain and "." not in host):
        raise WrongRuleError(f"{entry!r} is no host: write example.com, *.example.com or example.com:8443")
    if colon and not (port.isascii() and port.isdecimal() and 0 < int(port) < 65536):
        raise WrongRuleError(f"{entry!r} has no port from 1 to 65535")
    return Rule(host, int(port) if colon else DEFAULT_PORT, is_domain)


def _network(entry: str) -> Network:
    try:
        return ipaddress.ip_network(entry)
    except ValueError as exc:
        raise WrongRuleError(f"{entry!r} is no network such as 10.20.0.0/16: {exc}") from None


def _is_number(label: str) -> bool:
    """Some resolvers take such a name for an address: 0x7f.1, 2130706433."""
    return label.isdecimal() or bool(re.fullmatch("0x[0-9a-f]*", label))


def _is_public(address: Address) -> bool:
    return address.is_global and not address.is_multicast


def _within(address: Address) -> list[Address]:
    if isinstance(address, ipaddress.IPv4Address):
        return []
    found: list[Address | None] = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
    if any(address in network for network in _NAT64):
        found.append(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    return [part for part in found if part is not None]
