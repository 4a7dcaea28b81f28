"""Runs checks over a window: all of them for yes or no, then the failed ones again for the records."""

import itertools
from collections.abc import Sequence
from typing import Any

import great_expectations as gx

from expectations.checks import Check
from expectations.context import new_context, whole
from expectations.database import Scope
from expectations.results import Result
from expectations.translate import INDEX_COLUMNS, failed_to_run, translate

_BRIEF = {"result_format": "BOOLEAN_ONLY"}
_DETAILED = {"result_format": "COMPLETE", "unexpected_index_column_names": INDEX_COLUMNS}


class Validation:
    """One run's checks against one database. Keeps Great Expectations' own results for its Data Docs."""

    def __init__(self, dsn: str, scope: Scope) -> None:
        self.context, self._source = new_context(dsn, scope)
        self._numbers = itertools.count(1)

    def run(self, checks: Sequence[Check]) -> list[Result]:
        """A result for every check, in order. Details cost extra queries, so only what failed is asked for them."""
        first = self._pass(checks, details=False)
        failed = [check for check in checks if first[_key(check)].status == "failed"]
        return list((first | self._pass(failed, details=True)).values())

    def _pass(self, checks: Sequence[Check], *, details: bool) -> dict[tuple[str, str], Result]:
        groups: dict[tuple[str, str], list[Check]] = {}
        for check in checks:
            groups.setdefault((check.suite, check.asset), []).append(check)
        found: dict[tuple[str, str], Result] = {}
        for (suite, asset), members in groups.items():
            found |= self._group(f"{suite}.{asset}", members, details=details)
        return {_key(check): found[_key(check)] for check in checks}

    def _group(self, name: str, checks: list[Check], *, details: bool) -> dict[tuple[str, str], Result]:
        try:
            outcome = self._validated(name, checks, details=details)
        except Exception as error:  # noqa: BLE001 -- whatever went wrong, the check was not made, and that is its result
            message = str(error).strip().splitlines()[0][:500] if str(error).strip() else type(error).__name__
            return {_key(check): failed_to_run(check, message) for check in checks}
        by_name = {result.expectation_config.meta["check"]: result for result in outcome.results}
        missing = "Great Expectations returned no result for this check"
        return {
            _key(c): translate(c, by_name[c.name]) if c.name in by_name else failed_to_run(c, missing) for c in checks
        }

    def _validated(self, name: str, checks: list[Check], *, details: bool) -> Any:
        title = f"{name}{'.details' if details else ''}.{next(self._numbers)}"
        suite = gx.ExpectationSuite(name=title, expectations=[check.make(details) for check in checks])
        definition = gx.ValidationDefinition(
            name=title, data=whole(self._source, checks[0].asset), suite=self.context.suites.add(suite)
        )
        self.context.validation_definitions.add(definition)
        return definition.run(result_format=_DETAILED if details else _BRIEF)


def _key(check: Check) -> tuple[str, str]:
    return check.suite, check.name
