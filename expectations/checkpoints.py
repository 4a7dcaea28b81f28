"""Which suites run when: after each job over its window, every night, and once a week over everything."""

import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import ProgrammingError

from capture.core.errors import CaptureError, InvalidInput
from expectations.applicable import reasons
from expectations.checks import Check
from expectations.database import Scope, open_engine
from expectations.results import Result
from expectations.suites import SUITES
from expectations.translate import not_applicable
from expectations.validate import Validation

Raw = dict[tuple[str, str], Any]

RECENT = timedelta(days=2)
"""How far the nightly look at single values reaches back: two nights, so that one may fail."""

LOGGER = logging.getLogger(__name__)


class NothingToValidate(CaptureError):
    """There is no repository in scope; every check would pass without having looked at anything."""

    code = "nothing_to_validate"
    exit_code = 3


def checks_of(checkpoint: str, suites: Sequence[str] = ()) -> list[Check]:
    """The checks of a checkpoint, or of the named suites. Raises InvalidInput for an unknown suite."""
    for name in suites:
        if name not in SUITES:
            raise InvalidInput("suite", f"{name} is none of {', '.join(SUITES)}")
    return [check for name, checks in SUITES.items() if not suites or name in suites for check in checks]


def parts_of(checkpoint: str, scope: Scope, checks: Sequence[Check], now: datetime) -> list[tuple[Scope, list[Check]]]:
    """What a checkpoint looks at in whole tables, and what only where something changed lately.

    The nightly run counts everything that GitHub lists, and looks at single values of the last two days; the weekly run
    and one on demand look at all of everything, the run after a job at its window.
    """
    if scope.since is not None or scope.until is not None:
        return [(scope, list(checks))]
    parts: list[tuple[Scope, list[Check]]] = []
    if checkpoint == "nightly":
        recent = Scope(scope.repository_id, now - RECENT, None)
        parts.append((recent, [c for c in checks if not _counts(c)]))
        checks = [c for c in checks if _counts(c)]
    whole = replace(scope, whole_tables=scope.repository_id is None)
    parts.append((whole, [c for c in checks if c.suite != "overlap"]))
    parts.append((scope, [c for c in checks if c.suite == "overlap"]))  # few observations lead to few rows
    return [(part, members) for part, members in parts if members]


def _counts(check: Check) -> bool:
    """Whether a check is about everything every night: what is listed, covered, agreed on; and small tables."""
    if check.suite in ("values", "uniqueness", "referential"):
        return check.asset in ("contributors", "repositories") and check.suite != "referential"
    return check.asset != "lists" and check.name != "lists_not_exceeded"


def run_checks(dsn: str, scope: Scope, checks: Sequence[Check], checkpoint: str = "demand") -> tuple[list[Result], Raw]:
    """A result for each check, and Great Expectations' own by suite and check.

    Raises NothingToValidate where nothing was ever captured.
    """
    found: dict[tuple[str, str], Result] = {}
    raw: Raw = {}
    for part, members in parts_of(checkpoint, scope, checks, datetime.now(UTC)):
        results, of_part = _run(dsn, part, members)
        found |= {(r.suite, r.expectation): r for r in results}
        raw |= of_part
    return [found[check.suite, check.name] for check in checks], raw


def _run(dsn: str, scope: Scope, checks: Sequence[Check]) -> tuple[list[Result], Raw]:
    engine = open_engine(dsn, scope)
    try:
        with engine.connect() as connection:
            repositories = connection.execute(sa.text("select count(*) from dq.repositories")).scalar()
    finally:
        engine.dispose()
    if not repositories:
        raise NothingToValidate("nothing has been captured yet, so there is nothing to validate")
    try:
        unmet = reasons(dsn, scope, list(checks))
    except ProgrammingError as error:  # a view is missing: nobody knows what applies, so all of it must be tried
        unmet = {}
        LOGGER.warning("cannot tell which checks apply: %s", error.orig)
    validation = Validation(dsn, scope)
    ran = {(r.suite, r.expectation): r for r in validation.run([c for c in checks if c.needs not in unmet])}
    results = [
        not_applicable(check, unmet[check.needs]) if check.needs in unmet else ran[check.suite, check.name]
        for check in checks
    ]
    return results, validation.raw
