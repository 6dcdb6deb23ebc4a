"""The device model of 2.x: reading it, setting it, and keeping it."""

import asyncio
from contextlib import suppress
import json
from typing import Any

import pytest

from custom_components.ocpp.csms.central_system import CentralSystem
from custom_components.ocpp.csms.charging_station import ChargingStation
from custom_components.ocpp.csms.errors import (
    CommandFailed,
    CommandRejected,
    InvalidRequest,
    NotSupported,
)
from custom_components.ocpp.csms.model import EvseStatus, Part, StationSettings, Topic
from custom_components.ocpp.csms.variables import Place, at
from tests.csms.conftest import IDENTITY, MakeTwo, prepared, until
from tests.simulator.link import CallError, Silence
from tests.simulator_v2 import Station as Two, Variable

INTERVAL = at("OCPPCommCtrlr", "HeartbeatInterval")


def item(
    component: str, variable: str, value: str | None = None, **more: Any
) -> dict[str, Any]:
    """Return an item of a report."""
    attribute = {} if value is None else {"value": value}
    return {
        "component": {"name": component},
        "variable": {"name": variable},
        "variableAttribute": [attribute],
        **more,
    }


def part(
    number: int, items: list[Any], *, tbc: bool, request: int = 0
) -> dict[str, Any]:
    """Return a part of a report."""
    return {
        "requestId": request,
        "generatedAt": "2026-11-21T12:00:00.000Z",
        "seqNo": number,
        "tbc": tbc,
        "reportData": items,
    }


def asked_for(two: Two, action: str) -> list[Any]:
    """Return the payloads of the commands that a station was sent."""
    return [frame[3] for frame in two.received if frame[0] == 2 and frame[2] == action]


# --- reports --------------------------------------------------------------------------------


async def test_b07_a_station_tells_all_it_has_once(
    station: ChargingStation, two: Two
) -> None:
    """In parts; and not again after a restart with the same firmware."""
    model = station.device_model
    assert len(model.variables) == len(two.variables)
    assert model.value("smartchargingctrlr", "RATEUNIT") == "A,W"
    assert model.number("EVSE", "SupplyPhases", evse=2) == 3
    assert model.flag("MonitoringCtrlr", "Enabled") is True
    assert model.words("OCPPCommCtrlr", "FileTransferProtocols") == [
        *("HTTP", "HTTPS", "FTP")
    ]
    known = model.find(INTERVAL)
    assert known is not None and known.characteristics is not None
    assert known.writable
    assert (known.characteristics.data_type, known.characteristics.unit) == (
        *("integer", "s"),
    )
    assert [it["reportBase"] for it in asked_for(two, "GetBaseReport")] == [
        "FullInventory"
    ]
    await two.reset()
    await prepared(station)
    assert len(asked_for(two, "GetBaseReport")) == 1
    await two.reboot_with("2.0.1")
    await prepared(station)
    assert len(asked_for(two, "GetBaseReport")) == 2


async def test_b07_parts_in_any_order_and_repeated_make_one_model(
    station: ChargingStation, connect_station: MakeTwo
) -> None:
    """Also with holes that are filled later."""
    two = await connect_station(evses=1)
    two.answers["GetBaseReport"] = {"status": "Accepted"}
    await two.power_up()
    asked = await two.wait_for_call("GetBaseReport")
    request = asked["requestId"]
    for number in (0, 2, 2, 1):
        items = [item("Vendor", f"V{number}{it}", str(it)) for it in range(3)]
        message = part(number, items, tbc=number < 2, request=request)
        await two.call("NotifyReport", message)
    await prepared(station)
    model = station.device_model
    assert {place.variable for place in model.variables} == {
        f"v{number}{it}" for number in range(3) for it in range(3)
    }
    # What is not told any more is not there any more: the limits were read by name before.
    assert model.find(at("SmartChargingCtrlr", "RateUnit")) is None
    assert model.read_already


