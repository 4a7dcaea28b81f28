"""`python -m expectations`: validate, report, warm. The command line and flows reach the suites only through it."""

import argparse
import logging
import sys
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import orjson

from capture.core.errors import CaptureError, InvalidInput
from capture.settings import settings
from expectations.results import plain
from expectations.session import CHECKPOINTS, Question, ask, summary


class Answer:
    """What a command gives: an exit code, JSON for machines, lines for people."""

    def __init__(self, exit_code: int, payload: dict[str, Any], lines: Sequence[str]) -> None:
        self.exit_code = exit_code
        self.payload = payload
        self.lines = lines


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> Any:
        raise InvalidInput("arguments", message)


# It warns of every renderer that a class of ours replaces, which is what they are for.
logging.getLogger("great_expectations").setLevel(logging.ERROR)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; the answer on standard output, a refusal as one sentence on standard error."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    if arguments[:1] == ["warm"]:
        from expectations.warm import serve

        return serve(sys.stdin, sys.stdout)
    answer = answer_to(arguments)
    if "--json" in arguments:
        sys.stdout.write(orjson.dumps(answer.payload, option=orjson.OPT_INDENT_2).decode() + "\n")
    stream = sys.stderr if "error" in answer.payload else sys.stdout
    if "--json" not in arguments or stream is sys.stderr:
        stream.write("".join(f"{line}\n" for line in answer.lines))
    return answer.exit_code


def answer_to(arguments: Sequence[str]) -> Answer:
    """Run one command given as words. Every refusal is an answer with its exit code, never an exception."""
    try:
        options = _parser().parse_args(arguments)
        return options.run(options)
    except CaptureError as error:
        sentence = " ".join(str(error).split())
        return Answer(
            error.exit_code, {"error": sentence, "code": error.code, "exit_code": error.exit_code}, [sentence]
        )


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="python -m expectations", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    validate = commands.add_parser("validate", help="run suites, store the results, make the report")
    validate.add_argument("--repository", metavar="OWNER/NAME")
    validate.add_argument("--since", metavar="TIME")
    validate.add_argument("--until", metavar="TIME")
    validate.add_argument("--suite", action="append", default=[], metavar="NAME")
    validate.add_argument("--checkpoint", choices=CHECKPOINTS, default="demand")
    validate.add_argument("--job-id", metavar="UUID")
    validate.add_argument("--no-report", action="store_true")
    validate.add_argument("--json", action="store_true")
    validate.set_defaults(run=_validate)
    after = commands.add_parser("after-jobs", help="validate the windows of jobs that ended since the last validation")
    after.add_argument("--json", action="store_true")
    after.set_defaults(run=_after_jobs)
    report = commands.add_parser("report", help="make the report from what is stored")
    report.add_argument("--json", action="store_true")
    report.set_defaults(run=_report)
    commands.add_parser("warm", help="import everything, then serve command lines from standard input as JSON")
    return parser


def _validate(options: argparse.Namespace) -> Answer:
    from capture.wiring import database

    question = Question(
        options.repository, _time("since", options.since), _time("until", options.until), tuple(options.suite),
        options.checkpoint, _uuid("job-id", options.job_id), not options.no_report, _webhook(),
    )  # fmt: skip
    with database(settings()) as dsn:
        run = ask(dsn, question, settings().capture_home / "reports")
    return Answer(run.exit_code, run.payload(), summary(run))


def _after_jobs(_options: argparse.Namespace) -> Answer:
    from capture.wiring import database
    from expectations.after_jobs import validate_after_jobs

    with database(settings()) as dsn:
        runs = validate_after_jobs(dsn, settings().capture_home / "reports", _webhook())
    code = max((run.exit_code for run in runs), default=0)
    lines = [line for run in runs for line in summary(run)] or ["No job has ended since the last validation."]
    return Answer(code, {"exit_code": code, "runs": [run.payload() for run in runs]}, lines)


def _webhook() -> str | None:
    secret = settings().capture_webhook_url
    return secret.get_secret_value() if secret is not None else None


def _report(_options: argparse.Namespace) -> Answer:
    from capture.wiring import database
    from expectations.report.build import build_report

    with database(settings()) as dsn:
        path = build_report(dsn, settings().capture_home / "reports")
    return Answer(0, plain({"report": path}), [f"Report: {path}"])


def _time(field: str, text: str | None) -> datetime | None:
    """A day (midnight UTC) or a time with its zone."""
    if text is None:
        return None
    try:
        if len(text) == len("2026-01-01"):
            return datetime.combine(date.fromisoformat(text), datetime.min.time(), UTC)
        parsed = datetime.fromisoformat(text)
    except ValueError:
        raise InvalidInput(field, f"{text} is neither a day nor a time in ISO 8601") from None
    if parsed.tzinfo is None:
        raise InvalidInput(field, f"{text} has no time zone; add Z or an offset")
    return parsed


def _uuid(field: str, text: str | None) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        raise InvalidInput(field, f"{text} is not a job's id") from None
