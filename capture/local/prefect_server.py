"""Prefect's server as a process of its own, on SQLite, with its home below ours.

Never Prefect's ephemeral mode: it prints errors and may lose the last states of a run. Facts of Prefect 3.8: the page
stays empty unless the server is told its own address (`PREFECT_SERVER_UI_API_URL`), and the client reads
`PREFECT_API_URL` when it is imported.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx

from capture.local.process import Child, Processes, free_port, python


@dataclass(frozen=True)
class PrefectServer:
    """A started server; `ready` waits for it."""

    child: Child
    port: int

    @property
    def api_url(self) -> str:
        """What `PREFECT_API_URL` must be for its clients."""
        return f"http://127.0.0.1:{self.port}/api"

    @property
    def page(self) -> str:
        """Prefect's own page, for people."""
        return f"http://127.0.0.1:{self.port}"

    def ready(self) -> "PrefectServer":
        """Wait until it answers; the first start on a machine takes 10 to 20 s for its database."""
        self.child.until(self.answers)
        return self

    def answers(self) -> bool:
        """Whether it is ready now."""
        return answers(f"{self.api_url}/health")


def answers(url: str) -> bool:
    """Whether somebody answers with success at this address."""
    try:
        return httpx.get(url, timeout=2, trust_env=False).is_success
    except httpx.HTTPError:
        return False


def prefect_settings(home: Path, api_url: str) -> dict[str, str]:
    """Environment of everything that speaks to our server: nothing of the user's own Prefect profile gets in."""
    return {
        "PREFECT_HOME": str(home / "prefect"),
        "PREFECT_PROFILES_PATH": str(home / "prefect" / "profiles.toml"),
        "PREFECT_API_URL": api_url,
        "PREFECT_SERVER_EPHEMERAL_ENABLED": "false",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
    }


def without_prefect(env: Mapping[str, str]) -> dict[str, str]:
    """The environment without the user's own Prefect settings."""
    return {name: value for name, value in env.items() if not name.startswith("PREFECT_")}


def start_prefect(
    processes: Processes, home: Path, env: Mapping[str, str], *, port: int | None = None
) -> PrefectServer:
    """Start the server; it is not ready yet, so that other things can start beside it."""
    chosen = port or free_port()
    (home / "prefect").mkdir(mode=0o700, parents=True, exist_ok=True)
    settings = prefect_settings(home, f"http://127.0.0.1:{chosen}/api") | {
        "PREFECT_API_DATABASE_CONNECTION_URL": f"sqlite+aiosqlite:///{home / 'prefect' / 'prefect.db'}",
        "PREFECT_SERVER_UI_API_URL": f"http://127.0.0.1:{chosen}/api",
        "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
        # SQLite writes one at a time: patience for a busy machine, and no hundred runs of each schedule ahead.
        "PREFECT_SERVER_DATABASE_TIMEOUT": "60",
        "PREFECT_SERVER_SERVICES_SCHEDULER_MAX_RUNS": "5",
        "PREFECT_SERVER_LOGGING_LEVEL": "WARNING",
    }
    command = python("prefect", "server", "start", "--host", "127.0.0.1", "--port", str(chosen))
    child = processes.start("prefect-server", command, env=without_prefect(env) | settings)
    return PrefectServer(child, chosen)
