"""The car, the connector it is plugged into and what the meter says."""

from dataclasses import dataclass
from datetime import datetime

from .link import Payload

VOLTAGE = 230
PHASES = ("L1", "L2", "L3")


@dataclass(slots=True)
class Car:
    """A car that takes what it is offered."""

    phases: int = 3
    max_current: float = 16
    soc: float | None = 40
    capacity_wh: float = 60000
    paused: bool = False

    @property
    def wants_power(self) -> bool:
        """Return if the car would charge."""
        return not self.paused and (self.soc is None or self.soc < 100)

    def charge(self, energy_wh: float) -> float:
        """Take energy and return how much of it fitted in."""
        if self.soc is None:
            return energy_wh
        room = (100 - self.soc) / 100 * self.capacity_wh
        taken = min(energy_wh, room)
        self.soc = 100 if taken == room else self.soc + taken / self.capacity_wh * 100
        return taken


@dataclass(slots=True)
class Transaction:
    """A running transaction."""

    id: int
    id_tag: str
    meter_start: int
    started: datetime


@dataclass(slots=True)
class Connector:
    """A socket of the charger; number 0 stands for the charger itself."""

    id: int
    status: str = "Available"
    error_code: str = "NoError"
    operative: bool = True
    meter_wh: float = 1000
    car: Car | None = None
    transaction: Transaction | None = None
    # A card that was accepted while no car was there, and the profile that a
    # remote start brought along for the transaction to come.
    tag: str | None = None
    profile: Payload | None = None
    reservation: Payload | None = None


@dataclass(frozen=True, slots=True)
class Flow:
    """What a connector offers and what flows through it."""

    offered: float
    current: float = 0
    phases: int = 3

    @property
    def power(self) -> float:
        """Return the power in watts."""
        return self.current * VOLTAGE * self.phases


def sampled_values(
    measurands: list[str], connector: Connector, flow: Flow, context: str
) -> list[Payload]:
    """Return the readings of some measurands, in the order asked for."""

    def sample(measurand: str, value: str, unit: str, location: str) -> Payload:
        return {
            "value": value,
            "context": context,
            "format": "Raw",
            "measurand": measurand,
            "location": location,
            "unit": unit,
        }

    def currents(measurand: str) -> list[Payload]:
        return [
            sample(
                measurand, f"{flow.current if n < flow.phases else 0:.1f}", "A", _OUT
            )
            | {"phase": phase}
            for n, phase in enumerate(PHASES)
        ]

    readings: list[Payload] = []
    for name in measurands:
        match name:
            case "Energy.Active.Import.Register":
                readings.append(sample(name, f"{connector.meter_wh:.0f}", "Wh", _OUT))
            case "Power.Active.Import":
                readings.append(sample(name, f"{flow.power:.1f}", "W", _OUT))
            case "Power.Offered":
                offered = flow.offered * VOLTAGE * len(PHASES)
                readings.append(sample(name, f"{offered:.1f}", "W", _OUT))
            case "Current.Import":
                readings.extend(currents(name))
            case "Current.Offered":
                readings.append(sample(name, f"{flow.offered:.1f}", "A", _OUT))
            case "Voltage":
                readings.extend(
                    sample(name, f"{VOLTAGE:.1f}", "V", _OUT) | {"phase": f"{phase}-N"}
                    for phase in PHASES
                )
            case "Temperature":
                warmth = 25 + flow.power / 1000
                readings.append(sample(name, f"{warmth:.1f}", "Celsius", "Body"))
            case "Frequency":
                readings.append(sample(name, "50.0", "Hertz", _OUT))
            case "SoC" if connector.car and connector.car.soc is not None:
                soc = f"{connector.car.soc:.0f}"
                readings.append(sample(name, soc, "Percent", "EV"))
    return readings


_OUT = "Outlet"
