"""Pictures of reports as small files."""

from __future__ import annotations

from io import BytesIO

from PIL import Image

QUALITY = 80
"""WebP quality of drawn pictures; 100 is the best."""
FEW_COLOURS = 4096
"""A picture with no more is a plot: without loss it is both smaller and sharper."""


def webp(picture: Image.Image) -> bytes:
    """The picture as WebP: a plot without loss, anything else at ``QUALITY``."""
    picture = picture.convert("RGB")
    plot, buffer = picture.getcolors(FEW_COLOURS) is not None, BytesIO()
    picture.save(buffer, "WEBP", lossless=plot, quality=QUALITY)
    return buffer.getvalue()
