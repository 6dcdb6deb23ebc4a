"""What a car wants and how it means to charge, told by way of ISO 15118 (K15–K17)."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ...energy_transfer import MODES, gives_back
from ...model import ChargingProfile, Payload
from .composite import PlannedStep, Situation, course
from .periods import is_number
from .profiles import moment

# How far a car's plan may be above the limit: currents and powers are told rounded.
_TOLERANCE = 1.02
_ROUNDED = 0.1

TRANSFER_MODES = tuple(map(str.casefold, MODES))
_WIRES = {"ac_single_phase": 1, "ac_two_phase": 2, "ac_three_phase": 3}
_CONTROL_MODES = ("ScheduledControl", "DynamicControl")
_NEEDS_MODES = ("EVCC", "EVCC_SECC")
_MOST_CONTROLS = 30
# What is a time when it is kept.
_MOMENTS = ("departure", "said_at")


@dataclass(frozen=True, kw_only=True)
class Needs:
    """What a car wants. Energy is in Wh, current in ampere, power in watts, charge in %.

    `tuples` is how many periods it takes, `phases` how many of its phases it names a power of
    its own for (2.1), `said_at` when it said so. What it did not say is None.
    """

    transfer_mode: str | None = None
    departure: datetime | None = None
    energy: float | None = None
    maximum_current: float | None = None
    maximum_power: float | None = None
    state_of_charge: float | None = None
    tuples: int | None = None
    phases: int | None = None
    # Since 2.1.
    maximum_discharge_power: float | None = None
    target_state_of_charge: float | None = None
    available: tuple[str, ...] | None = None
    control_mode: str | None = None
    needs_mode: str | None = None
    grid_controls: tuple[str, ...] | None = None
    said_at: datetime | None = None

    @property
    def only_charges(self) -> bool:
        """Return whether the car asked for nothing but to be charged (Q02.FR.01)."""
        return self.transfer_mode is not None and not gives_back(self.transfer_mode)

    @property
    def could_discharge(self) -> bool:
        """Return whether it could do otherwise (Q02)."""
        return self.only_charges and any(map(gives_back, self.available or ()))

    @property
    def wires(self) -> int | None:
        """Return over how many phases the car charges, or None where that is not certain."""
        if self.phases is not None and self.phases > 1:
            return self.phases
        modes = (self.transfer_mode or "", *(self.available or ()))
        if (asked := _WIRES.get(modes[0])) is not None:
            return asked
        return max((_WIRES[it] for it in modes if it in _WIRES), default=None)

    @property
    def told(self) -> set[str]:
        """Return the names of what it said."""
        return {name for name, value in vars(self).items() if value is not None}


def read_needs(payload: Payload) -> Needs:
    """Read NotifyEVChargingNeeds, as far as it can be understood."""
    said = payload["chargingNeeds"]
    ac, dc, both, der = (
        _mapping(said.get(f"{it}ChargingParameters"))
        for it in ("ac", "dc", "v2x", "der")
    )
    tuples = _number(payload.get("maxScheduleTuples"))
    currents = (ac.get("evMaxCurrent"), dc.get("evMaxCurrent"))
    energies = (ac.get("energyAmount"), dc.get("energyAmount"))
    powers = (dc.get("evMaxPower"), _of_phases(both, "maxChargePower"))
    modes = _words(said.get("availableEnergyTransfer"))
    found = [it for it in map(str.casefold, modes) if it in TRANSFER_MODES]
    controls = tuple(_words(der.get("evSupportedDERControl"))[:_MOST_CONTROLS])
    return Needs(
        transfer_mode=requested_mode(payload),
        departure=moment(said.get("departureTime")),
        energy=_first((*energies, both.get("evTargetEnergyRequest"))),
        maximum_current=_first((*currents, both.get("maxChargeCurrent"))),
        maximum_power=_first(powers),
        state_of_charge=_number(dc.get("stateOfCharge")),
        tuples=int(tuples) if tuples and tuples >= 1 else None,
        phases=_phases(both),
        maximum_discharge_power=_of_phases(both, "maxDischargePower"),
        target_state_of_charge=_number(both.get("targetSoC")),
        available=tuple(dict.fromkeys(found)) or None,
        control_mode=_one_of(said.get("controlMode"), _CONTROL_MODES),
        needs_mode=_one_of(said.get("mobilityNeedsMode"), _NEEDS_MODES),
        grid_controls=controls or None,
        said_at=moment(payload.get("timestamp")),
    )


def requested_mode(payload: Payload) -> str | None:
    """Return how a car wants energy to flow, as far as that can be understood."""
    said = payload["chargingNeeds"]
    mode = str(said.get("requestedEnergyTransfer")).casefold()
    return mode if mode in TRANSFER_MODES else None


def _of_phases(told: Payload, name: str) -> float | None:
    """Return a power over all phases: that of the first stands for all, or has others beside."""
    if (first := _number(told.get(name))) is None:
        return None
    others = (_number(told.get(f"{name}_{phase}")) for phase in ("L2", "L3"))
    return first + sum(it for it in others if it is not None)


def _words(told: Any) -> list[str]:
    return [it for it in told if isinstance(it, str)] if isinstance(told, list) else []


def _one_of(told: Any, words: tuple[str, ...]) -> str | None:
    return next((it for it in words if it.casefold() == str(told).casefold()), None)


def no_offer(payload: Payload) -> str:
    """Return what a car is told that gets no schedule (K15.FR.04, K18.FR.04, K19.FR.04).

    With ISO 15118-20, which tells needs of its own, Rejected would end the session.
    """
    said = _mapping(payload["chargingNeeds"])
    is_20 = any(it in said for it in ("v2xChargingParameters", "controlMode"))
    return "NoChargingProfile" if is_20 else "Rejected"


def _phases(told: Payload) -> int | None:
    """Return for how many phases a car names what it can charge with (K01.FR.142)."""
    if not told:
        return None
    return 1 + sum(is_number(told.get(f"maxChargePower_L{it}")) for it in (2, 3))


def _mapping(told: Any) -> Payload:
    return told if isinstance(told, dict) else {}


def _first(told: Iterable[Any]) -> float | None:
    return next((it for it in told if is_number(it)), None)


def _number(told: Any) -> float | None:
    return told if is_number(told) else None


type Plan = Sequence[PlannedStep]


def plan(
    profiles: Iterable[ChargingProfile],
    where: Situation,
    begin: datetime,
    end: datetime,
    *,
    at_most: float | None = None,
) -> Plan:
    """Return what profiles amount to from a moment to another one."""
    steps: list[PlannedStep] = []
    for at, scheduled in course(profiles, where, begin):
        if at >= end:
            break
        limits = [it for it in (scheduled, at_most) if it is not None]
        amperes = min(limits, default=None)
        if not steps or steps[-1].amperes != amperes:
            steps.append(PlannedStep(at, amperes))
    return steps


def shortened(steps: Plan, most: int) -> Plan:
    """Return a plan of some steps at most, nowhere above the one it is made from."""
    if len(steps) <= most:
        return steps
    rest = steps[most - 1 :]
    lowest = min((it.amperes for it in rest if it.amperes is not None), default=None)
    return [*steps[: most - 1], PlannedStep(rest[0].at, lowest)]


def is_same(one: Plan, other: Plan, since: datetime) -> bool:
    """Return whether two plans say the same from a moment on."""
    return all(_at(one, at) == _at(other, at) for at in _edges(one, other, since))


def is_inside(wanted: Plan, allowed: Plan, since: datetime) -> bool:
    """Return whether a plan is nowhere above another one."""
    for at in _edges(wanted, allowed, since):
        wants, allows = _at(wanted, at), _at(allowed, at)
        if wants is not None and allows is not None:
            if wants > allows * _TOLERANCE + _ROUNDED:
                return False
    return True


def _edges(one: Plan, other: Plan, since: datetime) -> set[datetime]:
    return {since} | {step.at for step in (*one, *other) if step.at > since}


def _at(steps: Plan, at: datetime) -> float | None:
    index = bisect_right(steps, at, key=_moment)
    return steps[index - 1].amperes if index else None


def _moment(step: PlannedStep) -> datetime:
    return step.at


# --- over a restart -----------------------------------------------------------------------


def write_needs(needs: Needs) -> dict[str, Any]:
    """Write what a car wants as JSON."""
    moments = {name: getattr(needs, name) for name in _MOMENTS}
    return vars(needs) | {
        name: at.isoformat() if at is not None else None for name, at in moments.items()
    }


def recall_needs(written: dict[str, Any]) -> Needs:
    """Read what `write_needs` wrote."""
    read: dict[str, Any] = {}
    for name, told in written.items():
        if name in _MOMENTS and told is not None:
            told = datetime.fromisoformat(told)
        read[name] = tuple(told) if isinstance(told, list) else told
    return Needs(**read)


def write_plan(steps: Plan) -> list[tuple[str, float | None]]:
    """Write a plan as JSON."""
    return [(step.at.isoformat(), step.amperes) for step in steps]


def recall_plan(written: Iterable[Sequence[Any]]) -> Plan:
    """Read what `write_plan` wrote."""
    return [PlannedStep(datetime.fromisoformat(at), amps) for at, amps in written]
