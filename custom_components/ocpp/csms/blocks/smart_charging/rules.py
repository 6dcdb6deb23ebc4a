"""What profiles of 2.1 must not say, beyond what their schema forbids (K01, K28, Q03–Q10)."""

from collections.abc import Iterator

from ...model import Payload
from .periods import DISCHARGE_LIMITS, LIMITS, REACTIVE, SETPOINTS
from .profiles import GENERATION, PRIORITY

_CHARGES_ONLY = ("ChargingStationMaxProfile", PRIORITY)
# The purposes that are not the central system's to clear (K10.FR.06).
_OF_OTHERS = ("ChargingStationExternalConstraints", GENERATION)
# What is said of the second and third phase.
_OF_PHASES = {
    name
    for names in (LIMITS, DISCHARGE_LIMITS, SETPOINTS, REACTIVE)
    for name in names[1:]
}
_NO_LIMITS = {
    "CentralSetpoint": (*LIMITS, *DISCHARGE_LIMITS),
    "CentralFrequency": (*LIMITS, *DISCHARGE_LIMITS),
    "LocalFrequency": (*LIMITS, *DISCHARGE_LIMITS, *SETPOINTS, *REACTIVE),
    "Idle": (*LIMITS, *DISCHARGE_LIMITS, *SETPOINTS, *REACTIVE),
}


def fault_of_profile(profile: Payload, phases: int | None = None) -> str | None:
    """Return what a valid profile says that it must not, or None.

    `phases` is for how many a car names what it can charge with, where it says so.
    """
    return next(_faults(profile, phases or len(LIMITS)), None)


def fault_of_clearing(payload: Payload) -> str | None:
    """Return what is wrong with a ClearChargingProfile, or None (K10.FR.06)."""
    criteria = payload.get("chargingProfileCriteria", {})
    purpose = criteria.get("chargingProfilePurpose")
    return f"{purpose} is set by others" if purpose in _OF_OTHERS else None


def _faults(profile: Payload, phases: int) -> Iterator[str]:
    purpose = profile["chargingProfilePurpose"]
    schedules = profile["chargingSchedule"]
    if profile["chargingProfileKind"] == "Dynamic":
        counts = [len(it["chargingSchedulePeriod"]) for it in schedules]
        if counts != [1]:
            yield "a Dynamic profile has one schedule of one period"
        elif schedules[0]["chargingSchedulePeriod"][0]["startPeriod"] != 0:
            yield "the period of a Dynamic profile begins at 0"
    for schedule in schedules:
        if purpose == PRIORITY and "duration" in schedule:
            yield f"a {PRIORITY} profile has no duration"
        for period in schedule["chargingSchedulePeriod"]:
            yield from _faults_of_period(period, purpose, schedule["chargingRateUnit"])
            if not period.keys().isdisjoint(LIMITS[phases:]):
                yield "the car names no power for these phases"


def _faults_of_period(period: Payload, purpose: str, unit: str) -> Iterator[str]:
    mode = period.get("operationMode", "ChargingOnly")
    if purpose in _CHARGES_ONLY and mode != "ChargingOnly":
        yield f"a {purpose} profile only charges"
    if purpose == GENERATION and mode not in ("ChargingOnly", "ExternalLimits"):
        yield f"a {GENERATION} profile is no {mode}"
    if purpose != "TxProfile" and not period.keys().isdisjoint(_OF_PHASES):
        yield "limits and setpoints of phases are for a TxProfile"
    if "limit" not in period and not period.keys().isdisjoint(LIMITS[1:]):
        yield "limits of phases need a limit of the first"
    for name in _NO_LIMITS.get(mode, ()):
        if name in period:
            yield f"a period with operationMode {mode} has no {name}"
    if mode == "LocalFrequency":
        yield from _faults_of_frequency(period, unit)


def _faults_of_frequency(period: Payload, unit: str) -> Iterator[str]:
    if len(period.get("v2xFreqWattCurve", ())) < 2 or "v2xBaseline" not in period:
        yield "LocalFrequency needs a v2xBaseline and a v2xFreqWattCurve of two points"
    if len(period.get("v2xSignalWattCurve", ("", ""))) < 2:
        yield "a v2xSignalWattCurve has two points or more"
    if unit != "W":
        yield "LocalFrequency is in W"
