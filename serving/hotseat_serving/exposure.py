"""Which addresses others than this machine reach, and what is said where nobody would be asked who they are. No I/O."""

import ipaddress


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches the address; a name that is not surely so counts as one that others reach."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]").partition("%")[0]).is_loopback
    except ValueError:
        return False


def refusal(what: str, host: str) -> str:
    """Return one line for the operator of a server that will not start so."""
    return (
        f"{what} would be reachable from other machines at {host}, and nobody would have to show a key: make one with "
        "`hotseat keys create` and start again, or say that it is meant with --insecure-no-auth "
        "(HOTSEAT_INSECURE_NO_AUTH=1)"
    )
