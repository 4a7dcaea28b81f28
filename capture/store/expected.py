"""The schema that this code was written for: digests of its objects, written by `scripts/expected_schema.py`."""

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

import orjson

FILE = Path(__file__).with_name("expected_schema.json")


@lru_cache(maxsize=1)
def expected_objects() -> dict[str, str]:
    """Object name -> digest, as the migrations of this code make them."""
    return orjson.loads(FILE.read_bytes())


def compare(expected: Mapping[str, str], found: Mapping[str, str]) -> list[str]:
    """What the database lacks or has otherwise, by name. What it has beyond that is nobody's business here."""
    missing = [f"{name} is missing" for name in expected if name not in found]
    other = [f"{name} is different" for name, digest in expected.items() if found.get(name, digest) != digest]
    return sorted(missing) + sorted(other)
