"""A rig for tests that share one, on a database of their own."""

from collections.abc import Iterator

import pytest

from tests.inngest.rig import Rig, start_rig
from tests.support.postgres import Databases


@pytest.fixture(scope="module")
def rig(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    """Processes that the tests of a module share; they leave Inngest and the application running."""
    with databases.fresh() as dsn, start_rig(dsn, tmp_path_factory.mktemp("home")) as started:
        yield started