async def test_a_component_may_have_an_instance(
    station: ChargingStation, two: Two
) -> None:
    """As may a variable: each is one of its own, and set as it is spelled."""
    two.variables["Fan"] = Variable(
        component="Fan",
        component_instance="Left",
        name="Speed",
        instance="Max",
        value="5",
        mutability="ReadWrite",
    )
    where = {"component_instance": "left", "instance": "max"}
    model = station.device_model
    assert await model.read("fan", "speed", **where) == "5"
    assert model.value("Fan", "Speed") is None
    assert await model.write("fan", "speed", "7", **where)
    assert two.variables["Fan"].value == "7"
    assert at("Fan", "Speed", **where).name == "Fan left Speed max"


async def test_b07_a_station_that_tells_not_all_is_asked_what_can_be_set(
    station: ChargingStation, connect_station: MakeTwo
) -> None:
    """And is known by what can be read by name, where it has neither."""
    two = await connect_station()
    two.answers["GetBaseReport"] = lambda payload: {
        "status": "NotSupported"
        if payload["reportBase"] == "FullInventory"
        else "Accepted"
    }
    await two.power_up()
    await two.wait_for_call("GetBaseReport")
    asked = await two.wait_for_call("GetBaseReport")
    assert asked["reportBase"] == "ConfigurationInventory"
    items = [item("OCPPCommCtrlr", "HeartbeatInterval", "300")]
    message = part(0, items, tbc=False, request=asked["requestId"])
    await two.call("NotifyReport", message)
    await prepared(station)
    model = station.device_model
    assert model.value("OCPPCommCtrlr", "HeartbeatInterval") == "300"
    # It was read by name, and what was asked for first stays.
    assert model.value("SmartChargingCtrlr", "RateUnit") == "A,W"


async def test_a_station_without_reports_is_known_by_name(
    station: ChargingStation, connect_station: MakeTwo
) -> None:
    """It is not asked again for them."""
    two = await connect_station()
    two.answers["GetBaseReport"] = CallError("NotImplemented")
    await two.power_up()
    await prepared(station)
    assert station.device_model.value("SmartChargingCtrlr", "ProfileStackLevel") == "8"
    assert len(asked_for(two, "GetBaseReport")) == 2
    await two.reset()
    await prepared(station)
    assert len(asked_for(two, "GetBaseReport")) == 2


async def test_a_station_that_falls_silent_over_reports_is_not_asked_again(
    station: ChargingStation, connect_station: MakeTwo
) -> None:
    """What it was asked for by name is known all the same."""
    two = await connect_station()
    two.answers["GetBaseReport"] = Silence()
    await two.power_up()
    await prepared(station)
    assert len(asked_for(two, "GetBaseReport")) == 1
    assert station.device_model.value("SmartChargingCtrlr", "RateUnit") == "A,W"
    await two.reset()
    await prepared(station)
    assert len(asked_for(two, "GetBaseReport")) == 1


async def test_a_station_that_is_lost_over_reports_is_let_be_in_the_end(
    station: ChargingStation, connect_station: MakeTwo
) -> None:
    """It gets some tries, since connections are lost for other reasons too."""
    two = await connect_station()

    def lost(payload: dict[str, Any]) -> Silence:
        two.drop()
        return Silence()

    two.answers["GetBaseReport"] = lost
    for _ in range(3):
        await two.connect()
        with suppress(ConnectionError):
            await two.power_up()
        await until(station, Part(Topic.CONNECTION), lambda: not station.connected)
    await two.connect()
    await two.power_up()
    await prepared(station)
    assert len(asked_for(two, "GetBaseReport")) == 3
    assert station.device_model.read_already
    assert station.connected


async def test_a_restart_may_have_changed_what_can_be_set(
    station: ChargingStation, two: Two
) -> None:
    """It is read again, by name."""
    two.variables["OCPPCommCtrlr.OfflineThreshold"].value = "77"
    await two.reset()
    await prepared(station)
    assert station.device_model.value("OCPPCommCtrlr", "OfflineThreshold") == "77"
    names = {
        it["variable"]["name"]
        for payload in asked_for(two, "GetVariables")
        for it in payload["getVariableData"]
    }
    assert "BasicAuthPassword" not in names
    assert "MasterPassGroupId" not in names


