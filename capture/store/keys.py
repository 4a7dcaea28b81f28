"""Keys that the caller chooses, so that a call whose answer was lost can be repeated and finds its own work."""

import secrets
import threading
import time
from uuid import UUID

_lock = threading.Lock()
_last = 0


def uuid_v7() -> UUID:
    """A time-ordered UUID (RFC 9562, version 7), greater than every one that this process made before."""
    global _last
    milliseconds = time.time_ns() // 1_000_000
    with _lock:
        # 48 bits of time and 74 that are random; within a millisecond (or a clock that went back) they count up.
        _last = max(_last + 1, (milliseconds << 74) | secrets.randbits(74))
        value = _last
    time_and_version = (value >> 74) << 16 | 0x7 << 12 | (value >> 62) & 0xFFF
    return UUID(int=time_and_version << 64 | 0x2 << 62 | value & ((1 << 62) - 1))
