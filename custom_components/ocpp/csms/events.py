"""What happens at a station, as whoever follows it is told."""

from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from typing import Any

from .happenings import Happening
from .model import IdTokenInfo, Transaction


@dataclass(frozen=True, kw_only=True)
class SessionStarted:
    """A session that began to run."""

    transaction: Transaction


@dataclass(frozen=True, kw_only=True)
class SessionEnded:
    """A session that is over.

    `interrupted` where nobody meant to end it; `known` where its end had been guessed
    before, and has come after all.
    """

    transaction: Transaction
    interrupted: bool
    known: bool = False


@dataclass(frozen=True, kw_only=True)
class CardPresented:
    """A card that somebody held to a station, and what was thought of it.

    EVSE 0 where the station has several and does not say which. `type` is named as 2.x
    does, and empty where the station did not say. `number` tells it from any other since
    the process began.
    """

    evse: int
    id_token: str
    info: IdTokenInfo
    type: str = ""
    number: int = field(default_factory=count(1).__next__, compare=False)


@dataclass(frozen=True, kw_only=True)
class SecurityReported:
    """A security event that a station told of (A04), in its own words."""

    type: str
    at: datetime
    tech_info: str = ""


@dataclass(frozen=True, kw_only=True)
class DataReceived:
    """What a station sent in the words of its vendor (P02), and whether it was taken."""

    vendor_id: str
    message_id: str
    data: Any
    accepted: bool


type Event = (
    SessionStarted
    | SessionEnded
    | CardPresented
    | SecurityReported
    | DataReceived
    | Happening
)
