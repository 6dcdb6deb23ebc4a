"""The neutral model: what a charging station is and does, in the words of OCPP 2.x."""

from collections.abc import Coroutine, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, NamedTuple

type Payload = dict[str, Any]
# What a message is answered, or what has to be waited for before that is known.
type Answer = Payload | Coroutine[Any, Any, Payload]
# More EVSEs than any station has; a message can't make one grow without end.
MOST_EVSES = 64
# No card has it, so it is no secret either.
DEFAULT_ID_TOKEN = "HomeAssistant"
# The end of a session whose own end never came.
UNKNOWN_END = "unknown_end"


class RegistrationStatus(StrEnum):
    """What a BootNotification is answered (B01)."""

    ACCEPTED = "Accepted"
    PENDING = "Pending"
    REJECTED = "Rejected"


class EvseStatus(StrEnum):
    """What an EVSE is doing: the connector's status, refined by the transaction's."""

    AVAILABLE = "available"
    PREPARING = "preparing"
    OCCUPIED = "occupied"
    CHARGING = "charging"
    SUSPENDED_EV = "suspended_ev"
    SUSPENDED_EVSE = "suspended_evse"
    FINISHING = "finishing"
    RESERVED = "reserved"
    UNAVAILABLE = "unavailable"
    FAULTED = "faulted"


# The statuses in which a car is certainly at the cable.
PLUGGED_IN = frozenset(
    {
        EvseStatus.PREPARING,
        EvseStatus.OCCUPIED,
        EvseStatus.CHARGING,
        EvseStatus.SUSPENDED_EV,
        EvseStatus.SUSPENDED_EVSE,
        EvseStatus.FINISHING,
    }
)
# The statuses that only a running transaction can be in.
IN_TRANSACTION = frozenset(
    {EvseStatus.CHARGING, EvseStatus.SUSPENDED_EV, EvseStatus.SUSPENDED_EVSE}
)


class Topic(StrEnum):
    """The parts of a station that change on their own."""

    # Enum's own hash is Python code, and each message looks up dozens of parts.
    __hash__ = str.__hash__

    CONNECTION = "connection"
    LAST_SEEN = "last_seen"
    INFO = "info"
    # New EVSEs or measurands: there is more to show than before.
    STRUCTURE = "structure"
    AVAILABILITY = "availability"
    STATUS = "status"
    TRANSACTION = "transaction"
    # How much the transaction has charged: changes with every sample.
    ENERGY = "energy"
    # How many whole minutes it runs, as far as samples tell.
    DURATION = "duration"
    METER = "meter"
    LIMIT = "limit"
    LOCAL_LIST = "local_list"
    RESERVATION = "reservation"
    FIRMWARE = "firmware"
    # A restart that waits until nobody charges.
    RESET = "reset"
    DISPLAY = "display"
    LOG = "log"  # Their upload.
    CERTIFICATES = "certificates"
    # What a variable tells that something is wrong with it, by its place.
    PROBLEM = "problem"
    GRID = "grid"  # What it demands, and the batteries in the slots of a swap station.
    BATTERY = "battery"
    # One configuration key, or variable of 2.x, by its name.
    CONFIGURATION = "configuration"


class Part(NamedTuple):
    """One part of a station, as listeners name it. EVSE 0 is the station as a whole."""

    topic: Topic
    evse: int = 0
    key: str = ""


@dataclass(frozen=True, kw_only=True)
class StationInfo:
    """What a station says of itself when it boots. Unknown parts are empty."""

    vendor: str = ""
    model: str = ""
    serial: str = ""
    firmware: str = ""


@dataclass(frozen=True, kw_only=True)
class StationSettings:
    """What people decide about one station.

    `maximum_current` is in ampere per phase, `phases` how many it is wired with, `id_token` what
    starts from here are done with, `security_profile` the least of its connection (A00).
    """

    registration: RegistrationStatus = RegistrationStatus.ACCEPTED
    maximum_current: float = 32
    phases: int = 3
    id_token: str = ""
    security_profile: int = 0
    renew_expired: bool = False  # Its certificate, once it is over (A00.FR.429).
    password_hash: str = ""  # Of what it has to show, if anything.
    may_discharge: bool | None = None  # The car (Q01); None while nobody decided.
    firmware_url: str = ""  # It may have a password in it.
    # What is to be done otherwise than the table of models says: fields of `Compatibility`.
    compatibility: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Options:
    """How the central system treats all of its stations. Intervals are in seconds."""

    # What becomes of who is not known: ask, adopt or refuse.
    unknown_chargers: str = "ask"
    # Send nothing that the protocol does not owe a station.
    quiet: bool = False
    heartbeat_interval: int = 300
    pending_interval: int = 30
    assume_16: bool = True  # Some chargers offer no subprotocol at all.
    # Whether tokens that nobody listed may charge; None for as long as none is listed.
    accept_unknown: bool | None = None
    concurrent_tx: bool = True  # Whether one token may have several sessions at a time.
    # Whether stations are told the listed tokens, to know them also while they are offline.
    local_list: bool = False
    # The token that starts made here are done with; in 1.6 they have 20 characters at most.
    id_token: str = DEFAULT_ID_TOKEN
    # Whose DataTransfer messages are taken, without letter case.
    known_vendors: frozenset[str] = frozenset()
    vat_numbers: tuple[str, ...] = ()  # Those that hold, with companies; "*" is any.
    call_timeout: float = 30
    boot_grace: float = 5  # How long a station may take to boot after it connected.
    # How long a station is left alone after it booted.
    settle: float = 1
    # How long after it connected a station may take to send what it had queued.
    queue_grace: float = 60
    # How long an adopted station may take to boot when it is asked to.
    adoption_grace: float = 5


