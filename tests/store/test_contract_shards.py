"""What shards of one job prove, the same over every transport and Postgres version."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from capture.core.models import Claim
from capture.store.store import Store
from tests.store.conftest import Place
from tests.store.make import T0, new_job, scan, unique_id

pytestmark = pytest.mark.anyio


async def shards_of(contract: Store) -> tuple[UUID, list[Claim]]:
    """A repository, and two claimed shards of one job that have written to it."""
    jobs = [new_job(is_parent=True), new_job(parent=0, shard=1, shards=2), new_job(parent=0, shard=2, shards=2)]
    _, *shards = await contract.submit_jobs(jobs)
    claims = [await contract.claim_job(shard.id, "local", f"shard {shard.id}") for shard in shards]
    row = {"github_id": unique_id(), "owner": "octo", "name": f"repo-{uuid4().hex[:12]}"}
    taken = [claim for claim in claims if isinstance(claim, Claim)]
    for claim in taken:
        listing = await contract.commit_manifest(claim.job.id, claim.lease_token, row, scan(), [])
    return listing.repository_id, taken


def proved(place: Place, repository: UUID) -> tuple[list[Any], list[Any]]:
    """The watermark, and what is recorded as covered."""
    with psycopg.connect(place.dsn, autocommit=True) as connection:
        marks = connection.execute("select watermark from repositories where id = %s", (repository,)).fetchall()
        covered = connection.execute(
            "select since, until, covered from capture_coverage where repository_id = %s order by until", (repository,)
        ).fetchall()
    return [mark for (mark,) in marks], covered


@pytest.mark.parametrize("order", ["first", "second", "at once"])
async def test_shards_prove_their_window_together_up_to_the_earliest_of_their_listings(
    place: Place, contract: Store, order: str
) -> None:
    """What changed between their listings may belong to the one that listed earlier. Ending at once does not matter."""
    repository, claims = await shards_of(contract)

    async def finish(claim: Claim, hours: int) -> None:
        listed_at = T0 + timedelta(hours=hours)
        coverage = [{"processor": "local", "since": None, "until": listed_at, "items": 9}]
        await contract.finish_job(claim.job.id, claim.lease_token, "completed", watermark=listed_at, coverage=coverage)

    if order == "at once":
        await asyncio.gather(finish(claims[0], 1), finish(claims[1], 2))
    else:
        ordered = list(zip(claims, (1, 2), strict=True))
        for claim, hours in ordered if order == "first" else reversed(ordered):
            assert proved(place, repository) == ([None], [])
            await finish(claim, hours)
    earliest = T0 + timedelta(hours=1)
    assert proved(place, repository) == ([earliest], [(None, earliest, True)])


async def test_a_shard_that_is_tried_again_without_its_siblings_proves_nothing(place: Place, contract: Store) -> None:
    """Its listing is younger than theirs."""
    repository, claims = await shards_of(contract)
    given = {"watermark": T0, "coverage": [{"processor": "local", "since": None, "until": T0, "items": 9}]}
    await contract.finish_job(claims[0].job.id, claims[0].lease_token, "completed", **given)
    await contract.finish_job(claims[1].job.id, claims[1].lease_token, "failed", "forbidden", "no access")
    repeated = await contract.retry_job(claims[1].job.parent_id or claims[1].job.id)
    (child,) = await contract.children(repeated.id)
    again = await contract.claim_job(child.id, "local", "again")
    assert isinstance(again, Claim)
    await contract.finish_job(child.id, again.lease_token, "completed", **given)
    assert proved(place, repository) == ([None], [])
