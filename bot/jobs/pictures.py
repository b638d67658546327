"""The finished pictures as they were drawn. Platforms recompress and shrink; "As a file" sends what is kept here."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Sequence
from pathlib import Path

from bot.jobs.job import Picture

SURPLUS = 20
"""One part in so many may be kept beyond the limit, so that the folder is seldom gone through."""

log = logging.getLogger(__name__)


class PictureStore:
    """A folder of ``JOB-NUMBER.png``; beyond ``most`` pictures the oldest go."""

    def __init__(self, folder: Path, most: int) -> None:
        self._folder = folder
        self._most = most
        self._count: int | None = None
        self._lock = threading.Lock()

    def adopt(self, folder: Path) -> None:
        """Takes over the pictures of an earlier release, which kept Telegram's alone, in this folder."""
        if not folder.is_dir() or self._folder.exists():
            return
        try:
            folder.rename(self._folder)
        except OSError as error:
            log.warning("the pictures in %s are not taken over: %s", folder, error)

    async def keep(self, job_id: str, pictures: Sequence[Picture]) -> None:
        """A disk that is full or cannot be written costs the files, never the delivery."""
        try:
            await asyncio.to_thread(self._keep, job_id, [picture.png for picture in pictures])
        except OSError as error:
            log.warning("pictures of job %s are not kept: %s", job_id, error)

    async def read(self, job_id: str) -> list[bytes]:
        """The job's pictures in order; none if they had to make room."""
        return await asyncio.to_thread(lambda: [path.read_bytes() for path in self._files(job_id)])

    async def forget(self, job_id: str) -> None:
        await asyncio.to_thread(self._forget, job_id)

    def _files(self, job_id: str) -> list[Path]:
        return sorted(self._folder.glob(f"{job_id}-*.png"))

    def _forget(self, job_id: str) -> None:
        with self._lock:
            self._remove(self._files(job_id))

    def _keep(self, job_id: str, pngs: Sequence[bytes]) -> None:
        if not self._most:
            return
        with self._lock:
            self._folder.mkdir(parents=True, exist_ok=True)
            if self._count is None:
                self._count = sum(1 for _ in self._folder.glob("*.png"))
            for number, png in enumerate(pngs):
                path = self._folder / f"{job_id}-{number}.png"
                self._count += not path.exists()
                path.write_bytes(png)
            if self._count > self._most + self._most // SURPLUS:
                self._make_room()

    def _make_room(self) -> None:
        """Looks at every file; happens once in many deliveries."""
        kept = sorted(self._folder.glob("*.png"), key=lambda path: path.stat().st_mtime_ns)
        self._count = len(kept)
        self._remove(kept[: max(0, len(kept) - self._most)])

    def _remove(self, paths: Sequence[Path]) -> None:
        for path in paths:
            path.unlink(missing_ok=True)
            if self._count is not None:
                self._count -= 1
