"""What somebody asks for, as one checked value: repository, window or numbers, datasets, trigger, limit."""

import hashlib
import json
import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, cast, get_args

from pydantic import BaseModel, ConfigDict, ValidationError, ValidationInfo, field_validator, model_validator
from pydantic_core import PydanticCustomError

from capture.core.errors import InvalidInput
from capture.core.models import DATASETS, Dataset, Mode, Processor, Trigger

MAX_DAYS = 36_500
MAX_NUMBER = 2**31 - 1  # GraphQL's Int, the type of a pull request's number at GitHub

_OWNER = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,38}")  # an underscore occurs in enterprise-managed accounts
_NAME = re.compile(r"[A-Za-z0-9._-]{1,100}")


def _wrong(field: str, message: str) -> PydanticCustomError:
    return PydanticCustomError("request", "{message}", {"message": message, "field": field})


class CaptureRequest(BaseModel):
    """A valid request. Build it with `parse_request`, which turns mistakes into errors that name the field.

    Neither window nor numbers means: from the watermark, and where there is none the whole history.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    owner: str
    name: str
    since: datetime | None = None
    until: datetime | None = None
    days_back: int | None = None
    numbers: tuple[int, ...] | None = None
    datasets: tuple[Dataset, ...] = DATASETS
    trigger: Trigger = "manual"
    max_items: int | None = None
    processor: Processor | None = None
    force: bool = False
    mode: Mode = "normal"
    whole_history: bool = False
    """Asks for everything although a watermark exists."""
    notes: tuple[str, ...] = ()
    """What was decided about the words before routing, for example which of two contradicting ones won."""

    @property
    def full_name(self) -> str:
        """`owner/name`, as it was asked for."""
        return f"{self.owner}/{self.name}"

    @property
    def incremental(self) -> bool:
        """Whether neither window nor numbers are given: it goes on from the watermark, if there is one."""
        words = (self.since, self.until, self.days_back, self.numbers)
        return not self.whole_history and all(word is None for word in words)

    @field_validator("owner")
    @classmethod
    def _owner(cls, value: str) -> str:
        if not _OWNER.fullmatch(value):
            raise _wrong("owner", f"{value!r} is not the name of a GitHub account")
        return value

    @field_validator("name")
    @classmethod
    def _name(cls, value: str) -> str:
        if not _NAME.fullmatch(value) or value in {".", ".."}:
            raise _wrong("name", f"{value!r} is not the name of a GitHub repository")
        return value

    @field_validator("since", "until", mode="before")
    @classmethod
    def _time(cls, value: Any, info: ValidationInfo) -> Any:
        field = info.field_name or "since"
        if isinstance(value, str):
            try:
                value = datetime.fromisoformat(value)
            except ValueError:
                raise _wrong(field, f"{value!r} is not a time like 2026-01-31T00:00:00Z") from None
        if value is None:
            return None
        if not isinstance(value, datetime):
            raise _wrong(field, f"{value!r} is not a time like 2026-01-31T00:00:00Z")
        if value.utcoffset() is None:
            raise _wrong(field, f"{value.isoformat()} has no time zone; write for example 2026-01-31T00:00:00Z")
        try:
            return value.astimezone(UTC)
        except OverflowError:
            raise _wrong(field, f"{value.isoformat()} is out of range") from None

    @field_validator("days_back", "max_items", mode="before")
    @classmethod
    def _count(cls, value: Any, info: ValidationInfo) -> Any:
        field = info.field_name or "max_items"
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int):
            raise _wrong(field, f"{value!r} is not a whole number")
        if value < 1:
            raise _wrong(field, f"{value} is less than 1")
        if field == "days_back" and value > MAX_DAYS:
            raise _wrong(field, f"{value} is more than {MAX_DAYS} days")
        if value > MAX_NUMBER:
            raise _wrong(field, f"{value} is more than {MAX_NUMBER}")
        return value

    @field_validator("numbers", mode="before")
    @classmethod
    def _numbers(cls, value: Any) -> Any:
        if value is None:
            return None
        if not isinstance(value, list | tuple | set | frozenset):
            raise _wrong("numbers", f"{value!r} is not a list of pull-request numbers")
        found = cast("Iterable[Any]", value)
        numbers: set[int] = set()
        for number in found:
            if isinstance(number, bool) or not isinstance(number, int):
                raise _wrong("numbers", f"{number!r} is not a pull-request number")
            if not 1 <= number <= MAX_NUMBER:
                raise _wrong("numbers", f"{number} is not a pull-request number; they run from 1 to {MAX_NUMBER}")
            numbers.add(number)
        if not numbers:
            raise _wrong("numbers", "the list is empty")
        return tuple(sorted(numbers))

    @field_validator("datasets", mode="before")
    @classmethod
    def _datasets(cls, value: Any) -> Any:
        if value is None:
            return DATASETS
        if isinstance(value, str) or not isinstance(value, Iterable):
            raise _wrong("datasets", f"{value!r} is not a list of datasets")
        wanted = [str(name) for name in cast("Iterable[Any]", value)]
        for name in wanted:
            if name not in DATASETS:
                raise _wrong("datasets", f"{name!r} is not one of {', '.join(DATASETS)}")
        if not wanted:
            raise _wrong("datasets", "the list is empty")
        return tuple(dataset for dataset in DATASETS if dataset in wanted)

    @field_validator("trigger", "processor", "mode", mode="before")
    @classmethod
    def _choice(cls, value: Any, info: ValidationInfo) -> Any:
        field = info.field_name or "trigger"
        choices = get_args({"trigger": Trigger, "processor": Processor, "mode": Mode}[field])
        if value not in choices and not (field == "processor" and value is None):
            raise _wrong(field, f"{value!r} is not one of {', '.join(choices)}")
        return value

    @model_validator(mode="after")
    def _together(self) -> "CaptureRequest":
        if self.force and self.processor is None:
            raise _wrong("force", "it passes the stop of a processor that is named; name one")
        windowed = [name for name in ("days_back", "since", "until") if getattr(self, name) is not None]
        if self.whole_history and windowed:
            raise _wrong(windowed[0], "the whole history and a window are two different requests")
        if self.numbers is not None and (windowed or self.whole_history):
            raise _wrong("numbers", "give numbers or a window, not both")
        if self.days_back is not None and len(windowed) > 1:
            raise _wrong("days_back", "give a number of days, or times, not both")
        if self.since is not None and self.until is not None and self.until <= self.since:
            raise _wrong("until", "the window ends before it begins")
        return self


def parse_request(**raw: Any) -> CaptureRequest:
    """Check a request as it came from a person or another system; `repository="owner/name"` may stand for both parts.

    Raises `InvalidInput` that names the field. What needs a clock (`since` in the future) is checked by `resolve`.
    """
    if "repository" in raw:
        owner, name = parse_repository(raw.pop("repository"))
        raw = {**raw, "owner": owner, "name": name}
    try:
        return CaptureRequest.model_validate(raw)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        context = first.get("ctx") or {}
        field = context.get("field") or ".".join(str(part) for part in first["loc"]) or "request"
        raise InvalidInput(str(field), first["msg"]) from None


def parse_repository(text: Any) -> tuple[str, str]:
    """Split `owner/name`. Raises `InvalidInput` on the field `repository`."""
    parts = text.split("/") if isinstance(text, str) else []
    if len(parts) != 2 or not _OWNER.fullmatch(parts[0]) or not _NAME.fullmatch(parts[1]) or parts[1] in {".", ".."}:
        raise InvalidInput("repository", f"{text!r} is not of the form owner/name")
    return parts[0], parts[1]


def resolve(request: CaptureRequest, now: datetime) -> tuple[datetime | None, datetime | None]:
    """The request's own window at `now` (the database's clock), as (since, until); None is an open end.

    A window that reaches up to now stays open there: an item which moves on before its turn comes is still captured.
    Numbers and an incremental request have no window of their own. Raises `InvalidInput` for a `since` that is not in
    the past.
    """
    if request.days_back is not None:
        return now - timedelta(days=request.days_back), None
    if request.since is not None and request.since >= now:
        raise InvalidInput("since", f"{request.since.isoformat()} does not lie in the past")
    return request.since, request.until if request.until is not None and request.until < now else None


def scope_hash(request: CaptureRequest, part: str = "whole", shard: tuple[int, int] | None = None) -> str:
    """Name the work that is asked for, so that asking twice is one job.

    It covers the words (`days_back=30`, not the times they mean today), datasets, mode, and which part of a split or
    shard (i of n) it is; neither trigger nor processor, since they do not change what is captured.
    """
    words = {
        "repository": request.full_name.lower(),
        "since": request.since.isoformat() if request.since else None,
        "until": request.until.isoformat() if request.until else None,
        "days_back": request.days_back,
        "numbers": request.numbers,
        "whole_history": request.whole_history,
        "datasets": request.datasets,
        "max_items": request.max_items,
        "mode": request.mode,
        "part": part,
        "shard": shard,
    }
    return _digest(words)


def derived_hash(scope: str, part: str) -> str:
    """Name a job that follows from another one (its continuation, its next shard) by that one's scope."""
    return _digest([scope, part])


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()
