"""A rig for tests that share one, on a database of their own."""

from collections.abc import Iterator

import pytest

from tests.inngest.rig import Rig, start_rig
from tests.support.postgres import Databases


@pytest.fixture(scope="package")
def rig(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    """Processes that the tests of this folder share, with an Inngest that hardly waits before it tries again."""
    home = tmp_path_factory.mktemp("home")
    with databases.fresh() as dsn, start_rig(dsn, home, inngest=["--retry-seconds", "0.05"]) as started:
        yield started
