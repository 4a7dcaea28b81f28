"""The script of faults: which calls are disturbed, and how.

A rule is `{"match": {...}, "action": {...}, "times": n}`. All parts of `match` must hold:
`route` and `operation` (with `*`), `path` (the raw path, with `*`), `query` (a text within the GraphQL document), `nth`
(a number or a list: which of the calls that fit otherwise, from 1), `from` and `until` (the same count, as a range),
`every`, `items_above` (the page asks for more pull requests), `probability` (drawn from the script's seed).
Actions are listed in `actions.py` and `spoil.py`; those that only wait or change data let the call go on, to the next
rule and then to its answer.
"""

import asyncio
import random
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any


@dataclass(slots=True)
class Call:
    """One request as rules see it."""

    route: str
    path: str
    operation: str | None = None
    query: str = ""
    items: int = 0
    token: str = ""


@dataclass(slots=True)
class Rule:
    """One rule and how often it has fitted and fired."""

    match: dict[str, Any]
    action: dict[str, Any]
    times: int | None = None
    fitted: int = 0
    fired: int = 0

    def takes(self, call: Call, chance: random.Random) -> bool:
        """Whether this call is to be disturbed; counts it."""
        match = self.match
        fits = (
            fnmatchcase(call.route, match.get("route", "*"))
            and fnmatchcase(call.path, match.get("path", "*"))
            and fnmatchcase(call.operation or "", match.get("operation", "*"))
            and match.get("query", "") in call.query
            and call.items > match.get("items_above", -1)
        )
        if not fits:
            return False
        self.fitted += 1
        nth = match.get("nth")
        chosen = (
            (nth is None or self.fitted in (nth if isinstance(nth, list) else [nth]))
            and match.get("from", 1) <= self.fitted <= match.get("until", self.fitted)
            and self.fitted % match.get("every", 1) == 0
            and (self.times is None or self.fired < self.times)
            and ("probability" not in match or chance.random() < match["probability"])
        )
        self.fired += chosen
        return chosen


@dataclass(slots=True)
class Gate:
    """A place where calls are held until somebody releases them."""

    open: asyncio.Event = field(default_factory=asyncio.Event)
    waiting: int = 0


class Faults:
    """The rules in force."""

    def __init__(self) -> None:
        self.kinds: frozenset[str] = frozenset()
        self.rules: list[Rule] = []
        self.gates: dict[str, Gate] = {}
        self._chance = random.Random(0)

    def load(self, script: dict[str, Any], *, append: bool = False) -> None:
        """Put a script in force. `seed` makes its probabilities repeatable; unknown words are refused (ValueError)."""
        rules: list[Rule] = []
        for rule in script.get("rules", []):
            extra = set(rule) - {"match", "action", "times"} | set(rule.get("match", {})) - _WORDS
            kind = rule.get("action", {}).get("kind")
            if extra or kind not in self.kinds:
                raise ValueError(
                    f"a rule has the unknown words {sorted(extra)}" if extra else f"unknown action {kind!r}"
                )
            rules.append(Rule(rule.get("match", {}), rule["action"], rule.get("times")))
        if not append:
            self.rules = []
            self.release(None)
        self.rules += rules
        self._chance = random.Random(script.get("seed", 0))

    def drop(self, kind: str) -> None:
        """End the rules with this kind of action."""
        self.rules = [rule for rule in self.rules if rule.action["kind"] != kind]

    def matching(self, call: Call) -> list[dict[str, Any]]:
        """The actions for this call, in the order of the rules."""
        return [rule.action for rule in self.rules if rule.takes(call, self._chance)]

    async def hold(self, name: str) -> None:
        """Wait at a gate."""
        gate = self.gates.setdefault(name, Gate())
        gate.waiting += 1
        try:
            await gate.open.wait()
        finally:
            gate.waiting -= 1

    def release(self, name: str | None) -> int:
        """Open one gate, or all; answers how many calls go on."""
        gates = [name] if name else list(self.gates)
        freed = 0
        for gate in gates:
            found = self.gates.pop(gate, None)
            if found:
                freed += found.waiting
                found.open.set()
        return freed

    def show(self) -> dict[str, Any]:
        """Rules with their counts, and who waits where."""
        rules = [{"match": r.match, "action": r.action, "fitted": r.fitted, "fired": r.fired} for r in self.rules]
        return {"rules": rules, "gates": {name: gate.waiting for name, gate in self.gates.items()}}


_WORDS = {"route", "path", "operation", "query", "nth", "from", "until", "every", "items_above", "probability"}
