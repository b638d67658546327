"""Odd and damaged pictures."""

from __future__ import annotations

import random
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import ExifTags, Image, ImageCms

from adapters.preparation.reading import DAMAGED, Unreadable, read, read_picture
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


def chunk(kind: bytes, content: bytes, length: int | None = None, checksum: int | None = None) -> bytes:
    """A chunk of a PNG; its length and checksum may be wrong."""
    right = zlib.crc32(kind + content) if checksum is None else checksum
    return struct.pack(">I", len(content) if length is None else length) + kind + content + struct.pack(">I", right)


def with_chunk(file: Path, added: bytes, before: bytes = b"IDAT") -> None:
    """Puts a chunk into the PNG before the first of that kind."""
    data = file.read_bytes()
    place = data.index(before) - 4
    file.write_bytes(data[:place] + added + data[place:])


BIG = zlib.compress(bytes(3_000_000))
BROKEN: dict[str, Callable[[Path], None]] = {
    "text-unpacks-to-3-mb": lambda file: with_chunk(file, chunk(b"zTXt", b"Comment\0\0" + BIG)),
    "text-at-the-end-unpacks-to-3-mb": lambda file: with_chunk(file, chunk(b"zTXt", b"Comment\0\0" + BIG), b"IEND"),
    "international-text-unpacks-to-3-mb": lambda file: with_chunk(file, chunk(b"iTXt", b"C\0\1\0\0\0" + BIG)),
    "profile-unpacks-to-3-mb": lambda file: with_chunk(file, chunk(b"iCCP", b"mine\0\0" + BIG)),
    "profile-of-unknown-packing": lambda file: with_chunk(file, chunk(b"iCCP", b"mine\0\7" + BIG)),
    "text-of-unknown-packing": lambda file: with_chunk(file, chunk(b"zTXt", b"Comment\0\7abc")),
    "text-with-a-wrong-checksum": lambda file: with_chunk(file, chunk(b"tEXt", b"Comment\0hello", checksum=1)),
    "text-with-a-wrong-length": lambda file: with_chunk(file, chunk(b"tEXt", b"Comment\0hello", length=40_000)),
    "resolution-that-is-too-short": lambda file: with_chunk(file, chunk(b"pHYs", b"\0")),
}


@pytest.mark.parametrize("damage", BROKEN)
def test_a_png_whose_metadata_is_damaged_is_read_without_it(tmp_path: Path, damage: str) -> None:
    file = tmp_path / "a.png"
    scene(5).save(file)
    BROKEN[damage](file)
    reading = read(file)
    assert reading.picture.tobytes() == scene(5).tobytes()
    assert set(reading.notes) <= {DAMAGED}
    assert reading.notes or damage == "resolution-that-is-too-short"


SEGMENTS = {
    "profile-without-its-number": (0xE2, b"ICC_PROFILE\0"),
    "photoshop-that-ends-early": (0xED, b"Photoshop 3.0\x008BIM\x04\xed"),
    "adobe-that-ends-early": (0xEE, b"Adobe"),
    "jfif-that-ends-early": (0xE0, b"JFIF\0\1"),
}


@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
@pytest.mark.parametrize("damage", SEGMENTS)
def test_a_jpeg_whose_metadata_is_damaged_is_read_without_it(tmp_path: Path, damage: str, mode: str) -> None:
    file = tmp_path / "a.jpg"
    scene(5).convert(mode).save(file)
    expected, data, (marker, content) = read_picture(file), file.read_bytes(), SEGMENTS[damage]
    file.write_bytes(data[:2] + struct.pack(">BBH", 0xFF, marker, len(content) + 2) + content + data[2:])
    reading = read(file)
    assert reading.picture.tobytes() == expected.tobytes()
    assert reading.notes == (DAMAGED,)


def test_a_large_profile_of_a_good_png_does_not_matter(tmp_path: Path) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes() + random.Random(1).randbytes(2_000_000)
    for name in ("a.png", "a.jpg", "a.tif", "a.webp"):
        scene(5).save(tmp_path / name, icc_profile=profile)
        assert read(tmp_path / name).picture.size == (96, 96)


def exif_with(kind: int, count: int, value: bytes) -> bytes:
    """EXIF whose only entry is an orientation of that type."""
    return b"Exif\0\0MM\0*\0\0\0\x08\0\1" + struct.pack(">HHI", 0x0112, kind, count) + value + b"\0\0\0\0"


