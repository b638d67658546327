"""What a member asks for, and where the answer goes: plain values that every frontend builds and the journal keeps."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DrawRequest:
    """The options of one drawing command. ``None`` means: the style's default.

    style: name of a style, without the slash.
    seed: 0 .. 2**32 - 1; None draws a fresh random one when the job is accepted.
    guidance_scale: 2 .. 30. steps: 1 .. 100. count: 1 .. 4 pictures, drawn with seed, seed + 1, ...
    size: a key of ``bot.commands.table.SIZES``. sampler: a key of ``engine.protocol.SAMPLERS``.
    """

    style: str
    prompt: str
    negative: str | None = None
    seed: int | None = None
    guidance_scale: float | None = None
    steps: int | None = None
    count: int = 1
    size: str | None = None
    sampler: str | None = None
