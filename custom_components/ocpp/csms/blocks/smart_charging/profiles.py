"""Charging profiles, whatever the version that spells them."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple, Protocol

from ...model import ChargingProfile, Limit, Payload, RateUnit, timestamp, utcnow
from .periods import is_number, says_only_limit

# Charging stations with a slow clock would wait for a start that is just now.
_START_BEFORE = timedelta(minutes=1)
# Stations may tell less of a limit than they were told.
_ROUNDED = 0.5
# What 2.1 says besides: of no consequence for a limit while the station is connected.
_MORE = (
    *("maxOfflineDuration", "invalidAfterOfflineDuration"),
    *("dynUpdateInterval", "dynUpdateTime", "priceScheduleSignature"),
)


# The purposes that 2.1 adds: what a session may have in the place of its limits, and what
# there is besides the grid.
PRIORITY, GENERATION = "PriorityCharging", "LocalGeneration"


class Purpose(StrEnum):
    """What a profile limits."""

    STATION = "ChargingStationMaxProfile"
    DEFAULT = "TxDefaultProfile"
    TRANSACTION = "TxProfile"


# What 1.6 calls otherwise.
_NEUTRAL = {"ChargePointMaxProfile": Purpose.STATION.value}


def neutral(purpose: str) -> str:
    """Return a purpose as 2.x calls it."""
    return _NEUTRAL.get(purpose, purpose)


class Rung(NamedTuple):
    """One way to tell a station a limit. There are stations for which only one works."""

    purpose: Purpose
    top_level: bool
    kind: str
    unit: RateUnit


class Step(NamedTuple):
    """A limit from some seconds on, until the next one."""

    seconds: int
    limit: float


class Start(NamedTuple):
    """What a remote start asks for: EVSE 0 is any."""

    evse: int
    profile: Payload | None
    id_token: str
    # By which 2.x tells the transaction of a start (F01.FR.25).
    number: int | None = None


class Spelling(Protocol):
    """How a version spells charging profiles."""

    # Whether the station as a whole may be limited relative to a session.
    STATION_MAY_BE_RELATIVE: bool
    # Whether a profile has to have the id of what it takes the place of (K01.FR.06).
    KEEPS_IDS: bool

    def word(self, purpose: Purpose) -> str:
        """Return what a purpose is called."""

    def setting(self, evse: int, written: Payload) -> Payload:
        """Spell SetChargingProfile."""

    def read_setting(self, payload: Payload) -> tuple[int, Payload]:
        """Return the EVSE and the profile of a SetChargingProfile."""

    def profile(
        self,
        rung: Rung,
        number: int,
        schedule: Payload,
        *,
        stack_level: int,
        transaction_id: str | None,
    ) -> Payload:
        """Spell a profile."""

    def clearing(self, evse: int, *, of_station: bool) -> list[Payload]:
        """Spell what is to be cleared so that nothing limits an EVSE; with EVSE 0, all.

        `of_station` is whether the limit in force is one of the station as a whole.
        """

    def read_clearing(self, payload: Payload) -> Payload | None:
        """Return what a ClearChargingProfile names, or None where it names nothing."""

    def read_start(self, payload: Payload) -> Start:
        """Return what a remote start asks for."""

    def schedules(self, written: Payload) -> list[Payload]:
        """Return the schedules of a profile."""

    def read_profile(
        self,
        written: Payload,
        *,
        station: str,
        evse: int,
        transaction: int | None = None,
    ) -> ChargingProfile:
        """Return a valid profile that a station accepted."""


# --- ours ---------------------------------------------------------------------------------


def profile_id(purpose: Purpose, evse: int) -> int:
    """Return the id that our profile of this purpose always has, so that none pile up.

    Ids stay small: some stations take none above the number of profiles they hold.
    """
    return (
        1 + 2 * evse + (purpose is Purpose.TRANSACTION)
        if evse
        else 1 + (purpose is not Purpose.STATION)
    )


def write_schedule(
    rung: Rung,
    steps: Sequence[Step],
    *,
    phases: int | None = None,
    duration: int | None = None,
) -> Payload:
    """Write a schedule that begins now; the first step is at 0, `duration` in seconds."""
    return write_periods(
        rung,
        [
            {"startPeriod": step.seconds} | write_limit(step.limit, phases)
            for step in steps
        ],
        duration=duration,
    )


def write_limit(limit: float, phases: int | None = None) -> Payload:
    """Write what a period says of a limit."""
    said: Payload = {"limit": round(limit, 1)}
    return said | ({"numberPhases": phases} if phases else {})


def write_periods(
    rung: Rung, periods: list[Payload], *, duration: int | None = None
) -> Payload:
    """Write a schedule of periods that begins now; the first one is at 0."""
    absolute = rung.kind == "Absolute"
    # The part of the schedule that lies before now counts too.
    past = _START_BEFORE.seconds if absolute else 0
    for period in periods:
        if period["startPeriod"]:
            period["startPeriod"] += past
    schedule: Payload = {
        "chargingRateUnit": rung.unit.value,
        "chargingSchedulePeriod": periods,
    }
    if absolute:
        schedule["startSchedule"] = timestamp(utcnow() - _START_BEFORE)
    if duration is not None:
        schedule["duration"] = duration + past
    return schedule


def sent_limit(
    purpose: str,
    rung: Rung,
    value: float,
    unit: RateUnit,
    sent: float,
    *,
    phases: int | None = None,
    until: datetime | None = None,
    lowered: bool = False,
) -> Limit:
    """Return a limit as it was asked for and sent; `purpose` is the version's word."""
    return Limit(
        value=value,
        unit=unit,
        purpose=purpose,
        sent_value=round(sent, 1),
        sent_unit=rung.unit,
        phases=phases,
        until=until,
        lowered=lowered,
    )


