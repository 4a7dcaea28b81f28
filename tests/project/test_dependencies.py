"""The dependency tree is pinned, and nothing in the tree shadows a library."""

import re
import subprocess
import sys
import tomllib
from importlib.metadata import distributions
from pathlib import Path

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def normal(name: str) -> str:
    """A distribution's name in its normal form (https://packaging.python.org/en/latest/specifications/name-normalization/)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def pins() -> dict[str, set[str]]:
    """Pinned versions by name; a distribution has several where versions differ between Pythons or platforms."""
    found: dict[str, set[str]] = {}
    for line in PROJECT["tool"]["uv"]["constraint-dependencies"]:
        name, version = line.split(";")[0].strip().split("==")
        found.setdefault(normal(name), set()).add(version)
    return found


def test_every_installed_distribution_is_pinned_at_its_version() -> None:
    """An install today and one in a year give the same tree."""
    installed = {normal(d.metadata["Name"]): d.version for d in distributions()}
    installed.pop(normal(PROJECT["project"]["name"]))
    pinned = pins()
    assert {n: v for n, v in installed.items() if v not in pinned.get(n, set())} == {}


def test_the_pins_are_what_the_script_writes() -> None:
    """The list is never edited by hand: the script finds nothing to change."""
    command = [sys.executable, str(ROOT / "scripts/pin_dependencies.py"), "--check"]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr


def test_no_lock_file_names_a_host() -> None:
    """Lock files name versions; where they are fetched from is each machine's own matter."""
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    assert "uv.lock" not in tracked
    for name in tracked:
        if name.endswith("package-lock.json"):
            assert '"resolved"' not in (ROOT / name).read_text(), name


def test_the_migrations_folder_does_not_shadow_the_supabase_library() -> None:
    """A package file there would make `import supabase` find our folder."""
    assert not (ROOT / "supabase/__init__.py").exists()
