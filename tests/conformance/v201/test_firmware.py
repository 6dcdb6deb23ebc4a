"""L: firmware, signed, for the station itself or for others."""

from typing import Any

from homeassistant.core import HomeAssistant
import pytest

from custom_components.ocpp.charger import Charger as HubCharger
from tests.simulator_v2 import Station

from .conversation import (
    ANNA,
    SECOND_STATUS,
    STATUS,
    act,
    eventually,
    failure,
    found,
    moment,
    requests,
    sessions,
    settled,
    shown,
)

UPDATE = "update.garage_firmware"
PUBLISHED = "sensor.garage_published_firmware"
SECURITY = "event.garage_security_event"
URL = "https://192.0.2.20/signed.bin"
CHECKSUM = "0123456789abcdef0123456789abcdef"


async def update(hass: HomeAssistant, garage: HubCharger, **when: str) -> Any:
    """Have a person ask for signed firmware."""
    firmware = {
        "location": URL,
        "retrieveDateTime": moment(),
        "signingCertificate": "-----BEGIN CERTIFICATE-----",
        "signature": "c2lnbmF0dXJl",
    }
    return await act(hass, garage, "update_firmware", firmware=firmware | when)


async def goes_on(
    hass: HomeAssistant, two: Station, number: int, *words: str
) -> list[str | None]:
    """Have the station tell how far it is; return what is shown each time."""
    seen = []
    for word in words:
        await two.call(
            "FirmwareStatusNotification", {"status": word, "requestId": number}
        )
        await hass.async_block_till_done()
        seen.append(found(hass, UPDATE).attributes["status"])
    return seen


async def restarts(hass: HomeAssistant, two: Station, version: str = "3.0.0") -> None:
    """Have the station come back with its firmware."""
    two.boot_fields["firmwareVersion"] = version
    assert (await two.boot("FirmwareUpdate"))["status"] == "Accepted"
    await two.report_status()
    await settled(hass, two)


@pytest.mark.parametrize(
    ("when", "first", "later"),
    [
        pytest.param(
            {},
            [],
            [],
            marks=pytest.mark.proves("TC_L_01_CSMS", ocpp="2.0.1"),
            id="at once",
        ),
        pytest.param(
            {"installDateTime": moment(60)},
            [],
            ["InstallScheduled"],
            marks=pytest.mark.proves("TC_L_02_CSMS", ocpp="2.0.1"),
            id="installed later",
        ),
        pytest.param(
            {"retrieveDateTime": moment(60)},
            ["DownloadScheduled"],
            [],
            marks=pytest.mark.proves("TC_L_03_CSMS", ocpp="2.0.1"),
            id="loaded later",
        ),
    ],
)
@pytest.mark.proves("L01", ocpp="2.0.1")
async def test_signed_firmware_is_installed(
    hass: HomeAssistant,
    garage: HubCharger,
    two: Station,
    when: dict[str, str],
    first: list[str],
    later: list[str],
) -> None:
    two.answers["UpdateFirmware"] = {"status": "Accepted"}
    answer = await update(hass, garage, **when)
    (sent,) = requests(two, "UpdateFirmware")
    assert answer == {"requestId": sent["requestId"], "status": "Accepted"}
    assert sent["firmware"]["signature"] == "c2lnbmF0dXJl"
    assert sent["firmware"]["signingCertificate"].startswith("-----BEGIN")
    assert when.items() <= sent["firmware"].items()
    steps = [*first, "Downloading", "Downloaded", "SignatureVerified", *later]
    seen = await goes_on(hass, two, sent["requestId"], *steps)
    assert [(it or "").replace("_", "") for it in seen] == [it.lower() for it in steps]
    assert found(hass, UPDATE).attributes["in_progress"] is not bool(later)
    await goes_on(hass, two, sent["requestId"], "Installing", "InstallRebooting")
    assert found(hass, UPDATE).attributes["in_progress"] is True
    await restarts(hass, two)
    assert await goes_on(hass, two, sent["requestId"], "Installed") == ["installed"]
    attributes = found(hass, UPDATE).attributes
    assert attributes["in_progress"] is False
    assert attributes["installed_version"] == "3.0.0"
    assert shown(hass, STATUS) == "available"


