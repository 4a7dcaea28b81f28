"""What people fill in when they start a flow from Prefect's page: typed models, so that the form explains itself."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from capture.core.models import DATASETS, Dataset, JobType, Mode, Processor, Trigger

REPOSITORY = r"^[A-Za-z0-9](?:[A-Za-z0-9-]{0,38})/[A-Za-z0-9._-]{1,100}$"


class CaptureForm(BaseModel):
    """One request to capture a repository. Without window and numbers it goes on from where the last capture ended."""

    model_config = ConfigDict(extra="forbid", title="Capture a repository")

    repository: str = Field(pattern=REPOSITORY, title="Repository", description="As GitHub writes it: `owner/name`.")
    days_back: int | None = Field(
        default=None, ge=1, le=36_500, title="Days back", description="What changed in the last so many days."
    )
    since: datetime | None = Field(default=None, title="Changed since", description="Start of an explicit window.")
    until: datetime | None = Field(default=None, title="Changed until", description="End of an explicit window.")
    numbers: list[int] | None = Field(
        default=None, title="Pull requests", description="These numbers only; no window beside them."
    )
    datasets: list[Dataset] = Field(
        default_factory=lambda: list(DATASETS), min_length=1, title="Datasets", description="What to capture."
    )
    max_items: int | None = Field(
        default=None, ge=1, title="At most", description="Keeps the newest; what it cuts is recorded as uncovered."
    )
    trigger: Trigger = Field(default="manual", title="Trigger", description="Decides priority and throttling.")
    processor: Processor | None = Field(
        default=None, title="Processor", description="Leave empty for the routing rules to decide."
    )
    mode: Mode = Field(default="normal", title="Mode", description="`shadow` compares both processors.")
    force: bool = Field(default=False, title="Force", description="Pass an emergency stop; needs a named processor.")

    def raw(self) -> dict[str, Any]:
        """The keyword arguments of `parse_request`; what was left empty is left out."""
        owner, _, name = self.repository.partition("/")
        given = self.model_dump(exclude={"repository"}, exclude_none=True)
        return {"owner": owner, "name": name, **given}


class HistoricalForm(BaseModel):
    """One bulk job. Started by the queue it carries `job_id`; started by hand it names a repository and a window."""

    model_config = ConfigDict(extra="forbid", title="Historical sync")

    repository: str = Field(pattern=REPOSITORY, title="Repository", description="As GitHub writes it: `owner/name`.")
    repository_id: UUID | None = Field(default=None, title="Repository id", description="Our key, where it is known.")
    days_back: int | None = Field(
        default=None, ge=1, le=36_500, title="Days back", description="Empty: the whole history."
    )
    max_items: int | None = Field(default=None, ge=1, title="At most", description="Keeps the newest.")
    job_id: UUID | None = Field(default=None, title="Job", description="Empty: a new job is made.")
    job_type: JobType = Field(default="historical-pr-sync", title="Kind of job", description="Decides the datasets.")
