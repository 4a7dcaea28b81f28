"""GitHub misbehaves while capturing: complete data or a recorded reason, and never more calls than the policy says."""

from collections.abc import Iterator
from typing import Any

import pytest

from capture.core.errors import Outage
from tests.engine.rig import Rig
from tests.support.sandbox import Sandbox, start_sandbox

pytestmark = pytest.mark.anyio

UNDISTURBED = 4
"""Detail queries that a capture of this module's repository takes."""


@pytest.fixture(scope="module")
def github() -> Iterator[Sandbox]:
    """A small repository, with one list that does not fit into a page."""
    with start_sandbox(pull_requests=24, seed=3) as started:
        yield started


WHOLE: list[tuple[str, dict[str, Any], int]] = [
    # what happens to one query, and how many more requests that takes at most
    ("the gateway gives up with HTML", {"kind": "bad_gateway"}, 2),
    ("a timeout as JSON", {"kind": "timeout"}, 2),
    ("a timeout under 200", {"kind": "timeout", "status": 200}, 2),
    ("a gateway timeout", {"kind": "gateway_timeout"}, 2),
    ("unavailable", {"kind": "unavailable"}, 1),
    ("partial data for lack of resources", {"kind": "resource_limits", "share": 0.3}, 2),
    ("a list lost for lack of resources", {"kind": "resource_limits", "field": "comments"}, 2),
    ("a body that is cut off", {"kind": "cut_body"}, 1),
    ("JSON that is cut off", {"kind": "cut_json"}, 1),
    ("an empty body", {"kind": "empty_body"}, 1),
    ("HTML under 200", {"kind": "html"}, 1),
    ("a broken connection", {"kind": "reset"}, 1),
    ("a short secondary limit", {"kind": "secondary", "retry_after": 3}, 1),
    ("a short secondary limit under 200", {"kind": "secondary", "status": 200, "retry_after": 3}, 1),
]


@pytest.mark.parametrize(("name", "action", "more"), WHOLE, ids=[row[0] for row in WHOLE])
async def test_one_bad_answer_to_a_detail_query_costs_few_requests_and_no_row(
    engine: Rig, name: str, action: dict[str, Any], more: int
) -> None:
    engine.sandbox.faults({"match": {"operation": "Items", "nth": 1}, "action": action})
    outcome = await engine.sync(concurrency=1)
    assert outcome.status == "completed"
    assert engine.sandbox.fired()[0]["fired"] == 1
    assert engine.stored() == engine.sandbox.truth()
    assert engine.open_lists() == []
    assert len(engine.sandbox.calls("Items")) <= UNDISTURBED + more


@pytest.mark.parametrize(("name", "action", "more"), WHOLE[::3], ids=[row[0] for row in WHOLE[::3]])
async def test_one_bad_answer_to_a_listing_costs_one_request_and_no_row(
    engine: Rig, name: str, action: dict[str, Any], more: int
) -> None:
    engine.sandbox.faults({"match": {"operation": "Manifest", "nth": 1}, "action": action})
    assert (await engine.sync()).status == "completed"
    assert engine.stored() == engine.sandbox.truth()
    assert len(engine.sandbox.calls("Manifest")) == 2


async def test_a_refused_query_is_never_sent_again_and_the_size_grows_back(engine: Rig) -> None:
    engine.sandbox.faults(
        {"match": {"operation": "Items", "items_above": 10}, "action": {"kind": "timeout"}, "times": 6}
    )
    outcome = await engine.sync(concurrency=1)
    assert outcome.status == "completed"
    assert engine.stored() == engine.sandbox.truth()
    calls = engine.sandbox.calls("Items")
    refused = [call["request"] for call in calls if call["status"] == 502]
    assert refused
    assert len(set(refused)) == len(refused)
    assert not set(refused) & {call["request"] for call in calls if call["status"] == 200}
    small = [call["items"] for call in calls if call["status"] == 200]
    assert small[-1] > min(small)


async def test_a_listing_that_can_only_be_answered_in_small_pages_is_read_to_its_end(engine: Rig) -> None:
    engine.sandbox.faults({"match": {"operation": "Manifest", "items_above": 10}, "action": {"kind": "timeout"}})
    outcome = await engine.sync()
    assert outcome.status == "completed"
    assert engine.stored() == engine.sandbox.truth()
    refused = [call["request"] for call in engine.sandbox.calls("Manifest") if call["status"] == 502]
    assert len(set(refused)) == len(refused)


async def test_an_item_that_is_refused_whole_is_read_list_by_list(engine: Rig) -> None:
    engine.sandbox.faults({"match": {"operation": "Items", "query": "reviews(first"}, "action": {"kind": "timeout"}})
    outcome = await engine.sync(whole_history=True, max_items=3)
    assert outcome.items == 3
    assert engine.open_lists() == []


