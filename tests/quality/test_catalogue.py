"""Every defect of the catalogue is found by the check that the catalogue names, with the record, and by no other."""

import psycopg
import pytest

from tests.quality.catalogue import DISAGREEING, DOUBLED, MISSING, Defect
from tests.quality.catalogue_values import AGE, ORPHANS, TABLES, UNDECIDABLE, VALUES

CATALOGUE = [*MISSING, *DISAGREEING, *DOUBLED, *VALUES, *ORPHANS, *TABLES, *AGE, *UNDECIDABLE]

VARIANTS = {
    *(f"{name}_not_negative" for name in ("deletions", "changed_files", "commits", "file_additions", "file_deletions")),
    *("base_sha_valid", "merge_commit_sha_valid", "comment_kind_known"),
    *("conversation_comments_as_observed", "inline_comments_as_observed", "file_changes_as_observed"),
    *("reviews_as_audited", "inline_comments_as_audited", "file_changes_as_audited"),
}
"""Checks made by the same line of code as one that the catalogue proves."""

pytestmark = pytest.mark.slow


def test_the_catalogue_knows_at_least_forty_kinds_of_defects() -> None:
    assert len({defect.title for defect in CATALOGUE}) == len(CATALOGUE)
    assert sum(not defect.extra for defect in CATALOGUE) >= 40


def test_every_check_has_a_defect_that_it_finds() -> None:
    """A check that never failed in a test may be one that cannot fail."""
    from expectations.suites import SUITES

    seen = {name for defect in CATALOGUE for name in (defect.check, *defect.also)}
    assert {check.name for checks in SUITES.values() for check in checks} - seen - VARIANTS == set()


def test_nothing_is_reported_on_clean_data(clean: str) -> None:
    from expectations.checkpoints import checks_of, run_checks
    from expectations.database import Scope

    results, _ = run_checks(clean, Scope(), checks_of("demand"))
    assert [(r.expectation, r.status, r.message, r.failures) for r in results if r.status != "passed"] == []


def _cases() -> list[object]:
    return [
        pytest.param(defect, id=defect.title.replace(" ", "-"), marks=[pytest.mark.campaign] if defect.extra else [])
        for defect in CATALOGUE
    ]


@pytest.mark.parametrize("defect", _cases())
def test_a_planted_defect_is_found_as_the_catalogue_says(clean: str, defect: Defect) -> None:
    from expectations.checkpoints import checks_of, run_checks
    from expectations.database import Scope

    with psycopg.connect(clean, autocommit=True) as connection:
        connection.execute(defect.plant)  # type: ignore[arg-type]
    results, _ = run_checks(clean, Scope(), checks_of("demand"))
    noticed = {r.expectation: r for r in results if r.status in ("failed", "error")}
    assert set(noticed) == {defect.check, *defect.also}
    found = noticed[defect.check]
    assert (found.suite, found.severity, found.status) == (defect.suite, defect.severity, defect.status)
    if defect.status == "error":
        assert found.message
        return
    named = [f for f in found.failures if f.number == defect.number and defect.record in (f.record or "")]
    assert named, f"none of {found.failures} names #{defect.number} {defect.record}"
    assert (found.unexpected or 0) >= len(named)
    if defect.number is not None:
        assert all(f.url and "/acme/rocket/pull/" in f.url for f in named)
