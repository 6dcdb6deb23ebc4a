"""A: security events. M: certificates of stations."""

from typing import Any

from homeassistant.core import HomeAssistant
import pytest

from custom_components.ocpp.charger import Charger as HubCharger
from tests.simulator_v2 import Station
from tests.simulator_v2.commands.certificates import hash_data

from .conversation import act, eventually, failure, found, requests, settled, shown

CERTIFICATES = "sensor.garage_certificates"
PEM = "-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----"
KINDS = {
    "csms_root_certificate": "CSMSRootCertificate",
    "manufacturer_root_certificate": "ManufacturerRootCertificate",
    "v2g_root_certificate": "V2GRootCertificate",
    "mo_root_certificate": "MORootCertificate",
}


async def install(
    hass: HomeAssistant, garage: HubCharger, kind: str = "csms_root_certificate"
) -> Any:
    """Have a root certificate installed."""
    return await act(
        hass, garage, "install_certificate", certificate_type=kind, certificate=PEM
    )


def listed(hass: HomeAssistant) -> list[dict[str, Any]]:
    """Return the certificates that are shown."""
    return list(found(hass, CERTIFICATES).attributes["certificates"])


@pytest.mark.proves("A04", ocpp="2.0.1")
async def test_a_security_event_is_told_once_with_its_time(
    hass: HomeAssistant, two: Station
) -> None:
    answer = await two.call(
        "SecurityEventNotification",
        {
            "type": "TamperDetectionActivated",
            "timestamp": "2026-02-03T04:05:06Z",
            "techInfo": "lid",
        },
    )
    assert answer == {}
    await settled(hass, two)
    event = found(hass, "event.garage_security_event").attributes
    assert event["event_type"] == "tamper_detection_activated"
    assert event["happened_at"] == "2026-02-03T04:05:06+00:00"
    assert event["tech_info"] == "lid"


@pytest.mark.parametrize(
    "kind",
    [
        pytest.param(
            "csms_root_certificate",
            marks=pytest.mark.proves("TC_M_01_CSMS", ocpp="2.0.1"),
        ),
        pytest.param(
            "manufacturer_root_certificate",
            marks=pytest.mark.proves("TC_M_02_CSMS", ocpp="2.0.1"),
        ),
        pytest.param(
            "v2g_root_certificate",
            marks=pytest.mark.proves("TC_M_03_CSMS", ocpp="2.0.1"),
        ),
        pytest.param(
            "mo_root_certificate",
            marks=pytest.mark.proves("TC_M_04_CSMS", ocpp="2.0.1"),
        ),
    ],
)
async def test_a_root_certificate_is_installed(
    hass: HomeAssistant, garage: HubCharger, two: Station, kind: str
) -> None:
    assert await install(hass, garage, kind) == {"status": "Accepted"}
    assert requests(two, "InstallCertificate") == [
        {"certificateType": KINDS[kind], "certificate": PEM}
    ]
    await eventually(hass, lambda: hass.states.get(CERTIFICATES) is not None)
    await settled(hass, two)
    assert [it["certificate_type"] for it in listed(hass)] == [KINDS[kind]]


@pytest.mark.parametrize(
    "status",
    [
        pytest.param("Failed", marks=pytest.mark.proves("TC_M_05_CSMS", ocpp="2.0.1")),
        "Rejected",
    ],
)
@pytest.mark.proves("M05", ocpp="2.0.1")
async def test_a_root_certificate_that_is_not_taken_is_an_error(
    hass: HomeAssistant, garage: HubCharger, two: Station, status: str
) -> None:
    two.answers["InstallCertificate"] = {"status": status}
    with failure("command_rejected", command="InstallCertificate", status=status):
        await install(hass, garage)
    await settled(hass, two)
    assert hass.states.get(CERTIFICATES) is None