@pytest.mark.parametrize(
    ("operation", "action", "calls"),
    [
        ("Manifest", {"kind": "unavailable"}, 4),
        ("Manifest", {"kind": "cut_body"}, 4),
        ("Items", {"kind": "reset"}, 4),
    ],
)
async def test_a_page_that_always_fails_is_asked_for_four_times_and_no_more(
    engine: Rig, operation: str, action: dict[str, Any], calls: int
) -> None:
    engine.sandbox.faults({"match": {"operation": operation}, "action": action})
    with pytest.raises(Outage):
        await engine.sync(concurrency=1)
    assert len(engine.sandbox.calls(operation)) == calls
    ((status, code, attempt),) = engine.sql("select status, error_code, attempt from progressive_capture_jobs")
    assert (status, code, attempt) == ("pending", "outage", 1)
    engine.sandbox.faults()
    assert (await engine.sync()).status == "completed"
    assert engine.stored() == engine.sandbox.truth()


async def test_an_item_whose_node_vanishes_during_the_run_costs_its_neighbours_nothing(engine: Rig) -> None:
    engine.sandbox.faults({"match": {"operation": "Items", "nth": 1}, "action": {"kind": "null_node", "index": 2}})
    outcome = await engine.sync()
    assert outcome.status == "completed"
    assert engine.stored() == engine.sandbox.truth()
    assert len(engine.sandbox.calls("Numbers")) == 1  # asked once more: it is there, and is read again alone
    assert (await engine.job(outcome)).items_incomplete == 0


async def test_a_further_page_that_fails_leaves_the_list_incomplete_until_the_next_run(engine: Rig) -> None:
    engine.sandbox.faults({"match": {"operation": "More"}, "action": {"kind": "timeout"}})
    outcome = await engine.sync()
    assert outcome.status == "completed"
    job = await engine.job(outcome)
    assert job.items_incomplete == len({row[0] for row in engine.open_lists()}) > 0
    engine.sandbox.faults()
    await engine.sync()
    assert engine.open_lists() == []
    assert engine.stored() == engine.sandbox.truth()


@pytest.mark.parametrize(
    "error",
    [
        {
            "type": "EXCESSIVE_PAGINATION",
            "path": ["repository", "pullRequests"],
            "message": "exceeds the `first` limit",
        },
        {"type": "MISSING_PAGINATION_BOUNDARIES", "path": ["repository"], "message": "You must provide a `first`"},
        {"type": "ARGUMENT_LIMIT", "path": ["nodes"], "message": "You may not provide more than 100 node ids"},
        {"path": ["query", "x"], "extensions": {"code": "undefinedField"}, "message": "Field 'x' doesn't exist"},
    ],
    ids=lambda error: error.get("type", "undefinedField"),
)
async def test_a_query_that_github_calls_wrong_is_sent_once_and_fails_the_job(engine: Rig, error: Any) -> None:
    body = {"data": None, "errors": [error]}
    engine.sandbox.faults(
        {"match": {"operation": "Manifest"}, "action": {"kind": "status", "status": 200, "body": body}}
    )
    outcome = await engine.sync()
    job = await engine.job(outcome)
    assert (job.status, job.error_code) == ("failed", "github_bug")
    assert error["message"] in (job.error or "")
    assert len(engine.sandbox.calls("Manifest")) == 1


async def test_a_query_of_too_many_nodes_is_sent_again_smaller(engine: Rig) -> None:
    message = "This query requests up to 603,360 possible nodes which exceeds the maximum limit of 500,000."
    body = {"errors": [{"type": "MAX_NODE_LIMIT_EXCEEDED", "message": message}]}
    engine.sandbox.faults(
        {"match": {"operation": "Items", "nth": 1}, "action": {"kind": "status", "status": 200, "body": body}}
    )
    assert (await engine.sync(concurrency=1)).status == "completed"
    assert engine.stored() == engine.sandbox.truth()
    asked = [call["request"] for call in engine.sandbox.calls("Items")]
    assert len(set(asked)) == len(asked)


async def test_an_item_that_the_credential_may_not_see_is_counted_as_incomplete(engine: Rig) -> None:
    message = "Resource protected by organization SAML enforcement."
    error = {"type": "FORBIDDEN", "path": ["nodes", 0], "extensions": {"saml_failure": True}, "message": message}
    number = engine.sandbox.client.get("/_sandbox/dump").json()[-1]["number"]
    body = {"data": {"rateLimit": {"cost": 1}, "nodes": [None]}, "errors": [error]}
    engine.sandbox.faults({"match": {"operation": "Items"}, "action": {"kind": "status", "status": 200, "body": body}})
    outcome = await engine.sync(numbers=[number])
    assert outcome.status == "completed"
    assert (await engine.job(outcome)).items_incomplete == 1
    assert len(engine.sandbox.calls("Items")) == 1
    engine.sandbox.faults()
    await engine.sync(numbers=[number])
    assert engine.stored()["pull_requests"] == 1


async def test_files_that_graphql_does_not_tell_are_read_by_rest_after_a_cut_off_page(engine: Rig) -> None:
    engine.sandbox.faults(
        {"match": {"operation": "Items"}, "action": {"kind": "resource_limits", "field": "files"}, "times": 1},
        {"match": {"route": "*/files", "nth": 1}, "action": {"kind": "cut_body"}},
    )
    assert (await engine.sync()).status == "completed"
    assert engine.stored() == engine.sandbox.truth()
