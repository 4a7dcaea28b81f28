"""The web application: HTTP API, Inngest's endpoint, status page, reports. One loop, no script, no cookie."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import fastapi
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.staticfiles import StaticFiles

from capture.core.errors import CaptureError
from capture.core.ports import Clock, Sleep
from capture.web import jobs, observe, page, requests, rollout
from capture.web.registration import Registration
from capture.web.services import Services, as_response, safe_headers
from capture.web.signatures import FreshSignatures


def create_app(services: Services, *, origin: str, hosts: list[str], clock: Clock, sleep: Sleep) -> fastapi.FastAPI:
    """Build the application over services that are open.

    `origin` is where Inngest reaches it; `hosts` are the names under which it may be addressed (`*` for any), so that
    a foreign page cannot read it through a name of its own that leads to this machine.
    """
    from capture.processors.inngest import build_client, is_configured, is_dev

    settings = services.settings
    client = build_client(settings) if is_configured(settings) else None

    @asynccontextmanager
    async def lifespan(app: fastapi.FastAPI) -> AsyncGenerator[None, None]:
        keeping = None
        if client is not None:
            key = None if is_dev(settings) else client.signing_key
            services.registration = Registration(app, origin, key, clock, sleep)
            keeping = asyncio.create_task(services.registration.keep())
        yield
        if keeping is not None:
            keeping.cancel()

    app = fastapi.FastAPI(title="Hybrid progressive capture", lifespan=lifespan, docs_url=None, redoc_url=None)
    app.state.services = services
    for part in (requests, jobs, rollout, observe, page):
        app.include_router(part.router)
    app.add_exception_handler(CaptureError, as_response)
    app.mount("/static", StaticFiles(directory=Path(__file__).parent / "static"))
    reports = settings.capture_home.expanduser() / "reports"
    reports.mkdir(parents=True, exist_ok=True)
    app.mount("/quality", StaticFiles(directory=reports, html=True))
    if client is not None:
        from capture.web.functions import mount

        mount(app, client, origin, services)
        if not is_dev(settings):
            app.add_middleware(FreshSignatures, clock=clock)
    app.middleware("http")(safe_headers)
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=hosts, www_redirect=False)
    return app
