"""Odd and damaged pictures."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from adapters.preparation.reading import Unreadable, read_picture
from tests.adapters_kit.pictures import scene


@pytest.mark.parametrize("kind", ["cmyk", "sixteen", "rotated", "animated", "transparent", "palette"])
def test_odd_pictures_are_read(tmp_path: Path, kind: str) -> None:
    half = Image.new("RGB", (40, 20), (200, 30, 30))
    half.paste((30, 30, 200), (20, 0, 40, 20))
    file = tmp_path / "odd.png"
    if kind == "cmyk":
        file = tmp_path / "odd.jpg"
        half.convert("CMYK").save(file, quality=95)
    elif kind == "sixteen":
        Image.fromarray(np.full((20, 40), 0xC8C8, dtype=np.uint16)).save(file)
    elif kind == "rotated":
        file = tmp_path / "odd.jpg"
        exif = Image.Exif()
        exif[0x0112] = 6
        half.save(file, exif=exif, quality=95)
    elif kind == "animated":
        file = tmp_path / "odd.webp"
        half.save(file, save_all=True, append_images=[Image.new("RGB", half.size, "green")], lossless=True)
    elif kind == "transparent":
        Image.new("RGBA", (40, 20), (0, 0, 0, 0)).save(file)
    else:
        half.quantize(4).save(file, transparency=0)
    picture = read_picture(file)
    assert picture.mode == "RGB"
    assert picture.size == ((20, 40) if kind == "rotated" else (40, 20))
    expected = {"sixteen": (200, 200, 200), "transparent": (255, 255, 255)}.get(kind, (200, 30, 30))
    found = picture.getpixel((2, 2))
    assert isinstance(found, tuple)
    if kind != "palette":
        assert np.abs(np.subtract(found, expected)).max() < 40


def written(kind: str, file: Path) -> bytes:
    """A picture of that format."""
    picture = scene(7, 48)
    if kind == "animated.webp":
        picture.save(file, save_all=True, append_images=[scene(8, 48)], lossless=True)
    elif kind == "cmyk.jpg":
        picture.convert("CMYK").save(file)
    elif kind == "sixteen.png":
        Image.fromarray(np.arange(48 * 48, dtype=np.uint16).reshape(48, 48) * 28).save(file)
    elif kind == "rotated.jpg":
        exif = Image.Exif()
        exif[0x0112] = 8
        picture.save(file, exif=exif)
    else:
        picture.save(file)
    return file.read_bytes()


@pytest.mark.parametrize(
    "kind", ["plain.png", "plain.jpeg", "plain.webp", "animated.webp", "cmyk.jpg", "sixteen.png", "rotated.jpg"]
)
def test_a_damaged_file_is_read_or_called_broken_and_nothing_else(tmp_path: Path, kind: str) -> None:
    file = tmp_path / kind
    whole, chance = written(kind, file), random.Random(kind)
    assert read_picture(file).mode == "RGB"
    outcomes = set()
    for attempt in range(60):
        damaged = bytearray(whole)
        if attempt % 2:
            del damaged[chance.randrange(len(whole)) :]
        else:
            for _ in range(chance.randint(1, 8)):
                damaged[chance.randrange(len(whole))] = chance.randrange(256)
        file.write_bytes(damaged)
        try:
            outcomes.add(read_picture(file).mode)
        except Unreadable:
            outcomes.add("broken")
    assert outcomes <= {"RGB", "broken"}
    assert "broken" in outcomes


def test_a_picture_beyond_all_bounds_is_not_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scene(1).save(tmp_path / "large.png")
    monkeypatch.setattr("adapters.preparation.reading.LARGEST", 1000)
    with pytest.raises(Unreadable, match="96x96 is too large"):
        read_picture(tmp_path / "large.png")
