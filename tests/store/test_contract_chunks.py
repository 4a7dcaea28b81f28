"""Committing chunks, the same over every transport and Postgres version."""

from datetime import timedelta
from typing import Any

import psycopg
import pytest

from capture.core.errors import Fenced, StoreError
from capture.core.models import Chunk, Claim, Written
from capture.store.store import Store
from tests.store.conftest import Place
from tests.store.make import (
    T0,
    Work,
    claimed,
    comment,
    file_change,
    person,
    pull_request,
    reading,
    review,
    unique_id,
    whole,
    working,
)

pytestmark = pytest.mark.anyio


def rows(place: Place, query: str, *values: Any) -> list[tuple[Any, ...]]:
    """What the tables hold."""
    with psycopg.connect(place.dsn, autocommit=True) as connection:
        return connection.execute(query, values).fetchall()  # type: ignore[arg-type]


def title(place: Place, work: Work, number: int = 1) -> Any:
    """A stored title."""
    ((found,),) = rows(
        place, "select title from pull_requests where repository_id = %s and number = %s", work.repository, number
    )
    return found


async def test_a_chunk_lands_with_its_rows_counters_cursor_and_metrics(place: Place, contract: Store) -> None:
    """And the same chunk again writes nothing."""
    work = await working(contract)
    chunk = whole(1, base=unique_id())
    first = await work.commit(
        chunk, cursor={"page": 2}, items_done=1, items_total=4, metrics={"requests": 2}, key="chunk-1"
    )
    assert first == Written(written=6, unchanged=0, stale=0, deleted=0)
    assert await work.commit(chunk, items_done=1, key="chunk-2") == Written(written=0, unchanged=6, stale=0, deleted=0)
    job = await contract.get_job(work.job)
    assert job is not None
    assert (job.items_done, job.items_total, job.rows_written) == (2, 4, 6)
    assert (job.cursor, job.metrics) == ({"page": 2}, {"requests": 2})
    assert job.first_row_at is not None
    assert rows(
        place, "select count(*) from comments c join pull_requests p on p.id = c.pull_request_id"
        " where p.repository_id = %s", work.repository,
    ) == [(2,)]  # fmt: skip


async def test_a_repeated_commit_of_one_key_counts_once(contract: Store) -> None:
    """A host that replays a step does not count its items twice."""
    work = await working(contract)
    for _ in range(3):
        await work.commit(whole(1, base=unique_id()), items_done=1, metrics={"requests": 5}, key="step-1")
    job = await contract.get_job(work.job)
    assert job is not None
    assert (job.items_done, job.metrics) == (1, {"requests": 5})


async def test_a_late_worker_leaves_no_row_behind(place: Place, contract: Store) -> None:
    """Paused past its lease, resumed after another took over: refused, and the data is the second worker's."""
    late = await working(contract, lease=0.0)
    second = await contract.claim_job(late.job, "local", "second")
    assert isinstance(second, Claim)
    taken = Work(contract, second, late.repository, late.github_id)
    await taken.commit(Chunk(people=[person()], pull_requests=[pull_request(1, title="second")]))
    with pytest.raises(Fenced):
        await late.commit(Chunk(people=[person()], pull_requests=[pull_request(1, title="late"), pull_request(2)]))
    assert title(place, late) == "second"
    assert rows(place, "select count(*) from pull_requests where repository_id = %s", late.repository) == [(1,)]


async def test_an_older_version_never_overwrites_a_newer_one(place: Place, contract: Store) -> None:
    """It counts as stale, for the pull request and for each of its records."""
    work = await working(contract)
    base = unique_id()
    newer = T0 + timedelta(hours=1)
    for at, words in ((newer, "new"), (T0, "old")):
        chunk = Chunk(
            people=[person()],
            pull_requests=[pull_request(1, title=words, updated_at=at)],
            reviews=[review(1, base, body=words, updated_at=at)],
            comments=[comment(1, base, body=words, updated_at=at)],
        )
        written = await work.commit(chunk)
    assert written == Written(written=0, unchanged=0, stale=3)
    assert title(place, work) == "new"
    assert rows(place, "select body from reviews where github_id = %s", base) == [("new",)]
    assert rows(place, "select body from comments where github_id = %s", base) == [("new",)]


