"""Takes out of a PNG or a JPEG what is not the picture, so that damage there does not stop its being read."""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Iterator

PNG = b"\x89PNG\r\n\x1a\n"
JPEG = b"\xff\xd8"
NEEDED = (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND")
"""Chunks of a PNG without which the picture is not the same."""
ADOBE = 12
"""Bytes of an APP14 segment of Adobe, which says how the colours are stored."""


def without_metadata(data: bytes) -> bytes:
    """The same picture without texts, profiles and EXIF; nothing if the data is no PNG or JPEG."""
    if data.startswith(PNG):
        return PNG + b"".join(_chunks(data))
    if data.startswith(JPEG):
        return JPEG + b"".join(_segments(data))
    return b""


def _chunks(data: bytes) -> Iterator[bytes]:
    """The chunks that are needed; one that claims a wrong length is passed over up to the picture's data."""
    place = len(PNG)
    while place + 12 <= len(data):
        (length,) = struct.unpack_from(">I", data, place)
        end = place + 12 + length
        kind = data[place + 4 : place + 8]
        if kind in NEEDED:
            yield data[place:end]
        elif not _ends_well(data, place, end):
            following = data.find(b"IDAT", place + 8)
            end = following - 4 if following > 0 else len(data)
        place = end


def _ends_well(data: bytes, place: int, end: int) -> bool:
    """Whether the chunk's checksum is right, or at least another chunk follows it."""
    right = end <= len(data) and zlib.crc32(data[place + 4 : end - 4]) == int.from_bytes(data[end - 4 : end])
    return right or re.fullmatch(rb"[A-Za-z]{4}", data[end + 4 : end + 8]) is not None


def _segments(data: bytes) -> Iterator[bytes]:
    """The segments that are needed, then everything from the start of the scan on."""
    place = len(JPEG)
    while place + 4 <= len(data) and data[place] == 0xFF:
        marker = data[place + 1]
        if marker == 0xFF:
            place += 1
            continue
        if marker == 0xDA:
            yield data[place:]
            return
        end = place + 2 + int.from_bytes(data[place + 2 : place + 4])
        colours = marker == 0xEE and end - place - 4 >= ADOBE
        if colours or not (0xE0 <= marker <= 0xEF or marker == 0xFE):
            yield data[place:end]
        place = end
