"""How long a job will take, and when to come back."""

from __future__ import annotations

import pytest

from engine.batch.throughput import ENOUGH, ThroughputForecast, Work


def queue(*rows: int) -> list[Work]:
    """Jobs of as many users."""
    return [Work(f"user {number}", one) for number, one in enumerate(rows)]


def test_before_a_step_was_measured_nothing_is_foretold() -> None:
    assert ThroughputForecast().eta(0, queue(10)) == (None, None)


def test_each_of_the_others_is_given_as_many_rows_as_the_job_itself() -> None:
    pace = ThroughputForecast()
    pace.measure(rows=4, seconds=2.0)
    assert pace.forecast(0, queue(10)) == pytest.approx(5.0)
    assert pace.forecast(1, queue(100, 10, 3)) == pytest.approx((10 + 10 + 3) * 0.5)


def test_older_jobs_of_the_same_user_go_first_and_later_ones_do_not_count() -> None:
    pace = ThroughputForecast()
    pace.measure(rows=1, seconds=1.0)
    jobs = [Work("ani", 10), Work("budi", 100), Work("ani", 5), Work("citra", 4), Work("ani", 50)]
    assert pace.forecast(2, jobs) == pytest.approx(10 + 5 + 15 + 4)


def test_what_comes_after_the_last_step_is_counted() -> None:
    pace = ThroughputForecast()
    pace.measure(rows=1, seconds=1.0)
    pace.measure_decode(3.0)
    assert pace.forecast(0, queue(0)) == pytest.approx(3.0)
    assert pace.forecast(0, queue(2)) == pytest.approx(5.0)


def test_the_estimate_follows_the_speed_of_the_steps() -> None:
    pace = ThroughputForecast()
    pace.measure(rows=1, seconds=1.0)
    for _ in range(100):
        pace.measure(rows=2, seconds=4.0)
    assert pace.forecast(0, queue(1)) == pytest.approx(2.0, rel=0.01)


def test_median_and_slowest_tenth_are_learnt_from_jobs_that_ended() -> None:
    pace = ThroughputForecast()
    pace.measure(rows=1, seconds=1.0)
    assert pace.eta(0, queue(6)) == (6.0, 12.0)
    for index in range(2 * ENOUGH):
        pace.learn(predicted_seconds=10.0, seconds=30.0 if index % 2 else 10.0)
    median, p90 = pace.eta(0, queue(6))
    assert median == pytest.approx(12.0)
    assert p90 == pytest.approx(18.0)


@pytest.mark.parametrize(("rows", "seconds"), [(0, 1.0), (80, 10.0), (100_000, 60.0)])
def test_one_who_is_sent_away_comes_back_when_an_eighth_is_drawn(rows: int, seconds: float) -> None:
    pace = ThroughputForecast()
    pace.measure(rows=1, seconds=1.0)
    assert pace.retry_after(queue(rows)) == seconds
