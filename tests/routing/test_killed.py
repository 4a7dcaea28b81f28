"""A process that is killed in the middle of a hand-over loses nothing."""

import os
import signal
import subprocess
import sys

import pytest

from capture.usecases.tend import tend_queue
from tests.routing.conftest import Desk

pytestmark = pytest.mark.anyio

VICTIM = """
import asyncio, os, signal, sys
from capture.core.ports import Verdict
from capture.core.request import parse_request
from capture.settings import settings
from capture.usecases.submit import submit
from capture.wiring import open_tools

class Deadly:
    def __init__(self, processor):
        self.processor = processor
    async def probe(self):
        return Verdict(True, "ok")
    async def send(self, job, handover):
        os.kill(os.getpid(), signal.SIGKILL)

async def main():
    async with open_tools(settings()) as tools:
        deadly = {name: Deadly(name) for name in ("inngest", "github_actions")}
        await submit(tools, parse_request(repository=sys.argv[1], whole_history=True), messengers=deadly,
                     listing_seconds=60)

asyncio.run(main())
"""


async def test_jobs_of_a_killed_submitter_are_handed_over_by_the_next_round(desk: Desk) -> None:
    environment = {**os.environ, **desk.github.settings(), "DATABASE_URL": desk.dsn}
    died = subprocess.run([sys.executable, "-c", VICTIM, desk.github.repository], env=environment, check=False)
    assert died.returncode == -signal.SIGKILL
    jobs = [job for job in await desk.store.list_jobs() if not job.is_parent]
    by_status = {job.status: job for job in jobs}
    assert set(by_status) == {"dispatched", "pending"}  # one counted and never sent, one not even begun
    for job in jobs:
        desk.age(job)
    tended = await tend_queue(desk.store, desk.messengers)
    assert set(tended.handed) == {str(job.id) for job in jobs}
    assert desk.inngest.sent == [f"{by_status['dispatched'].id}:2"]
    assert desk.actions.sent == [f"{by_status['pending'].id}:1"]
