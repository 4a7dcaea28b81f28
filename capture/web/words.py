"""Times and numbers as a person reads them at a glance."""

from datetime import datetime


def _span(seconds: float) -> str:
    if seconds < 60:
        return f"{max(1, round(seconds))} s"
    if seconds < 3600:
        return f"{round(seconds / 60)} min"
    if seconds < 86_400:
        hours, minutes = divmod(round(seconds / 60), 60)
        return f"{hours} h {minutes} min" if minutes and hours < 10 else f"{hours} h"
    return f"{round(seconds / 86_400)} days"


def _moment(value: datetime | str) -> datetime:
    return datetime.fromisoformat(value) if isinstance(value, str) else value


def ago(value: datetime | str | None, now: datetime) -> str:
    """`3 min ago`; a dash for nothing."""
    if value is None:
        return "–"
    seconds = (now - _moment(value)).total_seconds()
    return "just now" if seconds < 2 else f"{_span(seconds)} ago"


def ahead(value: datetime | str | None, now: datetime) -> str:
    """`in 3 min`; a moment that has passed is now."""
    if value is None:
        return "–"
    seconds = (_moment(value) - now).total_seconds()
    return "any moment" if seconds < 2 else f"in {_span(seconds)}"


def compact(value: float | None) -> str:
    """A number with grouped digits, or a dash."""
    return "–" if value is None else f"{value:,.0f}"


def percent(value: float | None) -> str:
    """A share as a percentage that never rounds up to 100, or a dash while nothing was measured."""
    if value is None:
        return "–"
    return "100 %" if value >= 1 else f"{min(99.9, round(float(value) * 100, 1)):g} %"
