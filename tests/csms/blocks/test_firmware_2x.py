"""How far updates of firmware are, as stations of 2.0.1 tell it."""

from typing import Any

import pytest

from custom_components.ocpp.csms.blocks.firmware import PUBLISH_STATUSES, STATUSES
from custom_components.ocpp.csms.central_system import CentralSystem
from custom_components.ocpp.csms.charging_station import ChargingStation
from custom_components.ocpp.csms.errors import CommandRejected
from custom_components.ocpp.csms.model import StationSettings
from tests.csms.conftest import IDENTITY, prepared
from tests.simulator_v2 import Station as Two

URL = "http://192.0.2.20/firmware.bin"
NOW = "2026-10-20T08:00:00Z"
CHECKSUM = "0" * 32


async def update(station: ChargingStation, number: int, **firmware: str) -> None:
    """Ask for an update, signed unless it is said otherwise."""
    signed = {"signingCertificate": "certificate", "signature": "signature"}
    wanted = (
        {"location": f"{URL}?{number}", "retrieveDateTime": NOW} | signed | firmware
    )
    await station.sending.command(
        "UpdateFirmware", {"requestId": number, "firmware": wanted}
    )


async def status(two: Two, word: str, number: int | None = None) -> None:
    """Have the station say how far it is."""
    numbered = {} if number is None else {"requestId": number}
    answer = await two.call("FirmwareStatusNotification", {"status": word} | numbered)
    assert answer == {}


async def test_l01_a_signed_update_goes_all_its_way(
    station: ChargingStation, two: Two
) -> None:
    """It is installed when the station says so, with the number it was asked by."""
    heard: list[str | None] = []
    seen = two.answers
    await update(station, 1)
    assert seen == {}
    await two.until(lambda: two.state.firmware == {"status": "Idle"})
    heard = [one["status"] for one in two.sent_calls("FirmwareStatusNotification")]
    assert heard == [
        *("Downloading", "Downloaded", "SignatureVerified"),
        *("Installing", "Installed"),
    ]
    assert station.firmware.status == "installed"
    assert station.firmware.has_installed(f"{URL}?1")


@pytest.mark.parametrize("word", [word for word in STATUSES if word != "Idle"])
async def test_l01_every_status_is_known(
    station: ChargingStation, two: Two, word: str
) -> None:
    """All 14 of them: Idle does not end what is not running."""
    two.answers["UpdateFirmware"] = {"status": "Accepted"}
    await update(station, 1)
    await status(two, word, 1)
    assert station.firmware.status == STATUSES[word]
    running = station.firmware.in_progress
    await status(two, "Idle")
    assert station.firmware.status == ("idle" if running else STATUSES[word])


@pytest.mark.parametrize(
    "word", ["InvalidCertificate", "RevokedCertificate", "Rejected"]
)
async def test_l01_an_update_that_is_refused_changes_nothing(
    station: ChargingStation, two: Two, word: str
) -> None:
    """The one before goes on, and people are told the station's word."""
    two.answers["UpdateFirmware"] = {"status": "Accepted"}
    await update(station, 1)
    await status(two, "Downloading", 1)
    two.answers["UpdateFirmware"] = {"status": word}
    with pytest.raises(CommandRejected) as error:
        await update(station, 2)
    assert error.value.status == word
    assert station.firmware.status == "downloading"
    await status(two, "Installed", 1)
    assert station.firmware.has_installed(f"{URL}?1")


async def test_l01_a_newer_update_takes_the_place_of_one_that_runs(
    station: ChargingStation, two: Two
) -> None:
    """The station answers that it gave the other one up, whose end then means nothing."""
    two.answers["UpdateFirmware"] = {"status": "Accepted"}
    await update(station, 1)
    await status(two, "Downloading", 1)
    two.answers["UpdateFirmware"] = {"status": "AcceptedCanceled"}
    await update(station, 2)
    assert station.firmware.status is None
    await status(two, "DownloadFailed", 1)
    assert station.firmware.status is None
    await status(two, "InstallScheduled", 2)
    assert station.firmware.status == "install_scheduled"
    assert not station.firmware.in_progress


async def test_l01_a_status_that_is_here_before_the_answer(
    station: ChargingStation, two: Two
) -> None:
    """It is of the update that is being asked for, by its number."""

    async def answer(_: Any) -> dict[str, str]:
        await status(two, "Downloading", 7)
        return {"status": "Accepted"}

    two.answers["UpdateFirmware"] = answer
    await update(station, 7)
    assert station.firmware.status == "downloading"


@pytest.mark.proves("L02", ocpp="2.0.1")
async def test_l02_an_update_without_a_signature(
    station: ChargingStation, two: Two
) -> None:
    """What people install from here is fetched now, and has no signature."""
    await station.firmware.install(URL)
    sent = await two.wait_for_call("UpdateFirmware")
    assert set(sent) == {"requestId", "firmware"}
    assert set(sent["firmware"]) == {"location", "retrieveDateTime"}
    await two.until(lambda: two.state.firmware == {"status": "Idle"})
    assert station.firmware.has_installed(URL)
    # The version is what the station's next boot says, and nothing else.
    assert station.provisioning.info is not None
    assert station.provisioning.info.firmware == "2.0.0"


