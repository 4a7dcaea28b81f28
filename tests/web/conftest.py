"""The web application in front of a signed Inngest, shared by all tests of this folder."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.inngest.rig import Rig, start_rig
from tests.support.postgres import Databases


@pytest.fixture(scope="package")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The application's CAPTURE_HOME."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="package")
def rig(databases: Databases, home: Path) -> Iterator[Rig]:
    """Processes that the tests of this folder share; they leave Inngest and the application running."""
    with databases.fresh() as dsn, start_rig(dsn, home, inngest=["--signed"]) as started:
        yield started
