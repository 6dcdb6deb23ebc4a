"""Security: certificates, security events and logs, and firmware that is signed."""

from typing import Any

from homeassistant.core import HomeAssistant
import pytest

from custom_components.ocpp.charger import Charger as HubCharger
from tests.conftest import eventually
from tests.simulator import Charger

from .conversation import STATUS, act, failure, found, requests, settled, shown

CERTIFICATES = "sensor.garage_certificates"
EVENT = "event.garage_security_event"
FIRMWARE = "update.garage_firmware"
LOG = "sensor.garage_log_upload"
PEM = "-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----"
SIGNED = {
    "location": "https://192.0.2.20/wallbox-2.0.bin",
    "retrieveDateTime": "2026-10-20T00:00:00Z",
    "signingCertificate": PEM,
    "signature": "c2ln",
}


async def reports(hass: HomeAssistant, charger: Charger, kind: str) -> None:
    """Have the charger report a security event, and check that people see it."""
    await charger.call(
        "SecurityEventNotification", {"type": kind, "timestamp": charger.timestamp()}
    )
    await settled(hass, charger)
    assert found(hass, EVENT).attributes["type"] == kind


class TestCertificates:
    """People choose whom a charger trusts."""

    @pytest.mark.parametrize(
        ("kind", "sent"),
        [
            pytest.param(
                "manufacturer_root_certificate",
                "ManufacturerRootCertificate",
                marks=pytest.mark.proves("TC_075_1_CSMS"),
            ),
            pytest.param(
                "csms_root_certificate",
                "CentralSystemRootCertificate",
                marks=pytest.mark.proves("TC_075_2_CSMS"),
            ),
        ],
    )
    async def test_one_that_is_installed_is_shown(
        self,
        hass: HomeAssistant,
        garage: HubCharger,
        charger: Charger,
        kind: str,
        sent: str,
    ) -> None:
        answer = await act(
            hass,
            garage,
            "install_certificate",
            certificate_type=kind,
            certificate=PEM,
        )
        assert answer == {"status": "Accepted"}
        await eventually(hass, lambda: hass.states.get(CERTIFICATES))
        assert requests(charger, "InstallCertificate") == [
            {"certificateType": sent, "certificate": PEM}
        ]
        assert requests(charger, "GetInstalledCertificateIds") == [
            {"certificateType": sent}
        ]
        ((_, hashes),) = charger.maintenance.certificates
        assert found(hass, CERTIFICATES).attributes["certificates"] == [
            {"certificate_type": sent, **hashes}
        ]
        await settled(hass, charger)

    @pytest.mark.proves("TC_076_CSMS")
    @pytest.mark.parametrize("algorithm", ["SHA256", "SHA384", "SHA512"])
    async def test_one_is_deleted_by_what_the_charger_calls_it(
        self, hass: HomeAssistant, garage: HubCharger, charger: Charger, algorithm: str
    ) -> None:
        kind = "csms_root_certificate"
        await act(
            hass,
            garage,
            "install_certificate",
            certificate_type=kind,
            certificate=PEM,
        )
        await eventually(hass, lambda: hass.states.get(CERTIFICATES))
        ((_, hashes),) = charger.maintenance.certificates
        hashes["hashAlgorithm"] = algorithm
        listed = await act(
            hass, garage, "get_installed_certificate_ids", certificate_type=kind
        )
        assert listed["certificateHashData"] == [hashes]
        answer = await act(
            hass,
            garage,
            "delete_certificate",
            certificate_hash_data=listed["certificateHashData"][0],
        )
        assert answer == {"status": "Accepted"}
        assert requests(charger, "DeleteCertificate") == [
            {"certificateHashData": hashes}
        ]
        assert charger.maintenance.certificates == []
        await settled(hass, charger)
        assert shown(hass, CERTIFICATES) == "0"
        answer = await act(
            hass, garage, "get_installed_certificate_ids", certificate_type=kind
        )
        assert answer == {"status": "NotFound"}

    @pytest.mark.proves("TC_078_CSMS")
    async def test_one_that_the_charger_refuses_is_an_error_and_an_event(
        self, hass: HomeAssistant, garage: HubCharger, charger: Charger
    ) -> None:
        charger.answers["InstallCertificate"] = {"status": "Rejected"}
        with failure(
            "command_rejected", command="InstallCertificate", status="Rejected"
        ):
            await act(
                hass,
                garage,
                "install_certificate",
                certificate_type="csms_root_certificate",
                certificate=PEM,
            )
        (sent,) = requests(charger, "InstallCertificate")
        assert sent["certificateType"] == "CentralSystemRootCertificate"
        await reports(hass, charger, "InvalidCentralSystemCertificate")
        event = found(hass, EVENT).attributes["event_type"]
        assert event == "invalid_csms_certificate"
        assert hass.states.get(CERTIFICATES) is None


