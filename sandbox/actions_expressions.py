"""The part of GitHub's expression language that our workflows use. Whatever is not in it fails loudly.

Known: literals, `.` and `[]`, `!`, comparisons, `&&`, `||`, brackets, the functions `fromJSON`, `success`, `failure`,
`always` and `cancelled`. Names and strings compare without case; a missing property is null, a missing context fails.
"""

import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

Value = Any  # None, bool, float, str, Mapping, Sequence
Functions = Mapping[str, Callable[..., Value]]

_TOKEN = re.compile(
    r"\s*(?:(?P<number>[+-]?(?:0x[0-9a-fA-F]+|0o[0-7]+|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?))"
    r"|(?P<string>'(?:[^']|'')*')"
    r"|(?P<operator>&&|\|\||==|!=|<=|>=|[!<>()\[\].,*])"
    r"|(?P<name>[A-Za-z_][A-Za-z0-9_-]*))"
)
STATUS_FUNCTIONS = ("success", "failure", "always", "cancelled")


class ExpressionError(Exception):
    """An expression that GitHub would refuse, or that this stand-in does not know."""


def tokens(text: str) -> list[tuple[str, str]]:
    """Split an expression into (kind, text)."""
    found: list[tuple[str, str]] = []
    place = 0
    text = text.rstrip()
    while place < len(text):
        match = _TOKEN.match(text, place)
        if match is None or match.end() == place:
            raise ExpressionError(f"cannot read {text[place:]!r} in {text!r}")
        kind = str(match.lastgroup)
        found.append((kind, match.group(kind)))
        place = match.end()
    return found


class _Reader:
    """Recursive descent: or, and, comparison, not, access. Both sides of `&&` and `||` are read, one is evaluated."""

    def __init__(self, text: str, contexts: Mapping[str, Value], functions: Functions) -> None:
        self.text = text
        self.left = tokens(text)
        self.contexts = {name.lower(): value for name, value in contexts.items()}
        self.functions = {name.lower(): function for name, function in functions.items()}

    def read(self) -> Value:
        value = self.either()()
        if self.left:
            raise ExpressionError(f"{self.left[0][1]!r} is left over in {self.text!r}")
        return value

    def take(self, *operators: str) -> str | None:
        if self.left and self.left[0][0] == "operator" and self.left[0][1] in operators:
            return self.left.pop(0)[1]
        return None

    def want(self, operator: str) -> None:
        if not self.take(operator):
            raise ExpressionError(f"{operator!r} is missing in {self.text!r}")

    def either(self) -> Callable[[], Value]:
        left = self.both()
        while self.take("||"):
            left = _or(left, self.both())
        return left

    def both(self) -> Callable[[], Value]:
        left = self.comparison()
        while self.take("&&"):
            left = _and(left, self.comparison())
        return left

    def comparison(self) -> Callable[[], Value]:
        left = self.order()
        while operator := self.take("==", "!="):
            left = _compared(operator, left, self.order())
        return left

    def order(self) -> Callable[[], Value]:
        left = self.negation()
        while operator := self.take("<", "<=", ">", ">="):
            left = _compared(operator, left, self.negation())
        return left

    def negation(self) -> Callable[[], Value]:
        if self.take("!"):
            inner = self.negation()
            return lambda: not truthy(inner())
        return self.access()

    def access(self) -> Callable[[], Value]:
        value = self.atom()
        while operator := self.take(".", "["):
            if operator == ".":
                if not self.left or self.left[0][0] != "name":
                    raise ExpressionError(f"a name is missing after '.' in {self.text!r}")
                name = self.left.pop(0)[1]
                value = _property(value, lambda name=name: name)
            else:
                index = self.either()
                self.want("]")
                value = _property(value, index)
        return value

    def atom(self) -> Callable[[], Value]:
        if self.take("("):
            inner = self.either()
            self.want(")")
            return inner
        if not self.left:
            raise ExpressionError(f"{self.text!r} ends too early")
        kind, text = self.left.pop(0)
        if kind == "number":
            return lambda: number(text)
        if kind == "string":
            return lambda: text[1:-1].replace("''", "'")
        if kind != "name":
            raise ExpressionError(f"{text!r} is not expected in {self.text!r}")
        if self.take("("):
            return self.call(text)
        constants = {"true": True, "false": False, "null": None, "nan": math.nan, "infinity": math.inf}
        if text in ("true", "false", "null", "NaN", "Infinity"):
            return lambda: constants[text.lower()]
        if text.lower() not in self.contexts:
            raise ExpressionError(f"there is no context {text!r} here ({self.text!r})")
        return lambda: self.contexts[text.lower()]

    def call(self, name: str) -> Callable[[], Value]:
        arguments: list[Callable[[], Value]] = []
        while not self.take(")"):
            if arguments:
                self.want(",")
            arguments.append(self.either())
        function = {"fromjson": from_json, **self.functions}.get(name.lower())
        if function is None:
            raise ExpressionError(f"the function {name!r} is not known here ({self.text!r})")
        return lambda: function(*(argument() for argument in arguments))


