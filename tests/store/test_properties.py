"""What any sequence of payloads leaves in the tables, against the rule in a few lines. On the real database."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from capture.core.models import Chunk
from capture.store.postgres_transport import open_postgres
from capture.store.store import Store
from tests.store.examples import EXAMPLES, drawn
from tests.store.make import T0, Work, claimed, comment, person, pull_request, reading, review, scan, unique_id, working

pytestmark = pytest.mark.slow

GHOST = {"key": "ghost", "kind": "ghost", "login": "ghost"}
RECORDS = ("pull_requests", "reviews", "inline", "conversation")
COLUMNS: dict[str, tuple[str, ...]] = {
    "pull_requests": ("title", "body", "author_key", "additions"),
    "reviews": ("body", "author_key", "state"),
    "inline": ("body", "author_key", "path"),
    "conversation": ("body", "author_key"),
}
AUTHORS = (0, 1, None)

Text = st.text(st.characters(blacklist_categories=()), max_size=12)  # NUL, surrogates, emoji: everything
Payload = st.fixed_dictionaries(
    {"record": st.sampled_from(RECORDS), "minutes": st.integers(0, 4)},
    optional={
        "body": st.none() | Text,
        "title": Text,
        "author_key": st.sampled_from(AUTHORS),
        "additions": st.none() | st.integers(0, 2**31 - 1),
        "state": st.sampled_from(("approved", "commented", "dismissed")),
        "path": st.none() | st.sampled_from(("a.py", "b.py")),
    },
)


def run_in(dsn: str, work: Callable[[Store], Awaitable[Any]]) -> Any:
    """Do it with a store of its own connection."""

    async def main() -> Any:
        async with open_postgres(dsn, connections=1) as transport:
            return await work(Store(transport))

    return asyncio.run(main())


def rows(dsn: str, query: str, *values: Any) -> list[tuple[Any, ...]]:
    """What the tables hold."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        return connection.execute(query, values).fetchall()  # type: ignore[arg-type]


def kept(value: Any) -> Any:
    """A text as the database can hold it: NUL left out, lone surrogates replaced."""
    if not isinstance(value, str):
        return value
    return "".join("\ufffd" if 0xD800 <= ord(one) <= 0xDFFF else one for one in value if one != "\0")


def lost(value: Any) -> int:
    """Characters of a text that the database cannot hold."""
    return sum(one == "\0" or 0xD800 <= ord(one) <= 0xDFFF for one in value) if isinstance(value, str) else 0


def chunk_with(record: str, base: int, columns: dict[str, Any]) -> Chunk:
    """One version of one record; all of them have the same number or id, whatever their kind."""
    chunk = Chunk(people=[person(base), person(base + 1), GHOST])
    match record:
        case "pull_requests":
            chunk.pull_requests.append(pull_request(1, **columns))
        case "reviews":
            chunk.reviews.append(review(1, base, **columns))
        case kind:
            chunk.comments.append(comment(1, base, kind, **columns))
    return chunk


@pytest.mark.parametrize("examples", EXAMPLES)
def test_the_newest_version_wins_and_what_a_payload_leaves_out_is_kept(postgres_18: str, examples: int) -> None:
    """For pull requests, reviews and both kinds of comments under one id, by people and by ghosts, in any words."""

    @drawn(examples)
    @given(st.lists(Payload, min_size=1, max_size=6))
    def check(payloads: list[dict[str, Any]]) -> None:
        base = unique_id()
        expected: dict[str, dict[str, Any]] = {}
        removed = 0

        async def commit_all(store: Store) -> Work:
            nonlocal removed
            work = await working(store)
            first = {"title": "first", "body": None, "additions": 1, "state": "open", "author_key": "ghost"}
            await work.commit(chunk_with("pull_requests", base, {**first, "updated_at": T0}))
            expected["pull_requests"] = {**first, "updated_at": T0}
            for payload in payloads:
                record, at = payload["record"], T0 + timedelta(minutes=payload["minutes"])
                given_columns = {name: payload[name] for name in COLUMNS[record] if name in payload}
                if "author_key" in given_columns:
                    author = given_columns["author_key"]
                    given_columns["author_key"] = "ghost" if author is None else f"user:{base + author}"
                known = expected.get(record)
                if known is None:  # the first sight of a record has all of its columns
                    defaults = {"body": "", "author_key": "ghost", "state": "commented", "path": None}
                    given_columns = {name: given_columns.get(name, defaults[name]) for name in COLUMNS[record]}
                removed += sum(map(lost, given_columns.values()))
                stale = known is not None and at < known["updated_at"]
                chunk = chunk_with(record, base, {**given_columns, "updated_at": at})
                for row in (*chunk.pull_requests, *chunk.reviews, *chunk.comments):
                    for name in set(COLUMNS[record]) - set(given_columns):
                        row.pop(name, None)
                written = await work.commit(chunk)
                assert written.stale == stale
                if not stale:
                    fresh = {name: kept(value) for name, value in given_columns.items()}
                    expected[record] = {**(known or {}), **fresh, "updated_at": at}
            return work

        work = run_in(postgres_18, commit_all)
        for record, columns in expected.items():
            names = (*COLUMNS[record], "updated_at")
            table, where, key = {
                "pull_requests": ("pull_requests", "repository_id = %s", work.repository),
                "reviews": ("reviews", "github_id = %s", base),
            }.get(record, ("comments", f"kind = '{record}' and github_id = %s", base))
            (stored,) = rows(postgres_18, f"select {', '.join(names)} from {table} where {where}", key)
            assert dict(zip(names, stored, strict=True)) == {name: columns[name] for name in names}
        metrics = rows(postgres_18, "select metrics from progressive_capture_jobs where id = %s", work.job)[0][0]
        assert metrics.get("characters_removed", 0) == removed

    check()


