"""Estimates before a capture, held against what the capture then costs."""

import pytest

from capture.core.estimate import cost_of, estimate
from capture.core.models import ManifestItem
from capture.store.store import Store
from capture.usecases.estimate import plan_capture
from tests.engine.rig import rig
from tests.support.sandbox import start_sandbox

REPOSITORIES = [("workload", 400, 1), ("mixed", 300, 2), ("bare", 500, 3), ("mixed", 700, 4), ("mixed", 40, 5)]


@pytest.mark.slow
@pytest.mark.anyio
@pytest.mark.parametrize(("shape", "pull_requests", "seed"), REPOSITORIES)
async def test_the_estimate_is_within_a_quarter_and_its_range_holds_the_truth(
    store: Store, database_url: str, shape: str, pull_requests: int, seed: int
) -> None:
    with start_sandbox("--shape", shape, pull_requests=pull_requests, seed=seed) as github:
        async with rig(store, database_url, github) as engine:
            _, planned = await plan_capture(engine.tools.github, github.owner, github.name)
            assert github.stats()["requests"] <= 3
            github.reset_stats()
            await engine.sync()
            measured = github.stats()
        truth = sum(github.truth().values())
    for figure, real in (
        (planned.requests, measured["requests"]),
        (planned.points, measured["points"]),
        (planned.rows, truth),
    ):
        print(shape, pull_requests, figure, real)
        assert abs(figure.value - real) <= 0.25 * real + 2
        assert figure.low - 2 <= real <= figure.high + 2


@pytest.mark.slow
@pytest.mark.anyio
async def test_files_that_github_does_not_count_are_within_the_range(store: Store, database_url: str) -> None:
    with start_sandbox("--shape", "heavy", pull_requests=20) as github:
        async with rig(store, database_url, github) as engine:
            _, planned = await plan_capture(engine.tools.github, github.owner, github.name)
            github.reset_stats()
            await engine.sync()
        assert planned.requests.low <= github.stats()["requests"] <= planned.requests.high
        assert planned.rows.low <= sum(github.truth().values()) <= planned.rows.high


def item(number: int) -> ManifestItem:
    from datetime import UTC, datetime

    moment = datetime(2026, 1, 1, tzinfo=UTC)
    return ManifestItem(number, f"PR_{number}", number, moment, moment, 3, None, 2, 8, 5)


def test_an_empty_repository_costs_one_listing_page() -> None:
    nothing = estimate(0, [[]], listing_seconds=0.2)
    assert (nothing.requests.value, nothing.rows.value, nothing.shards) == (1, 0, 1)


def test_a_long_history_costs_as_much_for_each_item_as_a_short_one() -> None:
    sample = [item(number) for number in range(100)]
    assert cost_of(100_000, sample).requests == pytest.approx(100 * cost_of(1_000, sample).requests, rel=0.25)


def test_more_points_than_an_hour_has_take_more_hours() -> None:
    sample = [item(number) for number in range(100)]
    long = estimate(200_000, [sample], listing_seconds=0.1)
    assert long.minutes.value >= 60 * (long.points.value // 4_000)
    assert long.shards == 4
