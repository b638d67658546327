"""The pictures as they were drawn. Telegram recompresses photos; ``as file`` sends what is kept here."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

from bot.jobs.job import Picture

MOST_BYTES = 2 * 1024**3
"""Beyond this the oldest pictures go: some four thousand of 512x512 pixels are kept."""


class PictureStore:
    """A folder of ``JOB-NUMBER.png``."""

    def __init__(self, folder: Path, most_bytes: int = MOST_BYTES) -> None:
        self._folder = folder
        self._most_bytes = most_bytes

    async def keep(self, job_id: str, pictures: Sequence[Picture]) -> None:
        await asyncio.to_thread(self._keep, job_id, [picture.png for picture in pictures])

    async def read(self, job_id: str) -> list[bytes]:
        """The job's pictures in order; none where they had to make room."""
        return await asyncio.to_thread(lambda: [path.read_bytes() for path in self._of(job_id)])

    async def forget(self, job_id: str) -> None:
        await asyncio.to_thread(self._forget, job_id)

    def _forget(self, job_id: str) -> None:
        for path in self._of(job_id):
            path.unlink(missing_ok=True)

    def _of(self, job_id: str) -> list[Path]:
        return sorted(self._folder.glob(f"{job_id}-*.png"))

    def _keep(self, job_id: str, pictures: Sequence[bytes]) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        for number, png in enumerate(pictures):
            (self._folder / f"{job_id}-{number}.png").write_bytes(png)
        self._make_room()

    def _make_room(self) -> None:
        kept = sorted((path.stat().st_mtime, path.stat().st_size, path) for path in self._folder.glob("*.png"))
        surplus = sum(size for _, size, _ in kept) - self._most_bytes
        for _, size, path in kept:
            if surplus <= 0:
                return
            path.unlink()
            surplus -= size
