"""Write the whole dependency tree into `[tool.uv] constraint-dependencies` of pyproject.toml.

`uv.lock` names download hosts, so it stays out of git; the versions it holds are kept here instead.
Run `uv run python scripts/pin_dependencies.py` after a change of dependencies; `--upgrade` takes the newest versions.
"""

import argparse
import re
import subprocess
import sys
from pathlib import Path

PYPROJECT = Path(__file__).parents[1] / "pyproject.toml"
BLOCK = re.compile(r"constraint-dependencies = \[.*?^\]|constraint-dependencies = \[\]", re.DOTALL | re.MULTILINE)


def exported_versions() -> list[str]:
    """Every distribution of the resolved tree as `name==version ; marker`, sorted by name."""
    command = [
        "uv",
        "export",
        "--quiet",
        "--no-hashes",
        "--no-annotate",
        "--no-header",
        "--all-groups",
        "--no-emit-project",
    ]
    lines = subprocess.run(
        command, check=True, capture_output=True, text=True, cwd=PYPROJECT.parent
    ).stdout.splitlines()
    return sorted({line.strip() for line in lines if "==" in line})


def with_constraints(text: str, versions: list[str]) -> str:
    """The text of pyproject.toml with its constraint list replaced."""
    entries = "".join(f"  {chr(34)}{version.replace(chr(34), chr(39))}{chr(34)},\n" for version in versions)
    return BLOCK.sub(lambda _: f"constraint-dependencies = [\n{entries}]", text, count=1)


def check() -> int:
    """Compare the pins with what would be written; 0 where they agree, else 1 and a sentence."""
    subprocess.run(["uv", "lock", "--quiet"], check=True, cwd=PYPROJECT.parent)
    if with_constraints(PYPROJECT.read_text(), exported_versions()) == PYPROJECT.read_text():
        return 0
    print("constraint-dependencies is not the resolved tree: run scripts/pin_dependencies.py", file=sys.stderr)
    return 1


def main() -> None:
    """Resolve, export and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--upgrade", action="store_true", help="forget the present pins and take the newest versions")
    parser.add_argument(
        "--check", action="store_true", help="write nothing; fail where the pins are not what they would be"
    )
    arguments = parser.parse_args()
    if arguments.check:
        raise SystemExit(check())
    if arguments.upgrade:
        PYPROJECT.write_text(with_constraints(PYPROJECT.read_text(), []))
        subprocess.run(["uv", "lock", "--quiet", "--upgrade"], check=True, cwd=PYPROJECT.parent)
    else:
        subprocess.run(["uv", "lock", "--quiet"], check=True, cwd=PYPROJECT.parent)
    PYPROJECT.write_text(with_constraints(PYPROJECT.read_text(), exported_versions()))


if __name__ == "__main__":
    main()
