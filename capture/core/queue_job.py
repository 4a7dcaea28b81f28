"""The request interface of the system this one replaces: `queueJob`'s fields, with their meaning and defaults."""

from collections.abc import Mapping
from typing import Any

from capture.core.errors import InvalidInput
from capture.core.models import DATASETS, Dataset
from capture.core.request import CaptureRequest, parse_request

FIELDS = ("jobType", "repositoryId", "repositoryName", "timeRange", "prNumbers", "maxItems", "triggerSource")
DEFAULT_DAYS = 30
DEFAULT_ITEMS = 1000

_DATASETS: dict[str, tuple[Dataset, ...]] = {
    "recent-prs": DATASETS,
    "historical-pr-sync": DATASETS,
    "historical-reviews-sync": ("reviews",),
    "historical-comments-sync": ("comments",),
    "bulk-file-changes": ("file_changes",),
}
_OURS = {
    "repository": "repositoryName",
    "owner": "repositoryName",
    "name": "repositoryName",
    "days_back": "timeRange",
    "numbers": "prNumbers",
    "max_items": "maxItems",
    "trigger": "triggerSource",
}


def is_queue_job(body: Mapping[str, Any]) -> bool:
    """Whether a body is meant for this interface: it uses one of its field names."""
    return any(name in body for name in FIELDS)


def request_from(body: Mapping[str, Any], repository: str | None = None) -> CaptureRequest:
    """A request in either spelling: the product's own fields, or those of `queueJob`. Raises `InvalidInput`."""
    return from_queue_job(body, repository) if is_queue_job(body) else parse_request(**body)


def from_queue_job(body: Mapping[str, Any], repository: str | None = None) -> CaptureRequest:
    """Translate `queueJob`'s fields: 30 days where neither `timeRange` nor `prNumbers` is given, 1,000 items.

    Where both are given `prNumbers` win, and the request says so. Without `triggerSource` nobody waits for the result:
    the trigger is `automatic`. `repository` is the name that `repositoryId` stands for, where the caller has looked it
    up. Raises `InvalidInput` with the name of a field of this interface.
    """
    for name in body:
        if name not in FIELDS:
            raise InvalidInput(name, f"this interface has the fields {', '.join(FIELDS)}")
    kind = body.get("jobType")
    if kind not in _DATASETS:
        raise InvalidInput("jobType", f"{kind!r} is not one of {', '.join(_DATASETS)}")
    name = body.get("repositoryName") or repository
    if name is None:
        raise InvalidInput("repositoryName", "name the repository as owner/name")
    numbers, days = body.get("prNumbers"), body.get("timeRange")
    notes: list[str] = []
    if numbers is not None and days is not None:
        notes.append("prNumbers win over timeRange, which was not looked at.")
    elif numbers is None and days is None:
        notes.append(f"Neither timeRange nor prNumbers was given: {DEFAULT_DAYS} days.")
    if body.get("maxItems") is None:
        notes.append(f"maxItems was not given: {DEFAULT_ITEMS:,}.")
    try:
        return parse_request(
            repository=name,
            numbers=numbers,
            days_back=None if numbers is not None else DEFAULT_DAYS if days is None else days,
            max_items=DEFAULT_ITEMS if body.get("maxItems") is None else body["maxItems"],
            trigger=body.get("triggerSource") or "automatic",
            datasets=_DATASETS[kind],
            notes=tuple(notes),
        )
    except InvalidInput as error:
        raise InvalidInput(_OURS.get(error.field, error.field), error.message) from None
