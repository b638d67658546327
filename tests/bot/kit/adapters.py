"""Adapters as an engine tells of them."""

from __future__ import annotations

from engine.protocol import AdapterInfo, StyleInfo

SHIPPED = {"kancil": 1.0, "retro": 1.0, "landscape": 1.0}
"""Those that declare the style of their name, and at which weight."""


def style(command: str, frame: str = "{prompt}, soft lines", weight: float = 0.7) -> StyleInfo:
    return StyleInfo(command=command, frame=frame, weight=weight, description=f"Draw as {command}")


def adapter(
    name: str, *, usable: bool = True, base_model: str = "nano", declares: StyleInfo | None = None
) -> AdapterInfo:
    shipped = style(name, weight=SHIPPED[name]) if name in SHIPPED else None
    return AdapterInfo(
        name=name,
        kind="lora",
        base_model=base_model,
        prediction_type="v_prediction",
        title=name.title(),
        rank=8,
        sha256="0" * 64,
        style=declares or shipped,
        usable=usable,
        reason="" if usable else "another model",
    )
