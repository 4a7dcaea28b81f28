"""What a capture costs at GitHub, at a size that fits into every test run; `benchmarks/` has the full figures."""

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
