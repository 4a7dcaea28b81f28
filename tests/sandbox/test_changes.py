"""Changes on GitHub's side, and what they move."""

import itertools
import time
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.sandbox.ask import get
from tests.support.sandbox import Sandbox

MOMENTS = itertools.count(1_900_000_000)  # from 2030-03-17 on, each another second


def busy(shaken: Sandbox) -> int:
    """A pull request with at least two rows in each list."""
    return next(
        n
        for n in range(1, 60)
        if n % 11 and all(len(shaken.pull(n)[name]) >= 2 for name in ("reviews", "inline", "conversation"))
    )


@pytest.mark.parametrize(
    ("change", "name", "difference", "moves"),
    [
        ({"do": "touch"}, "reviews", 0, True),
        ({"do": "edit", "title": "new title"}, "reviews", 0, True),
        ({"do": "comment"}, "conversation", 1, True),
        ({"do": "review_comment"}, "inline", 1, True),
        ({"do": "review", "state": "APPROVED"}, "reviews", 1, True),
        ({"do": "review", "state": "PENDING"}, "reviews", 0, False),
        ({"do": "edit_comment", "list": "inline"}, "inline", 0, False),
        ({"do": "delete_comment", "list": "conversation"}, "conversation", -1, False),
        ({"do": "minimize"}, "conversation", 0, False),
        ({"do": "resolve"}, "inline", 0, False),
        ({"do": "reopen"}, "reviews", 0, True),
        ({"do": "force_push", "files": 3}, "reviews", 0, True),
    ],
)
def test_a_change_moves_the_time_of_update_only_where_github_does(
    shaken: Sandbox, change: dict[str, Any], name: str, difference: int, moves: bool
) -> None:
    number = busy(shaken)
    before = shaken.pull(number)
    shaken.mutate({**change, "number": number, "at": next(MOMENTS)})
    after = shaken.pull(number)
    assert (after["updatedAt"] != before["updatedAt"]) == moves
    assert len(after[name]) - len(before[name]) == difference
    if change["do"] == "force_push":
        assert len(after["files"]) == 3
        assert after["headRefOid"] != before["headRefOid"]


def test_a_deleted_review_takes_its_comments_along(shaken: Sandbox) -> None:
    number = busy(shaken)
    inline = len(shaken.pull(number)["inline"])
    shaken.mutate({"do": "delete_review", "number": number, "index": 0})
    assert len(shaken.pull(number)["inline"]) < inline


def test_a_new_and_a_deleted_pull_request_change_the_totals(shaken: Sandbox) -> None:
    before = shaken.truth()["pull_requests"]
    made = shaken.mutate({"do": "new_pull_request"})[0]["number"]
    assert shaken.truth()["pull_requests"] == before + 1
    shaken.mutate({"do": "delete_pull_request", "number": made}, {"do": "delete_pull_request", "number": 1})
    assert shaken.truth()["pull_requests"] == before - 1
    assert get(shaken, "{repo}/pulls/1").status_code == 404


@pytest.mark.parametrize("stateless", [False, True])
def test_an_app_mints_tokens_of_both_forms_which_expire(shaken: Sandbox, stateless: bool) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    installation = shaken.app(app_id="77", public_key=public.decode(), stateless=stateless)["installation"]
    path = f"/app/installations/{installation}/access_tokens"

    def mint(expires: int) -> Any:
        now = int(time.time())
        token = jwt.encode({"iat": now - 60, "exp": now + expires, "iss": "77"}, key, algorithm="RS256")
        return shaken.client.post(path, headers={"authorization": f"bearer {token}"})

    assert mint(700).json()["message"] == "'Expiration time' claim ('exp') is too far in the future"
    made = mint(540)
    token = made.json()["token"]
    assert made.status_code == 201
    assert (len(token) == 40) is not stateless
    assert get(shaken, "{repo}", authorization=f"bearer {token}").status_code == 200
    assert shaken.expire(token) == 1
    assert get(shaken, "{repo}", authorization=f"bearer {token}").status_code == 401