async def test_an_absent_column_is_left_alone_and_a_null_is_stored(place: Place, contract: Store) -> None:
    """Absent is not null, and neither is zero."""
    work = await working(contract)
    await work.commit(Chunk(people=[person()], pull_requests=[pull_request(1, body="kept", additions=120)]))
    later = pull_request(1, title="renamed", updated_at=T0 + timedelta(hours=1), additions=None)
    del later["body"]
    await work.commit(Chunk(people=[person()], pull_requests=[later]))
    assert rows(
        place, "select title, body, additions, labels from pull_requests where repository_id = %s", work.repository
    ) == [("renamed", "kept", None, ["bug"])]


async def test_a_list_read_to_its_end_marks_what_is_missing_and_a_later_sight_revives_it(
    place: Place, contract: Store
) -> None:
    """Only a reading that is not older than the last one may do so."""
    work = await working(contract)
    base = unique_id()

    async def read(names: list[int], hours: int, **columns: Any) -> Written:
        chunk = whole(1, base=base)
        chunk.reviews = [review(1, base + offset) for offset in names]
        chunk.lists = [reading(1, "reviews", len(names), T0 + timedelta(hours=hours), **columns)]
        return await work.commit(chunk)

    def deleted() -> list[bool]:
        query = "select deleted_at is not null from reviews where github_id in (%s, %s) order by github_id"
        return [found for (found,) in rows(place, query, base, base + 1)]

    await read([0, 1], 1)
    assert (await read([0], 2)).deleted == 1
    assert deleted() == [False, True]
    assert (await read([0, 1], 1)).stale == 2
    assert deleted() == [False, True]
    assert (await read([0, 1], 3)).written == 1
    assert deleted() == [False, False]
    assert (await read([0], 4, complete=False)).deleted == 0
    assert (await read([0], 5, complete=False, truncated=True)).deleted == 0
    assert deleted() == [False, False]
    assert (await read([], 6)).deleted == 2


async def test_a_late_reading_adds_what_is_missing_as_deleted(place: Place, contract: Store) -> None:
    """The younger reading was complete and did not have it, so it is gone; but it was there, and that is kept."""
    work = await working(contract)
    base = unique_id()
    young, old = whole(1, base=base, at=T0 + timedelta(hours=1)), whole(1, base=base)
    young.reviews.pop()
    await work.commit(young)
    old.file_changes.append(file_change(1, "src/gone.py"))
    await work.commit(old)
    query = "select deleted_at is not null from reviews where github_id in (%s, %s) order by github_id"
    assert rows(place, query, base, base + 1) == [(False,), (True,)]
    query = (
        "select path, f.deleted_at is not null from file_changes f join pull_requests p on p.id = f.pull_request_id"
        " where p.repository_id = %s order by path"
    )
    assert rows(place, query, work.repository) == [("src/a.py", False), ("src/gone.py", True)]


async def test_equal_ids_of_both_kinds_of_comments_are_two_comments(place: Place, contract: Store) -> None:
    """They are two id spaces at GitHub."""
    work = await working(contract)
    identity = unique_id()
    rows_of = [comment(1, identity, body="inline"), comment(1, identity, "conversation", body="conversation")]
    await work.commit(Chunk(people=[person()], pull_requests=[pull_request(1)], comments=rows_of))
    query = "select kind, body from comments where github_id = %s order by kind"
    assert rows(place, query, identity) == [("conversation", "conversation"), ("inline", "inline")]


async def test_an_old_sight_does_not_bring_back_an_old_login(place: Place, contract: Store) -> None:
    """Logins change hands; the account's id does not. Absent profile fields are kept."""
    work = await working(contract)
    identity = unique_id()

    async def see(login: str, hours: int, **columns: Any) -> None:
        account = person(identity, login=login, **columns)
        row = pull_request(1, author_key=account["key"])
        lists = [reading(1, "file_changes", 0, T0 + timedelta(hours=hours))]
        await work.commit(Chunk(people=[account], pull_requests=[row], lists=lists))

    await see("first", 1, avatar_url="https://avatars.example/1")
    await see("second", 3)
    await see("first", 2)
    query = "select login, avatar_url from contributors where github_id = %s"
    assert rows(place, query, identity) == [("second", "https://avatars.example/1")]


