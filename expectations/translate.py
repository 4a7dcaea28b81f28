"""From Great Expectations' result objects to our results. A raised expectation is an error, not a failure."""

from typing import Any

from expectations.checks import Check
from expectations.classes import SAMPLE
from expectations.results import Failure, Result, plain

INDEX_COLUMNS = ["repository_id", "number", "record", "link"]


def raised(result: Any) -> str | None:
    """The message of the exception behind a result, or None. There is one for the expectation or one a metric."""
    info = result.exception_info or {}
    entries = [info] if "raised_exception" in info else [v for v in info.values() if isinstance(v, dict)]
    for entry in entries:
        if entry.get("raised_exception"):
            text = str(entry.get("exception_message") or "the expectation raised without a message").strip()
            return text.splitlines()[0][:500]
    return None


def translate(check: Check, result: Any) -> Result:
    """One result of a validation, with its failing records where the details were asked for."""
    message = raised(result)
    if message is not None:
        return failed_to_run(check, message)
    found = result.result or {}
    if result.success:
        return _result(check, "passed", observed=plain(found.get("observed_value")))
    failures = tuple(_failures(check, found))
    unexpected = found.get("unexpected_count", found.get("observed_value"))
    return _result(
        check, "failed",
        unexpected=unexpected if isinstance(unexpected, int) else len(failures),
        observed=plain(found.get("observed_value")),
        failures=failures,
    )  # fmt: skip


def failed_to_run(check: Check, message: str) -> Result:
    """A check that could not be made."""
    return _result(check, "error", message=message)


def not_applicable(check: Check, message: str) -> Result:
    """A check that has no subject here."""
    return _result(check, "not_applicable", message=message)


def _result(check: Check, status: Any, **more: Any) -> Result:
    return Result(check.suite, check.name, check.description, check.severity, status, **more)


def _failures(check: Check, found: dict[str, Any]) -> list[Failure]:
    rows = (found.get("details") or {}).get("unexpected_rows")
    if rows is not None:
        return [_failure(row) for row in rows[:SAMPLE]]
    indexed = found.get("unexpected_index_list")
    if indexed:
        return [_failure(_with_values(row)) for row in indexed[:SAMPLE]]
    mismatched = ((found.get("details") or {}).get("mismatched")) or {}
    named = [
        Failure(record=f"{check.asset}.{c}", field=word, found=word) for word, cs in mismatched.items() for c in cs
    ]
    return named[:SAMPLE]


def _with_values(row: dict[str, Any]) -> dict[str, Any]:
    """A row of the index list: the identifying columns, and the failing columns as `field` and `found`."""
    values = {k: v for k, v in row.items() if k not in INDEX_COLUMNS}
    return {k: row.get(k) for k in INDEX_COLUMNS} | {
        "field": ", ".join(values),
        "found": ", ".join(_text(v) or "null" for v in values.values()),
    }


def _failure(row: dict[str, Any]) -> Failure:
    number = row.get("number")
    return Failure(
        repository_id=_text(row.get("repository_id")),
        number=None if number is None else int(number),
        record=_text(row.get("record")),
        field=_text(row.get("field")),
        expected=_text(row.get("expected")),
        found=_text(row.get("found")),
        url=_text(row.get("link")),
    )


def _text(value: Any) -> str | None:
    return None if value is None else str(value)[:2000]
