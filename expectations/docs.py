"""Data Docs of one run that need nothing from elsewhere.

The pages are Great Expectations' own. As they come, they load fifteen files from seven hosts, call home through the
logo, are blank without JavaScript, and put values into the page as if these were markup. Here values are made text
before the pages are rendered, what acts is taken out, an own stylesheet is put in, the index is a plain list.
"""

import html
import shutil
from collections.abc import Mapping
from copy import deepcopy
from datetime import datetime
from pathlib import Path
from typing import Any

from great_expectations import __version__ as version
from great_expectations.core import ExpectationSuiteValidationResult
from great_expectations.core.run_identifier import RunIdentifier
from great_expectations.render.renderer.page_renderer import ValidationResultsPageRenderer
from great_expectations.render.view.view import DefaultJinjaPageView
from jinja2 import Environment, FileSystemLoader, select_autoescape

from expectations.harmless import harmless
from expectations.results import Run

_TEMPLATES = Path(__file__).parent / "report" / "templates"
KEPT = 60
"""Runs whose pages are kept."""
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


def build_docs(folder: Path, run: Run, raw: Mapping[tuple[str, str], Any]) -> Path:
    """Write the pages of a run below `folder/<run id>/` and answer the index. `raw`: results by suite and check."""
    _prune(folder)
    target = folder / str(run.run_id)
    target.mkdir(parents=True, exist_ok=True)
    style = (_TEMPLATES / "docs.css").read_text()
    pages: list[dict[str, Any]] = []
    for suite in dict.fromkeys(name for name, _ in raw):
        results = [deepcopy(result) for (name, _), result in raw.items() if name == suite]
        (target / f"{suite}.html").write_text(page(suite, results, run.started_at, style), encoding="utf-8")
        passed = sum(1 for result in results if result.success)
        pages.append({"suite": suite, "passed": passed, "total": len(results)})
    environment = Environment(loader=FileSystemLoader(_TEMPLATES), autoescape=select_autoescape(default=True))
    index = target / "index.html"
    index.write_text(environment.get_template("docs.html.j2").render(run=run, pages=pages), encoding="utf-8")
    return index


def _prune(folder: Path) -> None:
    """Only the latest runs keep their pages; run ids are in the order of time. Their results stay in the database."""
    for old in sorted(folder.glob("*-*"))[: -(KEPT - 1)]:
        shutil.rmtree(old)


def page(suite: str, results: list[Any], started_at: datetime, style: str) -> str:
    """One suite's page, made harmless."""
    for result in results:
        result.result = as_text(result.result or {})
        result.exception_info = as_text(result.exception_info or {})
    passed = sum(1 for result in results if result.success)
    whole = ExpectationSuiteValidationResult(
        success=passed == len(results),
        results=results,
        suite_name=suite,
        suite_parameters={},
        statistics={
            "evaluated_expectations": len(results),
            "successful_expectations": passed,
            "unsuccessful_expectations": len(results) - passed,
            "success_percent": 100 * passed / len(results),
        },
        meta={
            "expectation_suite_name": suite,
            "run_id": RunIdentifier(run_name=f"{started_at:%Y-%m-%d %H:%M}", run_time=started_at),
            "great_expectations_version": version, "batch_spec": {}, "batch_markers": {},
            "active_batch_definition": {"data_asset_name": "the views of schema dq"},
        },
    )  # fmt: skip
    text = DefaultJinjaPageView().render(ValidationResultsPageRenderer().render(whole))
    return _styled(harmless(text), style)


def as_text(value: Any) -> Any:
    """The value with every text in it escaped, so that a title with markup shows as it was written."""
    if isinstance(value, str):
        return html.escape(value, quote=False)
    if isinstance(value, Mapping):
        return {key: as_text(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [as_text(inner) for inner in value]
    return value


def _styled(text: str, style: str) -> str:
    head = (
        f'<meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="{_POLICY}"><style>{style}</style>'
    )
    back = '<p class="back"><a href="index.html">All suites of this run</a></p>'
    text = text.replace("Show more info...", "")  # it unfolded what stands below it now
    return text.replace("</head>", f"{head}</head>", 1).replace("<body>", f"<body>{back}", 1)
