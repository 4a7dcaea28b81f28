"""From figures to one HTML page. Every value is escaped by the template engine; nothing is loaded from elsewhere."""

from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup, escape

from expectations.report import charts
from expectations.report.data import DAYS, Figures
from expectations.report.verdict import Standing, Verdict, judge, overall

SHOWN = 300
"""Rows of a table on the page; all rows are in its CSV."""

_TEMPLATES = Path(__file__).parent / "templates"


def render(figures: Figures) -> str:
    """The report's page."""
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES), autoescape=select_autoescape(default=True), undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    environment.filters |= {"when": when, "number": number, "link": link, "dollars": dollars}
    return environment.get_template("report.html.j2").render(**words(figures))


def words(figures: Figures) -> dict[str, Any]:
    """Everything that the template shows."""
    verdicts = {s.repository: judge(s, figures.now) for s in standings(figures["repositories"])}
    tables = {name: records(frame, SHOWN) for name, frame in figures.tables.items() if name != "days"}
    tables["days"] = records(worst_days(figures["days"]), SHOWN)
    results: Any = figures["results"]
    return {
        "now": figures.now,
        "verdict": overall(verdicts),
        "verdicts": verdicts,
        "tables": tables,
        "totals": {name: len(frame) for name, frame in figures.tables.items()},
        "shown": SHOWN,
        "datasets": records(totals(figures["datasets"])),
        "bad": records(results[results["status"].isin(["failed", "error"])]),
        "counts": _counts(results["status"], ("passed", "failed", "error", "not_applicable")),
        "suites": records(suites(results)),
        "gap_states": _counts(figures["gaps"]["state"], ("open", "being repaired", "repaired", "accepted")),
        "heat": heat(figures),
        "trend": trend(figures["runs"]),
        "pareto": pareto(figures["disagreements"]),
        "verdict_counts": _count(verdicts),
    }


def standings(repositories: pd.DataFrame) -> list[Standing]:
    """What the verdict needs of each repository."""
    return [
        Standing(
            str(row["repository"]), str(row["access"]), row["run_status"], row["run_finished_at"], row["last_listed"],
            int(row["open_gaps"]),
        )
        for row in records(repositories)
    ]  # fmt: skip


def totals(datasets: Any) -> pd.DataFrame:
    """Counts at GitHub and here over all repositories, a row a dataset."""
    order = ["pull requests", "reviews", "inline comments", "conversation comments", "file changes"]
    if datasets.empty:
        return pd.DataFrame({"dataset": order, "at_github": 0, "captured": 0, "share": None})
    numeric = datasets.assign(
        at_github=pd.to_numeric(datasets["at_github"]), captured=pd.to_numeric(datasets["captured"])
    )
    summed = (
        numeric.groupby("dataset")[["at_github", "captured"]].sum().reindex(order).fillna(0).astype(int).reset_index()
    )
    summed["share"] = (100 * summed["captured"] / summed["at_github"].where(summed["at_github"] > 0)).round(2)
    return summed


def suites(results: Any) -> pd.DataFrame:
    """How the checks of each suite ended, a row a suite."""
    order = ["passed", "failed", "error", "not_applicable"]
    if results.empty:
        return pd.DataFrame(columns=["suite", *order])
    counted = pd.crosstab(results["suite"], results["status"])
    return counted.reindex(columns=order, fill_value=0).reset_index()


def worst_days(days: Any) -> pd.DataFrame:
    """Days on which something is missing, latest first."""
    return days[days["incomplete"] > 0].sort_values(["day", "repository"], ascending=[False, True])


def heat(figures: Figures) -> Markup:
    """The heat map of the last year."""
    last = figures.now.date()
    grid: dict[str, dict[date, str]] = {str(name): {} for name in figures["repositories"]["repository"]}
    for row in figures["days"].itertuples(index=False):
        grid.setdefault(str(row.repository), {})[row.day] = charts.grade(int(row.listed), int(row.incomplete))  # type: ignore[arg-type]
    return charts.heat_map(grid, last - timedelta(days=DAYS - 1), last)


def trend(runs: Any) -> Markup:
    """The latest sixty runs, oldest first."""
    latest = runs.head(60).iloc[::-1]
    return charts.trend(
        [
            (
                f"{row['started_at']:%Y-%m-%d %H:%M} {row['scope']}", int(row["passed"]),
                int(row["critical"] + row["warnings"]), int(row["errors"]),
            )
            for row in records(latest)
        ]
    )  # fmt: skip


def pareto(disagreements: Any) -> Markup:
    """Disagreeing fields, the most frequent first."""
    counted = disagreements["field"].fillna("a record that only one saw").value_counts().head(15)
    return charts.bars([(str(name), float(count)) for name, count in counted.items()])


def records(frame: Any, limit: int | None = None) -> list[dict[str, Any]]:
    """Rows as dicts, with None where there is nothing."""
    part = frame if limit is None else frame.head(limit)
    rows = part.astype(object).where(part.notna(), None).to_dict("records")
    return [{str(k): v for k, v in row.items()} for row in rows]


def when(value: Any) -> str:
    """A time as people read it, in UTC."""
    if value is None:
        return "–"
    return f"{value:%Y-%m-%d %H:%M}" if isinstance(value, datetime) else str(value)


def number(value: Any) -> str:
    """Digits in groups; a dash for nothing."""
    if value is None:
        return "–"
    amount = float(value)
    return f"{amount:,.0f}" if amount.is_integer() else f"{amount:,.2f}"


def dollars(value: Any) -> str:
    """Money with as many digits as small sums need."""
    return "–" if value is None else f"${float(value):,.5f}"


def link(text: Any, url: Any) -> Markup:
    """A link where the address is one of the web; the bare text otherwise, so that no `javascript:` gets through."""
    if isinstance(url, str) and url.startswith(("https://", "http://")):
        return Markup('<a href="{}">{}</a>').format(url, text)
    return escape(text)


def _counts(column: Any, values: tuple[str, ...]) -> dict[str, int]:
    return {value: int((column == value).sum()) for value in values}


def _count(verdicts: dict[str, Verdict]) -> dict[str, int]:
    return {answer: sum(1 for v in verdicts.values() if v.answer == answer) for answer in ("yes", "no", "unknown")}
