"""What all commands share: running coroutines, one sentence for an error, tables or JSON for an answer."""

import asyncio
import sys
from collections.abc import Callable, Coroutine, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, TypeVar

import typer

from capture.core.errors import CaptureError

T = TypeVar("T")

EXIT_INTERRUPTED = 130

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]


def run(main: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run a command's coroutine on a loop of its own."""
    return asyncio.run(main())


def say(text: str) -> None:
    """Tell a person something; it goes to standard error, so that standard output holds the answer alone."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def fail(error: CaptureError) -> int:
    """Say in one sentence what is wrong, and answer the exit code that belongs to it."""
    sentence = " ".join(str(error).split())
    say(f"capture: {sentence}")
    return error.exit_code


def print_json(value: Any) -> None:
    """Write a value as JSON to standard output; times are ISO 8601, ids are strings."""
    import orjson

    text = orjson.dumps(value, default=str, option=orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS)
    sys.stdout.write(text.decode() + "\n")


def print_rows(
    rows: Sequence[Mapping[str, Any]], columns: Mapping[str, str], *, as_json: bool = False, empty: str = "Nothing."
) -> None:
    """Print rows as a table, or with `as_json` completely. `columns` maps a key to its heading, in order."""
    if as_json:
        print_json(list(rows))
        return
    if not rows:
        typer.echo(empty)
        return
    from rich import box
    from rich.console import Console
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, header_style="bold")
    for key, heading in columns.items():
        numeric = all(isinstance(row.get(key), int | float) or row.get(key) is None for row in rows)
        address = any("://" in str(row.get(key)) for row in rows)  # one that is broken cannot be clicked or copied
        table.add_column(heading, justify="right" if numeric else "left", overflow="fold", no_wrap=address)
    for row in rows:
        table.add_row(*(as_text(row.get(key)) for key in columns))
    Console().print(table)


def as_text(value: Any) -> str:
    """A value as people read it in a cell: a dash for nothing, yes or no, grouped digits, seconds instead of micros."""
    if value is None or value == "":
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}"
    if isinstance(value, list | tuple | set | frozenset):
        return ", ".join(as_text(part) for part in value)  # pyright: ignore[reportUnknownVariableType]
    from rich.markup import escape

    return escape(str(value))
