"""The GitHub sandbox as a process of a test's own, and the switches on it."""

import json
import tempfile
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

import httpx

from tests.support.forks import start_sandbox_process
from tests.support.waiting import eventually


class Sandbox:
    """A running sandbox: its address, and what a test can see of it and do to it."""

    def __init__(self, ready: dict[str, Any]) -> None:
        self.url: str = ready["url"]
        self.repository: str = ready["repository"]
        self.token: str = ready["token"]
        self.github_id: int = ready["github_id"]
        self.owner, self.name = self.repository.split("/")
        # A control call may wait behind a large answer on a busy machine.
        self.client = httpx.Client(base_url=self.url, trust_env=False, timeout=180)

    def settings(self) -> dict[str, str]:
        """Environment that points a process of the product at this sandbox."""
        return {
            "GITHUB_API_URL": self.url,
            "GITHUB_GRAPHQL_URL": f"{self.url}/graphql",
            "GITHUB_TOKEN": self.token,
        }

    def _control(self, method: str, name: str, body: Any = None) -> Any:
        answer = self.client.request(method, f"/_sandbox/{name}", json=body)
        assert answer.status_code < 300, answer.text
        return answer.json() if answer.content else None

    def stats(self) -> dict[str, Any]:
        """Requests, points, both by route and operation, and the log of single calls."""
        return self._control("GET", "stats")

    def calls(self, operation: str = "", route: str = "") -> list[dict[str, Any]]:
        """The logged calls of an operation or a route, in order."""
        log = self.stats()["log"]
        return [e for e in log if operation in (e["operation"] or "") and route in e["route"]]

    def reset_stats(self) -> None:
        """Count from zero again."""
        self._control("DELETE", "stats")

    def faults(self, *rules: dict[str, Any], seed: int = 0, append: bool = False) -> None:
        """Put rules in force (instead of the old ones, unless `append`); none at all ends all faults."""
        self._control("POST", "faults", {"rules": list(rules), "seed": seed, "append": append})

    def drop_faults(self, kind: str) -> None:
        """End the rules with this kind of action; the others go on counting."""
        self._control("POST", "faults", {"drop": kind})

    def fired(self) -> list[dict[str, Any]]:
        """The rules in force, each with how often it `fitted` and `fired`."""
        return self._control("GET", "faults")["rules"]

    def waiting(self, gate: str = "gate") -> int:
        """How many calls stand at a gate."""
        return self._control("GET", "faults")["gates"].get(gate, 0)

    def release(self, gate: str | None = None) -> None:
        """Let the calls at one gate (or all) go on."""
        self._control("POST", "release", {"gate": gate})

    def mutate(self, *changes: dict[str, Any]) -> list[dict[str, Any]]:
        """Change the repository as people on GitHub would."""
        return self._control("POST", "mutate", list(changes))["changed"]

    def truth(self, repository: str | None = None) -> dict[str, int]:
        """How many rows a complete capture holds: pull_requests, reviews, inline, conversation, files."""
        return self._control("GET", "truth")[repository or self.repository]

    def pull(self, number: int) -> dict[str, Any]:
        """One pull request with all its lists, as GitHub holds it."""
        return self._control("GET", f"pulls/{number}")

    def everything(self) -> list[dict[str, Any]]:
        """All pull requests as `pull` gives them, in the order of their creation."""
        return self._control("GET", "dump")

    def add_repository(self, owner: str, name: str, pull_requests: int, shape: str = "mixed", seed: int = 1) -> int:
        """Add a second repository; answers GitHub's id of it."""
        body = {"owner": owner, "name": name, "pull_requests": pull_requests, "shape": shape, "seed": seed}
        return self._control("POST", "repositories", body)["github_id"]

    def limits(self, resource: str, **values: Any) -> None:
        """Set `limit`, `remaining` or `reset_in` (seconds) of `graphql` or `core` for every account."""
        self._control("POST", "limits", {"resource": resource, **values})

    def secondary(self, **values: int) -> None:
        """Set the secondary limits: points per minute of `graphql` and `core`, and `concurrent`."""
        self._control("POST", "limits", {"secondary": values})

    def app(self, **values: Any) -> dict[str, Any]:
        """Set up the GitHub App: app_id, public_key, installation, lifetime (of tokens, in seconds), stateless."""
        return self._control("POST", "app", values)

    def expire(self, token: str | None = None) -> int:
        """Let all installation tokens (or one token) expire now."""
        return self._control("POST", "expire", {"token": token})["expired"]


@contextmanager
def start_sandbox(*arguments: str, pull_requests: int | None = 60, seed: int = 1) -> Generator[Sandbox, None, None]:
    """Run `python -m sandbox github`; further arguments as on its command line (`--shape`, `--data`, `--now`, …)."""
    options: Sequence[str] = ("--pull-requests", str(pull_requests), "--seed", str(seed)) if pull_requests else ()
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "sandbox.log"
        process = start_sandbox_process(["--with-parent", *options, *arguments], output)
        try:
            started = Sandbox(_ready(process, output))
            yield started
            started.client.close()
        finally:
            process.kill()
            process.join()


def _ready(process: ForkServerProcess, output: Path) -> dict[str, Any]:
    """The line that the sandbox prints when it takes calls."""

    def first() -> str | bool:
        lines = output.read_text().splitlines() if output.exists() else []
        return next((line for line in lines if line.startswith("{")), not process.is_alive())

    line = eventually(first, patience=180, what="the sandbox's first line")
    if not isinstance(line, str):
        raise RuntimeError(f"the sandbox did not start: {output.read_text()}")
    return json.loads(line)
