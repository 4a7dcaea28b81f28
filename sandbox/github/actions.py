"""What a fault does to a call before it is answered, or instead of answering it.

Before: `delay` (`seconds`), `hold` (`gate`), `mutate` (`changes`): the call goes on; with `when: after` they happen
when the answer is ready but not yet sent.
Instead: `status` (`status`, `body`, `headers`), `timeout` (502 and JSON; under `status` 200 too), `bad_gateway` (502
and HTML), `gateway_timeout` (504), `unavailable` (503), `rate_limit` (`old` spelling, `reset_in`, for REST `status`),
`secondary` (`status`, `retry_after`), `bad_credentials`, `expire_token` (from now on), `saml`, `forbidden`, `blocked`,
`not_found`, `reset` (the connection breaks; with `when: after`, once the work is done).
"""

import asyncio
import time
from collections.abc import Callable
from typing import Any

from sandbox.github import refusals
from sandbox.github.accounts import Account, Bucket
from sandbox.github.answers import Answer
from sandbox.github.faults import Call
from sandbox.github.mutations import mutate
from sandbox.github.world import World

Action = dict[str, Any]
_SSO = {"x-github-sso": "required; url=https://github.com/orgs/octo/sso"}
WAITING = frozenset({"delay", "hold", "mutate"})


async def wait_or_change(world: World, action: Action) -> bool:
    """Do what lets the call go on; False if this action is of another kind."""
    match action["kind"]:
        case "delay":
            await asyncio.sleep(action["seconds"])
        case "hold":
            await world.faults.hold(action.get("gate", "gate"))
        case "mutate":
            for change in action["changes"]:
                mutate(world, change)
        case _:
            return False
    return True


def instead(world: World, action: Action, call: Call, account: Account | None) -> Answer | None:
    """The answer that GitHub gives instead of the real one, None if the action is of another kind."""
    make = INSTEAD.get(action["kind"])
    if make is None or (action["kind"] == "reset" and action.get("when") == "after"):
        return None
    graphql = call.route == "POST /graphql"
    bucket = account.buckets["graphql" if graphql else "core"] if account else Bucket(60)
    return make(_Place(world, action, call, graphql, bucket))


class _Place:
    """Where a fault strikes."""

    def __init__(self, world: World, action: Action, call: Call, graphql: bool, bucket: Bucket) -> None:
        self.world, self.action, self.call, self.graphql, self.bucket = world, action, call, graphql, bucket


def _timeout(at: _Place) -> Answer:
    at.bucket.used += at.action.get("points", 1)  # GitHub takes extra points for a timeout
    return Answer(at.action.get("status", 502), refusals.timeout(at.world.request_id()))


def _rate_limit(at: _Place) -> Answer:
    at.bucket.used, at.bucket.reset = at.bucket.limit, time.time() + at.action.get("reset_in", 3_600)
    return limited(at.bucket, at.graphql, old=at.action.get("old", False), status=at.action.get("status", 403))


def _secondary(at: _Place) -> Answer:
    wait = at.action.get("retry_after")
    headers = {"retry-after": str(wait)} if wait is not None else {}
    return Answer(at.action.get("status", 403), refusals.secondary_limit(at.world.request_id()), headers)


def _credentials(at: _Place) -> Answer:
    if at.action["kind"] == "expire_token":
        at.world.accounts.expire(at.call.token)
    headers = at.world.accounts.anonymous.buckets["core"].headers("core")
    return Answer(401, refusals.bad_credentials(at.graphql), headers)


def _forbidden(at: _Place) -> Answer:
    return forbidden(at.action["kind"] == "saml", at.graphql)


def forbidden(saml: bool, graphql: bool) -> Answer:
    """Single sign-on not passed, or a permission missing."""
    error = refusals.saml() if saml else refusals.forbidden()
    headers = dict(_SSO) if saml else {}
    if not graphql:
        return Answer(403, {"message": error.message, "documentation_url": refusals.DOCS, "status": "403"}, headers)
    return Answer(200, _lost_repository("FORBIDDEN", error.message, extensions={"saml_failure": saml}), headers)


def _blocked(at: _Place) -> Answer:
    if at.graphql:
        return Answer(200, _lost_repository("FORBIDDEN", "Repository access blocked"))
    return Answer(451, refusals.blocked())


def _not_found(at: _Place) -> Answer:
    if at.graphql:
        return Answer(200, _lost_repository("NOT_FOUND", refusals.unresolved_repository("octo", "gone").message))
    return Answer(404, refusals.not_found())


def _lost_repository(kind: str, message: str, **more: Any) -> dict[str, Any]:
    return {
        "data": {"repository": None},
        "errors": [{"type": kind, "path": ["repository"], **more, "message": message}],
    }


INSTEAD: dict[str, Callable[[_Place], Answer]] = {
    "status": lambda at: Answer(at.action["status"], at.action.get("body"), dict(at.action.get("headers", {}))),
    "timeout": _timeout,
    "bad_gateway": lambda at: Answer(502, headers={"content-type": "text/html"}, body=refusals.BAD_GATEWAY.encode()),
    "gateway_timeout": lambda at: Answer(504, refusals.GATEWAY_TIMEOUT),
    "unavailable": lambda at: Answer(503, refusals.UNAVAILABLE),
    "rate_limit": _rate_limit,
    "secondary": _secondary,
    "bad_credentials": _credentials,
    "expire_token": _credentials,
    "saml": _forbidden,
    "forbidden": _forbidden,
    "blocked": _blocked,
    "not_found": _not_found,
    "reset": lambda at: Answer(reset=True),
}


def limited(bucket: Bucket, graphql: bool, *, old: bool = False, status: int = 403) -> Answer:
    """The primary limit: under 200 for GraphQL, under 403 or 429 for REST."""
    headers = bucket.headers("graphql" if graphql else "core")
    if graphql:
        return Answer(200, refusals.primary_limit(old), headers)
    return Answer(status, {**refusals.primary_limit_rest(), "status": str(status)}, headers)
