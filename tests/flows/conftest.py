"""What tests of flows share: the tests' Prefect server, and a capture's surroundings in the environment."""

from collections.abc import Iterator

import pytest
from prefect.settings import PREFECT_API_URL, temporary_settings

from capture.settings import settings
from tests.support.actions import ready_server
from tests.support.sandbox import Sandbox


@pytest.fixture
def prefect() -> Iterator[str]:
    """Flows of this process run against the tests' Prefect server."""
    api_url = ready_server().api_url
    with temporary_settings({PREFECT_API_URL: api_url}):
        yield api_url


@pytest.fixture
def surroundings(sandbox: Sandbox, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    """The settings of this process name the test's GitHub and database."""
    for name, value in {**sandbox.settings(), "DATABASE_URL": database_url}.items():
        monkeypatch.setenv(name, value)
    settings.cache_clear()
    yield sandbox
    settings.cache_clear()
