"""The commands of OCPP 2.0.1 as actions, with a bare socket in the charger's place."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
import json
from typing import Any

from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import (
    HomeAssistantError,
    ServiceValidationError,
    Unauthorized,
)
import probatio
import pytest
from pytest_homeassistant_custom_component.common import MockUser
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from custom_components.ocpp.charger import Charger as HubCharger
from custom_components.ocpp.const import DOMAIN
from custom_components.ocpp.csms.commands import COMMANDS
from custom_components.ocpp.csms.reports import LATER
from custom_components.ocpp.csms.versions import V201
from custom_components.ocpp.hub import OcppHub
from tests.simulator import Charger

from .conftest import eventually
from .test_command_actions import act

TOKEN = {"idToken": "CARD1", "type": "ISO14443"}
HASHES = {
    "hashAlgorithm": "SHA256",
    "issuerNameHash": "ab",
    "issuerKeyHash": "cd",
    "serialNumber": "01",
}
PROFILE = {
    "id": 1,
    "stackLevel": 0,
    "chargingProfilePurpose": "TxDefaultProfile",
    "chargingProfileKind": "Relative",
    "chargingSchedule": [
        {
            "id": 1,
            "chargingRateUnit": "A",
            "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 8.1}],
        }
    ],
}
HEARTBEAT = {
    "component": {"name": "OCPPCommCtrlr"},
    "variable": {"name": "HeartbeatInterval"},
}
TEMPERATURE = {
    "component": {"name": "ChargingStation"},
    "variable": {"name": "Temperature"},
    "type": "UpperThreshold",
    "severity": 4,
}
FIRMWARE = {
    "location": "https://192.0.2.1/firmware",
    "retrieveDateTime": "2026-10-20T00:00:00Z",
}
LOG = {"remoteLocation": "ftp://192.0.2.1/"}
NETWORK = {
    "ocppVersion": "OCPP20",
    "ocppTransport": "JSON",
    "ocppCsmsUrl": "ws://192.0.2.1:9000",
    "messageTimeout": 30,
    "securityProfile": 1,
    "ocppInterface": "Wired0",
}
MESSAGE = {
    "id": 1,
    "priority": "NormalCycle",
    "message": {"format": "UTF8", "content": "Hello"},
}
CARDS = [{"idToken": TOKEN, "idTokenInfo": {"status": "Accepted"}}, {"idToken": TOKEN}]
SESSION = "4f1c8e0a-7d0b-4c63-9a2e-5b1f7c3d2e10"
NOON = "2026-10-20T12:00:00.000Z"
ACCEPTED = {"status": "Accepted"}

# What is given, what the charger is sent for it, and what it answers where that is not
# just yes.
CASES: dict[str, tuple[dict[str, Any], dict[str, Any], dict[str, Any]]] = {
    "cancel_reservation": ({"reservation_id": 7}, {"reservationId": 7}, ACCEPTED),
    "certificate_signed": (
        {"certificate_chain": "PEM", "certificate_type": "v2g_certificate"},
        {"certificateChain": "PEM", "certificateType": "V2GCertificate"},
        ACCEPTED,
    ),
    "change_availability": (
        {"operational_status": "inoperative", "evse": {"id": 1}},
        {"operationalStatus": "Inoperative", "evse": {"id": 1}},
        {"status": "Scheduled"},
    ),
    "clear_cache": ({}, {}, ACCEPTED),
    "clear_charging_profile": (
        {"charging_profile_id": 3},
        {"chargingProfileId": 3},
        {"status": "Unknown"},
    ),
    "clear_display_message": ({"id": "5"}, {"id": 5}, {"status": "Unknown"}),
    # As a form gives them.
    "clear_variable_monitoring": (
        {"id": ["1", "2"]},
        {"id": [1, 2]},
        {
            "clearMonitoringResult": [
                {"status": "Accepted", "id": 1},
                {"status": "Rejected", "id": 2},
            ]
        },
    ),
    "cost_updated": (
        {"total_cost": "4.35", "transaction_id": SESSION},
        {"totalCost": 4.35, "transactionId": SESSION},
        {},
    ),
    "customer_information": (
        {"report": False, "clear": "yes", "request_id": 4, "id_token": TOKEN},
        {"report": False, "clear": True, "requestId": 4, "idToken": TOKEN},
        ACCEPTED,
    ),
    "data_transfer": (
        {"vendor_id": "V", "data": {"snake_case": [1, "fooBar"]}},
        {"vendorId": "V", "data": {"snake_case": [1, "fooBar"]}},
        {"status": "Accepted", "data": {"snake_case": None}},
    ),
    "delete_certificate": (
        {"certificate_hash_data": HASHES},
        {"certificateHashData": HASHES},
        ACCEPTED,
    ),
    "get_base_report": (
        {"report_base": "FullInventory", "request_id": 5},
        {"reportBase": "FullInventory", "requestId": 5},
        {"status": "EmptyResultSet"},
    ),
    "get_charging_profiles": (
        {"charging_profile": {"stackLevel": 0}, "request_id": 5},
        {"chargingProfile": {"stackLevel": 0}, "requestId": 5},
        {"status": "NoProfiles"},
    ),
    "get_composite_schedule": (
        {"duration": 600, "charging_rate_unit": "a"},
        {"evseId": 1, "duration": 600, "chargingRateUnit": "A"},
        ACCEPTED,
    ),
    "get_display_messages": (
        {"id": 7, "priority": "always_front", "state": "Idle", "request_id": 5},
        {"id": [7], "priority": "AlwaysFront", "state": "Idle", "requestId": 5},
        {"status": "Unknown"},
    ),
    "get_installed_certificate_ids": (
        {"certificate_type": ["csms_root_certificate", "MORootCertificate"]},
        {"certificateType": ["CSMSRootCertificate", "MORootCertificate"]},
        {"status": "NotFound"},
    ),
    "get_local_list_version": ({}, {}, {"versionNumber": 3}),
    "get_log": (
        {"log": LOG, "log_type": "security_log", "request_id": 5, "retries": 1},
        {"log": LOG, "logType": "SecurityLog", "requestId": 5, "retries": 1},
        {"status": "AcceptedCanceled", "filename": "log.txt"},
    ),
    "get_monitoring_report": (
        {"monitoring_criteria": "delta_monitoring", "request_id": 5},
        {"monitoringCriteria": ["DeltaMonitoring"], "requestId": 5},
        {"status": "EmptyResultSet"},
    ),
    "get_report": (
        {"component_variable": [HEARTBEAT], "request_id": 5}
        | {"component_criteria": ["problem", "Active"]},
        {"componentVariable": [HEARTBEAT], "requestId": 5}
        | {"componentCriteria": ["Problem", "Active"]},
        {"status": "EmptyResultSet"},
    ),
    "get_transaction_status": (
        {"transaction_id": SESSION},
        {"transactionId": SESSION},
        {"messagesInQueue": False, "ongoingIndicator": True},
    ),
    "get_variables": (
        {"get_variable_data": HEARTBEAT},
        {"getVariableData": [HEARTBEAT]},
        {
            "getVariableResult": [HEARTBEAT | {"attributeStatus": "UnknownVariable"}],
        },
    ),
    "install_certificate": (
        {"certificate_type": "v2g_root_certificate", "certificate": "PEM"},
        {"certificateType": "V2GRootCertificate", "certificate": "PEM"},
        ACCEPTED,
    ),
    "publish_firmware": (
        {"location": "https://192.0.2.1/f", "checksum": "ab", "request_id": 5},
        {"location": "https://192.0.2.1/f", "checksum": "ab", "requestId": 5},
        ACCEPTED,
    ),
    "request_start_transaction": (
        {"id_token": TOKEN, "remote_start_id": 8, "charging_profile": PROFILE},
        {"idToken": TOKEN, "remoteStartId": 8, "chargingProfile": PROFILE},
        {"status": "Accepted", "transactionId": SESSION},
    ),
    "request_stop_transaction": (
        {"transaction_id": SESSION},
        {"transactionId": SESSION},
        ACCEPTED,
    ),
    "reserve_now": (
        {
            "id_token": TOKEN,
            "expiry_date_time": datetime(2026, 10, 20, 12, tzinfo=UTC),
            "id": 9,
            "connector_type": "c_ccs2",
        },
        {
            "idToken": TOKEN,
            "expiryDateTime": NOON,
            "id": 9,
            "connectorType": "cCCS2",
        },
        ACCEPTED,
    ),
    # As for a charger that speaks 1.6.
    "reset": ({"type": "Soft"}, {"type": "OnIdle"}, {"status": "Scheduled"}),
    "send_local_list": (
        {
            "version_number": 4,
            "update_type": "full",
            "local_authorization_list": CARDS,
        },
        {"versionNumber": 4, "updateType": "Full", "localAuthorizationList": CARDS},
        ACCEPTED,
    ),
    "set_charging_profile": (
        {"charging_profile": PROFILE},
        {"evseId": 1, "chargingProfile": PROFILE},
        ACCEPTED,
    ),
    "set_display_message": ({"message": MESSAGE}, {"message": MESSAGE}, ACCEPTED),
    "set_monitoring_base": (
        {"monitoring_base": "hard_wired_only"},
        {"monitoringBase": "HardWiredOnly"},
        ACCEPTED,
    ),
    "set_monitoring_level": ({"severity": 4.0}, {"severity": 4}, ACCEPTED),
    "set_network_profile": (
        {"configuration_slot": 1, "connection_data": NETWORK},
        {"configurationSlot": 1, "connectionData": NETWORK},
        ACCEPTED,
    ),
    "set_variable_monitoring": (
        {"set_monitoring_data": [TEMPERATURE | {"value": 70}]},
        {"setMonitoringData": [TEMPERATURE | {"value": 70}]},
        {"setMonitoringResult": [TEMPERATURE | {"status": "Accepted", "id": 1}]},
    ),
    "set_variables": (
        {"set_variable_data": [HEARTBEAT | {"attributeValue": "300"}]},
        {"setVariableData": [HEARTBEAT | {"attributeValue": "300"}]},
        {"setVariableResult": [HEARTBEAT | {"attributeStatus": "RebootRequired"}]},
    ),
    "trigger_message": (
        {"requested_message": "transaction_event"},
        {"requestedMessage": "TransactionEvent"},
        ACCEPTED,
    ),
    "unlock_connector": ({}, {"evseId": 1, "connectorId": 1}, {"status": "Unlocked"}),
    "unpublish_firmware": (
        {"checksum": "ab"},
        {"checksum": "ab"},
        {"status": "Unpublished"},
    ),
    "update_firmware": (
        {"firmware": FIRMWARE, "request_id": 5},
        {"firmware": FIRMWARE, "requestId": 5},
        ACCEPTED,
    ),
}


class Station:
    """A charger's end of a socket, which answers as it is told and else does nothing."""

    def __init__(self, socket: ClientConnection) -> None:
        """Take over an open socket."""
        self._socket = socket
        self.answers: dict[str, Any] = {}
        self.received: list[tuple[str, dict[str, Any]]] = []
        # What came as a message that is never answered.
        self.unanswered: list[tuple[str, dict[str, Any]]] = []

    async def serve(self) -> None:
        """Answer every command, until the socket is closed."""
        with suppress(ConnectionClosed):
            async for text in self._socket:
                frame = json.loads(text)
                if frame[0] == 6:
                    self.unanswered.append((frame[2], frame[3]))
                if frame[0] != 2:
                    continue
                _, message_id, action, payload = frame
                self.received.append((action, payload))
                answer = self.answers.get(action, "NotImplemented")
                reply = (
                    [4, message_id, answer, "", {}]
                    if isinstance(answer, str)
                    else [3, message_id, answer]
                )
                await self._socket.send(json.dumps(reply))

    def requests(self, action: str) -> list[dict[str, Any]]:
        """Return the requests of an action that came."""
        return [payload for of, payload in self.received if of == action]


