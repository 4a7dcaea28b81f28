"""What the application refuses: old signatures, foreign names, missing tokens; and what it never loads."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import httpx
import jcs
import pytest

from capture.web.signatures import HEADER, sign_empty
from sandbox.inngest_wire import signature
from tests.inngest.rig import COMMAND, Application, Rig

CALL = "/api/inngest?fnId=capture-heartbeat&stepId=step"


def signed(rig: Rig, body: bytes, at: float) -> dict[str, str]:
    assert rig.inngest.signing_key is not None
    return {HEADER: signature(body, rig.inngest.signing_key, int(at)), "content-type": "application/json"}


def call_body() -> bytes:
    ctx = {"attempt": 0, "disable_immediate_execution": False, "run_id": "r", "stack": {"current": 0, "stack": []}}
    event = {"id": "e", "name": "inngest/scheduled.timer", "data": {}, "ts": 0}
    body = {"ctx": ctx, "event": event, "events": [event], "steps": {}, "use_api": False}
    return json.dumps(body).encode()


def test_a_call_is_taken_with_a_fresh_signature_and_refused_with_an_old_forged_or_missing_one(rig: Rig) -> None:
    body, now, url = call_body(), time.time(), f"{rig.app.url}{CALL}"
    fresh = signed(rig, body, now)
    assert httpx.post(url, content=body, headers=fresh).status_code == 206
    assert httpx.post(url, content=body, headers=signed(rig, body, now - 301)).status_code == 401
    assert httpx.post(url, content=body, headers=signed(rig, body, now + 400)).status_code == 401
    assert httpx.post(url, content=body.replace(b'"r"', b'"s"'), headers=fresh).status_code == 401
    assert httpx.post(url, content=body).status_code == 401
    renewed = {**fresh, HEADER: fresh[HEADER].replace(f"t={int(now)}", f"t={int(now) - 1}")}
    assert httpx.post(url, content=body, headers=renewed).status_code == 401


def test_only_who_has_the_key_makes_the_application_register(rig: Rig) -> None:
    assert rig.inngest.signing_key is not None
    url = f"{rig.app.url}/api/inngest"
    assert httpx.put(url).status_code == 401
    assert httpx.get(url).status_code == 401
    answer = httpx.put(url, headers={HEADER: sign_empty(rig.inngest.signing_key, time.time())})
    assert answer.json()["ok"] is True


def test_our_signature_of_nothing_is_the_one_that_inngest_makes() -> None:
    key = "signkey-test-0123abcd"
    assert sign_empty(key, 1700000000.9) == signature(b"", key, 1700000000)
    assert jcs.canonicalize({"b": 1, "a": 2}) == b'{"a":2,"b":1}'


def test_a_name_that_leads_here_from_elsewhere_is_refused(rig: Rig) -> None:
    assert httpx.get(f"{rig.app.url}/api/jobs", headers={"host": "evil.example"}).status_code == 400
    port = rig.app.url.rpartition(":")[2]
    assert httpx.get(f"{rig.app.url}/api/jobs", headers={"host": f"localhost:{port}"}).status_code == 200


@pytest.mark.slow
def test_without_a_configured_token_nobody_writes_and_the_rest_works(rig: Rig) -> None:
    alone = Application(
        {"DATABASE_URL": rig.dsn, "CAPTURE_HOME": rig.environment["CAPTURE_HOME"], **rig.github.settings()}
    )
    try:
        refused = alone.post("/api/capture", {"repository": "octo/hello", "numbers": [1]}, token="anything")
        assert refused.status_code == 403
        assert "CAPTURE_API_TOKEN" in refused.text
        assert alone.get("/healthz") == {"status": "ok", "inngest_registered": None}
        assert httpx.get(f"{alone.url}/").status_code == 200
        assert httpx.put(f"{alone.url}/api/inngest").status_code == 404
    finally:
        assert alone.stop() == 0


@pytest.mark.slow
def test_beyond_this_machine_it_listens_only_with_a_token(tmp_path: Path) -> None:
    done = subprocess.run(
        [COMMAND, "serve", "--host", "0.0.0.0", "--port", "0"],
        env={**os.environ, "CAPTURE_HOME": str(tmp_path)}, capture_output=True, text=True,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (2, "")
    assert "CAPTURE_API_TOKEN" in done.stderr
    assert done.stderr.count("\n") == 1


def test_starting_loads_nothing_heavy() -> None:
    code = (
        "import sys, capture.web.server, capture.web.functions, capture.processors.prefect_pool; "
        "print([name for name in ('great_expectations', 'pandas', 'prefect', 'expectations') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stderr
