"""What stations tell of a transaction, whatever version they spell it in."""

from datetime import datetime
from typing import NamedTuple

# In characters, of a moment as a station wrote it.
LONGEST_TOLD = 40


class Start(NamedTuple):
    """What a station tells of a transaction it started. The register is in Wh."""

    evse: int
    id_token: str
    at: datetime
    dated: bool
    told: str
    meter_start: float | None
    reservation: int | None


class Stop(NamedTuple):
    """What a station tells of a transaction it ended. The register is in Wh.

    The id is None for the values that mean "none was ever given to me".
    """

    transaction_id: str | None
    id_token: str
    at: datetime
    dated: bool
    told: str
    meter_stop: float | None
    reason: str
