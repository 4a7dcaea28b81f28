"""The rollout over HTTP: read it, change it, see what was changed."""

from typing import Any, cast

from fastapi import APIRouter, Request

from capture.core.errors import InvalidInput
from capture.core.rollout import Rollout
from capture.usecases.rollout import change_rollout
from capture.web.services import Opened, Writing, json_object

router = APIRouter(prefix="/api/rollout")
KINDS: dict[str, tuple[str, type | tuple[type, ...]]] = {
    "action": ("a word", str),
    "repositories": ("a list of owner/name", list),
    "percentage": ("a number", (int, float)),
    "strategy": ("a word", str),
    "auto_rollback": ("true or false", bool),
    "max_error_rate": ("a number", (int, float)),
    "min_jobs": ("a whole number", int),
    "reason": ("a sentence", str),
    "actor": ("a name", str),
}


def rollout_view(rollout: Rollout) -> dict[str, Any]:
    """The configuration as JSON."""
    return {
        "percentage": rollout.percentage,
        "strategy": rollout.strategy,
        "included": sorted(rollout.included),
        "excluded": sorted(rollout.excluded),
        "stopped_at": rollout.stopped_at.isoformat() if rollout.stopped_at else None,
        "stop_reason": rollout.stop_reason,
        "auto_rollback": rollout.auto_rollback,
        "max_error_rate": rollout.max_error_rate,
        "min_jobs": rollout.min_jobs,
        "version": rollout.version,
    }


@router.get("")
async def read(services: Opened) -> dict[str, Any]:
    """The configuration that decisions are made from, and its latest changes."""
    history = await services.store.list_rollout_history(limit=20)
    return {"rollout": rollout_view(await services.store.get_rollout()), "history": history}


@router.post("", dependencies=[Writing])
async def change(services: Opened, request: Request) -> dict[str, Any]:
    """Do one of set, include, exclude, remove, stop, resume; `freed` are the jobs that go on because of it."""
    values: dict[str, Any] = {"actor": "http", **checked(await json_object(request))}
    changed, rollout, freed = await change_rollout(
        services.store,
        values.pop("action", ""),
        source=services.tools.github,
        messengers=services.messengers,
        **values,
    )
    return {"changed": changed, "rollout": rollout_view(rollout), "freed": [str(job_id) for job_id in freed]}


def checked(body: dict[str, Any]) -> dict[str, Any]:
    """The body with every value of its kind. Raises `InvalidInput`."""
    for name, value in body.items():
        if name not in KINDS:
            raise InvalidInput(name, f"a change has the fields {', '.join(KINDS)}")
        words, kind = KINDS[name]
        truth = isinstance(value, bool)
        if not isinstance(value, kind) or (truth and kind is not bool):
            raise InvalidInput(name, f"{value!r} is not {words}")
    names = cast("list[Any]", body.get("repositories", []))
    if not all(isinstance(name, str) for name in names):
        raise InvalidInput("repositories", "it is not a list of owner/name")
    return dict(body)
