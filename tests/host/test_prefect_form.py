"""A request from Prefect's own page, in a real browser: form, run, decision, progress, link to the workflow run."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from capture.local import state
from tests.support.browser import Page, browser
from tests.support.waiting import eventually, processes_of

pytestmark = [pytest.mark.browser, pytest.mark.timeout(900)]
PATIENCE = 300.0
ARTIFACTS = "[...document.querySelectorAll('*')].filter(e => e.innerText && e.innerText.trim() === 'Artifacts').pop()"
"""The tab of a run's page, as a script that finds it by what it says."""


@pytest.fixture
def up(tmp_path: Path) -> Iterator[state.UpState]:
    """Everything on this machine, started by the one command."""
    home = tmp_path / "home"
    with (tmp_path / "up.log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "capture.cli", "up"],
            stdout=log,
            stderr=log,
            env={**os.environ, "CAPTURE_HOME": str(home)},
        )
        try:
            found = eventually(lambda: ready(home, process), patience=PATIENCE, what="capture up")
            yield found
        finally:
            process.terminate()
            process.wait(120)
            eventually(lambda: not processes_of(home), what="the end of all processes")


def ready(home: Path, process: "subprocess.Popen[bytes]") -> state.UpState | None:
    """The state of an `up` that is complete."""
    assert process.poll() is None, (home.parent / "up.log").read_text()
    found = state.read(home)
    return found if found is not None and found.ready else None


def address(up: state.UpState, name: str) -> str:
    """Where a service is."""
    return str(next(service.address for service in up.services if service.name == name))


def submit(page: Page) -> str:
    """Press the form's button until the page says which run it made; gives the run's address."""

    button = "document.querySelector('button[type=submit]')"
    here = "location.href.includes('/flow-run/') ? location.href : null"
    link = "[...document.querySelectorAll('a')].map(a => a.href).find(h => h.includes('/flow-run/'))"

    def made() -> str | None:
        if page.run(f"!!{button}"):
            page.press(button)
        try:
            return eventually(lambda: page.run(here) or page.run(link), patience=30.0)
        except AssertionError:
            return None  # a busy server refuses now and then, which the page says as "something went wrong"

    return eventually(made, patience=PATIENCE, what="the run")


def show_artifacts(page: Page, *words: str) -> None:
    """Open the run's artifacts, again where the page moved away under the mouse, until they read so."""

    def shown() -> bool:
        page.press(ARTIFACTS)
        try:
            page.see(*words, patience=10.0)
        except AssertionError:
            return False
        return True

    eventually(shown, patience=PATIENCE, what=f"artifacts that read {words}")


def test_a_request_from_the_form_runs_and_shows_its_decision_and_its_jobs(up: state.UpState, tmp_path: Path) -> None:
    prefect = address(up, "prefect")
    pictures = Path(os.environ.get("CAPTURE_TEST_PICTURES", str(tmp_path / "pictures")))
    deployment = httpx.get(f"{prefect}/api/deployments/name/route-capture/route-capture", timeout=60).json()["id"]
    with browser() as page:
        page.open(f"{prefect}/deployments/deployment/{deployment}/run")
        page.see("Repository", "As GitHub writes it", "Days back")
        page.focus("document.querySelector('textarea')")
        page.type("octo-demo/progressive")
        page.picture(pictures / "1-form.png")
        run = submit(page)
        page.open(run)
        page.see("Completed", patience=PATIENCE)
        page.picture(pictures / "2-run.png")
        show_artifacts(page, "decision")
        page.picture(pictures / "3-artifacts.png")

        bulk = eventually(lambda: finished_bulk_run(prefect), patience=PATIENCE, what="the bulk job's run")
        page.open(f"{prefect}/runs/flow-run/{bulk}")
        page.see("Completed", patience=PATIENCE)
        show_artifacts(page, "log", "MARKDOWN")
        page.picture(pictures / "4-bulk-artifacts.png")
        page.open(f"{prefect}/artifacts/artifact/{log_artifact(prefect, bulk)}")
        link = "[...document.querySelectorAll('a')].some(a => a.href.includes('/actions/runs/'))"
        eventually(lambda: page.run(link), patience=PATIENCE, what="the link to the workflow run")
        page.picture(pictures / "5-link.png")

        page.open(address(up, "web"))
        page.see("octo-demo/progressive")
        page.picture(pictures / "6-status-page.png")


def log_artifact(prefect: str, run: str) -> str:
    """The artifact of a run that links to the workflow run's log."""
    question = {"artifacts": {"flow_run_id": {"any_": [run]}, "key": {"any_": ["log"]}}}
    return httpx.post(f"{prefect}/api/artifacts/filter", json=question, timeout=60).json()[0]["id"]


def finished_bulk_run(prefect: str) -> str | None:
    """The flow run of the `github-actions` pool that has completed."""
    question = {
        "work_pools": {"name": {"any_": ["github-actions"]}},
        "flow_runs": {"state": {"type": {"any_": ["COMPLETED"]}}},
    }
    found = httpx.post(f"{prefect}/api/flow_runs/filter", json=question, timeout=60).json()
    return found[0]["id"] if found else None
