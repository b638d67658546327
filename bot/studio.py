"""The use case: accept a command, have it drawn, hand it to the member. Knows no platform."""

from __future__ import annotations

from bot.courier import Courier
from bot.job import Job
from bot.request import DrawRequest, Origin, Platform


class Studio:
    """One per bot process; owns a task for every job that is not finished."""

    def attach(self, platform: Platform, courier: Courier) -> None:
        """From now on ``courier`` delivers this platform's jobs."""
        raise NotImplementedError

    async def recover(self, platform: Platform) -> int:
        """Take up what was accepted and not delivered before a restart; call once the platform is connected."""
        raise NotImplementedError

    async def submit(self, origin: Origin, request: DrawRequest) -> Job:
        """Accept the request and start drawing; returns at once. Raises ``bot.errors.Refused``."""
        raise NotImplementedError

    async def again(self, origin: Origin, job_id: str) -> Job:
        """The request of an earlier job with a new seed (the button). Raises ``bot.errors.Refused``."""
        raise NotImplementedError

    async def cancel(self, origin: Origin, job_id: str | None = None) -> list[Job]:
        """Cancel that job of this member, or all of them; returns those that were stopped."""
        raise NotImplementedError

    async def job(self, job_id: str) -> Job | None:
        """The job with this public id."""
        raise NotImplementedError

    async def wait(self, job_id: str) -> Job:
        """The job once it is in a terminal state and its courier was told."""
        raise NotImplementedError

    async def close(self, grace: float) -> None:
        """Stop accepting; give running jobs ``grace`` seconds; what is left is taken up by the next start."""
        raise NotImplementedError
