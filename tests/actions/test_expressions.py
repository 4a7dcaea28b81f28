"""The expressions of the stand-in: by hand, and against GitHub's own library."""

import itertools
import json
import math
import subprocess
from pathlib import Path
from typing import Any

import pytest

from sandbox.actions_expressions import ExpressionError, evaluate, tokens
from sandbox.actions_template import fill, holds
from sandbox.actions_workflow import load
from tests.support.actions import ROOT

PACKAGE = "@actions/expressions@0.3.61"

CONTEXTS: dict[str, Any] = {
    "inputs": {"name": "octo/Repo", "empty": "", "flag": True, "off": False, "days": "30", "none": None},
    "vars": {"CAPTURE_APP_ID": "12", "Zero": "0"},
    "needs": {"capture": {"result": "success", "outputs": {"shards": '[{"job_id": "a", "number": 1}]', "none": "[]"}}},
    "matrix": {"shard": {"job_id": "a", "number": 1, "of": 2}},
    "github": {"sha": "abc", "list": ["x", "y"]},
}

TABLE: list[tuple[str, Any]] = [
    ("inputs.name", "octo/Repo"),
    ("INPUTS.Name", "octo/Repo"),
    ("inputs['name']", "octo/Repo"),
    ("inputs.missing", None),
    ("inputs.missing.deeper", None),
    ("inputs.empty || 'else'", "else"),
    ("inputs.name && 'then' || 'else'", "then"),
    ("inputs.off && 'then' || 'else'", "else"),
    ("vars.Zero || 'else'", "0"),
    ("inputs.none || inputs.empty", ""),
    ("vars.CAPTURE_APP_ID != '' && inputs.flag", True),
    ("!inputs.empty", True),
    ("!!inputs.name", True),
    ("'A' == 'a'", True),
    ("'1' == 1", True),
    ("'' == 0", True),
    ("null == 0", True),
    ("null == ''", True),
    ("true == 1", True),
    ("true == 'true'", False),
    ("'x' == 1", False),
    ("'x' != 1", True),
    ("1 < 2", True),
    ("2 <= 2 && 3 > 2 && 3 >= 3", True),
    ("'b' > 'A'", True),
    ("1 < 2 == true", True),
    ("inputs.days > 7", True),
    ("0x10", 16),
    ("-1.5e1", -15),
    (".5", 0.5),
    ("'it''s'", "it's"),
    ("(1 || 0) && 'both'", "both"),
    ("fromJSON(needs.capture.outputs.shards)[0].job_id", "a"),
    ("fromJSON('{\"a\": [1, 2]}').A[1]", 2),
    ("fromJSON('true') && 'x'", "x"),
    ("needs.capture.outputs.shards != '[]'", True),
    ("needs.capture.outputs.none != '[]'", False),
    ("matrix.shard.number", 1),
    ("github.list[1]", "y"),
    ("github.list[7]", None),
    ("github.list['1']", "y"),
    ("github['s' || 'x']", None),
]


@pytest.mark.parametrize(("text", "value"), TABLE)
def test_an_expression_has_the_value_that_github_gives_it(text: str, value: Any) -> None:
    assert evaluate(text, CONTEXTS) == value


@pytest.mark.parametrize(
    "text",
    [
        "nothere.x", "format('{0}', 1)", "hashFiles('x')", "1 +", "1 + 1", "inputs.", "'open", "(1", "a b",
        "inputs.*.x", "fromJSON('{')", "", "toJSON(inputs)", "contains('a', 'b')",
    ],
)  # fmt: skip
def test_what_it_does_not_know_fails_loudly(text: str) -> None:
    with pytest.raises(ExpressionError):
        evaluate(text, CONTEXTS)


def test_a_whole_expression_keeps_its_type_and_a_part_becomes_text() -> None:
    assert fill("${{ inputs.flag }}", CONTEXTS) is True
    assert fill("is ${{ inputs.flag }}, ${{ matrix.shard.number }}${{ inputs.none }}", CONTEXTS) == "is true, 1"
    with pytest.raises(ExpressionError):
        fill("all of ${{ matrix.shard }}", CONTEXTS)


@pytest.mark.parametrize(
    ("condition", "failed", "runs"),
    [
        (None, False, True), (None, True, False), ("inputs.flag", True, False), ("inputs.flag", False, True),
        ("always()", True, True), ("failure()", True, True), ("failure()", False, False),
        ("!failure() && inputs.flag", False, True), ("${{ inputs.off }}", False, False),
    ],
)  # fmt: skip
def test_a_condition_without_a_status_function_needs_success(condition: Any, failed: bool, runs: bool) -> None:
    functions = {"success": lambda: not failed, "failure": lambda: failed, "always": lambda: True}
    assert holds(condition, CONTEXTS, functions) is runs


def _generated() -> list[str]:
    values = [
        "''",
        "'a'",
        "'A'",
        "'1'",
        "' 1 '",
        "0",
        "1",
        "-0",
        "1.5",
        "true",
        "false",
        "null",
        "inputs.missing",
        "NaN",
    ]
    pairs = itertools.product(values, ["==", "!=", "<", "<=", ">", ">=", "&&", "||"], values)
    chains = [f"{a} {x} {b} {y} {a}" for a, b in itertools.pairwise(values) for x in ("&&", "==") for y in ("||", "<")]
    return [
        *(f"{left} {operator} {right}" for left, operator, right in pairs),
        *(f"!{value}" for value in values),
        *chains,
    ]


def _ours() -> list[str]:
    """Every expression in our own workflow files that needs no status function."""
    found: set[str] = set()

    def walk(value: Any, key: str = "") -> None:
        if isinstance(value, dict):
            for name, item in value.items():
                walk(item, str(name))
        elif isinstance(value, list):
            for item in value:
                walk(item)
        elif isinstance(value, str):
            parts = value.split("${{")[1:]
            found.update(part.split("}}")[0].strip() for part in parts)
            if key == "if" and not parts and "(" not in value:
                found.add(value)

    for workflow in load(ROOT).values():
        walk(workflow.body)
    return sorted(found)


def _same(ours: Any, theirs: Any) -> bool:
    if isinstance(ours, float) and math.isnan(ours):
        return theirs is None or theirs != theirs
    return ours == theirs and isinstance(ours, bool) == isinstance(theirs, bool)


@pytest.mark.node
def test_all_of_it_agrees_with_githubs_own_library(tmp_path: Path) -> None:
    install = ["npm", "install", "--no-audit", "--no-fund", "--silent", "--prefix", str(tmp_path), PACKAGE]
    subprocess.run(install, check=True, capture_output=True, timeout=240)
    library = tmp_path / "node_modules" / "@actions" / "expressions" / "dist" / "index.js"
    contexts = {**CONTEXTS, "secrets": {}, "steps": {}, "env": {}, "runner": {}}
    expressions = [*(text for text, _ in TABLE), *_generated(), *_ours()]
    told = subprocess.run(
        ["node", str(Path(__file__).with_name("evaluate.mjs")), str(library)],
        input=json.dumps({"contexts": contexts, "expressions": expressions}),
        check=True, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    answers = json.loads(told.stdout)
    assert len(answers) == len(expressions) > 1_000
    differences = [
        (text, evaluate(text, contexts), answer)
        for text, answer in zip(expressions, answers, strict=True)
        if "error" in answer or not _same(evaluate(text, contexts), answer["value"])
    ]
    assert differences == []


def test_our_own_workflows_use_nothing_that_the_stand_in_does_not_know() -> None:
    assert all(tokens(text) for text in _ours())
