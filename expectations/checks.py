"""A check: one expectation with the words that results, tests and the report use for it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from great_expectations.expectations import core as gxe
from great_expectations.expectations.expectation import Expectation

from expectations.classes import ExpectNoRows, ExpectSomethingToCompare, counting, naming

Severity = Literal["critical", "warning", "info"]
SuiteName = Literal["schema", "values", "uniqueness", "referential", "completeness", "overlap", "freshness"]
Needs = Literal["whole tables", "a pair", "an audit", "observations"]
"""What must be there for a check to mean something; without it the check reads "not applicable"."""


@dataclass(frozen=True, slots=True)
class Check:
    """One expectation of a suite over one asset. `make(True)` builds the variant that names the records it finds."""

    suite: SuiteName
    name: str
    asset: str
    severity: Severity
    description: str
    make: Callable[[bool], Expectation]
    needs: Needs | None = None


@dataclass(frozen=True, slots=True)
class Suite:
    """Makes the checks of one suite."""

    name: SuiteName

    def no_rows(
        self, name: str, asset: str, severity: Severity, description: str, query: str, needs: Needs | None = None
    ) -> Check:
        """A check by a query over `batch`, the asset's rows, that must find nothing.

        The query gives repository_id, number and record, and where they say something field, expected, found and link.
        """
        text = query.replace("{", "{{").replace("}", "}}")

        def make(details: bool) -> Expectation:
            finished = naming(text) if details else counting(text)
            return ExpectNoRows(unexpected_rows_query=finished, **_common(self.name, name, severity, description))

        return Check(self.name, name, asset, severity, description, make, needs)

    def something(self, name: str, asset: str, description: str, query: str, needs: Needs | None = None) -> Check:
        """A check that is an error when the query over `batch` finds nothing."""

        def make(_details: bool) -> Expectation:
            return ExpectSomethingToCompare(
                unexpected_rows_query=counting(query), **_common(self.name, name, "critical", description)
            )

        return Check(self.name, name, asset, "critical", description, make, needs)

    def stock(
        self, name: str, asset: str, severity: Severity, description: str, kind: str, /, *, needs: Needs | None = None,
        **arguments: Any,
    ) -> Check:  # fmt: skip
        """A check by a class of Great Expectations' own, named as there, as `ExpectColumnValuesToBeInSet`."""

        def make(_details: bool) -> Expectation:
            return getattr(gxe, kind)(**arguments, **_common(self.name, name, severity, description))

        return Check(self.name, name, asset, severity, description, make, needs)


def _common(suite: str, name: str, severity: Severity, description: str) -> dict[str, Any]:
    return {"severity": severity, "description": description, "meta": {"suite": suite, "check": name}}
