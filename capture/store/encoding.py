"""Arguments as JSON text that Postgres accepts, and answers back. Pure.

Postgres holds neither NUL nor lone surrogates in text. NUL is removed, a lone surrogate becomes U+FFFD, and both are
counted, because what is changed on the way must be known.
"""

from typing import Any

import orjson

from capture.core.text import storable

_NUL_ESCAPE = b"\\u0000"


def encode(value: Any) -> tuple[bytes, int]:
    """The value as JSON, and how many characters had to be removed or replaced. Times become ISO 8601, ids strings."""
    try:
        text = _dumps(value)
    except TypeError:
        # orjson refuses lone surrogates; anything else that it refuses is refused again below.
        cleaned, count = clean(value)
        return _dumps(cleaned), count
    if _NUL_ESCAPE in text:
        cleaned, count = clean(value)
        if count:
            return _dumps(cleaned), count
    return text, 0


def decode(answer: Any) -> Any:
    """What a function answered, whether it arrives as JSON text (also encoded twice) or already decoded."""
    for _ in range(3):
        if not isinstance(answer, str | bytes):
            return answer
        answer = orjson.loads(answer)
    return answer


def clean(value: Any) -> tuple[Any, int]:
    """The value without NUL and lone surrogates in any of its texts (keys too), and how many there were."""
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, dict):
        result: dict[Any, Any] = {}
        total = 0
        for key, part in value.items():  # pyright: ignore[reportUnknownVariableType]
            new_key, in_key = clean(key)
            new_part, in_part = clean(part)
            result[new_key] = new_part
            total += in_key + in_part
        return result, total
    if isinstance(value, list | tuple):
        cleaned = [clean(part) for part in value]  # pyright: ignore[reportUnknownVariableType]
        return [part for part, _ in cleaned], sum(count for _, count in cleaned)
    return value, 0


def _dumps(value: Any) -> bytes:
    return orjson.dumps(value, default=str, option=orjson.OPT_NON_STR_KEYS | orjson.OPT_PASSTHROUGH_SUBCLASS)