async def test_b08_a_custom_report_is_taken_up(
    station: ChargingStation, two: Two
) -> None:
    """By whoever asks for it, in as many requests as the station needs."""
    two.variables["Vendor.Colour"] = Variable(
        component="Vendor", name="Colour", value="red"
    )
    wanted = [{"component": {"name": "Vendor"}}] * 11
    answer = await station.device_model.exchange(
        "GetReport", {"requestId": 7, "componentVariable": wanted}
    )
    assert answer.raw["status"] == "Accepted"
    assert [len(it["componentVariable"]) for it in asked_for(two, "GetReport")] == [
        *(10, 1)
    ]
    assert len({it["requestId"] for it in asked_for(two, "GetReport")}) == 2
    await two.settle()
    assert station.device_model.value("Vendor", "Colour") == "red"


async def test_b08_nothing_to_report_is_no_fault(
    station: ChargingStation, two: Two
) -> None:
    """The station says so."""
    wanted = [{"component": {"name": "Nowhere"}}]
    answer = await station.device_model.command_in_parts(
        "GetReport", {"requestId": 7, "componentVariable": wanted}
    )
    assert answer.raw == {"status": "EmptyResultSet"}


async def test_reports_name_evses_and_what_their_connectors_do(
    station: ChargingStation, connect_station: MakeTwo
) -> None:
    """Also a report that nobody asked for."""
    two = await connect_station(evses=1)
    await two.power_up()
    await prepared(station)
    await two.settle()
    assert station.evses == [1]
    state = item("Connector", "AvailabilityState", "Faulted")
    state["component"]["evse"] = {"id": 3, "connectorId": 2}
    await two.call("NotifyReport", part(0, [state], tbc=False))
    assert station.evses == [1, 3]
    assert station.availability.states[3].status is EvseStatus.FAULTED
    assert station.availability.connectors_of(3) == [2]


async def test_structure_grows_once_for_a_report_of_many_parts(
    station: ChargingStation, two: Two
) -> None:
    """Whoever shows the model looks through all of it."""
    heard: list[int] = []
    station.watch(Part(Topic.STRUCTURE), lambda: heard.append(1))
    for number in range(3):
        items = [item("Vendor", f"V{number}", "1")]
        await two.call("NotifyReport", part(number, items, tbc=number < 2))
    assert heard == [1]
    # A part that says that more will come, and was the last all the same.
    await two.call("NotifyReport", part(0, [item("Vendor", "W", "1")], tbc=True))
    await until(station, Part(Topic.STRUCTURE), lambda: len(heard) == 2)


@pytest.mark.parametrize(
    "broken",
    [
        {},
        {"reportData": "all"},
        {"reportData": [None, 1, {}, {"component": {}, "variable": {}}]},
        {"reportData": [{"component": {"name": "A"}, "variable": "B"}]},
        {
            "reportData": [
                {
                    "component": {"name": "A", "evse": {"id": 99}},
                    "variable": {"name": "B"},
                    "variableAttribute": [{"value": "1"}],
                }
            ]
        },
    ],
)
async def test_what_makes_no_sense_is_left_out(
    station: ChargingStation, two: Two, broken: dict[str, Any]
) -> None:
    """The report is answered, and what is known stays."""
    before = dict(station.device_model.variables)
    message = part(0, [], tbc=False) | broken
    assert await two.call("NotifyReport", message, validate=False) == {}
    assert station.device_model.variables == before
    two.violations.clear()


async def test_odd_reports_are_understood(station: ChargingStation, two: Two) -> None:
    """Numbers as text are text, limits may be fractions, values may be none."""
    odd = item(
        "Vendor", "Odd", variableCharacteristics={"maxLimit": 128.0, "unit": "seconds"}
    )
    odd["variableAttribute"] = [
        {"value": 5, "mutability": "readwrite"},
        {"type": "target", "value": True},
    ]
    await two.call("NotifyReport", part(0, [odd], tbc=False), validate=False)
    known = station.device_model.find(at("vendor", "odd"))
    assert known is not None and known.characteristics is not None
    assert (known.value, known.writable) == ("5", True)
    assert known.characteristics.maximum == 128
    two.violations.clear()


