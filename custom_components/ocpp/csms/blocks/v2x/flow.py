"""What a session is told to do with energy: modes of operation, and what goes with each."""

from collections.abc import Iterable
from typing import Any, NamedTuple, Protocol

from ...energy_transfer import CHARGING, IDLE
from ...model import ChargingProfile, RateUnit

CENTRAL = "CentralSetpoint"
# Those whose power others choose, within limits that are told from here.
BOUNDED = ("ExternalSetpoint", "LocalLoadBalancing")
# All that can be asked for by a word, or a word and a power.
DRIVEN = (CHARGING, CENTRAL, *BOUNDED, "ExternalLimits", IDLE)


class Flow(NamedTuple):
    """What a car is to do: a mode as 2.1 spells it, and powers in watts where they are told.

    The setpoint is negative where the car gives.
    """

    mode: str = CHARGING
    setpoint: float | None = None


class Steered(NamedTuple):
    """A session that is told what to do: its number, by which profile, and which power.

    One that `ends` is to charge again, but its station was not told so yet.
    """

    session: int
    profile: int
    setpoint: float | None
    ends: bool = False


class Wiring(Protocol):
    """What lies between ampere and watts."""

    def convert(self, value: float, unit: RateUnit, into: RateUnit) -> float:
        """Return a rate in the other unit."""


class Needs(Protocol):
    """What a car wants, as far as it matters here."""

    @property
    def could_discharge(self) -> bool:
        """Return whether it asked for nothing but charging, and could do otherwise."""


def strongest(profiles: Iterable[ChargingProfile]) -> ChargingProfile | None:
    """Return the profile that counts among some."""
    return max(profiles, key=lambda it: it.stack_level, default=None)


def read_flow(held: ChargingProfile, wiring: Wiring) -> Flow:
    """Return what a profile says at first."""
    period, unit = _first(held), RateUnit(held.schedules[0]["chargingRateUnit"])
    setpoint = period.get("setpoint")
    if setpoint is not None:
        setpoint += sum(period.get(f"setpoint_{it}", 0) for it in ("L2", "L3"))
        setpoint = round(wiring.convert(setpoint, unit, RateUnit.WATT))
    return Flow(period.get("operationMode", CHARGING), setpoint)


def _first(held: ChargingProfile) -> dict[str, Any]:
    # 1.6 also knows schedules without any period.
    periods: list[dict[str, Any]] = held.schedules[0]["chargingSchedulePeriod"]
    return periods[0] if periods else {}
