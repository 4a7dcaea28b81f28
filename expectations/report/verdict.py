"""Can I use this data today? A decision with its reason, from the latest validation and the age of the listing."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

Answer = Literal["yes", "no", "unknown"]

FRESH = timedelta(hours=36)
"""Older than this, a validation or a listing says nothing about today."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known of one repository."""

    repository: str
    access: str
    run_status: str | None
    validated_at: datetime | None
    listed_at: datetime | None
    open_gaps: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer, and why, as a sentence."""

    answer: Answer
    reason: str


def judge(standing: Standing, now: datetime) -> Verdict:
    """First match wins. What could not be told or is too old is unknown, never yes."""
    if standing.access != "active":
        return Verdict(
            "unknown",
            f"GitHub does not show the repository any more ({standing.access}); this is what was captured before",
        )
    if standing.run_status is None or standing.validated_at is None:
        return Verdict("unknown", "it has never been validated")
    if standing.run_status == "error":
        return Verdict("unknown", "the latest validation could not be completed")
    if standing.run_status == "failed":
        return Verdict("no", "the latest validation found critical defects")
    if standing.open_gaps:
        word = "gap is" if standing.open_gaps == 1 else "gaps are"
        return Verdict("no", f"{standing.open_gaps} {word} still to be repaired")
    if now - standing.validated_at > FRESH:
        return Verdict("unknown", f"the latest validation is {_age(now - standing.validated_at)} old")
    if standing.listed_at is None:
        return Verdict("unknown", "GitHub's listing has never been read to its end")
    if now - standing.listed_at > FRESH:
        return Verdict("unknown", f"the latest listing from GitHub is {_age(now - standing.listed_at)} old")
    return Verdict("yes", "complete and validated")


def overall(verdicts: dict[str, Verdict]) -> Verdict:
    """One answer for everything: yes only if it is yes everywhere."""
    if not verdicts:
        return Verdict("unknown", "nothing has been captured yet")
    bad = sorted(name for name, verdict in verdicts.items() if verdict.answer == "no")
    open_ = sorted(name for name, verdict in verdicts.items() if verdict.answer == "unknown")
    if bad:
        return Verdict("no", _where(bad, len(verdicts), verdicts))
    if open_:
        return Verdict("unknown", _where(open_, len(verdicts), verdicts))
    if len(verdicts) == 1:
        return Verdict("yes", next(iter(verdicts.values())).reason)
    return Verdict("yes", f"all {len(verdicts)} repositories are complete and validated")


def _where(names: list[str], total: int, verdicts: dict[str, Verdict]) -> str:
    if len(names) == 1:
        return f"{names[0]}: {verdicts[names[0]].reason}"
    shown = ", ".join(names[:3]) + (" and others" if len(names) > 3 else "")
    return f"{len(names)} of {total} repositories are concerned: {shown}"


def _age(span: timedelta) -> str:
    hours = int(span.total_seconds() // 3600)
    return f"{hours} hours" if hours < 72 else f"{hours // 24} days"
