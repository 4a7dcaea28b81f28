"""Errors that cross from a memoised step to the next call of its function."""

import json
from datetime import UTC, datetime

import pytest

from capture.core.errors import CaptureError, Deferred, Fenced, InvalidInput, Unreadable
from capture.core.source import TooBig
from capture.processors.inngest_steps import decode_error, encode_error

MOMENT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    "error",
    [
        Deferred("primary limit", MOMENT),
        Unreadable("gone", "octo/hello is gone"),
        InvalidInput("numbers", "the list is empty"),
        Fenced("another worker holds the job"),
        TooBig("too big"),
    ],
)
def test_a_classified_error_comes_back_as_itself(error: CaptureError) -> None:
    back = decode_error(json.loads(json.dumps(encode_error(error))))
    assert type(back) is type(error)
    assert (str(back), back.code, back.exit_code) == (str(error), error.code, error.exit_code)
    assert vars(back) == vars(error)


def test_an_error_of_a_class_that_is_gone_is_still_an_error_with_its_sentence() -> None:
    back = decode_error({"type": "Renamed", "message": "what was wrong", "fields": {}})
    assert (type(back), str(back)) == (CaptureError, "what was wrong")
