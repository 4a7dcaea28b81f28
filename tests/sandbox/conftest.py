"""One sandbox for the tests that only look."""

from collections.abc import Iterator

import pytest

from tests.support.sandbox import Sandbox, start_sandbox


@pytest.fixture(scope="module")
def still() -> Iterator[Sandbox]:
    """A generated repository of 120 pull requests that no test changes."""
    with start_sandbox(pull_requests=120, seed=3) as started:
        yield started


@pytest.fixture(scope="module")
def _shaken() -> Iterator[Sandbox]:
    with start_sandbox(pull_requests=60, seed=5) as started:
        yield started


@pytest.fixture
def shaken(_shaken: Sandbox) -> Sandbox:
    """A repository of 60 pull requests that tests may disturb: without faults and with full limits at first."""
    _shaken.faults()
    for resource in ("graphql", "core"):
        _shaken.limits(resource, remaining=5_000, reset_in=3_600)
    _shaken.secondary(graphql=2_000, core=900, concurrent=100)
    return _shaken
