"""Manifests, repositories and plans, the same over every transport and Postgres version."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from capture.core.models import Chunk, Row
from capture.core.store_values import ManifestCommitted
from capture.store.store import Store
from tests.store.conftest import Place
from tests.store.make import T0, Work, claimed, listed, person, pull_request, reading, scan, unique_id, working

pytestmark = pytest.mark.anyio


async def commit(store: Store, work: Work, scan_row: Row, items: list[Row], **more: Any) -> ManifestCommitted:
    """A page of a listing of this repository."""
    repository = {"github_id": work.github_id, "owner": work.claim.job.owner, "name": work.claim.job.name}
    return await store.commit_manifest(work.job, work.claim.lease_token, repository, scan_row, items, **more)


def gone(place: Place, work: Work, table: str = "pull_request_manifest") -> list[int]:
    """Numbers that are marked deleted."""
    with psycopg.connect(place.dsn, autocommit=True) as connection:
        query = f"select number from {table} where repository_id = %s and deleted_at is not null order by number"
        return [number for (number,) in connection.execute(query, (work.repository,)).fetchall()]  # type: ignore[arg-type]


async def test_a_listing_is_committed_page_by_page_and_a_repeated_page_counts_once(contract: Store) -> None:
    """The scan's row says how far it is."""
    work = await working(contract)
    first = await commit(
        contract, work, scan(pages=1, complete=False, total_count=3, cursor="a"), [listed(1), listed(2)]
    )
    last = scan(id=first.scan_id, pages=2, total_count=3)
    for _ in range(2):
        second = await commit(contract, work, last, [listed(3)])
    assert (first.written, second.unchanged) == (2, 1)
    assert second.scan_id == first.scan_id
    items = await contract.plan_page(work.repository)
    assert [item["number"] for item in items] == [3, 2, 1]
    repository = await contract.get_repository(work.repository)
    assert repository is not None
    assert repository["pull_requests_total"] == 3


async def test_a_complete_full_scan_marks_what_it_did_not_see_and_a_later_sight_clears_it(
    place: Place, contract: Store
) -> None:
    """In the manifest and in what is captured; a scan that listed less than GitHub's total proves nothing."""
    work = await working(contract, items=3)
    await work.commit(Chunk(people=[person()], pull_requests=[pull_request(n) for n in (1, 2, 3)]))
    now = await contract.server_time() + timedelta(seconds=1)
    short = await commit(contract, work, scan(started_at=now, total_count=3), [listed(1)])
    assert (short.deleted, gone(place, work)) == (0, [])
    honest = await commit(contract, work, scan(started_at=now, total_count=1), [listed(1)])
    assert (honest.deleted, gone(place, work), gone(place, work, "pull_requests")) == (2, [2, 3], [2, 3])
    assert [item["number"] for item in await contract.plan_page(work.repository)] == [1]
    await commit(contract, work, scan(kind="window", total_count=3), [listed(2)])
    assert (gone(place, work), gone(place, work, "pull_requests")) == ([3], [3])


async def test_numbers_that_do_not_exist_are_marked(place: Place, contract: Store) -> None:
    """As GitHub answered for them by name."""
    work = await working(contract, items=2)
    await commit(contract, work, scan(kind="numbers"), [listed(1)], gone=[2])
    assert gone(place, work) == [2]


async def test_an_older_listing_does_not_overwrite_and_an_absent_count_is_kept(contract: Store) -> None:
    """What a listing did not ask for is not zero."""
    work = await working(contract)
    await commit(contract, work, scan(), [listed(1, reviews=5, updated_at=T0 + timedelta(hours=2))])
    stale = await commit(contract, work, scan(kind="window"), [listed(1, reviews=4)])
    newer = listed(1, updated_at=T0 + timedelta(hours=3))
    del newer["reviews"]
    await commit(contract, work, scan(kind="window"), [newer])
    (item,) = await contract.plan_page(work.repository)
    assert stale.stale == 1
    assert item["reviews"] == 5
    assert datetime.fromisoformat(item["updated_at"]) == T0 + timedelta(hours=3)


async def test_a_plan_says_what_is_stored_and_is_read_page_by_page(contract: Store) -> None:
    """Newest first, by window or numbers, to an empty page."""
    work = await working(contract, items=5)
    chunk = Chunk(people=[person()], pull_requests=[pull_request(4)], lists=[reading(4, "reviews", 0)])
    await work.commit(chunk)
    items = await contract.plan_page(work.repository, limit=2)
    while page := await contract.plan_page(
        work.repository, limit=2, after=(items[-1]["updated_at"], items[-1]["number"])
    ):
        items += page
    assert [item["number"] for item in items] == [5, 4, 3, 2, 1]
    assert [item["stored"] for item in items] == [False, True, False, False, False]
    (state,) = items[1]["lists"]
    assert (state["list"], state["number"], state["complete"], state["captured"]) == ("reviews", 4, True, 0)
    window = await contract.plan_page(work.repository, since=T0 + timedelta(minutes=2), until=T0 + timedelta(minutes=3))
    assert [item["number"] for item in window] == [3, 2]
    assert [item["number"] for item in await contract.plan_page(work.repository, numbers=[1, 5, 99])] == [5, 1]
    assert await contract.plan_page(work.repository, numbers=[]) == []


async def test_a_rename_is_recorded_and_a_reused_name_belongs_to_the_new_holder(contract: Store) -> None:
    """GitHub's id is the identity; upper and lower case are one name."""
    owner, old, new = f"o-{uuid4().hex[:8]}", "tools", "toolbox"

    async def list_as(github_id: int, name: str) -> Work:
        claim = await claimed(contract)
        repository = {"github_id": github_id, "owner": owner, "name": name}
        committed = await contract.commit_manifest(claim.job.id, claim.lease_token, repository, scan(), [])
        return Work(contract, claim, committed.repository_id, github_id)

    first = await list_as(unique_id(), old)
    await list_as(first.github_id, new)
    renamed = await contract.get_repository(first.repository)
    assert renamed is not None
    assert (renamed["full_name"], renamed["previous_names"]) == (f"{owner}/{new}", [f"{owner}/{old}"])
    usurper = await list_as(unique_id(), new)
    holder = await contract.find_repository(owner.upper(), new)
    assert holder is not None
    assert holder["id"] == str(usurper.repository)
    assert await contract.find_repository(owner, old) is None


async def test_access_and_tracking_are_recorded(contract: Store) -> None:
    """An unknown repository is answered as unknown, unless its identity comes along."""
    work = await working(contract)
    assert await contract.set_access(owner=work.claim.job.owner, name=work.claim.job.name, access="gone", reason="404")
    repository = await contract.get_repository(work.repository)
    assert repository is not None
    assert (repository["access"], repository["access_reason"]) == ("gone", "404")
    await commit(contract, work, scan(), [])
    again = await contract.get_repository(work.repository)
    assert again is not None
    assert again["access"] == "active"
    name = uuid4().hex
    assert not await contract.set_access(owner="nobody", name=name, access="gone")
    assert await contract.track_repository(owner="nobody", name=name) is None
    made = await contract.track_repository(owner="nobody", name=name, github_id=unique_id())
    assert made in [key_of(row) async for row in contract.all_repositories(tracked=True)]
    assert made is not None
    await contract.track_repository(repository_id=made, tracked=False)
    assert made not in [key_of(row) async for row in contract.all_repositories(tracked=True)]


def key_of(row: Row) -> UUID:
    """The key of a row."""
    return UUID(row["id"])
