"""Pictures as files that Discord takes: the PNG itself where it fits, a smaller rendering of it where not."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass

import discord
from PIL import Image

from bot.jobs.job import Job, Picture

REQUEST_LIMIT = 24 * 1024 * 1024
"""Bytes of all files of one message; Discord takes 25 MiB a request."""
QUALITIES = (95, 85, 70)
ALT_MAX = 1024
USER_COMMENT = 0x9286
"""EXIF tag that keeps the parameters where there is no PNG text chunk."""
EXIF_IFD = 0x8769


@dataclass(frozen=True, slots=True)
class Upload:
    """One file of a message; ``note`` is its alternative text."""

    name: str
    data: bytes
    note: str

    def file(self) -> discord.File:
        """A fresh one for each attempt: sending consumes it."""
        return discord.File(io.BytesIO(self.data), filename=self.name, description=self.note)


def stem(job: Job) -> str:
    """How the names of a job's finished pictures start."""
    return f"sanggar-{job.id}"


def uploads(job: Job, pictures: Sequence[Picture], limit: int) -> list[Upload]:
    """The pictures as files of at most ``limit`` bytes each, together no more than one request takes."""
    each = min(limit, REQUEST_LIMIT // max(1, len(pictures)))
    return [upload(job, picture, each) for picture in pictures]


def upload(job: Job, picture: Picture, limit: int) -> Upload:
    ending, data = fit(picture, limit)
    return Upload(f"{stem(job)}-{picture.seed}.{ending}", data, job.request.prompt[:ALT_MAX])


def originals(job: Job, pngs: Sequence[bytes]) -> list[Upload]:
    """The files as they were drawn."""
    names = [f"{stem(job)}-{job.seed + number}.png" for number in range(len(pngs))]
    return [Upload(name, png, job.request.prompt[:ALT_MAX]) for name, png in zip(names, pngs, strict=True)]


def fit(picture: Picture, limit: int) -> tuple[str, bytes]:
    """The kind of file and its bytes. JPEG of falling quality, then of half the size, until it fits."""
    if len(picture.png) <= limit:
        return "png", picture.png
    with Image.open(io.BytesIO(picture.png)) as opened:
        image = opened.convert("RGB")
    while True:
        for quality in QUALITIES:
            data = jpeg(image, quality, picture.parameters)
            if len(data) <= limit or max(image.size) <= 64:
                return "jpg", data
        image = image.resize((max(1, image.width // 2), max(1, image.height // 2)), Image.Resampling.LANCZOS)


def jpeg(image: Image.Image, quality: int, parameters: str) -> bytes:
    exif = Image.Exif()
    exif.get_ifd(EXIF_IFD)[USER_COMMENT] = b"UNICODE\0" + parameters.encode("utf-16-be")
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality, exif=exif)
    return buffer.getvalue()
