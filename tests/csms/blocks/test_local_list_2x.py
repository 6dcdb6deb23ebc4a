"""Prove the local list of a station that speaks 2.x: use cases D01 and D02."""

import asyncio
from dataclasses import replace
import json
from typing import Any

import pytest

from custom_components.ocpp.csms.blocks import local_list
from custom_components.ocpp.csms.central_system import CentralSystem
from custom_components.ocpp.csms.charging_station import ChargingStation
from custom_components.ocpp.csms.id_tokens import IdToken
from custom_components.ocpp.csms.model import Options, StationSettings
from custom_components.ocpp.csms.store import Store
from tests.csms.conftest import IDENTITY, PATIENCE, MakeCharger, MakeTwo, prepared
from tests.simulator_v2 import CallError, Station as Two

ACCEPTED = {"status": "Accepted"}
ANNA = IdToken(token="04AB", name="Anna")
BEN = IdToken(token="04CD", name="Ben", type="ISO15693")
LISTS = "LocalAuthListCtrlr"


@pytest.fixture
def options(options: Options) -> Options:
    """Keep lists."""
    return replace(options, local_list=True)


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Follow changes at once."""
    monkeypatch.setattr(local_list, "_SOON", 0)


@pytest.fixture(autouse=True)
def anna(central: CentralSystem) -> None:
    """List Anna's card."""
    central.shared.id_tokens.replace([ANNA])


def commands(two: Two, action: str) -> list[dict[str, Any]]:
    """Return the payloads of the commands of an action that came in."""
    return [frame[3] for frame in two.received if frame[:1] + frame[2:3] == [2, action]]


def sent(two: Two) -> list[dict[str, Any]]:
    """Return the lists that came in."""
    return commands(two, "SendLocalList")


async def followed(station: ChargingStation) -> None:
    """Wait until what changed is followed."""
    block = station.local_list
    async with asyncio.timeout(PATIENCE):
        while block._timer is not None or (
            block._task is not None and not block._task.done()
        ):
            if block._task is not None and not block._task.done():
                await asyncio.wait([block._task])
            else:
                await asyncio.sleep(0)


async def listing(central: CentralSystem, *cards: IdToken) -> None:
    """List exactly these cards, and wait until they are followed."""
    central.shared.id_tokens.replace(cards)
    central.follow_cards()
    for station in central.stations.values():
        await followed(station)


def many(count: int) -> list[IdToken]:
    """Return so many cards."""
    return [IdToken(token=f"04{n:08X}", name=f"Card {n}") for n in range(count)]


# --- D01: the list ------------------------------------------------------------------------


async def test_d01_a_station_is_told_the_cards_when_it_boots(
    station: ChargingStation, two: Two
) -> None:
    assert sent(two) == [
        {
            "versionNumber": 1,
            "updateType": "Full",
            "localAuthorizationList": [
                {
                    "idToken": {"idToken": "04AB", "type": "ISO14443"},
                    "idTokenInfo": ACCEPTED,
                }
            ],
        }
    ]
    assert two.state.local_list == {"04ab": ACCEPTED}
    assert station.local_list.version == 1
    assert station.local_list.cards == 1
    # Booting again, there is nothing to tell.
    await two.power_up()
    await prepared(station)
    assert len(sent(two)) == 1


async def test_d01_only_differences_are_sent_later(
    central: CentralSystem, station: ChargingStation, two: Two
) -> None:
    """A card without a verdict is removed."""
    await listing(central, ANNA, replace(BEN, group="Family"))
    named = {"idToken": "04CD", "type": "ISO15693"}
    family = {"idToken": "Family", "type": "Central"}
    info = ACCEPTED | {"groupIdToken": family}
    assert sent(two)[-1] == {
        "versionNumber": 2,
        "updateType": "Differential",
        "localAuthorizationList": [{"idToken": named, "idTokenInfo": info}],
    }
    await listing(central, replace(BEN, blocked=True))
    assert sent(two)[-1] == {
        "versionNumber": 3,
        "updateType": "Differential",
        "localAuthorizationList": [
            {"idToken": {"idToken": "04AB", "type": "ISO14443"}},
            {"idToken": named, "idTokenInfo": {"status": "Blocked"}},
        ],
    }
    assert two.state.local_list == {"04cd": {"status": "Blocked"}}
    assert station.local_list.version == 3


