"""A progress bar for a job that runs in this process; nothing where nobody watches."""

import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from capture.usecases.steps import DirectSteps


@contextmanager
def progress(title: str, *, quiet: bool) -> Generator[tuple[DirectSteps, Callable[[Any, UUID], None]], None, None]:
    """Steps that move a bar, and a function that says of which job; without a terminal there is no bar."""
    if quiet or not sys.stderr.isatty():
        yield DirectSteps(), lambda tools, job_id: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    watched: list[tuple[Any, UUID]] = []
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(title, total=None)

        async def after() -> None:
            for tools, job_id in watched:
                job = await tools.store.get_job(job_id)
                if job is not None:
                    bar.update(task, completed=job.items_done, total=job.items_total)

        yield DirectSteps(after=after), lambda tools, job_id: watched.append((tools, job_id))
