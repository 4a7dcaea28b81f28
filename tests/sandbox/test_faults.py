"""The script of faults: every kind of answer that GitHub gives when it is unwell."""

import threading
from typing import Any

import httpx
import pytest

from tests.sandbox.ask import LISTING, get, post
from tests.support.sandbox import Sandbox
from tests.support.waiting import eventually

NODES = "query Items($ids: [ID!]!) { nodes(ids: $ids) { id ... on PullRequest { title } } }"


def ask(shaken: Sandbox) -> httpx.Response:
    """A listing of five."""
    return post(shaken, LISTING, owner=shaken.owner, name=shaken.name, first=5)


@pytest.mark.parametrize(
    ("action", "status", "words"),
    [
        ({"kind": "timeout"}, 502, "This may be the result of a timeout"),
        ({"kind": "timeout", "status": 200}, 200, "Something went wrong while executing your query"),
        ({"kind": "bad_gateway"}, 502, "<title>502 Bad Gateway</title>"),
        ({"kind": "gateway_timeout"}, 504, "respond to your request in time"),
        ({"kind": "unavailable"}, 503, "Service unavailable"),
        ({"kind": "rate_limit"}, 200, '"type":"RATE_LIMIT"'),
        ({"kind": "rate_limit", "old": True}, 200, '"type":"RATE_LIMITED"'),
        ({"kind": "secondary", "retry_after": 7}, 403, "secondary rate limit"),
        ({"kind": "secondary", "status": 200}, 200, "secondary rate limit"),
        ({"kind": "resource_limits"}, 200, "RESOURCE_LIMITS_EXCEEDED"),
        ({"kind": "bad_credentials"}, 401, "Bad credentials"),
        ({"kind": "saml"}, 200, '"saml_failure":true'),
        ({"kind": "forbidden"}, 200, "Resource not accessible by integration"),
        ({"kind": "blocked"}, 200, "Repository access blocked"),
        ({"kind": "not_found"}, 200, "Could not resolve to a Repository"),
        ({"kind": "html"}, 200, "nginx"),
        ({"kind": "status", "status": 418, "body": {"message": "tea"}}, 418, "tea"),
    ],
)
def test_a_fault_strikes_the_call_it_names_and_no_other(
    shaken: Sandbox, action: dict[str, Any], status: int, words: str
) -> None:
    shaken.faults({"match": {"operation": "Listing", "nth": 2}, "action": action})
    assert ask(shaken).json()["data"]["repository"]
    struck = ask(shaken)
    assert struck.status_code == status
    assert words in struck.text
    if action.get("retry_after"):
        assert struck.headers["retry-after"] == "7"
    if action["kind"] not in ("rate_limit",):
        assert ask(shaken).json()["data"]["repository"]
    assert [rule["fired"] for rule in shaken.fired()] == [1]


def test_bodies_are_cut_and_connections_broken(shaken: Sandbox) -> None:
    shaken.faults({"action": {"kind": "cut_body"}, "times": 1})
    with pytest.raises(httpx.RemoteProtocolError):
        ask(shaken)
    shaken.faults({"action": {"kind": "reset"}, "times": 1})
    with pytest.raises(httpx.TransportError):
        ask(shaken)
    shaken.faults({"action": {"kind": "cut_json"}})
    with pytest.raises(ValueError):
        ask(shaken).json()


def test_a_page_that_is_too_large_fails_until_it_is_smaller(shaken: Sandbox) -> None:
    shaken.faults({"match": {"items_above": 10}, "action": {"kind": "timeout"}})
    ids = [shaken.pull(n)["id"] for n in range(1, 11)]
    assert post(shaken, NODES, ids=[*ids, ids[0]]).status_code == 502
    assert post(shaken, NODES, ids=ids).status_code == 200


def test_partial_answers_lose_nodes_and_say_which(shaken: Sandbox) -> None:
    ids = [shaken.pull(n)["id"] for n in range(1, 5)]
    shaken.faults(
        {"match": {"nth": 1}, "action": {"kind": "null_node", "index": 1}},
        {"match": {"nth": 2}, "action": {"kind": "resource_limits"}},
    )
    first = post(shaken, NODES, ids=ids).json()
    assert first["data"]["nodes"][1] is None
    assert first["errors"][0]["path"] == ["nodes", 1]
    second = post(shaken, NODES, ids=ids).json()
    assert second["data"]["nodes"][2:] == [None, None]
    assert [error["path"] for error in second["errors"]] == [["nodes", 2], ["nodes", 3]]


def test_a_call_can_be_held_until_it_is_released(shaken: Sandbox) -> None:
    shaken.faults({"match": {"operation": "Listing"}, "action": {"kind": "hold", "gate": "here"}})
    answers: list[int] = []
    caller = threading.Thread(target=lambda: answers.append(ask(shaken).status_code))
    caller.start()
    eventually(lambda: shaken.waiting("here") == 1)
    assert answers == []
    shaken.release("here")
    caller.join(30)
    assert answers == [200]


def test_a_change_can_happen_in_the_middle_of_a_scan(shaken: Sandbox) -> None:
    change = {"do": "comment", "number": 1, "body": "in between"}
    shaken.faults({"match": {"nth": 2}, "action": {"kind": "mutate", "changes": [change]}})
    before = shaken.truth()["conversation"]
    ask(shaken)
    assert shaken.truth()["conversation"] == before
    ask(shaken)
    assert shaken.truth()["conversation"] == before + 1
    assert shaken.pull(1)["conversation"][-1]["body"] == "in between"


def test_a_mistake_in_the_script_is_refused(shaken: Sandbox) -> None:
    for rule in ({"action": {"kind": "explode"}}, {"match": {"colour": 1}, "action": {"kind": "timeout"}}):
        answer = shaken.client.post("/_sandbox/faults", json={"rules": [rule]})
        assert answer.status_code == 400
        assert "unknown" in answer.json()["message"]


def test_a_limit_of_calls_in_a_minute_is_answered_with_a_wait(shaken: Sandbox) -> None:
    assert get(shaken, "{repo}").status_code == 200
    shaken.secondary(core=1)
    assert get(shaken, "{repo}").headers["retry-after"] == "60"
