"""Cutting a chunk that is too large for one call into parts that are whole pull requests. Pure."""

from collections.abc import Iterable

import orjson

from capture.core.models import Chunk, Row

_PEOPLE = ("author_key", "merged_by_key")


def split(chunk: Chunk, max_bytes: int) -> list[Chunk]:
    """Parts of at most `max_bytes` of JSON, in the chunk's order; a pull request that is larger alone stays whole.

    The people that a part's rows name go with it, so that each part can be committed by itself.
    """
    names = [name for name in Chunk.__dataclass_fields__ if name != "people"]
    by_number: dict[int, dict[str, list[Row]]] = {}
    for name in names:
        for row in getattr(chunk, name):
            by_number.setdefault(row["number"], {}).setdefault(name, []).append(row)
    people = {person["key"]: person for person in chunk.people}
    sizes = {key: _size(person) for key, person in people.items()}

    parts: list[Chunk] = []
    used: set[str] = set()
    room = 0
    present: set[str] = set()
    for rows in by_number.values():
        needed = {key for key in _people(rows.values()) if key in people}
        size = sum(_size(row) for part in rows.values() for row in part)
        extra = sum(sizes[key] for key in needed - present)
        if not parts or size + extra > room:
            parts.append(Chunk())
            room, extra = max_bytes, sum(sizes[key] for key in needed)
            present.clear()
        for name, values in rows.items():
            getattr(parts[-1], name).extend(values)
        parts[-1].people.extend(people[key] for key in sorted(needed - present))
        present |= needed
        used |= needed
        room -= size + extra
    if not parts:
        return [chunk]
    parts[0].people.extend(person for key, person in people.items() if key not in used)
    return parts


def _people(groups: Iterable[list[Row]]) -> set[str]:
    return {str(row[field]) for rows in groups for row in rows for field in _PEOPLE if row.get(field)}


def _size(row: Row) -> int:
    try:
        return len(orjson.dumps(row, default=str)) + 1
    except TypeError:  # a lone surrogate, which `encode` replaces by as many bytes
        return len(repr(row).encode("utf-8", "replace")) + 1
