"""Stand-ins for the five actions that our workflows pin. Any other one, or another commit of these, fails loudly."""

import asyncio
import os
import shutil
import stat
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import jwt

from sandbox.actions_state import NO_COMMIT, Config
from sandbox.github.world import World

PINNED = {
    "actions/checkout": "3d3c42e5aac5ba805825da76410c181273ba90b1",
    "actions/create-github-app-token": "1b10c78c7865c340bc4f6099eb2f838309f1e8c3",
    "actions/setup-python": "5fda3b95a4ea91299a34e894583c3862153e4b97",
    "actions/upload-artifact": "bbbca2ddaa5d8feaa63e36b76fdaad77386f024f",
    "astral-sh/setup-uv": "20cfd1bf945f4377ade1205e4dbc17946fc9a30d",
}

UV = """#!/bin/sh
# uv of this stand-in: everything is installed already, in the environment that runs the sandbox.
command=$1; shift
case "$command" in
  sync) exit 0 ;;
  run)
    while [ "${1#--}" != "$1" ]; do
      case "$1" in --no-sync|--no-dev|--frozen) shift ;; *) echo "uv: unknown option $1" >&2; exit 2 ;; esac
    done
    PATH="@bin@:$PATH"; export PATH
    PYTHONPATH="$GITHUB_WORKSPACE"; export PYTHONPATH
    exec "$@" ;;
  *) echo "uv: unknown command $command" >&2; exit 2 ;;
esac
"""


class ActionFailed(Exception):
    """An action ended with an error; the sentence goes to the log."""


@dataclass(slots=True)
class Place:
    """Where a job's steps run, and what an action may change there."""

    config: Config
    world: World
    workspace: Path
    temp: Path
    path: list[str]
    masks: list[str]
    sha: str


Inputs = dict[str, str]
Action = Callable[[Place, Inputs], Awaitable[dict[str, str]]]


async def _git(*arguments: str, cwd: Path) -> str:
    process = await asyncio.create_subprocess_exec(
        "git", *arguments, cwd=cwd, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    out, error = await process.communicate()
    if process.returncode:
        raise ActionFailed(f"git {arguments[0]}: {error.decode().strip()}")
    return out.decode()


async def checkout(place: Place, given: Inputs) -> dict[str, str]:
    """Copy the commit, and on top of it what is changed and not committed, since that is what a developer tests."""
    if not given.get("token"):
        raise ActionFailed("Input required and not supplied: token")
    project = place.config.project
    if place.sha == NO_COMMIT:
        left_out = shutil.ignore_patterns(".venv", ".git", "node_modules", "__pycache__")
        await asyncio.to_thread(shutil.copytree, project, place.workspace, ignore=left_out, symlinks=True)
        return {"ref": "", "commit": place.sha}
    await _git("clone", "--quiet", "--shared", "--no-checkout", str(project), str(place.workspace), cwd=place.temp)
    await _git("checkout", "--quiet", "--detach", place.sha, cwd=place.workspace)
    changed = await _git("ls-files", "-z", "--modified", "--others", "--exclude-standard", cwd=project)
    for name in filter(None, changed.split("\0")):
        source, target = project / name, place.workspace / name
        if source.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(source.read_bytes())
        else:
            target.unlink(missing_ok=True)
    return {"ref": given.get("ref", ""), "commit": place.sha}


async def app_token(place: Place, given: Inputs) -> dict[str, str]:
    """Ask the sandbox's GitHub for an installation token, as the App."""
    issuer = given.get("client-id") or given.get("app-id")
    if not issuer or not given.get("private-key"):
        raise ActionFailed("Input required and not supplied: client-id, private-key")
    at = int(time.time())
    try:
        signed = jwt.encode(
            {"iat": at - 60, "exp": at + 540, "iss": issuer}, given["private-key"].replace("\\n", "\n"), "RS256"
        )
    except (ValueError, jwt.PyJWTError) as error:
        raise ActionFailed(f"the private key cannot be used: {type(error).__name__}") from error
    problem = place.world.accounts.check_app(f"Bearer {signed}")
    if problem:
        raise ActionFailed(problem)
    token = str(place.world.accounts.mint(None)["token"])
    place.masks.append(token)
    return {"token": token, "installation-id": str(place.world.accounts.installation), "app-slug": "sandbox"}


async def setup_uv(place: Place, given: Inputs) -> dict[str, str]:
    """Put a `uv` on the path that runs programs in the environment of the sandbox itself."""
    folder = place.temp / "uv"
    folder.mkdir(exist_ok=True)
    program = folder / "uv"
    program.write_text(UV.replace("@bin@", str(Path(sys.executable).parent)))
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    place.path.insert(0, str(folder))
    return {"uv-version": "sandbox", "cache-hit": "false"}


async def setup_python(place: Place, given: Inputs) -> dict[str, str]:
    """Put this interpreter on the path."""
    place.path.insert(0, str(Path(sys.executable).parent))
    return {"python-version": sys.version.split()[0], "python-path": sys.executable}


async def upload_artifact(place: Place, given: Inputs) -> dict[str, str]:
    """Nothing is kept here, as long as a name and a path are given."""
    if not given.get("path"):
        raise ActionFailed("Input required and not supplied: path")
    return {"artifact-id": str(abs(hash(os.fspath(place.temp))) % 10**9)}


ACTIONS: dict[str, Action] = {
    "actions/checkout": checkout,
    "actions/create-github-app-token": app_token,
    "actions/setup-python": setup_python,
    "actions/upload-artifact": upload_artifact,
    "astral-sh/setup-uv": setup_uv,
}


def find(uses: str) -> Action:
    """The stand-in for `owner/name@commit`. Raises `ActionFailed` for everything that is not pinned here."""
    name, _, commit = uses.partition("@")
    if PINNED.get(name) != commit:
        raise ActionFailed(f"Unable to resolve action {uses}: this sandbox knows only its pinned actions")
    return ACTIONS[name]
