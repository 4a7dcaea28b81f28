"""The status page and the reports, as a browser gets them."""

import re
import subprocess
from html.parser import HTMLParser
from http.client import HTTPConnection
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from tests.inngest.rig import Rig

HOSTILE = "<script>alert(1)</script>\"'&"


class Reading(HTMLParser):
    """Tags with their attributes, and the text between them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def insert(rig: Rig, **values: object) -> str:
    """A job's row as some worker might leave it."""
    row: dict[str, object] = {
        "job_type": "historical-pr-sync", "owner": "acme", "name": "rocket", "processor_type": "github_actions",
        "trigger": "manual", "scope_hash": uuid4().hex, **values,
    }  # fmt: skip
    names = ", ".join(row)
    marks = ", ".join(["%s"] * len(row))
    query = f"insert into progressive_capture_jobs ({names}) values ({marks}) returning id"
    return str(rig.sql(query, *row.values())[0]["id"])


def page(rig: Rig) -> Reading:
    answer = httpx.get(f"{rig.app.url}/")
    assert answer.status_code == 200
    return Reading(answer.text)


def test_the_page_shows_both_processors_and_loads_nothing_from_elsewhere(rig: Rig) -> None:
    shown = page(rig)
    assert "Real-time processing" in shown.text
    assert "Bulk processing in background" in shown.text
    assert ("meta", {"http-equiv": "refresh", "content": "5"}) in shown.tags
    assert not [tag for tag, _ in shown.tags if tag in ("script", "iframe", "img", "form")]
    for _, attributes in shown.tags:
        assert "style" not in attributes
        for name in ("href", "src"):
            assert (attributes.get(name) or "/").startswith("/")
    for asset in ("/static/status.css", "/static/icon.svg"):
        answer = httpx.get(f"{rig.app.url}{asset}")
        assert answer.status_code == 200
        assert not re.search(r"url\(|@import|https?://(?!www\.w3\.org/2000/svg)", answer.text)
    assert "default-src 'none'" in httpx.get(f"{rig.app.url}/").headers["content-security-policy"]


def test_progress_estimate_and_log_are_shown_for_a_running_bulk_job(rig: Rig) -> None:
    rig.sql("delete from progressive_capture_jobs where owner = 'acme'")
    insert(
        rig, status="processing", started_at="2026-01-01T00:00:00Z", items_done=30, items_total=120, time_range_days=30,
        run_url="https://github.com/acme/jobs/actions/runs/7", executed_by="github_actions",
    )  # fmt: skip
    shown = page(rig)
    assert "30 of 120 items" in " ".join(shown.text.split())
    assert ("progress", {"max": "1", "value": "0.25"}) in shown.tags
    links = [attributes for tag, attributes in shown.tags if tag == "a"]
    assert {"href": "https://github.com/acme/jobs/actions/runs/7", "rel": "noreferrer noopener"} in links
    assert any("the job's own pace" in (attributes.get("title") or "") for _, attributes in shown.tags)
    rig.sql("delete from progressive_capture_jobs where owner = 'acme'")


def test_hostile_text_stays_text(rig: Rig) -> None:
    insert(
        rig, owner=HOSTILE, name=HOSTILE, status="failed", completed_at="2026-01-01T00:00:00Z", error=HOSTILE,
        run_url="javascript:alert(1)",
    )  # fmt: skip
    insert(rig, owner="acme", status="deferred", deferred_reason=HOSTILE)
    rig.sql("insert into alerts (kind, severity, subject, message) values ('x', 'critical', %s, %s)", HOSTILE, HOSTILE)
    html = httpx.get(f"{rig.app.url}/").text
    assert "<script" not in html
    assert "javascript:" not in html
    assert html.count("&lt;script&gt;") >= 6
    rig.sql("delete from progressive_capture_jobs where error is not null or owner = 'acme'")
    rig.sql("delete from alerts")


def test_reports_are_served_from_the_home_and_nothing_beside_them(rig: Rig, home: Path) -> None:
    assert httpx.get(f"{rig.app.url}/quality/").status_code == 404
    reports = home / "reports"
    (reports / "index.html").write_text("<h1>Can I use this data today?</h1>")
    (home / "secret").write_text("password")
    answer = httpx.get(f"{rig.app.url}/quality/")
    assert "Can I use" in answer.text
    assert "connect-src 'none'" in answer.headers["content-security-policy"]
    assert any(attributes.get("href") == "/quality/" for _, attributes in page(rig).tags)
    for path in ("/quality/../secret", "/quality/%2e%2e/secret", "/static/../services.py", "/quality/..%2fsecret"):
        connection = HTTPConnection(rig.app.url.removeprefix("http://"))  # it sends the path as it stands
        connection.request("GET", path)
        assert connection.getresponse().status == 404
        connection.close()


@pytest.mark.browser
def test_a_browser_draws_the_page(rig: Rig, tmp_path: Path) -> None:
    """Chromium shows it without a console error."""
    picture = tmp_path / "page.png"
    done = subprocess.run(
        ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr", "--window-size=1280,900",
         f"--user-data-dir={tmp_path / 'profile'}", f"--screenshot={picture}", f"{rig.app.url}/"],
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert picture.stat().st_size > 20_000
    assert "CONSOLE" not in done.stderr
