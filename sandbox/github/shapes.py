"""How much hangs on each generated pull request: the everyday mixture, the workload W and the heavy repository."""

from collections.abc import Callable
from dataclasses import dataclass

_MASK = (1 << 64) - 1


def mix(*values: int) -> int:
    """64 well-mixed bits of a few numbers: the only chance in generated data, so any part can be made alone."""
    state = 0x9E3779B97F4A7C15
    for value in values:
        state = (state ^ (value & _MASK)) * 0xBF58476D1CE4E5B9 & _MASK
        state = (state ^ (state >> 27)) * 0x94D049BB133111EB & _MASK
        state ^= state >> 31
    return state


@dataclass(frozen=True, slots=True)
class Counts:
    """Rows below one pull request. `files_null` is the case of GitHub's "too many files to say"."""

    reviews: int
    inline: int
    conversation: int
    files: int
    one_review: bool = False
    files_null: bool = False


@dataclass(frozen=True, slots=True)
class Shape:
    """A family of repositories: the counts by position of the pull request (from 1), and how people and texts look."""

    counts: Callable[[int, int], Counts]
    users: int = 30
    body: int = 300
    odd: bool = True
    """Whether texts are odd (emoji, CRLF, NUL, 65,536 characters) and issues take some of the numbers."""


def _mixed(seed: int, place: int) -> Counts:
    bits = mix(seed, place, 1)
    reviews = (0, 1, 1, 2, 2, 3, 4, 6)[bits & 7]
    inline = (0, 0, 1, 2, 3, 5, 8, 13)[bits >> 3 & 7] if reviews else 0
    conversation = (0, 1, 2, 2, 3, 4, 5, 9)[bits >> 6 & 7]
    files = 1 + (bits >> 9) % 15
    if place % 100 == 17:
        return Counts(reviews, inline, 104 + place % 40, files)
    if place % 100 == 41:
        return Counts(103 + place % 20, 12, conversation, files)
    if place % 100 == 63:
        return Counts(2, 107 + place % 30, conversation, 9, one_review=True)
    if place % 100 == 89:
        return Counts(reviews, inline, conversation, 130 + place % 90)
    if place % 50 == 49:
        return Counts(0, 0, 0, 0)
    return Counts(reviews, inline, conversation, files)


def _workload(seed: int, place: int) -> Counts:
    return Counts(3, 3, 2, 8)


def _heavy(seed: int, place: int) -> Counts:
    special = {
        1: Counts(250, 40, 2, 8),
        2: Counts(1, 120, 2, 8, one_review=True),
        3: Counts(2, 3, 230, 8),
        4: Counts(2, 3, 2, 700),
        5: Counts(2, 3, 2, 3_127, files_null=True),
        6: Counts(0, 0, 0, 0),
    }
    return special.get(place) or _workload(seed, place)


def _growing(seed: int, place: int) -> Counts:
    """The first pull requests are hardly discussed, later ones more and more."""
    busy = min(12, place // 75)
    bits = mix(seed, place, 4)
    reviews = bits % (busy // 2 + 1)
    inline = (bits >> 8) % (busy + 1) if reviews else 0
    return Counts(reviews, inline, (bits >> 16) % (busy + 1), 1 + (bits >> 24) % (4 + busy))


def _bare(seed: int, place: int) -> Counts:
    return Counts(0, 0, 0, 1)


SHAPES = {
    "mixed": Shape(_mixed),
    "workload": Shape(_workload, users=20, body=500, odd=False),
    "heavy": Shape(_heavy),
    "growing": Shape(_growing),
    "bare": Shape(_bare, users=5, body=80, odd=False),
}