async def test_texts_survive_as_they_are_but_for_nul_which_is_counted(place: Place, contract: Store) -> None:
    """65,536 characters, emoji, CRLF, quotes and backslashes; a lone surrogate is replaced and counted, too."""
    work = await working(contract)
    body = ("😀é\r\n\\u0000 \"quoted\" '%s'\t" * 3000)[:65_533]
    sent = pull_request(1, body=f"\0{body}\0\ud800", title="Ü" * 1188)
    await work.commit(Chunk(people=[person()], pull_requests=[sent]), metrics={"requests": 1})
    query = "select body, title from pull_requests where repository_id = %s"
    assert rows(place, query, work.repository) == [(f"{body}�", "Ü" * 1188)]
    job = await contract.get_job(work.job)
    assert job is not None
    assert job.metrics == {"requests": 1, "characters_removed": 3}


async def test_every_kind_of_author_is_stored_under_its_identity(place: Place, contract: Store) -> None:
    """Deleted users share the ghost; accounts without a number go by their node id."""
    work = await working(contract)
    identity = unique_id()
    people = [
        person(identity, key=f"bot:{identity}", kind="bot", login="dependabot[bot]"),
        person(identity, key=f"mannequin:{identity}", kind="mannequin"),
        {"key": f"enterprise:E_{identity}", "kind": "enterprise", "node_id": f"E_{identity}", "login": "name_corp"},
        {"key": "ghost", "kind": "ghost", "login": "ghost"},
    ]
    authors = [one["key"] for one in people]
    chunk = Chunk(people=people, pull_requests=[pull_request(n, author_key=key) for n, key in enumerate(authors, 1)])
    await work.commit(chunk)
    query = "select author_key from pull_requests where repository_id = %s order by number"
    assert [key for (key,) in rows(place, query, work.repository)] == authors


async def test_observations_keep_the_newest_version_per_processor(place: Place, contract: Store) -> None:
    """A shadow job stores observations alone."""
    work = await working(contract)

    def seen(hours: int, words: str, processor: str = "inngest") -> dict[str, Any]:
        return {
            "number": 1, "processor": processor, "record_kind": "pull_requests", "record_key": "1",
            "source_updated_at": T0 + timedelta(hours=hours), "fields": {"title": words}, "reason": "shadow",
        }  # fmt: skip

    for observation in (seen(2, "new"), seen(1, "old"), seen(1, "other", "github_actions")):
        await work.commit(Chunk(observations=[observation]))
    query = "select processor, fields ->> 'title' from capture_observations where repository_id = %s order by 1"
    assert rows(place, query, work.repository) == [("github_actions", "other"), ("inngest", "new")]


async def test_rows_without_their_pull_request_are_a_bug_and_nothing_is_kept(place: Place, contract: Store) -> None:
    """The people of the same chunk are not kept either."""
    work = await working(contract)
    identity = unique_id()
    with pytest.raises(StoreError, match="not stored"):
        await work.commit(Chunk(people=[person(identity)], reviews=[review(9, identity)]))
    assert rows(place, "select 1 from contributors where github_id = %s", identity) == []
    assert (await contract.heartbeat(work.job, work.claim.lease_token)).ok


async def test_a_chunk_beyond_the_size_of_a_call_lands_in_whole_pull_requests(place: Place, contract: Store) -> None:
    """Counters and cursor land once."""
    work = await working(contract)
    chunk = Chunk(people=[person()])
    for number in range(1, 13):
        chunk.pull_requests.append(pull_request(number, body="x" * 400_000))
        chunk.file_changes.append(file_change(number, "src/a.py"))
        chunk.lists.append(reading(number, "file_changes", 1))
    written = await work.commit(chunk, items_done=12, metrics={"requests": 1})
    assert written == Written(written=24, unchanged=0, stale=0)
    job = await contract.get_job(work.job)
    assert job is not None
    assert (job.items_done, job.metrics) == (12, {"requests": 1})
    assert rows(place, "select count(*) from pull_requests where repository_id = %s", work.repository) == [(12,)]


async def test_no_call_is_taken_whose_argument_is_not_an_object(contract: Store) -> None:
    """A call that writes nothing must not look like a success, however its argument was encoded on the way."""
    await claimed(contract)
    with pytest.raises(StoreError, match="must be a JSON object"):
        await contract.transport.call("commit_chunk", [1, 2])  # type: ignore[arg-type]
    assert (await contract.transport.call("server_time", '"{}"'))["outcome"] == "ok"  # type: ignore[arg-type]
