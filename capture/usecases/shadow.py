"""Comparing both processors by what they observed in shadow runs."""

from datetime import datetime, timedelta
from typing import Any, Protocol

from capture.core.costs import DEFAULT_PRICES, Prices, dollars
from capture.core.errors import InvalidInput
from capture.core.models import Processor, Row
from capture.core.request import parse_repository


class ShadowStore(Protocol):
    """What comparing needs."""

    async def find_repository(self, owner: str, name: str) -> Row | None:
        """A repository by its present name."""
        ...

    async def shadow_report(
        self, *, repository_id: str | None = None, since: datetime | None = None, limit: int = 100
    ) -> Row:
        """What both sides observed."""
        ...

    async def server_time(self) -> datetime:
        """The database's clock."""
        ...


async def compare(
    store: ShadowStore,
    repository: str | None = None,
    *,
    days: int | None = None,
    limit: int = 50,
    prices: Prices = DEFAULT_PRICES,
) -> dict[str, Any]:
    """Both sides of completed shadow pairs, with a verdict in one sentence and the exit code that belongs to it.

    0: they agree; 1: a field differs or one side missed a record; 3: there is nothing to compare, which proves nothing.
    """
    repository_id = None
    if repository is not None:
        owner, name = parse_repository(repository)
        row = await store.find_repository(owner, name)
        if row is None:
            raise InvalidInput("repository", f"{repository} is not known here")
        repository_id = str(row["id"])
    since = await store.server_time() - timedelta(days=days) if days is not None else None
    found = await store.shadow_report(repository_id=repository_id, since=since, limit=limit)
    processors: tuple[Processor, ...] = ("inngest", "github_actions")
    sides = [
        {"side": side, **_priced(side, found["sides"][side], prices)} for side in processors if side in found["sides"]
    ]
    records = found["records"]
    one_sided = records["only_inngest"] + records["only_github_actions"]
    code, verdict = _verdict(found, records, one_sided)
    return {**found, "sides": sides, "one_sided_count": one_sided, "verdict": verdict, "exit_code": code}


def _verdict(found: Row, records: Row, one_sided: int) -> tuple[int, str]:
    if not found["pairs"] or not records["both"] + one_sided:
        return 3, "There is nothing to compare: no shadow pair has completed with observations."
    changed = f"; {records['changed_between']} changed in between" if records["changed_between"] else ""
    if found["disagreeing"] or one_sided:
        differ = f"{found['disagreeing']} of {records['both']} records disagree"
        return 1, f"{differ}, {one_sided} were seen by one side alone{changed}."
    return 0, f"All {records['agree']} records that both have seen at the same version agree{changed}."


def _priced(side: Processor, figures: Row, prices: Prices) -> Row:
    price = dollars(side, float(figures["billed_minutes"]), int(figures["executions"]), prices)
    return {**figures, "dollars": round(price, 6), "seconds": round(float(figures["seconds"] or 0), 1)}
