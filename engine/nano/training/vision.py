"""Train CLIP's eye once more while its text tower stays locked (Zhai et al. 2022), as the U-Net left that tower.

Contrast within a batch is mostly won by backgrounds and colours, so each picture must here also be told apart by
its subject's name among all names.
"""

from pathlib import Path
from random import Random

import numpy as np
import torch
from torch.nn import functional
from transformers import CLIPModel

from engine.nano.concepts import concepts
from engine.nano.dataset import load_dataset
from engine.nano.training.clip import LONGEST, Captioner, clip_loss, load_clip_stage
from engine.nano.training.loop import Plan, Trainee, load_average, train
from engine.nano.training.unet import load_painter
from engine.nano.training.vae import small, to_tensor

BATCH = 96
NAME_TOKENS = 12


def name_tokens(captioner: Captioner, rng: Random) -> torch.Tensor:
    """(concepts, ``NAME_TOKENS``) ids: one of each concept's names, in either language."""
    texts = [
        rng.choice(("", "a ", "a ")) + rng.choice((*concept.english, *concept.indonesian)) for concept in concepts()
    ]
    encoded = captioner.tokenizer(
        texts, padding="max_length", max_length=NAME_TOKENS, truncation=True, return_tensors="pt"
    )
    tokens: torch.Tensor = encoded.input_ids
    return tokens


def blur_and_noise(pictures: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Some pictures softened, all a little noisy: drawn ones are less crisp than composed ones."""
    soft = functional.avg_pool2d(pictures, 3, 1, 1, count_include_pad=False)
    share = torch.rand((len(pictures), 1, 1, 1), generator=generator)
    noise = torch.randn(pictures.shape, generator=generator)
    return pictures + share * (soft - pictures) + 0.05 * noise


def naming_loss(clip: CLIPModel, pictures: torch.Tensor, names: torch.Tensor, subjects: torch.Tensor) -> torch.Tensor:
    """Cross-entropy of each picture's subject among all names; ``subjects`` (rows,), -100 where there is none."""
    output = clip(input_ids=names, pixel_values=pictures)
    return functional.cross_entropy(output.logits_per_image, subjects)


def train_vision(run: Path, steps: int, resume: bool) -> None:
    """Train on the pictures under ``run``; leaves ``vision.pt`` there, which ``load_clip_pair`` prefers."""
    torch.manual_seed(5)
    if not resume:
        (run / "vision.pt").unlink(missing_ok=True)
    pixels, scenes = load_dataset(run / "data")
    clip, captioner = load_clip_pair(run).requires_grad_(True), Captioner(run)
    clip.text_model.requires_grad_(False)
    trainee = Trainee(clip, run, Plan("vision", steps, rate=6e-4, decay=0.6))
    if resume:
        trainee.load()

    def loss_at(step: int) -> torch.Tensor:
        rows = np.random.default_rng((5, step)).integers(len(pixels), size=BATCH)
        batch = [scenes[row] for row in rows]
        pictures = blur_and_noise(small(to_tensor(pixels[rows])), torch.Generator().manual_seed(step))
        subjects = torch.tensor([-100 if scene.concept is None else scene.concept for scene in batch])
        if step % 4 == 3:
            return clip_loss(clip, pictures, captioner.tokens(batch, f"vision {step}", LONGEST))
        return naming_loss(clip, pictures, name_tokens(captioner, Random(f"names {step}")), subjects)

    train(trainee, loss_at)


def load_clip_pair(run: Path) -> CLIPModel:
    """The pair with the U-Net's text tower, frozen; its eye is that of this stage, or of the stage ``clip``."""
    clip = load_clip_stage(run)
    clip.text_model.load_state_dict(load_painter(run).text.state_dict())
    if (run / "vision.pt").exists():
        clip.load_state_dict(load_average(run, "vision"))
    return clip.eval()
