"""What holds for every request under every fact."""

from datetime import timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from capture.core.decision import Decision, Facts
from capture.core.errors import InvalidInput
from capture.core.models import DATASETS
from capture.core.request import CaptureRequest, parse_request
from capture.core.routing import examine, route
from tests.routing.table import NOW

OFFSETS = st.sampled_from(
    [timedelta(0), timedelta(seconds=1), timedelta(hours=23, minutes=59), timedelta(hours=24),
     timedelta(hours=24, minutes=10), timedelta(hours=24, minutes=10, seconds=1), timedelta(days=30),
     timedelta(days=900)]
)  # fmt: skip
SIZES = st.sampled_from([0, 1, 49, 50, 51, 99, 100, 101, 999, 1000, 1001, 5000])
COUNTS = st.sampled_from([0, 1, 10, 11, 49, 50, 51, 100, 1000, 1001])
PROCESSORS = ["inngest", "github_actions"]


@st.composite
def words(draw: st.DrawFn) -> dict[str, Any]:
    """Words of a request, right and wrong ones."""
    said: dict[str, Any] = {"repository": draw(st.sampled_from(["octo/repo"] * 9 + ["octo"]))}
    shape = draw(st.sampled_from(["none", "days", "since", "until", "window", "numbers", "both", "all"]))
    if shape in ("days", "both"):
        said["days_back"] = draw(st.sampled_from([0, 1, 2, 30]))
    if shape in ("since", "window"):
        said["since"] = NOW - draw(OFFSETS) + draw(st.sampled_from([timedelta(0), timedelta(minutes=1)]))
    if shape in ("until", "window"):
        said["until"] = NOW - draw(OFFSETS) + draw(st.sampled_from([timedelta(0), timedelta(minutes=1)]))
    if shape in ("numbers", "both"):
        said["numbers"] = list(range(3, 3 + draw(COUNTS)))
    if shape == "all":
        said["whole_history"] = True
    for name, values in {
        "trigger": ["manual", "scheduled", "automatic", "repair", "bootstrap", "nobody"],
        "max_items": [None, 0, 1, 49, 50, 51, 1000, 1001],
        "processor": [None, None, None, *PROCESSORS],
        "force": [False, False, True],
        "mode": ["normal", "normal", "shadow"],
        "datasets": [None, ["reviews"], ["pull_requests", "comments"], list(DATASETS)],
    }.items():
        said[name] = draw(st.sampled_from(values))
    return said


@st.composite
def facts(draw: st.DrawFn) -> Facts:
    """Facts, known and unknown."""
    flag = st.booleans()
    return Facts(
        volume=draw(st.none() | SIZES),
        at_least=draw(flag),
        newest=tuple(range(draw(SIZES), 0, -1)),
        total=draw(st.none() | SIZES),
        watermark=draw(st.none() | OFFSETS.map(lambda offset: NOW - offset)),
        in_rollout=draw(flag),
        stopped=draw(flag),
        inngest_up=draw(flag),
        actions_up=draw(flag),
    )


def decide(said: dict[str, Any], known: Facts) -> tuple[CaptureRequest, Decision] | InvalidInput:
    """One decision, or one error that names a field."""
    try:
        request = parse_request(**said)
        return request, route(request, known, NOW)
    except InvalidInput as error:
        return error


@given(words(), facts())
def test_there_is_exactly_one_decision_or_one_error_that_names_a_field_given_and_the_same_twice(
    said: dict[str, Any], known: Facts
) -> None:
    first, second = decide(said, known), decide(said, known)
    if isinstance(first, InvalidInput):
        assert isinstance(second, InvalidInput)
        assert first.field in said
        assert str(first) == str(second)
    else:
        assert first == second
        assert 3 <= first[1].ruling <= 9
        assert first[1].reason


@given(words(), facts())
def test_the_union_of_the_slices_is_the_request_less_what_a_limit_cuts(said: dict[str, Any], known: Facts) -> None:
    answer = decide(said, known)
    if isinstance(answer, InvalidInput):
        return
    request, decision = answer
    case = examine(request, known, NOW)
    if decision.ruling == 4:
        assert [piece.status for piece in decision.slices] == ["completed"]
    elif request.numbers is not None:
        covered = {number for piece in decision.slices for number in piece.scope.numbers or ()}
        left_out = set(decision.cut.numbers) if decision.cut else set()
        assert covered | left_out == set(request.numbers)
        assert not covered & left_out
        if left_out:
            assert max(left_out) < min(covered)
    else:
        # One slice has the whole window and no other bound than the request's own; none reaches beyond it.
        assert any(piece.scope == case.scope for piece in decision.slices)
        assert {(piece.scope.since, piece.scope.until) for piece in decision.slices} == {
            (case.scope.since, case.scope.until)
        }
        for piece in decision.slices:
            if request.max_items is not None:
                assert piece.scope.max_items is not None
                assert piece.scope.max_items <= request.max_items
        if decision.cut is None and request.max_items is not None:
            assert min(size for size in (known.volume, known.total) if size is not None) <= request.max_items


@given(words(), facts())
def test_nothing_goes_to_actions_outside_the_rollout_unless_named_or_shadow(said: dict[str, Any], known: Facts) -> None:
    answer = decide(said, known)
    if isinstance(answer, InvalidInput) or known.in_rollout or answer[0].processor or answer[0].mode == "shadow":
        return
    for piece in answer[1].slices:
        assert piece.processor == "inngest" or piece.deferred_reason == "outside_rollout"


@given(words(), facts())
def test_nothing_is_handed_to_who_is_down_or_stopped(said: dict[str, Any], known: Facts) -> None:
    answer = decide(said, known)
    if isinstance(answer, InvalidInput):
        return
    for piece in answer[1].slices:
        if piece.status == "pending":
            assert known.up(piece.processor)
            assert piece.processor == "inngest" or not known.stopped or answer[0].force


@given(words(), facts())
def test_an_overlap_band_lies_in_both_slices_and_has_at_most_ten_items(said: dict[str, Any], known: Facts) -> None:
    answer = decide(said, known)
    if isinstance(answer, InvalidInput) or answer[1].ruling != 8:
        return
    for piece in answer[1].slices:
        assert len(piece.overlap_numbers or ()) in (0, 10)
        if piece.scope.numbers is not None and piece.overlap_numbers:
            assert set(piece.overlap_numbers) <= set(piece.scope.numbers)
