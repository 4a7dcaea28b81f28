"""The only place that knows concrete adapters: it reads the settings and puts the parts together."""

import asyncio
import os
import socket
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from capture.core.errors import ConfigurationError
from capture.settings import Settings

if TYPE_CHECKING:
    from capture.core.models import Processor
    from capture.core.ports import Messenger
    from capture.core.source import Source
    from capture.github.connect import Access
    from capture.processors.github_actions import ActionsClient
    from capture.store.store import Store
    from capture.usecases.tools import Tools
    from capture.usecases.watch import Notify

Say = Callable[[str], None]


def _silent(_: str) -> None:
    """Nobody listens."""


@contextmanager
def database(settings: Settings, *, migrated: bool = True, say: Say = _silent) -> Generator[str, None, None]:
    """The DSN of the database, for those who need SQL: `DATABASE_URL`, else the embedded Postgres, started if need be.

    The embedded one is brought up to this code; another one is only compared with it, and refused when they differ,
    unless `migrated` is false. Raises `ConfigurationError` where only Supabase's HTTP interface is configured.
    """
    from capture.store.migrate import migrate, require_current

    if settings.database_url is not None:
        dsn = settings.database_url.get_secret_value()
        if migrated:
            require_current(dsn)
        yield dsn
    elif settings.supabase_url is not None:
        raise ConfigurationError(
            "This needs SQL, which SUPABASE_URL alone does not give: set DATABASE_URL to the project's session pooler."
        )
    else:
        from capture.store.embedded import embedded_postgres

        with embedded_postgres(settings.capture_home, say=say) as dsn:
            if migrated:
                migrate(dsn)
            yield dsn


@asynccontextmanager
async def open_store(settings: Settings, *, say: Say = _silent) -> "AsyncGenerator[Store, None]":
    """The store: over `DATABASE_URL` where it is set, else over `SUPABASE_URL`, else on the embedded Postgres."""
    from capture.store.store import Store

    if settings.database_url is None and settings.supabase_url is not None:
        from capture.store.supabase_transport import open_supabase

        if settings.supabase_secret_key is None:
            raise ConfigurationError("SUPABASE_URL is set, and SUPABASE_SECRET_KEY is missing.")
        async with open_supabase(settings.supabase_url, settings.supabase_secret_key.get_secret_value()) as transport:
            yield Store(transport)
        return
    from capture.store.postgres_transport import open_postgres

    with database(settings, say=say) as dsn:
        async with open_postgres(dsn) as transport:
            yield Store(transport)


@asynccontextmanager
async def open_actions(
    settings: Settings, *, repository: str | None = None, ref: str | None = None
) -> "AsyncGenerator[ActionsClient, None]":
    """GitHub Actions of the repository that holds the workflows (`CAPTURE_ACTIONS_REPOSITORY` unless named).

    Raises `ConfigurationError` where no repository is configured.
    """
    from capture.github.connect import connections, credential_of
    from capture.processors.github_actions import ActionsClient

    holder = repository or settings.capture_actions_repository
    if not holder:
        raise ConfigurationError("CAPTURE_ACTIONS_REPOSITORY is not set: which repository holds the workflows?")

    access = github_access(settings)
    if settings.capture_actions_token is not None:
        own = settings.capture_actions_token.get_secret_value()
        access = replace(access, token=own, app_id=None, private_key=None, installation_id=None)
    async with connections(access) as http:
        credential = credential_of(access, http, clock=now, sleep=asyncio.sleep)
        branch = ref or settings.capture_actions_ref
        yield ActionsClient(http, holder, ref=branch, token=credential.token, clock=now, sleep=asyncio.sleep)


@asynccontextmanager
async def open_notifier(settings: Settings) -> "AsyncGenerator[Notify | None]":
    """Who is told about alerts: the webhook of `CAPTURE_WEBHOOK_URL`, or nobody."""
    import httpx

    from capture.processors.webhook import webhook

    if settings.capture_webhook_url is None:
        yield None
        return
    async with httpx.AsyncClient() as http:
        yield webhook(http, settings.capture_webhook_url.get_secret_value())


