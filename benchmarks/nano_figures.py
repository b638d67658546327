"""How good and how fast nano is.

``ranked_first``: of 200 pictures (20 subjects x 10 seeds, 25 steps, "a deer"), the share for which the shape
classifier (``engine.nano.classifier``, fitted to composites of sprites, never to drawn pictures) ranks the asked
subject first among the 20; ``ranked_first_clip`` asks nano's CLIP instead. ``..._composites`` is the same share on
fresh composites: how far each judge can be trusted. Colours are read off the pixels (the frame's median, and the
median of what differs from it); places are ranked by CLIP among 10. ``seconds_a_picture``: one 25-step picture with
guidance, 2 threads.
"""

import argparse
import json
import sys
import time
from pathlib import Path
from random import Random

import torch
from diffusers import StableDiffusionPipeline
from rich.console import Console
from rich.table import Table

from engine.nano import WEIGHTS
from engine.nano.classifier import FITTED, SUBJECTS, composites, fit, load_classifier
from engine.nano.concepts import FAVOURITES
from engine.nano.dataset import SceneSampler
from engine.nano.judge import Judge, background_colour, subject_colour
from engine.nano.sheet import draw_pictures, open_pipeline
from engine.nano.sprites import SpritesMissingError, fetch_sets
from engine.nano.vocabulary import COLOURS, PLACES

PLACED = ("river", "forest", "mountains", "beach", "desert", "snow", "city", "village", "underwater", "space")
SEEDS = 10
Figures = dict[str, float | None]


def ranked_first(pipeline: StableDiffusionPipeline, judge: Judge) -> tuple[dict[str, float], float]:
    """Each subject with the share of its pictures that the classifier gives to it; CLIP's share of all pictures."""
    classifier, texts = load_classifier(), [f"a {subject}" for subject in SUBJECTS]
    shares, by_clip = {}, 0
    for index, subject in enumerate(SUBJECTS):
        pictures = draw_pictures(pipeline, texts[index], range(SEEDS))
        shares[subject] = classifier.best(pictures).count(subject) / SEEDS
        by_clip += judge.best(pictures, texts).count(index)
    return shares, by_clip / (SEEDS * len(SUBJECTS))


def ceilings(studio: SceneSampler, judge: Judge) -> tuple[float, float]:
    """The classifier's and CLIP's shares on 20 fresh composites of each subject."""
    classifier, rng = load_classifier(), Random("benchmark")
    texts = [f"a {subject}" for subject in SUBJECTS]
    by_shape = by_clip = 0
    for index, subject in enumerate(SUBJECTS):
        pictures = composites(studio, subject, 20, rng)
        by_shape += classifier.best(pictures).count(subject)
        by_clip += judge.best(pictures, texts).count(index)
    return by_shape / (20 * len(SUBJECTS)), by_clip / (20 * len(SUBJECTS))


def colours(pipeline: StableDiffusionPipeline) -> tuple[float, float]:
    """Shares of backgrounds and of subjects that have the asked colour, over 11 colours x 6 pictures each."""
    behind = subject = 0
    for colour in COLOURS:
        for animal in ("fox", "bird"):
            pictures = draw_pictures(pipeline, f"a {animal} on a {colour} background", range(3))
            behind += sum(background_colour(picture) == colour for picture in pictures)
            other = "grey" if colour == "white" else "white"
            pictures = draw_pictures(pipeline, f"a {colour} {animal} on a {other} background", range(3))
            subject += sum(subject_colour(picture) == colour for picture in pictures)
    return behind / (6 * len(COLOURS)), subject / (6 * len(COLOURS))


def places(pipeline: StableDiffusionPipeline, judge: Judge) -> float:
    """Share of pictures whose place CLIP ranks first among ``PLACED``, 6 for each."""
    right = 0
    for subject in ("deer", "ninja"):
        texts = [f"a {subject} {PLACES[place].english[0]}" for place in PLACED]
        for index, text in enumerate(texts):
            right += judge.best(draw_pictures(pipeline, text, range(3)), texts).count(index)
    return right / (6 * len(PLACED))


def seconds_a_picture(pipeline: StableDiffusionPipeline) -> float:
    """The fastest of three pictures, one at a time, 25 steps with guidance, 2 threads."""
    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    times = []
    for seed in range(3):
        began = time.perf_counter()
        draw_pictures(pipeline, "a deer", range(seed, seed + 1))
        times.append(time.perf_counter() - began)
    torch.set_num_threads(threads)
    return min(times)


def measure(model: Path, cache: Path) -> tuple[Figures, dict[str, float]]:
    """All figures, and ``ranked_first`` of each subject."""
    pipeline, judge = open_pipeline(model), Judge(model)
    seconds = seconds_a_picture(pipeline)
    each, by_clip = ranked_first(pipeline, judge)
    backgrounds, subjects = colours(pipeline)
    figures: Figures = {
        "ranked_first": sum(each.values()) / len(each),
        "ranked_first_of_the_ten": sum(each[subject] for subject in FAVOURITES) / len(FAVOURITES),
        "ranked_first_composites": None,
        "ranked_first_clip": by_clip,
        "ranked_first_clip_composites": None,
        "background_colour_obeyed": backgrounds,
        "subject_colour_obeyed": subjects,
        "place_obeyed": places(pipeline, judge),
        "seconds_a_picture": seconds,
    }
    try:
        ceiling = ceilings(SceneSampler(fetch_sets(cache)), judge)
        figures["ranked_first_composites"], figures["ranked_first_clip_composites"] = ceiling
    except SpritesMissingError as error:
        Console(stderr=True).print(f"no ceiling: {error}")
    return figures, each


def main() -> None:
    """Measure, print a table, write JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    parser.add_argument("--model", type=Path, default=WEIGHTS, help="a folder in diffusers layout with nano's clip/")
    parser.add_argument("--fit", action="store_true", help="first fit the shipped shape classifier to the icons anew")
    parser.add_argument("--cache", type=Path, default=Path("runs/nano/npm"), help="where the icon sets are kept")
    options = parser.parse_args()
    if options.fit:
        try:
            fit(SceneSampler(fetch_sets(options.cache))).save(FITTED)
        except SpritesMissingError as error:
            sys.exit(str(error))
    figures, each = measure(options.model, options.cache)
    table = Table("figure", "value")
    for name, value in (figures | {f"ranked_first: {subject}": share for subject, share in each.items()}).items():
        table.add_row(name, "-" if value is None else f"{value:.3f}")
    Console().print(table)
    if options.json:
        options.json.write_text(json.dumps(figures | {"subjects": each}, indent=2) + "\n")
