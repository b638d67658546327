"""What was measured on a card, written down as it comes: whatever happens next, it is on the disk."""

from __future__ import annotations

import gc
import json
import os
import platform
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch

Figures = dict[str, Any]
PACKAGES = ("torch", "diffusers", "transformers", "peft", "accelerate", "safetensors", "torchsde", "triton", "numpy")


@dataclass(frozen=True)
class Case:
    """One measurement."""

    name: str
    needs: float
    """Seconds on a card, a guess; where fewer are left, it is skipped."""
    run: Callable[[], Figures]


@dataclass
class Record:
    """A JSON file of cases, each done, failed or skipped."""

    file: Path
    budget: float
    """Seconds in all."""
    environment: Figures
    cases: dict[str, Figures] = field(default_factory=dict)
    begun: float = field(default_factory=time.perf_counter)

    @property
    def seconds(self) -> float:
        """Seconds since the start."""
        return time.perf_counter() - self.begun

    def take(self, case: Case) -> None:
        """Measure the case and write down what came of it; an error of the case is a result as well."""
        left = self.budget - self.seconds
        if left < case.needs:
            reason = f"needs about {case.needs:.0f} s, {max(0.0, left):.0f} s are left"
            self._put(case.name, {"state": "skipped", "reason": reason})
            return
        self.say(f"{case.name} ...")
        begun = time.perf_counter()
        try:
            outcome = {"state": "done", **case.run()}
        except Exception as error:
            lines = traceback.format_exc().splitlines()
            outcome = {"state": "failed", "error": f"{type(error).__name__}: {error}"[:2000], "traceback": lines[-40:]}
        self._put(case.name, {"seconds": round(time.perf_counter() - begun, 2), **outcome})
        gc.collect()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()

    def say(self, line: str) -> None:
        """Print a line with the seconds since the start."""
        print(f"[{self.seconds:6.1f} s] {line}", flush=True)

    def write(self) -> None:
        """The file is always whole: a new one takes the place of the old."""
        whole = {"environment": self.environment, "seconds": round(self.seconds, 1), "cases": self.cases}
        self.file.parent.mkdir(parents=True, exist_ok=True)
        fresh = self.file.with_name(self.file.name + ".new")
        fresh.write_text(json.dumps(whole, indent=1) + "\n", encoding="utf-8")
        os.replace(fresh, self.file)

    def _put(self, name: str, outcome: Figures) -> None:
        self.cases[name] = outcome
        self.write()
        self.say(f"{name}: {summary(outcome)}")


def summary(outcome: Figures) -> str:
    """The state and every figure that is a single number or word, in a line."""
    told = [
        f"{key} {value:.4g}" if isinstance(value, float) else f"{key} {value}"
        for key, value in outcome.items()
        if key != "state" and not isinstance(value, list | dict)
    ]
    return ", ".join([str(outcome["state"]), *told])


def environment(*, rehearsal: bool) -> Figures:
    """Where and with what the figures are taken."""
    card = torch.cuda.is_available()
    figures = {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "rehearsal": rehearsal,
        "card": torch.cuda.get_device_name() if card else None,
        "processor": platform.processor() or platform.machine(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "versions": {name: found for name in PACKAGES if (found := installed(name))},
    }
    if card:
        properties = torch.cuda.get_device_properties()
        figures |= {
            "card_bytes": properties.total_memory,
            "multiprocessors": properties.multi_processor_count,
            "compute_capability": f"{properties.major}.{properties.minor}",
            "cuda": torch.version.cuda,
            "cudnn": torch.backends.cudnn.version(),  # type: ignore[no-untyped-call]
        }
    return figures


def installed(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
