"""What a reservation is to be, whatever version asks for it."""

from datetime import UTC, datetime
from typing import NamedTuple


class Wish(NamedTuple):
    """What a station was asked to keep free; EVSE 0 is any of it.

    `expires` is None where what was sent is no time.
    """

    id: int
    evse: int
    id_token: str
    group: str
    expires: datetime | None


def moment(text: str) -> datetime | None:
    """Read a time that was sent; one without a zone is UTC."""
    try:
        at = datetime.fromisoformat(text.strip())
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except ValueError, OverflowError:
        return None
