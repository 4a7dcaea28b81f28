"""The product as a user runs it, against a GitHub sandbox: what benchmarks share."""

import os
import subprocess
import sys
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import orjson

ROOT = Path(__file__).parents[1]


@dataclass
class Timed:
    """One command: how long it took and what it printed as JSON."""

    seconds: float
    answer: Any


class Bench:
    """A running sandbox."""

    def __init__(self, ready: dict[str, Any]) -> None:
        self.url: str = ready["url"]
        self.token: str = ready["token"]
        self.repository: str = ready["repository"]
        self._client = httpx.Client(base_url=f"{self.url}/_sandbox", trust_env=False, timeout=60)

    def stats(self) -> dict[str, Any]:
        """What was asked since the last look, which this ends."""
        found = self._client.get("/stats").json()
        self._client.delete("/stats")
        return found

    def truth(self) -> dict[str, int]:
        """Rows at the source."""
        return self._client.get("/truth").json()[self.repository]

    def capture(self, home: Path, *arguments: str) -> Timed:
        """Run `capture ARGUMENTS --json`; the database lives in `home`. A bad end raises CalledProcessError."""
        plain = {key: value for key, value in os.environ.items() if key in ("PATH", "LANG", "TMPDIR")}
        github = {
            "GITHUB_API_URL": self.url,
            "GITHUB_GRAPHQL_URL": f"{self.url}/graphql",
            "GITHUB_TOKEN": self.token,
        }
        env = {**plain, **github, "CAPTURE_HOME": str(home), "HOME": str(home)}
        started = time.perf_counter()
        command = [sys.executable, "-m", "capture.cli", *arguments, "--json"]
        done = subprocess.run(command, cwd=ROOT, env=env, stdout=subprocess.PIPE, check=True)
        return Timed(time.perf_counter() - started, orjson.loads(done.stdout))


@contextmanager
def sandbox(*arguments: str) -> Generator[Bench, None, None]:
    """Start `python -m sandbox github` with these options."""
    command: Sequence[str] = [sys.executable, "-m", "sandbox", "github", "--with-parent", *arguments]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE)
    try:
        line = process.stdout.readline() if process.stdout else b""
        yield Bench(orjson.loads(line))
    finally:
        process.kill()
        process.wait()
