"""Pull requests that people change and delete while they are being captured, at every point of the scan."""

import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.campaigns.rig import Rig, rig, seed_of, side_by_side
from tests.support.postgres import Databases

Row = dict[str, Any]
Change = dict[str, Any]
POINTS = 14
"""More calls than a scan of this size makes: each call is a point at which something changes."""

# What a pull request must have for a change to be possible.
KINDS: dict[str, Callable[[Row], bool]] = {
    "touch": lambda row: True,
    "edit": lambda row: True,
    "comment": lambda row: True,
    "review": lambda row: True,
    "review_comment": lambda row: True,
    "edit_comment": lambda row: len(row["conversation"]) > 0,
    "edit_inline": lambda row: len(row["inline"]) > 0,
    "force_push": lambda row: True,
    "reopen": lambda row: row["state"] != "OPEN",
    "merge": lambda row: row["state"] == "OPEN",
    "new_pull_request": lambda row: True,
    "delete_comment": lambda row: len(row["conversation"]) > 0,
    "delete_inline": lambda row: len(row["inline"]) > 0,
    "delete_review": lambda row: len(row["reviews"]) > 0,
    "delete_pull_request": lambda row: True,
}
GONE = {"delete_comment", "delete_inline", "delete_review", "delete_pull_request"}


def _change(kind: str, number: int) -> Change:
    name, _, part = kind.partition("_")
    if part == "inline":
        return {"do": f"{name}_comment", "list": "inline", "number": number}
    return {"do": kind, "number": number, "body": "changed during the scan", "index": 0}


def _drawn(rows: list[Row], kinds: list[str], chance: random.Random) -> Iterator[tuple[str, Change]]:
    """Changes of all kinds in turn, each of another pull request, until no pull request is left."""
    left = list(rows)
    chance.shuffle(left)
    while left:
        for kind in kinds:
            row = next((row for row in left if KINDS[kind](row)), None)
            if row is not None:
                left.remove(row)
                yield kind, _change(kind, row["number"])


def _disturb(this: Rig, chance: random.Random, kinds: list[str]) -> dict[int, str]:
    """At each call of the next scan some changes; answers which pull request will change how."""
    drawn = list(_drawn(this.sandbox.everything(), kinds, chance))
    rules: list[dict[str, Any]] = []
    size = max(1, len(drawn) // POINTS)
    for point in range(POINTS):
        changes = [change for _, change in drawn[point * size : (point + 1) * size]]
        action = {"kind": "mutate", "changes": changes, "when": chance.choice(["before", "after"])}
        rules.append({"match": {"nth": point + 1}, "action": action})
    this.sandbox.faults(*rules)
    return {change["number"]: kind for kind, change in drawn}


def _points(this: Rig) -> int:
    return sum(rule["fired"] for rule in this.sandbox.fired())


def _numbers(differences: list[str]) -> set[int]:
    return {int(line[1:].split(":")[0].split()[0]) for line in differences if line.startswith("#")}


def _history(databases: Databases, folder: Path, seed: int) -> str:
    """A first capture of everything, disturbed; then an incremental run; then a full manifest."""
    chance = random.Random(seed)
    with rig(databases, folder, pull_requests=120, seed=seed) as this:
        kinds = _disturb(this, chance, list(KINDS))
        this.complete()
        points = _points(this)
        this.sandbox.faults()
        this.complete()
        late = {number: kinds.get(number) for number in _numbers(this.differences())}
        assert {number: kind for number, kind in late.items() if kind not in GONE} == {}, this.differences()
        this.complete("--all")
        assert this.differences() == []
        return (
            f"history: seed {seed}, {points} points, {len(kinds)} changes, {len(late)} seen by the full manifest only"
        )


def _window(databases: Databases, folder: Path, seed: int) -> str:
    """An incremental run that lists by time of update, where whatever is touched jumps to the part that was read."""
    chance = random.Random(seed)
    with rig(databases, folder, "--shape", "bare", pull_requests=260, seed=seed) as this:
        this.complete()
        rows = this.sandbox.everything()
        this.sandbox.mutate(*({"do": "touch", "number": row["number"]} for row in rows))
        kinds = _disturb(this, chance, [kind for kind in KINDS if kind not in GONE])
        this.complete()
        points = _points(this)
        this.sandbox.faults()
        this.complete()
        assert this.differences() == []
        return f"window: seed {seed}, {points} points, {len(kinds)} changes"


def _campaign(databases: Databases, folder: Path, rounds: int, seed: int) -> None:
    def work(n: int) -> str:
        scenario = _window if n % 2 else _history
        return scenario(databases, folder / str(n), seed + n)

    for line in side_by_side(work, range(rounds), width=2):
        print(line)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_what_changes_during_a_scan_is_caught_by_the_next_runs(databases: Databases, tmp_path: Path) -> None:
    """One disturbed first capture and one disturbed incremental run."""
    _campaign(databases, tmp_path, 2, seed_of("CAPTURE_TEST_SCAN_SEED", default=3_000))


@pytest.mark.campaign
@pytest.mark.timeout(3_600)
def test_what_changes_during_many_scans(databases: Databases, tmp_path: Path) -> None:
    """Twenty of each."""
    _campaign(databases, tmp_path, 40, seed_of("CAPTURE_TEST_SCAN_SEED"))
