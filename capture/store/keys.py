"""Keys that the caller chooses, so that a call whose answer was lost can be repeated and finds its own work."""

import secrets
import time
from uuid import UUID


def uuid_v7() -> UUID:
    """A time-ordered UUID (RFC 9562, version 7), as the database's `uuid_v7()` makes them."""
    milliseconds = time.time_ns() // 1_000_000
    value = (milliseconds & ((1 << 48) - 1)) << 80 | secrets.randbits(80)
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    return UUID(int=value)