@pytest.mark.parametrize(
    "kinds",
    [
        pytest.param(
            ["CSMSRootCertificate"],
            marks=pytest.mark.proves("TC_M_12_CSMS", ocpp="2.0.1"),
        ),
        pytest.param(
            ["ManufacturerRootCertificate"],
            marks=pytest.mark.proves("TC_M_13_CSMS", ocpp="2.0.1"),
        ),
        pytest.param(
            ["V2GRootCertificate"],
            marks=pytest.mark.proves("TC_M_14_CSMS", ocpp="2.0.1"),
        ),
        pytest.param(
            ["V2GCertificateChain"],
            marks=pytest.mark.proves("TC_M_15_CSMS", ocpp="2.0.1"),
        ),
        pytest.param(
            ["MORootCertificate"],
            marks=pytest.mark.proves("TC_M_16_CSMS", ocpp="2.0.1"),
        ),
        pytest.param(
            ["CSMSRootCertificate", "ManufacturerRootCertificate"],
            marks=pytest.mark.proves("TC_M_17_CSMS", ocpp="2.0.1"),
        ),
        pytest.param(
            None,
            marks=pytest.mark.proves("TC_M_18_CSMS", ocpp="2.0.1"),
        ),
    ],
)
@pytest.mark.proves("M03", ocpp="2.0.1")
async def test_certificates_are_listed(
    hass: HomeAssistant, garage: HubCharger, two: Station, kinds: list[str] | None
) -> None:
    told = []
    for kind in (*KINDS.values(), "V2GCertificateChain"):
        for algorithm in ("SHA256", "SHA384", "SHA512"):
            hashes = hash_data(kind + algorithm) | {"hashAlgorithm": algorithm}
            two.state.certificates.append((kind, hashes))
            if kinds is None or kind in kinds:
                told.append({"certificateType": kind, "certificateHashData": hashes})
    fields = {} if kinds is None else {"certificate_type": kinds}
    answer = await act(hass, garage, "get_installed_certificate_ids", **fields)
    assert requests(two, "GetInstalledCertificateIds")[-1] == (
        {} if kinds is None else {"certificateType": kinds}
    )
    assert answer == {"status": "Accepted", "certificateHashDataChain": told}
    await settled(hass, two)
    assert shown(hass, CERTIFICATES) == str(len(told))
    assert {it["hashAlgorithm"] for it in listed(hass)} == {
        "SHA256",
        "SHA384",
        "SHA512",
    }


@pytest.mark.proves("TC_M_19_CSMS", ocpp="2.0.1")
async def test_no_certificate_of_a_kind_is_no_failure(
    hass: HomeAssistant, garage: HubCharger, two: Station
) -> None:
    answer = await act(
        hass,
        garage,
        "get_installed_certificate_ids",
        certificate_type=["manufacturer_root_certificate"],
    )
    assert answer["status"] == "NotFound"
    assert requests(two, "GetInstalledCertificateIds")[-1] == {
        "certificateType": ["ManufacturerRootCertificate"]
    }


@pytest.mark.proves("TC_M_20_CSMS", ocpp="2.0.1")
async def test_a_certificate_is_deleted_as_the_station_names_it(
    hass: HomeAssistant, garage: HubCharger, two: Station
) -> None:
    for algorithm in ("SHA256", "SHA384", "SHA512"):
        hashes = hash_data(PEM) | {"hashAlgorithm": algorithm}
        two.state.certificates.append(("CSMSRootCertificate", hashes))
    answer = await act(hass, garage, "get_installed_certificate_ids")
    for left, entry in zip((2, 1, 0), answer["certificateHashDataChain"], strict=True):
        hashes = entry["certificateHashData"]
        assert await act(
            hass, garage, "delete_certificate", certificate_hash_data=hashes
        ) == {"status": "Accepted"}
        assert requests(two, "DeleteCertificate")[-1] == {"certificateHashData": hashes}
        await settled(hass, two)
        assert len(two.state.certificates) == left
        assert shown(hass, CERTIFICATES) == str(left)


@pytest.mark.parametrize(
    "status",
    [
        pytest.param("Failed", marks=pytest.mark.proves("TC_M_21_CSMS", ocpp="2.0.1")),
    ],
)
@pytest.mark.proves("M04", ocpp="2.0.1")
async def test_a_certificate_that_stays_is_an_error(
    hass: HomeAssistant, garage: HubCharger, two: Station, status: str
) -> None:
    await install(hass, garage)
    await eventually(hass, lambda: hass.states.get(CERTIFICATES) is not None)
    two.answers["DeleteCertificate"] = {"status": status}
    (entry,) = (await act(hass, garage, "get_installed_certificate_ids"))[
        "certificateHashDataChain"
    ]
    with failure("command_rejected", command="DeleteCertificate", status=status):
        await act(
            hass,
            garage,
            "delete_certificate",
            certificate_hash_data=entry["certificateHashData"],
        )
    await settled(hass, two)
    assert shown(hass, CERTIFICATES) == "1"
