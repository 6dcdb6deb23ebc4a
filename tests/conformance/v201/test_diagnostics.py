"""N: logs, and what stations know of their customers."""

from typing import Any

from homeassistant.core import HomeAssistant
import pytest

from custom_components.ocpp.charger import Charger as HubCharger
from custom_components.ocpp.csms.blocks import local_list
from tests.simulator_v2 import Station

from .conversation import (
    ANNA,
    act,
    eventually,
    failure,
    found,
    requests,
    settled,
    shown,
    token,
)

LOG = "sensor.garage_log_upload"
PLACE = {"remoteLocation": "https://192.0.2.20/logs"}
HASHES = {
    "hashAlgorithm": "SHA256",
    "issuerNameHash": "ab",
    "issuerKeyHash": "cd",
    "serialNumber": "01",
}


async def ask_for(
    hass: HomeAssistant, garage: HubCharger, kind: str = "diagnostics_log"
) -> Any:
    """Have a log uploaded."""
    return await act(hass, garage, "get_log", log=PLACE, log_type=kind)


@pytest.mark.parametrize(
    ("kind", "sent"),
    [
        pytest.param(
            "diagnostics_log",
            "DiagnosticsLog",
            marks=pytest.mark.proves("TC_N_25_CSMS", ocpp="2.0.1"),
        ),
        pytest.param(
            "security_log",
            "SecurityLog",
            marks=pytest.mark.proves("TC_N_35_CSMS", ocpp="2.0.1"),
        ),
    ],
)
@pytest.mark.proves("N01", ocpp="2.0.1")
async def test_a_log_is_uploaded(
    hass: HomeAssistant, garage: HubCharger, two: Station, kind: str, sent: str
) -> None:
    answer = await ask_for(hass, garage, kind)
    (asked,) = requests(two, "GetLog")
    assert (asked["logType"], asked["log"]) == (sent, PLACE)
    assert answer == {
        "requestId": asked["requestId"],
        "status": "Accepted",
        "filename": f"{sent}.zip",
        # It was waited for, as long as something was heard of it.
        "upload": "uploaded",
    }
    await settled(hass, two)
    assert [it["status"] for it in two.sent_calls("LogStatusNotification")] == [
        "Uploading",
        "Uploaded",
    ]
    state = found(hass, LOG)
    assert (state.state, state.attributes["file_name"]) == ("uploaded", f"{sent}.zip")


@pytest.mark.proves("TC_N_34_CSMS", ocpp="2.0.1")
async def test_a_log_that_is_not_given_is_an_error(
    hass: HomeAssistant, garage: HubCharger, two: Station
) -> None:
    two.answers["GetLog"] = {"status": "Rejected"}
    with failure("command_rejected", command="GetLog", status="Rejected"):
        await ask_for(hass, garage)


@pytest.mark.proves("TC_N_36_CSMS", ocpp="2.0.1")
async def test_a_second_log_takes_the_place_of_the_first(
    hass: HomeAssistant, garage: HubCharger, two: Station
) -> None:
    async def tell(status: str, number: int) -> None:
        await two.call("LogStatusNotification", {"status": status, "requestId": number})
        await settled(hass, two)

    two.answers["GetLog"] = {"status": "Accepted", "filename": "first.zip"}
    first = (await ask_for(hass, garage))["requestId"]
    await tell("Uploading", first)
    assert shown(hass, LOG) == "uploading"
    two.answers["GetLog"] = {"status": "AcceptedCanceled", "filename": "second.zip"}
    answer = await ask_for(hass, garage)
    assert answer["status"] == "AcceptedCanceled"
    await tell("AcceptedCanceled", first)
    await tell("Uploading", answer["requestId"])
    assert shown(hass, LOG) == "uploading"
    await tell("Uploaded", answer["requestId"])
    state = found(hass, LOG)
    assert (state.state, state.attributes["file_name"]) == ("uploaded", "second.zip")


ANNAS = {"id_token": token(ANNA)}


