"""The flows of trust: what they show on their page, what they ask for, and how they end."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterKey
from prefect.settings import PREFECT_API_URL, temporary_settings

from capture.core.errors import JobFailed
from capture.settings import settings
from flows.reconcile import reconcile
from flows.validate_quality import check_rows, sentence, validate_quality
from tests.support.actions import prefect_server

pytestmark = [pytest.mark.anyio, pytest.mark.slow]


@pytest.fixture
def prefect(clean: str, capture_home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Flows of this process run against the tests' Prefect server and a clean database."""
    monkeypatch.setenv("DATABASE_URL", clean)
    settings.cache_clear()
    with temporary_settings({PREFECT_API_URL: prefect_server().ready().api_url}):
        yield clean
    settings.cache_clear()


async def table(key: str) -> list[dict[str, Any]]:
    """The latest table stored under a key."""
    async with get_client() as client:
        found = await client.read_artifacts(artifact_filter=ArtifactFilter(key=ArtifactFilterKey(any_=[key])))
    latest = max(found, key=lambda artifact: str(artifact.created))
    return json.loads(str(latest.data))


@pytest.mark.timeout(600)
async def test_a_bad_validation_fails_its_run_shows_the_checks_and_asks_for_repairs(prefect: str) -> None:
    with psycopg.connect(prefect, autocommit=True) as connection:
        connection.execute(
            "delete from reviews where pull_request_id in (select id from pull_requests where number = 31)"
        )
    with pytest.raises(JobFailed, match="completeness/reviews_complete"):
        await validate_quality()
    first, *_ = await table("checks")
    assert (first["severity"], first["suite"]) == ("critical", "completeness")
    (repairs,) = await table("repairs")
    assert (repairs["open"], len(repairs["jobs"])) == (2, 2)
    with psycopg.connect(prefect) as connection:
        jobs = connection.execute(
            "select name, numbers from progressive_capture_jobs where trigger = 'repair'"
        ).fetchall()
    assert sorted(jobs) == [("lander", [31]), ("rocket", [31])]


async def test_reconciling_whole_data_asks_for_nothing(prefect: str) -> None:
    done = await reconcile()
    assert (done["found"], done["jobs"]) == (0, [])
    assert {"figure": "open", "value": 0} in await table("gaps")


def test_what_failed_is_said_in_one_sentence_and_one_row_a_check() -> None:
    results = [
        {"suite": "values", "expectation": "state_known", "description": "States", "status": status,
         "severity": "critical", "unexpected": 3, "message": None}
        for status in ("passed", "failed")
    ]  # fmt: skip
    assert [row["result"] for row in check_rows(results)] == ["failed"]
    assert check_rows(results[:1]) == [
        {"result": "passed", "severity": "", "suite": "all", "check": "1 checks", "found": ""}
    ]
    assert (
        sentence(results[1:] * 7) == "7 checks are not green: " + ", ".join(["values/state_known"] * 5) + " and 2 more"
    )
