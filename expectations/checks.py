"""A check: one expectation with the words that results, tests and the report use for it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from great_expectations.expectations import core as gxe
from great_expectations.expectations.expectation import Expectation

from expectations.classes import ExpectNoRows, ExpectSomethingToCompare, counting, naming

Severity = Literal["critical", "warning", "info"]
SuiteName = Literal["schema", "values", "uniqueness", "referential", "completeness", "overlap", "freshness"]


@dataclass(frozen=True, slots=True)
class Check:
    """One expectation of a suite over one asset. `make(True)` builds the variant that names the records it finds."""

    suite: SuiteName
    name: str
    asset: str
    severity: Severity
    description: str
    make: Callable[[bool], Expectation]


def _common(name: str, severity: Severity, description: str) -> dict[str, Any]:
    return {"severity": severity, "description": description, "meta": {"check": name}}


def no_rows(
    suite: SuiteName, name: str, asset: str, severity: Severity, description: str, query: str, /, **values: Any
) -> Check:
    """A check by a query over `batch`, the asset's rows. `values` fill `%(name)s` as SQL literals of our own making."""
    text = query % {key: _literal(value) for key, value in values.items()} if values else query
    doubled = text.replace("{", "{{").replace("}", "}}")

    def make(details: bool) -> Expectation:
        finished = naming(doubled) if details else counting(doubled)
        return ExpectNoRows(unexpected_rows_query=finished, **_common(name, severity, description))

    return Check(suite, name, asset, severity, description, make)


def something(suite: SuiteName, name: str, asset: str, description: str, query: str, /) -> Check:
    """A check that is an error when the query over `batch` finds nothing."""

    def make(_details: bool) -> Expectation:
        return ExpectSomethingToCompare(unexpected_rows_query=counting(query), **_common(name, "critical", description))

    return Check(suite, name, asset, "critical", description, make)


def stock(
    suite: SuiteName, name: str, asset: str, severity: Severity, description: str, kind: str, /, **arguments: Any
) -> Check:
    """A check by one of Great Expectations' own classes, named as there, for example `ExpectColumnValuesToBeInSet`."""
    if "row_condition" in arguments:
        arguments["condition_parser"] = "great_expectations"

    def make(_details: bool) -> Expectation:
        return getattr(gxe, kind)(**arguments, **_common(name, severity, description))

    return Check(suite, name, asset, severity, description, make)


def _literal(value: Any) -> str:
    if isinstance(value, (int, float)):
        return str(value)
    return "'" + str(value).replace("'", "''") + "'"
