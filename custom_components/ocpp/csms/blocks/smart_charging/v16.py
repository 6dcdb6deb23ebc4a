"""How OCPP 1.6 spells charging profiles."""

from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple

from ...model import ChargingProfile, Limit, Payload, RateUnit, timestamp, utcnow

# Charging stations with a slow clock would wait for a start that is just now.
_START_BEFORE = timedelta(minutes=1)


class Purpose(StrEnum):
    """What a profile limits."""

    STATION = "ChargePointMaxProfile"
    DEFAULT = "TxDefaultProfile"
    TRANSACTION = "TxProfile"


# As 2.x calls them, where it does so otherwise.
_NEUTRAL = {Purpose.STATION.value: "ChargingStationMaxProfile"}


class Rung(NamedTuple):
    """One way to tell a station a limit. There are stations for which only one works."""

    purpose: Purpose
    top_level: bool
    kind: str
    unit: RateUnit


def profile_id(purpose: Purpose, evse: int) -> int:
    """Return the id that our profile of this purpose always has, so that none pile up.

    Ids stay small: some stations take none above the number of profiles they hold.
    """
    return (
        1 + 2 * evse + (purpose is Purpose.TRANSACTION)
        if evse
        else 1 + (purpose is not Purpose.STATION)
    )


def clearing(evse: int, known: str | None) -> list[Payload]:
    """Return what to clear so that nothing limits an EVSE; with EVSE 0, all.

    `known` is the purpose of the limit in force.
    """
    if not evse:
        return [{}]
    filters: list[Payload] = [
        {"connectorId": evse, "chargingProfilePurpose": purpose.value}
        for purpose in (Purpose.TRANSACTION, Purpose.DEFAULT)
    ]
    if known == Purpose.STATION:
        filters.append({"connectorId": 0, "chargingProfilePurpose": known})
    return filters


def clears(filters: Payload, purpose: Purpose, evse: int, stack_level: int) -> bool:
    """Return whether our profile is among those that a ClearChargingProfile removes."""
    ours = {
        "id": profile_id(purpose, evse),
        "connectorId": 0 if purpose is Purpose.STATION else evse,
        "chargingProfilePurpose": purpose.value,
        "stackLevel": stack_level,
    }
    return filters.items() <= ours.items()


def profile(
    rung: Rung,
    evse: int,
    limit: float,
    *,
    stack_level: int,
    transaction_id: str | None = None,
    phases: int | None = None,
    duration: int | None = None,
) -> Payload:
    """Write a profile of one limit from now on, for `duration` seconds if given."""
    period: Payload = {"startPeriod": 0, "limit": round(limit, 1)}
    if phases is not None:
        period["numberPhases"] = phases
    schedule: Payload = {
        "chargingRateUnit": rung.unit.value,
        "chargingSchedulePeriod": [period],
    }
    if rung.kind == "Absolute":
        schedule["startSchedule"] = timestamp(utcnow() - _START_BEFORE)
    if duration is not None:
        # The part of the schedule that lies before now counts too.
        past = int(_START_BEFORE.total_seconds()) if rung.kind == "Absolute" else 0
        schedule["duration"] = duration + past
    written: Payload = {
        "chargingProfileId": profile_id(rung.purpose, evse),
        "stackLevel": stack_level if rung.top_level else 0,
        "chargingProfilePurpose": rung.purpose.value,
        "chargingProfileKind": rung.kind,
        "chargingSchedule": schedule,
    }
    if transaction_id is not None:
        written["transactionId"] = int(transaction_id)
    return written


def sent_limit(
    rung: Rung,
    value: float,
    unit: RateUnit,
    sent: float,
    *,
    phases: int | None = None,
    until: datetime | None = None,
    lowered: bool = False,
) -> Limit:
    """Return a limit as it was asked for and sent."""
    return Limit(
        value=value,
        unit=unit,
        purpose=rung.purpose.value,
        sent_value=round(sent, 1),
        sent_unit=rung.unit,
        phases=phases,
        until=until,
        lowered=lowered,
    )


# --- profiles of whoever sent them --------------------------------------------------------


def read_profile(
    written: Payload,
    *,
    station: str,
    evse: int,
    transaction: int | None = None,
) -> ChargingProfile:
    """Return a valid profile that a station accepted."""
    purpose = written["chargingProfilePurpose"]
    return ChargingProfile(
        id=written["chargingProfileId"],
        station=station,
        evse=evse,
        stack_level=written["stackLevel"],
        purpose=_neutral(purpose),
        kind=written["chargingProfileKind"],
        schedules=[written["chargingSchedule"]],
        recurrency=written.get("recurrencyKind"),
        transaction=transaction if purpose == Purpose.TRANSACTION else None,
        valid_from=moment(written.get("validFrom")),
        valid_to=moment(written.get("validTo")),
        installed=utcnow(),
    )


def moment(text: Any) -> datetime | None:
    """Read a time that was sent; one without a zone is UTC, and None is no time."""
    if not isinstance(text, str):
        return None
    try:
        at = datetime.fromisoformat(text.strip())
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except ValueError, OverflowError:
        return None


def is_named(held: ChargingProfile, filters: Payload) -> bool:
    """Return whether a profile is among those that a ClearChargingProfile removes (K10)."""
    names = {
        "id": held.id,
        "connectorId": held.evse,
        "chargingProfilePurpose": held.purpose,
        "stackLevel": held.stack_level,
    }
    wanted = dict(filters)
    if "chargingProfilePurpose" in wanted:
        wanted["chargingProfilePurpose"] = _neutral(wanted["chargingProfilePurpose"])
    return wanted.items() <= names.items()


def _neutral(purpose: str) -> str:
    return _NEUTRAL.get(purpose, purpose)


def constant_limit(written: Payload) -> Limit | None:
    """Return the limit of a profile of which that is all there is to say."""
    schedule = written["chargingSchedule"]
    periods = schedule["chargingSchedulePeriod"]
    start = schedule.get("startSchedule")
    begins = moment(start) if start is not None else utcnow()
    if (
        len(periods) != 1
        or periods[0]["startPeriod"] != 0
        or "duration" in schedule
        or not written.keys().isdisjoint({"validFrom", "validTo", "recurrencyKind"})
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
