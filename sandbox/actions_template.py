"""`${{ }}` in the values of a workflow: one whole expression keeps its type, several become text."""

import re
from collections.abc import Mapping
from typing import Any

from sandbox.actions_expressions import STATUS_FUNCTIONS, Functions, as_text, evaluate, tokens, truthy

_PART = re.compile(r"\$\{\{(.*?)\}\}", re.DOTALL)


def fill(value: Any, contexts: Mapping[str, Any], functions: Functions | None = None) -> Any:
    """Evaluate every expression in a value, however deep it lies."""
    if isinstance(value, dict):
        return {key: fill(item, contexts, functions) for key, item in value.items()}
    if isinstance(value, list):
        return [fill(item, contexts, functions) for item in value]
    if not isinstance(value, str):
        return value
    whole = _PART.fullmatch(value.strip())
    if whole and "${{" not in whole[1]:
        return evaluate(whole[1], contexts, functions)
    return _PART.sub(lambda part: as_text(evaluate(part[1], contexts, functions)), value)


def texts(values: Mapping[str, Any], contexts: Mapping[str, Any]) -> dict[str, str]:
    """A mapping whose values end as text, as in `env` and `with`."""
    return {name: as_text(fill(value, contexts)) for name, value in values.items()}


def holds(condition: Any, contexts: Mapping[str, Any], functions: Functions) -> bool:
    """An `if`: without a status function it also needs success, as GitHub adds it."""
    if condition is None:
        return truthy(functions["success"]())
    if isinstance(condition, bool):
        return condition and truthy(functions["success"]())
    text = str(condition).strip()
    whole = _PART.fullmatch(text)
    text = whole[1] if whole else text
    asks_for_status = any(kind == "name" and name.lower() in STATUS_FUNCTIONS for kind, name in tokens(text))
    if not asks_for_status and not truthy(functions["success"]()):
        return False
    return truthy(evaluate(text, contexts, functions))
