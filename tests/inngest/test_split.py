"""A manual request for 30 days: the newest at once through Inngest, the whole in bulk through GitHub Actions."""

from pathlib import Path

import pytest

from tests.inngest.rig import Rig, start_rig
from tests.support.actions import JOBS, start_actions
from tests.support.postgres import Databases
from tests.support.truth import differences

DISAGREEING = """
select a.number, a.record_kind, a.record_key from capture_observations a
join capture_observations b using (repository_id, number, record_kind, record_key, reason)
where a.reason = 'overlap' and a.processor = 'inngest' and b.processor = 'github_actions'
  and (a.source_updated_at, a.fields) is distinct from (b.source_updated_at, b.fields)"""
SEEN = "select distinct number from capture_observations where reason = 'overlap' and processor = %s order by number"


def parts(rig: Rig, parent: str) -> dict[str, str]:
    """The jobs of a split, by processor."""
    rows = rig.sql("select id, processor_type from progressive_capture_jobs where parent_id = %s", parent)
    return {row["processor_type"]: str(row["id"]) for row in rows}


@pytest.mark.slow
@pytest.mark.parametrize(("pull_requests", "days"), [(150, 30), pytest.param(1500, 130, marks=pytest.mark.campaign)])
def test_a_split_shows_the_newest_first_and_ends_with_all_of_the_source(
    databases: Databases, tmp_path: Path, pull_requests: int, days: int
) -> None:
    with databases.fresh() as dsn:
        github = start_actions(pull_requests=pull_requests, secrets={"CAPTURE_DATABASE_URL": dsn})
        with start_rig(dsn, tmp_path, github=github, more={"CAPTURE_ACTIONS_REPOSITORY": JOBS}) as rig:
            parent = rig.request(days_back=days, max_items=1000)
            jobs = parts(rig, parent)
            recent = rig.ended(jobs["inngest"])
            assert (recent["status"], recent["executed_by"], recent["items_done"]) == ("completed", "inngest", 50)
            seconds = (recent["first_row_at"] - recent["created_at"]).total_seconds()
            print(f"first row after {seconds:.2f} s, the newest 50 after "
                  f"{(recent['completed_at'] - recent['created_at']).total_seconds():.2f} s")  # fmt: skip

            bulk = rig.ended(jobs["github_actions"], patience=240)
            assert (bulk["status"], bulk["executed_by"]) == ("completed", "github_actions")
            assert bulk["run_url"]
            assert rig.ended(parent)["status"] == "completed"
            inside = rig.sql(
                "select number from pull_requests where updated_at >= (select since from progressive_capture_jobs "
                "where id = %s)", parent,
            )  # fmt: skip
            since = rig.job(parent)["since"].strftime("%Y-%m-%dT%H:%M:%SZ")
            source = [pull["number"] for pull in rig.github.everything() if pull["updatedAt"] >= since]
            print(f"{len(source)} items in the window")
            assert len(source) > 50
            assert sorted(row["number"] for row in inside) == sorted(source)
            assert [line for line in differences(rig.dsn, rig.github, most=10**9) if "is not stored" not in line] == []

            band = [row["number"] for row in rig.sql(SEEN, "inngest")]
            assert len(band) == 10
            assert [row["number"] for row in rig.sql(SEEN, "github_actions")] == band
            assert rig.sql(DISAGREEING) == []
