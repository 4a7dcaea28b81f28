"""The report and the Data Docs in a browser without a network: complete, readable, asking for nothing."""

from pathlib import Path

import psycopg
import pytest

from expectations.session import Question, ask
from tests.support.browser import Page, browser

pytestmark = pytest.mark.browser

EVIL = "<script>document.title='owned'</script><img src=x onerror=alert(1)>"


def made(dsn: str, folder: Path) -> tuple[Path, Path]:
    """A report and its documents, with defects in them, one of them by somebody with bad intentions."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(
            "delete from reviews where pull_request_id in (select id from pull_requests where number = 31)"
        )
        connection.execute("update contributors set login = %s where login = 'dev-7'", (EVIL,))
    run = ask(dsn, Question(), folder)
    assert run.status == "failed"
    assert run.report
    assert run.docs
    return Path(run.report), Path(run.docs)


def offline(page: Page, path: Path) -> None:
    """Open a file while there is no network."""
    page.call("Network.enable")
    page.call("Network.emulateNetworkConditions", offline=True, latency=0, downloadThroughput=-1, uploadThroughput=-1)
    page.open(path.as_uri())


def asked_for(page: Page) -> list[str]:
    """Whatever the page tried to load beside itself, and whatever in it would act."""
    return page.run(
        "[...performance.getEntriesByType('resource').map(e => e.name),"
        " ...[...document.querySelectorAll('script, img, iframe, object, link[rel=stylesheet]')].map(e => e.outerHTML)]"
    )


def test_the_report_is_complete_without_a_network_and_asks_for_nothing(clean: str, tmp_path: Path) -> None:
    report, _ = made(clean, tmp_path)
    with browser() as page:
        offline(page, report)
        page.see(
            "Can I use this data today?", "No", "reviews complete", "#31", "Completeness by repository and day", "Cost"
        )
        assert asked_for(page) == []
        assert page.run("document.querySelectorAll('svg.heat path').length") >= 2
        assert page.run("document.title") != "owned"
        assert EVIL in page.text()


def test_the_data_docs_are_complete_without_a_network_and_ask_for_nothing(clean: str, tmp_path: Path) -> None:
    _, index = made(clean, tmp_path)
    with browser() as page:
        offline(page, index)
        page.see("Data Docs", "Failed", "completeness", "values")
        assert asked_for(page) == []
        offline(page, index.with_name("completeness.html"))
        page.see("Every pull request has as many reviews as GitHub counts", "31")
        assert asked_for(page) == []
        offline(page, index.with_name("values.html"))
        page.see("Every login has the one form", EVIL)
        assert asked_for(page) == []
        assert page.run("document.title") != "owned"