@pytest.mark.parametrize(
    ("fields", "known", "text"),
    [
        pytest.param(
            ANNAS | {"report": True, "clear": False},
            {ANNA.casefold(): "Came twice. " * 60},
            "Came twice. " * 60,
            marks=[
                pytest.mark.proves("TC_N_27_CSMS", ocpp="2.0.1"),
                pytest.mark.proves("N09", ocpp="2.0.1"),
            ],
            id="data",
        ),
        pytest.param(
            ANNAS | {"report": True, "clear": False},
            {},
            "",
            marks=pytest.mark.proves("TC_N_28_CSMS", ocpp="2.0.1"),
            id="no data",
        ),
        pytest.param(
            ANNAS | {"report": True, "clear": True},
            {ANNA.casefold(): "Came twice."},
            "Came twice.",
            marks=pytest.mark.proves("TC_N_30_CSMS", ocpp="2.0.1"),
            id="cleared",
        ),
        pytest.param(
            ANNAS | {"report": True, "clear": True},
            {},
            "",
            marks=pytest.mark.proves("TC_N_31_CSMS", ocpp="2.0.1"),
            id="nothing cleared",
        ),
        pytest.param(
            ANNAS | {"report": False, "clear": True},
            {ANNA.casefold(): "Came twice."},
            "",
            marks=pytest.mark.proves("TC_N_32_CSMS", ocpp="2.0.1"),
            id="cleared without a word",
        ),
        pytest.param(
            {"customer_identifier": "Anna", "report": True, "clear": True},
            {"anna": "Came twice."},
            "Came twice.",
            marks=pytest.mark.proves("TC_N_62_CSMS", ocpp="2.0.1"),
            id="by name",
        ),
        pytest.param(
            {"customer_certificate": HASHES, "report": True, "clear": True},
            {str(HASHES).casefold(): "Came twice."},
            "Came twice.",
            marks=pytest.mark.proves("TC_N_63_CSMS", ocpp="2.0.1"),
            id="by certificate",
        ),
    ],
)
async def test_a_station_tells_or_forgets_what_it_knows_of_somebody(
    hass: HomeAssistant,
    garage: HubCharger,
    two: Station,
    fields: dict[str, Any],
    known: dict[str, str],
    text: str,
) -> None:
    two.state.customers = dict(known)
    answer = await act(hass, garage, "customer_information", **fields)
    (asked,) = requests(two, "CustomerInformation")
    assert (asked["report"], asked["clear"]) == (fields["report"], fields["clear"])
    assert asked.get("idToken") == fields.get("id_token")
    assert asked.get("customerIdentifier") == fields.get("customer_identifier")
    assert asked.get("customerCertificate") == fields.get("customer_certificate")
    assert answer["status"] == "Accepted"
    assert answer.get("data", "") == text
    await settled(hass, two)
    assert two.state.customers == ({} if fields["clear"] else known)


@pytest.mark.parametrize(
    "status",
    [
        pytest.param(
            "Rejected", marks=pytest.mark.proves("TC_N_29_CSMS", ocpp="2.0.1")
        ),
        "Invalid",
    ],
)
async def test_a_station_that_does_not_tell_is_an_error(
    hass: HomeAssistant, garage: HubCharger, two: Station, status: str
) -> None:
    two.answers["CustomerInformation"] = {"status": status}
    with failure("command_rejected", command="CustomerInformation", status=status):
        await act(
            hass, garage, "customer_information", report=True, clear=False, **ANNAS
        )


class TestListed:
    """Somebody who is in the list of cards that the station keeps."""

    @pytest.fixture
    def options(self) -> dict[str, Any]:
        """Keep lists."""
        return {"local_list": True}

    @pytest.fixture(autouse=True)
    def soon(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Follow changes at once."""
        monkeypatch.setattr(local_list, "_SOON", 0)

    @pytest.mark.proves("TC_N_46_CSMS", ocpp="2.0.1")
    @pytest.mark.proves("N10", ocpp="2.0.1")
    async def test_whoever_is_forgotten_is_taken_off_the_list(
        self, hass: HomeAssistant, garage: HubCharger, two: Station
    ) -> None:
        await eventually(hass, lambda: ANNA.casefold() in two.state.local_list)
        before = set(two.state.local_list)
        version = two.state.local_list_version
        await act(
            hass, garage, "customer_information", report=True, clear=True, **ANNAS
        )
        await eventually(hass, lambda: ANNA.casefold() not in two.state.local_list)
        assert requests(two, "SendLocalList")[-1] == {
            "versionNumber": version + 1,
            "updateType": "Differential",
            "localAuthorizationList": [{"idToken": token(ANNA)}],
        }
        await settled(hass, two)
        assert set(two.state.local_list) == before - {ANNA.casefold()}
        assert garage.station.local_list.version == version + 1
        assert garage.station.local_list.cards == len(before) - 1
