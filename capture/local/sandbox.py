"""The stand-in for GitHub, as a process: for the demo, and for `up` where no real account is configured."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from capture.local.process import Child, Processes, python


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


def github_of(child: Child) -> SandboxGitHub:
    """Wait until the sandbox says where it is."""
    ready = child.until(child.json_lines)[0]
    return SandboxGitHub(child, ready["url"].rstrip("/"), ready["repository"], ready["token"])
