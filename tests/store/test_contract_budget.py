"""GitHub's points, shared by all processes through the database."""

from datetime import timedelta
from uuid import uuid4

import pytest

from capture.store.store import Store

pytestmark = pytest.mark.anyio


async def test_bulk_work_leaves_the_last_fifth_to_recent_work(contract: Store) -> None:
    """Until the reset that GitHub's headers named."""
    credential = uuid4().hex
    reset = await contract.server_time() + timedelta(minutes=30)
    await contract.record_budget(
        credential=credential, resource="graphql", cost=1, reserved=0, limit=5000, remaining=1004, reset_at=reset
    )
    assert (await contract.reserve_budget(credential=credential, resource="graphql", points=4, bulk=True)).granted
    refused = await contract.reserve_budget(credential=credential, resource="graphql", points=1, bulk=True)
    assert (refused.granted, refused.wait_until) == (False, reset)
    assert (await contract.reserve_budget(credential=credential, resource="graphql", points=1, bulk=False)).granted


async def test_answers_that_arrive_late_do_not_give_points_back(contract: Store) -> None:
    """Within one window the smallest remainder counts; the next window begins with its own."""
    credential = uuid4().hex
    reset = await contract.server_time() + timedelta(minutes=30)

    async def answer(remaining: int, minutes: int = 0) -> None:
        await contract.record_budget(
            credential=credential, resource="rest", cost=1, reserved=0, limit=5000, remaining=remaining,
            reset_at=reset + timedelta(minutes=minutes),
        )  # fmt: skip

    for remaining in (3, 4):
        await answer(remaining)
    assert not (await contract.reserve_budget(credential=credential, resource="rest", points=4, bulk=False)).granted
    await answer(4999, minutes=60)
    await answer(2)
    assert (await contract.reserve_budget(credential=credential, resource="rest", points=4, bulk=False)).granted


async def test_a_secondary_limit_blocks_every_process_until_its_end(contract: Store) -> None:
    """Also recent work: GitHub would answer nobody."""
    credential = uuid4().hex
    until = await contract.server_time() + timedelta(seconds=60)
    await contract.record_budget(credential=credential, resource="graphql", cost=0, reserved=0, blocked_until=until)
    refused = await contract.reserve_budget(credential=credential, resource="graphql", points=1, bulk=False)
    assert (refused.granted, refused.wait_until) == (False, until)


async def test_bulk_graphql_is_held_to_sixty_server_seconds_a_minute(contract: Store) -> None:
    """Recent work passes."""
    credential = uuid4().hex
    assert (await contract.reserve_budget(credential=credential, resource="graphql", points=1, bulk=True)).granted
    await contract.record_budget(credential=credential, resource="graphql", cost=1, reserved=1, seconds=61.0)
    refused = await contract.reserve_budget(credential=credential, resource="graphql", points=1, bulk=True)
    assert not refused.granted
    assert refused.wait_until is not None
    assert (await contract.reserve_budget(credential=credential, resource="graphql", points=1, bulk=False)).granted
