"""Crashes and careless delivery: every job ends exactly once, completed, and nothing is lost."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.inngest.rig import Rig, start_rig
from tests.support.postgres import Databases
from tests.support.sandbox import start_sandbox
from tests.support.truth import differences
from tests.support.waiting import eventually

JOBS = 4

WATCH = """
create table ends (job_id uuid, status text);
create function note_end() returns trigger language plpgsql as $$
begin insert into ends values (new.id, new.status); return new; end $$;
create trigger note_end after update of status on progressive_capture_jobs
  for each row when (new.completed_at is not null and old.completed_at is null) execute function note_end();
"""


FORGET = "truncate ends, progressive_capture_jobs, repositories, contributors cascade"


@contextmanager
def watched(databases: Databases, home: Path, *options: str) -> Iterator[Rig]:
    """A rig whose database notes the end of each job; Inngest's first retry comes after half a second."""
    inngest = ["--retry-seconds", "0.5", *options]
    with databases.fresh() as dsn, start_rig(dsn, home, github=start_sandbox(pull_requests=40), inngest=inngest) as rig:
        rig.sql(WATCH)
        yield rig


@pytest.fixture(scope="module")
def dev(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    """Without signatures."""
    with watched(databases, tmp_path_factory.mktemp("home")) as rig:
        yield rig


@pytest.fixture(scope="module")
def signed(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    """As in production."""
    with watched(databases, tmp_path_factory.mktemp("home"), "--signed") as rig:
        yield rig


@pytest.fixture(params=["signed", pytest.param("dev", marks=pytest.mark.campaign)])
def crashing(request: pytest.FixtureRequest) -> Rig:
    """A rig in one of the two modes, with nothing captured and no job."""
    rig: Rig = request.getfixturevalue(request.param)
    rig.sql(FORGET)
    rig.sql("insert into contributors (key, kind, login) values ('ghost', 'ghost', 'ghost')")
    return rig


def ask(rig: Rig) -> list[str]:
    """Four jobs that together cover the repository, with attempts enough for a slow machine."""
    numbers = [pull["number"] for pull in rig.github.everything()]
    asked = [rig.request(numbers=numbers[part::JOBS]) for part in range(JOBS)]
    rig.sql("update progressive_capture_jobs set max_attempts = 50")
    return asked


def all_completed_once(rig: Rig, asked: list[str]) -> None:
    """Wait for the end, and compare the database with the source."""
    jobs = rig.all_end()
    assert {str(job["id"]) for job in jobs} == set(asked)
    assert [job["status"] for job in jobs] == ["completed"] * JOBS
    ends = rig.sql("select job_id, array_agg(status) as ends from ends group by job_id")
    assert {str(row["job_id"]): row["ends"] for row in ends} == {job_id: ["completed"] for job_id in asked}
    assert differences(rig.dsn, rig.github) == []


def under_way(rig: Rig) -> None:
    """Wait until a job has written its first rows."""
    eventually(lambda: rig.sql("select 1 as row from pull_requests limit 1"), what="the first rows")


def restart_inngest(rig: Rig, app: str | None = None) -> None:
    rig.inngest.restart(app)
    eventually(lambda: rig.inngest.stats()["apps"], what="registration after the restart")


def lose_inngest(rig: Rig) -> None:
    under_way(rig)
    rig.inngest.kill()
    restart_inngest(rig, f"{rig.app.url}/api/inngest")  # as a server asks that was told the address


def lose_the_application(rig: Rig) -> None:
    under_way(rig)
    rig.app.kill()
    rig.app.start()


def lose_both(rig: Rig) -> None:
    under_way(rig)
    rig.app.kill()
    rig.inngest.kill()
    rig.app.start()
    restart_inngest(rig)  # nobody asks: the application registers by itself


@pytest.mark.slow
@pytest.mark.parametrize("lose", [lose_inngest, lose_the_application, lose_both])
def test_killed_processes_lose_no_job(crashing: Rig, lose: Callable[[Rig], None]) -> None:
    # Every call to GitHub takes its time, so that the crash finds work half done.
    crashing.github.faults({"match": {}, "action": {"kind": "delay", "seconds": 0.3}})
    asked = ask(crashing)
    lose(crashing)
    crashing.github.faults()
    all_completed_once(crashing, asked)


@pytest.mark.slow
def test_careless_delivery_loses_and_repeats_nothing(crashing: Rig) -> None:
    """Events lost after they were accepted, delivered five times, and every step made twice."""
    crashing.inngest.faults(drop_events=2, deliver_times=5, repeat_each=1)
    asked = ask(crashing)
    all_completed_once(crashing, asked)
    counts: dict[str, Any] = crashing.inngest.stats()["counts"]
    crashing.inngest.faults()
    assert (counts["dropped"], counts["repeated"] > 0) == (2, True)
    assert counts["runs"] >= 5 * JOBS
