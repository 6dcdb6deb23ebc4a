"""Faults that fuzzing found, each told as plainly as it can be."""

from typing import Any

import pytest

from custom_components.ocpp.csms.charging_station import ChargingStation
from custom_components.ocpp.csms.commands import check_accepted
from custom_components.ocpp.csms.errors import (
    CommandFailed,
    CommandRejected,
    MessageRefused,
)
from custom_components.ocpp.csms.events import DataReceived, Event
from custom_components.ocpp.csms.secrets import REDACTED, silenced, without_login
from custom_components.ocpp.csms.versions import V16, V21, V201
from tests.csms.conftest import IDENTITY, MakeWire

from .bench import answered


def nested(depth: int) -> Any:
    """Return lists in lists."""
    deep: Any = []
    for _ in range(depth):
        deep = [deep]
    return deep


@pytest.mark.parametrize("depth", [70, 300, 900])
async def test_what_is_nested_too_deep_is_as_good_as_nothing(
    station: ChargingStation, wire: MakeWire, depth: int
) -> None:
    socket = await wire(IDENTITY)
    await socket.send([2, "1", "MeterValues", {"meterValue": nested(depth)}])
    assert await socket.answer_to("1") == [3, "1", {}]
    await socket.send([2, "2", "Authorize", {"idTag": nested(depth)}])
    assert (await socket.answer_to("2"))[0] == 4
    assert station.notes["frame: nested too deep"] == 2


async def test_what_a_vendor_nests_as_deep_as_anybody_needs_is_told(
    station: ChargingStation, wire: MakeWire
) -> None:
    told: list[Event] = []
    station.follow(told.append)
    socket = await wire(IDENTITY, subprotocols=("ocpp2.1",))
    data = {"vendorId": "x" * 300, "data": nested(40)}
    await socket.send([2, "1", "DataTransfer", data])
    assert (await socket.answer_to("1"))[0] == 3
    (event,) = [it for it in told if isinstance(it, DataReceived)]
    assert event.data == nested(40)
    assert event.vendor_id == "x" * 255


@pytest.mark.parametrize(
    ("action", "payload"),
    [
        (
            "GetCertificateChainStatus",
            {
                "certificateStatusRequests": [
                    {
                        "source": "OCSP",
                        "urls": ["http://192.0.2.1/"],
                        "certificateHashData": None,
                    }
                ]
            },
        ),
        ("VatNumberValidation", {"vatNumber": "x" * 30}),
    ],
)
async def test_an_answer_repeats_nothing_that_is_not_valid(
    station: ChargingStation, action: str, payload: Any
) -> None:
    station.version = V21
    with pytest.raises(MessageRefused):
        await answered(station, action, payload)


@pytest.mark.parametrize("number", [2**63, 2**64 - 1, 10**6])
async def test_an_event_is_answered_however_far_its_number_is_ahead(
    station: ChargingStation, number: int
) -> None:
    station.version = V201
    event = {
        "eventType": "Started",
        "timestamp": "2026-01-01T00:00:00Z",
        "triggerReason": "CablePluggedIn",
        "seqNo": 0,
        "transactionInfo": {"transactionId": "T1"},
        "evse": {"id": 1},
    }
    assert "idTokenInfo" not in await answered(station, "TransactionEvent", event)
    event |= {"eventType": "Updated", "seqNo": number}
    assert await answered(station, "TransactionEvent", event) == {}
    session = station.transactions.session(1)
    assert session is not None
    assert session.id == "T1"


async def test_a_control_whose_type_is_no_text_is_passed_over(
    station: ChargingStation,
) -> None:
    station.version = V21
    curve = {"curve": {"yUnit": "Not_Applicable"}, "curveType": ["x"], "id": "1"}
    report = {"requestId": 1, "curve": [curve]}
    assert await answered(station, "ReportDERControl", report) == {}


async def test_a_monitor_whose_number_is_none_is_not_forgotten(
    station: ChargingStation,
) -> None:
    answer = {"clearMonitoringResult": [{"status": "Accepted", "id": [1]}]}
    station.monitoring.on_cleared({"id": [1]}, answer)
    assert station.monitoring.monitors == {}


