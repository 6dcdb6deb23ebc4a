"""The local authorization list, kept in step with the listed cards."""

import asyncio
from dataclasses import replace
from datetime import timedelta
import logging
from typing import Any

import pytest

from custom_components.ocpp.csms import retries
from custom_components.ocpp.csms.blocks import local_list
from custom_components.ocpp.csms.central_system import CentralSystem
from custom_components.ocpp.csms.charging_station import ChargingStation
from custom_components.ocpp.csms.errors import CommandRejected
from custom_components.ocpp.csms.id_tokens import IdToken
from custom_components.ocpp.csms.model import (
    Options,
    Part,
    RegistrationStatus,
    StationSettings,
    Topic,
    timestamp,
    utcnow,
)
from custom_components.ocpp.csms.store import Store
from tests.csms.conftest import IDENTITY, PATIENCE, MakeCharger, prepared, until
from tests.simulator import CallError, Charger, Silence
from tests.simulator.configuration import ConfigKey

ACCEPTED = {"status": "Accepted"}
ANNA = IdToken(token="04AB", name="Anna")
BEN = IdToken(token="04CD", name="Ben")
LIST = Part(Topic.LOCAL_LIST)


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


def sent(charger: Charger) -> list[dict[str, Any]]:
    """Return the lists that came in."""
    return commands(charger, "SendLocalList")


def commands(charger: Charger, action: str) -> list[dict[str, Any]]:
    """Return the payloads of the commands of an action that came in."""
    return [f[3] for f in charger.received if f[0] == 2 and f[2] == action]


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


async def booted(
    station: ChargingStation, connect_charger: MakeCharger, **options: Any
) -> Charger:
    """Return a charger that booted and was prepared."""
    charger = await connect_charger(**options)
    return await boot(station, charger)


async def boot(station: ChargingStation, charger: Charger) -> Charger:
    """Have a charger boot and be prepared."""
    await charger.power_up()
    await prepared(station)
    await charger.settle()
    return charger


# --- full and differential (D01) ----------------------------------------------------------


async def test_a_station_is_told_the_cards_when_it_boots(
    station: ChargingStation, charger: Charger
) -> None:
    """After it said which version it has; the version grows on Accepted."""
    names = [f[2] for f in charger.received if f[0] == 2]
    assert names.index("GetLocalListVersion") < names.index("SendLocalList")
    assert sent(charger) == [
        {
            "listVersion": 1,
            "updateType": "Full",
            "localAuthorizationList": [{"idTag": "04AB", "idTagInfo": ACCEPTED}],
        }
    ]
    assert charger.maintenance.local_list == {"04AB": ACCEPTED}
    assert station.local_list.version == 1
    assert station.local_list.cards == 1
    # Booting again, there is nothing to tell.
    await boot(station, charger)
    assert len(sent(charger)) == 1


async def test_only_differences_are_sent_later(
    central: CentralSystem, station: ChargingStation, charger: Charger
) -> None:
    """Removals first, which make room; what is the same is not sent."""
    await listing(central, ANNA, BEN)
    assert sent(charger)[-1] == {
        "listVersion": 2,
        "updateType": "Differential",
        "localAuthorizationList": [{"idTag": "04CD", "idTagInfo": ACCEPTED}],
    }
    await listing(central, replace(BEN, blocked=True))
    assert sent(charger)[-1] == {
        "listVersion": 3,
        "updateType": "Differential",
        "localAuthorizationList": [
            {"idTag": "04AB"},
            {"idTag": "04CD", "idTagInfo": {"status": "Blocked"}},
        ],
    }
    # Letter case is no difference, nor is another name.
    await listing(central, replace(BEN, blocked=True, token="04cd", name="Benno"))
    assert len(sent(charger)) == 3
    await listing(central, replace(BEN, token="04cd"))
    assert station.local_list.cards == 1
    await listing(central)
    assert charger.maintenance.local_list.keys() <= {"04CD"}
    assert station.local_list.cards == 0
    assert station.local_list.version == 5


