"""Whether the application lives (/healthz), and figures for Prometheus (/metrics)."""

from datetime import datetime
from typing import Any

from fastapi import APIRouter
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, generate_latest
from starlette.responses import Response

from capture.core.health import is_up
from capture.web.services import Opened

router = APIRouter()
STATES = ("pending", "processing", "completed", "failed", "cancelled", "deferred", "dispatched")


@router.get("/healthz")
async def healthz(services: Opened) -> dict[str, Any]:
    """The process answers and its loop is not blocked; it asks nobody else, so that an outage elsewhere is not ours."""
    registration = services.registration
    return {"status": "ok", "inngest_registered": registration.confirmed if registration else None}


@router.get("/metrics")
async def metrics(services: Opened) -> Response:
    """The queue, the processors and open alerts, read from the database at the time of the scrape."""
    registry = CollectorRegistry()
    figures = await services.store.queue_stats()
    now = datetime.fromisoformat(figures["now"])
    _queue(registry, figures, now)
    health, now = await services.store.get_health()
    up = Gauge("capture_processor_up", "1 while work handed over would be taken.", ["processor"], registry=registry)
    beat = Gauge("capture_processor_heartbeat_age_seconds", "Since the last beat.", ["processor"], registry=registry)
    for name, state in health.items():
        up.labels(name).set(is_up(state, now))
        if state.heartbeat_at is not None:
            beat.labels(name).set((now - state.heartbeat_at).total_seconds())
    alerts = Gauge("capture_alerts_open", "Alerts that nobody has resolved.", ["severity"], registry=registry)
    for severity in ("critical", "warning", "info"):
        alerts.labels(severity).set(0)
    for alert in await services.store.list_alerts():
        alerts.labels(alert["severity"]).inc()
    if services.registration is not None:
        registered = Gauge("capture_inngest_registered", "1 once Inngest confirmed our functions.", registry=registry)
        registered.set(services.registration.confirmed)
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)


def _queue(registry: CollectorRegistry, figures: dict[str, Any], now: datetime) -> None:
    jobs = Gauge("capture_jobs", "Jobs by state; ended ones of 24 hours.", ["processor", "status"], registry=registry)
    ratio = Gauge("capture_job_success_ratio", "Completed of completed and failed.", ["processor"], registry=registry)
    oldest = Gauge("capture_oldest_pending_seconds", "Age of the oldest.", ["processor"], registry=registry)
    first = Gauge("capture_first_row_p95_seconds", "Manual request to first row.", ["processor"], registry=registry)
    for name in ("inngest", "github_actions"):
        part = figures[name]
        for state in STATES:
            jobs.labels(name, state).set(part[state])
        if part["success_rate"] is not None:
            ratio.labels(name).set(float(part["success_rate"]))
        age = (
            (now - datetime.fromisoformat(part["oldest_pending_at"])).total_seconds()
            if part["oldest_pending_at"]
            else 0
        )
        oldest.labels(name).set(age)
        if part["p95_first_row_seconds"] is not None:
            first.labels(name).set(float(part["p95_first_row_seconds"]))
    deferred = Gauge("capture_jobs_deferred", "Deferred jobs by reason.", ["reason"], registry=registry)
    for reason, count in figures["deferred_reasons"].items():
        deferred.labels(reason).set(count)
