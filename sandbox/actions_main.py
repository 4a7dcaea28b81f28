"""`python -m sandbox actions`: the GitHub stand-in with Actions, whose runner executes a project's own workflows.

All options of `python -m sandbox github` are understood as well; `--project` is the project, `--settings` a JSON file
with what the repository's owner has set: `repository`, `variables`, `secrets`, `environment`, `runners` and so on.
"""

import argparse
import atexit
import tempfile
from pathlib import Path
from typing import Any

import orjson

from sandbox import github_main
from sandbox.actions import Actions
from sandbox.actions_process import end_all
from sandbox.actions_state import Config
from sandbox.github.world import World


def actions_for(world: World, project: Path, settings: dict[str, Any], url: str) -> Actions:
    """The Actions routes for a project, with runners' folders that end with this process."""
    folder = tempfile.TemporaryDirectory(prefix="sandbox-actions-")
    atexit.register(folder.cleanup)
    atexit.register(end_all)
    return Actions(Config(project=project, work=Path(folder.name), api_url=url, **settings), world)


def run(arguments: list[str]) -> None:
    """Serve until stopped."""
    parser = argparse.ArgumentParser(prog="python -m sandbox actions", description=__doc__)
    parser.add_argument("--project", type=Path, default=Path.cwd())
    parser.add_argument("--settings", type=Path)
    own, others = parser.parse_known_args(arguments)
    settings = orjson.loads(own.settings.read_bytes()) if own.settings else {}
    github_main.run(others, mount=lambda world, url: actions_for(world, own.project.resolve(), settings, url))
