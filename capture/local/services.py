"""The services of `capture up`: which are needed here, how each is started, and what the others must know of it."""

import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from capture.local.prefect_server import answers, prefect_settings, start_prefect, without_prefect
from capture.local.process import Child, Processes, free_port, python
from capture.local.sandbox import JOBS_REPOSITORY, github_of, start_github_with_actions
from capture.settings import Settings

WEB_PORT, PREFECT_PORT = 8377, 4200
SANDBOX_REPOSITORY = ("--owner", "octo-demo", "--name", "progressive", "--pull-requests", "300")
GRACE = 20.0


@dataclass
class Service:
    """One line of `capture status`. Without a child it runs elsewhere, or not at all."""

    name: str
    address: str | None = None
    detail: str | None = None
    child: Child | None = None
    external: bool = False
    restarts: int = 0
    retry_at: float | None = None


@dataclass
class Needs:
    """What has to run on this machine, read from the configuration."""

    prefect: bool
    github: bool
    inngest: bool
    actions: bool = field(default=True)

    @staticmethod
    def of(settings: Settings) -> "Needs":
        """A stand-in is needed exactly where no real account is configured."""
        github = settings.github_token is None and settings.github_app_id is None
        inngest = not settings.inngest_dev and settings.inngest_signing_key is None
        return Needs(
            prefect=settings.prefect_api_url is None,
            github=github,
            inngest=inngest,
            actions=github or settings.capture_actions_repository is not None,
        )


def preferred(port: int) -> int:
    """This port of 127.0.0.1 if it is free, else another one."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return free_port()
    return port


def start_prefect_service(processes: Processes, env: dict[str, str], home: str, port: int) -> Service:
    """Start Prefect's server; from here on `env` points to it."""
    server = start_prefect(processes, Path(home), env, port=port)
    for name in [name for name in env if name.startswith("PREFECT_")]:
        del env[name]
    env |= prefect_settings(Path(home), server.api_url) | {"PREFECT_WORKER_QUERY_SECONDS": "2"}
    return Service("prefect", server.page, "server and page", server.child)


def start_stand_ins(processes: Processes, needs: Needs, env: Mapping[str, str], folder: Path) -> list[Service]:
    """Start the stand-ins that are needed; `settle_stand_ins` waits for them. A port each: it survives a restart."""
    services: list[Service] = []
    if needs.github:
        options = [*SANDBOX_REPOSITORY, "--port", str(free_port())]
        child = start_github_with_actions(processes, options, env, folder)
        services.append(Service("github", child=child))
    if needs.inngest:
        child = processes.start("sandbox-inngest", python("sandbox", "inngest", "--port", str(free_port())), env=env)
        services.append(Service("inngest", child=child))
    return services


def settle_stand_ins(services: list[Service], env: dict[str, str]) -> None:
    """Wait until they say where they are, and let `env` point to them."""
    for service in services:
        assert service.child is not None
        if service.name == "github":
            sandbox = github_of(service.child)
            service.address = sandbox.url
            service.detail = f"stand-in with {sandbox.repository}"
            env |= sandbox.settings() | {"CAPTURE_ACTIONS_REPOSITORY": JOBS_REPOSITORY}
        else:
            ready = service.child.until(service.child.json_lines)[0]
            service.address = ready["url"]
            service.detail = "stand-in"
            env |= {"INNGEST_DEV": ready["url"], "INNGEST_BASE_URL": ready["url"]}


def start_web(processes: Processes, env: Mapping[str, str], port: int) -> Service:
    """Start the web application: API, status page, Inngest's endpoint."""
    child = processes.start("web", python("capture.cli", "serve", "--port", str(port)), env=env, grace=GRACE)
    return Service("web", f"http://127.0.0.1:{port}", "HTTP API and status page", child)


def start_workers(processes: Processes, needs: Needs, env: Mapping[str, str]) -> list[Service]:
    """Start the workers of both pools; the one for GitHub Actions only where workflows can be dispatched."""
    services = [_worker(processes, "worker-here", "capture-here", "process", env)]
    if needs.actions:
        services.append(_worker(processes, "worker-actions", "github-actions", "github-actions", env))
    else:
        services.append(Service("worker-actions", detail="CAPTURE_ACTIONS_REPOSITORY is not set"))
    return services


def _worker(processes: Processes, name: str, pool: str, kind: str, env: Mapping[str, str]) -> Service:
    command = python("prefect", "worker", "start", "--pool", pool, "--type", kind, "--name", name)
    child = processes.start(name, command, env=env, grace=GRACE)
    return Service(name, detail=f"polls the work pool {pool}", child=child)


def wait_for_web(service: Service) -> None:
    """Wait until the web application answers."""
    assert service.child is not None
    service.child.until(lambda: answers(f"{service.address}/healthz"))


def environment(shell: Mapping[str, str], needs: Needs, home: str) -> dict[str, str]:
    """What all services get: the user's own settings, without those of a Prefect server that is not used."""
    env = without_prefect(shell) if needs.prefect else dict(shell)
    return env | {"CAPTURE_HOME": home, "DO_NOT_TRACK": "1"}
