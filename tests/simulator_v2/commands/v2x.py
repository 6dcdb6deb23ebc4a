"""Cars of ISO 15118-20 that give energy back, and what a station of 2.1 is told of them."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.simulator.car import Car
from tests.simulator.link import Handler, Payload, Reply

from .. import make
from .reply import status

if TYPE_CHECKING:
    from ..station import Station

MODES = ("ChargingOnly", "CentralSetpoint", "ExternalSetpoint", "Idle")
TRANSFERS = ("AC_three_phase", "AC_BPT")


@dataclass(slots=True)
class Bidirectional(Car):
    """A car that gives energy as well; powers are in watts."""

    charges_by: str = "AC_three_phase"
    gives_by: str = "AC_BPT"
    max_discharge: float = 8000
    control_mode: str = "DynamicControl"
    # How it last asked for energy to flow, and what it gave.
    asked_for: str = ""
    given_wh: float = 0


def able(
    *modes: str, iso15118: bool = True, enabled: bool = True, evse: int = 0
) -> list[make.Variable]:
    """Return what a station says that can discharge cars."""
    v2x = "V2XChargingCtrlr"
    return [
        make.flag("ISO15118Ctrlr", "Enabled", iso15118),
        make.flag(v2x, "Enabled", enabled, evse=evse),
        make.choice(
            v2x,
            "SupportedOperationModes",
            ",".join(modes or MODES),
            (*MODES, "ExternalLimits", "LocalLoadBalancing", "LocalFrequency"),
            mutability="ReadOnly",
            evse=evse,
        ),
        make.choice(
            v2x,
            "SupportedEnergyTransferModes",
            ",".join(TRANSFERS),
            TRANSFERS,
            mutability="ReadOnly",
            evse=evse,
        ),
    ]


class V2x:
    """The commands about energy in both directions."""

    def __init__(self, station: Station) -> None:
        """Obey on behalf of a station."""
        self._station = station
        self.handlers: dict[str, Handler] = {
            "NotifyAllowedEnergyTransfer": self.notify_allowed_energy_transfer
        }

    def notify_allowed_energy_transfer(self, payload: Payload) -> Reply:
        """Negotiate with the car anew (Q02.FR.06, FR.07)."""
        station = self._station
        evse = station.transaction(payload["transactionId"])
        if evse is None:
            return status("Rejected", why=("TxNotFound", "no such transaction"))

        async def obey() -> None:
            await negotiate(station, evse.id, payload["allowedEnergyTransfer"])

        return status("Accepted", obey)


def authorized(station: Station) -> list[str] | None:
    """Return what a card was last told about how energy may flow; None where nothing."""
    told = [it[2]["allowedEnergyTransfer"] for it in station.received if _allows(it)]
    return told[-1] if told else None


def _allows(frame: list[Any]) -> bool:
    return frame[0] == 3 and "allowedEnergyTransfer" in frame[2]


async def negotiate(
    station: Station, evse: int = 1, allowed: list[str] | None = None, **more: object
) -> str:
    """Have the car choose how energy flows, tell what it wants, and return the verdict.

    One that is not to have what it asks for ends its session (Q01.FR.06).
    """
    state = station.evses[evse]
    car = state.car
    assert isinstance(car, Bidirectional)
    car.asked_for = car.gives_by if car.gives_by in (allowed or ()) else car.charges_by
    answer = await station.call("NotifyEVChargingNeeds", needs(station, evse, **more))
    if answer["status"] == "Rejected" and state.transaction is not None:
        reason = "ReqEnergyTransferRejected"
        await station.end(state, "AbnormalCondition", reason)
    return str(answer["status"])


def needs(station: Station, evse: int = 1, **more: object) -> Payload:
    """Return what a car wants that asked for a way of energy to flow."""
    car = station.evses[evse].car
    assert isinstance(car, Bidirectional)
    return {
        "evseId": evse,
        "maxScheduleTuples": 8,
        "timestamp": station.timestamp(),
        "chargingNeeds": {
            "requestedEnergyTransfer": car.asked_for or car.charges_by,
            "availableEnergyTransfer": [*filter(None, (car.charges_by, car.gives_by))],
            "controlMode": car.control_mode,
            "mobilityNeedsMode": "EVCC_SECC",
            "v2xChargingParameters": {
                "minChargePower": 1400,
                "maxChargePower": 11000,
                "maxDischargePower": car.max_discharge,
                "evTargetEnergyRequest": 20000,
                "targetSoC": 80,
            },
            **more,
        },
    }


def power(station: Station, evse: int = 1) -> float:
    """Return what the car gives, in watts: what it was told, as far as it can."""
    state = station.evses[evse]
    car, running = state.car, state.transaction
    if not isinstance(car, Bidirectional) or running is None:
        return 0
    if car.asked_for != car.gives_by:
        return 0
    for entry in station.profiles.installed:
        if entry.profile.get("transactionId") == running.id:
            (period,) = entry.schedule["chargingSchedulePeriod"]
            return min(car.max_discharge, max(0, -period.get("setpoint", 0)))
    return 0


async def give(station: Station, evse: int, seconds: float) -> None:
    """Let the car give energy for some time, and tell what the meter counts."""
    state = station.evses[evse]
    car, watts = state.car, power(station, evse)
    assert isinstance(car, Bidirectional) and state.transaction is not None
    car.given_wh += watts * seconds / 3600
    readings = [
        {
            "value": round(value, 3),
            "measurand": measurand,
            "context": "Sample.Periodic",
            "unitOfMeasure": {"unit": unit},
        }
        for measurand, value, unit in (
            ("Energy.Active.Export.Register", 500 + car.given_wh, "Wh"),
            ("Power.Active.Export", watts, "W"),
        )
    ]
    value = {"timestamp": station.timestamp(), "sampledValue": readings}
    await station.transaction_event(
        state.transaction, "Updated", "MeterValuePeriodic", meter_value=[value]
    )