@asynccontextmanager
async def open_messengers(
    settings: Settings, *, app_origin: str | None = None
) -> "AsyncGenerator[dict[Processor, Messenger]]":
    """The processors that are configured here: Inngest, and GitHub Actions by Prefect's pool or, without one, directly.

    `app_origin` is the web application's address as this process reaches it; default: INNGEST_SERVE_ORIGIN.
    """
    from contextlib import AsyncExitStack
    from datetime import UTC, datetime

    import httpx

    from capture.processors.inngest import InngestMessenger, build_client, is_configured

    messengers: dict[Processor, Messenger] = {}
    origin = app_origin or settings.inngest_serve_origin
    async with AsyncExitStack() as stack:
        if is_configured(settings):
            http = await stack.enter_async_context(httpx.AsyncClient(timeout=10.0))
            messengers["inngest"] = InngestMessenger(
                client=build_client(settings),
                app_health=f"{origin.rstrip('/')}/healthz" if origin else None,
                http=http,
                clock=lambda: datetime.now(UTC),
            )
        if settings.prefect_api_url is not None:
            from capture.processors.prefect_pool import PrefectMessenger

            messengers["github_actions"] = PrefectMessenger()
        elif settings.capture_actions_repository is not None:
            from capture.processors.github_actions import DirectMessenger

            messengers["github_actions"] = DirectMessenger(await stack.enter_async_context(open_actions(settings)))
        yield messengers


@asynccontextmanager
async def open_tools(
    settings: Settings, *, bulk: bool = True, github_timeout: float | None = None, say: Say = _silent
) -> "AsyncGenerator[Tools, None]":
    """Everything that capturing needs: the store, GitHub with the configured credential, time and chance.

    `bulk` work leaves the last fifth of GitHub's budget to recent work. `github_timeout` is in seconds a request.

    Refuses to begin on a database whose schema is not the expected one, or that loses what is written to it.
    """
    from capture.github.connect import TIMEOUT_SECONDS, open_github
    from capture.usecases.tools import Tools

    timeout = github_timeout or TIMEOUT_SECONDS
    async with (
        open_store(settings, say=say) as store,
        open_github(
            github_access(settings), store, bulk=bulk, clock=now, sleep=asyncio.sleep, timeout=timeout
        ) as github,
    ):
        await store.check_database(f"{socket.gethostname()}:{os.getpid()}")
        yield Tools(
            store,
            github,
            clock=now,
            sleep=asyncio.sleep,
            code_version=settings.capture_code_version,
            thresholds=settings.thresholds,
        )


@asynccontextmanager
async def open_source(settings: Settings) -> "AsyncGenerator[Source, None]":
    """GitHub alone, without a database: for look-ups, which keep no account of what they cost."""
    from capture.core.budget import Unlimited
    from capture.github.connect import open_github

    async with open_github(github_access(settings), Unlimited(), bulk=False, clock=now, sleep=asyncio.sleep) as github:
        yield github


def github_access(settings: Settings) -> "Access":
    """Where GitHub is and who asks, as configured."""
    from capture.github.connect import Access

    key = settings.github_app_private_key
    return Access(
        api_url=settings.github_api_url,
        graphql_url=settings.graphql_url,
        token=settings.github_token.get_secret_value() if settings.github_token else None,
        app_id=settings.github_app_id,
        private_key=key.get_secret_value() if key else None,
        installation_id=settings.github_app_installation_id,
    )


async def probe_github(settings: Settings) -> str:
    """Who GitHub takes this credential for, as a phrase. Raises `CredentialError` or `Outage`."""
    import httpx

    from capture.core.errors import CredentialError, Outage
    from capture.github.connect import connections, credential_of

    access = github_access(settings)
    async with connections(access, timeout=10.0) as http:
        token = await credential_of(access, http, clock=now, sleep=asyncio.sleep).token()
        try:
            answer = await http.get("/rate_limit", headers={"authorization": f"Bearer {token}"} if token else {})
        except httpx.TransportError as error:
            raise Outage(f"GitHub does not answer at {access.api_url} ({type(error).__name__}).") from error
    if answer.status_code == 401:
        raise CredentialError("GitHub refuses the credential; check GITHUB_TOKEN or the App's three values.")
    if answer.status_code != 200:
        raise Outage(f"GitHub answers {answer.status_code} at {access.api_url}.")
    budget = answer.json()["resources"].get("graphql", {})
    kind = "an App" if access.app_id else "a token" if token else "nobody: set GITHUB_TOKEN, GraphQL needs one"
    return f"as {kind}, {budget.get('remaining', 'unknown')} of {budget.get('limit', 'unknown')} GraphQL points left"


def now() -> datetime:
    """The clock of a process."""
    return datetime.now(UTC)
