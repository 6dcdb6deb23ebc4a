"""G: what stations, EVSEs and connectors are, and whether they are to be used."""

from datetime import datetime, timedelta
from typing import Any

from homeassistant.core import HomeAssistant
import pytest

from custom_components.ocpp.charger import Charger as HubCharger
from tests.conftest import ConnectTwo
from tests.csms.conftest import prepared
from tests.simulator_v2 import Station

from .conversation import (
    ANNA,
    SECOND_STATUS,
    STATUS,
    act,
    failure,
    requests,
    sessions,
    settled,
    shown,
    use,
)

AVAILABLE = "switch.garage_available"


async def change(
    hass: HomeAssistant, garage: HubCharger, status: str, place: dict[str, int]
) -> Any:
    """Have a person take something out of use, or into it again."""
    fields: dict[str, Any] = {"evse": place} if place else {}
    return await act(
        hass, garage, "change_availability", operational_status=status, **fields
    )


@pytest.mark.parametrize(
    ("place", "first", "second"),
    [
        pytest.param(
            {"id": 1},
            "unavailable",
            "available",
            marks=[
                pytest.mark.proves("TC_G_03_CSMS", ocpp="2.0.1"),
                pytest.mark.proves("TC_G_04_CSMS", ocpp="2.0.1"),
            ],
            id="EVSE",
        ),
        pytest.param(
            {},
            "unavailable",
            "unavailable",
            marks=[
                pytest.mark.proves("TC_G_05_CSMS", ocpp="2.0.1"),
                pytest.mark.proves("TC_G_06_CSMS", ocpp="2.0.1"),
            ],
            id="station",
        ),
        pytest.param(
            {"id": 1, "connectorId": 2},
            "available",
            "available",
            marks=[
                pytest.mark.proves("TC_G_07_CSMS", ocpp="2.0.1"),
                pytest.mark.proves("TC_G_08_CSMS", ocpp="2.0.1"),
            ],
            id="connector",
        ),
    ],
)
@pytest.mark.proves("G03", ocpp="2.0.1")
@pytest.mark.proves("G04", ocpp="2.0.1")
async def test_a_place_is_taken_out_of_use_and_back(
    hass: HomeAssistant,
    garage: HubCharger,
    two: Station,
    place: dict[str, int],
    first: str,
    second: str,
) -> None:
    where = {"evse": place} if place else {}
    answer = await change(hass, garage, "inoperative", place)
    assert answer == {"status": "Accepted"}
    assert requests(two, "ChangeAvailability") == [
        {"operationalStatus": "Inoperative"} | where
    ]
    await settled(hass, two)
    assert (shown(hass, STATUS), shown(hass, SECOND_STATUS)) == (first, second)
    assert shown(hass, AVAILABLE) == ("on" if place else "off")
    connector = garage.station.availability.connectors[1, 2]
    assert connector.status == "Unavailable"
    await change(hass, garage, "operative", place)
    assert requests(two, "ChangeAvailability")[1:] == [
        {"operationalStatus": "Operative"} | where
    ]
    await settled(hass, two)
    assert (shown(hass, STATUS), shown(hass, SECOND_STATUS)) == (
        "available",
        "available",
    )
    assert garage.station.availability.connectors[1, 2].status == "Available"
    assert shown(hass, AVAILABLE) == "on"


@pytest.mark.parametrize(
    "place",
    [
        pytest.param({"id": 1}, marks=pytest.mark.proves("TC_G_11_CSMS", ocpp="2.0.1")),
        pytest.param({}, marks=pytest.mark.proves("TC_G_14_CSMS", ocpp="2.0.1")),
        pytest.param(
            {"id": 1, "connectorId": 1},
            marks=pytest.mark.proves("TC_G_17_CSMS", ocpp="2.0.1"),
        ),
    ],
)
async def test_a_place_where_a_car_charges_is_taken_out_of_use_later(
    hass: HomeAssistant, garage: HubCharger, charging: Station, place: dict[str, int]
) -> None:
    answer = await change(hass, garage, "inoperative", place)
    assert answer == {"status": "Scheduled"}
    await settled(hass, charging)
    assert shown(hass, STATUS) == "charging"
    assert shown(hass, SECOND_STATUS) == ("available" if place else "unavailable")
    assert await charging.present_card(1, ANNA)
    await charging.unplug(1)
    await settled(hass, charging)
    # Its other connector may still be used.
    left = "available" if "connectorId" in place else "unavailable"
    assert shown(hass, STATUS) == left
    known = garage.station.availability.connectors[1, 1]
    assert known.status == "Unavailable"
    (session,) = await sessions(hass)
    assert session["complete"]


@pytest.mark.proves("G03", ocpp="2.0.1")
async def test_a_place_that_the_station_keeps_in_use_is_an_error(
    hass: HomeAssistant, two: Station
) -> None:
    two.answers["ChangeAvailability"] = {"status": "Rejected"}
    with failure("command_rejected", status="Rejected"):
        await use(hass, AVAILABLE, "turn_off")
    assert shown(hass, AVAILABLE) == "on"


@pytest.mark.parametrize("by_events", [False, True])
@pytest.mark.proves("G01", ocpp="2.0.1")
async def test_states_are_shown_however_they_are_told(
    hass: HomeAssistant, garage: HubCharger, connect_two: ConnectTwo, by_events: bool
) -> None:
    two = await connect_two(connectors=1, availability_events=by_events)
    await two.power_up()
    await prepared(garage.station)
    for told, status in (
        ("Occupied", "preparing"),
        ("Reserved", "reserved"),
        ("Unavailable", "unavailable"),
        ("Faulted", "faulted"),
        ("Available", "available"),
    ):
        await two.status(1, 1, told)
        await settled(hass, two)
        assert shown(hass, STATUS) == status
    told_by = "NotifyEvent" if by_events else "StatusNotification"
    assert len(two.sent_calls(told_by)) >= 5
    assert shown(hass, SECOND_STATUS) == "available"


@pytest.mark.proves("G02", ocpp="2.0.1")
async def test_whatever_a_station_says_shows_that_it_lives(
    hass: HomeAssistant, everything: None, garage: HubCharger, two: Station
) -> None:
    for say in (two.heartbeat, two.report_status):
        before = garage.station.last_seen
        assert before is not None
        await say()
        await settled(hass, two)
        assert garage.station.last_seen > before
        seen = datetime.fromisoformat(shown(hass, "sensor.garage_last_seen"))
        assert abs(garage.station.last_seen - seen) < timedelta(minutes=1)


@pytest.mark.proves("TC_G_20_CSMS", ocpp="2.0.1")
@pytest.mark.proves("G05", ocpp="2.0.1")
async def test_a_cable_that_can_not_be_locked_is_a_problem(
    hass: HomeAssistant, two: Station
) -> None:
    lock = {
        "name": "ConnectorPlugRetentionLock",
        "evse": {"id": 1, "connectorId": 1},
    }
    await two.notify_event(lock, {"name": "Problem"}, "true")
    await settled(hass, two)
    problems = [
        it.entity_id
        for it in hass.states.async_all("binary_sensor")
        if it.attributes.get("device_class") == "problem" and it.state == "on"
    ]
    assert problems
    await two.notify_event(lock, {"name": "Problem"}, "false")
    await settled(hass, two)
    assert {shown(hass, it) for it in problems} == {"off"}
