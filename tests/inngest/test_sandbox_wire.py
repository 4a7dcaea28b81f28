"""The Inngest sandbox, held against the real SDK over HTTP."""

import asyncio
from collections.abc import Iterator

import httpx
import inngest
import pytest

from tests.inngest.served import Served, serve
from tests.inngest.server import InngestServer, start_inngest, wait_for


@pytest.fixture(scope="module")
def server() -> Iterator[InngestServer]:
    """As in production; the tests of jobs use the unsigned mode."""
    with start_inngest("--retry-seconds", "0.02", "--signed") as started:
        yield started


@pytest.fixture(scope="module")
def served(server: InngestServer) -> Iterator[Served]:
    with serve(server) as application:
        yield application


def send(served: Served, name: str, data: dict[str, str] | None = None, event_id: str = "") -> str:
    [internal] = served.client.send_sync(inngest.Event(name=name, data=data or {}, id=event_id))
    return internal


def test_steps_are_memoised_and_results_cross_as_json(server: InngestServer, served: Served) -> None:
    before = served.calls["first"]
    [run] = server.finished(send(served, "t/ok"))
    assert (run["status"], run["output"]) == ("Completed", [1, [2, 3]])
    assert served.calls["first"] == before + 1


def test_a_failing_step_is_tried_again_with_a_higher_attempt(server: InngestServer, served: Served) -> None:
    served.attempts.clear()
    [run] = server.finished(send(served, "t/flaky"))
    assert run["status"] == "Completed"
    assert served.attempts == [0, 1, 2]


def test_a_run_whose_step_never_works_fails_and_its_failure_function_is_told(
    server: InngestServer, served: Served
) -> None:
    [run] = server.finished(send(served, "t/hopeless", {"job_id": "7"}))
    assert (run["status"], served.calls["hopeless"]) == ("Failed", 2)
    wait_for("the failure function", lambda: served.failures)
    assert served.failures[0]["run_id"] == run["run_id"]
    assert served.failures[0]["event"]["data"] == {"job_id": "7"}  # pyright: ignore[reportIndexIssue]


def test_an_error_marked_as_final_is_not_tried_again(server: InngestServer, served: Served) -> None:
    [run] = server.finished(send(served, "t/permanent"))
    assert run["status"] == "Failed"
    assert served.calls["permanent"] == 1


@pytest.mark.parametrize("name", ["nan", "moment", "huge"])
def test_a_result_that_is_no_json_or_too_large_fails_the_run(server: InngestServer, served: Served, name: str) -> None:
    [run] = server.finished(send(served, f"t/{name}"))
    assert run["status"] == "Failed"


def test_the_same_event_id_runs_once(server: InngestServer, served: Served) -> None:
    before = len(server.runs("double-ok"))
    ids = [send(served, "t/ok", event_id="same") for _ in range(5)]
    assert len(set(ids)) == 5
    server.finished(ids[0])
    assert len(server.runs("double-ok")) == before + 1


def test_steps_of_one_repository_never_run_side_by_side(server: InngestServer, served: Served) -> None:
    for event_id in [send(served, "t/alone", {"repository": "a/b"}) for _ in range(4)]:
        server.finished(event_id)
    assert served.most_busy == 1


def test_a_cancel_event_ends_the_run_after_the_step_in_flight(server: InngestServer, served: Served) -> None:
    event_id = send(served, "t/stoppable", {"job_id": "1"})
    wait_for("the first step", lambda: served.calls["stoppable"])
    send(served, "t/stop", {"job_id": "another"})
    send(served, "t/stop", {"job_id": "1"})
    assert server.finished(event_id)[0]["status"] == "Cancelled"
    assert served.calls["stoppable"] < 200


def test_runs_of_an_event_are_cached_and_errors_come_under_http_200(server: InngestServer, served: Served) -> None:
    server.faults(step_delay=0.3)
    event_id = send(served, "t/ok")
    server.faults()
    headers = {"authorization": f"Bearer {server.signing_key}"} if server.signing_key else {}
    url = f"{server.url}/v1/events/{event_id}/runs"
    assert httpx.get(url, headers=headers).json()["data"][0]["ended_at"] is None
    asked = iter(range(10_000))
    wait_for("the end", lambda: httpx.get(f"{url}?_={next(asked)}", headers=headers).json()["data"][0]["ended_at"])
    assert httpx.get(url, headers=headers).json()["data"][0]["ended_at"] is None
    wrong = httpx.get(f"{server.url}/v1/events/nonsense/runs", headers=headers)
    assert (wrong.status_code, wrong.json()["status"]) == (200, 400)


def test_a_lost_result_repeats_the_step_with_the_same_attempt(server: InngestServer, served: Served) -> None:
    before = served.calls["first"]
    server.faults(repeat_steps=1)
    server.finished(send(served, "t/ok"))
    assert served.calls["first"] == before + 2


def test_five_deliveries_are_five_runs_and_a_dropped_event_is_none(server: InngestServer, served: Served) -> None:
    before = len(server.runs("double-ok"))
    server.faults(deliver_times=5)
    event_id = send(served, "t/ok")
    server.faults(drop_events=1)
    assert send(served, "t/ok")
    server.faults()
    server.finished(event_id, 5)
    assert len(server.runs("double-ok")) == before + 5


def test_a_registration_with_three_limits_is_refused_in_the_body_alone(server: InngestServer) -> None:
    body = {
        "appname": "other",
        "url": "http://127.0.0.1:9/api/inngest",
        "functions": [{"id": "x", "triggers": [{"event": "e"}], "concurrency": [{"limit": 1}] * 3}],
    }
    headers = {"authorization": f"Bearer {server.signing_key}"} if server.signing_key else {}
    answer = httpx.post(f"{server.url}/fn/register", json=body, headers=headers).json()
    assert answer["status"] == 400
    assert "ok" not in answer


def test_production_refuses_unknown_keys() -> None:
    with start_inngest("--signed") as server:
        assert httpx.post(f"{server.url}/e/wrong", json={"name": "a", "data": {}}).status_code == 401
        assert httpx.get(f"{server.url}/v1/apps/double/functions").status_code == 401
        stranger = inngest.Inngest(
            app_id="x", event_api_base_url=server.url, event_key="wrong", signing_key=server.signing_key
        )
        with pytest.raises(Exception, match="Event key not found"):
            asyncio.run(stranger.send(inngest.Event(name="a", data={})))