async def test_d01_who_is_to_charge_first_is_known_offline_as_well(
    central: CentralSystem, station: ChargingStation, two: Two
) -> None:
    await listing(central, replace(ANNA, priority=3))
    assert sent(two)[-1]["localAuthorizationList"] == [
        {
            "idToken": {"idToken": "04AB", "type": "ISO14443"},
            "idTokenInfo": {"status": "Accepted", "chargingPriority": 3},
        }
    ]


async def test_d01_a_list_that_is_not_wanted_any_more_is_emptied(
    central: CentralSystem, station: ChargingStation, two: Two
) -> None:
    central.apply_options(replace(central.options, local_list=False))
    await listing(central, ANNA)
    assert two.state.local_list == {}
    assert sent(two)[-1]["versionNumber"] == 2


@pytest.mark.parametrize("instance", [None, "SendLocalList"])
async def test_d01_a_station_says_how_many_cards_a_message_may_have(
    central: CentralSystem,
    station: ChargingStation,
    connect_station: MakeTwo,
    instance: str | None,
) -> None:
    """The first message replaces the list, the others add to it."""
    central.shared.id_tokens.replace(many(7))
    two = await connect_station()
    items = two.variables[f"{LISTS}.ItemsPerMessage"]
    items.value, items.instance = "3", instance
    await two.power_up()
    await prepared(station)
    told = [
        (it["versionNumber"], it["updateType"], len(it["localAuthorizationList"]))
        for it in sent(two)
    ]
    assert told == [(1, "Full", 3), (2, "Differential", 3), (3, "Differential", 1)]
    assert len(two.state.local_list) == 7


async def test_d01_and_how_long_it_may_be(
    central: CentralSystem, station: ChargingStation, connect_station: MakeTwo
) -> None:
    central.shared.id_tokens.replace(many(10))
    two = await connect_station()
    two.variables[f"{LISTS}.BytesPerMessage"].value = "600"
    await two.power_up()
    await prepared(station)
    assert len(two.state.local_list) == 10
    assert 1 < len(sent(two)) < 10
    assert max(len(json.dumps(frame)) for frame in sent(two)) < 600


async def test_d01_and_how_many_it_can_list(
    central: CentralSystem, station: ChargingStation, connect_station: MakeTwo
) -> None:
    """Those who may charge come first."""
    blocked = IdToken(token="0400", name="Lost", blocked=True)
    central.shared.id_tokens.replace([blocked, ANNA, BEN])
    two = await connect_station()
    two.variables[f"{LISTS}.Entries"].maximum = 2
    await two.power_up()
    await prepared(station)
    assert set(two.state.local_list) == {"04ab", "04cd"}
    assert station.local_list.left_out == 1


async def test_d01_the_longest_cards_and_other_kinds_are_told_as_they_can_be(
    central: CentralSystem, station: ChargingStation, two: Two
) -> None:
    await listing(
        central,
        IdToken(token="A" * 36, name="Long"),
        IdToken(token="B" * 37, name="Too long"),
        IdToken(token="DE8AA1B2C3", name="Car", type="eMAID"),
        # 2.0.1 has no word for it.
        IdToken(token="WDB1234", name="Van", type="VIN"),
    )
    assert set(two.state.local_list) == {"a" * 36, "de8aa1b2c3"}
    assert station.notes["local list: a card with too long a number"]
    assert station.notes["local list: a card of a kind that stations do not list"]


async def test_d01_a_station_that_does_not_say_how_much_it_takes_is_sent_little(
    central: CentralSystem, station: ChargingStation, connect_station: MakeTwo
) -> None:
    central.shared.id_tokens.replace(many(25))
    limits = [f"{LISTS}.{name}" for name in ("ItemsPerMessage", "BytesPerMessage")]
    two = await connect_station(without=limits)
    two.answers["GetReport"] = CallError("NotSupported")
    await two.power_up()
    await prepared(station)
    assert [len(it["localAuthorizationList"]) for it in sent(two)] == [20, 5]
    assert station.notes["local list: limits unknown"]