@asynccontextmanager
async def bare_socket(
    hass: HomeAssistant, hub: OcppHub, garage: HubCharger, subprotocol: str
) -> AsyncIterator[Station]:
    """Let the charger people have connect as no more than a socket."""
    async with connect(
        f"ws://127.0.0.1:{hub.central.port}/CP1",
        subprotocols=[Subprotocol(subprotocol)],
        proxy=None,
        close_timeout=1,
        ping_interval=None,
    ) as socket:
        station = Station(socket)
        serving = asyncio.create_task(station.serve())
        await eventually(hass, lambda: garage.station.connected)
        yield station
        serving.cancel()


@pytest.fixture
async def station(
    hass: HomeAssistant, hub: OcppHub, garage: HubCharger
) -> AsyncIterator[Station]:
    """Return the charger people have, which speaks OCPP 2.0.1."""
    async with bare_socket(hass, hub, garage, "ocpp2.0.1") as station:
        yield station


def test_all_40_commands_are_tried() -> None:
    of_201 = {name for name, command in COMMANDS.items() if V201 in command.fields}
    assert set(CASES) == of_201
    assert len(of_201) == 40


@pytest.mark.parametrize("name", CASES)
async def test_a_command_is_sent_as_given_and_answered_in_full(
    hass: HomeAssistant, garage: HubCharger, station: Station, name: str
) -> None:
    given, request, answer = CASES[name]
    action = COMMANDS[name].action
    station.answers[action] = answer
    response = await act(hass, name, garage.device_id, **given)
    sent = station.requests(action)[-1]
    assert sent == request
    assert {key: type(value) for key, value in sent.items()} == {
        key: type(value) for key, value in request.items()
    }
    if answer.get("status") in ("EmptyResultSet", "NoProfiles", "Unknown"):
        # There is nothing to wait for.
        later = LATER.get(action)
        answer = answer | ({later.field: [], "complete": True} if later else {})
    if name == "get_log":
        # Nothing was heard of the upload.
        answer = answer | {"upload": None}
    assert response == answer