@pytest.mark.parametrize(
    ("steps", "slug", "event"),
    [
        pytest.param(
            ("Downloading", "Downloaded", "InvalidSignature"),
            "invalid_signature",
            "InvalidFirmwareSignature",
            marks=pytest.mark.proves("TC_L_06_CSMS", ocpp="2.0.1"),
        ),
        pytest.param(
            ("Downloading", "DownloadFailed"),
            "download_failed",
            None,
            marks=pytest.mark.proves("TC_L_07_CSMS", ocpp="2.0.1"),
        ),
        pytest.param(
            ("SignatureVerified", "Installing", "InstallVerificationFailed"),
            "install_verification_failed",
            None,
            marks=pytest.mark.proves("TC_L_08_CSMS", ocpp="2.0.1"),
        ),
        pytest.param(
            ("Installing", "InstallRebooting", "", "InstallationFailed"),
            "installation_failed",
            None,
            marks=pytest.mark.proves("TC_L_09_CSMS", ocpp="2.0.1"),
        ),
    ],
)
async def test_an_update_that_fails_says_why(
    hass: HomeAssistant,
    garage: HubCharger,
    two: Station,
    steps: tuple[str, ...],
    slug: str,
    event: str | None,
) -> None:
    two.answers["UpdateFirmware"] = {"status": "Accepted"}
    number = (await update(hass, garage))["requestId"]
    for step in steps:
        if step:
            await goes_on(hass, two, number, step)
        else:
            await restarts(hass, two, "2.0.0")
    if event is not None:
        await two.security_event(event)
    await settled(hass, two)
    attributes = found(hass, UPDATE).attributes
    assert (attributes["status"], attributes["in_progress"]) == (slug, False)
    assert attributes["installed_version"] == "2.0.0"
    if event is not None:
        assert found(hass, SECURITY).attributes["type"] == event


@pytest.mark.parametrize(
    ("status", "event"),
    [
        pytest.param(
            "RevokedCertificate",
            None,
            marks=pytest.mark.proves("TC_L_04_CSMS", ocpp="2.0.1"),
        ),
        pytest.param(
            "InvalidCertificate",
            "InvalidFirmwareSigningCertificate",
            marks=pytest.mark.proves("TC_L_05_CSMS", ocpp="2.0.1"),
        ),
    ],
)
async def test_a_certificate_that_is_not_taken_is_an_error(
    hass: HomeAssistant,
    garage: HubCharger,
    two: Station,
    status: str,
    event: str | None,
) -> None:
    two.answers["UpdateFirmware"] = {"status": status}
    with failure("command_rejected", command="UpdateFirmware", status=status):
        await update(hass, garage)
    if event is not None:
        await two.security_event(event)
        await settled(hass, two)
        assert found(hass, SECURITY).attributes["type"] == event
    assert found(hass, UPDATE).attributes["status"] is None


@pytest.mark.parametrize(
    "status",
    [
        pytest.param(
            "AcceptedCanceled", marks=pytest.mark.proves("TC_L_10_CSMS", ocpp="2.0.1")
        ),
        pytest.param(
            "Rejected", marks=pytest.mark.proves("TC_L_11_CSMS", ocpp="2.0.1")
        ),
    ],
)
async def test_a_second_update_takes_over_or_is_an_error(
    hass: HomeAssistant, garage: HubCharger, two: Station, status: str
) -> None:
    two.answers["UpdateFirmware"] = {"status": "Accepted"}
    number = (await update(hass, garage))["requestId"]
    await goes_on(hass, two, number, "Downloading")
    two.answers["UpdateFirmware"] = {"status": status}
    if status == "Rejected":
        with failure("command_rejected", status="Rejected"):
            await update(hass, garage)
    else:
        number = (await update(hass, garage))["requestId"]
    steps = ("Downloading", "Downloaded", "SignatureVerified", "Installing")
    seen = await goes_on(hass, two, number, *steps, "InstallRebooting")
    assert seen[-2:] == ["installing", "install_rebooting"]
    await restarts(hass, two)
    await goes_on(hass, two, number, "Installed")
    attributes = found(hass, UPDATE).attributes
    assert (attributes["status"], attributes["in_progress"]) == ("installed", False)
    assert attributes["installed_version"] == "3.0.0"


