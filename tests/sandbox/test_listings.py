"""Pages, cursors and totals as GitHub gives them."""

from tests.sandbox.ask import LATEST, get, listing, post
from tests.support.sandbox import Sandbox, start_sandbox


def walk(sandbox: Sandbox, *, first: int, order: dict[str, str]) -> list[int]:
    """The numbers on all pages."""
    numbers, after = [], None
    while True:
        page = listing(sandbox, first=first, after=after, order=order)
        numbers += [node["number"] for node in page["nodes"]]
        if not page["pageInfo"]["hasNextPage"]:
            return numbers
        after = page["pageInfo"]["endCursor"]


def test_pages_hold_every_pull_request_once_and_leave_out_the_numbers_of_issues(still: Sandbox) -> None:
    numbers = walk(still, first=37, order={"field": "CREATED_AT", "direction": "ASC"})
    assert len(numbers) == len(set(numbers)) == 120 == still.truth()["pull_requests"]
    assert numbers == sorted(numbers)
    assert 11 not in numbers


def test_the_order_by_update_is_by_update(still: Sandbox) -> None:
    nodes = listing(still, first=50, order=LATEST)["nodes"]
    times = [node["updatedAt"] for node in nodes]
    assert times == sorted(times, reverse=True)


def test_a_pull_request_touched_behind_the_cursor_is_silently_missed(shaken: Sandbox) -> None:
    """The cursor is a predicate on the sort value: this is GitHub's trap for a client that pages by update time."""
    first = listing(shaken, first=20, order=LATEST)
    later = listing(shaken, first=40, after=first["pageInfo"]["endCursor"], order=LATEST)
    touched = later["nodes"][5]["number"]
    shaken.mutate({"do": "touch", "number": touched})
    again = listing(shaken, first=100, after=first["pageInfo"]["endCursor"], order=LATEST)
    assert touched not in [node["number"] for node in again["nodes"]]
    assert touched == listing(shaken, first=1, order=LATEST)["nodes"][0]["number"]


def test_a_cursor_stays_valid_when_its_pull_request_is_gone(sandbox: Sandbox) -> None:
    page = listing(sandbox, first=10)
    sandbox.mutate({"do": "delete_pull_request", "number": page["nodes"][-1]["number"]})
    rest = listing(sandbox, first=100, after=page["pageInfo"]["endCursor"])
    assert len(rest["nodes"]) == 50
    assert rest["totalCount"] == 59


def test_rest_pages_name_the_repository_by_id_and_follow_each_other(still: Sandbox) -> None:
    answer = get(still, "{repo}/pulls/comments?per_page=100&page=2")
    for rel in ("prev", "next", "last", "first"):
        assert answer.links[rel]["url"].startswith(f"{still.url}/repositories/{still.github_id}/pulls/comments?")
    seen, url = [], f"{still.url}{answer.request.url.path}?per_page=100"
    while url:
        page = get(still, url)
        seen += [row["id"] for row in page.json()]
        url = page.links.get("next", {}).get("url", "")
    assert len(seen) == len(set(seen)) == still.truth()["inline"]


def test_since_goes_by_the_comments_own_time_and_sees_edits(shaken: Sandbox) -> None:
    number = next(n for n in range(1, 60) if shaken.pull(n)["conversation"])
    before = get(shaken, "{repo}/issues/comments?since=2030-01-01T00:00:00Z").json()
    shaken.mutate({"do": "edit_comment", "number": number, "body": "changed", "at": 1_900_000_000})
    after = get(shaken, "{repo}/issues/comments?since=2030-01-01T00:00:00Z").json()
    assert before == []
    assert [row["body"] for row in after] == ["changed"]
    moved = listing(shaken, first=1, order=LATEST)["nodes"][0]["updatedAt"]
    assert moved < "2029"  # the pull request's own time did not move


def test_the_heavy_repository_has_what_breaks_clients() -> None:
    with start_sandbox("--shape", "heavy", pull_requests=8) as heavy:
        shown = {n: heavy.pull(n) for n in range(1, 6)}
        assert len(shown[1]["reviews"]) == 250
        assert len(shown[2]["inline"]) == 120
        assert len(shown[3]["conversation"]) == 230
        assert len(shown[4]["files"]) == 700
        query = (
            "query($id: ID!) { node(id: $id) { ... on PullRequest { changedFiles files(first: 100) { totalCount } } } }"
        )
        assert post(heavy, query, id=shown[5]["id"]).json() == {"data": {"node": {"changedFiles": 0, "files": None}}}
        last = get(heavy, "{repo}/pulls/5/files?per_page=100&page=30")
        assert len(last.json()) == 100
        assert "next" not in last.links
        assert get(heavy, "{repo}/pulls/5/files?per_page=100&page=31").json() == []


def test_people_of_every_kind_and_ids_beyond_32_bits_occur(still: Sandbox) -> None:
    query = """query($owner: String!, $name: String!) { repository(owner: $owner, name: $name) {
      pullRequests(first: 100) { nodes { databaseId fullDatabaseId author { __typename login } } } } }"""
    nodes = post(still, query, owner=still.owner, name=still.name).json()["data"]["repository"]["pullRequests"]["nodes"]
    kinds = {(node["author"] or {"__typename": None})["__typename"] for node in nodes}
    assert kinds >= {"User", "Bot", "Mannequin", "Organization", "EnterpriseUserAccount", None}
    large = [node for node in nodes if int(node["fullDatabaseId"]) > 2**31 - 1]
    assert large
    assert all(node["databaseId"] is None for node in large)
    bots = [
        row["user"]["login"]
        for row in get(still, "{repo}/pulls?state=all&per_page=100").json()
        if row["user"] and row["user"]["type"] == "Bot"
    ]
    assert bots
    assert all(login.endswith("[bot]") for login in bots)


def test_the_same_seed_makes_the_same_repository() -> None:
    with (
        start_sandbox("--now", "1764000000", pull_requests=40) as one,
        start_sandbox("--now", "1764000000", pull_requests=40) as two,
    ):
        assert [one.pull(n) for n in (1, 17, 40)] == [two.pull(n) for n in (1, 17, 40)]
