"""Statuses, faults, and whether a station is to be used."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from custom_components.ocpp.csms import clock
from custom_components.ocpp.csms.blocks.availability import ERROR_CODES
from custom_components.ocpp.csms.central_system import CentralSystem
from custom_components.ocpp.csms.charging_station import ChargingStation
from custom_components.ocpp.csms.errors import CommandRejected
from custom_components.ocpp.csms.model import (
    ConnectorState,
    EvseStatus,
    Part,
    StationSettings,
    Topic,
)
from tests.csms.conftest import IDENTITY, MakeCharger, prepared
from tests.simulator import CallError, Charger

STATUSES = [status for status in EvseStatus if status is not EvseStatus.OCCUPIED]


def state(station: ChargingStation, evse: int = 1) -> ConnectorState:
    """Return what an EVSE said last."""
    state = station.availability.state(evse)
    assert state is not None
    return state


def commands(charger: Charger, action: str) -> list[dict[str, Any]]:
    """Return the payloads of the commands of an action that came in."""
    return [f[3] for f in charger.received if f[0] == 2 and f[2] == action]


@pytest.mark.parametrize("status", STATUSES)
async def test_statuses(
    station: ChargingStation, charger: Charger, status: EvseStatus
) -> None:
    """Each is shown, with the time the charger says it began."""
    spelled = status.value.title().replace("_", "").replace("Ev", "EV")
    await charger.status(1, spelled.replace("EVse", "EVSE"))
    assert state(station).status is status
    assert datetime.now(UTC) - state(station).at < timedelta(seconds=5)


@pytest.mark.parametrize(("code", "name"), ERROR_CODES.items())
async def test_error_codes(
    station: ChargingStation, charger: Charger, code: str, name: str
) -> None:
    """Each can accompany any status."""
    await charger.status(1, "Charging", code)
    assert state(station).error_code == name
    assert (station.availability.fault(1) is None) == (code == "NoError")


async def test_faults(station: ChargingStation, charger: Charger) -> None:
    """The fault of the station is that of its EVSEs, unless they have their own."""
    availability = station.availability
    assert availability.fault(1) is None
    await charger.status(0, "Faulted", "GroundFailure", vendorErrorCode="E17")
    fault = availability.fault(1)
    assert fault is not None
    assert (fault.error_code, fault.vendor_error) == ("ground_failure", "E17")
    await charger.status(1, "Faulted", "OverVoltage", info="255 V")
    fault = availability.fault(1)
    assert fault is not None and fault.error_code == "over_voltage"
    assert availability.fault(0) is state(station, 0)
    await charger.status(0, "Available")
    await charger.status(1, "Available")
    assert availability.fault(1) is None


async def test_old_words(
    station: ChargingStation, charger: Charger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An older status does not undo a newer one, unless they go on for a minute."""
    await charger.status(1, "Charging")
    long_ago = "2026-01-02T03:04:05Z"
    await charger.status(1, "Preparing", timestamp=long_ago)
    assert state(station).status is EvseStatus.CHARGING
    monkeypatch.setattr(clock, "_BURST", timedelta(0))
    await charger.status(1, "Finishing", timestamp=long_ago)
    assert state(station).status is EvseStatus.FINISHING


async def test_who_listens(station: ChargingStation, charger: Charger) -> None:
    """Listeners hear of changes and not of repetitions."""
    heard = []
    station.watch(Part(Topic.STATUS, 1), lambda: heard.append(1))
    await charger.status(1, "Preparing")
    await charger.status(1, "Preparing")
    assert len(heard) == 1
    await charger.status(1, "Preparing", "WeakSignal")
    assert len(heard) == 2


async def test_change(
    central: CentralSystem, station: ChargingStation, charger: Charger
) -> None:
    """An accepted wish holds, and is known after a restart."""
    assert await station.availability.change(operative=False)
    assert station.availability.operative is False
    assert commands(charger, "ChangeAvailability") == [
        {"connectorId": 0, "type": "Inoperative"}
    ]
    await station.save()
    other = CentralSystem(
        host="127.0.0.1", port=0, store=central.shared.store, options=central.options
    )
    await other.open()
    reborn = await other.add_station(IDENTITY, StationSettings())
    assert reborn.availability.operative is False
    await other.close()
    assert await station.availability.change(operative=True, evse=1)
    assert commands(charger, "ChangeAvailability")[-1] == {
        "connectorId": 1,
        "type": "Operative",
    }


async def test_change_later(station: ChargingStation, charger: Charger) -> None:
    """Scheduled is done when the status says so."""
    charger.answers["ChangeAvailability"] = {"status": "Scheduled"}
    assert not await station.availability.change(operative=False)
    assert station.availability.operative is True
    await charger.status(0, "Unavailable")
    assert station.availability.operative is False


async def test_change_refused(station: ChargingStation, charger: Charger) -> None:
    """A refusal changes nothing."""
    charger.answers["ChangeAvailability"] = {"status": "Rejected"}
    with pytest.raises(CommandRejected):
        await station.availability.change(operative=False)
    assert station.availability.operative is True


async def test_single_evse_speaks_for_its_station(
    station: ChargingStation, connect_charger: MakeCharger
) -> None:
    """Many chargers never send connector 0."""
    charger = await connect_charger()
    await charger.boot()
    await charger.status(1, "Unavailable")
    assert station.availability.operative is False
    await charger.status(1, "Faulted")
    assert station.availability.operative is True
    await charger.status(0, "Unavailable")
    await charger.status(1, "Available")
    assert station.availability.operative is False


async def test_never_by_itself(station: ChargingStation, charger: Charger) -> None:
    """Whether a charger is to be used is for people to say."""
    await station.availability.change(operative=False)
    charger.drop()
    await charger.connect()
    await charger.power_up()
    await prepared(station)
    assert len(commands(charger, "ChangeAvailability")) == 1


async def test_silent_connectors_are_asked(
    station: ChargingStation, connect_charger: MakeCharger
) -> None:
    """Each that did not tell its status since it connected, by its number."""
    charger = await connect_charger(connectors=2)
    await charger.boot()
    await charger.status(1, "Available")
    await prepared(station)
    await charger.settle()
    asked = [
        payload.get("connectorId")
        for payload in commands(charger, "TriggerMessage")
        if payload["requestedMessage"] == "StatusNotification"
    ]
    assert asked == [2]
    assert state(station, 2).status is EvseStatus.AVAILABLE


async def test_charger_that_knows_the_question_for_all_only(
    station: ChargingStation, connect_charger: MakeCharger
) -> None:
    """Refused by number, it is asked without one, once."""
    charger = await connect_charger(connectors=2)
    charger.answers["TriggerMessage"] = lambda payload: (
        CallError("GenericError") if "connectorId" in payload else None
    )
    await charger.boot()
    await prepared(station)
    await charger.settle()
    asked = [
        payload
        for payload in commands(charger, "TriggerMessage")
        if payload["requestedMessage"] == "StatusNotification"
    ]
    assert [payload.get("connectorId") for payload in asked] == [1, None]
    assert state(station, 2).status is EvseStatus.AVAILABLE