@pytest.mark.parametrize(
    ("name", "given", "answer", "key"),
    [
        ("clear_cache", {}, {"status": "Rejected"}, "command_rejected"),
        ("unlock_connector", {}, {"status": "OngoingAuthorizedTransaction"},
         "charging_rejected"),
        ("unpublish_firmware", {"checksum": "ab"}, {"status": "DownloadOngoing"},
         "command_rejected"),
        ("set_variables", CASES["set_variables"][0],
         {"setVariableResult": [HEARTBEAT | {"attributeStatus": "Rejected"}]},
         "command_rejected"),
        ("get_base_report", {"report_base": "summary_inventory"},
         {"status": "NotSupported"}, "not_supported"),
        ("clear_cache", {}, "NotImplemented", "not_supported"),
        ("clear_cache", {}, "InternalError", "command_failed"),
    ],
)  # fmt: skip
async def test_what_is_no_success_is_an_error_that_says_which(
    hass: HomeAssistant,
    garage: HubCharger,
    station: Station,
    name: str,
    given: dict[str, Any],
    answer: Any,
    key: str,
) -> None:
    action = COMMANDS[name].action
    station.answers[action] = answer
    with pytest.raises(HomeAssistantError) as error:
        await act(hass, name, garage.device_id, **given)
    assert error.value.translation_key == key
    assert error.value.translation_placeholders["command"] == action


