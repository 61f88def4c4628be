"""How callers are let in. No I/O."""

import enum


class AuthMode(enum.Enum):
    """How callers are let in."""

    OPEN = "open"  # nobody is asked: only this machine reaches it
    KEYS = "keys"
    CERTIFICATES = "certificates"  # who has one of the client CA is let in
    INSECURE = "insecure"  # nobody is asked, and others may reach it: the operator has said so


def auth_mode(*, needs_key: bool, has_client_ca: bool, is_insecure: bool) -> AuthMode:
    """Return how callers are let in."""
    if needs_key:
        return AuthMode.KEYS
    if has_client_ca:
        return AuthMode.CERTIFICATES
    return AuthMode.INSECURE if is_insecure else AuthMode.OPEN
