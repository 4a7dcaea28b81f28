"""Expectation classes of our own: "this query finds no record", and "there was something to compare".

The stock class for queries asks twice (rows and count) and its rows are cut at 200 without a word. Ours asks once: for
the count alone while all is well, and for named records beside the count when something was found.
"""

from typing import Any, ClassVar

from great_expectations.expectations.core.unexpected_rows_expectation import UnexpectedRowsExpectation
from great_expectations.render.components import LegacyDiagnosticRendererType, RenderedTableContent
from great_expectations.render.renderer.renderer import renderer

SAMPLE = 100
"""Records that a failed expectation names; its count is always the whole."""

# GX puts an alias after {batch} unless the query joins; joining a row that changes nothing makes it always the same.
_BATCH = "with batch as (select b.* from {batch} as b cross join (select 1) as always)"


def counting(query: str) -> str:
    """How many rows `query` finds, without fetching one. `query` reads the table `batch`."""
    return f"{_BATCH} select count(*) as unexpected_total from ({query}) as f"  # noqa: S608 -- our own text, no input


def naming(query: str) -> str:
    """The first rows of `query` with the count of all. It must give repository_id, number and record."""
    return (
        f"{_BATCH} select f.*, count(*) over () as unexpected_total from ({query}) as f"  # noqa: S608
        f" order by f.repository_id, f.number, f.record limit {SAMPLE}"
    )


class NothingToCompare(Exception):
    """A comparison that had no two sides; it must read as an error, because it proves nothing."""


class ExpectNoRows(UnexpectedRowsExpectation):
    """Succeeds when the query finds nothing; otherwise tells how many and names some of them."""

    metric_dependencies: ClassVar[tuple[str, ...]] = ("unexpected_rows_query.table",)

    def _validate(
        self, metrics: dict[str, Any], runtime_configuration: Any = None, execution_engine: Any = None
    ) -> Any:
        rows = [dict(row) for row in metrics["unexpected_rows_query.table"]]
        total = int(rows[0].pop("unexpected_total")) if rows else 0
        named = [row for row in rows if "record" in row]
        return {"success": total == 0, "result": {"observed_value": total, "details": {"unexpected_rows": named}}}

    @classmethod
    @renderer(renderer_type=LegacyDiagnosticRendererType.UNEXPECTED_TABLE)
    def _records(cls, configuration: Any = None, result: Any = None, **_: Any) -> list[RenderedTableContent] | None:
        """The records in Data Docs, which by themselves show none; the values are escaped before they come here."""
        rows = ((result.result or {}).get("details") or {}).get("unexpected_rows") if result else None
        if not rows:
            return None
        columns = [name for name in ("number", "record", "field", "expected", "found") if name in rows[0]]
        return [
            RenderedTableContent(
                content_block_type="table",
                header_row=columns,
                table=[["" if row[name] is None else str(row[name]) for name in columns] for row in rows],
                styling={"body": {"classes": ["table-sm"]}},
            )
        ]


class ExpectSomethingToCompare(UnexpectedRowsExpectation):
    """Raises when the query counts no record that two sides saw. Run only where two sides were to see some."""

    metric_dependencies: ClassVar[tuple[str, ...]] = ("unexpected_rows_query.table",)

    def _validate(
        self, metrics: dict[str, Any], runtime_configuration: Any = None, execution_engine: Any = None
    ) -> Any:
        rows = metrics["unexpected_rows_query.table"]
        compared = int(rows[0]["unexpected_total"]) if rows else 0
        if compared == 0:
            raise NothingToCompare("both processors worked on this window, but no record was observed by both")
        return {"success": True, "result": {"observed_value": compared}}
