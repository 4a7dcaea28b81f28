"""Asking for a capture over HTTP, and asking what would be decided."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response

from capture.core.errors import InvalidInput
from capture.core.queue_job import from_queue_job, is_queue_job
from capture.core.request import CaptureRequest, parse_request
from capture.usecases.submit import submit
from capture.web.services import Opened, Services, Writing, json_object

router = APIRouter(prefix="/api")
FIELDS = (
    "repository", "owner", "name", "since", "until", "days_back", "numbers", "whole_history", "datasets", "trigger",
    "max_items", "processor", "force", "mode",
)  # fmt: skip


@router.post("/capture", dependencies=[Writing])
async def capture(services: Opened, request: Request) -> Response:
    """Decide, write the jobs, hand them over: 202 for new work, 200 where a job stands for it already.

    Takes the product's own fields (`FIELDS`) or queueJob's (`jobType`, `repositoryName`, `timeRange` …), and `dry_run`.
    """
    body = await json_object(request)
    dry_run = body.pop("dry_run", False) is True
    submission = await submit(
        services.tools, await wanted(services, body), dry_run=dry_run, messengers=services.messengers
    )
    return JSONResponse(submission.as_json(), 202 if submission.outcome == "created" else 200)


@router.post("/decision", dependencies=[Writing])
async def decision(services: Opened, request: Request) -> dict[str, Any]:
    """What would be decided about the same body. It asks GitHub with our credentials, so it needs the token too."""
    body = await json_object(request)
    body.pop("dry_run", None)
    submission = await submit(
        services.tools, await wanted(services, body), dry_run=True, messengers=services.messengers
    )
    return submission.as_json()


async def wanted(services: Services, body: dict[str, Any]) -> CaptureRequest:
    """The request in either spelling. Raises `InvalidInput`."""
    if is_queue_job(body):
        return from_queue_job(body, await repository_name(services, body.get("repositoryId")))
    for field in body:
        if field not in FIELDS:
            raise InvalidInput(field, f"a request has the fields {', '.join(FIELDS)}")
    if "repository" not in body and not {"owner", "name"} <= body.keys():
        raise InvalidInput("repository", "name the repository as owner/name")
    return parse_request(**body)


async def repository_name(services: Services, repository_id: Any) -> str | None:
    """The name that a repository's id in our tables stands for. Raises `InvalidInput` for one that is not there."""
    if repository_id is None:
        return None
    try:
        row = await services.store.get_repository(UUID(str(repository_id)))
    except ValueError:
        raise InvalidInput("repositoryId", f"{repository_id!r} is not the id of a repository") from None
    if row is None:
        raise InvalidInput("repositoryId", f"there is no repository {repository_id}")
    return f"{row['owner']}/{row['name']}"
