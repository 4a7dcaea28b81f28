"""What a fault does to a call: before it is answered (`before`), instead of an answer (`instead`), or to its answer (`after`).

`status` (status, body, headers), `timeout` (502 and JSON; `status` 200 is seen too), `bad_gateway` (502 and HTML),
`gateway_timeout` (504), `unavailable` (503), `rate_limit` (`old`, `reset_in`, for REST `status`), `secondary` (`status`,
`retry_after`), `bad_credentials`, `expire_token`, `saml`, `forbidden`, `blocked`, `not_found`: instead of the answer.
`resource_limits` (`share`: which part of the nodes is lost), `null_node` (`index`), `cut_body` (`share`), `cut_json` (`share`: a
proxy that ends the body early and says so), `empty_body`, `html`: change the answer.
`reset`: the connection breaks instead of the answer or, with `when: after`, after the work was done.
`delay` (`seconds`), `hold` (`gate`), `mutate` (`changes`): the call goes on; with `when: after` they happen to the finished answer.
"""

import asyncio
import time
from typing import Any

from sandbox.github import refusals
from sandbox.github.accounts import Account, Bucket
from sandbox.github.answers import Answer
from sandbox.github.faults import Call
from sandbox.github.mutations import mutate
from sandbox.github.world import World

Action = dict[str, Any]
_HTML = {"content-type": "text/html"}


async def wait_or_change(world: World, action: Action) -> bool:
    """Do what lets the call go on; False if this action is of another kind."""
    if action["kind"] == "delay":
        await asyncio.sleep(action["seconds"])
    elif action["kind"] == "hold":
        await world.faults.hold(action.get("gate", "gate"))
    elif action["kind"] == "mutate":
        for change in action["changes"]:
            mutate(world, change)
    else:
        return False
    return True


def instead(world: World, action: Action, call: Call, account: Account | None) -> Answer | None:
    """The answer that GitHub gives instead of the real one, None if the action is of another kind."""
    graphql = call.route == "POST /graphql"
    kind, request_id = action["kind"], world.request_id()
    bucket = account.buckets["graphql" if graphql else "core"] if account else Bucket(60)
    match kind:
        case "status":
            return Answer(action["status"], action.get("body"), action.get("headers", {}))
        case "timeout":
            bucket.used += action.get("points", 1)  # GitHub takes extra points for a timeout
            return Answer(action.get("status", 502), refusals.timeout(request_id))
        case "bad_gateway":
            return Answer(502, headers=_HTML, body=refusals.BAD_GATEWAY.encode())
        case "gateway_timeout":
            return Answer(504, refusals.GATEWAY_TIMEOUT)
        case "unavailable":
            return Answer(503, {"code": "503", "message": "Service unavailable", "documentation_url": refusals.DOCS})
        case "rate_limit":
            bucket.used, bucket.reset = bucket.limit, time.time() + action.get("reset_in", 3_600)
            return limited(bucket, graphql, old=action.get("old", False), status=action.get("status", 403))
        case "secondary":
            wait = action.get("retry_after")
            headers = {"retry-after": str(wait)} if wait is not None else {}
            return Answer(action.get("status", 403), refusals.secondary_limit(request_id), headers)
        case "bad_credentials" | "expire_token":
            if kind == "expire_token":
                world.accounts.expire(call.token)
            headers = world.accounts.anonymous.buckets["core"].headers("core")
            return Answer(401, refusals.bad_credentials(graphql), headers)
        case "saml" | "forbidden":
            return _forbidden(kind, graphql)
        case "blocked":
            error = {"type": "FORBIDDEN", "path": ["repository"], "message": "Repository access blocked"}
            body = {"data": {"repository": None}, "errors": [error]}
            return Answer(200, body) if graphql else Answer(451, refusals.blocked())
        case "not_found":
            error = {
                "type": "NOT_FOUND",
                "path": ["repository"],
                "message": "Could not resolve to a Repository with the name 'a/b'.",
            }
            body = {"data": {"repository": None}, "errors": [error]}
            return Answer(200, body) if graphql else Answer(404, refusals.not_found())
        case "reset" if action.get("when") != "after":
            return Answer(reset=True)
        case _:
            return None


def _forbidden(kind: str, graphql: bool) -> Answer:
    error = refusals.saml() if kind == "saml" else refusals.forbidden()
    headers = {"x-github-sso": "required; url=https://github.com/orgs/octo/sso"} if kind == "saml" else {}
    if not graphql:
        return Answer(403, {"message": error.message, "documentation_url": refusals.DOCS, "status": "403"}, headers)
    extensions = {"saml_failure": kind == "saml"}
    entry = {"type": "FORBIDDEN", "path": ["repository"], "extensions": extensions, "message": error.message}
    return Answer(200, {"data": {"repository": None}, "errors": [entry]}, headers)


def limited(bucket: Bucket, graphql: bool, *, old: bool = False, status: int = 403) -> Answer:
    """The primary limit: under 200 for GraphQL, under 403 or 429 for REST."""
    headers = bucket.headers("graphql" if graphql else "core")
    if graphql:
        return Answer(200, refusals.primary_limit(old), headers)
    return Answer(status, {**refusals.primary_limit_rest(), "status": str(status)}, headers)


def change_answer(action: Action, answer: Answer) -> None:
    """Spoil a real answer."""
    match action["kind"]:
        case "cut_body":
            answer.cut = int(len(answer.bytes()) * action.get("share", 0.5))
        case "cut_json":
            answer.body = answer.bytes()[: int(len(answer.bytes()) * action.get("share", 0.5))]
        case "empty_body":
            answer.body = b""
        case "html":
            answer.body, answer.headers["content-type"] = refusals.BAD_GATEWAY.encode(), "text/html"
        case "reset":
            answer.reset = True
        case "null_node":
            nodes = _nodes(answer.payload)
            place = action.get("index", 0)
            if nodes is not None and place < len(nodes["list"]) and nodes["list"][place]:
                message = f"Could not resolve to a node with the global id of '{nodes['list'][place].get('id')}'."
                nodes["list"][place] = None
                answer.payload.setdefault("errors", []).append(
                    {
                        "type": "NOT_FOUND",
                        "path": [*nodes["path"], place],
                        "locations": [{"line": 3, "column": 3}],
                        "message": message,
                    }
                )
        case "resource_limits":
            _resource_limits(action, answer)
        case _:
            raise ValueError(f"unknown action {action['kind']}")


def _nodes(payload: Any) -> dict[str, Any] | None:
    data = (payload or {}).get("data") or {}
    if isinstance(data.get("nodes"), list):
        return {"list": data["nodes"], "path": ["nodes"]}
    listing = ((data.get("repository") or {}).get("pullRequests") or {}).get("nodes")
    return {"list": listing, "path": ["repository", "pullRequests", "nodes"]} if listing is not None else None


def _resource_limits(action: Action, answer: Answer) -> None:
    """Partial data: some nodes are null (or lose a list), each with an error and no locations."""
    nodes = _nodes(answer.payload)
    errors = answer.payload.setdefault("errors", [])
    if nodes is None:
        answer.payload["data"] = None
        errors.append(dict(refusals.RESOURCE_LIMITS))
        return
    lost = max(1, int(len(nodes["list"]) * action.get("share", 0.5)))
    field = action.get("field")
    for place in range(len(nodes["list"]) - lost, len(nodes["list"])):
        path = [*nodes["path"], place]
        if field and nodes["list"][place]:
            nodes["list"][place][field] = None
            path.append(field)
        else:
            nodes["list"][place] = None
        errors.append({**refusals.RESOURCE_LIMITS, "path": path})
