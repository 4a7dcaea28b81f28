"""The web's pure parts: estimates, words, the age of signatures, the rhythm of registration."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capture.core.eta import Rate, estimate
from capture.core.models import Job
from capture.web.registration import wait_after
from capture.web.signatures import MAX_AGE_SECONDS, too_old
from capture.web.views import progress, scope_text
from capture.web.words import ago, ahead, percent

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
RATES = {"github_actions": Rate(items_per_second=2.0, wait_seconds=30.0)}


def job(**values: Any) -> Job:
    row: dict[str, Any] = {
        "id": UUID(int=1), "job_type": "historical-pr-sync", "owner": "o", "name": "n", "status": "pending",
        "processor_type": "github_actions", "trigger": "manual", "scope_hash": "x", "created_at": NOW,
        "updated_at": NOW,
    }  # fmt: skip
    return Job.model_validate(row | values)


@pytest.mark.parametrize(
    ("values", "seconds", "basis"),
    [
        ({"items_total": 100}, 30 + 50, "the pace of the last seven days"),
        ({"items_total": 100, "status": "processing", "items_done": 10, "executed_by": "github_actions",
          "started_at": NOW - timedelta(seconds=10)}, 45, "the pace of the last seven days"),
        ({"items_total": 100, "status": "processing", "items_done": 50, "started_at": NOW - timedelta(seconds=100)},
         100, "the job's own pace"),
        ({"items_total": 10, "status": "deferred", "next_attempt_at": NOW + timedelta(hours=1)}, 3605,
         "the pace of the last seven days"),
        ({"max_items": 20}, 30 + 10, "the pace of the last seven days"),
        ({}, None, "the number of items is not known yet"),
        ({"items_total": 10, "processor_type": "inngest"}, None, "nothing was measured yet"),
        ({"items_total": 10, "status": "deferred", "deferred_reason": "stopped"}, None, "it waits: stopped"),
    ],
)  # fmt: skip
def test_an_estimate_rests_on_the_jobs_own_pace_or_on_measured_ones(
    values: dict[str, Any], seconds: float | None, basis: str
) -> None:
    guess = estimate(job(**values), RATES, NOW)  # pyright: ignore[reportArgumentType]
    assert guess is not None
    assert guess.basis == basis
    assert guess.done_at == (None if seconds is None else NOW + timedelta(seconds=seconds))


def test_an_ended_job_has_no_estimate() -> None:
    assert estimate(job(status="completed", completed_at=NOW), RATES, NOW) is None  # pyright: ignore[reportArgumentType]


@given(done=st.integers(0, 10_000), total=st.integers(0, 10_000), elapsed=st.floats(-1e6, 1e6))
def test_an_estimate_never_lies_in_the_past(done: int, total: int, elapsed: float) -> None:
    running = job(status="processing", items_done=done, items_total=total, started_at=NOW - timedelta(seconds=elapsed))
    guess = estimate(running, RATES, NOW)  # pyright: ignore[reportArgumentType]
    assert guess is not None
    assert guess.done_at is None or guess.done_at >= NOW


@pytest.mark.parametrize(
    ("values", "share"),
    [
        ({}, None),
        ({"items_total": 4, "items_done": 1}, 0.25),
        ({"items_total": 4, "items_done": 9}, 1.0),
        ({"status": "completed", "completed_at": NOW, "items_total": 0}, 1.0),
    ],
)
def test_progress_is_a_share_and_never_more_than_all(values: dict[str, Any], share: float | None) -> None:
    assert progress(job(**values)) == share


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({}, "whole history"),
        ({"time_range_days": 30, "max_items": 1000}, "last 30 days, at most 1,000 items"),
        ({"numbers": [1, 2]}, "#1, #2"),
        ({"numbers": [1, 2, 3, 4, 5, 6, 7]}, "#1, #2, #3, #4, #5 and 2 more"),
        ({"since": NOW - timedelta(days=1)}, "2026-11-26 12:00 to now"),
    ],
)
def test_a_scope_is_shown_in_words(values: dict[str, Any], text: str) -> None:
    assert scope_text(job(**values)) == text


@pytest.mark.parametrize(
    ("seconds", "past", "future"),
    [
        (0, "just now", "any moment"),
        (45, "45 s ago", "in 45 s"),
        (600, "10 min ago", "in 10 min"),
        (3900, "1 h 5 min ago", "in 1 h 5 min"),
        (200_000, "2 days ago", "in 2 days"),
    ],
)
def test_times_read_as_a_person_says_them(seconds: float, past: str, future: str) -> None:
    assert ago(NOW - timedelta(seconds=seconds), NOW) == past
    assert ahead(NOW + timedelta(seconds=seconds), NOW) == future


def test_a_success_rate_with_a_failure_never_reads_100_percent() -> None:
    assert [percent(value) for value in (None, 1.0, 0.99999, 0.5)] == ["–", "100 %", "99.9 %", "50 %"]


@pytest.mark.parametrize(
    ("header", "old"),
    [
        (f"t={1000 - MAX_AGE_SECONDS}&s=x", False),
        (f"t={1000 - MAX_AGE_SECONDS - 1}&s=x", True),
        (f"t={1000 + MAX_AGE_SECONDS + 1}&s=x", True),
        ("s=x", True),
        ("t=soon&s=x", True),
        ("t=&s=x", True),
        (None, True),
    ],
)
def test_a_signature_is_believed_for_five_minutes_and_only_with_a_time(header: str | None, old: bool) -> None:
    assert too_old(header, 1000.0) is old


def test_registration_is_tried_after_1_2_4_seconds_and_repeated_after_five_minutes() -> None:
    assert [wait_after(failures) for failures in (1, 2, 3, 7, 500, 0)] == [1, 2, 4, 60, 60, 300]
