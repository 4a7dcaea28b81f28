"""What a capture costs at GitHub, at a size that fits into every test run; `benchmarks/` has the full figures."""

import json
from pathlib import Path

import pytest

from tests.campaigns.rig import rig
from tests.support.postgres import Databases

pytestmark = pytest.mark.slow


def test_workload_w_is_captured_cold_and_unchanged_within_its_price(databases: Databases, tmp_path: Path) -> None:
    """200 pull requests of workload W: a fifth of the requests and points that 1,000 of them may cost."""
    with rig(databases, tmp_path, "--shape", "workload", pull_requests=200) as this:
        this.complete()
        cold = this.sandbox.stats()
        assert this.differences() == []
        assert cold["requests"] <= 60 // 5
        assert cold["points"] <= 100 // 5
        this.sandbox.reset_stats()
        this.complete()
        assert this.sandbox.stats()["requests"] <= 13
        assert this.sandbox.calls("Items") == []


@pytest.mark.parametrize(("shape", "pull_requests"), [("mixed", 250), ("growing", 400)])
def test_a_plan_tells_what_the_capture_then_costs(
    databases: Databases, tmp_path: Path, shape: str, pull_requests: int
) -> None:
    """Within a quarter, and its range holds it; three listing pages are all that it looks at."""
    with rig(databases, tmp_path, "--shape", shape, pull_requests=pull_requests) as this:
        assert this.run_command("plan", this.sandbox.repository, "--json") == 0
        plan = json.loads(this.output.read_text())
        assert this.sandbox.stats()["requests"] <= 3
        this.sandbox.reset_stats()
        this.complete()
        measured = this.sandbox.stats()
        for figure in ("requests", "points"):
            assert abs(plan[figure]["value"] - measured[figure]) <= measured[figure] / 4, (figure, plan, measured)
            assert plan[figure]["low"] <= measured[figure] <= plan[figure]["high"]
