"""The commands of OCPP 1.6 as actions, with a charger at the other end of a real socket."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import (
    HomeAssistantError,
    ServiceValidationError,
    Unauthorized,
)
from homeassistant.helpers import device_registry as dr
from homeassistant.util.yaml import parse_yaml
import probatio
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, MockUser

from custom_components.ocpp.charger import Charger as HubCharger
from custom_components.ocpp.const import DOMAIN
from custom_components.ocpp.csms.commands import COMMANDS
from custom_components.ocpp.csms.model import RegistrationStatus, StationSettings
from custom_components.ocpp.csms.versions import V16
from custom_components.ocpp.hub import OcppHub
from tests.simulator import CallError, Charger, Silence

from .conftest import Connect, charger_subentry, ready

PROFILE = {
    "chargingProfileId": 100,
    "stackLevel": 0,
    "chargingProfilePurpose": "TxDefaultProfile",
    "chargingProfileKind": "Absolute",
    "chargingSchedule": {
        "startSchedule": "2026-10-20T00:00:00Z",
        "chargingRateUnit": "A",
        "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 8.1}],
    },
}
OF_START = {
    "chargingProfileId": 101,
    "stackLevel": 0,
    "chargingProfilePurpose": "TxProfile",
    "chargingProfileKind": "Relative",
    "chargingSchedule": {
        "chargingRateUnit": "A",
        "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 8}],
    },
}
HASHES = {
    "hashAlgorithm": "SHA256",
    "issuerNameHash": "ab",
    "issuerKeyHash": "cd",
    "serialNumber": "01",
}
CARDS = [{"idTag": "CARD1", "idTagInfo": {"status": "Accepted"}}, {"idTag": "CARD2"}]
FIRMWARE = {
    "location": "https://192.0.2.1/firmware",
    "retrieveDateTime": "2026-10-20T00:00:00Z",
    "signingCertificate": "PEM",
    "signature": "c2ln",
}
LOG = {"remoteLocation": "ftp://192.0.2.1/", "oldestTimestamp": "2026-10-20T00:00:00Z"}
ROOT = "CentralSystemRootCertificate"
ACCEPTED = {"status": "Accepted"}
NOON = "2026-10-20T12:00:00.000Z"

# What is given, what the charger is sent for it, and what it answers where that is not
# what it answers by itself.
CASES: dict[str, tuple[dict[str, Any], dict[str, Any], dict[str, Any] | None]] = {
    "cancel_reservation": ({"reservation_id": -7}, {"reservationId": -7}, ACCEPTED),
    "certificate_signed": (
        {"certificate_chain": "PEM"},
        {"certificateChain": "PEM"},
        None,
    ),
    "change_availability": (
        {"type": "inoperative"},
        {"connectorId": 1, "type": "Inoperative"},
        None,
    ),
    # YAML takes both for something else than text.
    "change_configuration": (
        {"key": "LocalPreAuthorize", "value": True},
        {"key": "LocalPreAuthorize", "value": "true"},
        {"status": "RebootRequired"},
    ),
    "clear_cache": ({}, {}, None),
    "clear_charging_profile": (
        {
            "id": 3,
            "charging_profile_purpose": "charging_station_max_profile",
            "stack_level": 0,
        },
        {"id": 3, "chargingProfilePurpose": "ChargePointMaxProfile", "stackLevel": 0},
        {"status": "Unknown"},
    ),
    "data_transfer": (
        {"vendor_id": "V", "message_id": "m_id", "data": '{"snake_case": "fooBar"}'},
        {"vendorId": "V", "messageId": "m_id", "data": '{"snake_case": "fooBar"}'},
        {"status": "Accepted", "data": '{"snake_case": 1}'},
    ),
    "delete_certificate": (
        {"certificate_hash_data": HASHES},
        {"certificateHashData": HASHES},
        ACCEPTED,
    ),
    "extended_trigger_message": (
        {"requested_message": "log_status_notification", "connector_id": 1},
        {"requestedMessage": "LogStatusNotification", "connectorId": 1},
        None,
    ),
    "get_composite_schedule": (
        {"duration": 600, "charging_rate_unit": "a"},
        {"connectorId": 1, "duration": 600, "chargingRateUnit": "A"},
        None,
    ),
    "get_configuration": (
        {"key": ["HeartbeatInterval", "Nonsense"]},
        {"key": ["HeartbeatInterval", "Nonsense"]},
        None,
    ),
    "get_diagnostics": (
        {"location": "ftp://192.0.2.1/", "retries": 2.0, "start_time": NOON},
        {"location": "ftp://192.0.2.1/", "retries": 2, "startTime": NOON},
        None,
    ),
    "get_installed_certificate_ids": (
        {"certificate_type": "csms_root_certificate"},
        {"certificateType": ROOT},
        None,
    ),
    "get_local_list_version": ({}, {}, None),
    "get_log": (
        {"log": LOG, "log_type": "SecurityLog", "request_id": 5, "retry_interval": 9},
        {"log": LOG, "logType": "SecurityLog", "requestId": 5, "retryInterval": 9},
        None,
    ),
    "install_certificate": (
        {"certificate_type": ROOT, "certificate": "PEM"},
        {"certificateType": ROOT, "certificate": "PEM"},
        None,
    ),
    "remote_start_transaction": (
        {"id_tag": 12345678, "charging_profile": OF_START},
        {"idTag": "12345678", "chargingProfile": OF_START},
        None,
    ),
    # One that nobody here knows of: the charger knows best.
    "remote_stop_transaction": (
        {"transaction_id": -1},
        {"transactionId": -1},
        ACCEPTED,
    ),
    "reserve_now": (
        {
            "id_tag": "CARD1",
            "expiry_date": "2026-10-20T14:00:00+02:00",
            "parent_id_tag": "FAMILY",
            "reservation_id": 0,
        },
        {
            "connectorId": 1,
            "idTag": "CARD1",
            "expiryDate": NOON,
            "parentIdTag": "FAMILY",
            "reservationId": 0,
        },
        None,
    ),
    "reset": ({"type": "on_idle"}, {"type": "Soft"}, ACCEPTED),
    "send_local_list": (
        {
            "list_version": 4,
            "update_type": "full",
            "local_authorization_list": CARDS,
        },
        {"listVersion": 4, "updateType": "Full", "localAuthorizationList": CARDS},
        None,
    ),
    "set_charging_profile": (
        {"cs_charging_profiles": PROFILE},
        {"connectorId": 1, "csChargingProfiles": PROFILE},
        None,
    ),
    "signed_update_firmware": (
        {"firmware": FIRMWARE, "request_id": 6, "retries": 1},
        {"firmware": FIRMWARE, "requestId": 6, "retries": 1},
        None,
    ),
    "trigger_message": (
        {"requested_message": "METER_VALUES"},
        {"requestedMessage": "MeterValues"},
        None,
    ),
    "unlock_connector": ({}, {"connectorId": 1}, None),
    "update_firmware": (
        {
            "location": "ftp://192.0.2.1/firmware",
            "retrieve_date": datetime(2026, 10, 20, 12, tzinfo=UTC),
        },
        {"location": "ftp://192.0.2.1/firmware", "retrieveDate": NOON},
        None,
    ),
}
WITH_STATUS = [name for name in CASES if COMMANDS[name].accepted[V16]]


async def act(
    hass: HomeAssistant, action: str, device_id: str, /, **fields: Any
) -> dict[str, Any]:
    """Call an action as an automation does, and return its response."""
    return await hass.services.async_call(
        DOMAIN,
        action,
        {"device_id": device_id, **fields},
        blocking=True,
        return_response=True,
    )


def called(name: str) -> str:
    """Return what OCPP calls a command."""
    return COMMANDS[name].action


def frames(charger: Charger, action: str) -> Iterator[dict[str, Any]]:
    """Yield the requests of an action that the charger received."""
    for frame in charger.received:
        if frame[0] == 2 and frame[2] == action:
            yield frame[3]


def test_all_26_commands_are_tried() -> None:
    of_16 = {name for name, command in COMMANDS.items() if V16 in command.fields}
    assert set(CASES) == of_16
    assert len(of_16) == 26


@pytest.mark.parametrize("name", CASES)
async def test_a_command_is_sent_as_given_and_answered_in_full(
    hass: HomeAssistant, garage: HubCharger, charger: Charger, name: str
) -> None:
    given, request, answer = CASES[name]
    if answer is not None:
        charger.answers[called(name)] = answer
    response = await act(hass, name, garage.device_id, **given)
    sent = list(frames(charger, called(name)))[-1]
    assert sent == request
    assert {key: type(value) for key, value in sent.items()} == {
        key: type(value) for key, value in request.items()
    }
    answers = [frame[2] for frame in charger.sent if frame[0] == 3]
    assert response in answers if answer is None else response == answer
    assert charger.violations == []
    await charger.settle()


WITHOUT = {"status": "NotSupported"}
# What is mostly refused because of the car.
OF_A_CAR = {
    "remote_start_transaction",
    "remote_stop_transaction",
    "set_charging_profile",
    "unlock_connector",
}
# Whose status says that a key, or a message, is not there.
OF_WHAT_WAS_ASKED = {
    "change_configuration",
    "extended_trigger_message",
    "trigger_message",
}


@pytest.mark.parametrize(
    ("answer", "kind", "key"),
    [
        ({"status": "Rejected"}, HomeAssistantError, "command_rejected"),
        (WITHOUT, ServiceValidationError, "not_supported"),
        (CallError("NotImplemented"), ServiceValidationError, "not_supported"),
        (CallError("NotSupported"), ServiceValidationError, "not_supported"),
        (CallError("InternalError", "a fuse"), HomeAssistantError, "command_failed"),
        (Silence, HomeAssistantError, "command_timed_out"),
    ],
    ids=["rejected", "status", "implemented", "supported", "failed", "silence"],
)
async def test_what_is_no_success_is_an_error_that_says_which(
    hass: HomeAssistant,
    garage: HubCharger,
    charger: Charger,
    answer: Any,
    kind: type[HomeAssistantError],
    key: str,
) -> None:
    garage.station._rpc._timeout = 0.05 if answer is Silence else 5
    for name in WITH_STATUS if isinstance(answer, dict) else CASES:
        charger.answers[called(name)] = answer
        with pytest.raises(HomeAssistantError) as error:
            await act(hass, name, garage.device_id, **CASES[name][0])
        wanted = key
        if key == "command_rejected" and name in OF_A_CAR:
            wanted = "charging_rejected"
        if key == "not_supported" and answer == WITHOUT and name in OF_WHAT_WAS_ASKED:
            wanted = "command_rejected"
        assert error.value.translation_key == wanted, name
        refused = wanted in ("charging_rejected", "command_rejected")
        assert type(error.value) is (HomeAssistantError if refused else kind), name
        words = error.value.translation_placeholders
        assert words["charger"] == "Garage"
        assert words["command"] == called(name)
        if refused:
            assert words["status"] == answer["status"]
        if key == "command_failed":
            assert (words["code"], words["description"]) == ("InternalError", "a fuse")


async def test_a_charger_that_is_away_or_not_accepted_is_sent_nothing(
    hass: HomeAssistant, garage: HubCharger, connect: Connect
) -> None:
    with pytest.raises(ServiceValidationError) as error:
        await act(hass, "clear_cache", garage.device_id)
    assert error.value.translation_key == "station_offline"
    garage.station.apply_settings(
        StationSettings(registration=RegistrationStatus.REJECTED)
    )
    charger = await connect()
    await charger.boot()
    for action, fields in ("clear_cache", {}), ("call", {"action": "ClearCache"}):
        with pytest.raises(ServiceValidationError) as error:
            await act(hass, action, garage.device_id, **fields)
        assert error.value.translation_key == "not_accepted"
    assert not list(frames(charger, "ClearCache"))


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("set_charging_profile", {"cs_charging_profiles": {"stackLevel": "x"}}),
        ("send_local_list", {"list_version": 1, "update_type": "full"}
         | {"local_authorization_list": [{"id_tag": "CARD1"}]}),
        ("get_log", {"log": {}, "log_type": "security_log"}),
        ("delete_certificate", {"certificate_hash_data": HASHES | {"hashAlgorithm": 1}}),
    ],
)  # fmt: skip
async def test_nested_data_that_is_not_valid_is_not_sent(
    hass: HomeAssistant,
    garage: HubCharger,
    charger: Charger,
    name: str,
    given: dict[str, Any],
) -> None:
    with pytest.raises(ServiceValidationError) as error:
        await act(hass, name, garage.device_id, **given)
    assert error.value.translation_key == "invalid_request"
    assert error.value.translation_placeholders["command"] == called(name)
    assert not list(frames(charger, called(name)))


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("reset", {}),
        ("reset", {"type": "sideways"}),
        ("reset", {"type": "Hard", "kind": 1}),
        ("get_composite_schedule", {"duration": 1.5}),
        ("get_composite_schedule", {"duration": True}),
        ("get_composite_schedule", {"duration": "soon"}),
        ("get_composite_schedule", {"duration": float("nan")}),
        ("remote_start_transaction", {"id_tag": "X" * 21}),
        ("get_configuration", {"key": ["HeartbeatInterval", "X" * 51]}),
        ("set_charging_profile", {"cs_charging_profiles": "[1"}),
        ("reserve_now", {"id_tag": "CARD1", "expiry_date": "soon"}),
        ("call", {}),
        ("call", {"action": "ClearCache", "payload": [1]}),
        ("call", {"action": "ClearCache", "payload": {"key": {1, 2}}}),
    ],
)
async def test_nonsense_is_not_sent(
    hass: HomeAssistant,
    garage: HubCharger,
    charger: Charger,
    name: str,
    given: dict[str, Any],
) -> None:
    heard = len(charger.received)
    with pytest.raises(probatio.Invalid):
        await act(hass, name, garage.device_id, **given)
    assert len(charger.received) == heard


@pytest.mark.parametrize(
    "said", ["Hard", "hard", "immediate", "Immediate", "IMMEDIATE"]
)
async def test_words_are_known_as_any_version_spells_them(
    hass: HomeAssistant, garage: HubCharger, charger: Charger, said: str
) -> None:
    charger.answers["Reset"] = ACCEPTED
    await act(hass, "reset", garage.device_id, type=said)
    assert await charger.wait_for_call("Reset") == {"type": "Hard"}


async def test_numbers_that_are_needed_are_made_up_and_returned(
    hass: HomeAssistant, garage: HubCharger, charger: Charger
) -> None:
    numbers = []
    for _ in range(2):
        response = await act(
            hass, "get_log", garage.device_id, log=LOG, log_type="security_log"
        )
        sent = await charger.wait_for_call("GetLog")
        assert response["requestId"] == sent["requestId"] > 0
        assert response["status"] == "Accepted"
        numbers.append(sent["requestId"])
    response = await act(
        hass,
        "reserve_now",
        garage.device_id,
        id_tag="CARD1",
        expiry_date=datetime(2026, 10, 20, 12, tzinfo=UTC),
    )
    sent = await charger.wait_for_call("ReserveNow")
    numbers.append(sent["reservationId"])
    assert response == {"status": "Accepted", "reservationId": numbers[-1]}
    assert len(set(numbers)) == 3
    with pytest.raises(probatio.Invalid):
        await act(hass, "cancel_reservation", garage.device_id)


async def test_times_and_data_are_written_as_chargers_read_them(
    hass: HomeAssistant, garage: HubCharger, charger: Charger
) -> None:
    """Templates and YAML make times and mappings of what looks like them."""
    await hass.config.async_set_time_zone("Europe/Berlin")
    location = "ftp://192.0.2.1/"
    await act(
        hass,
        "get_diagnostics",
        garage.device_id,
        location=location,
        start_time="2026-10-20 14:00:00",
    )
    sent = await charger.wait_for_call("GetDiagnostics")
    assert sent == {"location": location, "startTime": NOON}
    moment = datetime(2026, 10, 20, tzinfo=UTC)
    log = {"remoteLocation": location, "oldestTimestamp": moment}
    log["latestTimestamp"] = moment.date()
    await act(hass, "get_log", garage.device_id, log=log, log_type="security_log")
    sent = (await charger.wait_for_call("GetLog"))["log"]
    assert sent["oldestTimestamp"] == "2026-10-20T00:00:00Z"
    assert sent["latestTimestamp"] == "2026-10-20"
    charger.answers["DataTransfer"] = ACCEPTED
    data = {"snake_case": [1, "fooBar"]}
    await act(hass, "data_transfer", garage.device_id, vendor_id="V", data=data)
    sent = await charger.wait_for_call("DataTransfer")
    assert sent["data"] == '{"snake_case":[1,"fooBar"]}'


async def test_the_answer_is_passed_on_as_it_came(
    hass: HomeAssistant, garage: HubCharger, charger: Charger
) -> None:
    """Also where it is not quite what the specification has."""
    odd = {"listVersion": "7", "vendor_extra": {"fooBar": 1}}
    charger.answers["GetLocalListVersion"] = odd
    assert await act(hass, "get_local_list_version", garage.device_id) == odd
    call = {"action": "GetLocalListVersion"}
    assert await act(hass, "call", garage.device_id, **call) == {"result": odd}


async def test_only_administrators_may_do_damage(
    hass: HomeAssistant,
    garage: HubCharger,
    charger: Charger,
    hass_read_only_user: MockUser,
) -> None:
    someone = Context(user_id=hass_read_only_user.id)
    allowed = set()
    for name, (given, _, _) in (CASES | {"call": ({"action": "Reset"}, 0, 0)}).items():
        if name in COMMANDS:
            charger.answers[called(name)] = CallError("InternalError")
        with pytest.raises(HomeAssistantError) as error:
            await hass.services.async_call(
                DOMAIN,
                name,
                {"device_id": garage.device_id, **given},
                blocking=True,
                context=someone,
            )
        if isinstance(error.value, Unauthorized):
            continue
        assert error.value.translation_key == "command_failed"
        allowed.add(name)
    assert set(CASES) - allowed == {
        "certificate_signed",
        "change_configuration",
        "data_transfer",
        "delete_certificate",
        "get_configuration",
        "get_diagnostics",
        "get_log",
        "install_certificate",
        "reset",
        "send_local_list",
        "signed_update_firmware",
        "update_firmware",
    }
    assert "call" not in allowed
    assert not list(frames(charger, "Reset"))


async def test_what_a_command_changed_is_shown(
    hass: HomeAssistant, garage: HubCharger, charger: Charger
) -> None:
    """Whoever sent it: the blocks hear of it, and the entities with them."""
    await act(hass, "set_charging_rate", garage.device_id, limit_amps=10)
    assert hass.states.get("number.garage_current_limit").state == "10.0"
    await act(hass, "clear_charging_profile", garage.device_id)
    assert hass.states.get("number.garage_current_limit").state == "unknown"
    await act(
        hass,
        "change_availability",
        garage.device_id,
        type="inoperative",
        connector_id=0,
    )
    assert hass.states.get("switch.garage_available").state == "off"
    await charger.settle()


async def test_an_automation_in_yaml_is_understood(
    hass: HomeAssistant, garage: HubCharger, charger: Charger
) -> None:
    """Its texts and mappings are of classes of their own."""
    fields = parse_yaml(
        """
        update_type: Full
        list_version: 3
        local_authorization_list:
          - idTag: CARD1
            idTagInfo: {status: Accepted, expiryDate: 2026-12-24T00:00:00Z}
        """
    )
    await act(hass, "send_local_list", garage.device_id, **fields)
    sent = await charger.wait_for_call("SendLocalList")
    info = {"status": "Accepted", "expiryDate": "2026-12-24T00:00:00Z"}
    assert sent["localAuthorizationList"] == [{"idTag": "CARD1", "idTagInfo": info}]
    fields = parse_yaml(
        "{action: GetConfiguration, payload: {key: [HeartbeatInterval]}}"
    )
    response = await act(hass, "call", garage.device_id, **fields)
    assert response["result"]["configurationKey"][0]["key"] == "HeartbeatInterval"


class TestCall:
    """The action that sends anything."""

    async def test_what_is_valid_is_sent_and_the_answer_returned(
        self, hass: HomeAssistant, garage: HubCharger, charger: Charger
    ) -> None:
        charger.answers["ChangeAvailability"] = ACCEPTED
        payload = {"connectorId": 0, "type": "Inoperative"}
        response = await act(
            hass,
            "call",
            garage.device_id,
            action="ChangeAvailability",
            payload=payload,
        )
        assert response == {"result": ACCEPTED}
        assert await charger.wait_for_call("ChangeAvailability") == payload
        assert hass.states.get("switch.garage_available").state == "off"

    async def test_only_2_1_has_messages_that_nobody_answers(
        self, hass: HomeAssistant, garage: HubCharger, charger: Charger
    ) -> None:
        with pytest.raises(HomeAssistantError) as error:
            await act(
                hass, "call", garage.device_id, action="ClearCache", unanswered=True
            )
        assert error.value.translation_key == "not_in_version"

    async def test_a_refusal_is_an_answer(
        self, hass: HomeAssistant, garage: HubCharger, charger: Charger
    ) -> None:
        charger.answers["ClearCache"] = {"status": "Rejected"}
        response = await act(hass, "call", garage.device_id, action="ClearCache")
        assert response == {"result": {"status": "Rejected"}}

    @pytest.mark.parametrize(
        ("action", "payload", "key"),
        [
            ("Reset", {"type": "Medium"}, "invalid_request"),
            ("Reset", {}, "invalid_request"),
            ("MakeCoffee", {}, "not_in_version"),
        ],
    )
    async def test_what_is_not_valid_is_sent_only_where_that_is_wanted(
        self,
        hass: HomeAssistant,
        garage: HubCharger,
        charger: Charger,
        action: str,
        payload: dict[str, Any],
        key: str,
    ) -> None:
        fields = {"action": action, "payload": payload}
        with pytest.raises(ServiceValidationError) as error:
            await act(hass, "call", garage.device_id, **fields)
        assert error.value.translation_key == key
        assert not list(frames(charger, action))
        charger.answers[action] = {"coffee": "black"}
        response = await act(hass, "call", garage.device_id, **fields, validate=False)
        assert response == {"result": {"coffee": "black"}}
        assert await charger.wait_for_call(action) == payload
        charger.violations.clear()

    @pytest.mark.parametrize("code", ["NotSupported", "InternalError", "VendorError"])
    async def test_an_error_is_told_as_it_came(
        self, hass: HomeAssistant, garage: HubCharger, charger: Charger, code: str
    ) -> None:
        charger.answers["ClearCache"] = CallError(code, "no cache today")
        with pytest.raises(HomeAssistantError) as error:
            await act(hass, "call", garage.device_id, action="ClearCache")
        assert error.value.translation_key == "command_failed"
        assert error.value.translation_placeholders == {
            "charger": "Garage",
            "command": "ClearCache",
            "code": code,
            "description": "no cache today",
        }


class TestSeveralConnectors:
    """Which connector is meant."""

    @pytest.fixture
    def subentries(self) -> list[Any]:
        """Have a charger with two connectors."""
        return [charger_subentry("CP2", title="Yard")]

    async def test_the_device_says_which_unless_a_connector_is_given(
        self,
        hass: HomeAssistant,
        hub: OcppHub,
        connect: Connect,
        device_registry: dr.DeviceRegistry,
        entry: MockConfigEntry,
    ) -> None:
        charger = await connect("CP2", connectors=2)
        await charger.power_up()
        await ready(hass, charger)
        yard = hub.chargers["CP2"].device_id
        second = device_registry.async_get_child_device_by_identifier(
            (DOMAIN, "CP2\x1f2"), entry.entry_id
        ).id
        operative = {"type": "operative"}
        start = {"id_tag": "CARD1"}
        stations = PROFILE | {"chargingProfilePurpose": "ChargePointMaxProfile"}
        for name, device, given, connector in (
            ("change_availability", second, operative, 2),
            ("change_availability", yard, operative, 0),
            ("change_availability", second, operative | {"connector_id": 0}, 0),
            ("change_availability", yard, operative | {"connector_id": 1}, 1),
            # Optional: the device of a connector fills it in, that of the charger not.
            ("remote_start_transaction", second, start, 2),
            ("remote_start_transaction", yard, start, None),
            ("clear_charging_profile", second, {}, 2),
            ("clear_charging_profile", yard, {}, None),
            ("set_charging_profile", yard, {"cs_charging_profiles": stations}, 0),
        ):
            charger.answers[called(name)] = ACCEPTED
            await act(hass, name, device, **given)
            sent = await charger.wait_for_call(called(name))
            assert sent.get("connectorId") == connector, (name, given)
        charger.answers["ClearCache"] = ACCEPTED
        await act(hass, "clear_cache", second)
        assert await charger.wait_for_call("ClearCache") == {}
        assert charger.violations == []


async def test_a_profile_of_the_whole_charger_is_sent_to_it(
    hass: HomeAssistant, garage: HubCharger, charger: Charger
) -> None:
    """No connector can have such a profile, not even the only one."""
    profile = PROFILE | {"chargingProfilePurpose": "ChargePointMaxProfile"}
    fields = {"cs_charging_profiles": profile}
    await act(hass, "set_charging_profile", garage.device_id, **fields)
    sent = await charger.wait_for_call("SetChargingProfile")
    assert sent["connectorId"] == 0
