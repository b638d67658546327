"""The pages: links lead somewhere, files and modules that are named exist, the index has every page."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from tests.kit import ROOT

PACKAGES = "bot|engine|adapters|migrations|tests|benchmarks"
LINK = re.compile(r"\]\((?P<target>[^)\s]+)\)")
CODE = re.compile(r"```.*?```|^(?: {4}.*\n)+", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`(?P<text>[^`\n]+)`")
PATH = re.compile(rf"(?:{PACKAGES}|docs)/[\w./*-]+")
FILE = re.compile(r"\w+\.py")
DOTTED = re.compile(rf"(?:{PACKAGES})(?:\.[A-Za-z_]\w*)+")
TARGET = re.compile(r"(?:^ {4}|`)make (?P<name>[a-z][a-z-]*)", re.MULTILINE)
HEADING = re.compile(r"^#+ (?P<text>.+)$", re.MULTILINE)
HISTORY = ROOT / "CHANGELOG.md"
"""Says what was; names of then may be gone."""


def tracked(pattern: str) -> list[Path]:
    """Files that git knows and that are there; without git (an unpacked archive) those of the folders."""
    try:
        names = subprocess.run(
            ["git", "ls-files", "--cached", "--others", "--exclude-standard", pattern],
            capture_output=True,
            text=True,
            check=True,
            cwd=ROOT,
        ).stdout.splitlines()
    except (OSError, subprocess.CalledProcessError):
        hidden = {".venv", "build", "dist", "data", "runs"}
        return sorted(path for path in ROOT.rglob(pattern) if not hidden & set(path.relative_to(ROOT).parts))
    return sorted(path for name in names if (path := ROOT / name).is_file())


PAGES = tracked("*.md")


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def anchors(page: Path) -> set[str]:
    """The headings of a page as a hub makes anchors of them."""
    headings = (match["text"].lower() for match in HEADING.finditer(page.read_text(encoding="utf-8")))
    return {re.sub(r"[^\w\- ]", "", heading).replace(" ", "-") for heading in headings}


def there(path: str) -> bool:
    """Whether a file or folder of that name is part of the project; ``*`` stands for any name."""
    return any(ROOT.glob(path.rstrip("/.")))


def module_has(dotted: str) -> bool:
    """Whether ``package.module.name`` leads to a module, and to a name that stands in it."""
    parts = dotted.split(".")
    for length in range(len(parts), 0, -1):
        stem = ROOT.joinpath(*parts[:length])
        file = stem.with_suffix(".py") if stem.with_suffix(".py").is_file() else stem / "__init__.py"
        if file.is_file():
            return all(re.search(rf"\b{name}\b", file.read_text(encoding="utf-8")) for name in parts[length:])
    return False


def test_there_are_pages() -> None:
    assert {"README.md", "CONTRIBUTING.md", "docs/README.md", "docs/architecture.md"} <= set(map(name_of, PAGES))


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_relative_link_leads_to_a_file_and_a_heading(page: Path) -> None:
    missing = []
    for match in LINK.finditer(CODE.sub("", page.read_text(encoding="utf-8"))):
        target, _, anchor = match["target"].partition("#")
        if "://" in target or target.startswith("mailto:"):
            continue
        file = (page.parent / target).resolve() if target else page
        if not file.exists() or (anchor and anchor not in anchors(file)):
            missing.append(match["target"])
    assert missing == []


@pytest.mark.parametrize("page", [page for page in PAGES if page != HISTORY], ids=name_of)
def test_every_file_and_module_that_a_page_names_exists(page: Path) -> None:
    files = {path.name for path in tracked("*.py")}
    missing = []
    for match in INLINE.finditer(page.read_text(encoding="utf-8")):
        text = match["text"]
        missing += [path for path in PATH.findall(text) if not there(path)]
        if FILE.fullmatch(text):
            missing += [text] * (text not in files)
        elif DOTTED.fullmatch(text):
            missing += [text] * (not module_has(text))
    assert missing == []


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_target_of_make_that_a_page_names_exists(page: Path) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    named = {match["name"] for match in TARGET.finditer(page.read_text(encoding="utf-8"))}
    assert {name for name in named if not re.search(rf"^{name}:", makefile, re.MULTILINE)} == set()


def test_the_index_has_every_page_of_the_documentation() -> None:
    index = ROOT / "docs" / "README.md"
    links = {(index.parent / match["target"].partition("#")[0]).resolve() for match in LINK.finditer(index.read_text())}
    pages = {page for page in PAGES if page.is_relative_to(ROOT / "docs")} - {index}
    assert pages - links == set()
