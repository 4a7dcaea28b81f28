"""One validation from the question to the stored answer; and the report that is made after it."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy.exc import OperationalError

from capture.core.errors import InvalidInput
from expectations.database import Scope, find_repository, outage
from expectations.notify import notify
from expectations.record import call, record
from expectations.results import Run, plain
from expectations.statistics import refresh

if TYPE_CHECKING:
    from expectations.checkpoints import Raw

CHECKPOINTS = ("window", "nightly", "weekly", "demand")


@dataclass(frozen=True, slots=True)
class Question:
    """What to validate. No repository means all, no window means everything, no suites those of the checkpoint."""

    repository: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    suites: tuple[str, ...] = ()
    checkpoint: str = "demand"
    job_id: UUID | None = None
    report: bool = True
    webhook: str | None = None


def ask(dsn: str, question: Question, reports: Path) -> Run:
    """Validate, store, report. Raises InvalidInput for an unknown repository or suite, Outage for a dead database."""
    from expectations.checkpoints import (
        NothingToValidate,
        checks_of,
        run_checks,
    )  # the import takes seconds, and a wrong name none

    repository_id = find_repository(dsn, question.repository) if question.repository else None
    if question.since and question.until and question.until <= question.since:
        raise InvalidInput("until", "must be later than since")
    run = Run(
        question.checkpoint, datetime.now(UTC), question.repository, repository_id, question.since, question.until,
        question.job_id,
    )  # fmt: skip
    checks = checks_of(question.checkpoint, question.suites)
    scope = Scope(repository_id, question.since, question.until)
    raw: Raw = {}
    try:
        refresh(dsn)
        run.results, raw = run_checks(dsn, scope, checks, question.checkpoint)
    except NothingToValidate as error:
        run.message = str(error)
    except OperationalError as error:
        raise outage(error) from None
    run.run_id = record(dsn, run)
    if any(r.suite == "completeness" and r.status == "failed" for r in run.results):
        # The ledger of gaps, from which repairs are made and which the report shows.
        call(dsn, "reconcile_rows", plain(asdict(scope)))
    if question.webhook and run.status != "passed":
        run.notice = notify(question.webhook, run)
    if question.report:
        _publish(dsn, reports, run, raw)
    return run


def _publish(dsn: str, reports: Path, run: Run, raw: "Raw") -> None:
    from expectations.docs import build_docs
    from expectations.report.build import build_report

    if raw:
        index = build_docs(reports / "docs", run, raw)
        run.docs = str(index)
        call(dsn, "set_dq_docs", {"run_id": str(run.run_id), "docs_path": str(index.relative_to(reports))})
    run.report = str(build_report(dsn, reports))


def summary(run: Run) -> Sequence[str]:
    """The run as lines for people: one a suite, then what failed with the first records."""
    verdict = {"passed": "passed", "failed": "FAILED", "error": "COULD NOT TELL"}[run.status]
    counts = ", ".join(
        f"{run.count(status)} {word}"  # type: ignore[arg-type]
        for status, word in (
            ("passed", "passed"),
            ("failed", "failed"),
            ("error", "in error"),
            ("not_applicable", "n/a"),
        )
        if run.count(status)  # type: ignore[arg-type]
    )
    lines = [f"Validation of {run.repository or 'all repositories'}: {verdict} ({counts})"]
    if run.message:
        lines.append(f"  {run.message}")
    for result in run.results:
        if result.status == "error":
            lines.append(f"  error    {result.suite}/{result.expectation}: {result.message}")
        if result.status == "failed":
            lines.append(
                f"  {result.severity:8} {result.suite}/{result.expectation}: {result.unexpected} found."
                f" {result.description}"
            )
            for failure in result.failures[:5]:
                what = f"#{failure.number} " if failure.number else ""
                versus = (
                    f": {failure.field} expected {failure.expected}, found {failure.found}" if failure.field else ""
                )
                lines.append(f"           {what}{failure.record or ''}{versus}  {failure.url or ''}".rstrip())
    if run.notice:
        lines.append(f"  {run.notice}")
    if run.report:
        lines.append(f"Report: {run.report}")
    return lines
