"""How far an upload of logs is."""

import pytest

from custom_components.ocpp.csms.charging_station import ChargingStation
from custom_components.ocpp.csms.errors import CommandRejected
from tests.simulator import Charger

LOG = {"remoteLocation": "ftp://192.0.2.20/"}


@pytest.mark.parametrize(
    "action", ["DiagnosticsStatusNotification", "LogStatusNotification"]
)
async def test_status(station: ChargingStation, charger: Charger, action: str) -> None:
    """It is kept, whether or not a log was asked for."""
    assert station.diagnostics.status is None
    assert not station.diagnostics.seen
    assert await charger.call(action, {"status": "Uploading"}) == {}
    assert station.diagnostics.status == "uploading"
    for odd in ({}, {"status": "Burnt"}):
        assert await charger.call(action, odd, validate=False) == {}
    assert station.diagnostics.status == "uploading"
    await charger.call(action, {"status": "Uploaded"})
    await charger.call(action, {"status": "Idle"})
    assert station.diagnostics.status == "uploaded"


async def ask(station: ChargingStation, number: int) -> None:
    """Ask for a log."""
    payload = {"logType": "SecurityLog", "requestId": number, "log": LOG}
    await station.sending.command("GetLog", payload)


async def status(charger: Charger, word: str, number: int) -> None:
    """Have the charger say how far it is."""
    await charger.call("LogStatusNotification", {"status": word, "requestId": number})


async def test_only_the_newest_log_counts(
    station: ChargingStation, charger: Charger
) -> None:
    """One that was given up says so, and that is not how the newest went."""
    charger.answers["GetLog"] = {"status": "Accepted", "filename": "1.zip"}
    await ask(station, 1)
    await status(charger, "Uploading", 1)
    charger.answers["GetLog"] = {"status": "AcceptedCanceled", "filename": "2.zip"}
    await ask(station, 2)
    await status(charger, "UploadFailure", 1)
    assert station.diagnostics.status is None
    assert station.diagnostics.upload.file == "2.zip"
    charger.answers["GetLog"] = {"status": "Rejected"}
    with pytest.raises(CommandRejected):
        await ask(station, 3)
    await status(charger, "PermissionDenied", 2)
    assert station.diagnostics.status == "permission_denied"
    assert station.diagnostics.upload.file == "2.zip"


async def test_one_that_begins_before_it_answers(
    station: ChargingStation, charger: Charger
) -> None:
    """What it said meanwhile is not forgotten."""

    async def answer(_: object) -> dict[str, str]:
        await status(charger, "Uploading", 7)
        return {"status": "Accepted", "filename": "7.zip"}

    charger.answers["GetLog"] = answer
    await ask(station, 7)
    assert station.diagnostics.status == "uploading"
    assert station.diagnostics.upload.file == "7.zip"


async def test_nothing_to_upload(station: ChargingStation, charger: Charger) -> None:
    """Diagnostics without a name are none."""
    charger.answers["GetDiagnostics"] = {}
    await station.sending.command("GetDiagnostics", {"location": "ftp://192.0.2.20/"})
    assert station.diagnostics.upload.file is None
    assert station.diagnostics.seen
