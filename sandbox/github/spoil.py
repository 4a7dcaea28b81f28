"""What a fault does to an answer that is ready.

`resource_limits` (`share`: which part of the nodes is lost; `field`: only that field of them), `null_node` (`index`),
`cut_body` (`share`: the connection ends in the body), `cut_json` (`share`: a proxy ends the body early and says that
this is all), `empty_body`, `html`, `reset`.
"""

from collections.abc import Callable
from typing import Any

from sandbox.github import refusals
from sandbox.github.answers import Answer

Action = dict[str, Any]


def spoil(action: Action, answer: Answer) -> None:
    """Change the answer as the action says."""
    SPOILING[action["kind"]](action, answer)


def _part(action: Action, answer: Answer) -> int:
    return int(len(answer.bytes()) * action.get("share", 0.5))


def _cut_body(action: Action, answer: Answer) -> None:
    answer.cut = _part(action, answer)


def _cut_json(action: Action, answer: Answer) -> None:
    answer.body = answer.bytes()[: _part(action, answer)]


def _empty_body(action: Action, answer: Answer) -> None:
    answer.body = b""


def _html(action: Action, answer: Answer) -> None:
    answer.body, answer.headers["content-type"] = refusals.BAD_GATEWAY.encode(), "text/html"


def _reset(action: Action, answer: Answer) -> None:
    answer.reset = True


def _nodes(payload: Any) -> tuple[list[Any], list[str | int]] | None:
    """The list of pull requests in an answer and its path."""
    data = (payload or {}).get("data") or {}
    if isinstance(data.get("nodes"), list):
        return data["nodes"], ["nodes"]
    listing = ((data.get("repository") or {}).get("pullRequests") or {}).get("nodes")
    return (listing, ["repository", "pullRequests", "nodes"]) if listing is not None else None


def _null_node(action: Action, answer: Answer) -> None:
    found = _nodes(answer.payload)
    place = action.get("index", 0)
    if found is None or place >= len(found[0]) or not found[0][place]:
        return
    nodes, path = found
    message = refusals.unresolved_node(nodes[place].get("id", "?")).message
    nodes[place] = None
    where = [{"line": 3, "column": 3}]
    error = {"type": "NOT_FOUND", "path": [*path, place], "locations": where, "message": message}
    answer.payload.setdefault("errors", []).append(error)


def _resource_limits(action: Action, answer: Answer) -> None:
    """Partial data: some nodes are null (or lose a list), each with an error and no locations."""
    found = _nodes(answer.payload)
    errors = answer.payload.setdefault("errors", [])
    if found is None:
        answer.payload["data"] = None
        errors.append(dict(refusals.RESOURCE_LIMITS))
        return
    nodes, path = found
    lost = max(1, int(len(nodes) * action.get("share", 0.5)))
    field = action.get("field")
    for place in range(max(0, len(nodes) - lost), len(nodes)):
        where = [*path, place]
        if field and nodes[place]:
            nodes[place] = {**nodes[place], field: None}
            where.append(field)
        else:
            nodes[place] = None
        errors.append({**refusals.RESOURCE_LIMITS, "path": where})


SPOILING: dict[str, Callable[[Action, Answer], None]] = {
    "resource_limits": _resource_limits,
    "null_node": _null_node,
    "cut_body": _cut_body,
    "cut_json": _cut_json,
    "empty_body": _empty_body,
    "html": _html,
    "reset": _reset,
}