@pytest.mark.parametrize("examples", EXAMPLES)
def test_an_account_has_the_login_of_its_latest_sight(postgres_18: str, examples: int) -> None:
    """Whatever order sights arrive in; two accounts may have had one login, and a profile field left out is kept."""
    sight = st.tuples(st.integers(0, 1), st.integers(0, 5), st.integers(0, 2), st.none() | st.integers(0, 2))

    @drawn(examples)
    @given(st.lists(sight, min_size=1, max_size=6, unique_by=lambda one: one[:2]))
    def check(sights: list[tuple[int, int, int, int | None]]) -> None:
        base = unique_id() * 10

        async def see_all(store: Store) -> None:
            work = await working(store)
            await work.commit(Chunk(people=[person()], pull_requests=[pull_request(1)]))
            for account, hours, login, name in sights:
                more = {} if name is None else {"name": f"name-{name}"}
                lists = [reading(1, "file_changes", 0, T0 + timedelta(hours=2 * hours))]
                await work.commit(Chunk(people=[person(base + account, login=f"login-{login}", **more)], lists=lists))

        run_in(postgres_18, see_all)
        expected: dict[int, tuple[int, str, str | None]] = {}
        for account, hours, login, name in sights:
            at, _, known = expected.get(account, (-1, "", None))
            if hours >= at:
                expected[account] = (hours, f"login-{login}", known if name is None else f"name-{name}")
        query = "select github_id - %s, login, name from contributors where github_id in (%s, %s) order by 1"
        assert rows(postgres_18, query, base, base, base + 1) == [
            (account, login, name) for account, (_, login, name) in sorted(expected.items())
        ]

    check()


@pytest.mark.parametrize("examples", EXAMPLES)
def test_a_name_leads_to_the_repository_that_was_last_seen_under_it(postgres_18: str, examples: int) -> None:
    """Through renames, re-used and swapped names; every name that a repository had is remembered once."""
    names = ("tools", "toolbox", "archive")

    @drawn(examples)
    @given(st.lists(st.tuples(st.integers(0, 2), st.sampled_from(names)), min_size=1, max_size=8))
    def check(listings: list[tuple[int, str]]) -> None:
        owner, base = f"o-{uuid4().hex[:12]}", unique_id() * 10

        async def list_all(store: Store) -> None:
            current: dict[int, str] = {}
            holder: dict[str, int] = {}
            earlier: dict[int, list[str]] = {}
            ids: dict[int, str] = {}
            claim = await claimed(store)
            for number, name in listings:
                row = {"github_id": base + number, "owner": owner, "name": name}
                committed = await store.commit_manifest(claim.job.id, claim.lease_token, row, scan(), [])
                ids[number] = str(committed.repository_id)
                before = current.get(number)
                if before not in (None, name):
                    if holder.get(before) == number:
                        del holder[before]
                    if f"{owner}/{before}" not in earlier.setdefault(number, []):
                        earlier[number].append(f"{owner}/{before}")
                current[number], holder[name] = name, number
            for name in names:
                found = await store.find_repository(owner.upper(), name)
                assert (found and found["id"]) == (ids[holder[name]] if name in holder else None)
            for number, identity in ids.items():
                rows_of = rows(
                    postgres_18, "select github_id, name, previous_names from repositories where id = %s", identity
                )
                assert rows_of == [(base + number, current[number], earlier.get(number, []))]

        run_in(postgres_18, list_all)

    check()


@pytest.mark.parametrize("examples", EXAMPLES)
def test_the_longest_bodies_come_back_as_they_were_sent(postgres_18: str, examples: int) -> None:
    """65,536 characters as GitHub allows, made of any characters; only what Postgres cannot hold is changed."""

    @drawn(examples)
    @given(st.text(st.characters(blacklist_categories=()), min_size=1, max_size=40))
    def check(words: str) -> None:
        body = (words * (65_536 // len(words) + 1))[:65_536]

        async def commit(store: Store) -> Work:
            work = await working(store)
            identity = unique_id()
            chunk = Chunk(people=[person()], pull_requests=[pull_request(1, body=body)])
            chunk.comments.append(comment(1, identity, body=body))
            await work.commit(chunk)
            return work

        work = run_in(postgres_18, commit)
        query = (
            "select p.body, c.body from pull_requests p join comments c on c.pull_request_id = p.id"
            " where repository_id = %s"
        )
        assert rows(postgres_18, query, work.repository) == [(kept(body), kept(body))]

    check()