async def test_no_station_fills_the_memory(
    station: ChargingStation, two: Two, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There is a most of variables; names and values have a longest."""
    known = len(station.device_model.variables)
    module = "custom_components.ocpp.csms.blocks.device_model.known"
    monkeypatch.setattr(f"{module}.MOST_VARIABLES", known + 3)
    items = [item("Vendor", f"V{it}", "x" * 2500) for it in range(9)]
    await two.call("NotifyReport", part(0, items, tbc=False))
    assert len(station.device_model.variables) == known + 3
    assert station.notes["device model: too many variables"] == 6


async def test_a_long_report_lets_others_have_their_turn(
    station: ChargingStation, two: Two
) -> None:
    """Whatever is in one message."""
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    items = [item("Vendor", f"V{it}", "1") for it in range(1000)]
    running = asyncio.create_task(others())
    await station.device_model.on_report(part(0, items, tbc=False))
    running.cancel()
    assert turns >= 19


# --- reading --------------------------------------------------------------------------------


async def test_b06_variables_are_read_in_as_many_messages_as_the_station_takes(
    station: ChargingStation, two: Two
) -> None:
    """The answers are one."""
    two.variables["DeviceDataCtrlr.ItemsPerMessage.GetVariables"].value = "3"
    await station.device_model.read(
        "DeviceDataCtrlr", "ItemsPerMessage", instance="GetVariables"
    )
    two.received.clear()
    places = [(one.component, one.name) for one in two.variables.values()][:8]
    wanted = [
        {"component": {"name": component}, "variable": {"name": name}}
        for component, name in places
    ]
    answer = await station.device_model.exchange(
        "GetVariables", {"getVariableData": wanted}
    )
    assert [len(it["getVariableData"]) for it in asked_for(two, "GetVariables")] == [
        3,
        3,
        2,
    ]
    assert [it["variable"]["name"] for it in answer.raw["getVariableResult"]] == [
        name for _, name in places
    ]


async def test_b06_messages_are_no_longer_than_the_station_takes(
    station: ChargingStation, two: Two
) -> None:
    """As many bytes as it says."""
    two.variables["DeviceDataCtrlr.BytesPerMessage.GetVariables"].value = "400"
    await station.device_model.read(
        "DeviceDataCtrlr", "BytesPerMessage", instance="GetVariables"
    )
    two.received.clear()
    wanted = [{"component": {"name": "Vendor"}, "variable": {"name": "x" * 40}}] * 10
    await station.device_model.exchange("GetVariables", {"getVariableData": wanted})
    frames = [it for it in two.received if it[0] == 2]
    assert len(frames) > 1
    assert all(len(json.dumps(it)) <= 400 for it in frames)


async def test_b06_what_is_not_told_or_not_there(
    station: ChargingStation, two: Two
) -> None:
    """A password is never told; what a station does not have any more is forgotten."""
    model = station.device_model
    assert await model.read("SecurityCtrlr", "BasicAuthPassword") is None
    assert await model.read("OCPPCommCtrlr", "HeartbeatInterval") == "300"
    del two.variables["OCPPCommCtrlr.HeartbeatInterval"]
    assert await model.read("OCPPCommCtrlr", "HeartbeatInterval") is None
    assert model.find(INTERVAL) is None


async def test_a_station_that_does_not_say_how_much_it_takes(
    station: ChargingStation, connect_station: MakeTwo
) -> None:
    """Is asked for less at a time, once it refuses more; also after a restart of ours."""
    two = await connect_station()
    key = "DeviceDataCtrlr.ItemsPerMessage.GetVariables"
    two.variables[key].value = "2"
    two.variables[key].read = lambda: "2"
    two.answers["GetVariables"] = lambda payload: (
        CallError("OccurrenceConstraintViolation")
        if len(payload["getVariableData"]) > 2
        else {
            "getVariableResult": [
                it | {"attributeStatus": "UnknownVariable"}
                for it in payload["getVariableData"]
            ]
        }
    )
    del two.variables[key]
    await two.power_up()
    await prepared(station)
    assert len(asked_for(two, "GetVariables")[-1]["getVariableData"]) <= 2
    facts = station.device_model.facts()
    assert facts["learnt"] == {"GetVariables": 2}


async def test_other_errors_are_no_reason_to_ask_for_less(
    station: ChargingStation, two: Two
) -> None:
    """They are what the caller has to know."""
    two.answers["GetVariables"] = CallError("InternalError")
    one = {"component": {"name": "A"}, "variable": {"name": "B"}}
    with pytest.raises(CommandFailed):
        await station.device_model.exchange(
            "GetVariables", {"getVariableData": [one, one]}
        )
    two.answers["GetVariables"] = CallError("NotImplemented")
    with pytest.raises(NotSupported):
        await station.device_model.read("A", "B")


async def test_nothing_is_sent_of_a_request_that_is_not_valid_as_a_whole(
    station: ChargingStation, two: Two
) -> None:
    """Although its first part would be."""
    two.received.clear()
    good = {"component": {"name": "A"}, "variable": {"name": "B"}}
    with pytest.raises(InvalidRequest):
        await station.device_model.exchange(
            "GetVariables", {"getVariableData": [good] * 25 + [{}]}
        )
    assert asked_for(two, "GetVariables") == []


# --- setting --------------------------------------------------------------------------------


async def test_b05_what_was_set_is_known(station: ChargingStation, two: Two) -> None:
    """Whoever set it, and of several that which the station took."""
    heard: list[int] = []
    key = INTERVAL.key
    station.watch(Part(Topic.CONFIGURATION, key=key.text), lambda: heard.append(1))
    assert await station.device_model.write("OCPPCommCtrlr", "HeartbeatInterval", "600")
    assert two.variables["OCPPCommCtrlr.HeartbeatInterval"].value == "600"
    assert station.device_model.value("OCPPCommCtrlr", "HeartbeatInterval") == "600"
    station.flush()
    assert heard == [1]

    def wish(component: str, name: str, value: str) -> dict[str, Any]:
        return {
            "component": {"name": component},
            "variable": {"name": name},
            "attributeValue": value,
        }

    answer = await station.device_model.exchange(
        "SetVariables",
        {
            "setVariableData": [
                wish("OCPPCommCtrlr", "OfflineThreshold", "99"),
                wish("OCPPCommCtrlr", "ResetRetries", "many"),
                wish("OCPPCommCtrlr", "NetworkConfigurationPriority", "2"),
                wish("Nowhere", "Nothing", "1"),
            ]
        },
    )
    assert [it["attributeStatus"] for it in answer.raw["setVariableResult"]] == [
        *("Accepted", "Rejected", "RebootRequired", "UnknownComponent")
    ]
    model = station.device_model
    assert model.value("OCPPCommCtrlr", "OfflineThreshold") == "99"
    assert model.value("OCPPCommCtrlr", "ResetRetries") == "1"
    assert model.find(at("Nowhere", "Nothing")) is None


async def test_b05_some_values_only_hold_after_a_restart(
    station: ChargingStation, two: Two
) -> None:
    """That is known until the station booted."""
    place = at("OCPPCommCtrlr", "NetworkConfigurationPriority")
    assert await station.device_model.set(place, "2") is False
    assert station.device_model.after_reboot == {place.key}
    # It has that value already, which holds as little as before.
    assert await station.device_model.set(place, "2") is False
    await two.reset()
    await prepared(station)
    assert station.device_model.after_reboot == set()


async def test_b05_what_a_station_refuses(station: ChargingStation, two: Two) -> None:
    """Nothing is sent for what can't be changed."""
    model = station.device_model
    with pytest.raises(CommandRejected, match="Rejected"):
        await model.write("OCPPCommCtrlr", "HeartbeatInterval", "never")
    with pytest.raises(CommandRejected, match="UnknownComponent"):
        await model.write("Nowhere", "Nothing", "1")
    two.received.clear()
    with pytest.raises(CommandRejected, match="read-only"):
        await model.write("ChargingStation", "Model", "Other")
    assert await model.write("OCPPCommCtrlr", "HeartbeatInterval", "300")
    assert asked_for(two, "SetVariables") == []


async def test_b05_no_message_sets_a_variable_twice(
    station: ChargingStation, two: Two
) -> None:
    """They are told apart without letter case; the order stays (B05.FR.13)."""
    wishes = [
        {
            "component": {"name": component},
            "variable": {"name": "HeartbeatInterval"},
            "attributeValue": value,
        }
        for component, value in (("OCPPCommCtrlr", "60"), ("ocppcommctrlr", "90"))
    ]
    await station.device_model.exchange("SetVariables", {"setVariableData": wishes})
    sent = asked_for(two, "SetVariables")
    assert [len(it["setVariableData"]) for it in sent[-2:]] == [1, 1]
    assert station.device_model.value("OCPPCommCtrlr", "HeartbeatInterval") == "90"


async def test_another_attribute_can_be_set(station: ChargingStation, two: Two) -> None:
    """The actual value stays what it is."""
    two.variables["SmartChargingCtrlr.LimitChangeSignificance"].others["MaxSet"] = "9"
    place = at("SmartChargingCtrlr", "LimitChangeSignificance")
    assert await station.device_model.set(place, "7", attribute="MaxSet") is True
    known = station.device_model.find(place)
    assert known is not None
    limit = known.attribute("MaxSet")
    assert limit is not None and limit.value == "7"
    assert known.value == "1.0"


# --- secrets and memory ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("component", "variable", "secret"),
    [
        ("SecurityCtrlr", "BasicAuthPassword", True),
        ("NetworkConfiguration", "VpnKey", True),
        ("NetworkConfiguration", "ApnPassword", True),
        ("AuthCtrlr", "MasterPassGroupId", True),
        ("TokenReader", "Token", True),
        ("ConnectedEV", "VehicleId", True),
        ("Vendor", "SimPin", True),
        ("Vendor", "PUK", True),
        ("Vendor", "WifiPsk", True),
        ("Vendor", "WiFiPassphrase", True),
        ("Vendor", "FtpPasswd", True),
        ("Vendor", "AdminPwd", True),
        ("Vendor", "DoorPasscode", True),
        ("Vendor", "ClientSecret", True),
        ("Vendor", "UploadCredentials", True),
        ("Vendor", "AccessTokenOfApp", True),
        ("Vendor", "InstallerPinCode", True),
        ("Vendor", "UserPin2", True),
        ("Vendor", "ApiKey", True),
        ("ConnectedEV", "EVCCID", True),
        ("ConnectedEV", "VehicleCertificates", True),
        ("Vendor", "MeterPublicKey", False),
        ("Vendor", "PinCount", False),
        ("FiscalMetering", "PublicKey", False),
        ("OCPPCommCtrlr", "PublicKeyWithSignedMeterValue", False),
        ("SecurityCtrlr", "Identity", False),
    ],
)
def test_secrets(component: str, variable: str, secret: bool) -> None:
    """What lets somebody in, or names a card or a car."""
    assert Place(component, variable).is_secret is secret


