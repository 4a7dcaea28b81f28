"""`kill -9` of the capturing process at a moment that is held open from outside, then the same command again."""

import random
import time
from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from tests.campaigns.rig import Rig, kill, rig, seed_of, side_by_side
from tests.support.postgres import Databases
from tests.support.waiting import eventually

PHASES = ("fetching", "committing", "committed")
PULL_REQUESTS = 50
"""Enough for five chunks with any seed, of which the first three are disturbed."""

LEASE_SECONDS = 25
PATIENCE = 240.0


@contextmanager
def _locked(dsn: str) -> Generator[psycopg.Connection, None, None]:
    """Nobody can write pull requests meanwhile; reading goes on."""
    with psycopg.connect(dsn) as connection:
        connection.execute("lock table pull_requests in share row exclusive mode")
        yield connection
        connection.rollback()


def _killed_fetching(this: Rig, chunk: int, chance: random.Random) -> None:
    """The answer to the chunk's query is slow, and the process dies waiting for it."""
    match = {"operation": "Items", "from": chunk}
    this.sandbox.faults({"match": match, "action": {"kind": "hold", "when": chance.choice(["before", "after"])}})
    process = this.start()
    eventually(
        lambda: this.sandbox.waiting() > 0 or not process.is_alive(), patience=PATIENCE, what="a query that waits"
    )
    assert process.is_alive(), this.output.read_text()
    kill(process)
    this.sandbox.faults()


def _killed_committing(this: Rig, chunk: int, chance: random.Random) -> None:
    """The transaction waits for a lock, and the process dies inside it; the server may then commit it or not."""
    this.sandbox.faults({"match": {"operation": "Items", "nth": chunk}, "action": {"kind": "hold"}})
    process = this.start()
    eventually(
        lambda: this.sandbox.waiting() > 0 or not process.is_alive(), patience=PATIENCE, what="a query that waits"
    )
    with _locked(this.dsn):
        this.sandbox.faults()
        eventually(lambda: this.value(_WAITING), patience=PATIENCE, what="a commit that waits for a lock")
        assert process.is_alive(), this.output.read_text()
        kill(process)
        if chance.random() < 0.5:
            eventually(lambda: not _terminated(this), patience=PATIENCE, what="the end of the transactions")


def _terminated(this: Rig) -> list[int]:
    """End the transactions that wait; answers whose."""
    stuck: list[int] = this.value(_WAITING)
    for pid in stuck:
        this.query("select pg_terminate_backend(%s)", pid)
    return stuck


def _killed_committed(this: Rig, chunk: int, chance: random.Random) -> None:
    """The commit is done, its acknowledgement never arrives, and the process dies waiting for it."""
    this.proxy.hold_answers_after(rb'"key": ?"\d+:chunk-', chunk)
    process = this.start()
    eventually(
        lambda: this.proxy.held.is_set() or not process.is_alive(), patience=PATIENCE, what="a commit behind the proxy"
    )
    committed = "select coalesce(max(cardinality(recent_chunks)), 0) from progressive_capture_jobs"
    eventually(lambda: this.value(committed) >= chunk, patience=PATIENCE, what="the commit")
    assert process.is_alive(), this.output.read_text()
    kill(process)
    this.proxy.behave()


_WAITING = """select coalesce(array_agg(pid), '{}') from pg_stat_activity
where datname = current_database() and wait_event_type = 'Lock' and query like '%commit_chunk%'"""
_KILLS = {"fetching": _killed_fetching, "committing": _killed_committing, "committed": _killed_committed}


def _scenario(databases: Databases, folder: Path, phase: str, chunk: int, seed: int) -> dict[str, object]:
    with rig(databases, folder, pull_requests=PULL_REQUESTS, seed=seed) as this:
        _KILLS[phase](this, chunk, random.Random(seed))
        dead = this.jobs()[0]
        # Nobody can renew it: this long at most is the job kept from the next command.
        lease = this.value("select extract(epoch from lease_expires_at - now())::float8 from progressive_capture_jobs")
        assert dead["status"] == "processing"
        assert lease <= LEASE_SECONDS
        stored = this.value("select count(*) from pull_requests")
        this.sandbox.reset_stats()
        again = time.time()
        this.complete()
        taken_over = this.sandbox.stats()["log"][0]["at"] - again  # its first call to GitHub comes after its claim
        (job,) = this.jobs()
        assert (job["status"], job["attempt"]) == ("completed", 2)
        assert this.differences() == []
        fetched = sum(call["items"] for call in this.sandbox.calls("Items"))
        if phase == "committed":
            assert fetched <= PULL_REQUESTS - stored  # what was committed is not fetched again
        told = {"stored": stored, "fetched after": fetched, "taken over after": f"{taken_over:.1f} s"}
        return {"phase": phase, "chunk": chunk, "lease": f"{lease:.1f} s", **told}


def _campaign(databases: Databases, folder: Path, kills: int, seed: int) -> None:
    chance = random.Random(seed)
    phases = [PHASES[n % len(PHASES)] for n in range(kills)]
    chance.shuffle(phases)
    plan = [(phase, chance.randint(1, 3), chance.randrange(10**6)) for phase in phases]

    def work(n: int) -> dict[str, object]:
        return _scenario(databases, folder / str(n), *plan[n])

    results = side_by_side(work, range(kills), width=6)
    for result in results:
        print(result)
    counts = Counter(result["phase"] for result in results)
    print(f"kills: {dict(counts)}")
    assert all(counts[phase] > 0 for phase in PHASES)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_capture_killed_at_any_moment_is_completed_by_the_same_command(databases: Databases, tmp_path: Path) -> None:
    """Six kills, two in each phase; the second command waits for the dead process's lease."""
    _campaign(databases, tmp_path, 6, seed_of("CAPTURE_TEST_KILL_SEED", default=20_261_127))


@pytest.mark.campaign
@pytest.mark.timeout(3_600)
def test_twenty_kills(databases: Databases, tmp_path: Path) -> None:
    """The same twenty times."""
    _campaign(databases, tmp_path, 20, seed_of("CAPTURE_TEST_KILL_SEED"))
