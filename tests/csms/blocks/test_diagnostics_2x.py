"""Logs that stations of 2.0.1 upload, and what they know of people."""

from dataclasses import replace
import json
import logging
from typing import Any

import pytest

from custom_components.ocpp.csms.blocks import local_list
from custom_components.ocpp.csms.blocks.diagnostics import UPLOAD_STATUSES
from custom_components.ocpp.csms.central_system import CentralSystem
from custom_components.ocpp.csms.charging_station import ChargingStation
from custom_components.ocpp.csms.errors import CommandRejected
from custom_components.ocpp.csms.id_tokens import IdToken
from custom_components.ocpp.csms.model import Options, Part, StationSettings, Topic
from tests.csms.conftest import IDENTITY, prepared, until
from tests.simulator_v2 import Station as Two

LOG = {"remoteLocation": "ftp://192.0.2.20/"}
CARD = IdToken(token="CARD1", name="Card")
OTHER = IdToken(token="CARD2", name="Another card")


async def ask(station: ChargingStation, number: int, kind: str = "SecurityLog") -> None:
    """Ask for a log."""
    payload = {"logType": kind, "requestId": number, "log": LOG}
    await station.sending.command("GetLog", payload)


async def status(two: Two, word: str, number: int | None = None) -> None:
    """Have the station say how far it is."""
    numbered = {} if number is None else {"requestId": number}
    assert await two.call("LogStatusNotification", {"status": word} | numbered) == {}


@pytest.mark.parametrize("kind", ["DiagnosticsLog", "SecurityLog"])
async def test_n01_a_log_is_uploaded(
    station: ChargingStation, two: Two, kind: str
) -> None:
    """The station tells the name of its file, and how far it is."""
    assert not station.diagnostics.seen
    await ask(station, 1, kind)
    await two.settle()
    assert station.diagnostics.seen
    assert station.diagnostics.status == "uploaded"
    assert station.diagnostics.upload.file == f"{kind}.zip"


async def test_n01_a_newer_log_takes_the_place_of_one_that_is_uploaded(
    station: ChargingStation, two: Two
) -> None:
    """The station answers that it gave the other one up, and says so of that one."""
    two.answers["GetLog"] = {"status": "Accepted", "filename": "1.zip"}
    await ask(station, 1)
    await status(two, "Uploading", 1)
    two.answers["GetLog"] = {"status": "AcceptedCanceled", "filename": "2.zip"}
    await ask(station, 2)
    await status(two, "AcceptedCanceled", 1)
    assert station.diagnostics.status is None
    assert station.diagnostics.upload.file == "2.zip"
    await status(two, "Uploading", 2)
    two.answers["GetLog"] = {"status": "Rejected"}
    with pytest.raises(CommandRejected):
        await ask(station, 3)
    assert station.diagnostics.status == "uploading"


@pytest.mark.parametrize(
    "word",
    [
        *("BadMessage", "NotSupportedOperation", "PermissionDenied"),
        *("UploadFailure", "Uploaded"),
    ],
)
async def test_n01_every_end_is_known(
    station: ChargingStation, two: Two, word: str
) -> None:
    """Whoever is asked after it says Idle, without a number, which is no other end."""
    two.answers["GetLog"] = {"status": "Accepted", "filename": "1.zip"}
    await ask(station, 1)
    await status(two, word, 1)
    assert station.diagnostics.status == UPLOAD_STATUSES[word]
    await status(two, "Idle")
    assert station.diagnostics.status == UPLOAD_STATUSES[word]


def customer(
    number: int, *, clear: bool = False, report: bool = True
) -> dict[str, Any]:
    """Return the wish to know what a station knows of a card's owner."""
    return {
        "requestId": number,
        "report": report,
        "clear": clear,
        "idToken": {"idToken": "CARD1", "type": "ISO14443"},
    }


async def test_n09_what_a_station_knows_of_a_person_comes_in_parts(
    station: ChargingStation, two: Two, caplog: pytest.LogCaptureFixture
) -> None:
    """They are joined for whoever asked, and kept nowhere."""
    caplog.set_level(logging.DEBUG)
    known = "Lives here. " * 100
    two.state.customers["card1"] = known
    _, report = await station.reports.command(
        "CustomerInformation", customer(1), silence=1
    )
    assert report.complete
    parts = report.parts()
    assert len(parts) > 1
    assert "".join(part["data"] for part in parts) == known
    await station.save()
    kept = await station.store.load_facts(station.identity)
    # The station of the test has logs of its own.
    logged = "".join(
        record.getMessage()
        for record in caplog.records
        if record.name.startswith("custom_components")
    )
    assert "NotifyCustomerInformation" in logged
    assert "Lives here" not in json.dumps(kept) + logged + str(station.notes)


async def test_n09_what_nobody_asked_for_is_answered(
    station: ChargingStation, two: Two
) -> None:
    """A station that is left alone with it would repeat it."""
    told = {
        "data": "text",
        "seqNo": 0,
        "generatedAt": two.timestamp(),
        "requestId": 99,
    }
    assert await two.call("NotifyCustomerInformation", told) == {}


