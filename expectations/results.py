"""What a validation found, as values: a run, its results, the records that failed. No Great Expectations here."""

from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

CheckStatus = Literal["passed", "failed", "error", "not_applicable"]
RunStatus = Literal["passed", "failed", "error"]


@dataclass(frozen=True, slots=True)
class Failure:
    """One record that a check found, with what was expected and what was there."""

    repository_id: str | None = None
    number: int | None = None
    record: str | None = None
    field: str | None = None
    expected: str | None = None
    found: str | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """The outcome of one check. `unexpected` counts all failing records, `failures` names the first of them."""

    suite: str
    expectation: str
    description: str
    severity: str
    status: CheckStatus
    unexpected: int | None = None
    observed: Any = None
    message: str | None = None
    seconds: float | None = None
    failures: tuple[Failure, ...] = ()


@dataclass(slots=True)
class Run:
    """One validation: what was looked at and all results."""

    checkpoint: str
    started_at: datetime
    repository: str | None = None
    repository_id: UUID | None = None
    since: datetime | None = None
    until: datetime | None = None
    job_id: UUID | None = None
    results: list[Result] = field(default_factory=list[Result])
    message: str | None = None
    run_id: UUID | None = None
    report: str | None = None
    docs: str | None = None
    notice: str | None = None
    """What went wrong beside the validation, for example that nobody could be told."""

    @property
    def status(self) -> RunStatus:
        """An error outranks a failure, because a check that could not be made must never look decided."""
        if self.message is not None or not self.results or any(r.status == "error" for r in self.results):
            return "error"
        bad = any(r.status == "failed" and r.severity == "critical" for r in self.results)
        return "failed" if bad else "passed"

    @property
    def exit_code(self) -> int:
        """0 good, 1 the data is bad, 3 could not tell."""
        return {"passed": 0, "failed": 1, "error": 3}[self.status]

    def count(self, status: CheckStatus, severity: str | None = None) -> int:
        """How many results have this status, of one severity or of all."""
        return sum(1 for r in self.results if r.status == status and severity in (None, r.severity))

    def payload(self) -> dict[str, Any]:
        """The run as JSON: the argument of `record_dq_run` and the output of `--json`."""
        words = asdict(self) | {"status": self.status, "exit_code": self.exit_code}
        return plain(words)


def plain(value: Any) -> Any:
    """The value with only what JSON knows; times in ISO format, everything else unknown as text."""
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple, set)):
        return [plain(v) for v in value]
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    if isinstance(value, Decimal):
        return float(value)
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    return str(value)
