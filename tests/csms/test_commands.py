"""The registry of commands, and the requests and verdicts it leads to."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from importlib.util import find_spec
import json
from pathlib import Path
from typing import Any

import pytest

from custom_components.ocpp.csms.commands import (
    COMMANDS,
    Command,
    Field,
    Kind,
    check_accepted,
    is_accepted,
    meaning,
    widest,
    write_request,
)
from custom_components.ocpp.csms.commands.command import snake
from custom_components.ocpp.csms.errors import (
    CommandFailed,
    CommandRejected,
    InvalidRequest,
    NotInVersion,
    NotSupported,
)
from custom_components.ocpp.csms.schemas import load_schemas
from custom_components.ocpp.csms.versions import V2, V16, V21, V201, Version

# What a station of each version sends, and DataTransfer, which both ends send.
FROM_STATIONS = {
    V16: {
        "Authorize",
        "BootNotification",
        "DiagnosticsStatusNotification",
        "FirmwareStatusNotification",
        "Heartbeat",
        "LogStatusNotification",
        "MeterValues",
        "SecurityEventNotification",
        "SignCertificate",
        "SignedFirmwareStatusNotification",
        "StartTransaction",
        "StatusNotification",
        "StopTransaction",
    },
    V201: {
        "Authorize",
        "BootNotification",
        "ClearedChargingLimit",
        "FirmwareStatusNotification",
        "Get15118EVCertificate",
        "GetCertificateStatus",
        "Heartbeat",
        "LogStatusNotification",
        "MeterValues",
        "NotifyChargingLimit",
        "NotifyCustomerInformation",
        "NotifyDisplayMessages",
        "NotifyEVChargingNeeds",
        "NotifyEVChargingSchedule",
        "NotifyEvent",
        "NotifyMonitoringReport",
        "NotifyReport",
        "PublishFirmwareStatusNotification",
        "ReportChargingProfiles",
        "ReservationStatusUpdate",
        "SecurityEventNotification",
        "SignCertificate",
        "StatusNotification",
        "TransactionEvent",
    },
}
FROM_STATIONS[V21] = FROM_STATIONS[V201] | {
    "BatterySwap",
    "ClosePeriodicEventStream",
    "GetCertificateChainStatus",
    "NotifyDERAlarm",
    "NotifyDERStartStop",
    "NotifyPeriodicEventStream",
    "NotifyPriorityCharging",
    "NotifySettlement",
    "OpenPeriodicEventStream",
    "PullDynamicScheduleUpdate",
    "ReportDERControl",
    "VatNumberValidation",
}
# A command as one might be that several versions have, each in its own spelling.
SHARED = Command(
    name="restart",
    action="Restart",
    fields={
        V16: (Field("type", "type", Kind.WORD, required=True, words={"now": "Hard"}),),
        V201: (
            Field(
                "type",
                "operation",
                Kind.WORD,
                words={"now": "Immediate", "idle": "OnIdle"},
            ),
            Field("evse_id", "evseId", Kind.INTEGER),
        ),
    },
    accepted={V16: None, V201: None},
)
TOKEN = {"idToken": "CARD1", "type": "ISO14443"}
NOON = datetime(2026, 10, 20, 12, tzinfo=UTC)
TARIFF = {
    "tariffId": "T1",
    "currency": "EUR",
    "energy": {"prices": [{"priceKwh": 0.3}]},
}
PROFILE_2 = {
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


@pytest.mark.parametrize(("version", "count"), [(V16, 26), (V201, 40), (V21, 55)])
def test_the_registry_knows_every_command_of_a_version(
    version: Version, count: int
) -> None:
    """All that a central system may send, each by its own name."""
    sent = {one.action for one in COMMANDS.values() if version in one.fields}
    assert len(sent) == count
    assert sent == set(load_schemas(version).requests) - FROM_STATIONS[version]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("GetLog", "get_log"),
        ("csChargingProfiles", "cs_charging_profiles"),
        ("MORootCertificate", "mo_root_certificate"),
        ("SignV2GCertificate", "sign_v2g_certificate"),
        ("NotifyDERAlarm", "notify_der_alarm"),
        ("AFRRSignal", "afrr_signal"),
        ("SetDERControl", "set_der_control"),
        ("fixedPFAbsorb", "fixed_pf_absorb"),
        ("SignV2G20Certificate", "sign_v2g20_certificate"),
        ("HVMomCess", "hv_mom_cess"),
        ("A", "a"),
    ],
)
def test_names_are_written_in_words(name: str, words: str) -> None:
    """Abbreviations are words, too."""
    assert snake(name) == words


@pytest.mark.parametrize("command", COMMANDS.values(), ids=lambda one: one.name)
def test_fields_are_told_apart(command: Command) -> None:
    """By their names and by how they are spelled; so are words, however they are written."""
    for fields in command.fields.values():
        assert len({field.name for field in fields}) == len(fields)
        assert len({field.key for field in fields}) == len(fields)
        for field in fields:
            for slug, word in field.words.items():
                assert field.slug(slug) == field.slug(word) == slug
    for versions in command.all_fields().values():
        assert widest(versions.values())
    assert command.numbered <= set(command.all_fields())


def test_kinds_of_fields_that_have_nothing_in_common_are_an_error() -> None:
    """Then an action could not say what it takes."""
    fields = [Field("x", "x", kind) for kind in (Kind.INTEGER, Kind.OBJECT)]
    with pytest.raises(ValueError, match="nothing in common"):
        widest(fields)


@pytest.mark.parametrize(
    ("version", "said", "sent"),
    [
        (V16, "now", {"type": "Hard"}),
        (V16, "HARD", {"type": "Hard"}),
        (V201, "now", {"operation": "Immediate"}),
        (V201, "on_idle", {"operation": "OnIdle"}),
        # As another version spells it.
        (V201, "Hard", {"operation": "Immediate"}),
        (V16, "Immediate", {"type": "Hard"}),
        # What the version has no word for is for its schema to refuse.
        (V16, "idle", {"type": "idle"}),
        (V16, "OnIdle", {"type": "OnIdle"}),
    ],
)
def test_each_version_spells_it_its_way(
    version: Version, said: str, sent: dict[str, str]
) -> None:
    """A field and its words have one name for people."""
    request = write_request(SHARED, version, {"type": said})
    assert request.payload == sent
    assert request.action == "Restart"


@pytest.mark.parametrize(
    ("version", "said", "sent"),
    [
        (V16, ["csms_root_certificate"], "CentralSystemRootCertificate"),
        (V16, "CSMSRootCertificate", "CentralSystemRootCertificate"),
        (V201, ["CentralSystemRootCertificate"], ["CSMSRootCertificate"]),
        (V201, ["mo_root_certificate", "V2GCertificateChain"],
         ["MORootCertificate", "V2GCertificateChain"]),
    ],
)  # fmt: skip
def test_several_words_are_one_where_a_version_takes_one(
    version: Version, said: Any, sent: Any
) -> None:
    """As long as there is but one."""
    command = COMMANDS["get_installed_certificate_ids"]
    request = write_request(command, version, {"certificate_type": said})
    assert request.payload == {"certificateType": sent}
    load_schemas(version).check_request(*request[:2])


@pytest.mark.parametrize(
    ("version", "said", "sent"),
    [
        (V201, "c_ccs2", "cCCS2"),
        (V21, "c_ccs2", "cCCS2"),
        (V21, "cCCS2", "cCCS2"),
        (V21, "S309-1p-16a", "s309-1P-16A"),
        (V21, "other1_ph_max16a", "Other1PhMax16A"),
        # What nobody knew before.
        (V21, "cGBT-DC", "cGBT-DC"),
        (V21, "c_mine", "c_mine"),
    ],
)
def test_text_that_was_a_word_in_an_older_version_is_still_spelled_as_there(
    version: Version, said: str, sent: str
) -> None:
    """Where a version takes any text, what it has no word for is left as it is."""
    command = COMMANDS["reserve_now"]
    given = {"id_token": TOKEN, "expiry_date_time": NOON, "connector_type": said}
    request = write_request(command, version, given)
    assert request.payload["connectorType"] == sent
    load_schemas(version).check_request(*request[:2])


def test_text_that_no_version_knows_is_refused_where_only_words_are_taken() -> None:
    """By the schema of 2.0.1; and in 2.1 where it is too long."""
    for version, said in (V201, "cGBT-DC"), (V21, "x" * 21):
        given = {"id_token": TOKEN, "expiry_date_time": NOON, "connector_type": said}
        request = write_request(COMMANDS["reserve_now"], version, given)
        with pytest.raises(InvalidRequest):
            load_schemas(version).check_request(*request[:2])


def test_other_text_is_never_taken_for_a_word() -> None:
    """Only fields that some version has words for know any."""
    given = {"requested_message": "custom_trigger", "custom_trigger": "meter_values"}
    request = write_request(COMMANDS["trigger_message"], V21, given)
    assert request.payload == {
        "requestedMessage": "CustomTrigger",
        "customTrigger": "meter_values",
    }


@pytest.mark.parametrize(
    ("name", "field", "said", "sent"),
    [
        ("reset", "type", "immediate_and_resume", "ImmediateAndResume"),
        ("trigger_message", "requested_message", "sign_v2g20_certificate",
         "SignV2G20Certificate"),
        ("get_log", "log_type", "data_collector_log", "DataCollectorLog"),
        ("get_display_messages", "state", "discharging", "Discharging"),
    ],
)  # fmt: skip
def test_words_of_21_are_refused_by_201(
    name: str, field: str, said: str, sent: str
) -> None:
    """By its schema: it has no spelling of its own for them."""
    log = {"log": {"remoteLocation": "ftp://192.0.2.1/"}} if name == "get_log" else {}
    given = log | {field: said}
    request = write_request(COMMANDS[name], V21, given)
    assert sent in request.payload.values()
    load_schemas(V21).check_request(*request[:2])
    request = write_request(COMMANDS[name], V201, given)
    with pytest.raises(InvalidRequest):
        load_schemas(V201).check_request(*request[:2])


def test_more_words_than_a_version_takes_are_refused() -> None:
    """By its schema."""
    command = COMMANDS["get_installed_certificate_ids"]
    said = ["csms_root_certificate", "manufacturer_root_certificate"]
    request = write_request(command, V16, {"certificate_type": said})
    with pytest.raises(InvalidRequest):
        load_schemas(V16).check_request(*request[:2])


def test_vendor_data_is_text_in_16_and_anything_in_2() -> None:
    """It is written as JSON only where it has to be."""
    command = COMMANDS["data_transfer"]
    given = {"vendor_id": "V", "data": {"some_key": [1]}}
    assert write_request(command, V16, given).payload["data"] == '{"some_key":[1]}'
    assert write_request(command, V201, given).payload["data"] == {"some_key": [1]}


def test_what_a_version_does_not_have_is_not_sent() -> None:
    """Neither a command nor a field of it."""
    for name, version in (
        ("get_variables", V16),
        ("get_configuration", V201),
        ("get_configuration", V21),
        ("set_der_control", V201),
        ("get_tariffs", V16),
    ):
        with pytest.raises(NotInVersion) as lacking:
            write_request(COMMANDS[name], version, {})
        assert lacking.value.version == version.name
        assert lacking.value.action == COMMANDS[name].action
    with pytest.raises(InvalidRequest) as unknown:
        write_request(SHARED, V16, {"type": "now", "evse_id": 1})
    assert "evse_id" in unknown.value.reason
    with pytest.raises(InvalidRequest) as unknown:
        write_request(COMMANDS["reset"], V16, {"type": "on_idle", "evse_id": 1})
    assert "1.6" in unknown.value.reason


@pytest.mark.parametrize(
    ("name", "version", "given", "lacking"),
    [
        ("change_availability", V16, {}, "type"),
        ("change_availability", V201, {}, "operational_status"),
        ("set_charging_profile", V201, {}, "charging_profile"),
        ("update_firmware", V201, {}, "firmware"),
        ("get_installed_certificate_ids", V16, {}, "certificate_type"),
        ("reserve_now", V201, {"id_token": TOKEN}, "expiry_date_time"),
    ],
)
def test_what_only_a_version_requires_is_asked_for_when_it_is_known(
    name: str, version: Version, given: dict[str, Any], lacking: str
) -> None:
    """By the name that people know it by."""
    command = COMMANDS[name]
    assert not command.is_needed(lacking)
    assert version in command.needing(lacking)
    with pytest.raises(InvalidRequest) as error:
        write_request(command, version, given, evse=1)
    assert error.value.reason == f"{lacking}: OCPP {version.name} needs it"


def test_nothing_is_filled_in_that_can_be_left_out() -> None:
    """And what is given is not touched, but for its spelling."""
    start = COMMANDS["remote_start_transaction"]
    given = {"id_tag": "card 1"}
    assert write_request(start, V16, given, the_only_evse=1).payload == {
        "idTag": "card 1"
    }
    assert write_request(start, V16, given, evse=2).payload["connectorId"] == 2
    given = {"id_tag": "x", "connector_id": 0}
    assert write_request(start, V16, given, evse=2).payload["connectorId"] == 0
    at = datetime(2026, 10, 20, 14, tzinfo=timezone(timedelta(hours=2)))
    reservation = {"id_tag": "x", "expiry_date": at, "reservation_id": -1}
    request = write_request(COMMANDS["reserve_now"], V16, reservation)
    assert request.payload == {
        "idTag": "x",
        "expiryDate": "2026-10-20T12:00:00.000Z",
        "reservationId": -1,
        "connectorId": 0,
    }
    assert request.made_up == {}
    given = {"id_token": TOKEN, "expiry_date_time": at, "id": -1}
    request = write_request(COMMANDS["reserve_now"], V201, given, the_only_evse=1)
    assert request.payload == {
        "idToken": TOKEN,
        "expiryDateTime": "2026-10-20T12:00:00.000Z",
        "id": -1,
    }
    assert request.made_up == {}


STATIONS_PROFILE = PROFILE_2 | {"chargingProfilePurpose": "ChargingStationMaxProfile"}


@pytest.mark.parametrize(
    ("name", "given", "of_station", "of_evse"),
    [
        ("reset", {"type": "immediate"}, {}, {"evseId": 2}),
        ("reset", {"type": "immediate", "evse_id": 0}, {"evseId": 0}, {"evseId": 0}),
        ("request_start_transaction", {"id_token": TOKEN}, {}, {"evseId": 2}),
        ("get_charging_profiles", {"charging_profile": {"stackLevel": 0}},
         {}, {"evseId": 2}),
        ("reserve_now", {"id_token": TOKEN, "expiry_date_time": NOON},
         {}, {"evseId": 2}),
        ("get_composite_schedule", {"duration": 60}, {"evseId": 1}, {"evseId": 2}),
        ("set_charging_profile", {"charging_profile": PROFILE_2},
         {"evseId": 1}, {"evseId": 2}),
        ("set_charging_profile", {"charging_profile": STATIONS_PROFILE},
         {"evseId": 0}, {"evseId": 2}),
        ("change_availability", {"operational_status": "operative"},
         {}, {"evse": {"id": 2}}),
        ("change_availability",
         {"operational_status": "operative", "evse": {"id": 1, "connectorId": 2}},
         {"evse": {"id": 1, "connectorId": 2}}, {"evse": {"id": 1, "connectorId": 2}}),
        ("trigger_message", {"requested_message": "meter_values"},
         {}, {"evse": {"id": 2}}),
        # Which can not be asked for without a connector.
        ("trigger_message", {"requested_message": "status_notification"},
         {}, {"evse": {"id": 2, "connectorId": 1}}),
        ("unlock_connector", {},
         {"evseId": 1, "connectorId": 1}, {"evseId": 2, "connectorId": 1}),
        ("unlock_connector", {"connector_id": 3},
         {"evseId": 1, "connectorId": 3}, {"evseId": 2, "connectorId": 3}),
        ("clear_charging_profile", {}, {}, {"chargingProfileCriteria": {"evseId": 2}}),
        ("clear_charging_profile", {"charging_profile_id": 7},
         {"chargingProfileId": 7}, {"chargingProfileId": 7}),
        ("clear_charging_profile", {"charging_profile_criteria": {"stackLevel": 1}},
         {"chargingProfileCriteria": {"stackLevel": 1}},
         {"chargingProfileCriteria": {"stackLevel": 1, "evseId": 2}}),
        ("clear_charging_profile", {"charging_profile_criteria": {"evseId": 0}},
         {"chargingProfileCriteria": {"evseId": 0}},
         {"chargingProfileCriteria": {"evseId": 0}}),
        # It is not about an EVSE.
        ("clear_cache", {}, {}, {}),
        ("set_default_tariff", {"tariff": TARIFF}, {"evseId": 1}, {"evseId": 2}),
        ("set_default_tariff", {"tariff": TARIFF, "evse_id": 0},
         {"evseId": 0}, {"evseId": 0}),
        ("get_tariffs", {}, {"evseId": 1}, {"evseId": 2}),
        ("clear_tariffs", {}, {}, {"evseId": 2}),
        ("notify_web_payment_started", {"timeout": 60}, {"evseId": 1}, {"evseId": 2}),
    ],
)  # fmt: skip
def test_the_evse_that_was_chosen_is_filled_in_where_2_has_it(
    name: str,
    given: dict[str, Any],
    of_station: dict[str, Any],
    of_evse: dict[str, Any],
) -> None:
    """A station with one EVSE stands for it where one has to be named."""
    command = COMMANDS[name]
    about = {
        "evseId",
        "evse",
        "connectorId",
        "chargingProfileId",
        "chargingProfileCriteria",
    }
    for chosen, expected in (
        ({"the_only_evse": 1}, of_station),
        ({"evse": 2}, of_evse),
    ):
        for version in set(V2) & set(command.fields):
            request = write_request(command, version, given, **chosen)
            payload = request.payload
            assert {key: payload[key] for key in payload if key in about} == expected
            load_schemas(version).check_request(request.action, payload)


@pytest.mark.parametrize("said", [{}, {"evse_id": 0}])
def test_a_payment_is_for_one_evse(said: dict[str, int]) -> None:
    """A station with several could not know for which, and has no way to say so."""
    command = COMMANDS["notify_web_payment_started"]
    with pytest.raises(InvalidRequest) as error:
        write_request(command, V21, {"timeout": 60} | said)
    assert error.value.reason == "evse_id: OCPP 2.1 needs it"


def test_a_tariff_is_for_every_evse_where_none_is_named() -> None:
    """Of a station that has several (I07.FR.12)."""
    given = {"tariff": TARIFF}
    request = write_request(COMMANDS["set_default_tariff"], V21, given)
    assert request.payload["evseId"] == 0


def test_numbers_differ() -> None:
    """Also those of the same second, and of any version."""
    given = {"log": {}, "log_type": "security_log"}
    requests = [
        write_request(COMMANDS["get_log"], version, given)
        for version in (V16, V201, V16)
    ]
    numbers = [request.made_up["requestId"] for request in requests]
    assert numbers == sorted(set(numbers))
    assert [request.payload["requestId"] for request in requests] == numbers


@pytest.mark.parametrize(
    ("name", "version", "key"),
    [
        ("get_base_report", V201, "requestId"),
        ("request_start_transaction", V201, "remoteStartId"),
        ("reserve_now", V201, "id"),
        ("reserve_now", V16, "reservationId"),
        ("update_firmware", V201, "requestId"),
        ("get_der_control", V21, "requestId"),
        ("request_battery_swap", V21, "requestId"),
        ("get_base_report", V21, "requestId"),
    ],
)
def test_every_number_that_a_version_requires_is_made_up(
    name: str, version: Version, key: str
) -> None:
    """And nothing of another version."""
    given = {
        "report_base": "full_inventory",
        "id_token": TOKEN,
        "firmware": {},
        "id_tag": "CARD1",
        "expiry_date": "t",
        "expiry_date_time": "t",
    }
    command = COMMANDS[name]
    has = {field.name for field in command.fields[version]}
    given = {field: value for field, value in given.items() if field in has}
    assert set(write_request(command, version, given).made_up) == {key}


def test_an_update_of_firmware_has_no_number_in_16() -> None:
    """There the station does not name it when it reports."""
    given = {"location": "ftp://192.0.2.1/", "retrieve_date": "t"}
    assert write_request(COMMANDS["update_firmware"], V16, given).made_up == {}


VARIABLES = "setVariableResult"
TARIFFS = "clearTariffsResult"


@pytest.mark.parametrize(
    ("version", "action", "answer", "accepted"),
    [
        (V16, "ClearCache", {"status": "Accepted"}, True),
        (V16, "ClearCache", {"status": "Rejected"}, False),
        (V16, "ClearCache", {}, False),
        (V16, "ClearCache", {"status": ["Accepted"]}, False),
        (V16, "ChangeAvailability", {"status": "Scheduled"}, True),
        (V16, "ClearChargingProfile", {"status": "Unknown"}, True),
        (V16, "UpdateFirmware", {}, True),
        (V16, "MakeCoffee", {"status": "Rejected"}, True),
        (V16, "Reset", {"status": "Scheduled"}, False),
        (V16, "UnlockConnector", {"status": "Accepted"}, True),
        (V201, "UpdateFirmware", {}, False),
        (V201, "UpdateFirmware", {"status": "AcceptedCanceled"}, True),
        (V201, "UpdateFirmware", {"status": "InvalidCertificate"}, False),
        (V201, "Reset", {"status": "Scheduled"}, True),
        (V201, "UnlockConnector", {"status": "Unlocked"}, True),
        (V201, "UnlockConnector", {"status": "OngoingAuthorizedTransaction"}, False),
        (V201, "GetBaseReport", {"status": "EmptyResultSet"}, True),
        (V201, "GetChargingProfiles", {"status": "NoProfiles"}, True),
        (V201, "GetDisplayMessages", {"status": "Unknown"}, True),
        (V201, "UnpublishFirmware", {"status": "NoFirmware"}, True),
        (V201, "UnpublishFirmware", {"status": "DownloadOngoing"}, False),
        (V201, "CostUpdated", {}, True),
        (V201, "GetTransactionStatus", {"messagesInQueue": False}, True),
        (V201, "GetVariables",
         {"getVariableResult": [{"attributeStatus": "UnknownVariable"}]}, True),
        (V201, "SetVariables",
         {VARIABLES: [{"attributeStatus": "RebootRequired"}]}, True),
        (V201, "SetVariables",
         {VARIABLES: [{"attributeStatus": "Rejected"},
                      {"attributeStatus": "Accepted"}]}, True),
        (V201, "SetVariables",
         {VARIABLES: [{"attributeStatus": "UnknownVariable"}]}, False),
        (V201, "SetVariables", {VARIABLES: []}, False),
        (V201, "SetVariables", {VARIABLES: "Accepted"}, False),
        (V201, "SetVariables", {VARIABLES: ["Accepted", {}]}, False),
        (V201, "SetVariables", {"status": "Accepted"}, False),
        (V201, "SetVariableMonitoring",
         {"setMonitoringResult": [{"status": "Duplicate"}]}, False),
        (V201, "ClearVariableMonitoring",
         {"clearMonitoringResult": [{"status": "NotFound", "id": 1}]}, True),
        (V21, "Reset", {"status": "Scheduled"}, True),
        (V21, "AFRRSignal", {"status": "Rejected"}, False),
        (V21, "ClearDERControl", {"status": "NotFound"}, True),
        (V21, "GetDERControl", {"status": "NotFound"}, True),
        (V21, "SetDERControl", {"status": "NotFound"}, False),
        (V21, "GetTariffs", {"status": "NoTariff"}, True),
        (V21, "ClearTariffs", {TARIFFS: [{"status": "NoTariff"}]}, True),
        (V21, "ClearTariffs",
         {TARIFFS: [{"tariffId": "A", "status": "Rejected"},
                    {"tariffId": "B", "status": "Accepted"}]}, True),
        (V21, "ClearTariffs",
         {TARIFFS: [{"tariffId": "A", "status": "Rejected"}]}, False),
        (V21, "ClearTariffs", {"status": "Accepted"}, False),
        (V21, "SetDefaultTariff", {"status": "DuplicateTariffId"}, False),
        (V21, "ChangeTransactionTariff", {"status": "NoCurrencyChange"}, False),
        (V21, "UsePriorityCharging", {"status": "NoProfile"}, False),
        (V21, "GetPeriodicEventStream", {}, True),
        (V21, "NotifyWebPaymentStarted", {}, True),
    ],
)  # fmt: skip
def test_verdict(
    version: Version, action: str, answer: dict[str, Any], accepted: bool
) -> None:
    """What means yes is declared; where nothing is, there is nothing to judge by."""
    assert is_accepted(version, action, answer) is accepted
    if accepted:
        check_accepted(version, action, answer)
    else:
        with pytest.raises(CommandRejected):
            check_accepted(version, action, answer)


def test_every_reason_for_a_refusal_is_told() -> None:
    """Where an answer has several."""
    statuses = ("UnknownVariable", "Rejected", "UnknownVariable")
    answer = {VARIABLES: [{"attributeStatus": status} for status in statuses]}
    with pytest.raises(CommandRejected) as error:
        check_accepted(V201, "SetVariables", answer)
    assert error.value.status == "Rejected, UnknownVariable"


def enumerated(node: Any) -> Iterator[str]:
    """Yield every word that a schema has an enumeration for."""
    for item in node.values() if isinstance(node, dict) else node:
        if isinstance(item, dict | list):
            yield from enumerated(item)
    if isinstance(node, dict):
        yield from node.get("enum", ())


@pytest.mark.parametrize("command", COMMANDS.values(), ids=lambda one: one.name)
def test_what_means_yes_is_what_a_station_can_say(command: Command) -> None:
    """Else no answer would be taken for a success."""
    spec = find_spec("ocpp")
    assert spec is not None and spec.origin is not None
    for version, accepted in command.accepted.items():
        folder = Path(spec.origin).parent / version.package / "schemas"
        text = (folder / f"{command.action}Response.json").read_text("utf-8-sig")
        can_say = set(enumerated(json.loads(text)))
        # The exception is what one brand says though it can not be said.
        if (command.name, version) == ("unlock_connector", V16):
            can_say.add("Accepted")
        assert (accepted or set()) <= can_say


def test_what_is_not_there_is_not_supported() -> None:
    """Whether by status or by CALLERROR."""
    with pytest.raises(NotSupported):
        check_accepted(V16, "SendLocalList", {"status": "NotSupported"})
    with pytest.raises(NotSupported):
        check_accepted(V16, "UnlockConnector", {"status": "NotSupported"})
    assert isinstance(meaning(CommandFailed("Reset", "NotImplemented")), NotSupported)
    failed = CommandFailed("Reset", "InternalError")
    assert meaning(failed) is failed


@pytest.mark.parametrize(
    ("version", "action", "status"),
    [
        (V16, "ChangeConfiguration", "NotSupported"),
        (V16, "TriggerMessage", "NotImplemented"),
        (V16, "ExtendedTriggerMessage", "NotImplemented"),
        (V201, "TriggerMessage", "NotImplemented"),
        # A kind of control that it has not (R04.FR.01).
        (V21, "SetDERControl", "NotSupported"),
        (V21, "GetDERControl", "NotSupported"),
        (V21, "ClearDERControl", "NotSupported"),
    ],
)
def test_a_key_or_a_message_that_is_not_there_says_nothing_of_the_command(
    version: Version, action: str, status: str
) -> None:
    """The station has the command, and was asked for what it does not have."""
    with pytest.raises(CommandRejected) as refused:
        check_accepted(version, action, {"status": status})
    assert refused.value.status == status


def test_an_answer_without_a_status_is_no_yes() -> None:
    with pytest.raises(CommandRejected) as refused:
        check_accepted(V16, "Reset", {})
    assert refused.value.status == ""