async def test_what_is_thought_of_each_card(
    central: CentralSystem, station: ChargingStation, connect_charger: MakeCharger
) -> None:
    """With when it ends and its group; cards that may not charge come last."""
    later, earlier = utcnow() + timedelta(days=1), utcnow() - timedelta(days=1)
    central.shared.id_tokens.replace(
        [
            replace(BEN, blocked=True),
            IdToken(token="OLD", name="Old", valid_until=earlier),
            IdToken(token="ELSEWHERE", name="E", stations=frozenset({"cp2"})),
            replace(ANNA, valid_until=later, group="FAMILY"),
            IdToken(token="HERE", name="H", stations=frozenset({"cp1"})),
            # Starts from here are never refused.
            IdToken(token="homeassistant", name="HA", blocked=True),
            # What 1.6 can't say.
            IdToken(token="X" * 21, name="Long"),
            IdToken(token="LONGGROUP", name="LG", group="G" * 21),
        ]
    )
    charger = await booted(station, connect_charger)
    (told,) = sent(charger)
    assert [
        (it["idTag"], it["idTagInfo"]) for it in told["localAuthorizationList"]
    ] == [
        (
            "04AB",
            ACCEPTED | {"expiryDate": timestamp(later), "parentIdTag": "FAMILY"},
        ),
        ("HERE", ACCEPTED),
        ("homeassistant", ACCEPTED),
        ("LONGGROUP", ACCEPTED),
        ("04CD", {"status": "Blocked"}),
        ("OLD", {"status": "Expired", "expiryDate": timestamp(earlier)}),
        ("ELSEWHERE", {"status": "Invalid"}),
    ]
    assert station.notes["local list: a card with too long a number"]


async def test_long_lists_are_sent_in_parts(
    central: CentralSystem, station: ChargingStation, connect_charger: MakeCharger
) -> None:
    """First Full, then Differential, with versions that grow (rule 37)."""
    cards = [IdToken(token=f"CARD{n}", name="") for n in range(5)]
    central.shared.id_tokens.replace(cards)
    charger = await booted(
        station,
        connect_charger,
        configuration={"SendLocalListMaxLength": ConfigKey("2", readonly=True)},
    )
    assert [
        (it["listVersion"], it["updateType"], len(it["localAuthorizationList"]))
        for it in sent(charger)
    ] == [(1, "Full", 2), (2, "Differential", 2), (3, "Differential", 1)]
    assert set(charger.maintenance.local_list) == {it.token for it in cards}
    await listing(central)
    assert [len(it["localAuthorizationList"]) for it in sent(charger)[3:]] == [2, 2, 1]
    assert charger.maintenance.local_list == {}


