"""How far a firmware update is."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from custom_components.ocpp.csms.charging_station import ChargingStation
from custom_components.ocpp.csms.errors import (
    CommandFailed,
    CommandRejected,
    CommandTimedOut,
)
from tests.simulator import CallError, Charger, Silence

URL = "http://192.0.2.20/firmware.bin"


@pytest.mark.parametrize(
    "action", ["FirmwareStatusNotification", "SignedFirmwareStatusNotification"]
)
async def test_status(station: ChargingStation, charger: Charger, action: str) -> None:
    """It is kept, whether or not an update was asked for."""
    assert station.firmware.status is None
    assert await charger.call(action, {"status": "Installing"}) == {}
    assert station.firmware.status == "installing"
    assert station.firmware.in_progress
    for odd in ({}, {"status": "Exploding"}, {"status": None}):
        assert await charger.call(action, odd, validate=False) == {}
    assert station.firmware.status == "installing"
    await charger.call(action, {"status": "Idle"})
    assert (station.firmware.status, station.firmware.in_progress) == ("idle", False)
    # What was not asked for here is not what people entered an address of.
    await charger.call(action, {"status": "Installed"})
    assert not station.firmware.has_installed(URL)


async def update(station: ChargingStation, number: int) -> None:
    """Ask for a signed update."""
    firmware = {
        "location": f"{URL}?{number}",
        "retrieveDateTime": "2026-10-20T08:00:00Z",
        "signingCertificate": "certificate",
        "signature": "signature",
    }
    await station.sending.command(
        "SignedUpdateFirmware", {"requestId": number, "firmware": firmware}
    )


async def status(charger: Charger, word: str, number: int) -> None:
    """Have the charger say how far it is."""
    payload = {"status": word, "requestId": number}
    await charger.call("SignedFirmwareStatusNotification", payload)


async def test_only_the_newest_update_counts(
    station: ChargingStation, charger: Charger
) -> None:
    """Each says which it means."""
    charger.answers["SignedUpdateFirmware"] = {"status": "Accepted"}
    await update(station, 1)
    await status(charger, "Downloading", 1)
    charger.answers["SignedUpdateFirmware"] = {"status": "AcceptedCanceled"}
    await update(station, 2)
    assert station.firmware.status is None
    await status(charger, "DownloadFailed", 1)
    assert station.firmware.status is None
    await status(charger, "SignatureVerified", 2)
    assert station.firmware.in_progress
    await status(charger, "Installed", 2)
    assert station.firmware.has_installed(f"{URL}?2")
    assert not station.firmware.has_installed(f"{URL}?1")


async def test_one_that_runs_while_another_is_refused(
    station: ChargingStation, charger: Charger
) -> None:
    """What is installed in the end is not what was refused."""
    charger.answers["UpdateFirmware"] = {}
    await station.firmware.install(f"{URL}?1")
    await charger.call("FirmwareStatusNotification", {"status": "Downloading"})
    charger.answers["UpdateFirmware"] = CallError("InternalError")
    with pytest.raises(CommandFailed):
        await station.firmware.install(f"{URL}?2")
    await charger.call("FirmwareStatusNotification", {"status": "Installed"})
    assert station.firmware.has_installed(f"{URL}?1")


async def test_one_that_was_refused_changes_nothing(
    station: ChargingStation, charger: Charger
) -> None:
    """The one before goes on."""
    charger.answers["SignedUpdateFirmware"] = {"status": "Accepted"}
    await update(station, 1)
    await status(charger, "Downloading", 1)
    charger.answers["SignedUpdateFirmware"] = {"status": "InvalidCertificate"}
    with pytest.raises(CommandRejected) as error:
        await update(station, 2)
    assert error.value.status == "InvalidCertificate"
    await status(charger, "Installed", 1)
    assert station.firmware.has_installed(f"{URL}?1")


async def test_what_a_charger_says_before_it_answers_is_kept_however_slow_it_is(
    station: ChargingStation, charger: Charger
) -> None:
    """Also where people gave it more time than others have."""
    settings = replace(station.settings, compatibility={"call_timeout": 30.0})
    station.apply_settings(settings)
    station.shared.options = replace(station.options, call_timeout=0)

    async def begin(_: object) -> dict[str, Any]:
        await charger.call("FirmwareStatusNotification", {"status": "Downloading"})
        return {}

    charger.answers["UpdateFirmware"] = begin
    first = asyncio.create_task(station.call("ClearCache", {}))
    second = asyncio.create_task(station.firmware.install(URL))
    await asyncio.gather(first, second)
    assert station.firmware.status == "downloading"
    await charger.call("FirmwareStatusNotification", {"status": "Installed"})
    assert station.firmware.has_installed(URL)


async def test_an_update_that_was_never_answered_is_not_what_is_installed_later(
    station: ChargingStation, charger: Charger
) -> None:
    """Unless the charger says so by its number."""
    assert station._rpc is not None
    station._rpc._timeout = 0.05
    charger.answers["UpdateFirmware"] = charger.answers["SignedUpdateFirmware"] = (
        Silence
    )
    with pytest.raises(CommandTimedOut):
        await station.firmware.install(URL)
    await charger.call("FirmwareStatusNotification", {"status": "Installed"})
    assert not station.firmware.has_installed(URL)
    with pytest.raises(CommandTimedOut):
        await update(station, 5)
    await status(charger, "Installed", 5)
    assert station.firmware.has_installed(f"{URL}?5")