async def test_secrets_are_neither_kept_nor_shown(
    station: ChargingStation, two: Two
) -> None:
    """Whether a station tells them, or people set them."""
    password = "correct horse battery"
    wish = {
        "component": {"name": "SecurityCtrlr"},
        "variable": {"name": "BasicAuthPassword"},
        "attributeValue": password,
    }
    await station.device_model.exchange("SetVariables", {"setVariableData": [wish]})
    told = item("Vendor", "ApnPassword", password)
    await two.call("NotifyReport", part(0, [told], tbc=False))
    model = station.device_model
    assert two.variables["SecurityCtrlr.BasicAuthPassword"].value == password
    assert model.find(at("Vendor", "ApnPassword")) is not None
    assert password not in repr(model.variables)
    assert not any("Password" in text for text in model.shown())
    assert model.shown()["EVSE[1]/Power"] == {"Actual": "0"}


@pytest.mark.parametrize(
    "name", ["WifiPsk", "WiFiPassphrase", "ClientSecret", "AdminPwd", "ApiKey"]
)
async def test_what_vendors_call_their_secrets_is_not_kept(
    central: CentralSystem, station: ChargingStation, two: Two, name: str
) -> None:
    """No specification lists them; that they are there is known."""
    secret = "correct horse battery"
    told = [item("Vendor", name, secret), item("Vendor", "Colour", "deep blue")]
    await two.call("NotifyReport", part(0, told, tbc=False))
    await station.stop()
    model = station.device_model
    assert model.find(at("Vendor", name)) is not None
    assert secret not in repr(model.variables)
    kept = await central.shared.store.load_device_model(IDENTITY)
    assert "deep blue" in repr(kept)
    assert secret not in repr(kept)


