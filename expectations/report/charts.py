"""Charts as SVG text: heat map, trend, bars. A colour is one path, so that a year of 200 repositories stays small."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from itertools import groupby

from markupsafe import Markup, escape

CELL = 3
ROW = 14
LABEL = 190
COLOURS = {"complete": "#2f8f5b", "nearly": "#e8c547", "poor": "#d1495b"}
"""Also told apart by lightness, for printing without colour."""


def grade(listed: int, incomplete: int) -> str:
    """A day's class: complete, nearly (at most 2 % of its pull requests concerned), poor."""
    if incomplete == 0:
        return "complete"
    return "nearly" if incomplete <= 0.02 * listed else "poor"


def heat_map(days: Mapping[str, Mapping[date, str]], first: date, last: date) -> Markup:
    """Rows of repositories, columns of days. A day without activity stays empty: there was nothing to miss."""
    if not days:
        return Markup("")
    span = (last - first).days + 1
    width, height = LABEL + span * CELL + 4, len(days) * ROW + 22
    paths: dict[str, list[str]] = {name: [] for name in COLOURS}
    labels: list[Markup] = []
    for row, (repository, grades) in enumerate(days.items()):
        top = 20 + row * ROW
        labels.append(
            Markup('<text x="{}" y="{}" text-anchor="end">{}</text>').format(LABEL - 6, top + 9, _short(repository))
        )
        for name, start, length in _runs(grades, first, span):
            paths[name].append(f"M{LABEL + start * CELL} {top}h{length * CELL}v{ROW - 3}h-{length * CELL}z")
    parts = [
        Markup('<path fill="{}" d="{}"/>').format(COLOURS[name], "".join(found))
        for name, found in paths.items()
        if found
    ]
    return _svg("heat", width, height, [*_months(first, span), *labels, *parts], "Completeness by repository and day")


def _runs(grades: Mapping[date, str], first: date, span: int) -> list[tuple[str, int, int]]:
    cells = [(index, grades.get(first + timedelta(days=index))) for index in range(span)]
    runs: list[tuple[str, int, int]] = []
    for name, members in groupby(cells, key=lambda cell: cell[1]):
        indexes = [index for index, _ in members]
        if name is not None:
            runs.append((name, indexes[0], len(indexes)))
    return runs


def _months(first: date, span: int) -> list[Markup]:
    marks: list[Markup] = []
    for index in range(span):
        day = first + timedelta(days=index)
        if day.day == 1:
            x = LABEL + index * CELL
            marks.append(
                Markup('<text x="{}" y="12">{}</text>').format(x, f"{day:%b %y}" if day.month == 1 else f"{day:%b}")
            )
    return marks


def trend(points: Sequence[tuple[str, int, int, int]]) -> Markup:
    """Bars of runs, oldest first: (label, passed, failed, errors). What passed stands below, what did not above it."""
    if not points:
        return Markup("")
    width, height, base = max(320, 24 + len(points) * 14), 110, 96
    most = max(passed + failed + errors for _, passed, failed, errors in points) or 1
    parts: list[Markup] = []
    for index, (label, passed, failed, errors) in enumerate(points):
        x, y = 12 + index * 14, float(base)
        for count, colour in ((passed, COLOURS["complete"]), (failed, COLOURS["poor"]), (errors, "#444")):
            tall = 84 * count / most
            y -= tall
            if count:
                parts.append(
                    Markup('<rect x="{}" y="{:.1f}" width="10" height="{:.1f}" fill="{}"/>').format(x, y, tall, colour)
                )
        tip = f"{label}: {passed} passed, {failed} failed, {errors} in error"
        parts.append(
            Markup('<rect x="{}" y="10" width="14" height="86" fill="transparent"><title>{}</title></rect>').format(
                x - 2, tip
            )
        )
    parts.append(Markup('<path d="M8 {0}H{1}" stroke="#888"/>').format(base, width - 4))
    return _svg("trend", width, height, parts, "Checks by run")


def bars(values: Sequence[tuple[str, float]], unit: str = "") -> Markup:
    """Horizontal bars, the largest first."""
    if not values:
        return Markup("")
    most = max(value for _, value in values) or 1
    parts: list[Markup] = []
    for row, (label, value) in enumerate(values):
        top = 4 + row * 20
        wide = 320 * value / most
        text = f"{value:,.0f}{unit}"
        parts.append(
            Markup('<text x="{}" y="{}" text-anchor="end">{}</text>').format(LABEL - 6, top + 11, _short(label))
        )
        parts.append(
            Markup('<rect x="{}" y="{}" width="{:.1f}" height="14" fill="#3d6d99"/>').format(LABEL, top, wide)
            + Markup('<text x="{:.1f}" y="{}">{}</text>').format(LABEL + wide + 6, top + 11, text)
        )
    return _svg("bars", LABEL + 320 + 90, 8 + len(values) * 20, parts, "Counts")


def _svg(kind: str, width: int, height: int, parts: Sequence[Markup], title: str) -> Markup:
    head = Markup('<svg class="{}" role="img" aria-label="{}" viewBox="0 0 {} {}" width="{}" height="{}">').format(
        kind, title, width, height, width, height
    )
    return head + Markup("").join(parts) + Markup("</svg>")


def _short(text: str, length: int = 30) -> Markup:
    return escape(text if len(text) <= length else text[: length - 1] + "…")
