"""Random faults and random `kill -9`: always complete after resumption, nothing twice, nothing stale."""

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.campaigns.rig import Rig, kill, rig, seed_of, side_by_side
from tests.support.postgres import Databases
from tests.support.waiting import eventually

Rule = dict[str, Any]
MOST_TRIES = 15
PATIENCE = 240.0

# Every way in which GitHub lets a call fail that another try or a smaller question can heal.
PALETTE: list[Rule] = [
    {"kind": "timeout"},
    {"kind": "timeout", "status": 200},
    {"kind": "bad_gateway"},
    {"kind": "gateway_timeout"},
    {"kind": "unavailable"},
    {"kind": "rate_limit", "reset_in": 1},
    {"kind": "rate_limit", "reset_in": 900, "old": True},
    {"kind": "secondary", "retry_after": 1},
    {"kind": "secondary"},
    {"kind": "resource_limits", "share": 0.3},
    {"kind": "resource_limits", "share": 1.0},
    {"kind": "resource_limits", "share": 0.2, "field": "comments"},
    {"kind": "null_node", "index": 1},
    {"kind": "cut_body"},
    {"kind": "cut_json"},
    {"kind": "empty_body"},
    {"kind": "html"},
    {"kind": "reset"},
    {"kind": "reset", "when": "after"},
    {"kind": "delay", "seconds": 0.2},
]


@dataclass
class Story:
    """What happened in one run."""

    seed: int
    faults: Counter[str] = field(default_factory=Counter[str])
    kills: int = 0
    tries: int = 0
    deferred: int = 0


def _script(chance: random.Random) -> list[Rule]:
    """Some kinds of faults, each a few times at random calls."""
    rules: list[Rule] = []
    for action in chance.sample(PALETTE, k=chance.randint(2, 5)):
        match: Rule = {"probability": chance.choice([0.1, 0.25, 0.5])}
        if chance.random() < 0.3:
            match["operation"] = chance.choice(["Manifest", "Items", "More"])
        rules.append({"match": match, "action": action, "times": chance.randint(1, 3)})
    return rules


def _try(this: Rig, chance: random.Random, story: Story, arguments: list[str]) -> bool:
    """One run of the command, killed at a random call or not; whether it ended well."""
    killed_at = chance.randint(1, 9) if story.kills < 2 and chance.random() < 0.5 else None
    if killed_at is None:
        code = this.run(*arguments)
        told = this.output.read_text()
        assert code in (0, 1, 3), f"seed {story.seed}: exit code {code}: {told}"
        assert "this is a bug" not in told, f"seed {story.seed}: {told}"
        return code == 0
    hold = {"kind": "hold", "gate": "kill", "when": chance.choice(["before", "after"])}
    this.sandbox.faults({"match": {"nth": killed_at}, "action": hold}, append=True)
    process = this.start(*arguments)
    eventually(  # a try may wait for several limits of 20 s each
        lambda: this.sandbox.waiting("kill") > 0 or not process.is_alive(), patience=PATIENCE, what="the end of a try"
    )
    story.kills += process.is_alive()
    kill(process)
    this.sandbox.drop_faults("hold")
    this.sandbox.release("kill")
    return process.exitcode == 0


def _run(databases: Databases, folder: Path, seed: int, sizes: Sequence[int]) -> Story:
    chance = random.Random(seed)
    story = Story(seed)
    with rig(databases, folder, pull_requests=chance.choice(sizes), seed=seed) as this:
        moving = chance.random() < 0.3
        rules = _script(chance)
        if moving:
            numbers = [row["number"] for row in this.sandbox.everything()]
            changes = [
                {"do": chance.choice(["touch", "edit", "comment"]), "number": chance.choice(numbers)} for _ in range(3)
            ]
            rules.append({"match": {"nth": chance.randint(1, 4)}, "action": {"kind": "mutate", "changes": changes}})
        this.sandbox.faults(*rules, seed=seed)
        ended = False
        while not ended:
            story.tries += 1
            assert story.tries <= MOST_TRIES, f"seed {seed}: no end after {MOST_TRIES} tries: {this.output.read_text()}"
            ended = _try(this, chance, story, [])
            story.deferred += any(job["status"] == "deferred" for job in this.jobs())
            this.let_time_pass()
        for rule in this.sandbox.fired():
            story.faults[rule["action"]["kind"]] += rule["fired"]
        incomplete = sum(job["items_incomplete"] for job in this.jobs())
        if moving or incomplete:
            this.sandbox.faults()
            this.complete()  # what changed or could not be read whole is caught by the next run
        found = this.differences()
        assert found == [], f"seed {seed}: {found}; {rules}"
        active = [job["status"] for job in this.jobs() if job["status"] not in ("completed", "failed", "cancelled")]
        assert active == [], f"seed {seed}"
    return story


def _campaign(databases: Databases, folder: Path, runs: int, first: int, sizes: Sequence[int]) -> None:
    def work(seed: int) -> Story:
        return _run(databases, folder / str(seed), seed, sizes)

    stories = side_by_side(work, range(first, first + runs), width=10)
    faults: Counter[str] = sum((story.faults for story in stories), Counter())
    tries = Counter(story.tries for story in stories)
    kills, deferred = sum(story.kills for story in stories), sum(story.deferred for story in stories)
    print(f"{runs} runs from seed {first}: {kills} kills, {deferred} deferred")
    print(f"tries until complete: {dict(sorted(tries.items()))}")
    print(f"faults: {dict(faults.most_common())}")


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_random_faults_and_kills_lose_nothing(databases: Databases, tmp_path: Path) -> None:
    """Twenty seeded runs."""
    _campaign(databases, tmp_path, 20, seed_of("CAPTURE_TEST_FAULT_SEED", default=1_000), [12, 30, 55])


@pytest.mark.campaign
@pytest.mark.timeout(3_600)
def test_two_hundred_runs_of_random_faults_and_kills(databases: Databases, tmp_path: Path) -> None:
    """The full campaign."""
    _campaign(databases, tmp_path, 200, seed_of("CAPTURE_TEST_FAULT_SEED", default=5_000), [12, 40, 75, 120])
