"""Writes the report: one page, and every table as CSV beside it. A reader never sees a half-written page."""

import csv
from datetime import datetime
from pathlib import Path

import pandas as pd

from expectations.report.data import load
from expectations.report.page import render

_RISKY = ("=", "+", "-", "@", "\t", "\r")


def build_report(dsn: str, folder: Path, now: datetime | None = None) -> Path:
    """Make `index.html` and `csv/*.csv` in `folder` from what is stored, and answer the page's path."""
    figures = load(dsn, now)
    tables = folder / "csv"
    tables.mkdir(parents=True, exist_ok=True)
    for name, frame in figures.tables.items():
        _replace(tables / f"{name}.csv", _csv(frame))
    page = folder / "index.html"
    _replace(page, render(figures))
    return page


def _csv(frame: pd.DataFrame) -> str:
    safe = frame.copy()
    for column in safe.columns:
        safe[column] = [_inert(value) for value in safe[column]]
    return safe.to_csv(index=False, quoting=csv.QUOTE_MINIMAL)


def _inert(value: object) -> object:
    """Text that a spreadsheet would run as a formula is kept as text."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_RISKY) else value


def _replace(path: Path, text: str) -> None:
    temporary = path.with_name(f".{path.name}.new")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(path)
