"""The script for the day there is a card, rehearsed at its smallest; what it writes down where something goes wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks.gpu_calls import kind_of
from benchmarks.gpu_record import Case, Figures, Record
from benchmarks.gpu_run import REHEARSAL, Bench, cases, main


def rehearse(file: Path, *names: str) -> dict[str, Any]:
    main(["--rehearse", "--json", str(file), *(word for name in names for word in ("--only", name))])
    found: dict[str, Any] = json.loads(file.read_text())
    assert found["environment"]["rehearsal"]
    assert [outcome["state"] for outcome in found["cases"].values()] == ["done"] * len(names), found["cases"]
    return dict(found["cases"])


@pytest.mark.timeout(600)
def test_nanos_pictures_are_the_pipelines_with_loras_and_dreambooth_in_one_batch(tmp_path: Path) -> None:
    found = rehearse(tmp_path / "gpu.json", "nano-float32")["nano-float32"]
    assert (found["failures"], found["largest"] <= 1) == (0, True)
    assert {row["adapter"] for row in found["by_sampler"].values()} == {None, "kancil", "landscape", "retro"}


@pytest.mark.timeout(600)
def test_the_full_sizes_cases_run_small(tmp_path: Path) -> None:
    found = rehearse(tmp_path / "gpu.json", "peaks", "build", "samplers", "calls", "served-2", "profile")
    assert set(found["samplers"]["host_milliseconds"]) > {"ddim", "unipc"}
    assert {row["adapters"] for row in found["calls"]["table"]} == {True, False}
    assert found["served-2"]["ours_failures"] == 0
    assert 1 <= found["served-2"]["ours_rows_a_call"] <= 4
    assert {"convolutions", "matrix products", "adapters", "attention"} <= set(found["profile"]["share_by_kind"])


def test_every_case_has_a_name_of_its_own(tmp_path: Path) -> None:
    names = [case.name for case in cases(Bench(REHEARSAL, tmp_path))]
    assert len(names) == len(set(names))
    assert {"peaks", "nano-bfloat16", "waits", "served-1", "profile", "compile-2", "compiled-1"} <= set(names)


def test_a_failure_is_written_down_and_the_next_case_goes_on(tmp_path: Path) -> None:
    def fail() -> Figures:
        raise RuntimeError("no such kernel")

    record = Record(tmp_path / "deep" / "gpu.json", 100.0, {})
    record.take(Case("broken", 1, fail))
    assert json.loads(record.file.read_text())["cases"]["broken"]["error"] == "RuntimeError: no such kernel"
    record.take(Case("whole", 1, lambda: {"speed": 2.0}))
    found = json.loads(record.file.read_text())["cases"]
    assert (found["broken"]["state"], found["whole"]["state"], found["whole"]["speed"]) == ("failed", "done", 2.0)
    assert [file.name for file in record.file.parent.iterdir()] == ["gpu.json"]


def test_what_no_longer_fits_the_time_is_skipped_and_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    record = Record(tmp_path / "gpu.json", 10.0, {})
    record.take(Case("long", 20, dict))
    record.take(Case("short", 1, dict))
    assert [outcome["state"] for outcome in record.cases.values()] == ["skipped", "done"]
    assert "long: skipped, reason needs about 20 s" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("operation", "kind"),
    [
        ("aten::baddbmm", "adapters"),
        ("aten::cudnn_convolution", "convolutions"),
        ("aten::addmm", "matrix products"),
        ("aten::_flash_attention_forward", "attention"),
        ("aten::native_group_norm", "norms"),
        ("aten::copy_", "copies"),
        ("aten::silu", "other"),
    ],
)
def test_operations_have_kinds(operation: str, kind: str) -> None:
    assert kind_of(operation) == kind
