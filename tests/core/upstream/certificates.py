"""A certificate of a test's own, for 127.0.0.1."""

import ssl
from pathlib import Path

import trustme


def make(directory: Path) -> tuple[ssl.SSLContext, Path]:
    """Return a server's side of TLS, and the file that names who vouches for it."""
    authority = trustme.CA()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    named = directory / "authority.pem"
    authority.cert_pem.write_to_path(str(named))
    return context, named
