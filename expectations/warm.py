"""A process that has imported everything and waits, so that who needs a validation later does not wait for the import.

Protocol: it writes `{"ready": true}` when it is warm; then each line of input is a JSON array of words, as after
`python -m expectations`, and is answered by one line `{"exit_code": …, "payload": {…}, "lines": […]}`. The end of
input ends the process. Settings come from the environment it was started with.
"""

import contextlib
import sys
from typing import IO, Any

import orjson


def serve(commands: IO[str], answers: IO[str]) -> int:
    """Answer commands until the input ends."""
    from expectations import checkpoints  # noqa: F401 -- this is what takes the seconds
    from expectations.report import build  # noqa: F401

    _write(answers, {"ready": True})
    for line in commands:
        if line.strip():
            with contextlib.redirect_stdout(sys.stderr):  # nothing else may speak on the channel of answers
                answer = _answer(line)
            _write(answers, answer)
    return 0


def _answer(line: str) -> dict[str, Any]:
    from expectations.cli import answer_to

    answer = answer_to([str(word) for word in orjson.loads(line)])
    return {"exit_code": answer.exit_code, "payload": answer.payload, "lines": list(answer.lines)}


def _write(answers: IO[str], value: dict[str, Any]) -> None:
    answers.write(orjson.dumps(value).decode() + "\n")
    answers.flush()
