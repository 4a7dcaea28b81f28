"""Everything one sandbox process holds: repositories, accounts, faults, counters."""

import itertools
import time
from collections import deque
from pathlib import Path
from typing import Any

from sandbox.github.accounts import Accounts
from sandbox.github.faults import Faults
from sandbox.github.generate import Generated, facts
from sandbox.github.ids import node_id
from sandbox.github.load import Loaded
from sandbox.github.people import account
from sandbox.github.repository import Record, Repository


class World:
    """The state behind all routes."""

    def __init__(self, token: str) -> None:
        self.accounts = Accounts(token)
        self.faults = Faults()
        self.stats = Stats()
        self.repositories: list[Repository] = []
        self.viewer = account("User", 1_001, "sandbox-user")
        self.concurrent = 0
        self._requests = itertools.count(1)

    def request_id(self) -> str:
        """As GitHub's x-github-request-id looks."""
        return f"9C31:8954C:60104B:C1D441:{next(self._requests):08X}"

    def generate(self, owner: str, name: str, shape: str, total: int, seed: int, now: int | None = None) -> Repository:
        """Add a generated repository. Its activity ends just before `now`, by default the last midnight (UTC)."""
        github_id = 134_018_330 + 1_000_003 * len(self.repositories) + seed % 997
        github_id -= github_id % 1_000 - len(self.repositories)
        end = now if now is not None else int(time.time()) // 86_400 * 86_400
        about = facts(owner, name, github_id)
        return self._add(Repository(about, Generated(about, shape, total, seed, end)))

    def load(self, folder: Path) -> Repository:
        """Add a repository from real records."""
        source = Loaded(folder)
        return self._add(Repository(source.facts, source))

    def _add(self, repository: Repository) -> Repository:
        self.repositories.append(repository)
        return repository

    def find(self, owner: str, name: str, *, follow: bool = True) -> Repository | None:
        """A repository by today's name or, if `follow`, by an earlier one."""
        wanted = f"{owner}/{name}".lower()
        for repository in self.repositories:
            if repository.full_name.lower() == wanted:
                return repository
        if follow:
            for repository in self.repositories:
                if wanted in (previous.lower() for previous in repository.previous_names):
                    return repository
        return None

    def by_id(self, github_id: int) -> Repository | None:
        """A repository by GitHub's id."""
        return next((found for found in self.repositories if found.facts["databaseId"] == github_id), None)

    def find_node(self, node: str) -> Record | None:
        """What a global node id names, in a repository that can be read."""
        if node == self.viewer["id"]:
            return self.viewer
        for repository in self.repositories:
            if repository.access == "active" and (found := repository.find_node(node)):
                return found
        return None

    def new_id(self) -> int:
        """A GitHub id that nothing else has, for what is made while the sandbox runs."""
        return 9_000_000_000 + next(self._requests)

    def node(self, prefix: str, repository: Repository, github_id: int) -> str:
        """A node id for something new."""
        return node_id(prefix, repository.facts["databaseId"], github_id)


class Stats:
    """What was asked: counted by route and operation, and the latest calls one by one."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Begin again at zero."""
        self.requests = 0
        self.points = 0
        self.routes: dict[str, int] = {}
        self.operations: dict[str, dict[str, int]] = {}
        self.log: deque[dict[str, Any]] = deque(maxlen=20_000)

    def count(self, route: str, operation: str | None, **more: Any) -> dict[str, Any]:
        """Note one call; the entry can still be added to."""
        self.requests += 1
        self.routes[route] = self.routes.get(route, 0) + 1
        if operation is not None:
            self.operations.setdefault(operation, {"requests": 0, "points": 0})["requests"] += 1
        entry = {"at": time.time(), "route": route, "operation": operation, "points": 0, **more}
        self.log.append(entry)
        return entry

    def charge(self, entry: dict[str, Any], points: int) -> None:
        """Add the points of a query that ran to its entry and to the sums."""
        entry["points"] = points
        self.points += points
        self.operations[entry["operation"]]["points"] += points

    def show(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "requests": self.requests,
            "points": self.points,
            "routes": self.routes,
            "operations": self.operations,
            "log": list(self.log),
        }