@pytest.mark.proves("TC_L_13_CSMS", ocpp="2.0.1")
async def test_an_update_waits_for_a_session_to_end(
    hass: HomeAssistant, garage: HubCharger, charging: Station
) -> None:
    charging.answers["UpdateFirmware"] = {"status": "Accepted"}
    number = (await update(hass, garage))["requestId"]
    assert await goes_on(hass, charging, number, "DownloadScheduled") == [
        "download_scheduled"
    ]
    for connector in (1, 2):
        await charging.status(2, connector, "Unavailable")
    await settled(hass, charging)
    assert (shown(hass, STATUS), shown(hass, SECOND_STATUS)) == (
        "charging",
        "unavailable",
    )
    assert await charging.present_card(1, ANNA)
    await charging.unplug(1)
    await goes_on(hass, charging, number, "Downloading", "SignatureVerified")
    assert found(hass, UPDATE).attributes["in_progress"] is True
    await restarts(hass, charging)
    await goes_on(hass, charging, number, "Installed")
    assert found(hass, UPDATE).attributes["installed_version"] == "3.0.0"
    (session,) = await sessions(hass)
    assert session["complete"]


@pytest.mark.parametrize(
    ("steps", "slug"),
    [
        pytest.param(
            ("Downloading", "Downloaded", "ChecksumVerified", "Published"),
            "published",
            marks=pytest.mark.proves("TC_L_17_CSMS", ocpp="2.0.1"),
        ),
        pytest.param(
            ("Downloading", "Downloaded", "InvalidChecksum"),
            "invalid_checksum",
            marks=pytest.mark.proves("TC_L_19_CSMS", ocpp="2.0.1"),
        ),
        pytest.param(
            ("Downloading", "Downloaded", "ChecksumVerified", "PublishFailed"),
            "publish_failed",
            marks=pytest.mark.proves("TC_L_20_CSMS", ocpp="2.0.1"),
        ),
        pytest.param(
            ("Downloading", "DownloadFailed"),
            "download_failed",
            marks=pytest.mark.proves("TC_L_24_CSMS", ocpp="2.0.1"),
        ),
    ],
)
async def test_firmware_is_offered_to_others(
    hass: HomeAssistant,
    garage: HubCharger,
    two: Station,
    steps: tuple[str, ...],
    slug: str,
) -> None:
    two.answers["PublishFirmware"] = {"status": "Accepted"}
    await act(hass, garage, "publish_firmware", location=URL, checksum=CHECKSUM)
    (sent,) = requests(two, "PublishFirmware")
    assert (sent["location"], sent["checksum"]) == (URL, CHECKSUM)
    place = ["http://192.0.2.30/signed.bin"]
    for step in steps:
        told = {"status": step, "requestId": sent["requestId"]}
        if step == "Published":
            told["location"] = place
        await two.call("PublishFirmwareStatusNotification", told)
    await settled(hass, two)
    state = found(hass, PUBLISHED)
    assert state.state == slug
    assert state.attributes["checksum"] == CHECKSUM
    assert state.attributes["locations"] == (place if slug == "published" else [])


@pytest.mark.parametrize(
    ("status", "left"),
    [
        pytest.param(
            "Unpublished",
            "idle",
            marks=pytest.mark.proves("TC_L_21_CSMS", ocpp="2.0.1"),
        ),
        pytest.param(
            "NoFirmware",
            "idle",
            marks=pytest.mark.proves("TC_L_22_CSMS", ocpp="2.0.1"),
        ),
        pytest.param(
            "DownloadOngoing",
            "published",
            marks=pytest.mark.proves("TC_L_23_CSMS", ocpp="2.0.1"),
        ),
    ],
)
async def test_firmware_is_offered_no_more(
    hass: HomeAssistant, garage: HubCharger, two: Station, status: str, left: str
) -> None:
    await act(hass, garage, "publish_firmware", location=URL, checksum=CHECKSUM)
    await eventually(hass, lambda: hass.states.get(PUBLISHED) is not None)
    await settled(hass, two)
    assert shown(hass, PUBLISHED) == "published"
    two.answers["UnpublishFirmware"] = {"status": status}
    if status == "DownloadOngoing":
        with failure("command_rejected", status=status):
            await act(hass, garage, "unpublish_firmware", checksum=CHECKSUM)
    else:
        answer = await act(hass, garage, "unpublish_firmware", checksum=CHECKSUM)
        assert answer == {"status": status}
    assert requests(two, "UnpublishFirmware") == [{"checksum": CHECKSUM}]
    await settled(hass, two)
    assert shown(hass, PUBLISHED) == left