@dataclass(frozen=True, kw_only=True)
class ConnectorState:
    """What the last StatusNotification of an EVSE said."""

    status: EvseStatus
    error_code: str = "no_error"
    vendor_error: str = ""
    # When the station says it happened, and when we heard of it. `dated` is false when
    # the station's word was no use.
    at: datetime
    received: datetime
    dated: bool = True


class SampleSet(NamedTuple):
    """What a meter read at one moment: the values by key, in canonical units.

    `dated` is false when the moment is our own guess.
    """

    at: datetime
    values: dict[str, float]
    dated: bool = True


class Sampled(NamedTuple):
    """When a meter was read, and when we heard of it.

    `dated` is false when the station did not say, as far as can be known, when it was.
    """

    at: datetime
    received: datetime
    dated: bool = True


class MeterReading(NamedTuple):
    """The newest value of a measurand and phase of an EVSE, and when it was sampled."""

    value: float
    at: datetime
    received: datetime
    dated: bool


@dataclass(frozen=True, kw_only=True)
class IdTokenInfo:
    """What the central system thinks of an id token (C01), in the words of 2.x.

    Tokens of one `group` may end each other's sessions. `priority` is from -9 to 9.
    """

    status: str = "Accepted"
    group: str = ""
    expires: datetime | None = None
    priority: int = 0

    @property
    def accepted(self) -> bool:
        """Return whether the token may charge."""
        return self.status == "Accepted"


@dataclass(frozen=True, kw_only=True)
class Transaction:
    """One transaction of an EVSE. Energies are in Wh.

    `number` is ours and unique over all stations and restarts; `id` is what the station
    calls it, which differs when another central system began it.
    """

    number: int
    id: str
    station: str
    evse: int
    started: datetime
    # When it began, or ended where only that is known, as the station wrote it.
    told: str = ""
    id_token: str = ""
    token_info: IdTokenInfo = IdTokenInfo()
    meter_start: float | None = None
    energy: float = 0
    exported: float | None = None  # What the car gave back, where that is counted.
    # In the currency that was Home Assistant's then; None where there was no price.
    cost: float | None = None
    # Whether the price of all its energy was known.
    cost_complete: bool = True
    currency: str | None = None
    card: str | None = None  # What it was called when it started.
    ended: datetime | None = None
    meter_stop: float | None = None
    stop_reason: str | None = None

    @property
    def running(self) -> bool:
        """Return whether it has not ended yet."""
        return self.ended is None


@dataclass(frozen=True, kw_only=True)
class Reservation:
    """An EVSE that a station keeps free for an id token; EVSE 0 is any of the station.

    Tokens of its `group` may use it as well.
    """

    id: int
    station: str
    evse: int
    id_token: str
    group: str = ""
    made: datetime
    expires: datetime


class RateUnit(StrEnum):
    """The unit of a charging limit: ampere per phase, or watts in total."""

    AMPERE = "A"
    WATT = "W"


@dataclass(frozen=True, kw_only=True)
class Limit:
    """A charging limit that a station accepted.

    `value` and `unit` are what was asked for; `sent_value` and `sent_unit` what the station
    was sent in their place, which differs where it only takes the other unit, or only some
    values: `lowered` is whether it was less for that reason.
    """

    value: float
    unit: RateUnit
    purpose: str
    sent_value: float
    sent_unit: RateUnit
    phases: int | None = None
    until: datetime | None = None
    lowered: bool = False


@dataclass(frozen=True, kw_only=True)
class ChargingProfile:
    """A profile that a station holds, in the words of 2.x (K01). EVSE 0 is all of them.

    `schedules` are as they were sent: 1.6 spells them as 2.x does, and has one only.
    """

    id: int
    station: str
    evse: int
    stack_level: int
    purpose: str
    kind: str
    schedules: list[Payload]
    recurrency: str | None = None
    # The number of the transaction that it ends with.
    transaction: int | None = None
    valid_from: datetime | None = None
    valid_to: datetime | None = None
    installed: datetime
    # Whose it is: "CSO" is the operator, which every central system is.
    source: str = "CSO"
    # What else 2.1 says of it, as it was sent: `maxOfflineDuration`, `dynUpdateInterval`, …
    more: Payload = field(default_factory=dict)


def utcnow() -> datetime:
    """Return the present moment."""
    return datetime.now(UTC)


def timestamp(moment: datetime) -> str:
    """Write a moment as stations take it: UTC, milliseconds, Z.

    Some stations drop the connection over a time without fractional seconds. One that can't
    read them is known by its model, or by what people say of it (`whole_seconds`).
    """
    if moment.tzinfo is not UTC:
        moment = moment.astimezone(UTC)
    return moment.isoformat(timespec="milliseconds")[:23] + "Z"
