"""The stages of training in order, and the weights folder that they end in."""

from collections.abc import Callable
from pathlib import Path

from engine.nano import WEIGHTS
from engine.nano.dataset import build_dataset
from engine.nano.training.clip import train_clip
from engine.nano.training.grow import load_vae, train_grow
from engine.nano.training.start import start_from
from engine.nano.training.unet import load_painter, train_unet
from engine.nano.training.vae import train_vae
from engine.nano.training.vision import load_clip_pair, train_vision
from engine.nano.weights import save_weights

Stage = Callable[[Path, int, bool], None]
STAGES: dict[str, Stage] = {
    "vae": train_vae,
    "grow": train_grow,
    "clip": train_clip,
    "unet": train_unet,
    "vision": train_vision,
}
STEPS = {"vae": 3000, "grow": 3000, "clip": 1000, "unet": 16000, "vision": 2000}


def prepare(run: Path, start: Path | None = None) -> None:
    """Draw the pictures, set the shipped tokenizer beside them, and go on from the weights ``start`` if given."""
    build_dataset(run / "data", run / "npm")
    if not (run / "tokenizer").exists():
        (run / "tokenizer").symlink_to(WEIGHTS / "tokenizer", target_is_directory=True)
    if start is not None:
        start_from(start, run)


def train_stage(run: Path, name: str, steps: int | None, resume: bool) -> None:
    """Train one of ``STAGES`` for ``steps`` in all (its default if ``None``)."""
    STAGES[name](run, STEPS[name] if steps is None else steps, resume)


def export(run: Path, folder: Path) -> None:
    """Write the three trained networks under ``run`` as a weights folder."""
    save_weights(folder, run / "tokenizer", load_vae(run), load_clip_pair(run), load_painter(run).unet)
