"""How OCPP 1.6 spells charging profiles."""

from datetime import timedelta
from enum import StrEnum
from typing import NamedTuple

from ...model import Payload, RateUnit, timestamp, utcnow

# Charging stations with a slow clock would wait for a start that is just now.
_START_BEFORE = timedelta(minutes=1)


class Purpose(StrEnum):
    """What a profile limits."""

    STATION = "ChargePointMaxProfile"
    DEFAULT = "TxDefaultProfile"
    TRANSACTION = "TxProfile"


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
