"""How far an upload of logs is."""

from dataclasses import replace

import pytest

from custom_components.ocpp.csms.charging_station import ChargingStation
from custom_components.ocpp.csms.errors import CommandRejected
from custom_components.ocpp.csms.model import Part, Topic
from tests.csms.conftest import prepared, until
from tests.simulator import CallError, Charger, ConfigKey, Silence

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


# --- uploads that nothing is heard of any more ---------------------------------------------


async def upload(station: ChargingStation, charger: Charger, *, log: bool) -> None:
    """Have an upload run, of a log or of diagnostics."""
    charger.answers["GetLog"] = {"status": "Accepted", "filename": "7.zip"}
    charger.answers["GetDiagnostics"] = {"fileName": "7.zip"}
    if log:
        await ask(station, 7)
        await status(charger, "Uploading", 7)
    else:
        payload = {"location": "ftp://192.0.2.20/"}
        await station.sending.command("GetDiagnostics", payload)
        await charger.call("DiagnosticsStatusNotification", {"status": "Uploading"})
    assert station.diagnostics.status == "uploading"


async def reconnect(station: ChargingStation, charger: Charger) -> None:
    """Have the charger come back without having restarted, and be prepared."""
    charger.drop()
    await until(station, Part(Topic.CONNECTION), lambda: not station.connected)
    charger.received.clear()
    await charger.connect()
    await prepared(station)


def asked_for(charger: Charger) -> list[tuple[str, str]]:
    """Return which status of an upload the charger was asked for, and by what."""
    return [
        (frame[2], frame[3]["requestedMessage"])
        for frame in charger.received
        if frame[0] == 2
        and frame[2].endswith("TriggerMessage")
        and frame[3]["requestedMessage"] in DIAGNOSTICS_OR_LOG
    ]


DIAGNOSTICS_OR_LOG = ("DiagnosticsStatusNotification", "LogStatusNotification")


@pytest.mark.parametrize(
    ("log", "by"),
    [
        (False, ("TriggerMessage", "DiagnosticsStatusNotification")),
        (True, ("ExtendedTriggerMessage", "LogStatusNotification")),
    ],
)
async def test_a_charger_that_comes_back_is_asked_how_far_an_upload_is(
    station: ChargingStation, charger: Charger, log: bool, by: tuple[str, str]
) -> None:
    """It may have told while nobody listened."""
    await upload(station, charger, log=log)
    await reconnect(station, charger)
    await charger.settle()
    assert asked_for(charger) == [by]
    assert station.diagnostics.status == "idle"
    await reconnect(station, charger)
    assert asked_for(charger) == []


@pytest.mark.parametrize(
    "answer",
    [
        CallError("NotSupported"),
        {"status": "Rejected"},
        {"status": "NotImplemented"},
        {"status": "Accepted"},
        Silence,
    ],
)
async def test_an_upload_is_unknown_until_a_charger_that_comes_back_tells(
    station: ChargingStation, charger: Charger, answer: object
) -> None:
    """It may not know the question, or agree and say nothing."""
    station.shared.options = replace(station.options, call_timeout=0.1)
    await upload(station, charger, log=False)
    charger.answers["TriggerMessage"] = answer
    await reconnect(station, charger)
    assert station.diagnostics.status is None
    assert station.diagnostics.facts()["status"] is None
    await charger.call("DiagnosticsStatusNotification", {"status": "Uploaded"})
    assert station.diagnostics.status == "uploaded"


async def test_an_upload_that_a_charger_restarted_in_is_not_shown_as_running(
    station: ChargingStation, charger: Charger
) -> None:
    """Unless it says so again."""
    await upload(station, charger, log=True)
    charger.configuration["SupportedFeatureProfiles"] = ConfigKey("Core")
    await charger.boot()
    assert station.diagnostics.status is None
    await status(charger, "Uploading", 7)
    await prepared(station)
    assert station.diagnostics.status == "uploading"


async def test_an_upload_that_ran_before_home_assistant_restarted_is_asked_for(
    station: ChargingStation, charger: Charger
) -> None:
    await upload(station, charger, log=False)
    station.diagnostics.recall(station.diagnostics.facts())
    charger.answers["TriggerMessage"] = CallError("NotSupported")
    await reconnect(station, charger)
    assert station.diagnostics.status is None
