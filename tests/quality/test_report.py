"""The report as a file: complete without any other, and what people wrote on GitHub shows as text."""

import csv
from html.parser import HTMLParser
from pathlib import Path

import psycopg

from expectations.harmless import harmless
from expectations.report.build import build_report

EVIL = "<script>alert(1)</script><img src=x onerror=alert(2)>"


class Loads(HTMLParser):
    """What a page would load or run, and its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.acts: list[str] = []
        self.text: list[str] = []
        self.links: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Notes scripts, handlers, and addresses that a browser asks for by itself."""
        for name, value in attrs:
            fetched = name in ("src", "srcset", "data", "action") or (name == "href" and tag == "link")
            if (fetched and not (value or "").startswith("data:")) or name.startswith("on"):
                self.acts.append(f"{tag} {name}={value}")
            if tag == "a" and name == "href":
                self.links.append(value or "")
        if tag in ("script", "iframe", "img", "object", "embed"):
            self.acts.append(tag)

    def handle_data(self, data: str) -> None:
        """Collects what a reader sees."""
        self.text.append(data)


def broken(dsn: str) -> None:
    """Names and addresses as somebody with bad intentions would choose them, where the report shows them."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("update repositories set name = %s where name = 'lander'", (EVIL,))
        connection.execute(
            "with run as (insert into dq_runs (checkpoint, status, started_at, finished_at)"
            " values ('demand', 'failed', now(), now()) returning id),"
            " result as (insert into dq_results (run_id, suite, expectation, description, severity, status, unexpected)"
            " select id, 'overlap', 'fields_agree', 'They agree', 'critical', 'failed', 1 from run returning id)"
            " insert into dq_failures (result_id, number, record, field, expected, found, url)"
            " select id, 7, %s, 'title', %s, '=cmd()', 'javascript:alert(3)' from result",
            (EVIL, EVIL),
        )


def test_titles_and_names_with_markup_show_as_text_and_no_link_runs_a_script(clean: str, tmp_path: Path) -> None:
    broken(clean)
    page = Loads(build_report(clean, tmp_path).read_text())
    text = "".join(page.text)
    assert page.acts == []
    assert text.count(EVIL) >= 3
    assert not [link for link in page.links if link.startswith("javascript")]


def test_the_first_words_of_the_report_are_the_answer_and_its_reason(clean: str, tmp_path: Path) -> None:
    page = Loads(build_report(clean, tmp_path).read_text())
    words = " ".join(" ".join(page.text).split())
    assert "Can I use this data today? Cannot tell" in words
    assert "2 of 2 repositories are concerned" in words


def test_every_table_can_be_had_as_csv_and_a_spreadsheet_runs_none_of_it(clean: str, tmp_path: Path) -> None:
    broken(clean)
    build_report(clean, tmp_path)
    tables = {path.stem: list(csv.DictReader(path.open())) for path in (tmp_path / "csv").glob("*.csv")}
    assert {"repositories", "datasets", "days", "gaps", "failures", "results", "runs", "cost"} <= set(tables)
    assert [row["found"] for row in tables["failures"]] == ["'=cmd()"]
    assert sum(int(row["listed"]) for row in tables["days"]) == 120


def test_open_gaps_link_to_their_pull_requests(clean: str, tmp_path: Path) -> None:
    with psycopg.connect(clean, autocommit=True) as connection:
        connection.execute(
            "delete from reviews where pull_request_id in (select id from pull_requests where number = 31)"
        )
        connection.execute("select reconcile_rows('{}')")
    page = Loads(build_report(clean, tmp_path).read_text())
    assert "https://github.com/acme/rocket/pull/31" in page.links
    assert "being repaired" in "".join(page.text)


def test_pages_of_others_lose_whatever_acts_and_keep_their_words() -> None:
    page = (
        "<html><head><script src='https://a/x.js'></script><link href='https://a/y.css'></head><body onload='x()'>"
        "<nav><a href='https://a'>away</a></nav><p onclick='y()'>A &lt;b&gt; <a href='javascript:z()'>b</a></p>"
        "<a href='https://github.com/acme/rocket/pull/1'>#1</a><img src='https://beacon'></body></html>"
    )
    clean = Loads(harmless(page))
    assert clean.acts == []
    assert clean.links == ["https://github.com/acme/rocket/pull/1"]
    assert "A <b> b" in "".join(clean.text)
