"""The Postgres that comes with the installation: nothing to set up, started on first use, stopped after the last.

    with embedded_postgres(home) as dsn: ...

It listens on 127.0.0.1 only, on a free port, with scram and a generated password. Processes share one server per
`home`; file locks order starting and stopping (see `guardian`), so any of them may be killed at any moment.
"""

import fcntl
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import quote

from capture.core.errors import ConfigurationError, Outage
from capture.store import guardian
from capture.store.postgres_home import PostgresHome, postgres_home

USER = DATABASE = "postgres"  # the names that Supabase uses

_CONFIGURATION = """\
# Written by capture.
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
password_encryption = 'scram-sha-256'
timezone = 'UTC'
log_timezone = 'UTC'
log_line_prefix = '%m [%p] '
max_connections = 100
max_wal_size = '2GB'
jit = off
"""
_NOT_DURABLE = "fsync = off\nsynchronous_commit = off\nfull_page_writes = off\n"

_guardians: list[subprocess.Popen[bytes]] = []  # kept, so that a running one is not reported as forgotten


@contextmanager
def embedded_postgres(
    home: Path, *, durable: bool = True, say: Callable[[str], None] = lambda _: None
) -> Generator[str, None, None]:
    """Use the Postgres under `home`, starting it if need be; gives its DSN.

    `durable=False` is for tests: a crash of the machine may lose data. `say` hears what a user should know. Raises
    `ConfigurationError` when it cannot run here at all and `Outage` when it does not start.
    """
    place = postgres_home(home.absolute())
    if place.notice:
        say(place.notice)
    with guardian.locked(place.room / guardian.STARTING):
        users = os.open(place.room / guardian.USERS, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            _share(users)
            _guard(place)
            port = _running(place) or _start(place, durable=durable)
        except BaseException:
            os.close(users)
            raise
    try:
        yield f"postgresql://{USER}:{quote(_password(place))}@127.0.0.1:{port}/{DATABASE}"
    finally:
        _leave(place, users)


def _share(users: int) -> None:
    fcntl.flock(users, fcntl.LOCK_SH)


def _leave(place: PostgresHome, users: int) -> None:
    """Stop the server if nobody else uses it. The guardian would do it too, only a moment later."""
    try:
        with guardian.locked(place.room / guardian.STARTING):
            for _ in range(3):  # the guardian may hold the lock for the instant in which it looks
                if guardian.take(users):
                    guardian.stop(place.data)
                    return
                time.sleep(0.005)
                _share(users)
    except FileNotFoundError:
        return  # the folder has been deleted meanwhile; the guardian stops what still runs
    finally:
        os.close(users)


def _guard(place: PostgresHome) -> None:
    """Make sure that a guardian watches; it inherits its own lock, so there is never a moment without."""
    own = os.open(place.room / guardian.GUARDIAN, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        if guardian.take(own):
            words = [guardian.__file__, str(place.room), str(place.data), str(own)]
            _guardians[:] = [known for known in _guardians if known.poll() is None]
            _guardians.append(
                subprocess.Popen(
                    [sys.executable, "-I", "-S", *words],
                    cwd="/",
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    pass_fds=(own,),
                    start_new_session=True,
                )
            )
    finally:
        os.close(own)


def _running(place: PostgresHome) -> int | None:
    """The port of a server that already runs on this folder."""
    if guardian.postmaster(place.data) is None:
        return None
    lines = (place.data / "postmaster.pid").read_text().split("\n")
    return int(lines[3]) if len(lines) > 7 and lines[7].strip() == "ready" else _wait_until_ready(place)


def _wait_until_ready(place: PostgresHome) -> int | None:
    """A starter that was killed half-way leaves a server that is still coming up, or will go down."""
    deadline = time.monotonic() + 60
    while guardian.postmaster(place.data) is not None and time.monotonic() < deadline:
        lines = (place.data / "postmaster.pid").read_text().split("\n")
        if len(lines) > 7 and lines[7].strip() == "ready":
            return int(lines[3])
        time.sleep(0.02)
    guardian.stop(place.data)
    return None


def _start(place: PostgresHome, *, durable: bool) -> int:
    if not place.data.exists():
        _initialise(place, durable=durable)
    _clear_leftovers(place.data)
    for _ in range(5):  # between choosing a free port and using it, somebody else may take it
        port = _free_port()
        started = place.run(
            "pg_ctl", "start", "--wait", "--timeout=60", "-D", str(place.data), "-l", str(place.log), "-o", f"-p {port}"
        )
        if started.returncode == 0:
            return port
        if "could not bind" not in _tail(place.log):
            break
    raise Outage(f"The embedded Postgres does not start: {_tail(place.log)} (its log is {place.log})")


def _initialise(place: PostgresHome, *, durable: bool) -> None:
    """Make the cluster beside its final name, so that an interrupted start leaves nothing half-made in use."""
    fresh, secret = place.room / "data.new", place.room / "password"
    if fresh.exists():
        shutil.rmtree(fresh)
    secret.touch(mode=0o600)
    secret.write_text(secrets.token_urlsafe(24))
    place.give(secret)
    made = place.run(
        "initdb", "-D", str(fresh), "-U", USER, f"--pwfile={secret}", "-A", "scram-sha-256", "-E", "UTF8",
        "--locale=C", "--no-sync", "--no-instructions",
    )  # fmt: skip
    if made.returncode != 0:
        raise ConfigurationError(f"The embedded Postgres cannot be set up in {place.room}: {_last_line(made.stderr)}")
    with (fresh / "postgresql.conf").open("a") as configuration:
        configuration.write(_CONFIGURATION + ("" if durable else _NOT_DURABLE))
    fresh.rename(place.data)


def _clear_leftovers(data: Path) -> None:
    """After a killed predecessor: wait until none of its processes is left, then take away its stale pid file.

    Postgres itself refuses to start while the pid in the file belongs to any process of the same user.
    """
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and any(_lives_in(data, process) for process in Path("/proc").glob("[0-9]*")):
        time.sleep(0.02)
    with suppress(FileNotFoundError):
        (data / "postmaster.pid").unlink()


def _lives_in(data: Path, process: Path) -> bool:
    try:
        return (process / "cwd").readlink() == data
    except OSError:  # it has just ended, or belongs to somebody else
        return False


def _password(place: PostgresHome) -> str:
    return (place.room / "password").read_text()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _tail(log: Path) -> str:
    return _last_line(log.read_text(errors="replace")) if log.exists() else "it wrote no log"


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "no reason given"
