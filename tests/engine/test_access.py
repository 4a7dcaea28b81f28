"""Repositories that move, hide or end, and the credentials that read them."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from capture.core.errors import CredentialError
from capture.store.store import Store
from tests.engine.rig import Rig, rig
from tests.support.sandbox import Sandbox, start_sandbox

pytestmark = pytest.mark.anyio


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """A small repository of the test's own."""
    with start_sandbox(pull_requests=12, seed=2) as started:
        yield started


async def test_a_renamed_repository_is_followed_and_keeps_its_rows(own: Rig) -> None:
    await own.sync()
    before = own.sandbox.truth()
    own.sandbox.mutate({"do": "rename_repository", "to": "octo-moved/renamed"})
    outcome = await own.sync()
    assert (outcome.status, outcome.items) == ("completed", 0)
    assert own.stored() == before
    assert own.sql("select owner || '/' || name, previous_names from repositories") == [
        ("octo-moved/renamed", ["octo-sandbox/progressive"])
    ]


@pytest.mark.parametrize(
    ("access", "recorded", "requests"),
    [("gone", "gone", 2), ("private", "gone", 2), ("blocked", "blocked", 2), ("saml", "forbidden", 1)],
)
async def test_a_repository_that_cannot_be_read_fails_once_with_the_reason(
    own: Rig, access: str, recorded: str, requests: int
) -> None:
    await own.sync()
    stored = own.stored()
    own.sandbox.mutate({"do": "access", "access": access})
    own.sandbox.reset_stats()
    outcome = await own.sync()
    job = await own.job(outcome)
    assert (outcome.status, job.status, job.error_code) == ("failed", "failed", f"repository_{recorded}")
    assert own.sandbox.stats()["requests"] <= requests
    assert own.sql("select access, access_reason is not null from repositories") == [(recorded, True)]
    assert own.stored() == stored  # nothing captured is ever erased
    own.sandbox.mutate({"do": "access", "access": "active"})
    assert (await own.sync()).status == "completed"
    assert own.sql("select access from repositories") == [("active",)]


async def test_a_wrong_token_fails_at_once_and_is_never_shown(
    store: Store, database_url: str, sandbox: Sandbox
) -> None:
    async with rig(store, database_url, sandbox, token="github_pat_wrong") as engine:
        outcome = await engine.sync()
        job = await engine.job(outcome)
    assert (job.status, job.error_code) == ("failed", "bad_credentials")
    assert "github_pat_wrong" not in f"{job.error}{engine.sql('select * from rate_budgets')}"
    assert sandbox.stats()["requests"] == 1


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    """An App's key."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def pem(key: rsa.RSAPrivateKey) -> str:
    """The key as GitHub hands it out."""
    form = serialization.PrivateFormat.TraditionalOpenSSL
    return key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode()


def as_app(sandbox: Sandbox, key: rsa.RSAPrivateKey, **settings: Any) -> dict[str, Any]:
    """Install an App in the sandbox; the engine's access to it."""
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    installed = sandbox.app(app_id="77", public_key=public.decode(), **settings)
    return {"token": None, "app_id": "77", "private_key": pem(key), "installation_id": installed["installation"]}


@pytest.mark.parametrize("stateless", [False, True], ids=["40 characters", "520 characters"])
async def test_an_app_captures_with_tokens_of_either_format(
    store: Store, database_url: str, sandbox: Sandbox, key: rsa.RSAPrivateKey, stateless: bool
) -> None:
    async with rig(store, database_url, sandbox, **as_app(sandbox, key, stateless=stateless)) as engine:
        assert (await engine.sync()).status == "completed"
        assert engine.stored() == sandbox.truth()
        await engine.sync()
        assert len(sandbox.calls(route="access_tokens")) == 1  # one token serves both