@pytest.mark.parametrize(
    ("name", "given", "lacking"),
    [
        ("change_availability", {}, "operational_status"),
        ("change_availability", {"type": "operative"}, "type"),
        ("reset", {"type": "sometime", "evse_id": 1}, None),
        ("reserve_now", {"id_tag": "CARD1", "expiry_date": NOON}, "id_tag"),
        ("set_charging_profile", {}, "charging_profile"),
        ("trigger_message", {"requested_message": "DiagnosticsStatusNotification"}, ""),
        ("get_variables", {"get_variable_data": [{"component": 1}]}, ""),
    ],
)
async def test_what_the_version_does_not_have_or_lacks_is_told(
    hass: HomeAssistant,
    garage: HubCharger,
    station: Station,
    name: str,
    given: dict[str, Any],
    lacking: str | None,
) -> None:
    """Before anything is sent: what is wrong in any version, by the action itself."""
    with pytest.raises((ServiceValidationError, probatio.Invalid)) as error:
        await act(hass, name, garage.device_id, **given)
    assert not station.requests(COMMANDS[name].action)
    if lacking is None:
        assert isinstance(error.value, probatio.Invalid)
        return
    assert isinstance(error.value, ServiceValidationError)
    assert error.value.translation_key == "invalid_request"
    assert lacking in error.value.translation_placeholders["reason"]


