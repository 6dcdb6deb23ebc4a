"""Moments as stations write them: without a zone, decades off, or hours ahead."""

from datetime import UTC, datetime, timedelta
import re
from typing import Any, NamedTuple, Protocol, cast

from .model import utcnow

# A moment as all stations are told it.
_TOLD = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\.\d{3}Z", re.ASCII)

# A clock that was never set starts at 1970 or 2000; OCPP 1.6 itself is of 2015.
_EARLIEST = datetime(2015, 1, 1, tzinfo=UTC)
_AHEAD = timedelta(minutes=5)
# Queued messages arrive in a burst, or at least faster than they were written. A station
# that after this long dates its messages back by about the same has set its clock back.
_BURST = timedelta(seconds=60)
_FASTER = 2


class Dated(Protocol):
    """Something that happened at a time. `dated` is false when the time is our own guess."""

    @property
    def at(self) -> datetime:
        """Return when it happened."""

    @property
    def dated(self) -> bool:
        """Return whether the station said so."""


class Moment(NamedTuple):
    """When something happened. `dated` is false when the station's word was no use."""

    at: datetime
    dated: bool


def moment(text: Any, *, received: datetime | None = None) -> Moment:
    """Read a station's timestamp; fall back on the time of reception.

    A time without a zone is UTC. One before the specification existed, or more than five
    minutes ahead of us, shows a clock that is not set: it would put the event in a wrong
    session or keep every later one from being shown.
    """
    received = received or utcnow()
    if not isinstance(text, str):
        return Moment(received, dated=False)
    try:
        at = datetime.fromisoformat(text.strip())
        if at.tzinfo is not UTC:
            at = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except ValueError, OverflowError:
        return Moment(received, dated=False)
    if not _EARLIEST <= at <= received + _AHEAD:
        return Moment(received, dated=False)
    return Moment(at, dated=True)


def in_whole_seconds[T](said: T) -> T:
    """Return something to say with the moments in it without fractions of seconds."""
    told: Any = said
    if isinstance(said, str):
        match = _TOLD.fullmatch(said)
        told = f"{match[1]}Z" if match is not None else said
    elif isinstance(said, dict):
        told = {key: in_whole_seconds(value) for key, value in said.items()}
    elif isinstance(said, list):
        told = [in_whole_seconds(value) for value in said]
    return cast("T", told)


class Order:
    """Tells what a station queued while it was offline from a clock that was set back."""

    def __init__(self) -> None:
        """Begin with a station that dates its messages in order."""
        self._behind_since: datetime | None = None
        self._behind_from: datetime | None = None

    def restore(self) -> None:
        """Take the station for one that dates its messages in order, until it does not."""
        self._behind_since = None

    def is_overtaken(self, word: Dated, by: Dated | None, received: datetime) -> bool:
        """Return whether a word of the station is older than what it said already.

        What it queued comes after what it says of the present, and must not replace that.
        Without usable times the order of arrival is all there is.
        """
        if by is None or not word.dated or not by.dated:
            return False
        if word.at >= by.at:
            self._behind_since = None
            return False
        if self._behind_since is None or self._behind_from is None:
            self._behind_since, self._behind_from = received, word.at
        passed = received - self._behind_since
        return passed < _BURST or word.at - self._behind_from > _FASTER * passed
