"""Train the pair of towers by contrast (Radford et al. 2021) on pictures and freshly worded captions."""

from pathlib import Path
from random import Random

import numpy as np
import torch
from torch.nn import functional
from transformers import CLIPModel, CLIPTokenizer

from engine.nano.architecture import clip_config
from engine.nano.dataset import load_dataset, noise_words
from engine.nano.scene_captions import Scene, caption
from engine.nano.tokens import load_tokenizer
from engine.nano.training.loop import Plan, Trainee, load_average, train
from engine.nano.training.vae import small, to_tensor

BATCH = 160
LONGEST = 24  #: tokens of a caption; the towers' causal text attention makes the rest of the 77 irrelevant here


class Captioner:
    """Words a batch of scenes anew for every step, and turns the captions into token ids."""

    def __init__(self, run: Path) -> None:
        self.tokenizer: CLIPTokenizer = load_tokenizer(run)
        self.words = noise_words(self.tokenizer.get_vocab())

    def tokens(self, scenes: list[Scene], seed: str, length: int, dropped: float = 0.0) -> torch.Tensor:
        """(rows, ``length``) token ids; a share ``dropped`` of the captions is empty."""
        rng = Random(seed)
        texts = ["" if rng.random() < dropped else caption(scene, rng, self.words) for scene in scenes]
        encoded = self.tokenizer(texts, padding="max_length", max_length=length, truncation=True, return_tensors="pt")
        tokens: torch.Tensor = encoded.input_ids
        return tokens


def clip_loss(clip: CLIPModel, pictures: torch.Tensor, tokens: torch.Tensor) -> torch.Tensor:
    """Each picture must find its caption in the batch, and each caption its picture."""
    logits = clip(input_ids=tokens, pixel_values=pictures).logits_per_image
    own = torch.arange(len(logits))
    return (functional.cross_entropy(logits, own) + functional.cross_entropy(logits.T, own)) / 2


def train_clip(run: Path, steps: int, resume: bool) -> None:
    """Train on the pictures under ``run``; leaves ``clip.pt`` there."""
    torch.manual_seed(2)
    pixels, scenes = load_dataset(run / "data")
    clip, captioner = CLIPModel(clip_config()), Captioner(run)
    trainee = Trainee(clip, run, Plan("clip", steps, rate=1e-3, decay=0.6))
    if resume:
        trainee.load()

    def loss_at(step: int) -> torch.Tensor:
        rows = np.random.default_rng((2, step)).integers(len(pixels), size=BATCH)
        tokens = captioner.tokens([scenes[row] for row in rows], f"clip {step}", LONGEST)
        pictures = small(to_tensor(pixels[rows]))
        generator = torch.Generator().manual_seed(step)
        noise = torch.randn(pictures.shape, generator=generator) * torch.rand((BATCH, 1, 1, 1), generator=generator)
        return clip_loss(clip, pictures + 0.1 * noise, tokens)

    train(trainee, loss_at)


def load_clip_stage(run: Path) -> CLIPModel:
    """The pair as this stage left it, frozen."""
    clip = CLIPModel(clip_config())
    clip.load_state_dict(load_average(run, "clip"))
    return clip.requires_grad_(False).eval()
