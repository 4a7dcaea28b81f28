"""Fixtures for all tests: fresh databases, the store, an own CAPTURE_HOME, a started GitHub sandbox."""

import os
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

from tests.support.postgres import Databases, test_server

if TYPE_CHECKING:
    from capture.store.store import Store
    from tests.support.sandbox import Sandbox

_OURS = ("CAPTURE_", "GITHUB_", "SUPABASE_", "DATABASE_URL", "INNGEST_", "PREFECT_")
for _name in [name for name in os.environ if name.startswith(_OURS) and not name.startswith("CAPTURE_TEST_")]:
    del os.environ[_name]  # before anything reads it: the developer's own configuration must not decide a test


# A loaded machine is slow and not wrong: no example has a deadline.
hypothesis_settings.register_profile("ours", deadline=None, suppress_health_check=[HealthCheck.too_slow])
hypothesis_settings.load_profile("ours")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What needs a tool or takes long is slow, too, so that one marker leaves out all of it."""
    for item in items:
        if any(item.get_closest_marker(name) for name in ("campaign", "browser", "node", "pg15")):
            item.add_marker(pytest.mark.slow)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Figures that tests have measured stand at the end, whichever process ran them."""
    for report in (*terminalreporter.stats.get("passed", []), *terminalreporter.stats.get("failed", [])):
        for name, text in report.user_properties:
            if name == "figures":
                terminalreporter.write_line(text)


@pytest.fixture
def figures(record_property: Callable[[str, object], None]) -> Callable[[str], None]:
    """Say what was measured, in a line."""
    return lambda text: record_property("figures", text)


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Tests of coroutines (`@pytest.mark.anyio`) run on asyncio, as the product does."""
    return "asyncio"


@pytest.fixture(scope="session")
def databases(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Databases]:
    """One Postgres for this test process."""
    with test_server(tmp_path_factory.mktemp("postgres")) as server:
        yield server


@pytest.fixture
def database_url(databases: Databases) -> Iterator[str]:
    """The DSN of a fresh, migrated database."""
    with databases.fresh() as dsn:
        yield dsn


@pytest.fixture
async def store(database_url: str) -> "AsyncIterator[Store]":
    """An open store on a fresh database; for tests marked `anyio`."""
    from capture.settings import Settings
    from capture.wiring import open_store

    async with open_store(Settings.model_validate({"database_url": database_url})) as opened:
        yield opened


@pytest.fixture
def capture_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A CAPTURE_HOME of the test's own, also for the processes that it starts."""
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    monkeypatch.setenv("CAPTURE_HOME", str(home))
    return home


@pytest.fixture
def sandbox() -> "Iterator[Sandbox]":
    """A started GitHub sandbox with a small generated repository."""
    from tests.support.sandbox import start_sandbox

    with start_sandbox() as started:
        yield started
