"""`capture plan`: looking at up to three listing pages, and what the whole history would take."""

from capture.core.estimate import Estimate, estimate
from capture.core.source import Listing, Source

PAGE = 100


async def plan_capture(source: Source, owner: str, name: str) -> tuple[str, Estimate]:
    """Estimate a repository's whole history; answers its present name and the estimate.

    One page of the oldest pull requests and up to two of the most recently updated: activity changes over the years.
    """
    newest = await source.listing(owner, name, field="UPDATED_AT", after=None, first=PAGE)
    pages: list[Listing] = [newest]
    if newest.has_next:
        pages.append(await source.listing(owner, name, field="CREATED_AT", after=None, first=PAGE))
    if newest.total > 2 * PAGE:
        pages.append(await source.listing(owner, name, field="UPDATED_AT", after=newest.cursor, first=PAGE))
    recent = [item for page in (pages[0], *pages[2:]) for item in page.items]
    known = {item.number for item in recent}
    oldest = [item for page in pages[1:2] for item in page.items if item.number not in known]
    seconds = sum(page.seconds for page in pages) / len(pages)
    full_name = f"{newest.repository['owner']}/{newest.repository['name']}"
    return full_name, estimate(newest.total, [recent, oldest], listing_seconds=seconds)
