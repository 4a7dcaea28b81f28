"""The answer to "can I use this data today?": every reason for no or for doubt, and none of them taken for a yes."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from expectations.report.verdict import Standing, judge, overall

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
GOOD = Standing("acme/rocket", "active", "passed", NOW - timedelta(hours=2), NOW - timedelta(hours=3), 0)


@pytest.mark.parametrize(
    ("standing", "answer", "words"),
    [
        (GOOD, "yes", "complete and validated"),
        (replace(GOOD, run_status="failed"), "no", "critical defects"),
        (replace(GOOD, run_status="error"), "unknown", "could not be completed"),
        (replace(GOOD, run_status=None, validated_at=None), "unknown", "never been validated"),
        (replace(GOOD, open_gaps=1), "no", "1 gap is"),
        (replace(GOOD, open_gaps=2), "no", "2 gaps are"),
        (replace(GOOD, validated_at=NOW - timedelta(hours=37)), "unknown", "37 hours old"),
        (replace(GOOD, listed_at=NOW - timedelta(days=4)), "unknown", "4 days old"),
        (replace(GOOD, listed_at=None), "unknown", "never been read"),
        (replace(GOOD, access="gone"), "unknown", "gone"),
        (replace(GOOD, run_status="error", open_gaps=5), "unknown", "could not be completed"),
    ],
)
def test_a_repository_is_usable_only_if_it_was_validated_lately_and_nothing_is_open(
    standing: Standing, answer: str, words: str
) -> None:
    verdict = judge(standing, NOW)
    assert verdict.answer == answer
    assert words in verdict.reason


def test_all_is_well_only_if_every_repository_is() -> None:
    yes, no, unknown = (judge(replace(GOOD, run_status=status), NOW) for status in ("passed", "failed", "error"))
    assert overall({"a/a": yes, "b/b": yes}).answer == "yes"
    assert overall({"a/a": yes, "b/b": unknown}).answer == "unknown"
    assert overall({"a/a": yes, "b/b": unknown, "c/c": no}).answer == "no"
    assert "c/c" in overall({"a/a": yes, "b/b": unknown, "c/c": no}).reason


def test_without_any_repository_nobody_can_tell() -> None:
    assert overall({}).answer == "unknown"
