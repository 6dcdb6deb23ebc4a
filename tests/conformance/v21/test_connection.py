"""OCPP-J: what 2.1 changes about the connection itself."""

from contextlib import suppress
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
import pytest

from custom_components.ocpp.charger import Charger as HubCharger
from custom_components.ocpp.hub import OcppHub
from tests.conformance.v201.conversation import act
from tests.conftest import ConnectTwo
from tests.simulator_v2 import Station

ASKED = "GetLocalListVersion"
SEND = 6
VALUES = {
    "id": 77,
    "pending": 0,
    "basetime": "2026-07-01T12:00:00Z",
    "data": [{"t": 0, "v": "230.4"}, {"t": 5, "v": "230.2"}],
}


def since(station: Station, count: int) -> list[Any]:
    """Return what the station received after so many frames, but for commands."""
    return [frame for frame in station.received[count:] if frame[0] != 2]


@pytest.mark.proves("OCPP-J 3.1.2", ocpp="2.1")
@pytest.mark.parametrize(
    ("offered", "spoken"),
    [
        (("ocpp2.1", "ocpp2.0.1", "ocpp1.6"), "ocpp2.1"),
        (("ocpp2.0.1", "ocpp2.1"), "ocpp2.0.1"),
        (("ocpp3.0", "ocpp2.1"), "ocpp2.1"),
    ],
)
@pytest.mark.parametrize("path", ["", "ocpp2.0.1/", "1.6/"])
async def test_the_version_is_what_was_agreed_on(
    hub: OcppHub, garage: HubCharger, path: str, offered: tuple[str, ...], spoken: str
) -> None:
    url = f"ws://127.0.0.1:{hub.central.port}/{path}"
    async with Station(url, "CP1", version=spoken, subprotocols=offered) as station:
        assert station.subprotocol == spoken
        assert (await station.boot())["status"] == "Accepted"
        assert garage.station.version.subprotocol == spoken
        assert station.violations == []


@pytest.mark.proves("OCPP-J 4.1.3", ocpp="2.1")
@pytest.mark.parametrize(
    "frame",
    [
        [7, "1", "Heartbeat", {}],
        [99, "2"],
        [0, "3", {"currentTime": "now"}],
    ],
)
async def test_a_message_of_an_unknown_type_is_passed_over(
    station: Station, frame: list[Any]
) -> None:
    count = len(station.received)
    await station.frame(frame)
    assert (await station.heartbeat())["currentTime"]
    # Nothing but the answer to what came after it.
    (answer,) = since(station, count)
    assert answer[0] == 3


@pytest.mark.proves("OCPP-J 4.2.4", ocpp="2.1")
@pytest.mark.proves("N15.FR.02", ocpp="2.1")
@pytest.mark.parametrize(
    "frame",
    [
        [SEND, "1", "NotifyPeriodicEventStream", VALUES],
        [SEND, "2", "NotifyPeriodicEventStream", {"id": "none"}],
        [SEND, "3", "NoSuchMessage", {}],
        [SEND, "4", "Heartbeat", {}],
        [SEND, "5"],
    ],
    ids=["values", "invalid", "unknown", "another", "short"],
)
async def test_what_wants_no_answer_gets_none(
    station: Station, frame: list[Any]
) -> None:
    count = len(station.received)
    await station.frame(frame)
    assert (await station.heartbeat())["currentTime"]
    assert [it[0] for it in since(station, count)] == [3]
    assert all(it[1] != frame[1] for it in since(station, count))


@pytest.mark.proves("OCPP-J 4.1.4", ocpp="2.1")
async def test_an_answer_that_can_not_be_used_is_complained_about_by_its_number(
    hass: HomeAssistant, garage: HubCharger, station: Station
) -> None:
    # Its number is missing.
    station.answers[ASKED] = {}
    with suppress(HomeAssistantError):
        await act(hass, garage, "get_local_list_version")
    await station.heartbeat()
    ids = [it[1] for it in station.received if it[0] == 2 and it[2] == ASKED]
    complaints = [it for it in station.received if it[0] == 5]
    assert [it[1] for it in complaints] == ids[-1:]
    assert len(complaints[0]) == 5
    assert complaints[0][2] == "ProtocolError"
    # One from the station is not answered.
    count = len(station.received)
    await station.frame([5, "1", "GenericError", "", {}])
    assert (await station.heartbeat())["currentTime"]
    assert [it[0] for it in since(station, count)] == [3]


@pytest.mark.proves("OCPP-J 4.1.4", ocpp="2.1")
async def test_older_stations_get_no_complaint(
    hass: HomeAssistant, garage: HubCharger, connect_two: ConnectTwo
) -> None:
    station = await connect_two()
    await station.power_up()
    station.answers[ASKED] = {}
    with suppress(HomeAssistantError):
        await act(hass, garage, "get_local_list_version")
    await station.heartbeat()
    assert not [it for it in station.received if it[0] == 5]
