"""Node ids and cursors as GitHub builds them: base64 over a few msgpack values. Clients must treat both as opaque."""

import base64
import binascii
import struct

Value = int | str


def pack(values: list[Value]) -> bytes:
    """Msgpack of a short list of texts and numbers, the only shape that cursors and node ids have."""
    out = bytearray([0x90 | len(values)])
    for value in values:
        if isinstance(value, str):
            raw = value.encode()
            out += bytes([0xA0 | len(raw)]) if len(raw) < 32 else struct.pack(">BH", 0xDA, len(raw))
            out += raw
        elif 0 <= value < 128:
            out.append(value)
        elif value <= 0xFFFFFFFF:
            out += struct.pack(">BI", 0xCE, value)
        else:
            out += struct.pack(">BQ", 0xCF, value)
    return bytes(out)


def unpack(raw: bytes) -> list[Value]:
    """Undo `pack`; ValueError for anything else."""
    if not raw or raw[0] & 0xF0 != 0x90:
        raise ValueError("not a list")
    values: list[Value] = []
    at = 1
    try:
        for _ in range(raw[0] & 0x0F):
            kind = raw[at]
            at += 1
            if kind < 128:
                values.append(kind)
            elif kind == 0xCE:
                values.append(struct.unpack_from(">I", raw, at)[0])
                at += 4
            elif kind == 0xCF:
                values.append(struct.unpack_from(">Q", raw, at)[0])
                at += 8
            else:
                if kind == 0xDA:
                    size = struct.unpack_from(">H", raw, at)[0]
                    at += 2
                elif kind & 0xE0 == 0xA0:
                    size = kind & 0x1F
                else:
                    raise ValueError("unknown type")
                values.append(raw[at : at + size].decode())
                at += size
    except (IndexError, struct.error, UnicodeDecodeError) as error:
        raise ValueError("cut off") from error
    if at != len(raw):
        raise ValueError("trailing bytes")
    return values


def cursor(values: list[Value]) -> str:
    """The cursor of a row: the values of its sort key, not its position."""
    return base64.b64encode(b"cursor:v2:" + pack(values)).decode()


def read_cursor(text: str) -> list[Value]:
    """The sort key in a cursor; ValueError where GitHub says that it is not a valid one."""
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise ValueError("not base64") from error
    if not raw.startswith(b"cursor:v2:"):
        raise ValueError("not a cursor")
    return unpack(raw[10:])


def node_id(prefix: str, *numbers: int) -> str:
    """A global node id of the new form, for example `PR_kwDOAAB...`."""
    return f"{prefix}_" + base64.urlsafe_b64encode(pack([0, *numbers])).decode().rstrip("=")


def read_node_id(text: str) -> tuple[str, list[int]] | None:
    """Prefix and numbers of one of our node ids, None for any other text."""
    prefix, _, rest = text.partition("_")
    try:
        values = unpack(base64.urlsafe_b64decode(rest + "=" * (-len(rest) % 4)))
    except (binascii.Error, ValueError):
        return None
    numbers = [value for value in values if isinstance(value, int)]
    return (prefix, numbers[1:]) if len(numbers) == len(values) and numbers[:1] == [0] else None
