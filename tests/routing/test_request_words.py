"""The request as a value: the hash of its words, and the fields of the interface it replaces."""

from datetime import timedelta
from typing import Any

import pytest

from capture.core.errors import InvalidInput
from capture.core.queue_job import from_queue_job, is_queue_job, request_from
from capture.core.request import CaptureRequest, derived_hash, parse_request, resolve, scope_hash
from tests.routing.table import NOW


def asked(**words: Any) -> CaptureRequest:
    return parse_request(**{"repository": "octo/repo", **words})


def test_the_hash_covers_words_and_not_what_they_mean_today() -> None:
    assert scope_hash(asked(days_back=30)) == scope_hash(asked(days_back=30))
    assert scope_hash(asked(repository="Octo/Repo")) == scope_hash(asked())
    assert scope_hash(asked(since="2026-01-01T01:00:00+01:00")) == scope_hash(asked(since="2026-01-01T00:00:00Z"))
    assert scope_hash(asked(numbers=[3, 1, 3])) == scope_hash(asked(numbers=[1, 3]))


def test_trigger_and_processor_do_not_change_what_is_captured() -> None:
    assert scope_hash(asked(trigger="scheduled", processor="inngest")) == scope_hash(asked())


@pytest.mark.parametrize(
    "words",
    [{"days_back": 31}, {"numbers": [1]}, {"datasets": ["reviews"]}, {"mode": "shadow"}, {"max_items": 9},
     {"whole_history": True}, {"repository": "octo/other"}],
)  # fmt: skip
def test_every_word_of_the_scope_changes_the_hash(words: dict[str, Any]) -> None:
    assert scope_hash(asked(**words)) != scope_hash(asked())


def test_slices_shards_and_continuations_have_hashes_of_their_own() -> None:
    whole = scope_hash(asked())
    hashes = {
        whole,
        scope_hash(asked(), "bulk"),
        scope_hash(asked(), "bulk", (1, 4)),
        scope_hash(asked(), "bulk", (2, 4)),
    }
    assert len(hashes | {derived_hash(whole, "next"), derived_hash(whole, "next after that")}) == 6


def test_days_are_counted_back_from_the_clock_that_is_given() -> None:
    assert resolve(asked(days_back=30), NOW) == (NOW - timedelta(days=30), None)


def test_a_window_that_reaches_up_to_now_stays_open_and_an_earlier_end_is_kept() -> None:
    hour = timedelta(hours=1)
    assert resolve(asked(since=NOW - hour, until=NOW + hour), NOW) == (NOW - hour, None)
    assert resolve(asked(since=NOW - 3 * hour, until=NOW - hour), NOW) == (NOW - 3 * hour, NOW - hour)


def test_only_a_request_without_any_window_goes_on_from_the_watermark() -> None:
    assert asked().incremental
    assert not any(asked(**word).incremental for word in ({"until": NOW + timedelta(days=1)}, {"days_back": 1}))
    assert not asked(whole_history=True).incremental


def test_queue_job_without_window_and_numbers_asks_for_thirty_days_and_a_thousand_items() -> None:
    request = from_queue_job({"jobType": "historical-pr-sync", "repositoryName": "octo/repo"})
    assert (request.days_back, request.max_items, request.numbers) == (30, 1000, None)
    assert request.trigger == "automatic"
    assert any("30 days" in note for note in request.notes)


def test_queue_job_takes_its_own_names() -> None:
    body = {"jobType": "historical-reviews-sync", "repositoryName": "octo/repo", "repositoryId": "x", "timeRange": 7,
            "maxItems": 20, "triggerSource": "manual"}  # fmt: skip
    request = request_from(body)
    assert (request.days_back, request.max_items, request.trigger) == (7, 20, "manual")
    assert request.datasets == ("reviews",)


def test_queue_job_numbers_win_over_a_time_range_and_the_request_says_so() -> None:
    body = {"jobType": "recent-prs", "repositoryName": "octo/repo", "timeRange": 7, "prNumbers": [5, 4]}
    request = from_queue_job(body)
    assert (request.numbers, request.days_back) == ((4, 5), None)
    assert request.notes[0] == "prNumbers win over timeRange, which was not looked at."


@pytest.mark.parametrize(
    ("body", "field"),
    [({"jobType": "pr-details"}, "jobType"), ({"timeRange": 0}, "timeRange"), ({"prNumbers": []}, "prNumbers"),
     ({"maxItems": 0}, "maxItems"), ({"triggerSource": "cron"}, "triggerSource"),
     ({"repositoryName": "x"}, "repositoryName"),
     ({"repositoryName": None}, "repositoryName"), ({"force": True}, "force"), ({"timeRange": "7"}, "timeRange")],
)  # fmt: skip
def test_queue_job_names_the_callers_own_field_in_an_error(body: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInput) as error:
        request_from({"jobType": "recent-prs", "repositoryName": "octo/repo", **body})
    assert error.value.field == field


def test_both_spellings_are_told_apart() -> None:
    assert is_queue_job({"repositoryName": "octo/repo"})
    assert not is_queue_job({"repository": "octo/repo", "days_back": 3})
    assert request_from({"repository": "octo/repo", "days_back": 3}).trigger == "manual"
