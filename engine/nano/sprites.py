"""Fetch Iconify's emoji sets with npm and draw the icons of each concept as small transparent pictures."""

import json
import shutil
import subprocess
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image

from engine.nano.concepts import Concept

SETS = ("noto", "fluent-emoji-flat", "noto-v1", "twemoji", "emojione")  #: the sets, the preferred ones first
SIDE = 128  #: drawn height and width of an icon, pixels


class SpritesMissingError(RuntimeError):
    """The icon sets are not here and cannot be fetched; the message says what to install."""


def fetch_sets(cache: Path) -> dict[str, Any]:
    """Iconify's JSON of every set, installed into ``cache`` with npm the first time."""
    folder = cache / "node_modules" / "@iconify-json"
    missing = [name for name in SETS if not (folder / name / "icons.json").exists()]
    if missing:
        npm = shutil.which("npm")
        packages = [f"@iconify-json/{name}" for name in missing]
        if npm is None:
            wanted = ", ".join(packages)
            raise SpritesMissingError(f"npm is not installed; install Node.js, or put {wanted} under {folder.parent}")
        cache.mkdir(parents=True, exist_ok=True)
        command = [npm, "install", "--no-audit", "--no-fund", "--prefix", str(cache), *packages]
        if subprocess.run(command, check=False).returncode:
            raise SpritesMissingError(f"npm could not fetch {', '.join(packages)}; try again where it can")
    return {name: json.loads((folder / name / "icons.json").read_text()) for name in SETS}


def draw_icon(icon_set: dict[str, Any], name: str) -> Image.Image | None:
    """One icon, cropped to what it shows; ``None`` if the set lacks it or it is a framed scene."""
    try:
        import resvg_py  # noqa: PLC0415  only training needs it
    except ImportError as error:
        raise SpritesMissingError("resvg_py is not installed; `make dev` installs what training needs") from error
    icon = icon_set["icons"].get(name)
    if icon is None:
        return None
    left, top = (icon.get(key, icon_set.get(key, 0)) for key in ("left", "top"))
    width, height = (icon.get(key, icon_set.get(key, 16)) for key in ("width", "height"))
    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'viewBox="{left} {top} {width} {height}">{icon["body"]}</svg>'
    )
    drawn = bytes(resvg_py.svg_to_bytes(svg_string=svg, width=SIDE, height=SIDE))
    picture = Image.open(BytesIO(drawn)).convert("RGBA")
    alpha = picture.getchannel("A").point(lambda value: 255 if value > 24 else 0)
    box = alpha.getbbox()
    if box is None:
        return None
    filled = alpha.crop(box).histogram()[255] / ((box[2] - box[0]) * (box[3] - box[1]))
    return picture.crop(box) if filled < 0.985 else None


def draw_concept(sets: dict[str, Any], concept: Concept) -> list[Image.Image]:
    """The first usable sprites of a concept: three for those that are shown most, two for the others."""
    drawn = [draw_icon(sets[name], icon) for name in SETS if name not in concept.left_out for icon in concept.icons]
    return [sprite for sprite in drawn if sprite is not None][: 3 if concept.weight >= 3 else 2]
