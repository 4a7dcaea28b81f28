"""The hand-written table: a request, facts, and in short what the rulings say about them.

A slice is written `<processor> <part> [limit] [@priority] [deferred:<reason>] [done] [shadow] [overlap] [listing]`; the
processor is I (Inngest) or A (GitHub Actions); `limit` is the newest so many items; `#1-50` are numbers.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from capture.core.decision import Decision, Facts, Slice

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    name: str
    words: dict[str, Any]
    facts: Facts
    ruling: int
    slices: list[str]
    cut: str | None = None
    raw: dict[str, Any] = field(default_factory=dict)


def row(
    name: str, words: dict[str, Any], facts: dict[str, Any], ruling: int, *slices: str, cut: str | None = None
) -> Row:
    """A line of the table."""
    return Row(name, words, Facts(**facts), ruling, list(slices), cut)


def shorthand(piece: Slice) -> str:
    """A slice as the table writes it."""
    words = ["I" if piece.processor == "inngest" else "A", piece.part]
    if piece.scope.max_items is not None:
        words.append(str(piece.scope.max_items))
    if piece.scope.numbers is not None:
        words.append(f"#{piece.scope.numbers[0]}-{piece.scope.numbers[-1]}")
    words.append(f"@{piece.priority}")
    if piece.status == "deferred":
        words.append(f"deferred:{piece.deferred_reason}")
    if piece.status == "completed":
        words.append("done")
    words += [name for name, on in (("shadow", piece.mode == "shadow"), ("overlap", piece.overlap)) if on]
    if piece.listing_decides:
        words.append("listing")
    return " ".join(words)


def cut_words(decision: Decision) -> str | None:
    """What a limit leaves out, as the table writes it."""
    if decision.cut is None:
        return None
    return "unknown" if decision.cut.items is None else str(decision.cut.items)


def upto(last: int) -> list[int]:
    """The numbers 1 to `last`."""
    return list(range(1, last + 1))


SCHEDULED = {"trigger": "scheduled"}
AUTOMATIC = {"trigger": "automatic"}
REPAIR = {"trigger": "repair"}
BOOTSTRAP = {"trigger": "bootstrap"}
INNGEST = {"processor": "inngest"}
ACTIONS = {"processor": "github_actions"}
DAYS30 = {"days_back": 30}
HOURS24 = {"since": NOW - DAY}
OUTSIDE = {"in_rollout": False}
STOPPED = {"stopped": True}
NO_INNGEST = {"inngest_up": False}
NO_ACTIONS = {"actions_up": False}

ROWS: list[Row] = [
    # Ruling 2: neither window nor numbers.
    row("watermark 2 h ago, few items", {}, {"volume": 3, "watermark": NOW - DAY / 12}, 5, "I whole @80"),
    row("no watermark, small history", {}, {"volume": 50, "total": 50}, 5, "I whole @80"),
    row("no watermark, large history", BOOTSTRAP, {"volume": 9000, "total": 9000}, 9, "A whole @10"),
    row("watermark 25 h ago, unknown volume, large repository, scheduled", SCHEDULED,
        {"watermark": NOW - DAY * 25 / 24, "total": 1001}, 9, "A whole @20"),
    row("watermark 23 h 59 min ago: with its overlap still within 24 h", SCHEDULED,
        {"volume": 51, "watermark": NOW - DAY + MINUTE}, 8, "I newest 50 @40 overlap", "A bulk @20 overlap"),
    row("watermark 24 h and 1 s ago: with its overlap beyond the tolerance", SCHEDULED,
        {"volume": 51, "watermark": NOW - DAY - SECOND}, 9, "A whole @20"),
    # Ruling 3: an operator names a processor.
    row("Inngest named for a large scope", INNGEST | DAYS30, {"volume": 700}, 3, "I whole @80"),
    row("Actions named for a small scope", ACTIONS | DAYS30, {"volume": 3}, 3, "A whole @60"),
    row("Actions named outside the rollout", ACTIONS | DAYS30, {"volume": 300} | OUTSIDE, 3, "A whole @60"),
    row("Inngest named and down: it waits", INNGEST, {"volume": 3} | NO_INNGEST, 3,
        "I whole @80 deferred:inngest_down"),
    row("Actions named and down: it waits", ACTIONS, {"volume": 3} | NO_ACTIONS, 3,
        "A whole @60 deferred:github_actions_down"),
    row("Actions named during a stop: it waits", ACTIONS, {"volume": 3} | STOPPED, 3, "A whole @60 deferred:stopped"),
    row("Actions named and forced past a stop", ACTIONS | {"force": True}, {"volume": 3} | STOPPED, 3, "A whole @60"),
    row("force does not make a dead processor live", ACTIONS | {"force": True}, {"volume": 3} | NO_ACTIONS, 3,
        "A whole @60 deferred:github_actions_down"),
    row("Inngest named during a stop", INNGEST, {"volume": 3} | STOPPED, 3, "I whole @80"),
    row("a named processor comes before an empty scope", INNGEST, {"volume": 0}, 3, "I whole @80"),
    # Ruling 4: volume 0.
    row("nothing changed, by hand", HOURS24, {"volume": 0}, 4, "I whole @80 done"),
    row("nothing changed, by schedule, outside", SCHEDULED | HOURS24, {"volume": 0} | OUTSIDE, 4, "I whole @40 done"),
    row("nothing changed while both are down", HOURS24, {"volume": 0} | NO_INNGEST | NO_ACTIONS, 4, "I whole @80 done"),
    row("an empty repository", BOOTSTRAP, {"volume": 0, "total": 0}, 4, "I whole @30 done"),
    # Ruling 5: small.
    row("1 item", SCHEDULED | DAYS30, {"volume": 1}, 5, "I whole @40"),
    row("49 items", SCHEDULED | DAYS30, {"volume": 49}, 5, "I whole @40"),
    row("50 items", SCHEDULED | DAYS30, {"volume": 50}, 5, "I whole @40"),
    row("51 items, by schedule, old", SCHEDULED | DAYS30, {"volume": 51}, 9, "A whole @20"),
    row("a limit of 50 in a large scope", SCHEDULED | DAYS30 | {"max_items": 50}, {"volume": 700}, 5, "I whole 50 @40",
        cut="650"),
    row("a limit of 51 in a large scope", SCHEDULED | DAYS30 | {"max_items": 51}, {"volume": 700}, 9, "A whole 51 @20",
        cut="649"),
    row("a limit of 50 and an unknown volume", DAYS30 | {"max_items": 50}, {"total": 5000}, 5, "I whole 50 @80",
        cut="unknown"),
    row("a limit above the volume cuts nothing", DAYS30 | {"max_items": 60}, {"volume": 50}, 5, "I whole 60 @80"),
    row("a limit that the whole repository does not reach cuts nothing", SCHEDULED | DAYS30 | {"max_items": 1000},
        {"volume": 100, "at_least": True, "total": 120}, 9, "A whole 1000 @20"),
    row("one number", {"numbers": [7]}, {}, 5, "I whole #7-7 @80"),
    row("10 numbers", {"numbers": upto(10)} | SCHEDULED, {}, 5, "I whole #1-10 @40"),
    row("11 numbers", {"numbers": upto(11)} | SCHEDULED, {}, 5, "I whole #1-11 @40"),
    row("50 numbers", {"numbers": upto(50)} | AUTOMATIC, {}, 5, "I whole #1-50 @50"),
    row("50 numbers outside the rollout", {"numbers": upto(50)}, OUTSIDE, 5, "I whole #1-50 @80"),
    row("60 numbers limited to 50: the highest", {"numbers": upto(60), "max_items": 50}, {}, 5, "I whole #11-60 @80",
        cut="10"),
    row("few items during a stop", DAYS30, {"volume": 9} | STOPPED, 5, "I whole @80"),
    # Ruling 6: outside the rollout.
    row("51 items outside", DAYS30, {"volume": 51} | OUTSIDE, 6, "I whole @0"),
    row("51 numbers outside", {"numbers": upto(51)} | SCHEDULED, OUTSIDE, 6, "I whole #1-51 @0"),
    row("1,000 items outside", SCHEDULED | DAYS30, {"volume": 1000} | OUTSIDE, 6, "I whole @0"),
    row("1,001 items outside", SCHEDULED | DAYS30, {"volume": 1001} | OUTSIDE, 6,
        "I whole 1000 @0", "A rest @0 deferred:outside_rollout"),
    row("1,001 items limited to 1,000 outside", DAYS30 | {"max_items": 1000}, {"volume": 1001} | OUTSIDE, 6,
        "I whole 1000 @0", cut="1"),
    row("1,001 numbers outside", {"numbers": upto(1001)}, OUTSIDE, 6,
        "I whole #2-1001 @0", "A rest #1-1001 @0 deferred:outside_rollout"),
    row("at least 100 items outside, in a small repository", DAYS30,
        {"volume": 100, "at_least": True, "total": 1000} | OUTSIDE, 6, "I whole @0"),
    row("at least 100 items outside, in a large repository", DAYS30,
        {"volume": 100, "at_least": True, "total": 1001} | OUTSIDE, 6, "I whole @0 listing"),
    row("unknown volume outside", HOURS24, OUTSIDE, 6, "I whole @0 listing"),
    row("51 items outside while Inngest is down", DAYS30, {"volume": 51} | OUTSIDE | NO_INNGEST, 6,
        "I whole @0 deferred:inngest_down"),
    # Ruling 7: unknown volume.
    row("unknown volume within 24 h of a large repository", SCHEDULED | HOURS24, {"total": 90000}, 7,
        "I whole @40 listing"),
    row("unknown volume of 30 days in a repository of 1,000", SCHEDULED | DAYS30, {"total": 1000}, 7,
        "I whole @40 listing"),
    row("unknown volume of 30 days in a repository of 1,001, by schedule", SCHEDULED | DAYS30, {"total": 1001}, 9,
        "A whole @20"),
    row("unknown volume of 30 days in a repository of 1,001, by hand", DAYS30, {"total": 1001}, 8,
        "I newest 50 @80 overlap", "A bulk @60 overlap"),
    row("nothing known at all", BOOTSTRAP, {}, 7, "I whole @30 listing"),
    row("at least 50 items are as good as unknown", SCHEDULED | DAYS30, {"volume": 50, "at_least": True, "total": 900},
        7, "I whole @40 listing"),
    row("unknown volume while Inngest is down", HOURS24, NO_INNGEST, 7, "A whole @90"),
    # Ruling 8: split.
    row("51 items by hand", DAYS30, {"volume": 51}, 8, "I newest 50 @80 overlap", "A bulk @60 overlap"),
    row("30 days and 1,000 items by hand", DAYS30 | {"max_items": 1000}, {"volume": 1200, "total": 4000}, 8,
        "I newest 50 @80 overlap", "A bulk 1000 @60 overlap", cut="200"),
    row("51 items within 24 h, by schedule", SCHEDULED | HOURS24, {"volume": 51}, 8,
        "I newest 50 @40 overlap", "A bulk @20 overlap"),
    row("51 items since 24 h and 10 min: the tolerance", SCHEDULED | {"since": NOW - DAY - 10 * MINUTE},
        {"volume": 51}, 8, "I newest 50 @40 overlap", "A bulk @20 overlap"),
    row("51 items since 24 h, 10 min and 1 s", SCHEDULED | {"since": NOW - DAY - 10 * MINUTE - SECOND},
        {"volume": 51}, 9, "A whole @20"),
    row("51 items since 23 h 59 min", AUTOMATIC | {"since": NOW - DAY + MINUTE}, {"volume": 51}, 8,
        "I newest 50 @50 overlap", "A bulk @30 overlap"),
    row("days_back 1 is within 24 h", AUTOMATIC | {"days_back": 1}, {"volume": 51}, 8,
        "I newest 50 @50 overlap", "A bulk @30 overlap"),
    row("days_back 2 is not", AUTOMATIC | {"days_back": 2}, {"volume": 51}, 9, "A whole @30"),
    row("51 numbers by hand: the highest 50 now", {"numbers": upto(51)}, {}, 8,
        "I newest #2-51 @80 overlap", "A bulk #1-51 @60 overlap"),
    row("an old window that ended long ago, by hand", {"since": NOW - 90 * DAY, "until": NOW - 60 * DAY},
        {"volume": 80}, 8, "I newest 50 @80 overlap", "A bulk @60 overlap"),
    row("the whole history by hand", {"whole_history": True}, {"volume": 5000, "watermark": NOW - DAY}, 8,
        "I newest 50 @80 overlap", "A bulk @60 overlap"),
    # Ruling 9: bulk.
    row("51 numbers by schedule", SCHEDULED | {"numbers": upto(51)}, {}, 9, "A whole #1-51 @20"),
    row("51 numbers to repair", REPAIR | {"numbers": upto(51)}, {}, 9, "A whole #1-51 @40"),
    row("30 days, automatic", AUTOMATIC | DAYS30, {"volume": 100, "at_least": True, "total": 9000}, 9, "A whole @30"),
    row("30 days, bootstrap", BOOTSTRAP | DAYS30, {"volume": 400}, 9, "A whole @10"),
    row("a few numbers to repair", REPAIR | {"numbers": [3, 9]}, {}, 5, "I whole #3-9 @60"),
    # Health.
    row("Inngest down: small work goes to Actions first in line", HOURS24, {"volume": 5} | NO_INNGEST, 5,
        "A whole @90"),
    row("Inngest down: two Actions slices become one job", DAYS30, {"volume": 300} | NO_INNGEST, 8, "A whole @90"),
    row("Inngest down: bulk work is bulk work", SCHEDULED | DAYS30, {"volume": 300} | NO_INNGEST, 9, "A whole @20"),
    row("Inngest down outside the rollout: deferred", HOURS24, {"volume": 5} | NO_INNGEST | OUTSIDE, 5,
        "I whole @80 deferred:inngest_down"),
    row("Inngest down during a stop: deferred", HOURS24, {"volume": 5} | NO_INNGEST | STOPPED, 5,
        "I whole @80 deferred:inngest_down"),
    row("Actions down: bulk is deferred, recent work goes on", DAYS30, {"volume": 300} | NO_ACTIONS, 8,
        "I newest 50 @80 overlap", "A bulk @60 deferred:github_actions_down overlap"),
    row("Actions down: old bulk is deferred", SCHEDULED | DAYS30, {"volume": 300} | NO_ACTIONS, 9,
        "A whole @20 deferred:github_actions_down"),
    row("both down", DAYS30, {"volume": 300} | NO_ACTIONS | NO_INNGEST, 8,
        "I newest 50 @80 deferred:inngest_down overlap", "A bulk @60 deferred:github_actions_down overlap"),
    row("both down, small", DAYS30, {"volume": 5} | NO_ACTIONS | NO_INNGEST, 5, "I whole @80 deferred:inngest_down"),
    # Stop.
    row("stopped: bulk waits", SCHEDULED | DAYS30, {"volume": 300} | STOPPED, 9, "A whole @20 deferred:stopped"),
    row("stopped: a split's newest go on, its bulk waits", DAYS30, {"volume": 300} | STOPPED, 8,
        "I newest 50 @80 overlap", "A bulk @60 deferred:stopped overlap"),
    row("stopped: a window within 24 h goes on in Inngest", HOURS24, {"volume": 300} | STOPPED, 8, "I whole @80"),
    row("stopped, within 24 h and Inngest down: all of it waits", HOURS24, {"volume": 300} | STOPPED | NO_INNGEST, 8,
        "I newest 50 @80 deferred:inngest_down overlap", "A bulk @60 deferred:stopped overlap"),
    row("stopped and Actions down", SCHEDULED | DAYS30, {"volume": 300} | STOPPED | NO_ACTIONS, 9,
        "A whole @20 deferred:stopped"),
    # Shadow.
    row("shadow: both, and the second only observes", DAYS30 | {"mode": "shadow"}, {"volume": 9}, 3,
        "I whole @80 overlap", "A shadow @60 shadow overlap"),
    row("shadow outside the rollout", DAYS30 | {"mode": "shadow"}, {"volume": 900} | OUTSIDE, 3,
        "I whole @80 overlap", "A shadow @60 shadow overlap"),
    row("shadow with Actions named: Inngest observes", DAYS30 | {"mode": "shadow"} | ACTIONS, {"volume": 9}, 3,
        "A whole @60 overlap", "I shadow @80 shadow overlap"),
    row("shadow while Inngest is down: its half waits", DAYS30 | {"mode": "shadow"}, {"volume": 9} | NO_INNGEST, 3,
        "I whole @80 deferred:inngest_down overlap", "A shadow @60 shadow overlap"),
    row("shadow during a stop: the bulk half waits", DAYS30 | {"mode": "shadow"}, {"volume": 9} | STOPPED, 3,
        "I whole @80 overlap", "A shadow @60 deferred:stopped shadow overlap"),
]  # fmt: skip

ERRORS: list[tuple[str, dict[str, Any], str]] = [
    ("no numbers", {"numbers": []}, "numbers"),
    ("number 0", {"numbers": [0, 5]}, "numbers"),
    ("a negative number", {"numbers": [-3]}, "numbers"),
    ("a number that is a text", {"numbers": ["x"]}, "numbers"),
    ("a number beyond GitHub's", {"numbers": [2**31]}, "numbers"),
    ("numbers and days", {"numbers": [1], "days_back": 3}, "numbers"),
    ("numbers and a time", {"numbers": [1], "since": NOW - DAY}, "numbers"),
    ("a window that ends where it begins", {"since": NOW - DAY, "until": NOW - DAY}, "until"),
    ("a window that ends before it begins", {"since": NOW - DAY, "until": NOW - 2 * DAY}, "until"),
    ("a beginning in the future", {"since": NOW + SECOND}, "since"),
    ("a beginning that is now", {"since": NOW}, "since"),
    ("a time without a zone", {"since": "2026-11-01T00:00:00"}, "since"),
    ("a date without a zone", {"until": "2026-11-01"}, "until"),
    ("no time at all", {"until": "yesterday"}, "until"),
    ("days and a time", {"days_back": 3, "since": NOW - DAY}, "days_back"),
    ("no days", {"days_back": 0}, "days_back"),
    ("half a day", {"days_back": 0.5}, "days_back"),
    ("days as a yes", {"days_back": True}, "days_back"),
    ("an unknown trigger", {"trigger": "pr-activity"}, "trigger"),
    ("an unknown dataset", {"datasets": ["issues"]}, "datasets"),
    ("no dataset", {"datasets": []}, "datasets"),
    ("an unknown processor", {"processor": "local"}, "processor"),
    ("an unknown mode", {"mode": "dark"}, "mode"),
    ("a limit of 0", {"max_items": 0}, "max_items"),
    ("a negative limit", {"max_items": -1}, "max_items"),
    ("force without a processor", {"force": True}, "force"),
    ("history and a window", {"whole_history": True, "days_back": 3}, "days_back"),
    ("an unknown word", {"colour": "red"}, "colour"),
    ("a bad name", {"repository": "not-a-repo"}, "repository"),
    ("a path", {"repository": "a/b/c"}, "repository"),
    ("a parent folder", {"repository": "a/.."}, "repository"),
]
