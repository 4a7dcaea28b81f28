"""Postgres servers of other versions, and ones that may be killed with SIGKILL and started again in place."""

import dataclasses
import importlib.util
import os
import secrets
import shutil
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from capture.store.migrate import migrate
from capture.store.postgres_home import WHEEL, PostgresHome, postgres_home
from tests.support.waiting import eventually, is_running

DEBIAN_15 = Path("/usr/lib/postgresql/15")


class Server:
    """One Postgres on a fixed port. Commits are real; only a crash of the whole machine could lose them."""

    def __init__(self, place: PostgresHome) -> None:
        self.place = place
        self.port = free_port()
        self.password = secrets.token_hex(8)

    @property
    def dsn(self) -> str:
        """The database that tests use."""
        return f"postgresql://postgres:{self.password}@127.0.0.1:{self.port}/postgres"

    def make(self) -> None:
        """A new cluster."""
        secret = self.place.room / "password"
        secret.write_text(self.password)
        self.place.give(secret)
        made = self.place.run(
            "initdb", "-D", str(self.place.data), "-U", "postgres", f"--pwfile={secret}", "-A", "scram-sha-256",
            "-E", "UTF8", "--locale=C", "--no-sync",
        )  # fmt: skip
        assert made.returncode == 0, made.stderr
        with (self.place.data / "postgresql.conf").open("a") as configuration:
            configuration.write(
                f"listen_addresses = '127.0.0.1'\nport = {self.port}\nunix_socket_directories = ''\nfsync = off\n"
                "full_page_writes = off\nshared_buffers = '64MB'\nmax_connections = 150\n"
            )

    def start(self) -> None:
        """Start and wait until it answers; what a killed predecessor left is cleared first."""

        def cleared() -> bool:
            file = self.place.data / "postmaster.pid"
            if file.exists() and not is_running(int(file.read_text().split("\n")[0])):
                file.unlink()
            return not file.exists() and not self._backends()

        eventually(cleared, what="the end of the killed server")
        for _ in range(20):
            started = self.place.run(
                "pg_ctl", "start", "--wait", "-D", str(self.place.data), "-l", str(self.place.log)
            )  # fmt: skip
            if started.returncode == 0:
                return
            time.sleep(0.25)
        raise AssertionError(self.place.log.read_text()[-2000:])

    def kill(self) -> None:
        """SIGKILL for the postmaster and every backend, as when the machine's memory runs out."""
        for pid in [self.pid(), *self._backends()]:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue

    def pid(self) -> int:
        """The postmaster's process."""
        return int((self.place.data / "postmaster.pid").read_text().split("\n")[0])

    def stop(self) -> None:
        """The ordinary end."""
        self.place.run("pg_ctl", "stop", "-m", "immediate", "-D", str(self.place.data))

    def _backends(self) -> list[int]:
        found: list[int] = []
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                if (entry / "cwd").readlink() == self.place.data and is_running(int(entry.name)):
                    found.append(int(entry.name))
            except OSError:
                continue
        return found


@contextmanager
def postgres(folder: Path, *, major: int | None = None, migrated: bool = True) -> Iterator[Server]:
    """A running server: of the wheel's newest version, of 16 from the same wheel, or Debian's 15."""
    place = postgres_home(folder)
    if major == 15:
        assert (DEBIAN_15 / "bin" / "initdb").exists(), "Debian's postgresql-15 is not installed"
        place = dataclasses.replace(place, programs=DEBIAN_15)
    elif major == 16:
        place = dataclasses.replace(place, programs=_wheel_16(place))
    server = Server(place)
    server.make()
    server.start()
    try:
        if migrated:
            migrate(server.dsn)
        yield server
    finally:
        server.stop()


def _wheel_16(place: PostgresHome) -> Path:
    """The wheel's second set of programs, beside the ones in use."""
    beside = place.programs.with_name("pginstall")
    if not beside.exists():  # the programs in use are a copy that another account can read
        spec = importlib.util.find_spec(WHEEL)
        assert spec is not None
        assert spec.submodule_search_locations
        shutil.copytree(Path(next(iter(spec.submodule_search_locations))) / beside.name, beside, symlinks=True)
    return beside


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]