async def test_a_monitor_whose_severity_is_no_number_is_not_taken_for_another(
    station: ChargingStation,
) -> None:
    item = {
        "component": {"name": "C"},
        "variable": {"name": "V"},
        "type": "Delta",
        "severity": 5,
        "value": 1,
    }
    result = item | {"status": "Accepted", "id": 1}
    strange = result | {"severity": [], "type": {}}
    answer = {"setMonitoringResult": [strange, result]}
    station.monitoring.on_set({"setMonitoringData": [item]}, answer)
    assert list(station.monitoring.monitors) == [1]


async def test_a_profile_may_be_without_periods(station: ChargingStation) -> None:
    station.version = V16
    profile = {
        "chargingProfileId": 1,
        "stackLevel": 0,
        "chargingProfilePurpose": "TxDefaultProfile",
        "chargingProfileKind": "Absolute",
        "chargingSchedule": {"chargingRateUnit": "A", "chargingSchedulePeriod": []},
    }
    request = {"connectorId": 1, "csChargingProfiles": profile}
    station.smart_charging.on_profile_set(request, {"status": "Accepted"})
    assert [it.id for it in station.smart_charging.installed.profiles] == [1]


async def test_of_ten_thousand_cards_the_last_are_expected_to_start(
    station: ChargingStation,
) -> None:
    for number in range(10_000):
        await answered(station, "Authorize", {"idTag": f"CARD{number}"})
    assert len(station.authorization._asked_about) == 100


async def test_a_moment_as_it_was_written_is_kept_up_to_a_length(
    station: ChargingStation,
) -> None:
    start = {"connectorId": 1, "idTag": "CARD1", "meterStart": 0}
    await answered(station, "StartTransaction", start | {"timestamp": "x" * 5_000})
    session = station.transactions.session(1)
    assert session is not None
    assert session.told == "x" * 40


def test_a_stations_own_words_for_no_are_cut() -> None:
    with pytest.raises(CommandRejected) as raised:
        check_accepted(V16, "ClearCache", {"status": "x" * 5_000})
    assert raised.value.status == "x" * 100


@pytest.mark.parametrize(
    ("payload", "description", "told"),
    [
        ({"idTag": "CARD1"}, "no CARD1 here", f"no {REDACTED} here"),
        ({"key": "AuthorizationKey", "value": "open"}, "bad open", f"bad {REDACTED}"),
        ({"key": "HeartbeatInterval", "value": "5000"}, "bad 5000", "bad 5000"),
        (
            {"key": "PlugAndChargeIdentifier", "value": "CARD1"},
            "bad PlugAndChargeIdentifier CARD1",
            f"bad PlugAndChargeIdentifier {REDACTED}",
        ),
        ({"key": ["CardPin"]}, "no CardPin", "no CardPin"),
        (
            {"company": {"name": "Jones", "address1": "Road 1", "city": "Town"}},
            "no Jones of Town",
            f"no {REDACTED} of {REDACTED}",
        ),
        # Cut within the secret.
        ({"location": "ftp://user:word@x/"}, "bad ftp://user:w", f"bad {REDACTED}"),
        # Too short to be told from other words.
        ({"idTag": "ab"}, "about", "about"),
        (
            {
                "setVariableData": [
                    {
                        "variable": {"name": "BasicAuthPassword"},
                        "attributeValue": 'a"quote',
                    }
                ]
            },
            '{"attributeValue":"a\\"quote"}',
            f'{{"attributeValue":"{REDACTED}"}}',
        ),
    ],
)
def test_an_error_of_a_station_does_not_repeat_a_secret(
    payload: Any, description: str, told: str
) -> None:
    error = silenced(CommandFailed("X", "GenericError", description), payload)
    assert (error.code, error.description) == ("GenericError", told)
    assert str(error) == f"X failed with GenericError: {told}"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("ftp://user:word@192.0.2.1/f@1", f"ftp://{REDACTED}@192.0.2.1/f@1"),
        ("ftp://user:w@rd@x/", f"ftp://{REDACTED}@x/"),
        ("http://192.0.2.1/f?by=me@x", "http://192.0.2.1/f?by=me@x"),
        ("", ""),
    ],
)
def test_a_url_is_shown_without_who_may_use_it(url: str, shown: str) -> None:
    assert without_login(url) == shown
