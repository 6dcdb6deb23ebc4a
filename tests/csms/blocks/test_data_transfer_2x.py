"""Messages between vendors in 2.0.1: any JSON, untouched both ways."""

from typing import Any

import pytest

from custom_components.ocpp.csms.central_system import CentralSystem
from custom_components.ocpp.csms.charging_station import ChargingStation
from custom_components.ocpp.csms.errors import CommandRejected
from custom_components.ocpp.csms.model import Options
from tests.simulator_v2 import Station as Two

ANY_JSON = pytest.mark.parametrize(
    "data",
    [
        {"snake_case": 1, "camelCase": {"SoCx": [None, True]}, "": "", "ü": "€"},
        ["a", {"evseId": "1"}, 2.5],
        "text",
        '{"text": "with JSON in it"}',
        0,
        False,
        1.25,
    ],
    ids=["object", "list", "text", "json text", "zero", "false", "number"],
)


@ANY_JSON
async def test_p01_what_is_sent_and_answered_is_any_json(
    station: ChargingStation, two: Two, data: Any
) -> None:
    """The station of the test sends it back."""
    answer = await station.data_transfer.send("Simulator", "Echo", data)
    assert answer == {"status": "Accepted", "data": data}
    sent = await two.wait_for_call("DataTransfer")
    assert sent == {"vendorId": "Simulator", "messageId": "Echo", "data": data}


@pytest.mark.parametrize("word", ["Rejected", "UnknownMessageId", "UnknownVendorId"])
async def test_p01_a_station_that_does_not_take_it(
    station: ChargingStation, two: Two, word: str
) -> None:
    """Its word is passed on."""
    two.answers["DataTransfer"] = {"status": word}
    with pytest.raises(CommandRejected) as error:
        await station.data_transfer.send("Simulator")
    assert error.value.status == word


@ANY_JSON
async def test_p02_what_comes_of_a_known_vendor_is_any_json(
    central: CentralSystem, station: ChargingStation, two: Two, data: Any
) -> None:
    """It is told just as it came."""
    central.apply_options(
        Options(**vars(central.options) | {"known_vendors": frozenset({"simulator"})})
    )
    told: list[Any] = []
    station.follow(told.append)
    assert await two.data_transfer("Simulator", "State", data) == {"status": "Accepted"}
    (event,) = told
    assert (event.vendor_id, event.message_id) == ("Simulator", "State")
    assert event.data == data
    assert type(event.data) is type(data)
    assert event.accepted


async def test_p02_an_unknown_vendor_is_told_so(
    station: ChargingStation, two: Two
) -> None:
    """Whatever it sends."""
    told: list[Any] = []
    station.follow(told.append)
    answer = await two.data_transfer("Somebody", "State", {"deep": {"er": 1}})
    assert answer == {"status": "UnknownVendorId"}
    assert [event.accepted for event in told] == [False]