# --- profiles of whoever sent them --------------------------------------------------------


def read(
    written: Payload,
    schedules: list[Payload],
    *,
    number: int,
    station: str,
    evse: int,
    transaction: int | None,
    source: str = "CSO",
) -> ChargingProfile:
    """Return a valid profile in the words of the model."""
    purpose = neutral(written["chargingProfilePurpose"])
    return ChargingProfile(
        id=number,
        station=station,
        evse=evse,
        stack_level=written["stackLevel"],
        purpose=purpose,
        kind=written["chargingProfileKind"],
        schedules=schedules,
        recurrency=written.get("recurrencyKind"),
        transaction=transaction if purpose == Purpose.TRANSACTION else None,
        valid_from=moment(written.get("validFrom")),
        valid_to=moment(written.get("validTo")),
        installed=utcnow(),
        source=source,
        more={it: written[it] for it in _MORE if _is_kept(written.get(it))},
    )


def _is_kept(told: Any) -> bool:
    return is_number(told) or isinstance(told, (bool, str))


def moment(text: Any) -> datetime | None:
    """Read a time that was sent; one without a zone is UTC, and None is no time."""
    if not isinstance(text, str):
        return None
    try:
        at = datetime.fromisoformat(text.strip())
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except ValueError, OverflowError:
        return None


def named(number: int, evse: int, purpose: str, stack_level: int) -> Payload:
    """Return what a profile is named by when it is to be cleared."""
    return {
        "id": number,
        "evse": evse,
        "purpose": purpose,
        "stack_level": stack_level,
    }


def is_named(held: ChargingProfile, names: Payload) -> bool:
    """Return whether a profile is among those that a ClearChargingProfile removes (K10)."""
    ours = named(held.id, held.evse, held.purpose, held.stack_level)
    return names.items() <= ours.items()


def is_only(held: ChargingProfile, limit: float, unit: RateUnit) -> bool:
    """Return whether a profile says nothing but a limit, as far as stations tell."""
    periods = held.schedules[0]["chargingSchedulePeriod"]
    same = held.schedules[0]["chargingRateUnit"] == unit
    return (
        len(held.schedules) == len(periods) == 1
        and same
        and says_only_limit(periods[0])
        and abs(periods[0].get("limit", -1) - limit) < _ROUNDED
    )


_NOT_ALWAYS = {"validFrom", "validTo", "recurrencyKind", "maxOfflineDuration"}
_ONLY_SOMETIMES = {"duration", "limitAtSoC", "randomizedDelay"}


def constant_limit(written: Payload, schedules: Sequence[Payload]) -> Limit | None:
    """Return the limit of a profile of which that is all there is to say."""
    schedule = schedules[0]
    periods = schedule["chargingSchedulePeriod"]
    start = schedule.get("startSchedule")
    begins = moment(start) if start is not None else utcnow()
    if (
        len(schedules) != 1
        or len(periods) != 1
        or periods[0]["startPeriod"] != 0
        or "limit" not in periods[0]
        or not says_only_limit(periods[0])
        or not schedule.keys().isdisjoint(_ONLY_SOMETIMES)
        or not written.keys().isdisjoint(_NOT_ALWAYS)
        or written["chargingProfileKind"] == "Recurring"
        or begins is None
        or begins > utcnow()
    ):
        return None
    value, unit = periods[0]["limit"], RateUnit(schedule["chargingRateUnit"])
    return Limit(
        value=value,
        unit=unit,
        purpose=written["chargingProfilePurpose"],
        sent_value=value,
        sent_unit=unit,
        phases=periods[0].get("numberPhases"),
    )
