"""The embedded Postgres: started on first use, shared, and gone after the last user, however that one ends."""

import os
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from capture.store import guardian, postgres_home
from capture.store.embedded import embedded_postgres
from tests.support.waiting import eventually, is_running, processes_with

USER = """
import sys
from pathlib import Path
from capture.store.embedded import embedded_postgres
with embedded_postgres(Path(sys.argv[1]), durable=False, say=lambda text: print(text, file=sys.stderr)) as dsn:
    print(dsn, flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """A CAPTURE_HOME; afterwards nothing may be running in it."""
    yield tmp_path / "home"
    eventually(lambda: not processes_with(str(tmp_path)), what="the end of all processes")


def start_user(home: Path, *before: str, env: dict[str, str] | None = None) -> "subprocess.Popen[str]":
    """A process that uses the database until its standard input closes."""
    return subprocess.Popen(
        [*before, sys.executable, "-c", USER, str(home)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **(env or {})},
    )


def dsn_of(user: "subprocess.Popen[str]") -> str:
    """Wait for the address that a user prints."""
    assert user.stdout is not None
    dsn = user.stdout.readline().strip()
    assert dsn, user.stderr.read() if user.stderr else ""
    return dsn


def finish(user: "subprocess.Popen[str]") -> str:
    """Let a user go; gives what it said on standard error."""
    _, said = user.communicate()
    assert user.returncode == 0, said
    return said


def ask(dsn: str, question: str) -> object:
    """One value from the database."""
    with psycopg.connect(dsn) as connection:
        row = connection.execute(question).fetchone()  # type: ignore[arg-type]
    return row[0] if row else None


def test_it_starts_on_first_use_keeps_its_data_and_stops_with_the_last_user(home: Path) -> None:
    with embedded_postgres(home, durable=False) as dsn:
        assert ask(dsn, "show listen_addresses") == "127.0.0.1"
        with psycopg.connect(dsn, autocommit=True) as connection:
            connection.execute("create table kept as select 7 as n")
        with embedded_postgres(home) as same:
            assert same == dsn
        assert ask(dsn, "select n from kept") == 7
        assert guardian.postmaster(home / "postgres" / "data") is not None
    assert guardian.postmaster(home / "postgres" / "data") is None
    with embedded_postgres(home) as dsn:
        assert ask(dsn, "select n from kept") == 7


def test_the_password_is_needed_and_kept_from_others(home: Path) -> None:
    with embedded_postgres(home, durable=False) as dsn:
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(dsn.replace("postgres:", "postgres:not"))
        assert stat.S_IMODE(home.stat().st_mode) == 0o700
        assert stat.S_IMODE((home / "postgres" / "password").stat().st_mode) == 0o600


def test_two_starters_at_once_share_one_server(home: Path) -> None:
    users = [start_user(home) for _ in range(3)]
    assert len({dsn_of(user) for user in users}) == 1
    for user in users:
        finish(user)
    eventually(lambda: guardian.postmaster(home / "postgres" / "data") is None)


def test_a_long_path_with_a_space_works(home: Path) -> None:
    deep = home / ("a folder with spaces " * 3).strip() / ("x" * 90) / "home"
    with embedded_postgres(deep, durable=False) as dsn:
        assert ask(dsn, "select 1") == 1


def test_it_stops_when_its_starter_is_killed_and_stays_for_others(home: Path) -> None:
    starter = start_user(home)
    dsn = dsn_of(starter)
    other = start_user(home)
    assert dsn_of(other) == dsn
    starter.kill()
    starter.wait()
    assert ask(dsn, "select 1") == 1
    other.kill()
    other.wait()
    eventually(lambda: guardian.postmaster(home / "postgres" / "data") is None, what="the stop of the database")


def test_it_starts_again_after_the_server_and_its_starter_were_killed(home: Path) -> None:
    starter = start_user(home)
    with psycopg.connect(dsn_of(starter), autocommit=True) as connection:
        connection.execute("create table kept as select 7 as n")
        connection.execute("checkpoint")
    server = guardian.postmaster(home / "postgres" / "data")
    assert server is not None
    os.kill(server, signal.SIGKILL)
    starter.kill()
    starter.wait()
    assert (home / "postgres" / "data" / "postmaster.pid").exists()
    with embedded_postgres(home) as dsn:
        assert ask(dsn, "select n from kept") == 7


def test_a_killed_guardian_is_replaced_by_the_next_user(home: Path) -> None:
    starter = start_user(home)
    dsn = dsn_of(starter)
    (first,) = [pid for pid in processes_with(guardian.__file__) if pid in processes_with(str(home))]
    os.kill(first, signal.SIGKILL)
    eventually(lambda: not is_running(first))
    second = start_user(home)
    assert dsn_of(second) == dsn
    for user in (starter, second):
        user.kill()
        user.wait()
    eventually(lambda: guardian.postmaster(home / "postgres" / "data") is None, what="the stop of the database")


def test_a_pid_file_that_names_somebody_elses_process_is_stale(home: Path) -> None:
    with embedded_postgres(home, durable=False):
        lines = (home / "postgres" / "data" / "postmaster.pid").read_text().split("\n")
    (home / "postgres" / "data" / "postmaster.pid").write_text("\n".join([str(os.getpid()), *lines[1:]]))
    with embedded_postgres(home) as dsn:
        assert ask(dsn, "select 1") == 1


def test_an_interrupted_first_start_leaves_nothing_half_made(home: Path) -> None:
    (home / "postgres" / "data.new").mkdir(parents=True)
    (home / "postgres" / "data.new" / "PG_VERSION").write_text("18\n")
    with embedded_postgres(home, durable=False) as dsn:
        assert ask(dsn, "select 1") == 1


def test_no_mode_changes_outside_its_home(home: Path) -> None:
    folders = [home.parent, *home.parent.parents]
    before = [(folder, folder.stat().st_mode) for folder in folders]
    with embedded_postgres(home, durable=False):
        pass
    assert [(folder, folder.stat().st_mode) for folder in folders] == before


def namespaces_work() -> bool:
    """Whether root may play an ordinary user here."""
    return subprocess.run(["unshare", "--user", "--map-user=1000", "true"], capture_output=True).returncode == 0


needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root has to step down")


@needs_root
def test_root_works_below_a_folder_that_is_closed_to_everybody_else(home: Path) -> None:
    home.parent.chmod(0o700)
    with embedded_postgres(home / "closed", durable=False) as dsn:
        assert ask(dsn, "select 1") == 1


@needs_root
@pytest.mark.skipif(not namespaces_work(), reason="a container that forbids user namespaces")
def test_an_ordinary_user_runs_it_directly(home: Path) -> None:
    user = start_user(home, "unshare", "--user", "--map-user=1000", "--map-group=1000")
    assert ask(dsn_of(user), "select 1") == 1
    assert finish(user) == ""


@needs_root
def test_where_user_namespaces_are_forbidden_root_is_told_about_the_private_folder(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refusing = tmp_path / "bin"
    refusing.mkdir()
    (refusing / "unshare").write_text("#!/bin/sh\necho 'unshare failed: Operation not permitted' >&2\nexit 1\n")
    (refusing / "unshare").chmod(0o755)
    monkeypatch.setenv("PATH", f"{refusing}:{os.environ['PATH']}")
    said: list[str] = []
    with embedded_postgres(home, durable=False, say=said.append) as dsn:
        assert ask(dsn, "select 1") == 1
        (sentence,) = said
        place = Path(sentence.split(" are in ")[1].split(",")[0])
        assert place.parent == postgres_home.VAR_LIB
        assert (place / "made-for").read_text().strip() == str(home)
        assert stat.S_IMODE(place.stat().st_mode) == 0o700
    assert guardian.postmaster(place / "postgres" / "data") is None
    eventually(lambda: not processes_with(str(place)))
    subprocess.run(["rm", "-rf", str(place)], check=True)
