"""The router against a table that was written by hand, row by row."""

from typing import Any

import pytest

from capture.core.decision import Facts
from capture.core.errors import InvalidInput
from capture.core.request import parse_request
from capture.core.routing import route
from tests.routing.table import ERRORS, NOW, ROWS, Row, cut_words, shorthand, upto


@pytest.mark.parametrize("line", ROWS, ids=[line.name for line in ROWS])
def test_each_row_of_the_table_is_decided_as_written(line: Row) -> None:
    decision = route(parse_request(repository="octo/repo", **line.words), line.facts, NOW)
    assert decision.ruling == line.ruling
    assert [shorthand(piece) for piece in decision.slices] == line.slices
    assert cut_words(decision) == line.cut
    assert decision.reason.endswith(".")
    assert all(piece.reason.endswith(".") for piece in decision.slices)


def test_the_table_has_at_least_sixty_rows_and_no_name_twice() -> None:
    assert len(ROWS) >= 60
    assert len({line.name for line in ROWS}) == len(ROWS)


@pytest.mark.parametrize(("words", "field"), [(words, field) for _, words, field in ERRORS], ids=[e[0] for e in ERRORS])
def test_a_mistake_is_refused_and_its_field_is_named(words: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInput) as error:
        route(parse_request(**{"repository": "octo/repo", **words}), Facts(), NOW)
    assert error.value.field == field
    assert str(error.value).startswith(f"{field}: ")


def test_the_overlap_of_numbers_is_the_ten_lowest_of_the_highest_fifty() -> None:
    decision = route(parse_request(repository="octo/repo", numbers=upto(120)), Facts(), NOW)
    newest, bulk = decision.slices
    assert newest.overlap_numbers == bulk.overlap_numbers == tuple(range(71, 81))


def test_the_overlap_of_a_window_is_the_ten_oldest_of_the_newest_fifty() -> None:
    newest_first = tuple(range(1000, 900, -1))
    facts = Facts(volume=100, at_least=True, newest=newest_first)
    newest, bulk = route(parse_request(repository="octo/repo", days_back=30), facts, NOW).slices
    assert newest.overlap_numbers == bulk.overlap_numbers == tuple(range(951, 961))


def test_the_seed_names_of_job_types_follow_processor_and_datasets() -> None:
    def types(**words: Any) -> list[str]:
        decided = route(parse_request(repository="octo/repo", days_back=30, **words), Facts(volume=300), NOW)
        return [piece.job_type for piece in decided.slices]

    assert types() == ["recent-prs", "historical-pr-sync"]
    assert types(datasets=["reviews"]) == ["recent-prs", "historical-reviews-sync"]
    assert types(datasets=["comments"], trigger="scheduled") == ["historical-comments-sync"]
    assert types(datasets=["file_changes"], trigger="scheduled") == ["bulk-file-changes"]
    assert types(datasets=["reviews", "comments"], trigger="scheduled") == ["historical-pr-sync"]


def test_a_decision_is_json_with_reason_facts_and_label() -> None:
    import json

    facts = Facts(volume=300, watermark=NOW)
    decision = route(parse_request(repository="octo/repo", days_back=30), facts, NOW)
    text = json.dumps(decision.as_json(facts))
    assert "Real-time processing" in text
    assert "Bulk processing in background" in text
    assert json.loads(text)["facts"]["volume"] == 300
