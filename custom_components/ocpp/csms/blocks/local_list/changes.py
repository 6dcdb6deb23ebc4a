"""What is to be sent so that one list becomes another, in parts that stations take."""

from collections.abc import Callable, Iterator, Sequence
import json
from typing import NamedTuple

from ...model import Payload

# What is known of each listed card, spelled for the station, by its number.
type Listed = dict[str, Payload]

# In bytes: what is around the cards of a message.
_AROUND = 200


class Change(NamedTuple):
    """A card that is listed from now on, or no more."""

    token: str
    kept: Payload
    gone: bool = False


class Limits(NamedTuple):
    """How many cards and bytes a message may have, and cards a list; None for any."""

    items: int
    size: int | None = None
    listed: int | None = None


class Update(NamedTuple):
    """One SendLocalList: the whole list, or what is different. Items are spelled."""

    full: bool
    items: list[Payload]


def whole(wanted: Listed) -> list[Change]:
    """Return what fills a list."""
    return [Change(token, kept) for token, kept in wanted.items()]


def differences(ours: Listed, wanted: Listed) -> list[Change]:
    """Return what makes one list the other; removals first, since they make room.

    Letter case does not tell two cards apart.
    """
    there = {token.casefold(): kept for token, kept in ours.items()}
    stay = {token.casefold() for token in wanted}
    return [
        Change(token, kept, gone=True)
        for token, kept in ours.items()
        if token.casefold() not in stay
    ] + [
        Change(token, kept)
        for token, kept in wanted.items()
        if there.get(token.casefold()) != kept
    ]


def in_parts(
    changes: Sequence[Change],
    limits: Limits,
    spell: Callable[[Change], Payload],
    *,
    full: bool,
) -> list[Update]:
    """Return changes as messages: the first replaces the list where it is `full`.

    A list that is replaced by nothing takes one message, nothing different takes none.
    """
    parts = list(_parts([spell(change) for change in changes], limits))
    if full and not parts:
        parts = [[]]
    return [Update(full and not index, part) for index, part in enumerate(parts)]


def _parts(items: list[Payload], limits: Limits) -> Iterator[list[Payload]]:
    part: list[Payload] = []
    size = _AROUND
    for item in items:
        # As it is written with blanks: some stations count what they read it into.
        more = len(json.dumps(item)) + 2
        too_large = limits.size is not None and size + more > limits.size
        if part and (len(part) >= limits.items or too_large):
            yield part
            part, size = [], _AROUND
        part.append(item)
        size += more
    if part:
        yield part
