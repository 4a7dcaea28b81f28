"""The suites, each a module with `build()`, and which of them a checkpoint runs."""

from expectations.checks import Check, SuiteName
from expectations.suites import completeness

SUITES: dict[SuiteName, list[Check]] = {"completeness": completeness.build()}
