"""The pure policies: when to try again, how much to ask for, what to pack together, what to list and skip."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capture.core.answers import Verdict
from capture.core.batching import MAX_ITEMS, Wanted, pack, page_sizes, shape
from capture.core.budget import items_requests, listing_requests, points
from capture.core.models import LISTS, ListName
from capture.core.planning import OVERLAP, Scan, edits_since, in_shard, wanted, watermark_after
from capture.core.retry import Defer, GiveUp, Reauthorize, Shrink, Wait, decide
from capture.core.weight import Adaptive, starting_weight

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)


def choose(verdict: Verdict, failures: int = 1, reauthorized: bool = False) -> Any:
    return decide(verdict, failures=failures, reauthorized=reauthorized, now=NOW, jitter=0.0)


def test_a_transient_failure_is_tried_three_more_times_with_growing_pauses() -> None:
    verdict = Verdict("transient")
    assert [choose(verdict, failures) for failures in (1, 2, 3)] == [Wait(0.25), Wait(0.5), Wait(1.0)]
    assert choose(verdict, 4) == GiveUp()


def test_a_query_that_is_too_big_is_never_sent_again() -> None:
    assert choose(Verdict("too_big")) == Shrink()


@pytest.mark.parametrize(
    ("verdict", "seconds"),
    [
        (Verdict("secondary_limit", retry_after=7), 7),
        (Verdict("primary_limit", reset=NOW.timestamp() + 10), 11),
        (Verdict("secondary_limit", remaining=0, reset=NOW.timestamp() + 3), 4),
    ],
)
def test_a_limit_that_ends_soon_is_waited_for(verdict: Verdict, seconds: float) -> None:
    assert choose(verdict) == Wait(seconds)


@pytest.mark.parametrize(
    ("verdict", "failures", "seconds"),
    [
        (Verdict("primary_limit", reset=NOW.timestamp() + 3000), 1, 3001),
        (Verdict("secondary_limit", retry_after=21), 1, 21),
        (Verdict("secondary_limit", remaining=5000, reset=NOW.timestamp() + 3000), 1, 60),
        (Verdict("secondary_limit"), 2, 120),
        (Verdict("secondary_limit", retry_after=1), 6, 60),
    ],
)
def test_a_long_limit_defers_the_job(verdict: Verdict, failures: int, seconds: float) -> None:
    action = choose(verdict, failures)
    assert isinstance(action, Defer)
    assert action.until == NOW + timedelta(seconds=seconds)


def test_a_refused_token_is_renewed_once() -> None:
    assert choose(Verdict("unauthorized")) == Reauthorize()
    assert choose(Verdict("unauthorized"), reauthorized=True) == GiveUp()


@pytest.mark.parametrize("kind", ["forbidden", "missing", "blocked", "bug", "bad_cursor"])
def test_what_another_request_cannot_change_is_given_up_at_once(kind: Any) -> None:
    assert choose(Verdict(kind)) == GiveUp()


@given(st.lists(st.tuples(st.booleans(), st.integers(1, 5000), st.floats(0, 12)), max_size=60))
def test_the_bound_stays_in_its_limits_and_falls_below_whatever_was_refused(
    events: list[tuple[bool, int, float]],
) -> None:
    adaptive = Adaptive(start=1200, largest=4000)
    for refused, weight, seconds in events:
        if refused:
            adaptive.refused(weight)
            assert adaptive.value <= max(1, weight // 2)
        else:
            adaptive.answered(weight, seconds)
        assert 1 <= adaptive.value <= 4000


def test_the_bound_grows_back_after_good_answers() -> None:
    adaptive = Adaptive(start=100, largest=100)
    adaptive.refused(100)
    for _ in range(12):
        adaptive.answered(adaptive.value, 1.0)
    assert adaptive.value == 100


def test_a_quiet_repository_starts_with_full_pages_and_a_slow_one_with_fewer() -> None:
    assert starting_weight(3, 0.5) == 300
    assert starting_weight(17, 0.5) == 60 * 17
    assert starting_weight(17, 6.0) == 20 * 17


counts = st.none() | st.integers(0, 400)


@st.composite
def items(draw: st.DrawFn) -> list[Wanted]:
    lists: tuple[ListName, ...] = tuple(name for name in LISTS if draw(st.booleans()))
    return [
        Wanted(number, f"PR_{number}", lists, tuple(draw(counts) for _ in lists), "2026-01-01T00:00:00Z")
        for number in range(draw(st.integers(0, 40)))
    ]


@given(items(), st.integers(1, 3000))
def test_packing_loses_nothing_and_keeps_to_its_bounds(wanted_items: list[Wanted], weight: int) -> None:
    batches = pack(wanted_items, weight=weight)
    assert sorted(item.number for batch in batches for item in batch) == [item.number for item in wanted_items]
    for batch in batches:
        assert len(batch) <= MAX_ITEMS
        assert len(batch) == 1 or sum(item.weight for item in batch) <= weight
        assert len({shape(item) for item in batch}) == 1
        sizes = page_sizes(batch)
        assert set(sizes) == set(shape(batch[0]))
        assert all(1 <= size <= 100 for size in sizes.values())


@given(items())
def test_an_item_survives_being_json(wanted_items: list[Wanted]) -> None:
    assert [Wanted.from_json(item.to_json()) for item in wanted_items] == wanted_items


def test_a_list_that_may_hold_something_is_always_asked_for_and_an_empty_one_never() -> None:
    item = Wanted(1, "PR_1", LISTS, (0, 0, 3, 0), "2026-01-01T00:00:00Z")
    assert shape(item) == {"conversation_comments", "file_changes"}  # 0 files may mean "too many to count"


def test_points_follow_githubs_formula() -> None:
    assert points(5101) == 51  # the example of the documentation
    assert points(listing_requests(100)) == 2
    sizes: dict[ListName, int] = {"reviews": 3, "inline_comments": 5, "conversation_comments": 2, "file_changes": 8}
    assert points(items_requests(60, sizes)) == 4


def row(**changes: Any) -> dict[str, Any]:
    lists = [
        {"list": name, "source_updated_at": NOW.isoformat(), "complete": True, "truncated": False, "captured": 2}
        for name in LISTS
    ]
    known = {"number": 7, "node_id": "PR_7", "updated_at": NOW.isoformat(), "stored": True}
    counts = {"reviews": 2, "conversation_comments": 2, "file_changes": 2, "comments_total": 4}
    return {**known, "stored_updated_at": NOW.isoformat(), "lists": lists, **counts, **changes}


@pytest.mark.parametrize(
    ("changes", "lists"),
    [
        ({}, None),
        ({"stored": False}, LISTS),
        ({"updated_at": (NOW + timedelta(seconds=1)).isoformat()}, LISTS),
        ({"reviews": 3}, ("reviews",)),
        ({"file_changes": 0}, None),
        ({"lists": []}, LISTS),
    ],
)
def test_only_lists_that_differ_from_the_manifest_are_fetched(changes: dict[str, Any], lists: Any) -> None:
    found = wanted(row(**changes), LISTS)
    assert (found.lists if found else None) == lists


def test_an_edited_comment_or_a_moved_sum_of_comments_asks_for_its_list_alone() -> None:
    edited = wanted(row(), LISTS, touched=["conversation_comments"])
    assert edited is not None
    assert edited.lists == ("conversation_comments",)
    moved = row()
    moved["lists"][1]["comments_total"] = 3
    fetched = wanted(moved, LISTS)
    assert fetched is not None
    assert fetched.lists == ("inline_comments",)


def test_an_overlap_item_is_fetched_although_nothing_changed() -> None:
    assert wanted(row(), LISTS, everything=True) is not None


@pytest.mark.parametrize(("seconds", "again"), [(0, True), (2, True), (3, False), (600, False)])
def test_what_was_read_in_the_second_of_its_change_is_read_once_more(seconds: int, again: bool) -> None:
    young = row()
    for state in young["lists"]:
        state["listed_at"] = (NOW + timedelta(seconds=seconds)).isoformat()
    assert (wanted(young, LISTS) is not None) is again


def test_a_truncated_list_is_final_until_the_pull_request_moves() -> None:
    cut = row()
    cut["lists"][3] |= {"complete": False, "truncated": True, "captured": 3000}
    assert wanted(cut, LISTS) is None


@given(st.integers(1, 10_000), st.integers(1, 16))
def test_every_item_belongs_to_exactly_one_shard(number: int, shards: int) -> None:
    assert sum(in_shard(number, shard, shards) for shard in range(1, shards + 1)) == 1


hours = st.none() | st.integers(-48, 0).map(lambda hour: NOW + timedelta(hours=hour))


@given(before=hours, since=hours, until=hours, cut=st.booleans())
def test_the_watermark_never_goes_back_nor_past_a_hole(
    before: datetime | None, since: datetime | None, until: datetime | None, cut: bool
) -> None:
    scan = Scan("window", since=since, until=until)
    after = watermark_after(scan, before=before, started_at=NOW, cut_at=NOW if cut else None)
    if after is not None:
        assert before is not None
        assert after > before
        assert since is not None
        assert since <= before
        assert after <= (until or NOW)
        assert not cut


def test_a_first_whole_history_sets_the_watermark_to_its_start() -> None:
    assert watermark_after(Scan("full"), before=None, started_at=NOW, cut_at=None) == NOW


def test_edited_comments_are_looked_for_where_something_could_have_been_edited() -> None:
    window = Scan("window", since=NOW - timedelta(days=9))
    assert edits_since(window, None, known=False) is None
    assert edits_since(window, NOW - timedelta(days=1), known=True) == NOW - timedelta(days=1) - OVERLAP
    assert edits_since(Scan("full"), None, known=True) is None
    assert edits_since(Scan("numbers", numbers=(1,)), NOW, known=True) is None
