"""Moments as stations write them: without a zone, decades off, or hours ahead."""

from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from .model import utcnow

# A clock that was never set starts at 1970 or 2000; OCPP 1.6 itself is of 2015.
_EARLIEST = datetime(2015, 1, 1, tzinfo=UTC)
_AHEAD = timedelta(minutes=5)
# Queued messages arrive in a burst. Once this long has passed without a fresher word, an
# older timestamp means a clock that was set back, not an old message.
BURST = timedelta(seconds=60)


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
        at = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except ValueError, OverflowError:
        return Moment(received, dated=False)
    if not _EARLIEST <= at <= received + _AHEAD:
        return Moment(received, dated=False)
    return Moment(at, dated=True)
