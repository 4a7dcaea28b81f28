"""The breaker and the heartbeat, as a state machine."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from capture.core.health import Health, after, half_open, is_up, needs_probe
from capture.core.ports import Verdict

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
UP, DOWN = Verdict(True, "ok"), Verdict(False, "api_down", "no answer")


def failed(times: int) -> Health:
    """A processor that failed so many probes, the last one at NOW."""
    health = Health("inngest")
    for _ in range(times):
        health = after(health, DOWN, NOW)
    return health


def test_what_was_never_asked_counts_as_up() -> None:
    assert is_up(Health("inngest"), NOW)
    assert needs_probe(Health("inngest"), NOW)


def test_one_failed_probe_is_believed_and_asked_again_after_ten_seconds() -> None:
    health = failed(1)
    assert not is_up(health, NOW)
    assert health.breaker == "closed"
    assert not needs_probe(health, NOW + 9 * SECOND)
    assert needs_probe(health, NOW + 10 * SECOND)


def test_the_third_failure_in_a_row_opens_the_breaker_for_two_minutes() -> None:
    assert failed(2).breaker == "closed"
    health = failed(3)
    assert health.breaker == "open"
    assert not needs_probe(health, NOW + 119 * SECOND)
    assert needs_probe(health, NOW + 120 * SECOND)


def test_after_two_minutes_one_trial_decides() -> None:
    trial = half_open(failed(3), NOW + 120 * SECOND)
    assert trial.breaker == "half_open"
    closed = after(trial, UP, NOW + 121 * SECOND)
    assert (closed.breaker, closed.failures, is_up(closed, NOW + 121 * SECOND)) == ("closed", 0, True)
    opened = after(trial, DOWN, NOW + 121 * SECOND)
    assert opened.breaker == "open"
    assert opened.open_until == NOW + 241 * SECOND


def test_a_success_forgets_earlier_failures() -> None:
    assert after(after(failed(2), UP, NOW), DOWN, NOW).breaker == "closed"


def test_a_heartbeat_may_be_twelve_minutes_old_and_any_claim_counts_as_one() -> None:
    beaten = Health("inngest", status="up", heartbeat_at=NOW - timedelta(minutes=12))
    assert is_up(beaten, NOW)
    assert not is_up(beaten, NOW + SECOND)
    claimed = Health("inngest", status="up", heartbeat_at=NOW - timedelta(hours=1), last_claim_at=NOW)
    assert is_up(claimed, NOW)


def test_who_never_beats_is_not_down_for_it() -> None:
    assert is_up(Health("github_actions", status="up", last_claim_at=NOW - timedelta(days=3)), NOW)


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 300)), max_size=30))
def test_an_open_breaker_always_knows_until_when_and_a_success_always_closes_it(story: list[tuple[bool, int]]) -> None:
    health, now = Health("inngest"), NOW
    for up, seconds in story:
        now += timedelta(seconds=seconds)
        health = after(half_open(health, now), UP if up else DOWN, now)
        assert (health.breaker == "open") <= (health.open_until is not None)
        assert is_up(health, now) is up
        if up:
            assert (health.breaker, health.failures) == ("closed", 0)
