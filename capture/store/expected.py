"""The schema that this code was written for: digests of its objects, written by `scripts/expected_schema.py`."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import orjson

from capture.store.migrate import known_migrations

FILE = Path(__file__).with_name("expected_schema.json")


@dataclass(frozen=True, slots=True)
class Expected:
    """Object name -> digest, and the digest of the migrations that they were read after."""

    objects: dict[str, str]
    migrations: str

    @property
    def current(self) -> bool:
        """False while somebody edits migrations in a source tree; a test holds this, so a release is current."""
        return self.migrations == migrations_digest()


@lru_cache(maxsize=1)
def expected_schema() -> Expected:
    """What the migrations of this code make."""
    return Expected(**orjson.loads(FILE.read_bytes()))


def migrations_digest() -> str:
    """One digest over the text of every migration of this code."""
    digest = hashlib.sha256()
    for migration in known_migrations():
        digest.update(migration.path.read_bytes())
    return digest.hexdigest()[:16]


def compare(expected: Mapping[str, str], found: Mapping[str, str]) -> list[str]:
    """What the database lacks or has otherwise, by name. What it has beyond that is nobody's business here."""
    missing = [f"{name} is missing" for name in expected if name not in found]
    other = [f"{name} is different" for name, digest in expected.items() if found.get(name, digest) != digest]
    return sorted(missing) + sorted(other)