@pytest.mark.proves("TC_079_CSMS")
async def test_a_log_of_security_events_is_uploaded(
    hass: HomeAssistant, garage: HubCharger, charger: Charger
) -> None:
    charger.answers["GetLog"] = {"status": "Accepted", "filename": "security.zip"}
    log = {"remoteLocation": "ftp://192.0.2.20/"}
    answer = await act(hass, garage, "get_log", log=log, log_type="security_log")
    number = answer["requestId"]
    assert requests(charger, "GetLog") == [
        {"log": log, "logType": "SecurityLog", "requestId": number}
    ]
    for status in ("Uploading", "Uploaded"):
        await charger.call(
            "LogStatusNotification", {"status": status, "requestId": number}
        )
        await settled(hass, charger)
        assert shown(hass, LOG) == status.lower()
    assert found(hass, LOG).attributes["file_name"] == "security.zip"


class TestFirmware:
    """Firmware whose signature the charger checks."""

    @pytest.fixture
    async def number(
        self, hass: HomeAssistant, garage: HubCharger, charger: Charger
    ) -> int:
        """Have it asked for; return the number of that."""
        charger.answers["SignedUpdateFirmware"] = {"status": "Accepted"}
        answer = await act(hass, garage, "signed_update_firmware", firmware=SIGNED)
        number = int(answer["requestId"])
        (sent,) = requests(charger, "SignedUpdateFirmware")
        assert sent == {"firmware": SIGNED, "requestId": number}
        return number

    async def says(
        self, hass: HomeAssistant, charger: Charger, number: int, *statuses: str
    ) -> list[tuple[bool, Any]]:
        """Have the charger say how far it is; return what people see of it each time."""
        seen = []
        for status in statuses:
            await charger.call(
                "SignedFirmwareStatusNotification",
                {"status": status, "requestId": number},
            )
            await settled(hass, charger)
            attributes = found(hass, FIRMWARE).attributes
            seen.append((attributes["in_progress"], attributes["status"]))
        return seen

    @pytest.mark.proves("TC_080_CSMS")
    async def test_it_is_checked_and_installed(
        self, hass: HomeAssistant, charger: Charger, number: int
    ) -> None:
        assert await self.says(
            hass, charger, number, "Downloading", "Downloaded", "SignatureVerified"
        ) == [
            (True, "downloading"),
            (True, "downloaded"),
            (True, "signature_verified"),
        ]
        for connector in charger.connectors:
            await charger.status(connector, "Unavailable")
        assert await self.says(
            hass, charger, number, "Installing", "InstallRebooting"
        ) == [(True, "installing"), (True, "install_rebooting")]
        assert shown(hass, STATUS) == "unavailable"
        charger.boot_fields["firmwareVersion"] = "2.0"
        assert (await charger.boot())["status"] == "Accepted"
        await reports(hass, charger, "FirmwareUpdated")
        assert found(hass, EVENT).attributes["event_type"] == "firmware_updated"
        for connector in charger.connectors:
            await charger.status(connector, "Available")
        assert await self.says(hass, charger, number, "Installed") == [
            (False, "installed")
        ]
        assert shown(hass, STATUS) == "available"
        assert shown(hass, FIRMWARE) == "off"
        assert found(hass, FIRMWARE).attributes["installed_version"] == "2.0"

    @pytest.mark.proves("TC_081_CSMS")
    async def test_one_whose_signature_is_not_valid_is_not_installed(
        self, hass: HomeAssistant, charger: Charger, number: int
    ) -> None:
        assert await self.says(
            hass, charger, number, "Downloading", "Downloaded", "InvalidSignature"
        ) == [
            (True, "downloading"),
            (True, "downloaded"),
            (False, "invalid_signature"),
        ]
        assert shown(hass, FIRMWARE) == "on"
        assert found(hass, FIRMWARE).attributes["installed_version"] == "1.0.0"
