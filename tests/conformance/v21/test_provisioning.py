"""B: the device model of 2.1. C, F and N: what is asked for in a few words."""

from collections.abc import Iterator
from typing import Any

from homeassistant.core import HomeAssistant
import pytest

from custom_components.ocpp.charger import Charger as HubCharger
from tests.conformance.v201.conversation import (
    ANNA,
    Transaction,
    act,
    answers,
    failure,
    requests,
    settled,
)
from tests.conftest import ConnectTwo
from tests.simulator_v2 import Station, Variable

from .conversation import known_station

type Payload = dict[str, Any]

NETWORK = "NetworkConfiguration"


def setting(name: str, slot: int = 2, value: str | None = None) -> Payload:
    """Return a variable of a slot of network settings, with what it is to be."""
    payload: Payload = {
        "component": {"name": NETWORK, "instance": str(slot)},
        "variable": {"name": name},
    }
    return payload if value is None else payload | {"attributeValue": value}


def slot_of_settings(slot: int, **values: str) -> Iterator[Variable]:
    """Yield the variables of a slot; a station may write all of them."""
    yield from (
        Variable(
            component=NETWORK,
            component_instance=str(slot),
            name=name,
            value=value,
            mutability="ReadWrite",
        )
        for name, value in values.items()
    )


@pytest.fixture
async def networked(
    hass: HomeAssistant, garage: HubCharger, connect_two: ConnectTwo
) -> Station:
    """Return a station with a slot in use, and one that is not."""
    variables = [
        Variable(
            component=NETWORK,
            component_instance="1",
            name="SecurityProfile",
            value="1",
            mutability="ReadWrite",
        ),
        *slot_of_settings(2, OcppCsmsUrl="", MessageTimeout="30", Apn="", VpnServer=""),
        *slot_of_settings(2, ApnEnabled="true", VpnEnabled="false"),
    ]
    station = await known_station(hass, garage, connect_two, variables=variables)
    await act(hass, garage, "get_base_report", report_base="full_inventory")
    await settled(hass, station)
    return station


def written(station: Station) -> list[tuple[str, str]]:
    """Return what the newest SetVariables wrote."""
    return [
        (item["variable"]["name"], item["attributeValue"])
        for item in requests(station, "SetVariables")[-1]["setVariableData"]
    ]


@pytest.mark.proves("B09.FR.21", ocpp="2.1")
async def test_network_settings_in_use_are_not_written(
    hass: HomeAssistant, garage: HubCharger, networked: Station
) -> None:
    before = len(requests(networked, "SetVariables"))
    data = [setting("MessageTimeout", 2, "60"), setting("SecurityProfile", 1, "2")]
    with failure("invalid_request", command="SetVariables"):
        await act(hass, garage, "set_variables", set_variable_data=data)
    assert len(requests(networked, "SetVariables")) == before
    await act(hass, garage, "set_variables", set_variable_data=data[:1])
    assert written(networked) == [("MessageTimeout", "60")]


@pytest.mark.proves("B09.FR.29", ocpp="2.1")
async def test_a_tunnel_is_switched_on_with_its_settings(
    hass: HomeAssistant, garage: HubCharger, networked: Station
) -> None:
    data = [setting("VpnServer", 2, "192.0.2.40")]
    await act(hass, garage, "set_variables", set_variable_data=data)
    assert written(networked) == [("VpnServer", "192.0.2.40"), ("VpnEnabled", "true")]
    # It is on now, and what people say of the switch themselves holds.
    await act(hass, garage, "set_variables", set_variable_data=data)
    assert written(networked) == [("VpnServer", "192.0.2.40")]
    data.append(setting("VpnEnabled", 2, "false"))
    await act(hass, garage, "set_variables", set_variable_data=data)
    assert [name for name, _ in written(networked)] == ["VpnServer", "VpnEnabled"]


@pytest.mark.proves("B09.FR.30", ocpp="2.1")
async def test_a_mobile_network_is_switched_off_without_its_settings(
    hass: HomeAssistant, garage: HubCharger, networked: Station
) -> None:
    url = setting("OcppCsmsUrl", 2, "ws://192.0.2.10/")
    await act(hass, garage, "set_variables", set_variable_data=[url])
    assert written(networked)[1:] == [("ApnEnabled", "false")]
    # Not where it has some: then the slot is only changed.
    apn = setting("Apn", 2, "internet")
    await act(hass, garage, "set_variables", set_variable_data=[apn])
    assert written(networked)[1:] == [("ApnEnabled", "true")]
    await act(hass, garage, "set_variables", set_variable_data=[url])
    assert written(networked)[1:] == []


