"""Firmware and diagnostics: what takes long, as far as the charger says it is."""

from homeassistant.core import HomeAssistant
import pytest

from custom_components.ocpp.charger import Charger as HubCharger
from tests.simulator import Charger

from .conversation import STATUS, act, found, requests, settled, shown, use

FIRMWARE = "update.garage_firmware"
LOG = "sensor.garage_log_upload"
UPLOAD = "ftp://192.0.2.20/"


async def says(hass: HomeAssistant, charger: Charger, status: str) -> None:
    """Have the charger say how far it is with its firmware."""
    await charger.call("FirmwareStatusNotification", {"status": status})
    await settled(hass, charger)


def progress(hass: HomeAssistant) -> tuple[bool, str | None]:
    """Return whether people see it at work, and how far."""
    attributes = found(hass, FIRMWARE).attributes
    return attributes["in_progress"], attributes["status"]


async def all_are(hass: HomeAssistant, charger: Charger, status: str) -> None:
    """Have the charger and its connectors change."""
    for connector in charger.connectors:
        await charger.status(connector, status)
    await settled(hass, charger)
    assert shown(hass, STATUS) == status.lower()


class TestUpdate:
    """People install new firmware."""

    @pytest.fixture(autouse=True)
    async def asked(self, hass: HomeAssistant, charger: Charger) -> None:
        """Have it asked for."""
        charger.answers["UpdateFirmware"] = {}
        assert shown(hass, FIRMWARE) == "on"
        await use(hass, FIRMWARE, "install")
        (sent,) = requests(charger, "UpdateFirmware")
        assert sent["location"] == "https://192.0.2.20/wallbox-2.0.bin"

    @pytest.mark.proves("TC_044_1_CSMS")
    async def test_it_is_downloaded_and_installed(
        self, hass: HomeAssistant, charger: Charger
    ) -> None:
        for status in ("Downloading", "Downloaded"):
            await says(hass, charger, status)
            assert progress(hass) == (True, status.lower())
        await all_are(hass, charger, "Unavailable")
        await says(hass, charger, "Installing")
        assert progress(hass) == (True, "installing")
        charger.boot_fields["firmwareVersion"] = "2.0"
        assert (await charger.boot())["status"] == "Accepted"
        await all_are(hass, charger, "Available")
        await says(hass, charger, "Installed")
        assert progress(hass) == (False, "installed")
        assert shown(hass, FIRMWARE) == "off"
        assert found(hass, FIRMWARE).attributes["installed_version"] == "2.0"

    @pytest.mark.proves("TC_044_2_CSMS")
    async def test_a_download_that_fails_is_shown(
        self, hass: HomeAssistant, charger: Charger
    ) -> None:
        await says(hass, charger, "Downloading")
        assert progress(hass) == (True, "downloading")
        await says(hass, charger, "DownloadFailed")
        assert progress(hass) == (False, "download_failed")
        # It can be tried again.
        assert shown(hass, FIRMWARE) == "on"

    @pytest.mark.proves("TC_044_3_CSMS")
    async def test_an_installation_that_fails_is_shown(
        self, hass: HomeAssistant, charger: Charger
    ) -> None:
        for status in ("Downloading", "Downloaded"):
            await says(hass, charger, status)
        await all_are(hass, charger, "Unavailable")
        await says(hass, charger, "Installing")
        assert progress(hass) == (True, "installing")
        assert (await charger.boot())["status"] == "Accepted"
        await all_are(hass, charger, "Available")
        await says(hass, charger, "InstallationFailed")
        assert progress(hass) == (False, "installation_failed")
        assert shown(hass, FIRMWARE) == "on"
        assert found(hass, FIRMWARE).attributes["installed_version"] == "1.0.0"


@pytest.mark.parametrize(
    ("status", "state"),
    [
        pytest.param("Uploaded", "uploaded", marks=pytest.mark.proves("TC_045_1_CSMS")),
        pytest.param(
            "UploadFailed", "upload_failed", marks=pytest.mark.proves("TC_045_2_CSMS")
        ),
    ],
)
async def test_diagnostics_are_uploaded_or_said_not_to_be(
    hass: HomeAssistant,
    garage: HubCharger,
    charger: Charger,
    status: str,
    state: str,
) -> None:
    charger.answers["GetDiagnostics"] = {"fileName": "garage.zip"}
    answer = await act(hass, garage, "get_diagnostics", location=UPLOAD)
    assert answer == {"fileName": "garage.zip"}
    (sent,) = requests(charger, "GetDiagnostics")
    assert sent["location"] == UPLOAD
    for said, seen in (("Uploading", "uploading"), (status, state)):
        await charger.call("DiagnosticsStatusNotification", {"status": said})
        await settled(hass, charger)
        assert shown(hass, LOG) == seen
    assert found(hass, LOG).attributes["file_name"] == "garage.zip"
