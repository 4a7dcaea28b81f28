"""The ASGI application: who calls, what it costs, which faults strike, then GraphQL, REST or the Actions routes."""

import hashlib
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qsl

import orjson

from sandbox.github import graphql_api, refusals, rest
from sandbox.github.accounts import Account
from sandbox.github.actions import change_answer, instead, limited, wait_or_change
from sandbox.github.answers import Answer, Send, send_answer
from sandbox.github.control import control
from sandbox.github.faults import Call
from sandbox.github.world import World

Receive = Callable[[], Awaitable[dict[str, Any]]]
Mounted = Callable[[str, str, dict[str, str], bytes, dict[str, str]], Awaitable[Answer | None]]
"""Further routes of api.github.com: method, path, query, body, headers to an answer, or None for a path that is not theirs."""


class App:
    """One sandbox behind one address."""

    def __init__(self, world: World, mounted: Mounted | None = None) -> None:
        self.world = world
        self._mounted = mounted

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        body = await _read(receive)
        if scope["path"].startswith("/_sandbox/"):
            await send_answer(
                control(self.world, scope["method"], scope["path"], orjson.loads(body) if body else None), send
            )
            return
        self.world.concurrent += 1
        try:
            answer = await self._answer(scope, headers, body)
        finally:
            self.world.concurrent -= 1
        await send_answer(answer, send)

    async def _answer(self, scope: dict[str, Any], headers: dict[str, str], body: bytes) -> Answer:
        world, path, method = self.world, scope["path"], scope["method"]
        account, token = world.accounts.find(headers.get("authorization"))
        found = None if path == "/graphql" else rest.find_route(method, path)
        prepared = graphql_api.prepare(_json(body)) if path == "/graphql" else None
        call = Call(found[0] if found else f"{method} {path}", path, token=token)
        if prepared:
            call.operation, call.query, call.items = prepared.operation or "", prepared.query, prepared.cost.items
        request = hashlib.sha256(method.encode() + scope["query_string"] + path.encode() + body).hexdigest()[:16]
        entry = world.stats.count(call.route, call.operation, 0, path=path, items=call.items, request=request)
        after: list[dict[str, Any]] = []
        answer: Answer | None = None
        for action in world.faults.matching(call):
            entry.setdefault("faults", []).append(action["kind"])
            if action.get("when") != "after" and await wait_or_change(world, action):
                continue
            answer = instead(world, action, call, account)
            if answer is not None:
                break
            after.append(action)
        if answer is None:
            answer = await self._real(scope, headers, body, account, token, prepared, found, entry)
        for action in after:
            if not await wait_or_change(world, action):
                change_answer(action, answer)
        entry["status"] = answer.status
        resource = "graphql" if prepared else "core"
        if account and resource in account.buckets:
            answer.headers = {**account.buckets[resource].headers(resource), **answer.headers}
        answer.headers.setdefault("x-github-request-id", world.request_id())
        answer.headers.setdefault(
            "x-github-media-type", "github.v4; format=json" if prepared else "github.v3; format=json"
        )
        return answer

    async def _real(
        self,
        scope: dict[str, Any],
        headers: dict[str, str],
        body: bytes,
        account: Account | None,
        token: str,
        prepared: Any,
        found: Any,
        entry: dict[str, Any],
    ) -> Answer:
        """What GitHub answers when nothing is wrong, or when it is the client that is wrong."""
        world, path, method = self.world, scope["path"], scope["method"]
        if path.startswith("/app/installations/") and method == "POST":
            return _mint(world, path, headers)
        if account is None:
            refused = world.accounts.anonymous.buckets["core"]
            refused.used += 1
            return Answer(401, refusals.bad_credentials(prepared is not None), refused.headers("core"))
        if path == "/rate_limit":
            return _rate_limit(account)
        resource = "graphql" if prepared else "core"
        if resource not in account.buckets:
            return Answer(401, refusals.needs_token())
        bucket, busy = account.buckets[resource], world.accounts.secondary
        if account.last_minute(resource) >= busy[resource] or world.concurrent > busy["concurrent"]:
            return Answer(403, refusals.secondary_limit(world.request_id()), {"retry-after": "60"})
        if bucket.remaining == 0:
            return limited(bucket, prepared is not None)
        if prepared:
            points = prepared.cost.points
            account.spend(resource, points)
            entry["points"] = points
            world.stats.charge(prepared.operation or "", points)
            return prepared.refused or graphql_api.run(world, account, prepared)
        query = dict(parse_qsl(scope["query_string"].decode(), keep_blank_values=True))
        if self._mounted and not found:
            answer = await self._mounted(method, path, query, body, headers)
            if answer is not None:
                account.spend(resource, 1)
                return answer
        if not found:
            return Answer(404, refusals.not_found("index"))
        base = f"{scope['scheme']}://{headers.get('host', 'localhost')}"
        request = rest.Request(method, path, query, base, headers.get("x-github-api-version", "2022-11-28"))
        answer = rest.answer(world, request, found[1], found[2])
        if answer.status == 200:
            answer.headers["etag"] = answer.etag(token)
            if headers.get("if-none-match") == answer.headers["etag"]:
                return Answer(304, headers=answer.headers)
        account.spend(resource, 1)
        return answer


def _mint(world: World, path: str, headers: dict[str, str]) -> Answer:
    problem = world.accounts.check_app(headers.get("authorization"))
    if problem:
        return Answer(401, {"message": problem, "documentation_url": refusals.DOCS})
    if path != f"/app/installations/{world.accounts.installation}/access_tokens":
        return Answer(404, refusals.not_found("apps/apps#create-an-installation-access-token-for-an-app"))
    wanted = headers.get("x-github-stateless-s2s-token")
    return Answer(201, world.accounts.mint(wanted == "enabled" if wanted else None))


def _rate_limit(account: Account) -> Answer:
    resources = {
        name: {"limit": bucket.limit, "used": bucket.used, "remaining": bucket.remaining, "reset": int(bucket.reset)}
        for name, bucket in account.buckets.items()
    }
    return Answer(200, {"resources": resources, "rate": resources["core"]})


async def _read(receive: Receive) -> bytes:
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            return body


def _json(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
