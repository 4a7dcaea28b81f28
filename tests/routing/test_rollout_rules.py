"""Who takes part in bulk processing."""

import random
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capture.core.rollout import Rollout, band, bucket, eligible, rollback_due

CHANCE = random.Random(20261127)
IDS = [CHANCE.randrange(1, 2**40) for _ in range(10_000)]


def share(**configuration: object) -> float:
    """How many percent of 10,000 repositories take part."""
    rollout = Rollout(**configuration)  # type: ignore[arg-type]
    return 100 * sum(eligible(rollout, github_id, 500)[0] for github_id in IDS) / len(IDS)


def test_at_zero_percent_nobody_takes_part() -> None:
    assert share(percentage=0) == 0


@pytest.mark.parametrize("percentage", [10, 50])
def test_the_share_is_within_one_and_a_half_points(percentage: float) -> None:
    assert abs(share(percentage=percentage) - percentage) < 1.5


def test_at_a_hundred_percent_everybody_takes_part() -> None:
    assert share(percentage=100) == 100


@given(st.integers(1, 2**62), st.floats(0, 100), st.floats(0, 100))
def test_raising_the_percentage_never_drops_a_repository(github_id: int, one: float, other: float) -> None:
    low, high = sorted((one, other))
    if eligible(Rollout(percentage=low), github_id)[0]:
        assert eligible(Rollout(percentage=high), github_id)[0]


def test_the_place_of_a_repository_never_changes() -> None:
    assert [bucket(github_id) for github_id in (1, 2, 1296269, 2**40)] == [2913, 2446, 6646, 1618]


def test_exclusion_beats_inclusion_beats_the_strategy() -> None:
    both = Rollout(percentage=0, included=frozenset({1, 2}), excluded=frozenset({2}))
    assert [eligible(both, github_id)[0] for github_id in (1, 2, 3)] == [True, False, False]
    assert eligible(Rollout(percentage=100, excluded=frozenset({7})), 7) == (False, "the repository is excluded")


def test_with_a_whitelist_the_percentage_does_not_matter() -> None:
    rollout = Rollout(percentage=100, strategy="whitelist", included=frozenset({5}))
    assert [eligible(rollout, github_id)[0] for github_id in (5, 6)] == [True, False]


@pytest.mark.parametrize(
    ("percentage", "most"),
    [(0, None), (9, None), (10, 10), (15, 10), (24, 10), (25, 100), (50, 1000), (74, 1000), (75, 10_000), (80, 10_000)],
)
def test_size_bands_begin_at_their_percentage_and_hold_until_the_next(percentage: float, most: int | None) -> None:
    rollout = Rollout(percentage=percentage, strategy="repository_size")
    inside = [total for total in (0, 10, 11, 100, 101, 1000, 1001, 10_000, 10_001) if eligible(rollout, 1, total)[0]]
    assert inside == [
        total for total in (0, 10, 11, 100, 101, 1000, 1001, 10_000) if most is not None and total <= most
    ]


def test_an_unknown_size_counts_as_the_largest() -> None:
    assert band(None) == "enterprise"
    assert not eligible(Rollout(percentage=99, strategy="repository_size"), 1, None)[0]
    assert eligible(Rollout(percentage=100, strategy="repository_size"), 1, None)[0]


def test_a_repository_that_was_never_seen_takes_part_only_where_everybody_does() -> None:
    assert eligible(Rollout(percentage=100), None)[0]
    assert not eligible(Rollout(percentage=99.99), None)[0]
    assert not eligible(Rollout(percentage=100, excluded=frozenset({1})), None)[0]


@pytest.mark.parametrize(
    ("completed", "failed", "due"),
    [(0, 0, False), (0, 10, False), (0, 11, True), (10, 1, True), (19, 1, False), (18, 1, True), (95, 5, False),
     (94, 6, True)],
)  # fmt: skip
def test_more_than_five_percent_of_more_than_ten_jobs_roll_back(completed: int, failed: int, due: bool) -> None:
    assert (rollback_due(Rollout(), completed, failed) is not None) is due


def test_no_rollback_where_it_is_switched_off_or_has_happened() -> None:
    assert rollback_due(Rollout(auto_rollback=False), 0, 100) is None
    assert rollback_due(Rollout(stopped_at=datetime(2026, 1, 1, tzinfo=UTC)), 0, 100) is None
