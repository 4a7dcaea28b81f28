"""How long the quality report takes to make and to open: 200 repositories with activity on nearly every day of a year.

`uv run python -m benchmarks.quality_report` prints the seconds of making it, its size, and the milliseconds from asking
for the page to its load event in headless Chromium.
"""

import tempfile
import time
from pathlib import Path

from expectations.report.build import build_report
from tests.quality.clean import fill
from tests.support.browser import browser
from tests.support.postgres import test_server

_OPENED = """(async () => {
  while (performance.timing.loadEventEnd === 0) await new Promise(r => setTimeout(r, 20));
  await new Promise(r => requestAnimationFrame(() => requestAnimationFrame(r)));
  return [performance.timing.loadEventEnd - performance.timing.navigationStart, Math.round(performance.now())];
})()"""


def main() -> None:
    """Print the figures."""
    with tempfile.TemporaryDirectory(prefix="quality-report-", ignore_cleanup_errors=True) as folder:
        home = Path(folder)
        with test_server(home / "postgres") as server:
            server.execute(f"create database year template {server.migrated()}")
            fill(server.dsn("year"), repositories=200, pulls=365)
            begin = time.perf_counter()
            page = build_report(server.dsn("year"), home / "report")
            print(f"made in {time.perf_counter() - begin:.1f} s, {page.stat().st_size / 1024:.0f} kB")
        with browser() as tab:
            for attempt in range(3):
                tab.open(page.as_uri())
                tab.see("Can I use this data today?")
                loaded, painted = tab.run(_OPENED)
                print(f"opened ({attempt + 1}): loaded after {loaded} ms, painted after {painted} ms")
                tab.open("about:blank")


if __name__ == "__main__":
    main()
