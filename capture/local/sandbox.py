"""The stand-in for GitHub, as a process: for the demo, and for `up` where no real account is configured."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import orjson

from capture.local.process import Child, Processes, python

JOBS_REPOSITORY = "octo-sandbox/capture-jobs"
"""The stand-in's repository that holds the workflows."""

PROJECT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class SandboxGitHub:
    """A sandbox that answers as GitHub does."""

    child: Child
    url: str
    repository: str
    token: str

    def settings(self) -> dict[str, str]:
        """Environment that points a process to this sandbox instead of GitHub."""
        return {
            "GITHUB_API_URL": self.url,
            "GITHUB_GRAPHQL_URL": f"{self.url}/graphql",
            "GITHUB_TOKEN": self.token,
        }


def start_github(processes: Processes, arguments: Sequence[str], env: Mapping[str, str]) -> Child:
    """Start it with the options of `python -m sandbox github`; `github_of` waits for it."""
    return processes.start("sandbox-github", python("sandbox", "github", *arguments), env=env)


def start_github_with_actions(
    processes: Processes, arguments: Sequence[str], env: Mapping[str, str], folder: Path
) -> Child:
    """The same with GitHub Actions: its runner executes this project's own workflows as processes of this machine.

    `env` must name the database already, since the repository's secrets do. `folder` keeps the settings file.
    """
    settings = {
        "repository": JOBS_REPOSITORY,
        "secrets": _given(env, "DATABASE_URL", "SUPABASE_SECRET_KEY"),
        "variables": _given(env, "SUPABASE_URL"),
    }
    path = folder / "sandbox-actions.json"
    path.touch(mode=0o600)
    path.write_bytes(orjson.dumps(settings))
    command = python("sandbox", "actions", "--project", str(PROJECT), "--settings", str(path), *arguments)
    return processes.start("sandbox-github", command, env=env)


def _given(env: Mapping[str, str], *names: str) -> dict[str, str]:
    """What is set, by the names that the workflows use for it."""
    return {f"CAPTURE_{name}": env[name] for name in names if name in env}


def github_of(child: Child) -> SandboxGitHub:
    """Wait until the sandbox says where it is."""
    ready = child.until(child.json_lines)[0]
    return SandboxGitHub(child, ready["url"].rstrip("/"), ready["repository"], ready["token"])
