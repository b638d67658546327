"""Imports point one way, and what members and scripts start never loads torch."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from tests.kit import ROOT

PACKAGES = ("bot", "engine", "adapters", "migrations")
HEAVY = ("torch", "diffusers", "transformers", "peft", "accelerate", "scipy")
CONTRACT = tuple(
    f"engine.{name}" for name in ("protocol", "errors", "plan", "sizes", "settings", "version", "hub", "nano")
)
WIRE = ("engine.protocol", "engine.errors")
FILES = "engine.files"
BOT_ROOMS: dict[str, tuple[str, ...]] = {
    "locales": (),
    "storage": ("migrations",),
    "engine_link": WIRE,
    "members": ("bot.storage", "bot.errors"),
    "commands": ("bot.members", "bot.errors", *WIRE),
    "styles": ("bot.commands", "bot.members", "bot.engine_link", "bot.storage", "bot.errors", *WIRE),
    "jobs": (
        *("bot.styles", "bot.commands", "bot.members", "bot.engine_link", "bot.storage", "bot.errors"),
        *WIRE,
    ),
}
UNDER_HANDLERS = ("bot.locales", "bot.jobs", *BOT_ROOMS["jobs"])
ALLOWED: dict[str, tuple[str, ...]] = {
    "bot": ("bot", *WIRE, FILES, "migrations"),
    **{f"bot/{room}": (*names, f"bot.{room}") for room, names in BOT_ROOMS.items()},
    "bot/handlers": (*UNDER_HANDLERS, "bot.handlers"),
    "bot/replies": (*UNDER_HANDLERS, "bot.handlers.answer", "bot.replies"),
    "engine": ("engine", "adapters.manifest", "adapters.registry", "adapters.shapes"),
    "engine/samplers": (*CONTRACT, "engine.transfer", "engine.samplers"),
    "engine/prompts": (*CONTRACT, "engine.transfer", "engine.prompts"),
    "engine/diffusion": (*CONTRACT, "engine.transfer", "engine.samplers", "engine.prompts", "engine.diffusion"),
    "engine/adapters": (
        *CONTRACT,
        "engine.transfer",
        "engine.diffusion",
        "engine.adapters",
        "adapters.manifest",
        "adapters.registry",
        "adapters.shapes",
    ),
    "engine/batch": (
        *(
            *CONTRACT,
            "engine.transfer",
            "engine.samplers",
            "engine.prompts",
            "engine.diffusion",
            "engine.adapters",
            "engine.batch",
        ),
        "adapters.registry",
    ),
    "engine/nano": ("engine.nano", "engine.protocol", FILES),
    "adapters": ("adapters", "engine.hub", FILES),
    "adapters/publishing": (
        *("adapters", "engine.hub", "engine.diffusion", "engine.adapters", "engine.nano"),
        FILES,
    ),
    "adapters/training": ("adapters", "engine"),
    "adapters/datasets": ("adapters", "engine.nano", FILES),
    "adapters/evaluation": ("adapters", "engine"),
    "migrations": (),
}
"""What the modules of a folder may import of ours; the longest folder that fits counts."""


def modules(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


def allowed(path: Path) -> tuple[str, ...]:
    relative = path.relative_to(ROOT).as_posix()
    return ALLOWED[max((folder for folder in ALLOWED if relative.startswith(f"{folder}/")), key=len)]


def imported(path: Path) -> set[str]:
    """Modules of ours that a file imports, wherever in it; ``from a import b`` counts as ``a``, or ``a.b``."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path}: relative import"
            name = node.module or ""
            found |= {f"{name}.{alias.name}" for alias in node.names} if name in PACKAGES else {name}
    return {name for name in found if name.split(".")[0] in PACKAGES}


@pytest.mark.parametrize("path", [path for package in PACKAGES for path in modules(package)], ids=str)
def test_a_module_imports_only_what_its_folder_may(path: Path) -> None:
    def may(name: str) -> bool:
        return any(name == one or name.startswith(f"{one}.") for one in allowed(path))

    assert [name for name in sorted(imported(path)) if not may(name)] == []


def loaded(*names: str) -> set[str]:
    """Top-level modules that a fresh interpreter has after importing these."""
    code = f"import {', '.join(names)}, sys; print(*{{name.split('.')[0] for name in sys.modules}})"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    return set(answer.stdout.split())


def dotted(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def test_importing_the_whole_bot_never_imports_torch() -> None:
    everything = [dotted(path) for path in modules("bot") if path.name != "__main__.py"]
    assert loaded(*everything) & set(HEAVY) == set()


def test_importing_the_protocol_is_light() -> None:
    names = loaded("engine.protocol", "engine.errors", "adapters.manifest", "adapters.registry", "migrations")
    assert names & {*HEAVY, "numpy", "starlette", "discord", "telegram"} == set()
