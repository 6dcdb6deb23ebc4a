"""What a car wants and how it means to charge, told by way of ISO 15118 (K15–K17)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from ...model import ChargingProfile, Payload
from .composite import Situation, scheduled
from .profiles import is_number, moment

# How far a car's plan may be above the limit: currents and powers are told rounded.
_TOLERANCE = 1.02
_ROUNDED = 0.1
# What is looked at of a schedule that changes all the time.
_MOST_STEPS = 300

TRANSFER_MODES = ("dc", "ac_single_phase", "ac_two_phase", "ac_three_phase")


@dataclass(frozen=True, kw_only=True)
class Needs:
    """What a car wants. Energy is in Wh, current in ampere, power in watts, charge in %.

    `tuples` is how many periods it takes. What it did not say is None.
    """

    transfer_mode: str | None = None
    departure: datetime | None = None
    energy: float | None = None
    maximum_current: float | None = None
    maximum_power: float | None = None
    state_of_charge: float | None = None
    tuples: int | None = None

    @property
    def told(self) -> set[str]:
        """Return the names of what it said."""
        return {name for name, value in vars(self).items() if value is not None}


def read_needs(payload: Payload) -> Needs:
    """Read NotifyEVChargingNeeds, as far as it can be understood."""
    said = payload["chargingNeeds"]
    ac, dc = (_mapping(said.get(f"{it}ChargingParameters")) for it in ("ac", "dc"))
    mode = str(said.get("requestedEnergyTransfer")).casefold()
    tuples = _number(payload.get("maxScheduleTuples"))
    currents = (ac.get("evMaxCurrent"), dc.get("evMaxCurrent"))
    energies = (ac.get("energyAmount"), dc.get("energyAmount"))
    return Needs(
        transfer_mode=mode if mode in TRANSFER_MODES else None,
        departure=moment(said.get("departureTime")),
        energy=_first(energies),
        maximum_current=_first(currents),
        maximum_power=_number(dc.get("evMaxPower")),
        state_of_charge=_number(dc.get("stateOfCharge")),
        tuples=int(tuples) if tuples and tuples >= 1 else None,
    )


def _mapping(told: Any) -> Payload:
    return told if isinstance(told, dict) else {}


def _first(told: Iterable[Any]) -> float | None:
    return next((it for it in told if is_number(it)), None)


def _number(told: Any) -> float | None:
    return told if is_number(told) else None


class PlannedStep(NamedTuple):
    """A limit in ampere per phase from a moment on; None is none."""

    at: datetime
    amperes: float | None


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
    held, at = list(profiles), begin
    steps: list[PlannedStep] = []
    for _ in range(_MOST_STEPS):
        present = scheduled(held, where, at)
        limits = [it for it in (present.amperes, at_most) if it is not None]
        amperes = min(limits, default=None)
        if not steps or steps[-1].amperes != amperes:
            steps.append(PlannedStep(at, amperes))
        if present.until is None or present.until >= end:
            break
        at = present.until
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
    found = None
    for step in steps:
        if step.at > at:
            break
        found = step.amperes
    return found


# --- over a restart -----------------------------------------------------------------------


def write_needs(needs: Needs) -> dict[str, Any]:
    """Write what a car wants as JSON."""
    departure = needs.departure.isoformat() if needs.departure is not None else None
    return vars(needs) | {"departure": departure}


def recall_needs(written: dict[str, Any]) -> Needs:
    """Read what `write_needs` wrote."""
    departure = written["departure"]
    at = datetime.fromisoformat(departure) if departure is not None else None
    return Needs(**written | {"departure": at})


def write_plan(steps: Plan) -> list[tuple[str, float | None]]:
    """Write a plan as JSON."""
    return [(step.at.isoformat(), step.amperes) for step in steps]


def recall_plan(written: Iterable[Sequence[Any]]) -> Plan:
    """Read what `write_plan` wrote."""
    return [PlannedStep(datetime.fromisoformat(at), amps) for at, amps in written]
