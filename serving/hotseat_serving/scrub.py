"""Secrets out of texts that leave the house: logs, and errors to clients. No I/O."""

import re

REDACTED = "[redacted]"

# What gives each kind away. A hit keeps its first group, so that a reader sees which kind of secret it was.
_SHAPES = (
    r"(?<![A-Za-z0-9])(sk-ant-|sk-|hs_|gh[pousr]_|github_pat_|xox[abprs]-)[A-Za-z0-9_\-]{8,}",
    r"(?<![A-Za-z0-9])(AKIA|ASIA)[A-Z0-9]{16}(?![A-Za-z0-9])",
    r"(?<![A-Za-z0-9])(eyJ)[A-Za-z0-9_\-]{5,}\.[A-Za-z0-9_\-]{5,}\.[A-Za-z0-9_\-]*",  # a JWT
    # A private key; in a URL its spaces are written otherwise.
    (
        r"(-----BEGIN[A-Z0-9 %+]{0,32}PRIVATE(?: |%20|\+)KEY-----)"
        r"(?!\[redacted)(?:(?!-----END).)*(?:-----END[A-Z0-9 %+]{0,40}-----)?"
    ),
    r"(\b(?:[Bb]earer|BEARER|Basic) +)[A-Za-z0-9._~+/=\-]{8,}",
    r"(\b[a-z][a-z0-9+.\-]{1,15}://[^\s/@:\"']{0,256}:)[^\s/@\"']{1,512}(?=@)",  # user:password@
)
# Each shape has one of these, and most texts have none: looking for words is ten times as fast as one expression.
_HINTS = (
    *("sk-", "hs_", "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "xox", "AKIA", "ASIA", "eyJ"),
    *("PRIVATE", "earer ", "EARER ", "Basic ", "://"),
)
_PATTERNS = tuple(re.compile(shape, re.DOTALL) for shape in _SHAPES)


def scrub(text: str) -> str:
    """The text without the secrets in it."""
    if not any(hint in text for hint in _HINTS):
        return text
    for pattern in _PATTERNS:
        text = pattern.sub(rf"\1{REDACTED}", text)
    return text
