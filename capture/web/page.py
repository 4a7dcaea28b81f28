"""The status page: both processors, what is running, how far it is, when it will be done, and where its log is."""

from collections import defaultdict
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from fastapi import APIRouter
from jinja2 import Environment, FileSystemLoader
from starlette.responses import HTMLResponse, Response

from capture.core.decision import LABELS, PROCESSOR_NAMES
from capture.core.health import Health, is_up
from capture.core.models import Job, Processor
from capture.web.services import Opened, Services
from capture.web.views import job_view, rates_from
from capture.web.words import ago, ahead, compact, percent

router = APIRouter()
HERE = Path(__file__).parent
SHOWN_JOBS = 60
REFRESH_SECONDS = 5

_templates = Environment(loader=FileSystemLoader(HERE / "templates"), autoescape=True, trim_blocks=True)
_filters: dict[str, Any] = {"ago": ago, "ahead": ahead, "compact": compact, "percent": percent}
_templates.filters |= _filters  # pyright: ignore[reportUnknownMemberType]


@router.get("/", response_class=HTMLResponse)
async def status_page(services: Opened) -> Response:
    """The page, made from one reading of the database; it reloads itself and needs no script."""
    values = await collect(services)
    return HTMLResponse(_templates.get_template("status.html").render(values))


async def collect(services: Services) -> dict[str, Any]:
    """Everything the page shows."""
    figures = await services.store.queue_stats()
    health, now = await services.store.get_health()
    rows, _ = await services.store.capture_rates()
    rates = rates_from(rows)
    jobs = await services.store.list_jobs(limit=SHOWN_JOBS)
    alerts = await services.store.list_alerts(limit=10)
    rollout = await services.store.get_rollout()
    shown = [job_view(job, rates, now) for job in jobs]
    processors: tuple[Processor, ...] = ("inngest", "github_actions")
    return {
        "now": now,
        "refresh": REFRESH_SECONDS,
        "processors": [
            card(name, figures[name], health.get(name), now) | {"configured": name in services.messengers}
            for name in processors
        ],
        "groups": grouped(jobs, shown),
        "alerts": alerts,
        "rollout": rollout,
        "has_reports": (services.settings.capture_home.expanduser() / "reports" / "index.html").exists(),
    }


def card(name: Processor, figures: dict[str, Any], health: Health | None, now: datetime) -> dict[str, Any]:
    """One processor: its label, its health in a word and a sentence, its figures."""
    if health is None or (health.status == "unknown" and health.heartbeat_at is None and health.last_claim_at is None):
        state, detail = "unknown", "not asked yet"
    elif is_up(health, now):
        last = max(
            (time for time in (health.heartbeat_at, health.last_claim_at, health.probed_at) if time), default=None
        )
        state, detail = "up", f"last sign of life {ago(last, now)}" if last else "answers"
    else:
        state, detail = "down", health.detail or health.verdict or "no sign of life"
    return {
        "key": name,
        "name": PROCESSOR_NAMES[name],
        "label": LABELS[name],
        "state": state,
        "detail": detail,
        **figures,
    }


def grouped(jobs: list[Job], views: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Jobs with their slices below them, newest request first; a slice whose parent is not shown stands alone."""
    by_id = {job.id: view for job, view in zip(jobs, views, strict=True)}
    children: dict[UUID, list[dict[str, Any]]] = defaultdict(list)
    for job in jobs:
        if job.parent_id in by_id and job.parent_id is not None:
            children[job.parent_id].append(by_id[job.id])
    tops = [job for job in jobs if job.parent_id not in by_id]
    return [by_id[job.id] | {"parts": list(reversed(children[job.id]))} for job in tops]
