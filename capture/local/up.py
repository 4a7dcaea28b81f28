"""`capture up`: everything on this machine, watched, restarted when it falls, and stopped as one."""

import os
import subprocess
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path

from capture.core.errors import Outage
from capture.local import state
from capture.local.prefect_server import answers
from capture.local.process import Processes, python
from capture.local.services import (
    PREFECT_PORT,
    WEB_PORT,
    Needs,
    Service,
    environment,
    preferred,
    settle_stand_ins,
    start_prefect_service,
    start_stand_ins,
    start_web,
    start_workers,
    wait_for_web,
)
from capture.settings import Settings
from capture.wiring import database

Say = Callable[[str], None]
LONGEST_PAUSE = 30.0


class Up:
    """The running services; `start` brings them up, `watch` keeps them up."""

    def __init__(
        self, home: Path, settings: Settings, shell: Mapping[str, str], processes: Processes, say: Say
    ) -> None:
        self.home, self.settings, self.processes, self.say = home, settings, processes, say
        self._shell, self._pid = shell, os.getpid()
        self.needs = Needs.of(settings)
        self.env = environment(shell, self.needs, str(home))
        self.services: list[Service] = []
        self.started_at = state.now()
        self.ready = False

    def start(self, stack: ExitStack, *, web_port: int | None, prefect_port: int | None) -> None:
        """Bring everything up, what takes longest first. `stack` keeps the database in use."""
        self.publish()
        if self.needs.prefect:
            port = prefect_port or preferred(PREFECT_PORT)
            self._add(start_prefect_service(self.processes, self.env, str(self.home), port))
        else:
            self._add(Service("prefect", self.settings.prefect_api_url, "configured", external=True))
        self._add(self._database(stack))
        stand_ins = start_stand_ins(self.processes, self.needs, self.env, self.home)
        self._add(*stand_ins)
        settle_stand_ins(stand_ins, self.env)
        for service in stand_ins:
            self.say(f"{service.name}: {service.detail} at {service.address}")
        self._wait_for_prefect()
        self._register()
        port = web_port or preferred(WEB_PORT)
        self.env["INNGEST_SERVE_ORIGIN"] = self.env.get("INNGEST_SERVE_ORIGIN") or f"http://127.0.0.1:{port}"
        web = start_web(self.processes, self.env, port)
        self._add(web, *start_workers(self.processes, self.needs, self.env))
        wait_for_web(web)
        self.say(f"web: {web.address}")
        self.ready = True
        self.publish()

    def watch(self, stopping: Callable[[], bool]) -> None:
        """Start again what falls, later each time, until `stopping()` is true."""
        while not stopping():
            for service in self.services:
                self._care_for(service)
            time.sleep(0.2)

    def publish(self) -> None:
        """Write the state file for `capture status`."""
        shown = [
            state.ServiceState(
                service.name,
                _word(service),
                service.address,
                service.detail,
                service.child.pid if service.child else None,
                str(service.child.log) if service.child else None,
            )
            for service in self.services
        ]
        kept = {name: self.env[name] for name in _SHARED if name in self.env and name not in self._shell}
        state.write(self.home, state.UpState(self._pid, self.started_at, self.ready, shown, kept))

    def _add(self, *services: Service) -> None:
        self.services += services
        self.publish()

    def _database(self, stack: ExitStack) -> Service:
        if self.settings.database_url is None and self.settings.supabase_url is not None:
            return Service("database", self.settings.supabase_url, "Supabase", external=True)
        dsn = stack.enter_context(database(self.settings, say=self.say))
        self.env["DATABASE_URL"] = dsn
        own = self.settings.database_url is None
        where = dsn.rpartition("@")[2]
        self.say(f"database: {'embedded Postgres' if own else 'configured'} at {where}")
        return Service("database", where, "embedded Postgres" if own else "DATABASE_URL", external=True)

    def _wait_for_prefect(self) -> None:
        url = self.env.get("PREFECT_API_URL", "")
        child = self.services[0].child
        if child is not None:
            child.until(lambda: answers(f"{url}/health"))
        elif not answers(f"{url}/health"):
            raise Outage(f"Prefect's server does not answer at {url}.")
        self.say(f"prefect: {self.services[0].address}")

    def _register(self) -> None:
        done = subprocess.run(python("deployments.register"), env=self.env, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            words = (done.stderr or done.stdout).strip().splitlines() or ["no reason given"]
            raise Outage(f"The deployments cannot be registered: {words[-1]}")
        self.say("deployments: registered")

    def _care_for(self, service: Service) -> None:
        if service.child is None:
            return
        if service.child.poll() is None:
            return
        now = time.monotonic()
        if service.retry_at is None:
            pause = min(2.0**service.restarts, LONGEST_PAUSE)
            service.retry_at = now + pause
            self.say(f"{service.name} ended with {service.child.poll()} and is started again in {pause:.0f} s")
            self.publish()
        elif now >= service.retry_at:
            service.retry_at = None
            service.restarts += 1
            service.child = self.processes.restart(service.child)
            self.publish()


# What we chose ourselves and others need. The user's own settings, secrets among them, are never written down.
_SHARED = (
    "CAPTURE_HOME", "DATABASE_URL", "PREFECT_API_URL", "PREFECT_HOME", "GITHUB_API_URL", "GITHUB_GRAPHQL_URL",
    "GITHUB_TOKEN", "CAPTURE_ACTIONS_REPOSITORY", "INNGEST_DEV", "INNGEST_BASE_URL", "INNGEST_SERVE_ORIGIN",
)  # fmt: skip


def _word(service: Service) -> str:
    if service.external:
        return "in use"
    if service.child is None:
        return "not configured"
    return "restarting" if service.child.poll() is not None else "running"
