"""HTML pages that need no other file: pictures lie within them."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from html import escape

from PIL import Image

from adapters.manifest import Manifest
from adapters.reports.pictures import webp

STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
table { border-collapse: collapse } td, th { padding: .3rem .8rem; border-bottom: 1px solid #ccc; text-align: left }
td:nth-child(n+2) { font-variant-numeric: tabular-nums } img { max-width: 100% } pre { overflow-x: auto }
"""


def page(manifest: Manifest, parts: Sequence[str]) -> str:
    """A page about an adapter: its title and what is said of it, then the parts (HTML)."""
    head = f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(manifest.title)}</title>'
    about = (
        f"<p>{escape(manifest.description)}</p><p>Adapter <code>{escape(manifest.name)}</code> ({manifest.kind}) "
        f"on {escape(manifest.base_model)}.</p>"
    )
    return f"{head}<style>{STYLE}</style><h1>{escape(manifest.title)}</h1>{about}{''.join(parts)}</html>\n"


def table(lines: Sequence[Sequence[str]]) -> str:
    """Rows of plain text, the first of them the headings."""
    head, *rest = (tuple(escape(cell) for cell in line) for line in lines)
    top = "".join(f"<th>{cell}</th>" for cell in head)
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in line)}</tr>" for line in rest)
    return f"<table><tr>{top}</tr>{body}</table>"


def image(picture: Image.Image | None, shows: str) -> str:
    """The picture within the page, or nothing; ``shows`` is for those who do not see it."""
    if picture is None:
        return ""
    data = base64.b64encode(webp(picture)).decode()
    return f'<p><img alt="{escape(shows)}" src="data:image/webp;base64,{data}"></p>'