async def test_l02_an_update_that_runs_is_asked_about_after_a_restart(
    station: ChargingStation, two: Two
) -> None:
    """It may have ended meanwhile."""
    two.answers["UpdateFirmware"] = {"status": "Accepted"}
    await station.firmware.install(URL)
    number = (await two.wait_for_call("UpdateFirmware"))["requestId"]
    await status(two, "Installing", number)
    two.state.firmware = {"status": "Installed", "requestId": number}
    two.received.clear()
    two.boot_fields["firmwareVersion"] = "3.0"
    await two.boot()
    await prepared(station)
    await two.settle()
    assert station.firmware.status == "installed"
    assert station.firmware.has_installed(URL)


async def publish(station: ChargingStation, number: int) -> None:
    """Have firmware offered to others."""
    payload = {"location": URL, "checksum": CHECKSUM, "requestId": number}
    await station.sending.command("PublishFirmware", payload)
    station.flush()


async def test_l03_firmware_that_a_local_controller_offers(
    central: CentralSystem, station: ChargingStation, two: Two
) -> None:
    """It tells how far it is, and where others find it; that is known after a restart."""
    assert station.firmware.published is None
    await publish(station, 1)
    await two.settle()
    published = station.firmware.published
    assert published is not None
    assert published.status == "published"
    assert published.locations == ("http://127.0.0.1/firmware.bin",)
    assert published.checksum == CHECKSUM
    # Whoever is asked now does nothing, and offers it all the same.
    idle = {"status": "Idle"}
    assert await two.call("PublishFirmwareStatusNotification", idle) == {}
    assert station.firmware.published == published

    await station.save()
    other = CentralSystem(
        host="127.0.0.1", port=0, store=central.shared.store, options=central.options
    )
    await other.open()
    reborn = await other.add_station(IDENTITY, StationSettings())
    assert reborn.firmware.published == published
    await other.close()


@pytest.mark.parametrize("word", [word for word in PUBLISH_STATUSES if word != "Idle"])
async def test_l03_every_status_is_known_and_only_the_newest_counts(
    station: ChargingStation, two: Two, word: str
) -> None:
    """Each says which request it means."""
    two.answers["PublishFirmware"] = {"status": "Accepted"}
    await publish(station, 1)
    await publish(station, 2)
    told = {"status": word, "location": [URL]}
    await two.call("PublishFirmwareStatusNotification", told | {"requestId": 1})
    assert station.firmware.published is not None
    assert station.firmware.published.status is None
    await two.call("PublishFirmwareStatusNotification", told | {"requestId": 2})
    assert station.firmware.published.status == PUBLISH_STATUSES[word]
    odd = {"status": "Burnt", "requestId": 2}
    await two.call("PublishFirmwareStatusNotification", odd, validate=False)
    assert station.firmware.published.status == PUBLISH_STATUSES[word]


async def test_l03_one_that_is_refused_or_begins_before_the_answer(
    station: ChargingStation, two: Two
) -> None:
    """Nothing is known of the one, and nothing forgotten of the other."""
    two.answers["PublishFirmware"] = {"status": "Rejected"}
    with pytest.raises(CommandRejected):
        await publish(station, 1)
    assert station.firmware.published is None

    async def answer(_: Any) -> dict[str, str]:
        told = {"status": "Downloading", "requestId": 2}
        await two.call("PublishFirmwareStatusNotification", told)
        return {"status": "Accepted"}

    two.answers["PublishFirmware"] = answer
    await publish(station, 2)
    assert station.firmware.published is not None
    assert station.firmware.published.status == "downloading"


@pytest.mark.parametrize("word", ["Unpublished", "NoFirmware"])
async def test_l04_firmware_that_is_not_offered_any_more(
    station: ChargingStation, two: Two, word: str
) -> None:
    """That there was none is as good; one that is being fetched stays."""
    await publish(station, 1)
    await two.settle()
    two.answers["UnpublishFirmware"] = {"status": "DownloadOngoing"}
    with pytest.raises(CommandRejected) as error:
        await station.sending.command("UnpublishFirmware", {"checksum": CHECKSUM})
    assert error.value.status == "DownloadOngoing"
    assert station.firmware.published is not None
    assert station.firmware.published.status == "published"
    two.answers["UnpublishFirmware"] = {"status": word}
    await station.sending.command("UnpublishFirmware", {"checksum": "other"})
    assert station.firmware.published.status == "published"
    await station.sending.command("UnpublishFirmware", {"checksum": CHECKSUM})
    assert station.firmware.published.status == "idle"
    assert station.firmware.published.locations == ()
