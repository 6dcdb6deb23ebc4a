"""Messages between vendors."""

from typing import Any

import pytest

from custom_components.ocpp.csms.central_system import CentralSystem
from custom_components.ocpp.csms.charging_station import ChargingStation
from custom_components.ocpp.csms.errors import CommandRejected
from custom_components.ocpp.csms.events import DataReceived
from custom_components.ocpp.csms.model import Options
from tests.simulator import Charger

DATA = '{"snake_case": 1, "camelCase": [true]}'


async def test_in(station: ChargingStation, charger: Charger) -> None:
    """No vendor is known here unless people named it, and none is told otherwise."""
    told: list[Any] = []
    station.follow(told.append)
    answer = await charger.call("DataTransfer", {"vendorId": "V", "data": DATA})
    assert answer == {"status": "UnknownVendorId"}
    assert told == [
        DataReceived(vendor_id="V", message_id="", data=DATA, accepted=False)
    ]


async def test_in_of_a_known_vendor(
    central: CentralSystem, station: ChargingStation, charger: Charger
) -> None:
    """What it sends is told just as it came."""
    central.apply_options(
        Options(**vars(central.options) | {"known_vendors": frozenset({"com.vendor"})})
    )
    told: list[Any] = []
    station.follow(told.append)
    payload = {"vendorId": "com.Vendor", "messageId": "State", "data": DATA}
    assert await charger.call("DataTransfer", payload) == {"status": "Accepted"}
    assert told == [
        DataReceived(
            vendor_id="com.Vendor", message_id="State", data=DATA, accepted=True
        )
    ]
    other = {"vendorId": "org.other"}
    assert await charger.call("DataTransfer", other) == {"status": "UnknownVendorId"}


async def test_out(station: ChargingStation, charger: Charger) -> None:
    """What is sent and what is answered is passed on unchanged."""
    charger.answers["DataTransfer"] = {"status": "Accepted", "data": DATA}
    answer = await station.data_transfer.send("V", "setThing", DATA)
    assert answer == {"status": "Accepted", "data": DATA}
    assert await charger.wait_for_call("DataTransfer") == {
        "vendorId": "V",
        "messageId": "setThing",
        "data": DATA,
    }
    del charger.answers["DataTransfer"]
    with pytest.raises(CommandRejected) as error:
        await station.data_transfer.send("V")
    assert error.value.status == "UnknownVendorId"
    assert await charger.wait_for_call("DataTransfer") == {"vendorId": "V"}
