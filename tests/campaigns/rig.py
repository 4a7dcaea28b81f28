"""One capture under test: a GitHub, a database behind a proxy, and the command that is killed and run again."""

import os
import random
import threading
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import psycopg
from psycopg.rows import dict_row

from tests.support.forks import start_capture
from tests.support.postgres import Databases
from tests.support.proxy import Proxy, proxied
from tests.support.sandbox import Sandbox, start_sandbox
from tests.support.truth import differences

_ONE_AT_A_TIME = threading.Lock()
T = TypeVar("T")
Row = dict[str, Any]


@dataclass
class Rig:
    """What one scenario works with."""

    sandbox: Sandbox
    dsn: str
    proxy: Proxy
    folder: Path
    runs: int = 0

    @property
    def output(self) -> Path:
        """What the latest command printed."""
        return self.folder / f"run-{self.runs}.txt"

    def start(self, *arguments: str) -> ForkServerProcess:
        """Start `capture sync` of the sandbox's repository, through the proxy."""
        return self.start_command("sync", self.sandbox.repository, *arguments)

    def start_command(self, *arguments: str) -> ForkServerProcess:
        """Start `capture ARGUMENTS`."""
        self.runs += 1
        parts = urlsplit(self.dsn)
        through = parts._replace(netloc=f"{parts.netloc.rpartition(':')[0]}:{self.proxy.port}").geturl()
        home = self.folder / "home"
        home.mkdir(exist_ok=True)
        plain = {key: value for key, value in os.environ.items() if key in ("PATH", "LANG", "TZ", "TMPDIR")}
        env = {
            **plain,
            **self.sandbox.settings(),
            "DATABASE_URL": through,
            "CAPTURE_HOME": str(home),
            "HOME": str(home),
        }
        with _ONE_AT_A_TIME:
            return start_capture(arguments, env, self.output)

    def run(self, *arguments: str) -> int:
        """Run `capture sync` to its end; answers the exit code."""
        return self.run_command("sync", self.sandbox.repository, *arguments)

    def run_command(self, *arguments: str) -> int:
        """Run `capture ARGUMENTS` to its end; answers the exit code."""
        process = self.start_command(*arguments)
        process.join(480)
        if process.exitcode is None:
            process.kill()
            raise AssertionError(f"capture hangs: {self.output.read_text()}")
        return process.exitcode

    def complete(self, *arguments: str) -> None:
        """Run it and see that it ends well."""
        code = self.run(*arguments)
        assert code == 0, f"exit code {code}: {self.output.read_text()}"

    def query(self, statement: str, *arguments: Any) -> list[Row]:
        """Ask the database, past the proxy."""
        with psycopg.connect(self.dsn, autocommit=True, row_factory=dict_row) as connection:
            cursor = connection.execute(statement, arguments or None)  # type: ignore[arg-type]
            return cursor.fetchall() if cursor.description else []

    def value(self, statement: str, *arguments: Any) -> Any:
        """The only value of a query's only row."""
        return next(iter(self.query(statement, *arguments)[0].values()))

    def jobs(self) -> list[Row]:
        """All jobs, oldest first."""
        return self.query("select * from progressive_capture_jobs order by created_at, id")

    def differences(self) -> list[str]:
        """How the database differs from the source."""
        return differences(self.dsn, self.sandbox)

    def let_time_pass(self) -> None:
        """As if leases, waits and limits had run out: what a dead or deferred job waits for is over."""
        self.query("update progressive_capture_jobs set lease_expires_at = now() where lease_expires_at > now()")
        self.query("update progressive_capture_jobs set next_attempt_at = now() where next_attempt_at > now()")
        self.query("delete from rate_budgets")
        for resource in ("graphql", "core"):
            self.sandbox.limits(resource, remaining=5_000, reset_in=3_600)


def kill(process: ForkServerProcess) -> None:
    """`kill -9`, and wait until it is dead."""
    process.kill()
    process.join(60)


@contextmanager
def rig(
    databases: Databases, folder: Path, *options: str, pull_requests: int, seed: int = 1
) -> Generator[Rig, None, None]:
    """A fresh GitHub and a fresh database. `options` go to the sandbox."""
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        with _ONE_AT_A_TIME:  # making databases and forking are not for several threads at once
            dsn = stack.enter_context(databases.fresh())
            sandbox = stack.enter_context(start_sandbox(*options, pull_requests=pull_requests, seed=seed))
        parts = urlsplit(dsn)
        with proxied(parts.hostname or "127.0.0.1", parts.port or 5432) as proxy:
            yield Rig(sandbox, dsn, proxy, folder)


def side_by_side(work: Callable[[int], T], tasks: Sequence[int], width: int) -> list[T]:
    """Do `work(task)` for all tasks, some at once: most of a scenario's time is waiting."""
    with ThreadPoolExecutor(width) as pool:
        return list(pool.map(work, tasks))


def seed_of(environment: str, default: int | None = None) -> int:
    """The seed of a campaign: from the environment to repeat one, else `default`, else a new one. It is printed."""
    chosen = os.environ.get(environment)
    seed = int(chosen) if chosen else default if default is not None else random.SystemRandom().randrange(10**6)
    print(f"{environment}={seed}")
    return seed