def _or(left: Callable[[], Value], right: Callable[[], Value]) -> Callable[[], Value]:
    def value() -> Value:
        found = left()
        return found if truthy(found) else right()

    return value


def _and(left: Callable[[], Value], right: Callable[[], Value]) -> Callable[[], Value]:
    def value() -> Value:
        found = left()
        return right() if truthy(found) else found

    return value


def _compared(operator: str, left: Callable[[], Value], right: Callable[[], Value]) -> Callable[[], Value]:
    return lambda: compare(operator, left(), right())


def _property(owner: Callable[[], Value], key: Callable[[], Value]) -> Callable[[], Value]:
    return lambda: get(owner(), key())


def get(owner: Value, key: Value) -> Value:
    """A property by name (without case) or an element by place; null where there is none."""
    if isinstance(owner, Mapping):
        wanted = as_text(key).lower()
        return next((value for name, value in owner.items() if str(name).lower() == wanted), None)
    if isinstance(owner, Sequence) and not isinstance(owner, str):
        place = as_number(key)
        return owner[int(place)] if not math.isnan(place) and 0 <= place < len(owner) else None
    return None


def truthy(value: Value) -> bool:
    """False, null, 0, NaN and the empty string are false; everything else is true."""
    if isinstance(value, float | int) and not isinstance(value, bool):
        return value != 0 and not math.isnan(value)
    return value if isinstance(value, bool) else value is not None and value != ""


def number(text: str) -> float:
    """A number as it is written."""
    sign, digits = (-1.0, text[1:]) if text.startswith("-") else (1.0, text.removeprefix("+"))
    if digits[:2] in ("0x", "0o"):
        return sign * int(digits, 0)
    return sign * float(digits)


def as_number(value: Value) -> float:
    """A value as GitHub turns it into a number to compare it; NaN where it cannot."""
    if value is None:
        return 0.0
    if isinstance(value, bool | int | float):
        return float(value)
    if isinstance(value, str):
        text = value.strip()
        match = _TOKEN.fullmatch(text) if text else None
        return 0.0 if not text else number(text) if match and match.lastgroup == "number" else math.nan
    return math.nan


def compare(operator: str, left: Value, right: Value) -> bool:
    """Loose comparison: strings without case, other types as numbers, objects by identity."""
    if isinstance(left, str) and isinstance(right, str):
        pair: tuple[Any, Any] = (left.upper(), right.upper())
    elif isinstance(left, Mapping | list) and isinstance(right, Mapping | list):
        pair = (id(left), id(right))
    elif left is None and right is None:
        pair = (0.0, 0.0)
    else:
        pair = (as_number(left), as_number(right))
    if operator == "==":
        return pair[0] == pair[1]
    if operator == "!=":
        return pair[0] != pair[1]
    return {"<": pair[0] < pair[1], "<=": pair[0] <= pair[1], ">": pair[0] > pair[1], ">=": pair[0] >= pair[1]}[
        operator
    ]


def as_text(value: Value) -> str:
    """A value as it stands in a string: null is empty, whole numbers have no point. Objects are a mistake here."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float | int):
        return str(int(value)) if float(value).is_integer() and abs(value) < 1e15 else repr(float(value))
    if isinstance(value, str):
        return value
    raise ExpressionError("an object or a list cannot stand in a string")


def from_json(text: Value) -> Value:
    """`fromJSON`."""
    try:
        return json.loads(as_text(text), parse_int=float)
    except ValueError as error:
        raise ExpressionError(f"fromJSON cannot read {as_text(text)!r}") from error


def evaluate(text: str, contexts: Mapping[str, Value], functions: Functions | None = None) -> Value:
    """The value of one expression, without its `${{ }}`. Raises `ExpressionError`."""
    return _Reader(text, contexts, functions or {}).read()
