"""How many examples hypothesis draws of what is tried on a real database."""

from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings

EXAMPLES = [15, pytest.param(400, marks=[pytest.mark.campaign, pytest.mark.timeout(3600)])]
"""The ordinary run, and the campaign."""


def drawn(examples: int) -> Any:
    """Settings for so many examples: the same ones in every ordinary run, others in each campaign."""
    return settings(
        max_examples=examples,
        deadline=None,
        database=None,
        derandomize=examples < 100,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.explicit, Phase.generate, Phase.shrink],
    )
