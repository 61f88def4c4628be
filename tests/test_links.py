"""Links in the documents lead somewhere: to a file that is there, and to a heading that it has."""

import re
import subprocess
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
_LINK = re.compile(r"\]\((?!https?://)([^)#\s]*)(?:#([^)\s]+))?\)")


def documents() -> list[Path]:
    """Every document of the repository; what is installed or built in it is none."""
    command = ["git", "ls-files", "-co", "--exclude-standard", "*.md"]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return [path for name in listed.stdout.decode().split() if (path := ROOT / name).exists()]


def prose(text: str) -> str:
    """The text without its blocks of code."""
    return re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)


def anchors_in(text: str) -> set[str]:
    """What GitHub lets one link to in a document: its headings, in its spelling."""
    seen: Counter[str] = Counter()
    found = set()
    for heading in re.findall(r"^#{1,6} +(.+?) *$", prose(text), re.MULTILINE):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower()
        anchor = re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")
        found.add(f"{anchor}-{seen[anchor]}" if seen[anchor] else anchor)
        seen[anchor] += 1
    return found


@cache
def anchors(path: Path) -> set[str]:
    return anchors_in(path.read_text(encoding="utf-8"))


def broken(document: Path) -> list[str]:
    """The document's links that lead nowhere."""
    return [
        f"{place}#{anchor}"
        for place, anchor in _LINK.findall(prose(document.read_text(encoding="utf-8")))
        if not (target := document.parent / place if place else document).exists()
        or (anchor and target.suffix == ".md" and anchor not in anchors(target.resolve()))
    ]


def test_a_heading_is_linked_to_as_github_spells_it() -> None:
    text = "# A `b`: c, d\n```\n# no heading\n```\n## [Two](x.md) words\n## Two words\n"
    assert anchors_in(text) == {"a-b-c-d", "two-words", "two-words-1"}


def test_what_leads_nowhere_is_found(tmp_path: Path) -> None:
    document = tmp_path / "a.md"
    document.write_text(
        "# Here\n[a](#here) [b](#gone) [c](gone.md) [d](a.md#here) [e](a.md#gone) [f](https://x.example/#y)\n"
    )
    assert broken(document) == ["#gone", "gone.md#", "a.md#gone"]


def test_the_list_of_documents_has_all_of_them() -> None:
    listed = {place for place, _ in _LINK.findall((ROOT / "docs/README.md").read_text(encoding="utf-8"))}
    assert {path.name for path in (ROOT / "docs").glob("*.md")} - {"README.md"} - listed == set()


@pytest.mark.parametrize("document", documents(), ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(document: Path) -> None:
    assert broken(document) == []
