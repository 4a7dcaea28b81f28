"""The words in which commands take what to capture: OWNER/NAME and a window, numbers, datasets, a limit."""

from typing import Annotated, Any

import typer

from capture.core.errors import InvalidInput
from capture.core.request import CaptureRequest, parse_request

Repository = Annotated[str, typer.Argument(metavar="OWNER/NAME", help="The repository on GitHub.")]
All = Annotated[bool, typer.Option("--all", help="The whole history, also where much of it is stored.")]
Days = Annotated[int | None, typer.Option("--days", help="What was updated in the last N days.")]
Since = Annotated[str | None, typer.Option("--since", help="What was updated from this time on, with its zone.")]
Until = Annotated[str | None, typer.Option("--until", help="What was updated up to this time, with its zone.")]
Numbers = Annotated[list[int] | None, typer.Option("--pr", help="This pull request; may be given several times.")]
Datasets = Annotated[
    str | None, typer.Option("--datasets", help="Some of pull_requests,reviews,comments,file_changes; default: all.")
]
MaxItems = Annotated[int | None, typer.Option("--max-items", help="At most so many pull requests, the newest.")]


def request_of(
    repository: str, *, everything: bool, days: int | None, since: str | None, until: str | None,
    numbers: list[int] | None, datasets: str | None, max_items: int | None, **more: Any,
) -> CaptureRequest:  # fmt: skip
    """The request in these words. Raises `InvalidInput` that names the word that is wrong."""
    names = None if datasets is None else [name.strip() for name in datasets.split(",") if name.strip()]
    if datasets is not None and not names:
        raise InvalidInput("datasets", "the list is empty")
    return parse_request(
        repository=repository,
        whole_history=everything,
        days_back=days,
        since=since,
        until=until,
        numbers=numbers or None,
        datasets=names,
        max_items=max_items,
        **more,
    )
