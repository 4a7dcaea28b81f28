"""The suites, each a module with `build()`."""

from expectations.checks import Check, SuiteName
from expectations.suites import completeness, freshness, overlap, referential, schema, uniqueness, values

SUITES: dict[SuiteName, list[Check]] = {
    "schema": schema.build(),
    "values": values.build(),
    "uniqueness": uniqueness.build(),
    "referential": referential.build(),
    "completeness": completeness.build(),
    "overlap": overlap.build(),
    "freshness": freshness.build(),
}