@pytest.mark.parametrize("word", ["VersionMismatch", "Failed"])
async def test_d01_a_station_that_does_not_follow_gets_the_whole_list(
    central: CentralSystem, station: ChargingStation, two: Two, word: str
) -> None:
    obeys = two.handle

    def refuse_changes(payload: dict[str, Any]) -> dict[str, Any]:
        if payload["updateType"] == "Differential":
            return {"status": word}
        return obeys("SendLocalList", payload)[0]

    two.answers["SendLocalList"] = refuse_changes
    await listing(central, ANNA, BEN)
    assert [it["updateType"] for it in sent(two)] == ["Full", "Differential", "Full"]
    assert len(sent(two)[-1]["localAuthorizationList"]) == 2
    assert station.local_list.cards == 2
    assert set(two.state.local_list) == {"04ab", "04cd"}


async def test_d01_what_was_refused_is_not_believed(
    central: CentralSystem, station: ChargingStation, two: Two
) -> None:
    two.answers["SendLocalList"] = {"status": "Failed"}
    await listing(central, ANNA, BEN)
    assert station.local_list.cards is None
    assert station.local_list.version == 1
    del two.answers["SendLocalList"]
    await listing(central, ANNA, BEN)
    assert station.local_list.cards == 2


async def test_d01_a_list_is_turned_on(
    station: ChargingStation, connect_station: MakeTwo
) -> None:
    two = await connect_station()
    two.variables[f"{LISTS}.Enabled"].value = "false"
    await two.power_up()
    await prepared(station)
    assert two.variables.flag(f"{LISTS}.Enabled")
    assert set(two.state.local_list) == {"04ab"}


async def test_d01_a_station_without_a_list_is_left_alone(
    station: ChargingStation, connect_station: MakeTwo
) -> None:
    two = await connect_station()
    two.variables[f"{LISTS}.Available"].value = "false"
    await two.power_up()
    await prepared(station)
    assert commands(two, "GetLocalListVersion") == []
    assert sent(two) == []


async def test_d01_a_pin_is_listed_again_after_a_restart_and_not_written_down(
    central: CentralSystem, station: ChargingStation, two: Two, store: Store
) -> None:
    pin = IdToken(token="73195", name="Door", type="KeyCode")
    await listing(central, ANNA, pin)
    await station.save()
    facts = await store.load_facts(IDENTITY)
    assert "73195" not in str(facts)
    # What is listed is not known any more, but that it has to be looked after is.
    again = ChargingStation(IDENTITY, settings=StationSettings(), shared=central.shared)
    await again.load()
    assert again.local_list.cards is None
    assert again.local_list.version == 2
    assert again.local_list._filled
    await again.stop()


async def test_d01_a_station_that_spoke_1_6_before_is_told_everything_anew(
    station: ChargingStation, connect_charger: MakeCharger, connect_station: MakeTwo
) -> None:
    charger = await connect_charger()
    await charger.power_up()
    await prepared(station)
    assert set(charger.maintenance.local_list) == {"04AB"}
    await charger.disconnect()
    two = await connect_station()
    await two.power_up()
    await prepared(station)
    assert [it["updateType"] for it in sent(two)] == ["Full"]
    assert set(two.state.local_list) == {"04ab"}


# --- D02: its version ---------------------------------------------------------------------


async def test_d02_a_list_that_was_lost_is_sent_again(
    station: ChargingStation, two: Two
) -> None:
    """The station says that it has none, which is not what it was sent."""
    two.state.local_list, two.state.local_list_version = {}, 0
    await station.sending.command("GetLocalListVersion", {})
    assert station.local_list.version == 0
    assert station.local_list.cards is None
    await two.power_up()
    await prepared(station)
    assert station.local_list.version == 2
    assert set(two.state.local_list) == {"04ab"}


async def test_d02_a_version_may_be_told_as_1_6_does(
    station: ChargingStation, two: Two
) -> None:
    two.answers["GetLocalListVersion"] = {"listVersion": 9}
    await station.sending.command("GetLocalListVersion", {})
    assert station.local_list.version == 9
    two.violations.clear()


async def test_d02_a_station_that_does_not_know_the_question_has_no_list(
    station: ChargingStation, connect_station: MakeTwo
) -> None:
    two = await connect_station()
    two.answers["GetLocalListVersion"] = CallError("NotImplemented")
    await two.power_up()
    await prepared(station)
    assert sent(two) == []
    assert station.local_list.version is None
