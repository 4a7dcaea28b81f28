"""Times as GitHub writes them: UTC, whole seconds."""

from datetime import UTC, datetime


def text(epoch: float) -> str:
    """Seconds since 1970 as `2026-01-31T12:00:00Z`."""
    return datetime.fromtimestamp(int(epoch), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def epoch(value: str) -> int:
    """The reverse of `text`; also takes fractions and offsets, as GitHub's `since` does."""
    moment = datetime.fromisoformat(value.replace("Z", "+00:00"))
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())
