"""Rules of the house that a reader relies on."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("capture", "flows", "tasks", "deployments", "expectations", "sandbox")


def modules() -> list[Path]:
    """Every module of the product."""
    return [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]


def test_no_module_is_longer_than_300_lines() -> None:
    """Small files, one purpose each."""
    assert [str(p.relative_to(ROOT)) for p in modules() if len(p.read_text().splitlines()) > 300] == []


def test_every_public_function_says_what_it_is_for() -> None:
    """Public functions and classes of the product carry a docstring."""
    bare: list[str] = []
    for path in modules():
        tree = ast.parse(path.read_text())
        bare += [
            f"{path.relative_to(ROOT)}:{node.lineno} {node.name}"
            for node in tree.body
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
            and not node.name.startswith("_")
            and ast.get_docstring(node) is None
        ]
    assert bare == []


@pytest.mark.parametrize("word", ["os.environ", "os.getenv"])
def test_only_the_settings_read_the_environment(word: str) -> None:
    """Everything else in the domain gets its configuration from `capture.settings`."""
    readers = [str(p.relative_to(ROOT)) for p in modules() if p.parts[-2] != "local" and word in p.read_text()]
    allowed = {"capture/settings.py"}
    assert [r for r in readers if r.startswith("capture/") and r not in allowed] == []


HEAVY = ("prefect", "great_expectations", "pandas")


def test_capture_sync_starts_without_the_heavy_libraries() -> None:
    """`capture sync` imports neither Prefect nor Great Expectations nor pandas, so that it starts in a moment."""
    code = f"import sys, capture.cli, capture.commands.sync; print([m for m in {HEAVY!r} if m in sys.modules])"
    answer = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"
