"""What an answer of GitHub means: one pure function over status, headers and body.

GitHub reports failures under HTTP 200 and data under failures, so the body is asked first, then the headers, the
status last. The spellings come from GitHub's documentation and from answers that people posted in public issues; where
two spellings of one thing are known, both are accepted.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, cast

Kind = Literal[
    "ok",  # complete
    "partial",  # data, with errors that name paths: every null path has to be dealt with
    "transient",  # worth a few retries
    "too_big",  # the same query must not be sent again, a smaller one may
    "primary_limit",  # points or calls are used up until the reset
    "secondary_limit",  # too much at once
    "unauthorized",  # the token is not (or no longer) valid
    "forbidden",  # this credential may not
    "missing",  # not there, or not visible, which looks the same
    "blocked",  # taken down for legal reasons or terms of service
    "bad_cursor",  # the listing has to start again
    "bug",  # the query is wrong; sending it again changes nothing
]

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Verdict:
    """The class of an answer and what is needed to act on it; `detail` is for people and holds no secret."""

    kind: Kind
    detail: str = ""
    retry_after: float | None = None
    """Seconds that GitHub asks to wait, when it does."""
    reset: float | None = None
    """Epoch second at which the primary limit starts anew, when the answer names it."""
    remaining: int | None = None
    broken: tuple[tuple[Path, str, str], ...] = ()
    """For `partial`: path, error type and message of everything that is null because of an error."""


_SECONDARY = re.compile(r"secondary rate|abuse detection", re.IGNORECASE)
_PRIMARY = re.compile(r"API rate limit (already )?exceeded", re.IGNORECASE)
_TIMEOUT = re.compile(
    r"Something went wrong while executing your query|couldn't respond to your request in time", re.IGNORECASE
)
_BLOCKED = re.compile(r"access blocked|\bDMCA\b|terms of service", re.IGNORECASE)
_CURSOR = re.compile(r"valid cursor", re.IGNORECASE)
_TOO_BIG_TYPES = {"RESOURCE_LIMITS_EXCEEDED", "MAX_NODE_LIMIT_EXCEEDED"}
_BUG_TYPES = {"EXCESSIVE_PAGINATION", "MISSING_PAGINATION_BOUNDARIES", "ARGUMENT_LIMIT"}
_PATH_TYPES = {"NOT_FOUND", "FORBIDDEN", "INSUFFICIENT_SCOPES"}


def classify(status: int, headers: Mapping[str, str], body: Any, *, graphql: bool) -> Verdict:
    """Classify one answer. `headers` has lower-case names; `body` is the decoded JSON, None where it is no JSON."""
    retry_after = _number(headers.get("retry-after"))
    reset = _number(headers.get("x-ratelimit-reset"))
    left = _number(headers.get("x-ratelimit-remaining"))
    remaining = None if left is None else int(left)

    def verdict(kind: Kind, detail: str) -> Verdict:
        return Verdict(kind, detail, retry_after=retry_after, reset=reset, remaining=remaining)

    message = _message(body)
    if status == 401:
        return verdict("unauthorized", message or "bad credentials")
    if graphql and isinstance(body, dict) and ("data" in body or "errors" in body):
        return _graphql(body, verdict)  # pyright: ignore[reportUnknownArgumentType]
    if status in (403, 429) or _SECONDARY.search(message):
        return _refused(status, message, retry_after, remaining, verdict)
    if status in (404, 410):
        return verdict("missing", message or "not found")
    if status == 451 or (status >= 400 and _BLOCKED.search(message)):
        return verdict("blocked", _block_reason(body) or message or "blocked")
    if status >= 500 or body is None:
        return _failing(status, message, body, graphql, verdict)
    if status >= 400:
        return verdict("bug", f"HTTP {status}: {message}")
    if graphql:
        return verdict("transient", "an answer without data and errors")
    return verdict("ok", "")


def _graphql(body: Mapping[str, Any], verdict: Any) -> Verdict:
    data, said = body.get("data"), body.get("errors")
    errors = _objects(said)
    if not errors:
        return (
            verdict("ok", "") if isinstance(data, dict) and not said else verdict("transient", "an answer without data")
        )
    for error in errors:
        kind = _whole_query(error)
        if kind is not None:
            return verdict(kind, _sentence(error))
    broken = tuple((_path(e), str(e.get("type") or "UNKNOWN"), str(e.get("message") or "")) for e in errors)
    if not isinstance(data, dict) or any(not path for path, _, _ in broken):
        return verdict("transient", _sentence(errors[0]))
    for path, kind, message in broken:
        if path == ("repository",):
            return verdict("forbidden" if kind in ("FORBIDDEN", "INSUFFICIENT_SCOPES") else "missing", message)
    return Verdict("partial", _sentence(errors[0]), broken=broken)


def _objects(value: Any) -> list[Mapping[str, Any]]:
    listed = cast("list[Any]", value) if isinstance(value, list) else []
    return [cast("Mapping[str, Any]", one) for one in listed if isinstance(one, dict)]


def _whole_query(error: Mapping[str, Any]) -> Kind | None:
    """The class of an error that concerns the whole answer, None for one that concerns its own path only."""
    kind, message = str(error.get("type") or ""), str(error.get("message") or "")
    extensions = error.get("extensions") or ()
    rules: tuple[tuple[Kind, bool], ...] = (
        ("secondary_limit", bool(_SECONDARY.search(message))),
        ("primary_limit", kind in ("RATE_LIMITED", "RATE_LIMIT") or error.get("code") == "graphql_rate_limit"),
        ("primary_limit", bool(_PRIMARY.search(message))),
        ("too_big", kind in _TOO_BIG_TYPES or bool(_TIMEOUT.search(message))),
        ("blocked", bool(_BLOCKED.search(message))),
        ("bad_cursor", kind == "INVALID_CURSOR_ARGUMENTS" or bool(_CURSOR.search(message))),
        ("bug", kind in _BUG_TYPES or (not kind and "code" in extensions)),
    )
    for verdict, holds in rules:
        if holds:
            return verdict
    if kind not in _PATH_TYPES and not error.get("path"):
        return "transient"
    return None


def _refused(status: int, message: str, retry_after: float | None, remaining: int | None, verdict: Any) -> Verdict:
    if _SECONDARY.search(message):
        return verdict("secondary_limit", message)
    if _PRIMARY.search(message) or remaining == 0:
        return verdict("primary_limit", message)
    if retry_after is not None or status == 429:
        return verdict("secondary_limit", message or f"HTTP {status}")
    if _BLOCKED.search(message):
        return verdict("blocked", message)
    return verdict("forbidden", message or f"HTTP {status}")


def _failing(status: int, message: str, body: Any, graphql: bool, verdict: Any) -> Verdict:
    # A gateway that gives up on GraphQL has waited ten seconds for the query; the timeout was charged, and the same
    # query would be again.
    if graphql and (status in (502, 504) or _TIMEOUT.search(message)):
        return verdict("too_big", f"HTTP {status}: {message or 'the gateway gave up'}")
    if body is None and status < 500:
        return verdict("transient", f"HTTP {status} with a body that is cut off or no JSON")
    return verdict("transient", f"HTTP {status}: {message}".rstrip(": "))


def _message(body: Any) -> str:
    if isinstance(body, dict):
        value: Any = body.get("message")  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
        return value if isinstance(value, str) else ""
    return ""


def _block_reason(body: Any) -> str:
    block: Any = body.get("block") if isinstance(body, dict) else None  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
    if not isinstance(block, dict):
        return ""
    return f"blocked by GitHub ({block.get('reason', 'no reason given')})"  # pyright: ignore[reportUnknownMemberType]


def _sentence(error: Mapping[str, Any]) -> str:
    kind, message = error.get("type"), str(error.get("message") or "unknown error")
    return f"{kind}: {message}" if kind else message


def _path(error: Mapping[str, Any]) -> Path:
    path: Any = error.get("path")
    return tuple(cast("list[str | int]", path)) if isinstance(path, list) else ()


def _number(value: str | None) -> float | None:
    try:
        return None if value is None else float(value)
    except ValueError:
        return None  # an HTTP date, which GitHub does not send
