"""Runs checks over a window: all of them for yes or no, then the failed ones again for the records."""

from collections.abc import Sequence
from typing import Any

import great_expectations as gx

from expectations.checks import Check
from expectations.context import new_context, open_batch
from expectations.database import Scope
from expectations.results import Result
from expectations.translate import INDEX_COLUMNS, failed_to_run, translate

_BRIEF = {"result_format": "BOOLEAN_ONLY"}
_DETAILED = {"result_format": "COMPLETE", "unexpected_index_column_names": INDEX_COLUMNS}


class Validation:
    """One run's checks against one database. Keeps Great Expectations' own results for its Data Docs."""

    def __init__(self, dsn: str, scope: Scope) -> None:
        self.context, self._source = new_context(dsn, scope)
        self._batches: dict[str, Any] = {}
        self.raw: dict[tuple[str, str], Any] = {}

    def run(self, checks: Sequence[Check]) -> list[Result]:
        """A result for every check, in order. Details cost extra queries, so only what failed is asked for them."""
        first = self._pass(checks, details=False)
        failed = [check for check in checks if first[_key(check)].status == "failed"]
        return list((first | self._pass(failed, details=True)).values())

    def _pass(self, checks: Sequence[Check], *, details: bool) -> dict[tuple[str, str], Result]:
        groups: dict[str, list[Check]] = {}
        for check in checks:
            groups.setdefault(check.asset, []).append(check)
        found: dict[tuple[str, str], Result] = {}
        for asset, members in groups.items():
            found |= self._group(asset, members, details=details)
        return {_key(check): found[_key(check)] for check in checks}

    def _group(self, asset: str, checks: list[Check], *, details: bool) -> dict[tuple[str, str], Result]:
        try:
            outcome = self._validated(asset, checks, details=details)
        except Exception as error:  # noqa: BLE001 -- whatever went wrong, the check was not made, and that is its result
            message = str(error).strip().splitlines()[0][:500] if str(error).strip() else type(error).__name__
            return {_key(check): failed_to_run(check, message) for check in checks}
        by_key = {(r.expectation_config.meta["suite"], r.expectation_config.meta["check"]): r for r in outcome.results}
        self.raw |= by_key
        missing = "Great Expectations returned no result for this check"
        return {
            key: translate(check, by_key[key]) if key in by_key else failed_to_run(check, missing)
            for key, check in ((_key(check), check) for check in checks)
        }

    def _validated(self, asset: str, checks: list[Check], *, details: bool) -> Any:
        suite = gx.ExpectationSuite(name=asset, expectations=[check.make(details) for check in checks])
        return self._batch(asset).validate(suite, result_format=_DETAILED if details else _BRIEF)

    def _batch(self, asset: str) -> Any:
        if asset not in self._batches:
            self._batches[asset] = open_batch(self._source, asset)
        return self._batches[asset]


def _key(check: Check) -> tuple[str, str]:
    return check.suite, check.name
