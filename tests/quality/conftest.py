"""Databases of captured data in which nothing is wrong, one clone a test."""

import itertools
from collections.abc import Iterator

import pytest

from tests.quality.clean import fill
from tests.support.postgres import Databases

_NUMBERS = itertools.count(1)


@pytest.fixture(scope="session")
def clean_template(databases: Databases) -> str:
    """The name of a database that tests clone and never touch."""
    name = "quality_clean"
    databases.execute(f"create database {name} template {databases.migrated()}")
    fill(databases.dsn(name))
    return name


@pytest.fixture
def clean(databases: Databases, clean_template: str) -> Iterator[str]:
    """The DSN of a clean database of the test's own."""
    name = f"quality_{next(_NUMBERS)}"
    databases.execute(f"create database {name} template {clean_template}")
    try:
        yield databases.dsn(name)
    finally:
        databases.execute(f"drop database {name} with (force)")
