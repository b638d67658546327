"""What the command line says without doing anything."""

from __future__ import annotations

import subprocess
import sys

import pytest
from typer.testing import CliRunner, Result

from bot.cli.app import app
from bot.cli.mounted import MOUNTED, Mounted

COMMANDS = ("demo", "up", "engine", "draw", "console", "doctor", "nano", "adapters", "dataset", "train", "evaluate")


def sanggar(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments, prog_name="sanggar")


def test_help_names_every_command() -> None:
    answer = sanggar("--help")
    listed = [line.split()[0] for line in answer.stdout.split("Commands:")[1].splitlines() if line.strip()]
    assert sorted(COMMANDS) == sorted(listed)


@pytest.mark.parametrize("mounted", MOUNTED, ids=[mounted.name for mounted in MOUNTED])
def test_mounted_commands_are_there(mounted: Mounted) -> None:
    answer = sanggar(mounted.name, "--help")
    assert answer.exit_code == 0
    assert answer.stdout.startswith(f"Usage: sanggar {mounted.name} ")


def test_an_unknown_command_is_a_usage_error_on_standard_error() -> None:
    answer = sanggar("drwa")
    assert answer.exit_code == 2
    assert "No such command 'drwa'" in answer.stderr
    assert answer.stdout == ""


def test_the_command_line_imports_no_torch_and_no_platform() -> None:
    program = "import sys; import bot.cli.app, bot.cli.console, bot.cli.draw, bot.cli.up, bot.cli.doctor\n"
    program += "heavy = {'torch', 'diffusers', 'transformers', 'adapters', 'discord', 'telegram'}\n"
    program += "print(heavy & {name.split('.')[0] for name in sys.modules})"
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert answer.stdout == "set()\n"
