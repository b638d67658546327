"""The engine over HTTP: one stream for each job, retried while the engine restarts."""

from __future__ import annotations

from engine.protocol import AdapterInfo, Health, ModelInfo


class EngineClient:
    async def health(self) -> Health:
        """One attempt; raises ``engine.errors.EngineError``."""
        raise NotImplementedError

    async def adapters(self) -> tuple[AdapterInfo, ...]:
        """What the engine can draw with; at most some seconds old. Raises ``engine.errors.EngineError``."""
        raise NotImplementedError

    async def models(self) -> tuple[ModelInfo, ...]:
        """The loaded models. Raises ``engine.errors.EngineError``."""
        raise NotImplementedError
