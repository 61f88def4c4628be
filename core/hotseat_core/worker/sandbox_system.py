"""What of this machine a sandbox shows: its programs and libraries, and the few files that programs look up."""

import os
from collections.abc import Mapping
from pathlib import Path, PurePath

from hotseat_core.worker.sandbox import System

_PROGRAMS = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/nix/store", "/gnu/store")
# Nothing that names the machine, its people or its services, and no settings that may hold a secret.
_LOOKED_UP = (
    "/etc/alternatives",
    "/etc/alpine-release",
    "/etc/ca-certificates",
    "/etc/ca-certificates.conf",
    "/etc/crypto-policies",
    "/etc/debian_version",
    "/etc/fonts",
    "/etc/ld.so.cache",
    "/etc/ld.so.conf",
    "/etc/ld.so.conf.d",
    "/etc/localtime",
    "/etc/lsb-release",
    "/etc/magic",
    "/etc/mime.types",
    "/etc/os-release",
    "/etc/pki/ca-trust",
    "/etc/pki/tls/cert.pem",
    "/etc/pki/tls/certs",
    "/etc/pki/tls/openssl.cnf",
    "/etc/protocols",
    "/etc/redhat-release",
    "/etc/services",
    "/etc/ssl/cert.pem",
    "/etc/ssl/certs",
    "/etc/ssl/openssl.cnf",
    "/etc/terminfo",
    "/etc/timezone",
)
_OF_THE_NETWORK = ("/etc/resolv.conf", "/etc/gai.conf")
_HOSTS = "127.0.0.1 localhost hotseat\n::1 localhost\n"
_SWITCH = "passwd: files\ngroup: files\nhosts: files dns\nprotocols: files\nservices: files\n"

# Variables that name a file or a directory of certificates, which the CLI reads.
CERTIFICATES = ("SSL_CERT_FILE", "SSL_CERT_DIR", "NODE_EXTRA_CA_CERTS")


def system(directory: Path, user: int, group: int, *, network: bool) -> System:
    """Return what to show, made up files included, which are written into the directory. Raises OSError."""
    shown = [*_PROGRAMS, *_LOOKED_UP, *(_OF_THE_NETWORK if network else ())]
    arguments = ["--perms", "0755", "--dir", "/etc"]
    visible: list[PurePath] = []
    for path in shown:
        if os.path.islink(path) and path in _PROGRAMS:  # /bin is /usr/bin
            arguments += ("--symlink", os.readlink(path), path)
        elif os.path.exists(path):
            for parent in reversed(PurePath(path).parents[:-1]):
                arguments += ("--dir", str(parent))
            arguments += ("--ro-bind", path, path)
        else:
            continue
        visible.append(PurePath(path))
    for name, text in _made_up(user, group).items():
        (directory / name).write_text(text, encoding="ascii")
        arguments += ("--ro-bind", str(directory / name), f"/etc/{name}")
    return System(tuple(arguments), tuple(visible))


def certificates(environment: Mapping[str, str]) -> tuple[PurePath, ...]:
    """Return the certificates that the environment names, as far as they are there."""
    named = [PurePath(environment[name]) for name in CERTIFICATES if environment.get(name)]
    return tuple(path for path in named if path.is_absolute() and os.path.exists(path))


def _made_up(user: int, group: int) -> dict[str, str]:
    return {
        "passwd": f"agent:x:{user}:{group}:agent:/tmp:/bin/sh\n",
        "group": f"agent:x:{group}:\n",
        "hosts": _HOSTS,
        "nsswitch.conf": _SWITCH,
    }
