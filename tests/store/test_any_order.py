"""Whatever order readings arrive in, and however often: the tables come out the same. On the real database."""

import asyncio
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from capture.core.models import Chunk
from capture.store.postgres_transport import open_postgres
from capture.store.store import Store
from tests.store.examples import EXAMPLES, drawn
from tests.store.make import (
    T0,
    comment,
    file_change,
    person,
    pull_request,
    reading,
    review,
    unique_id,
    working,
)

NUMBERS = (1, 2)
PLACES = (0, 1, 2)


@st.composite
def histories(draw: st.DrawFn) -> list[dict[int, dict[str, Any]]]:
    """What GitHub showed at some times: per reading and pull request its version, and the records that were there."""
    versions = {(number, place): 0 for number in NUMBERS for place in (*PLACES, "pull")}
    readings: list[dict[int, dict[str, Any]]] = []
    for _ in range(draw(st.integers(1, 4))):
        seen: dict[int, dict[str, Any]] = {}
        for number in draw(st.sets(st.sampled_from(NUMBERS), min_size=1)):
            for key in versions:
                if key[0] == number and draw(st.booleans()):
                    versions[key] += 1
            present = draw(st.sets(st.sampled_from(PLACES)))
            seen[number] = {
                "pull": versions[number, "pull"],
                "login": draw(st.integers(0, 2)),
                "records": {place: versions[number, place] for place in present},
            }
        readings.append(seen)
    return readings


def chunk_of(reading_number: int, seen: dict[int, dict[str, Any]], base: int) -> Chunk:
    """A reading as it would be committed: every list read to its end, one hour after the reading before."""
    at = T0 + timedelta(hours=2 * reading_number)
    account = person(base, login=f"login-{next(iter(seen.values()))['login']}")
    chunk = Chunk(people=[account])
    for number, state in seen.items():
        moved = T0 + timedelta(minutes=state["pull"])
        chunk.pull_requests.append(
            pull_request(number, title=f"v{state['pull']}", updated_at=moved, author_key=account["key"])
        )
        for place, version in state["records"].items():
            more = {"body": f"v{version}", "updated_at": T0 + timedelta(minutes=version)}
            identity = base + number * 10 + place
            chunk.reviews.append(review(number, identity, author_key=account["key"], **more))
            for kind in ("inline", "conversation"):
                chunk.comments.append(comment(number, identity, kind, author_key=account["key"], **more))
            # Files have no time of their own: what they say changes with the reading.
            chunk.file_changes.append(file_change(number, f"f{place}", additions=reading_number))
        count = len(state["records"])
        for name in ("reviews", "inline_comments", "conversation_comments", "file_changes"):
            chunk.lists.append(reading(number, name, count, at, source_updated_at=moved))
    return chunk


_TABLES = (
    "select number, title, updated_at, author_key from pull_requests where repository_id = %(repository)s",
    "select r.github_id - %(base)s, r.body, r.updated_at, r.deleted_at is null from reviews r"
    " join pull_requests p on p.id = r.pull_request_id where p.repository_id = %(repository)s",
    "select kind, c.github_id - %(base)s, c.body, c.updated_at, c.deleted_at is null from comments c"
    " join pull_requests p on p.id = c.pull_request_id where p.repository_id = %(repository)s",
    "select p.number, path, f.additions, f.deleted_at is null from file_changes f"
    " join pull_requests p on p.id = f.pull_request_id where p.repository_id = %(repository)s",
    "select p.number, list, source_updated_at, captured, complete, listed_at from pull_request_lists l"
    " join pull_requests p on p.id = l.pull_request_id where p.repository_id = %(repository)s",
    "select login from contributors where github_id = %(base)s",
)


def tables(dsn: str, repository: Any, base: int) -> list[list[tuple[Any, ...]]]:
    """What is stored of one repository, without keys and clocks of our own."""
    found: list[list[tuple[Any, ...]]] = []
    with psycopg.connect(dsn, autocommit=True) as connection:
        for query in _TABLES:
            rows = connection.execute(query, {"repository": repository, "base": base}).fetchall()  # type: ignore[arg-type]
            strip = [tuple(str(value).replace(str(base), "base") for value in row) for row in rows]
            found.append(sorted(strip))
    return found


async def commit_in(
    dsn: str, history: list[dict[int, dict[str, Any]]], order: list[int]
) -> list[list[tuple[Any, ...]]]:
    """Commit the readings of a history in this order to a repository of its own; answer what is stored then."""
    async with open_postgres(dsn, connections=1) as transport:
        work = await working(Store(transport))
        base = unique_id() * 100
        for place in order:
            await work.commit(chunk_of(place, history[place], base))
    return tables(dsn, work.repository, base)


@pytest.mark.slow
@pytest.mark.parametrize("examples", EXAMPLES)
def test_any_order_and_repetition_of_readings_gives_the_same_tables(postgres_18: str, examples: int) -> None:
    """Each reading is committed at least once; some are committed again, also after younger ones."""

    @drawn(examples)
    @given(history=histories(), data=st.data())
    def check(history: list[dict[int, dict[str, Any]]], data: st.DataObject) -> None:
        everything = list(range(len(history)))
        again = data.draw(st.lists(st.sampled_from(everything), max_size=3))
        order = data.draw(st.permutations(everything + again))
        assert asyncio.run(commit_in(postgres_18, history, list(order))) == asyncio.run(
            commit_in(postgres_18, history, everything)
        )

    check()
