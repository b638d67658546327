"""What a person has from a run beside the weights: bar, samples, plots, report, a clean Ctrl-C, clear refusals."""

from __future__ import annotations

import csv
import os
import signal
import sys
from pathlib import Path
from types import ModuleType

import pytest
import torch
import typer
from PIL import Image
from typer.testing import CliRunner

from adapters.cli.adapters import train_command
from adapters.training.loop import Stopped
from adapters.training.optimizer import check_optimizer
from adapters.training.progress import progress_bar, stop_on_signal
from adapters.training.recipe import RecipeError, Training
from adapters.training.trainer import Trainer
from tests.adapters_kit.runs import DREAMBOOTH, LORA, after, finish, ignore, start, write_recipe

EIGHT_BIT = Training(steps=1, batch_size=1, learning_rate=1e-4, optimizer="adamw-8bit")
SAMPLES = '[samples]\nprompts = ["a red wall", "a blue wall"]\nevery = 4\nsteps = 2\n'


def test_samples_are_drawn_before_while_and_after(colours: Path, tiny: Path) -> None:
    run, _ = finish(write_recipe(colours, tiny, LORA + SAMPLES))
    strips = sorted((run.work / "samples").iterdir())
    assert [file.name for file in strips] == ["step-000000.png", "step-000004.png", "step-000006.png"]
    with Image.open(strips[0]) as before, Image.open(strips[-1]) as after:
        assert before.size == after.size == (2 * 64 + 12, 64 + 8)
        assert before.tobytes() != after.tobytes()


def test_the_report_lies_in_the_adapters_folder(colours: Path, tiny: Path) -> None:
    run, adapter = finish(write_recipe(colours, tiny, LORA + SAMPLES))
    page = (adapter.folder / "report.html").read_text()
    for said in ("3 pictures of 64x64", "6, batches of 2 x 1", "After 4 steps", adapter.manifest.sha256, "rank"):
        assert said in page
    assert page.count("data:image/webp;base64,") == 1 + 3
    with (run.work / "losses.csv").open() as stream:
        assert [float(row["loss"]) for row in csv.DictReader(stream)] == run.losses
    assert (run.work / "losses.png").exists()
    adapter.verify()


def test_a_run_without_matplotlib_has_no_plot(colours: Path, tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    run, adapter = finish(write_recipe(colours, tiny, steps=1))
    assert "data:image" not in (adapter.folder / "report.html").read_text()
    assert not (run.work / "losses.png").exists()


def test_the_bar_says_loss_speed_time_left_and_memory(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    with progress_bar(2, 4) as watch:
        watch(2, 0.5)
        watch(3, 0.5)
    said = capsys.readouterr().out
    for part in ("4/4", "loss 0.5000", "steps/s", "0:00:00", "GB"):
        assert part in said


def test_the_bar_has_no_loss_before_the_first_step(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    with progress_bar(0, 4):
        pass
    said = capsys.readouterr().out
    assert "0/4" in said
    assert "loss" not in said
    assert "nan" not in said


def test_the_losses_are_on_disk_while_it_trains_and_right_after_going_on(colours: Path, tiny: Path) -> None:
    recipe = write_recipe(colours, tiny, steps=5)
    file = recipe.parent / "work" / "walls" / "losses.csv"
    seen: list[list[str]] = []
    with pytest.raises(Stopped):
        start(recipe).go(lambda *_: seen.append(file.read_text().splitlines()), after(3))
    assert [len(lines) for lines in seen] == [2, 3, 4]
    with file.open("a") as stream:
        stream.write("3,0.5\n4,0.")  # of steps after the checkpoint, cut off by a kill
    run, _ = finish(recipe, resume=True)
    with file.open() as stream:
        rows = [(int(row["step"]), float(row["loss"])) for row in csv.DictReader(stream)]
    assert rows == list(enumerate(run.losses))


def test_class_pictures_that_are_missing_are_announced(
    colours: Path, tiny: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recipe = write_recipe(colours, tiny, DREAMBOOTH.format(l2=0))
    with pytest.raises(Stopped):
        start(recipe).go(ignore, after(1))
    assert "drawing class pictures: 2" in capsys.readouterr().err
    start(recipe, resume=True)
    assert "drawing" not in capsys.readouterr().err


def test_ctrl_c_saves_and_says_how_to_go_on(colours: Path, tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = write_recipe(colours, tiny)
    app, step = typer.Typer(), Trainer.step
    app.command()(train_command)
    arguments = [str(recipe), "--dir", str(recipe.parent / "adapters"), "--work", str(recipe.parent / "work")]

    def interrupted(trainer: Trainer, number: int) -> float:
        if number == 2:
            os.kill(os.getpid(), signal.SIGINT)
        return step(trainer, number)

    monkeypatch.setattr(Trainer, "step", interrupted)
    stopped = CliRunner().invoke(app, arguments)
    assert stopped.exit_code == 1
    assert "stopped after step 3 of 6; go on with --resume" in stopped.output
    monkeypatch.setattr(Trainer, "step", step)
    resumed = CliRunner().invoke(app, [*arguments, "--resume"])
    assert resumed.exit_code == 0, resumed.output
    assert (recipe.parent / "adapters" / "walls" / "manifest.json").exists()


def test_a_second_ctrl_c_ends_at_once() -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell that starts tests behind itself ignores it
    with stop_on_signal() as stop:
        os.kill(os.getpid(), signal.SIGINT)
        assert stop()
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)


def test_8_bit_adam_is_refused_without_a_gpu(colours: Path, tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(
        RecipeError, match=r'adamw-8bit needs an NVIDIA GPU; train on one, or write optimizer = "adamw"'
    ):
        start(write_recipe(colours, tiny, optimizer='"adamw-8bit"'))


def test_8_bit_adam_is_refused_without_bitsandbytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr("adapters.training.optimizer.find_spec", lambda _: None)
    with pytest.raises(RecipeError, match="needs bitsandbytes, which is not installed: pip install bitsandbytes"):
        check_optimizer(EIGHT_BIT)


def test_8_bit_adam_is_taken_where_it_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr("adapters.training.optimizer.find_spec", ModuleType)
    check_optimizer(EIGHT_BIT)
