"""The store over every transport and Postgres version: `place` says which, `contract` is an open store on it."""

from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass

import pytest

from capture.store.postgres_transport import open_postgres
from capture.store.store import Store
from capture.store.supabase_transport import open_supabase
from tests.store.lite import Lite, lite
from tests.store.servers import postgres
from tests.support.postgres import Databases


@dataclass(frozen=True)
class Place:
    """Where a store can be opened, and the address for looking at the tables directly."""

    dsn: str
    rest: Lite | None = None

    def open(self) -> AbstractAsyncContextManager[Store]:
        """A store of its own connections."""
        return self._open()

    @asynccontextmanager
    async def _open(self) -> AsyncIterator[Store]:
        if self.rest is not None:
            async with open_supabase(self.rest.url, self.rest.secret) as transport:
                yield Store(transport)
        else:
            async with open_postgres(self.dsn) as transport:
                yield Store(transport)


@pytest.fixture(scope="session")
def postgres_18(databases: Databases) -> Iterator[str]:
    """One database for all tests of the contract, since they keep to their own scopes."""
    with databases.fresh() as dsn:
        yield dsn


@pytest.fixture(scope="session")
def postgres_16(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Postgres 16 from the same wheel."""
    with postgres(tmp_path_factory.mktemp("postgres16"), major=16) as server:
        yield server.dsn


@pytest.fixture(scope="session")
def postgres_15(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Debian's Postgres 15."""
    with postgres(tmp_path_factory.mktemp("postgres15"), major=15) as server:
        yield server.dsn


@pytest.fixture(scope="session")
def rest(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lite]:
    """The REST server over a Postgres of its own."""
    folder = tmp_path_factory.mktemp("rest")
    with postgres(folder / "postgres") as server, lite(folder / "lite", server.dsn) as running:
        yield running


@pytest.fixture(
    params=[
        "postgres18",
        pytest.param("postgres16", marks=pytest.mark.slow),
        pytest.param("postgres15", marks=pytest.mark.pg15),
        pytest.param("rest", marks=pytest.mark.node),
    ]
)
def place(request: pytest.FixtureRequest) -> Place:
    """One of the ways to reach a database. All are shared, so tests keep to their own scopes."""
    match request.param:
        case "postgres18":
            return Place(request.getfixturevalue("postgres_18"))
        case "postgres16":
            return Place(request.getfixturevalue("postgres_16"))
        case "postgres15":
            return Place(request.getfixturevalue("postgres_15"))
        case _:
            running: Lite = request.getfixturevalue("rest")
            return Place(running.dsn, running)


@pytest.fixture
async def contract(place: Place) -> AsyncIterator[Store]:
    """An open store at that place."""
    async with place.open() as store:
        yield store
