"""The journal of jobs: every change of a job is written here before anyone is told."""

from __future__ import annotations

import json
import logging
import secrets
import sqlite3
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Any

from pydantic import ValidationError

from bot.commands.request import DrawRequest
from bot.jobs.job import NEXT_STATES, TERMINAL_STATES, Job, State
from bot.members.limits import Limits
from bot.members.origin import JsonObject, Origin, Platform
from bot.storage.database import Connection, Database
from bot.storage.stored import revive
from bot.styles.style import ResolvedStyle
from engine.protocol import UsedParameters

CROCKFORD = "0123456789abcdefghjkmnpqrstvwxyz"
"""Base 32 without the letters that are taken for digits."""
ID_LENGTH = 8
BY_KEY = "SELECT * FROM jobs WHERE platform = :platform AND idempotency_key = :key"
MISREAD = str.maketrans("ilo", "110")


log = logging.getLogger(__name__)


class IllegalTransition(Exception):
    """A mistake of ours: the job is in no state from which it could go there."""


class Journal:
    """Jobs in SQLite. ``clock`` gives seconds since the epoch."""

    def __init__(self, database: Database, limits: Limits, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._limits = limits
        self._clock = clock

    async def accept(
        self, origin: Origin, request: DrawRequest, seed: int, style: ResolvedStyle, key: str | None = None
    ) -> Job:
        """Takes the pictures from the member's allowance and writes the job, together; raises Refused.

        key: what makes a command of this platform the same when it comes twice; the job that it became is returned.
        """
        job = Job(new_id(), origin, request, seed, style, State.ACCEPTED, self._clock())
        async with self._database.transaction() as connection:
            if key is not None:
                rows = await connection.execute_fetchall(BY_KEY, {"platform": origin.platform, "key": key})
                for row in rows:
                    return _job(row)
            await self._limits.take(connection, origin.platform, origin.user, request.count)
            await _insert(connection, job, key)
        return job

    async def accepted(self, platform: Platform, key: str) -> Job | None:
        """The job that was accepted under this key."""
        rows = await self._database.rows(BY_KEY, {"platform": platform, "key": key})
        return _job(rows[0]) if rows else None

    async def move(self, job: Job, state: State, *, reason: str = "", message: str = "", refund: bool = False) -> Job:
        """The job in its next state; ``job.used`` and ``job.fallback`` are written along.

        refund: gives its pictures back to the member in the same transaction.
        """
        moved = replace(job, state=state, reason=reason, message=message)
        async with self._database.transaction() as connection:
            [row] = await connection.execute_fetchall("SELECT state, charged FROM jobs WHERE id = ?", (job.id,))
            if state not in NEXT_STATES[State(row["state"])]:
                raise IllegalTransition(f"job {job.id}: {row['state']} to {state}")
            if refund and row["charged"]:
                await self._limits.give_back(connection, job.origin.platform, job.origin.user, row["charged"])
            charged = 0 if refund else row["charged"]
            await connection.execute(
                "UPDATE jobs SET state = ?, reason = ?, message = ?, used = ?, fallback = ?,"
                " charged = ?, changed_at = ? WHERE id = ?",
                (state, reason, message, _used_json(job.used), job.fallback, charged, self._clock(), job.id),
            )
        return moved

    async def get(self, job_id: str) -> Job | None:
        """The job with this public id, however a member spelled it."""
        rows = await self._database.rows("SELECT * FROM jobs WHERE id = :id", {"id": normal_id(job_id)})
        return _job(rows[0]) if rows else None

    async def unfinished(self, platform: Platform) -> list[Job]:
        """A platform's jobs in no terminal state, oldest first."""
        ends = ", ".join(f"'{state}'" for state in sorted(TERMINAL_STATES))
        rows = await self._database.rows(
            f"SELECT * FROM jobs WHERE platform = :platform AND state NOT IN ({ends}) ORDER BY created_at, id",
            {"platform": platform},
        )
        return [job for row in rows if (job := _readable(row))]

    async def move_answer(self, job_id: str, address: JsonObject) -> None:
        """The job's answer stands at another address from now on."""
        async with self._database.transaction() as connection:
            await connection.execute("UPDATE jobs SET address = ? WHERE id = ?", (json.dumps(address), job_id))

    async def move_place(self, platform: Platform, old: str, new: str) -> None:
        """The jobs of a place whose id changed."""
        async with self._database.transaction() as connection:
            await connection.execute("UPDATE jobs SET place = ? WHERE platform = ? AND place = ?", (new, platform, old))


def new_id() -> str:
    """A fresh public id: 40 random bits."""
    return "".join(secrets.choice(CROCKFORD) for _ in range(ID_LENGTH))


def normal_id(text: str) -> str:
    """An id as we write it, from one as people do (``#0K3V-...``, O for 0, l for 1)."""
    return text.strip().lstrip("#").replace("-", "").lower().translate(MISREAD)


async def _insert(connection: Connection, job: Job, key: str | None) -> None:
    values: dict[str, Any] = {
        **asdict(job.origin),
        "address": json.dumps(job.origin.address),
        "id": job.id,
        "idempotency_key": key,
        "request": json.dumps(asdict(job.request)),
        "seed": job.seed,
        **asdict(job.style),
        "state": job.state,
        "charged": job.request.count,
        "created_at": job.created_at,
        "changed_at": job.created_at,
    }
    marks = ", ".join(f":{name}" for name in values)
    await connection.execute(f"INSERT INTO jobs ({', '.join(values)}) VALUES ({marks})", values)


def _readable(row: sqlite3.Row) -> Job | None:
    """The job of a row; None if another release wrote what this one cannot read: the other jobs go on."""
    try:
        return _job(row)
    except (TypeError, ValueError):
        log.exception("job %s cannot be read and is left as it is", row["id"])
        return None


def _job(row: sqlite3.Row) -> Job:
    origin = Origin(row["platform"], row["place"], row["user"], row["locale"], json.loads(row["address"]))
    request = revive(DrawRequest, json.loads(row["request"]))
    return Job(
        id=row["id"],
        origin=origin,
        request=request,
        seed=row["seed"],
        style=ResolvedStyle(row["adapter"], row["weight"], row["frame"]),
        state=State(row["state"]),
        created_at=row["created_at"],
        reason=row["reason"],
        message=row["message"],
        used=_used(row["used"]),
        fallback=row["fallback"],
    )


def _used_json(used: UsedParameters | None) -> str | None:
    return used.model_dump_json() if used else None


def _used(text: str | None) -> UsedParameters | None:
    """None also for what a later or earlier release wrote in a way that this one cannot read."""
    try:
        return UsedParameters.model_validate_json(text) if text else None
    except ValidationError:
        return None