@pytest.mark.proves("B08.FR.06", ocpp="2.1")
async def test_a_report_is_asked_for_in_parts(
    hass: HomeAssistant, garage: HubCharger, connect_two: ConnectTwo
) -> None:
    name, instance = "ItemsPerMessage", "GetReport"
    most = Variable(
        component="DeviceDataCtrlr",
        name=name,
        instance=instance,
        value="2",
        data_type="integer",
    )
    station = await known_station(hass, garage, connect_two, variables=[most])
    wanted = [
        {"component": {"name": "OCPPCommCtrlr"}, "variable": {"name": variable}}
        for variable in (
            *("HeartbeatInterval", "OfflineThreshold", "ResetRetries"),
            *("QueueAllMessages", "WebSocketPingInterval"),
        )
    ]
    answer = await act(hass, garage, "get_report", component_variable=wanted)
    asked = requests(station, "GetReport")
    assert [len(it["componentVariable"]) for it in asked] == [2, 2, 1]
    assert len({it["requestId"] for it in asked}) == 3
    assert answer["status"] == "Accepted"
    assert answer["complete"]
    told = [it["variable"]["name"] for it in answer["reportData"]]
    assert told == [it["variable"]["name"] for it in wanted]


@pytest.mark.proves("C09.FR.13", ocpp="2.1")
async def test_groups_of_cards_are_central(
    hass: HomeAssistant, garage: HubCharger, station: Station
) -> None:
    group = {"idToken": "Family", "type": "Central"}
    assert (await station.authorize(ANNA))["groupIdToken"] == group
    car = Transaction(station)
    await car.plugged_in()
    answer = await car.tell("Updated", "Authorized", card=ANNA)
    assert answer["idTokenInfo"]["groupIdToken"] == group
    await settled(hass, station)
    assert answers(station, "Authorize")


@pytest.mark.proves("F06.FR.20", ocpp="2.1")
async def test_a_trigger_of_the_maker_is_sent(
    hass: HomeAssistant, garage: HubCharger, connect_two: ConnectTwo
) -> None:
    triggers = Variable(
        component="CustomizationCtrlr",
        name="CustomTriggers",
        value="",
        data_type="MemberList",
        values=("SelfTest", "LampStatus"),
    )
    station = await known_station(hass, garage, connect_two, variables=[triggers])
    station.answers["TriggerMessage"] = {"status": "Accepted"}
    answer = await act(
        hass,
        garage,
        "trigger_message",
        requested_message="custom_trigger",
        custom_trigger="SelfTest",
    )
    assert answer == {"status": "Accepted"}
    assert requests(station, "TriggerMessage")[-1] == {
        "requestedMessage": "CustomTrigger",
        "customTrigger": "SelfTest",
    }
    await settled(hass, station)


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        pytest.param(
            "https://192.0.2.20/logs/#today",
            "remoteLocation: has a fragment (#)",
            marks=pytest.mark.proves("N01.FR.27", ocpp="2.1"),
        ),
        pytest.param(
            "https://192.0.2.20/logs?of=garage/",
            "remoteLocation: has a query that ends in /",
            marks=pytest.mark.proves("N01.FR.28", ocpp="2.1"),
        ),
        ("https://192.0.2.20/logs/", ""),
        ("https://192.0.2.20/logs?of=garage", ""),
    ],
)
async def test_a_log_goes_to_an_address_that_the_station_can_use(
    hass: HomeAssistant,
    garage: HubCharger,
    station: Station,
    address: str,
    reason: str,
) -> None:
    fields = {"log_type": "diagnostics_log", "log": {"remoteLocation": address}}
    if reason:
        with failure("invalid_request", command="GetLog", reason=reason):
            await act(hass, garage, "get_log", **fields)
    else:
        await act(hass, garage, "get_log", **fields)
    asked = [it["log"]["remoteLocation"] for it in requests(station, "GetLog")]
    assert asked == ([] if reason else [address])
