"""Batteries that people swap (OCPP 2.1, block S)."""

from typing import TYPE_CHECKING

from tests.simulator.link import Handler, Payload, Reply

from .. import make
from ..device_model import Variable
from .reply import status

if TYPE_CHECKING:
    from ..station import Station


def swap_variables() -> list[Variable]:
    """Return what a swap station has."""
    return [
        make.number("BatterySwapCtrlr", "TargetSoc", 70, unit="Percent"),
        make.number("BatterySwapCtrlr", "MaxSoc", 80, unit="Percent"),
        make.number("BatterySwapCtrlr", "Timeout", 60, unit="s", instance="In"),
        make.number("BatterySwapCtrlr", "Timeout", 60, unit="s", instance="Out"),
    ]


def battery(evse: int, serial: str, charge: float = 20, health: float = 98) -> Payload:
    """Return what is told of a battery."""
    return {"evseId": evse, "serialNumber": serial, "soC": charge, "soH": health}


class Battery:
    """The commands about swaps."""

    def __init__(self, station: Station) -> None:
        """Obey on behalf of a station."""
        self._station = station
        self.handlers: dict[str, Handler] = {"RequestBatterySwap": self.request}

    def request(self, payload: Payload) -> Reply:
        """Begin a swap, if there is a battery that is full enough (S02)."""
        station = self._station
        target = station.variables.number("BatterySwapCtrlr.TargetSoc")
        if not any(it["soC"] >= target for it in station.state.batteries.values()):
            return status("Rejected", why=("NoBatteryAvailable", "none is full enough"))
        return status("Accepted")


async def swap(
    station: Station,
    event: str,
    number: int,
    *batteries: Payload,
    token: str = "CARD1",
    type: str = "ISO14443",
) -> None:
    """Let batteries come, go or stay, and tell (S03)."""
    held = station.state.batteries
    for one in batteries:
        if event == "BatteryOut":
            held.pop(one["evseId"], None)
        else:
            held[one["evseId"]] = one
    await station.call(
        "BatterySwap",
        {
            "eventType": event,
            "requestId": number,
            "idToken": {"idToken": token, "type": type},
            "batteryData": list(batteries),
        },
    )