@pytest.mark.parametrize("word", ["Rejected", "Invalid"])
async def test_n09_a_station_that_does_not_tell(
    station: ChargingStation, two: Two, word: str
) -> None:
    """Its word is passed on."""
    two.answers["CustomerInformation"] = {"status": word}
    with pytest.raises(CommandRejected) as error:
        await station.reports.command("CustomerInformation", customer(1), silence=1)
    assert error.value.status == word


@pytest.fixture
async def listed(
    central: CentralSystem, two: Two, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Have two cards in the list of the station."""
    monkeypatch.setattr(local_list, "_SOON", 0)
    central.shared.id_tokens.replace([CARD, OTHER])
    central.apply_options(Options(**vars(central.options) | {"local_list": True}))
    central.follow_cards()
    await two.until(lambda: {*two.state.local_list} == {"card1", "card2"})


async def clear(station: ChargingStation) -> None:
    """Have the station forget a card."""
    await station.reports.command(
        "CustomerInformation", customer(1, clear=True), silence=1
    )


def lists(two: Two) -> list[dict[str, Any]]:
    """Return what the station was sent of its list."""
    return [it[3] for it in two.received if it[2:3] == ["SendLocalList"]]


async def test_n10_a_card_that_is_cleared_is_taken_off_the_local_list(
    station: ChargingStation, two: Two, listed: None
) -> None:
    """Nobody but who sent the list takes it off; nothing else changes."""
    version = two.state.local_list_version
    await clear(station)
    await two.until(lambda: {*two.state.local_list} == {"card2"})
    assert lists(two)[-1] == {
        "versionNumber": version + 1,
        "updateType": "Differential",
        "localAuthorizationList": [
            {"idToken": {"idToken": "CARD1", "type": "ISO14443"}}
        ],
    }


async def test_n10_it_stays_off_until_people_change_or_list_it_anew(
    central: CentralSystem, station: ChargingStation, two: Two, listed: None
) -> None:
    """Else the station would have again what it was told to forget."""
    await clear(station)
    await two.until(lambda: {*two.state.local_list} == {"card2"})
    # Others come and go.
    third = IdToken(token="CARD3", name="Third")
    central.shared.id_tokens.replace([CARD, OTHER, third])
    central.follow_cards()
    await two.until(lambda: {*two.state.local_list} == {"card2", "card3"})
    central.shared.id_tokens.replace([replace(CARD, blocked=True), OTHER])
    central.follow_cards()
    await two.until(lambda: {*two.state.local_list} == {"card1", "card2"})
    assert two.state.local_list["card1"]["status"] == "Blocked"
    await clear(station)
    await two.until(lambda: {*two.state.local_list} == {"card2"})
    for cards in ([OTHER], [CARD, OTHER]):
        central.shared.id_tokens.replace(cards)
        central.follow_cards()
    await two.until(lambda: {*two.state.local_list} == {"card1", "card2"})


async def test_n10_it_stays_off_over_a_restart_of_home_assistant(
    central: CentralSystem, station: ChargingStation, two: Two, listed: None
) -> None:
    """Also where the whole list is sent."""
    await clear(station)
    await two.until(lambda: {*two.state.local_list} == {"card2"})
    await central.close()
    other = CentralSystem(
        host="127.0.0.1",
        port=central.port,
        store=central.shared.store,
        options=central.options,
    )
    other.shared.id_tokens.replace([CARD, OTHER])
    await other.open()
    reborn = await other.add_station(IDENTITY, StationSettings())
    await other.listen()
    two.state.local_list = {}
    two.state.local_list_version = 0
    await two.connect()
    await prepared(reborn)
    assert {*two.state.local_list} == {"card2"}
    assert lists(two)[-1]["updateType"] == "Full"
    await two.disconnect()
    await other.close()


async def test_n10_clearing_somebody_who_is_not_listed(
    station: ChargingStation, two: Two
) -> None:
    """Nothing is sent but that."""
    two.state.customers["card1"] = "text"
    _, report = await station.reports.command(
        "CustomerInformation", customer(1, clear=True, report=False), silence=1
    )
    assert report.complete
    assert [part["data"] for part in report.parts()] == [""]
    assert two.state.customers == {}
    assert two.state.local_list_version == 0


async def test_n01_a_station_that_comes_back_is_asked_how_far_an_upload_is(
    station: ChargingStation, two: Two
) -> None:
    """It may have told while nobody listened."""
    two.answers["GetLog"] = {"status": "Accepted", "filename": "1.zip"}
    await ask(station, 1)
    await status(two, "Uploading", 1)
    two.drop()
    await until(station, Part(Topic.CONNECTION), lambda: not station.connected)
    await two.connect()
    await prepared(station)
    await two.settle()
    asked = [f[3] for f in two.received if f[0] == 2 and f[2] == "TriggerMessage"]
    assert {"requestedMessage": "LogStatusNotification"} in asked
    assert station.diagnostics.status == "idle"