async def test_the_model_outlives_a_restart_of_home_assistant(
    central: CentralSystem, station: ChargingStation, two: Two
) -> None:
    """Without the station being asked for all of it again."""
    await station.device_model.write(
        "OCPPCommCtrlr", "NetworkConfigurationPriority", "2"
    )
    known = dict(station.device_model.variables)
    await two.disconnect()
    await station.stop()
    other = CentralSystem(
        host="127.0.0.1", port=0, store=central.shared.store, options=central.options
    )
    await other.open()
    reborn = await other.add_station(IDENTITY, StationSettings())
    model = reborn.device_model
    assert model.variables.keys() == known.keys()
    assert all(
        model.variables[key].attributes == variable.attributes
        for key, variable in known.items()
    )
    assert model.after_reboot == station.device_model.after_reboot != set()
    assert model.read_already
    await other.close()


async def test_the_model_of_a_station_that_is_no_more_is_forgotten(
    central: CentralSystem, station: ChargingStation, two: Two
) -> None:
    """With all else that is known of it."""
    await two.disconnect()
    await station.stop()
    store = central.shared.store
    assert await store.load_device_model(IDENTITY) is not None
    await store.forget_station(IDENTITY)
    assert await store.load_device_model(IDENTITY) is None


# --- what is sampled ------------------------------------------------------------------------


