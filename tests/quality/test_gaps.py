"""The ledger of gaps: each found once, repaired once, closed when filled, accepted when GitHub itself is at fault."""

from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from capture.core.gaps import datasets_of, repairs_of
from capture.core.models import DATASETS
from capture.core.request import CaptureRequest
from capture.settings import Settings
from capture.usecases.reconcile import queue_repairs, reconcile
from capture.wiring import open_store

KINDS = ("pull_request", "stale", "reviews", "inline_comments", "conversation_comments", "file_changes")


def gap(number: int, kind: str, name: str = "rocket") -> dict[str, Any]:
    """A gap as the database answers it."""
    return {"id": str(uuid4()), "owner": "acme", "name": name, "number": number, "kind": kind, "repository_id": "r"}


@given(st.lists(st.tuples(st.integers(1, 3000), st.sampled_from(KINDS), st.sampled_from(("rocket", "lander")))))
def test_every_gap_is_in_exactly_one_repair_and_no_repair_asks_for_more(found: list[tuple[int, str, str]]) -> None:
    gaps = [gap(number, kind, name) for number, kind, name in found]
    repairs = repairs_of(gaps)
    assert sorted(str(i) for r in repairs for i in r.gap_ids) == sorted(g["id"] for g in gaps)
    for repair in repairs:
        own = [g for g in gaps if g["name"] == repair.request.name]
        assert set(repair.request.numbers or ()) <= {g["number"] for g in own}
        assert repair.request.trigger == "repair"


@pytest.mark.parametrize(
    ("kinds", "datasets"),
    [
        (["reviews"], ("reviews",)),
        (["inline_comments", "conversation_comments"], ("comments",)),
        (["file_changes", "reviews"], ("reviews", "file_changes")),
        (["reviews", "pull_request"], DATASETS),
        (["stale"], DATASETS),
    ],
)
def test_a_repair_asks_for_the_datasets_that_lack_something(kinds: list[str], datasets: tuple[str, ...]) -> None:
    assert datasets_of([gap(1, kind) for kind in kinds]) == datasets


@pytest.mark.anyio
async def test_a_gap_gets_one_job_however_often_somebody_reconciles(clean: str) -> None:
    damage(
        clean, "delete from reviews where pull_request_id in (select id from pull_requests where number in (31, 34))"
    )
    async with open_store(Settings.model_validate({"database_url": clean})) as store:
        first = await queue_repairs(store, None)
        second = await queue_repairs(store, None)
        jobs = [job for job in await store.list_jobs(status="pending") if job.trigger == "repair"]
    assert (first.found, first.opened, second.found, second.opened) == (4, 4, 4, 0)
    assert (len(first.jobs), second.jobs) == (2, [])
    assert {(job.name, job.numbers, job.datasets) for job in jobs} == {
        ("rocket", (31, 34), ("reviews",)),
        ("lander", (31, 34), ("reviews",)),
    }


@pytest.mark.anyio
async def test_a_filled_gap_is_closed_and_its_list_was_marked_to_be_read_again(clean: str) -> None:
    damage(clean, "create table kept as select * from reviews where github_id % 5 = 0")
    damage(clean, "delete from reviews where github_id % 5 = 0")
    async with open_store(Settings.model_validate({"database_url": clean})) as store:
        found = (await store.reconcile_rows()).found
        unread = rows(clean, "select list, captured = expected from pull_request_lists where not complete")
        damage(clean, "insert into reviews select * from kept")
        after = await store.reconcile_rows()
    assert unread == [("reviews", False)] * found
    assert (after.found, after.repaired, after.gaps) == (0, found, ())


@pytest.mark.anyio
async def test_what_three_repairs_did_not_find_is_accepted_as_hidden_at_github(clean: str) -> None:
    damage(
        clean, "delete from reviews where pull_request_id = (select id from pull_requests where number = 31 limit 1)"
    )

    async with open_store(Settings.model_validate({"database_url": clean})) as store:

        async def ask(request: CaptureRequest) -> UUID:
            """A repair which ends well and finds nothing new."""
            ((job,),) = rows(
                clean,
                "insert into progressive_capture_jobs (job_type, owner, name, processor_type, trigger, scope_hash,"
                " status, started_at, completed_at) values ('reconcile', 'acme', 'rocket', 'inngest', 'repair', 'r',"
                " 'completed', now(), now()) returning id",
            )
            return job

        rounds = [await reconcile(store, ask) for _ in range(4)]
        quiet = await reconcile(store, ask)
    assert [len(one.jobs) for one in rounds] == [1, 1, 1, 0]
    assert [one.accepted for one in rounds] == [0, 0, 0, 1]
    assert (quiet.found, quiet.jobs) == (0, [])
    assert rows(clean, "select repairs, reason like 'three repairs%' from capture_gaps") == [(3, True)]


@pytest.mark.anyio
async def test_an_accepted_gap_is_open_again_when_github_counts_differently(clean: str) -> None:
    damage(
        clean, "delete from reviews where pull_request_id = (select id from pull_requests where number = 31 limit 1)"
    )
    async with open_store(Settings.model_validate({"database_url": clean})) as store:
        await store.reconcile_rows()
        damage(clean, "update capture_gaps set accepted_at_source = now()")
        accepted = await store.reconcile_rows()
        damage(clean, "update pull_request_manifest set reviews = 5 where number = 31")
        changed = await store.reconcile_rows()
    assert (accepted.found, changed.found) == (0, 2)


@pytest.mark.anyio
async def test_a_pull_request_that_is_gone_at_github_closes_its_gap(clean: str) -> None:
    damage(clean, "update pull_requests set deleted_at = now() where number = 31")
    async with open_store(Settings.model_validate({"database_url": clean})) as store:
        found = (await store.reconcile_rows()).found
        damage(clean, "update pull_request_manifest set deleted_at = now() where number = 31")
        after = await store.reconcile_rows()
    assert (found, after.repaired, after.found) == (2, 2, 0)
    assert rows(clean, "select distinct reason from capture_gaps") == [("gone at GitHub",)]


def damage(dsn: str, statement: str) -> None:
    """Change the database behind everybody's back."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(statement)  # type: ignore[arg-type]


def rows(dsn: str, query: str) -> list[tuple[Any, ...]]:
    """Look at, or put into, the database."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        return connection.execute(query).fetchall()  # type: ignore[arg-type]
