"""The places to charge at, and the transactions that run there."""

from dataclasses import dataclass, field
from datetime import datetime

from tests.simulator.car import Car
from tests.simulator.link import Payload


@dataclass(slots=True)
class Connector:
    """A socket or a cable."""

    id: int
    evse: int
    type: str = "sType2"
    status: str = "Available"
    operative: bool = True
    faulted: bool = False


@dataclass(slots=True)
class Transaction:
    """A running transaction."""

    id: str
    evse: int
    began: datetime
    seq_no: int = 0
    # The last charging state told, and what is told only once.
    charging_state: str | None = None
    told: set[str] = field(default_factory=set)
    connector: int | None = None
    token: Payload | None = None
    group: str | None = None
    remote_start_id: int | None = None
    reservation: int | None = None
    # Why it will have ended, if it was told to and has not yet.
    stop_reason: str | None = None
    start_wh: float = 0
    charged_seconds: float = 0
    since_sample: float = 0
    since_ended_sample: float = 0
    # What will go with its end.
    samples: list[Payload] = field(default_factory=list)


@dataclass(slots=True)
class Evse:
    """A place where one car can charge at a time."""

    id: int
    connectors: dict[int, Connector]
    operative: bool = True
    meter_wh: float = 1000
    car: Car | None = None
    # Where the car hangs.
    plugged: int | None = None
    # Who may charge here now.
    token: Payload | None = None
    group: str | None = None
    remote_start_id: int | None = None
    waited: float = 0
    transaction: Transaction | None = None
    # The points of a transaction's start and stop that were true lately.
    points: set[str] = field(default_factory=set)
    # The profile that a remote start brought along.
    profile: Payload | None = None
    reservation: Payload | None = None
    # A reset that waits for the transaction's end.
    reset_pending: bool = False
    # A card was refused, and the car may charge up to here only (E05.FR.03).
    denied_at: float | None = None
    since_aligned: float = 0