async def test_a_station_of_2_samples_what_people_look_at(
    station: ChargingStation, two: Two
) -> None:
    """Of what it can, and often enough; at the ends of a session the register."""
    sampled = two.variables["SampledDataCtrlr.TxUpdatedMeasurands"].value
    assert sampled == (
        "Energy.Active.Import.Register,Power.Active.Import,Current.Import,Voltage,"
        "SoC,Current.Offered,Power.Offered"
    )
    assert two.variables["SampledDataCtrlr.TxUpdatedInterval"].value == "10"
    for name in ("TxStartedMeasurands", "TxEndedMeasurands"):
        value = two.variables[f"SampledDataCtrlr.{name}"].value
        assert value == "Energy.Active.Import.Register"
    assert two.variables["AlignedDataCtrlr.Interval"].value == "900"


async def test_the_register_comes_at_the_ends_of_a_session(
    station: ChargingStation, connect_station: MakeTwo
) -> None:
    """Where a station would tell something else, or does not sample at all."""
    two = await connect_station()
    for name in ("TxStartedMeasurands", "TxEndedMeasurands"):
        two.variables[f"SampledDataCtrlr.{name}"].value = "Voltage"
    two.variables["SampledDataCtrlr.Enabled"].value = "false"
    await two.power_up()
    await prepared(station)
    for name in ("TxStartedMeasurands", "TxEndedMeasurands"):
        value = two.variables[f"SampledDataCtrlr.{name}"].value
        assert value == "Energy.Active.Import.Register,Voltage"
    assert two.variables["SampledDataCtrlr.Enabled"].value == "true"


async def test_what_a_station_does_not_sample_is_left_out(
    station: ChargingStation, connect_station: MakeTwo
) -> None:
    """One by one, from the least wanted, where it does not say what it can."""
    two = await connect_station()
    two.answers["GetBaseReport"] = CallError("NotImplemented")
    measurands = two.variables["SampledDataCtrlr.TxUpdatedMeasurands"]
    measurands.values = (
        *("Energy.Active.Import.Register", "Power.Active.Import"),
        *("Current.Import", "Voltage", "SoC"),
    )
    measurands.value = "SoC"
    await two.power_up()
    await prepared(station)
    assert measurands.value == (
        "Energy.Active.Import.Register,Power.Active.Import,Current.Import,Voltage,SoC"
    )
    written = len(asked_for(two, "SetVariables"))
    await two.reset()
    await prepared(station)
    # It settled on that, and is left alone with it.
    assert len(asked_for(two, "SetVariables")) == written


async def test_a_list_may_have_a_longest(
    station: ChargingStation, connect_station: MakeTwo
) -> None:
    """In characters; it is read with the rest of the model."""
    two = await connect_station()
    measurands = two.variables["SampledDataCtrlr.TxUpdatedMeasurands"]
    measurands.maximum = 50
    await two.power_up()
    await prepared(station)
    measurands.value = "SoC"
    await two.reset()
    await prepared(station)
    assert measurands.value == "Energy.Active.Import.Register,Power.Active.Import"
