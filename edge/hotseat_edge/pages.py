"""The files of the web pages: read once, and told apart by what is in them. No I/O after that."""

import hashlib
from collections.abc import Mapping
from importlib.resources import files
from importlib.resources.abc import Traversable

import msgspec

# What a page of ours may do: load what is beside it, and talk to this server. Nothing inline, no other host, no frame.
# Markup becomes part of a page by way of DOMPurify alone.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types dompurify"
)
_KINDS = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
}


class Page(msgspec.Struct, frozen=True):
    """A file as a response has it."""

    body: bytes
    headers: dict[str, str]


def load() -> Mapping[str, Page]:
    """Every file by its path below web/."""
    return dict(_found(files("hotseat_edge") / "web", ""))


def _found(folder: Traversable, path: str) -> list[tuple[str, Page]]:
    pages = []
    for entry in folder.iterdir():
        if entry.is_dir():
            pages += _found(entry, f"{path}{entry.name}/")
        elif kind := _KINDS.get(entry.name[entry.name.rfind(".") :]):
            pages.append((path + entry.name, _page(entry.read_bytes(), kind)))
    return pages


def _page(body: bytes, kind: str) -> Page:
    headers = {
        "Content-Type": kind,
        "Content-Security-Policy": POLICY,
        "Cache-Control": "no-cache",  # asks each time, and is mostly told that nothing has changed
        "ETag": f'"{hashlib.sha256(body).hexdigest()[:32]}"',
    }
    return Page(body, headers)