async def test_cards_that_do_not_fit_are_not_left_out_silently(
    central: CentralSystem,
    station: ChargingStation,
    connect_charger: MakeCharger,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Those that may charge have precedence."""
    central.shared.id_tokens.replace([replace(ANNA, blocked=True), BEN])
    charger = await booted(
        station,
        connect_charger,
        configuration={"LocalAuthListMaxLength": ConfigKey("1", readonly=True)},
    )
    assert set(charger.maintenance.local_list) == {"04CD"}
    assert station.local_list.left_out == 1
    assert station.notes["local list: not all cards fit"] == 1
    (told,) = [it for it in caplog.records if it.levelno == logging.WARNING]
    assert "04" not in told.getMessage()
    await listing(central, BEN)
    assert station.local_list.left_out == 0


async def test_nothing_is_sent_where_nothing_is_different(
    central: CentralSystem, station: ChargingStation, connect_charger: MakeCharger
) -> None:
    """An empty list and no cards, or another change of what people chose."""
    central.shared.id_tokens.replace([])
    charger = await booted(station, connect_charger)
    assert commands(charger, "GetLocalListVersion")
    assert not sent(charger)
    await listing(central, ANNA)
    count = len(charger.received)
    await listing(central, replace(ANNA, name="Anne"))
    assert len(charger.received) == count


# --- what stations answer -----------------------------------------------------------------


@pytest.mark.parametrize("word", ["Failed", "VersionMismatch"])
async def test_the_whole_list_is_sent_once_when_differences_are_refused(
    central: CentralSystem, station: ChargingStation, charger: Charger, word: str
) -> None:
    """What was refused is not taken for accepted."""
    answered: list[str] = []

    def answer(payload: dict[str, Any]) -> dict[str, Any]:
        answered.append(payload["updateType"])
        if payload["updateType"] == "Differential":
            return {"status": word}
        return charger.maintenance.send_local_list(payload)[0]

    charger.answers["SendLocalList"] = answer
    await listing(central, ANNA, BEN)
    assert answered == ["Differential", "Full"]
    assert charger.maintenance.local_list.keys() == {"04AB", "04CD"}
    assert station.local_list.version == 2
    assert station.notes[f"local list: {word}"] == 1


async def test_a_station_that_refuses_everything_is_asked_twice(
    central: CentralSystem, station: ChargingStation, charger: Charger
) -> None:
    """And again when something changes: its version stays what it said."""
    charger.answers["SendLocalList"] = {"status": "Failed"}
    await listing(central, ANNA, BEN)
    assert [it["updateType"] for it in sent(charger)[1:]] == ["Differential", "Full"]
    assert station.local_list.version == 1
    assert station.local_list.cards is None
    assert station.notes["local list: CommandRejected"] == 1
    charger.answers["SendLocalList"] = {"status": "Nonsense"}
    await listing(central, BEN)
    assert station.notes["local list: refused"] == 1
    del charger.answers["SendLocalList"]
    await listing(central, ANNA, BEN)
    assert sent(charger)[-1]["updateType"] == "Full"
    assert station.local_list.version == 2
    charger.violations.clear()


@pytest.mark.parametrize(
    ("action", "answer"),
    [
        ("GetLocalListVersion", {"listVersion": -1}),
        ("GetLocalListVersion", CallError("NotImplemented")),
        ("SendLocalList", {"status": "NotSupported"}),
        ("SendLocalList", CallError("NotSupported")),
    ],
)
async def test_a_station_without_a_list_is_left_alone_until_it_boots(
    central: CentralSystem,
    station: ChargingStation,
    connect_charger: MakeCharger,
    action: str,
    answer: Any,
) -> None:
    """New firmware may have learnt it."""
    charger = await connect_charger()
    charger.answers[action] = answer
    await boot(station, charger)
    assert len(commands(charger, action)) == 1
    assert station.local_list.cards is None
    await listing(central, BEN)
    assert len(commands(charger, action)) == 1
    del charger.answers[action]
    await boot(station, charger)
    assert charger.maintenance.local_list == {"04CD": ACCEPTED}


async def test_a_station_that_says_it_has_no_lists_is_not_asked(
    station: ChargingStation, connect_charger: MakeCharger
) -> None:
    """By its feature profiles."""
    charger = await booted(
        station,
        connect_charger,
        configuration={"SupportedFeatureProfiles": ConfigKey("Core", readonly=True)},
    )
    assert not commands(charger, "GetLocalListVersion")
    assert station.local_list.facts() == {}


async def test_a_station_that_does_not_answer_is_asked_again_later(
    central: CentralSystem, station: ChargingStation, charger: Charger
) -> None:
    """Whether it took the list shows in its version."""
    assert station._rpc is not None
    station._rpc._timeout = 0.05

    def take_silently(payload: dict[str, Any]) -> Any:
        charger.maintenance.send_local_list(payload)
        return Silence

    charger.answers["SendLocalList"] = Silence
    await listing(central, ANNA, BEN)
    assert station.notes["local list: CommandTimedOut"] == 1
    assert station.local_list.version == 1
    del charger.answers["SendLocalList"]
    station._rpc._timeout = 5
    # It had taken it after all.
    charger.maintenance.send_local_list(sent(charger)[-1])
    await listing(central, BEN)
    assert sent(charger)[-1]["updateType"] == "Full"
    assert charger.maintenance.local_list == {"04CD": ACCEPTED}
    assert station.local_list.version == 3


@pytest.fixture
def again(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Ask again at once, twice, and return how often it was asked again each time."""
    waits: list[int] = []
    monkeypatch.setattr(retries, "AGAIN_IN", (0.0, 0.0))
    later = retries.Retries.later

    def count(it: retries.Retries) -> None:
        waits.append(it._times)
        later(it)

    monkeypatch.setattr(retries.Retries, "later", count)
    return waits


@pytest.mark.parametrize(
    "answer", [CallError("InternalError"), CallError("FormationViolation"), {}]
)
async def test_a_change_that_fails_is_followed_by_the_whole_list(
    central: CentralSystem, station: ChargingStation, charger: Charger, answer: Any
) -> None:
    """An error is as good a no as `Failed`."""
    answers = iter([answer])

    def answer_once(payload: dict[str, Any]) -> Any:
        for failure in answers:
            return failure
        return charger.maintenance.send_local_list(payload)[0]

    charger.answers["SendLocalList"] = answer_once
    await listing(central, ANNA, BEN)
    assert [it["updateType"] for it in sent(charger)[1:]] == ["Differential", "Full"]
    assert charger.maintenance.local_list == {"04AB": ACCEPTED, "04CD": ACCEPTED}
    assert station.local_list.cards == 2
    charger.violations.clear()


@pytest.mark.parametrize("action", ["GetLocalListVersion", "SendLocalList"])
async def test_a_list_follows_later_where_a_station_did_not_answer(
    central: CentralSystem,
    station: ChargingStation,
    charger: Charger,
    again: list[int],
    action: str,
) -> None:
    """Nobody has to change a card for that."""
    assert station._rpc is not None
    station._rpc._timeout = 0.05
    charger.answers[action] = Silence
    central.shared.id_tokens.replace([ANNA, BEN])
    central.follow_cards()
    async with asyncio.timeout(PATIENCE):
        while not again:
            await asyncio.sleep(0)
        del charger.answers[action]
        station._rpc._timeout = 5
        while station.local_list.cards != 2:
            await asyncio.sleep(0)
    assert charger.maintenance.local_list == {"04AB": ACCEPTED, "04CD": ACCEPTED}


async def test_a_station_that_never_answers_is_not_asked_for_ever(
    central: CentralSystem,
    station: ChargingStation,
    charger: Charger,
    again: list[int],
) -> None:
    """On the next connection it is asked anew."""
    assert station._rpc is not None
    station._rpc._timeout = 0.02
    charger.answers["GetLocalListVersion"] = Silence
    before = len(commands(charger, "GetLocalListVersion"))
    central.shared.id_tokens.replace([ANNA, BEN])
    central.follow_cards()
    async with asyncio.timeout(PATIENCE):
        while len(again) < 3:
            await asyncio.sleep(0)
    assert not station.local_list._retries.waits
    assert len(commands(charger, "GetLocalListVersion")) == before + 3
    del charger.answers["GetLocalListVersion"]
    charger.drop()
    await until(station, Part(Topic.CONNECTION), lambda: not station.connected)
    await charger.connect()
    await prepared(station)
    assert station.local_list.cards == 2


async def test_a_list_that_was_lost_is_sent_again(
    station: ChargingStation, charger: Charger
) -> None:
    """The version is another than ours (D02); it never goes back."""
    charger.maintenance.local_list = {}
    charger.maintenance.local_list_version = 0
    await boot(station, charger)
    assert sent(charger)[-1]["updateType"] == "Full"
    assert charger.maintenance.local_list_version == 2


async def test_the_largest_version_is_followed_by_the_first(
    station: ChargingStation, connect_charger: MakeCharger
) -> None:
    """With the whole list."""
    charger = await connect_charger()
    charger.maintenance.local_list_version = 2**31 - 1
    await boot(station, charger)
    (told,) = sent(charger)
    assert (told["listVersion"], told["updateType"]) == (1, "Full")


# --- what people do -----------------------------------------------------------------------


async def test_a_list_that_somebody_else_sends_is_replaced_next_time(
    central: CentralSystem, station: ChargingStation, charger: Charger
) -> None:
    """What it holds is not known."""
    await station.sending.command(
        "SendLocalList", {"listVersion": 7, "updateType": "Full"}
    )
    assert station.local_list.version == 7
    assert station.local_list.cards is None
    await listing(central, ANNA)
    assert sent(charger)[-1]["updateType"] == "Full"
    assert sent(charger)[-1]["listVersion"] == 8
    assert station.local_list.cards == 1
    # What is refused changes nothing.
    with pytest.raises(CommandRejected):
        await station.sending.command(
            "SendLocalList", {"listVersion": 8, "updateType": "Differential"}
        )
    assert (station.local_list.version, station.local_list.cards) == (8, 1)


async def test_a_list_sent_between_two_parts_of_ours(
    central: CentralSystem, station: ChargingStation, connect_charger: MakeCharger
) -> None:
    """Everything is sent again."""
    charger = await booted(
        station,
        connect_charger,
        configuration={"SendLocalListMaxLength": ConfigKey("1", readonly=True)},
    )
    send = charger.maintenance.send_local_list

    def answer(payload: dict[str, Any]) -> dict[str, Any]:
        if payload["listVersion"] == 2:
            # Behind this one, before our next.
            station.local_list.on_sent({"listVersion": 2, "updateType": "Full"}, {})
            charger.maintenance.local_list = {}
        return send(payload)[0]

    charger.answers["SendLocalList"] = answer
    await listing(central, ANNA, BEN, IdToken(token="04EF", name="C"))
    assert charger.maintenance.local_list.keys() == {"04AB", "04CD", "04EF"}
    assert station.local_list.cards == 3


async def test_the_version_that_somebody_asks_for_is_known(
    station: ChargingStation, charger: Charger
) -> None:
    """Also that the list is not ours any more."""
    charger.answers["GetLocalListVersion"] = {"listVersion": 9}
    await station.sending.command("GetLocalListVersion", {})
    assert station.local_list.version == 9
    assert station.local_list.cards is None
    charger.answers["GetLocalListVersion"] = {}
    await station.sending.command("GetLocalListVersion", {})
    assert station.local_list.version == 9
    charger.violations.clear()


async def test_turned_off_lists_are_emptied(
    central: CentralSystem, station: ChargingStation, charger: Charger
) -> None:
    """And then left alone."""
    central.apply_options(replace(central.options, local_list=False))
    await listing(central, ANNA, BEN)
    assert charger.maintenance.local_list == {}
    count = len(charger.received)
    await listing(central, ANNA)
    assert len(charger.received) == count
    central.apply_options(replace(central.options, local_list=True))
    await listing(central, ANNA)
    assert charger.maintenance.local_list == {"04AB": ACCEPTED}


class TestOff:
    """As it is unless people want it."""

    @pytest.fixture
    def options(self, options: Options) -> Options:
        """Keep no lists."""
        return replace(options, local_list=False)

    async def test_nothing_is_asked_or_sent(
        self, central: CentralSystem, station: ChargingStation, charger: Charger
    ) -> None:
        await listing(central, BEN)
        assert not commands(charger, "GetLocalListVersion")
        assert not sent(charger)
        assert station.local_list.version is None


class TestQuiet:
    """A station that is sent nothing of its own accord."""

    @pytest.fixture
    def options(self, options: Options) -> Options:
        """Leave stations alone."""
        return replace(options, quiet=True)

    async def test_nothing_is_asked_or_sent(
        self, central: CentralSystem, station: ChargingStation, charger: Charger
    ) -> None:
        await listing(central, BEN)
        assert not commands(charger, "GetLocalListVersion")


# --- when ---------------------------------------------------------------------------------


async def test_a_station_is_left_alone_before_it_is_prepared(
    central: CentralSystem, station: ChargingStation, connect_charger: MakeCharger
) -> None:
    """And while it waits to be accepted, or is away."""
    await listing(central, BEN)
    charger = await connect_charger()
    await listing(central, ANNA)
    assert station.local_list._timer is None
    await boot(station, charger)
    assert charger.maintenance.local_list == {"04AB": ACCEPTED}
    station.apply_settings(StationSettings(registration=RegistrationStatus.PENDING))
    await listing(central, BEN)
    assert len(sent(charger)) == 1


async def test_changes_in_quick_succession_are_followed_once(
    central: CentralSystem,
    station: ChargingStation,
    charger: Charger,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """And those that come while a station is told, right after that."""
    monkeypatch.setattr(local_list, "_SOON", 0.02)
    asked = asyncio.Event()
    normal = charger.maintenance.get_local_list_version

    def answer(payload: dict[str, Any]) -> Any:
        asked.set()
        return normal(payload)[0]

    charger.answers["GetLocalListVersion"] = answer
    for cards in ([BEN], [], [ANNA, BEN]):
        central.shared.id_tokens.replace(cards)
        central.follow_cards()
    # While it is under way another change comes, and waits.
    async with asyncio.timeout(PATIENCE):
        await asked.wait()
    central.shared.id_tokens.replace([BEN])
    station.local_list._begin()
    assert station.local_list._timer is not None
    await followed(station)
    assert charger.maintenance.local_list == {"04CD": ACCEPTED}


async def test_a_station_that_leaves_meanwhile(
    central: CentralSystem, station: ChargingStation, charger: Charger
) -> None:
    """It is told when it is back."""
    charger.answers["SendLocalList"] = Silence
    central.shared.id_tokens.replace([BEN])
    central.follow_cards()
    await charger.until(lambda: len(sent(charger)) > 1)
    charger.drop()
    await followed(station)
    assert not [note for note in station.notes if "StationOffline" in note]
    del charger.answers["SendLocalList"]
    await charger.connect()
    await prepared(station)
    assert charger.maintenance.local_list == {"04CD": ACCEPTED}
    # The version tells that the station never got the first.
    assert sent(charger)[-1]["updateType"] == "Differential"


async def test_nothing_is_begun_once_it_is_over(
    central: CentralSystem, station: ChargingStation, charger: Charger
) -> None:
    """A station that is removed."""
    central.shared.id_tokens.replace([BEN])
    central.follow_cards()
    assert station.local_list._timer is not None
    await central.remove_station(IDENTITY)
    assert station.local_list._timer is None


async def test_it_is_known_after_a_restart(
    central: CentralSystem, station: ChargingStation, charger: Charger, store: Store
) -> None:
    """So that differences are enough."""
    await charger.disconnect()
    await station.save()
    other = CentralSystem(
        host="127.0.0.1", port=0, store=store, options=central.options
    )
    again = await other.add_station(IDENTITY, StationSettings())
    assert again.local_list.facts() == station.local_list.facts()
    assert (again.local_list.version, again.local_list.cards) == (1, 1)
    await other.close()


# --- configuration ------------------------------------------------------------------------


async def test_the_list_is_enabled(
    station: ChargingStation, connect_charger: MakeCharger
) -> None:
    """Before the station is asked: some say that they have none while it is not."""
    charger = await booted(
        station,
        connect_charger,
        configuration={"LocalAuthListEnabled": ConfigKey("false")},
    )
    assert charger.configuration["LocalAuthListEnabled"].value == "true"
    names = [f[2] for f in charger.received if f[0] == 2]
    assert names.index("ChangeConfiguration") < names.index("GetLocalListVersion")


@pytest.mark.parametrize("readonly", [True, False])
async def test_a_list_that_can_not_be_enabled(
    station: ChargingStation, connect_charger: MakeCharger, readonly: bool
) -> None:
    """It is sent all the same: the station may use it for something."""
    charger = await connect_charger(
        configuration={"LocalAuthListEnabled": ConfigKey("false", readonly=readonly)}
    )
    charger.answers["ChangeConfiguration"] = {"status": "Rejected"}
    await boot(station, charger)
    written = [it["key"] for it in commands(charger, "ChangeConfiguration")]
    assert ("LocalAuthListEnabled" in written) is not readonly
    assert ("local list: can not be enabled" in station.notes) is not readonly
    assert station.local_list.cards == 1


@pytest.mark.parametrize("answers_by_name", [True, False])
async def test_limits_that_were_not_told_are_asked_for(
    station: ChargingStation, connect_charger: MakeCharger, answers_by_name: bool
) -> None:
    """Once; a usual one holds where the station does not say."""
    charger = await connect_charger(
        configuration={
            "SendLocalListMaxLength": ConfigKey("1", readonly=True),
        }
    )
    normal = charger.handle

    def answer(payload: dict[str, Any]) -> Any:
        answer, _ = normal("GetConfiguration", payload)
        asked = "SendLocalListMaxLength" in payload.get("key", [])
        if asked and not answers_by_name:
            return CallError("InternalError")
        if not asked:
            answer["configurationKey"] = [
                it for it in answer["configurationKey"] if "List" not in it["key"]
            ]
        return answer

    charger.answers["GetConfiguration"] = answer
    station.shared.id_tokens.replace([ANNA, BEN])
    await boot(station, charger)
    assert len(sent(charger)) == (2 if answers_by_name else 1)
    assert ("local list: limits unknown" in station.notes) is not answers_by_name
    station.shared.id_tokens.replace([BEN])
    station.local_list.refresh()
    await until(station, LIST, lambda: station.local_list.cards == 1)
    asked = [it for it in commands(charger, "GetConfiguration") if it.get("key")]
    assert len([it for it in asked if "SendLocalListMaxLength" in it["key"]]) == 1
