"""Fixtures of the engine's tests: a sandbox for a module, and the engine over a fresh database."""

from collections.abc import AsyncIterator, Iterator

import pytest

from capture.store.store import Store
from tests.engine.rig import Rig, rig
from tests.support.sandbox import Sandbox, start_sandbox


@pytest.fixture(scope="module")
def github() -> Iterator[Sandbox]:
    """GitHub with one repository of 60 pull requests, shared by the tests of a module that only disturb its answers."""
    with start_sandbox(pull_requests=60, seed=3) as started:
        yield started


@pytest.fixture
async def engine(store: Store, database_url: str, github: Sandbox) -> AsyncIterator[Rig]:
    """The engine over the shared sandbox, whose faults and figures are cleared before and after."""
    github.faults()
    github.limits("graphql", limit=5_000, remaining=5_000, reset_in=3_600)
    github.limits("core", limit=5_000, remaining=5_000, reset_in=3_600)
    github.reset_stats()
    async with rig(store, database_url, github) as opened:
        yield opened
    github.faults()


@pytest.fixture
async def own(store: Store, database_url: str, sandbox: Sandbox) -> AsyncIterator[Rig]:
    """The engine over a sandbox of the test's own, which it may change for good."""
    async with rig(store, database_url, sandbox) as opened:
        yield opened