async def test_commands_of_another_version_are_told_to_be_of_one(
    hass: HomeAssistant, garage: HubCharger, station: Station
) -> None:
    given = {"location": "ftp://192.0.2.1/"}
    with pytest.raises(ServiceValidationError) as error:
        await act(hass, "get_diagnostics", garage.device_id, **given)
    assert error.value.translation_key == "not_in_version"
    assert error.value.translation_placeholders == {
        "charger": "Garage",
        "command": "GetDiagnostics",
        "version": "2.0.1",
    }
    assert not station.requests("GetDiagnostics")


async def test_commands_of_201_are_told_to_be_no_commands_of_16(
    hass: HomeAssistant, garage: HubCharger, charger: Charger
) -> None:
    given = CASES["get_variables"][0]
    with pytest.raises(ServiceValidationError) as error:
        await act(hass, "get_variables", garage.device_id, **given)
    assert error.value.translation_key == "not_in_version"
    assert error.value.translation_placeholders == {
        "charger": "Garage",
        "command": "GetVariables",
        "version": "1.6",
    }


async def test_numbers_that_are_needed_are_made_up_and_returned(
    hass: HomeAssistant, garage: HubCharger, station: Station
) -> None:
    made_up = {
        "get_log": "requestId",
        "publish_firmware": "requestId",
        "request_start_transaction": "remoteStartId",
        "reserve_now": "id",
        "update_firmware": "requestId",
    }
    numbers = set()
    for name, key in made_up.items():
        action = COMMANDS[name].action
        station.answers[action] = ACCEPTED
        given = dict(CASES[name][0])
        for field in COMMANDS[name].numbered:
            given.pop(field, None)
        response = await act(hass, name, garage.device_id, **given)
        assert response[key] == station.requests(action)[-1][key] > 0
        numbers.add(response[key])
    assert len(numbers) == len(made_up)


async def test_only_administrators_may_do_damage(
    hass: HomeAssistant,
    garage: HubCharger,
    station: Station,
    hass_read_only_user: MockUser,
) -> None:
    """Or see what is only for the owner."""
    someone = Context(user_id=hass_read_only_user.id)
    allowed = set()
    for name, (given, _, _) in CASES.items():
        station.answers[COMMANDS[name].action] = "InternalError"
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
        assert error.value.translation_key == "command_failed", name
        allowed.add(name)
    assert allowed == {
        "cancel_reservation",
        "change_availability",
        "clear_cache",
        "clear_charging_profile",
        "clear_display_message",
        "cost_updated",
        "get_charging_profiles",
        "get_composite_schedule",
        "get_display_messages",
        "get_installed_certificate_ids",
        "get_local_list_version",
        "get_monitoring_report",
        "get_transaction_status",
        "request_start_transaction",
        "request_stop_transaction",
        "reserve_now",
        "set_charging_profile",
        "set_display_message",
        "trigger_message",
        "unlock_connector",
    }
