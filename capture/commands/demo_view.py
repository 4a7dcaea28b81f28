"""What `capture demo` shows on a terminal: stages as they end, bars while it captures, and the table."""

import time
from typing import Any

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from capture.local.counts import LABELS, Count
from capture.local.demo import Outcome
from capture.local.jobs_view import JobView

WAITING = {
    "servers": "starting Postgres, Prefect's server and a stand-in for GitHub",
    "capture": "deciding, queueing, capturing",
    "again": "capturing the same again",
    "validation": "validating with Great Expectations",
}


class DemoView:
    """Progress on standard error: bars on a terminal, a line for each stage elsewhere."""

    def __init__(self) -> None:
        self.console = Console(stderr=True, highlight=False)
        self._progress = Progress(
            TextColumn(" "),
            SpinnerColumn(finished_text="[green]✓[/]"),
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            TextColumn("{task.fields[figures]}"),
            TimeElapsedColumn(),
            console=self.console,
            transient=True,
            refresh_per_second=8,
        )
        self._waiting: Any = None
        self._bars: dict[str, Any] = {}
        self._last: list[JobView] = []
        self._began = time.monotonic()

    def __enter__(self) -> "DemoView":
        self.console.print("[bold]Hybrid progressive capture[/]: the whole job on this machine\n")
        if self.console.is_terminal:
            self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Take the bars away; what has been printed stays."""
        self._progress.stop()

    def begun(self, stage: str) -> None:
        """Show what is being waited for."""
        if self._waiting is not None:
            self._progress.remove_task(self._waiting)
        self._waiting = self._progress.add_task(WAITING[stage], total=None, figures="")

    def done(self, stage: str, detail: str) -> None:
        """A line that stays."""
        if stage == "capture":
            self._settle()
        self._line(f"[green]✓[/] {escape(detail)}")

    def jobs(self, jobs: list[JobView]) -> None:
        """A bar for each job that has begun."""
        for job in jobs:
            if job.id not in self._bars and job.status != "pending":
                self._bars[job.id] = self._progress.add_task(job.label, total=job.total, figures="")
            if job.id in self._bars:
                total = job.done if job.status == "completed" else job.total
                figures = f"{job.done:,} of {'?' if total is None else f'{total:,}'}, {job.rows:,} rows"
                self._progress.update(self._bars[job.id], completed=job.done, total=total, figures=figures)
        self._last = jobs

    def note(self, text: str) -> None:
        """A line in another colour."""
        self._line(f"[yellow]![/] {escape(text)}")

    def _settle(self) -> None:
        """Replace the bars by lines that stay."""
        for bar in self._bars.values():
            self._progress.remove_task(bar)
        self._bars.clear()
        for job in self._last:
            self._line(f"[green]✓[/] {job.label}: {job.done:,} pull requests, {job.rows:,} rows")

    def _line(self, markup: str) -> None:
        self.console.print(f"  {markup}  [dim]{time.monotonic() - self._began:.1f} s[/]")


def show(outcome: Outcome) -> None:
    """The table and the verdict, on standard output."""
    console = Console(highlight=False)
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, header_style="bold", title_justify="left")
    for heading, side in (("dataset", "left"), ("at GitHub", "right"), ("captured", "right"), ("checks", "left")):
        table.add_column(heading, justify=side)  # type: ignore[arg-type]
    for count in outcome.counts:
        style = "" if count.complete else "[red]"
        table.add_row(
            LABELS[count.dataset],
            f"{count.at_github:,}",
            f"{style}{count.captured:,}",
            checks_of(count, outcome.validation),
        )
    console.print()
    console.print(table)
    console.print()
    for line in outcome.validation["lines"]:
        console.print(escape(line), soft_wrap=True)
    console.print(f"\n{verdict(outcome)}", soft_wrap=True)


def checks_of(count: Count, validation: dict[str, Any]) -> str:
    """The checks that concern one dataset, by their names: how many passed, or how many did not."""
    results = [result for result in validation.get("results", []) if result["expectation"].startswith(count.dataset)]
    passed = sum(1 for result in results if result["status"] == "passed")
    bad = sum(1 for result in results if result["status"] in ("failed", "error"))
    if bad:
        return f"[red]{bad} of {passed + bad} failed[/]"
    return f"[green]{passed} passed[/]" if passed else "–"


def verdict(outcome: Outcome) -> str:
    """One sentence: what happened."""
    if outcome.exit_code == 0:
        return f"[green]Everything is captured and validated[/], in {outcome.seconds:.0f} s."
    missing = [LABELS[count.dataset] for count in outcome.counts if not count.complete]
    if missing:
        return f"[red]Not everything was captured[/]: {', '.join(missing)} differ from GitHub."
    if outcome.again["rows_written"]:
        return f"[red]The second capture wrote {outcome.again['rows_written']} rows[/] although nothing had changed."
    return "[red]The validation did not pass[/]; the report says what was found."
