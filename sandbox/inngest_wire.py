"""Inngest's wire format: identifiers, signatures, strict JSON, and the few expressions that functions use."""

import hashlib
import hmac
import json
import re
import secrets
import time
from collections.abc import Mapping
from typing import Any

import jcs

OUTPUT_LIMIT = 4 * 1024 * 1024
"""Bytes of one step's output; the server fails the run beyond it."""

EVENT_LIMIT = 3 * 1024 * 1024
"""Bytes of one event."""

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_COMPARISON = re.compile(r"^\s*(\S+)\s*==\s*(\S+)\s*$")


def ulid() -> str:
    """An identifier as the server gives events and runs: 48 bits of milliseconds, 80 random bits, base 32."""
    value = (int(time.time() * 1000) << 80) | secrets.randbits(80)
    return "".join(_CROCKFORD[(value >> shift) & 31] for shift in range(125, -1, -5))


def bare_key(signing_key: str) -> str:
    """The hexadecimal part of `signkey-<env>-<hex>`."""
    return re.sub(r"^signkey-\w+-", "", signing_key)


def signature(body: bytes, signing_key: str, at: int | None = None) -> str:
    """The `x-inngest-signature` header of a request: HMAC over the canonical body and the time in seconds."""
    moment = int(time.time()) if at is None else at
    mac = hmac.new(bare_key(signing_key).encode(), digestmod=hashlib.sha256)
    if body:
        canonical = jcs.canonicalize(json.loads(body))
        mac.update(canonical if isinstance(canonical, bytes) else canonical.encode())
    mac.update(str(moment).encode())
    return f"t={moment}&s={mac.hexdigest()}"


def accepted_bearers(signing_key: str) -> set[str]:
    """The forms in which the server takes its signing key as a bearer token: whole, bare and hashed."""
    bare = bare_key(signing_key)
    hashed = hashlib.sha256(bytes.fromhex(bare)).hexdigest()
    return {signing_key, bare, hashed, signing_key[: len(signing_key) - len(bare)] + hashed}


def strict_json(raw: bytes) -> Any:
    """Parse as the server does: NaN and Infinity are no JSON. Raises ValueError."""

    def refuse(token: str) -> Any:
        raise ValueError(f"invalid character '{token[0]}' looking for beginning of value")

    return json.loads(raw, parse_constant=refuse)


def lookup(path: str, scope: Mapping[str, Any]) -> Any:
    """The value of a dotted path such as `event.data.job_id`, None where it leads nowhere."""
    value: Any = scope
    for part in path.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value


def operand(text: str, scope: Mapping[str, Any]) -> Any:
    """A quoted literal or a dotted path."""
    if text[0] in "'\"" and text[-1] == text[0]:
        return text[1:-1]
    return lookup(text, scope)


def holds(expression: str | None, scope: Mapping[str, Any]) -> bool:
    """Whether `a == b` holds; no expression always does. Raises ValueError for what the sandbox does not know."""
    if not expression:
        return True
    match = _COMPARISON.match(expression)
    if match is None:
        raise ValueError(f"this expression is not supported by the sandbox: {expression}")
    left, right = (operand(side, scope) for side in match.groups())
    return left is not None and left == right