async def test_a_token_that_expires_during_the_run_costs_two_requests_and_not_the_job(
    store: Store, database_url: str, sandbox: Sandbox, key: rsa.RSAPrivateKey
) -> None:
    async with rig(store, database_url, sandbox, **as_app(sandbox, key)) as engine:
        await engine.sync(concurrency=1)
        undisturbed = sandbox.stats()["requests"]
        engine.sql("truncate repositories, progressive_capture_jobs cascade")
        sandbox.reset_stats()
        sandbox.faults({"match": {"operation": "Items", "nth": 1}, "action": {"kind": "expire_token"}, "times": 1})
        assert (await engine.sync(concurrency=1)).status == "completed"
        assert engine.stored() == sandbox.truth()
        assert sandbox.stats()["requests"] <= undisturbed - 1 + 2  # the first run minted a token, too


async def test_tokens_are_renewed_before_they_end(
    store: Store, database_url: str, sandbox: Sandbox, key: rsa.RSAPrivateKey
) -> None:
    async with rig(store, database_url, sandbox, **as_app(sandbox, key, lifetime=301)) as engine:
        await engine.sync()  # 301 seconds is less than five minutes and a request away from the end
        assert len(sandbox.calls(route="access_tokens")) >= 1
        statuses = {call["status"] for call in sandbox.calls()}
        assert 401 not in statuses


@pytest.mark.parametrize(
    ("action", "error_code", "calls"),
    [
        (
            {"kind": "status", "status": 422, "body": {"message": "Repository not in the installation"}},
            "bad_credentials",
            1,
        ),
        (
            {"kind": "status", "status": 403, "body": {"message": "This installation has been suspended"}},
            "bad_credentials",
            1,
        ),
        ({"kind": "unavailable"}, None, 2),
    ],
    ids=["422", "suspended", "unavailable for a moment"],
)
async def test_a_token_that_is_not_minted_is_explained_or_asked_for_again(
    store: Store, database_url: str, sandbox: Sandbox, key: rsa.RSAPrivateKey, action: Any, error_code: Any, calls: int
) -> None:
    async with rig(store, database_url, sandbox, **as_app(sandbox, key)) as engine:
        sandbox.faults({"match": {"route": "*access_tokens"}, "action": action, "times": 1})
        job = await engine.job(await engine.sync())
    assert job.error_code == error_code
    assert len(sandbox.calls(route="access_tokens")) == calls
    if error_code:
        assert action["body"]["message"] in (job.error or "")


async def test_a_key_that_github_does_not_know_is_a_mistake_of_configuration(
    store: Store, database_url: str, sandbox: Sandbox, key: rsa.RSAPrivateKey
) -> None:
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    access = {**as_app(sandbox, key), "private_key": pem(other)}
    async with rig(store, database_url, sandbox, **access) as engine:
        with pytest.raises(CredentialError):
            await engine.tools.github.listing("octo-sandbox", "progressive", field="CREATED_AT", after=None)
        assert (await engine.job(await engine.sync())).error_code == "bad_credentials"


async def test_a_key_that_is_no_key_is_said_so_without_showing_it(
    store: Store, database_url: str, sandbox: Sandbox
) -> None:
    access: dict[str, Any] = {"token": None, "app_id": "77", "private_key": "s3cret", "installation_id": 1}
    async with rig(store, database_url, sandbox, **access) as engine:
        with pytest.raises(CredentialError, match="GITHUB_APP_PRIVATE_KEY") as caught:
            await engine.tools.github.listing("octo-sandbox", "progressive", field="CREATED_AT", after=None)
    assert "s3cret" not in str(caught.value)


def test_the_assertion_of_an_app_is_valid_for_nine_minutes(key: rsa.RSAPrivateKey) -> None:
    import random

    import httpx

    from capture.github.auth import App

    now = datetime.now(UTC)

    async def sleep(_: float) -> None:
        return None

    app = App(
        httpx.AsyncClient(), app_id="77", private_key=pem(key).replace("\n", "\\n"), installation_id=1,
        clock=lambda: now, sleep=sleep, random=random.random, on_request=lambda: None,
    )  # fmt: skip
    claims = jwt.decode(app.assertion(), key.public_key(), algorithms=["RS256"])
    assert claims["iss"] == "77"
    assert timedelta(seconds=claims["exp"] - now.timestamp()) < timedelta(minutes=10)
    assert claims["iat"] <= now.timestamp() - 59