ORIENTATIONS = {
    "text": exif_with(2, 4, b"six\0"),
    "two-numbers": exif_with(3, 2, b"\0\6\0\6"),
    "bytes": exif_with(7, 4, b"\6\0\0\0"),
    "beyond-eight": exif_with(3, 1, b"\0\x2a\0\0"),
    "out-of-the-file": exif_with(3, 90_000, b"\0\6\0\6"),
    "of-no-type": exif_with(99, 1, b"\0\6\0\0"),
    "cut-off": b"Exif\0\0MM\0*\0\0",
    "no-tiff": b"Exif\0\0nonsense",
}


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp"])
@pytest.mark.parametrize("kind", ORIENTATIONS)
def test_an_orientation_that_is_no_number_is_dropped_and_the_picture_kept(
    tmp_path: Path, kind: str, suffix: str
) -> None:
    file = tmp_path / f"a.{suffix}"
    scene(5).crop((0, 0, 96, 48)).save(file, exif=ORIENTATIONS[kind])
    reading = read(file)
    assert reading.size == reading.picture.size == ((48, 96) if kind == "two-numbers" else (96, 48))
    assert set(reading.notes) <= {DAMAGED}
    if kind in ("text", "bytes", "beyond-eight"):
        assert reading.notes == (DAMAGED,)


@pytest.mark.parametrize("kind", [2, 5, 7, 12, 99], ids=["text", "fraction", "bytes", "double", "unknown"])
@pytest.mark.parametrize("compression", ["raw", "tiff_lzw"])
def test_a_tiff_with_an_orientation_of_a_wrong_type_is_read(tmp_path: Path, kind: int, compression: str) -> None:
    file = tmp_path / "a.tif"
    scene(5).crop((0, 0, 96, 48)).save(file, tiffinfo={ExifTags.Base.Orientation: 3}, compression=compression)
    right, wrong = (struct.pack("<HHII", 0x0112, number, 1, 3) for number in (3, kind))
    assert file.read_bytes().count(right) == 1
    file.write_bytes(file.read_bytes().replace(right, wrong))
    reading = read(file)
    assert reading.size == (96, 48)
    assert reading.notes == (() if kind == 99 else (DAMAGED,))


@pytest.mark.parametrize("suffix", ["jpg", "png", "tif", "webp"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_orientation_is_turned_upright(tmp_path: Path, suffix: str, orientation: int) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    half = Image.new("RGB", (40, 24), "black")
    half.paste("red", (0, 0, 12, 12))
    half.save(tmp_path / f"a.{suffix}", exif=exif)
    reading = read(tmp_path / f"a.{suffix}", 4)
    expected = (24, 40) if orientation > 4 else (40, 24)
    assert reading.size == expected
    assert (reading.picture.width > reading.picture.height) == (orientation <= 4)
    across, down = {1: (0, 0), 2: (1, 0), 3: (1, 1), 4: (0, 1), 5: (0, 0), 6: (1, 0), 7: (1, 1), 8: (0, 1)}[orientation]
    corner = reading.picture.getpixel((across * (reading.picture.width - 1), down * (reading.picture.height - 1)))
    assert isinstance(corner, tuple)
    assert corner[0] > 180
    assert corner[1] < 80


@pytest.mark.parametrize("mode", ["1", "L", "P", "PA", "LA", "RGBA", "CMYK", "I;16", "I", "F", "RGB"])
def test_what_is_read_for_a_resolution_is_small_but_large_enough(tmp_path: Path, mode: str) -> None:
    file = tmp_path / ("a.tif" if mode in ("CMYK", "I", "F", "PA") else "a.png")
    grey = np.tile(np.arange(800, dtype=np.float64) / 799, (600, 1))
    if mode in ("I;16", "I"):
        Image.fromarray((grey * 65535).astype(np.uint16 if mode == "I;16" else np.int32)).save(file)
    elif mode == "F":
        Image.fromarray(grey.astype(np.float32)).save(file)
    else:
        Image.fromarray((grey * 255).astype(np.uint8)).convert("RGB").convert(mode).save(file)
    reading = read(file, 64)
    assert (reading.size, reading.picture.mode) == ((800, 600), "RGB")
    assert 192 <= min(reading.picture.size) < 384
    values = np.asarray(reading.picture.convert("L"), dtype=float)
    assert values[:, :20].mean() < 60
    assert values[:, -20:].mean() > 195


MEASURE = """
import sys
from pathlib import Path
from adapters.preparation.reading import read
from adapters.preparation.checking import Choices, look

def peak():
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM")) / 1024

file = Path(sys.argv[1])
read(file.with_name("small.png"), 512)
before = peak()
look(file.parent, Path(file.name), Choices(512))
print(peak() - before)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="peak memory is read from /proc")
def test_a_grey_picture_of_36_megapixels_and_16_bits_needs_little_memory(tmp_path: Path) -> None:
    """It has 72 MB as Pillow holds it; 1 GB would be the same in floating point, twice."""
    scene(1).save(tmp_path / "small.png")
    row = np.linspace(0, 65535, 6000).astype(np.uint16)
    Image.fromarray(np.tile(row, (6000, 1))).save(tmp_path / "large.png", compress_level=1)
    command = [sys.executable, "-c", MEASURE, str(tmp_path / "large.png")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert float(done.stdout) < 250
