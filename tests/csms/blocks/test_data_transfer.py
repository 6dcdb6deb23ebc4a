"""Messages between vendors."""

import pytest

from custom_components.ocpp.csms.charging_station import ChargingStation
from custom_components.ocpp.csms.errors import CommandRejected
from tests.simulator import Charger

DATA = '{"snake_case": 1, "camelCase": [true]}'


async def test_in(station: ChargingStation, charger: Charger) -> None:
    """No vendor is known here, and none is told otherwise."""
    answer = await charger.call("DataTransfer", {"vendorId": "V", "data": DATA})
    assert answer == {"status": "UnknownVendorId"}


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
