"""Who may charge, and what is told of the cards that are presented."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from custom_components.ocpp.csms.central_system import CentralSystem
from custom_components.ocpp.csms.charging_station import ChargingStation
from custom_components.ocpp.csms.events import CardPresented
from custom_components.ocpp.csms.id_tokens import IdToken
from custom_components.ocpp.csms.model import (
    Options,
    RegistrationStatus,
    StationSettings,
)
from tests.csms.conftest import MakeCharger, prepared
from tests.simulator import CallError, Charger

UNTIL = datetime(2099, 1, 2, 3, 4, 5, tzinfo=UTC)


def ago(seconds: float) -> str:
    """Return a time in the past as stations write it."""
    at = datetime.now(UTC) - timedelta(seconds=seconds)
    return at.strftime("%Y-%m-%dT%H:%M:%S.%f")[:23] + "Z"


@pytest.fixture
def presented(station: ChargingStation) -> list[CardPresented]:
    """Return the cards that are presented, as they are told of."""
    cards: list[CardPresented] = []

    def follow(event: object) -> None:
        if isinstance(event, CardPresented):
            cards.append(event)

    station.follow(follow)
    return cards


def listed(station: ChargingStation, *id_tokens: IdToken) -> None:
    """List cards."""
    station.shared.id_tokens.replace(id_tokens)


def choose(central: CentralSystem, **changes: Any) -> None:
    """Change options."""
    central.apply_options(Options(**vars(central.options) | changes))


async def start(charger: Charger, id_tag: str, **other: Any) -> dict[str, Any]:
    """Send a start and return its answer."""
    payload = {"connectorId": 1, "idTag": id_tag, "meterStart": 1000}
    return await charger.call(
        "StartTransaction", payload | {"timestamp": ago(1)} | other
    )


async def stop(charger: Charger, number: int, **other: Any) -> dict[str, Any]:
    """Send a stop and return its answer."""
    payload = {"transactionId": number, "meterStop": 2000, "timestamp": ago(0)}
    return await charger.call("StopTransaction", payload | other)


# --- who may charge ---------------------------------------------------------------------


async def test_any_card_while_none_is_listed(
    station: ChargingStation, charger: Charger
) -> None:
    assert await charger.authorize("CARD1") == "Accepted"
    assert station.authorization.authorize("").accepted


async def test_a_station_that_is_not_ours_is_not_told_whether_a_card_is_good(
    station: ChargingStation, charger: Charger, presented: list[CardPresented]
) -> None:
    station.apply_settings(StationSettings(registration=RegistrationStatus.PENDING))
    with pytest.raises(CallError) as error:
        await charger.authorize("CARD1")
    assert error.value.code == "SecurityError"
    assert station.authorization.authorize("CARD1").status == "Invalid"
    assert presented == []


@pytest.mark.parametrize(
    ("card", "status"),
    [
        ({}, "Accepted"),
        ({"blocked": True}, "Blocked"),
        ({"valid_until": datetime(2020, 1, 1, tzinfo=UTC)}, "Expired"),
        # 1.6 has no word for it.
        ({"stations": frozenset({"other"})}, "Invalid"),
    ],
)
async def test_a_listed_card_is_answered_alike_whatever_it_is_presented_for(
    station: ChargingStation, charger: Charger, card: dict[str, Any], status: str
) -> None:
    listed(station, IdToken(token="card1", name="Anna", **card))
    assert await charger.authorize("CARD1") == status
    begun = await start(charger, "CARD1")
    assert begun["idTagInfo"]["status"] == status
    assert (station.transactions.running(1) is not None) is (status == "Accepted")


async def test_group_and_expiry_are_told_with_every_answer(
    station: ChargingStation, charger: Charger
) -> None:
    anna = IdToken(token="CARD1", name="Anna", group="Family", valid_until=UNTIL)
    ben = IdToken(token="CARD2", name="Ben", group="Family", valid_until=UNTIL)
    listed(station, anna, ben)
    info = {
        "status": "Accepted",
        "expiryDate": "2099-01-02T03:04:05.000Z",
        "parentIdTag": "Family",
    }
    answer = await charger.call("Authorize", {"idTag": "CARD1"})
    assert answer == {"idTagInfo": info}
    at = ago(1)
    begun = await start(charger, "CARD1", timestamp=at)
    assert begun["idTagInfo"] == info
    assert await start(charger, "CARD1", timestamp=at) == begun
    # Whoever is in the group may end it.
    ended = await stop(charger, begun["transactionId"], idTag="CARD2")
    assert ended == {"idTagInfo": info}


async def test_a_group_is_written_alike_for_all_of_its_cards(
    station: ChargingStation, charger: Charger
) -> None:
    listed(
        station,
        IdToken(token="CARD1", name="Anna", group="Family"),
        IdToken(token="CARD2", name="Ben", group="FAMILY"),
        IdToken(token="CARD3", name="Carl"),
    )
    told = [
        (await charger.call("Authorize", {"idTag": card}))["idTagInfo"]
        for card in ("CARD1", "CARD2", "CARD3")
    ]
    assert [info.get("parentIdTag") for info in told] == ["Family", "Family", None]


async def test_a_group_that_1_6_cannot_tell_of_is_left_out(
    station: ChargingStation, charger: Charger
) -> None:
    listed(station, IdToken(token="CARD1", name="Anna", group="G" * 21))
    answer = await charger.call("Authorize", {"idTag": "CARD1"})
    assert answer == {"idTagInfo": {"status": "Accepted"}}


class TestConcurrentSessions:
    """One card at several EVSEs, where people do not want that."""

    @pytest.fixture(autouse=True)
    def not_concurrent(self, central: CentralSystem) -> None:
        """Let every card have one session at a time."""
        choose(central, concurrent_tx=False)

    async def test_a_second_start_is_refused_and_nothing_else(
        self, station: ChargingStation, charger: Charger
    ) -> None:
        first = await start(charger, "CARD1", timestamp=ago(60))
        second = await start(charger, "card1", connectorId=2)
        assert second["idTagInfo"]["status"] == "ConcurrentTx"
        assert station.transactions.running(2) is None
        assert station.transactions.running(1) is not None
        assert await charger.authorize("CARD1") == "Accepted"
        ended = await stop(charger, first["transactionId"], idTag="CARD1")
        assert ended["idTagInfo"]["status"] == "Accepted"
        third = await start(charger, "CARD1", connectorId=2, timestamp=ago(0))
        assert third["idTagInfo"]["status"] == "Accepted"

    async def test_nor_at_another_charger(
        self,
        central: CentralSystem,
        charger: Charger,
        connect_charger: MakeCharger,
    ) -> None:
        await central.add_station("CP2", StationSettings())
        other = await connect_charger("CP2")
        await start(charger, "CARD1", timestamp=ago(60))
        second = await start(other, "CARD1")
        assert second["idTagInfo"]["status"] == "ConcurrentTx"

    async def test_the_start_that_runs_is_answered_alike_when_it_is_repeated(
        self, charger: Charger
    ) -> None:
        at = ago(1)
        first = await start(charger, "CARD1", timestamp=at)
        assert await start(charger, "CARD1", timestamp=at) == first
        assert first["idTagInfo"]["status"] == "Accepted"

    async def test_a_start_that_was_earlier_but_is_told_later_is_not_refused(
        self, charger: Charger
    ) -> None:
        """The charger was offline; the card began to charge elsewhere afterwards."""
        await start(charger, "CARD1", timestamp=ago(60))
        queued = await start(charger, "CARD1", connectorId=2, timestamp=ago(3600))
        assert queued["idTagInfo"]["status"] == "Accepted"

    async def test_another_start_at_the_same_evse_ends_the_one_before(
        self, charger: Charger
    ) -> None:
        await start(charger, "CARD1", timestamp=ago(60))
        again = await start(charger, "CARD1", timestamp=ago(1))
        assert again["idTagInfo"]["status"] == "Accepted"

    async def test_our_own_token_and_none_at_all_are_not_meant(
        self, charger: Charger
    ) -> None:
        for token in ("HomeAssistant", ""):
            for connector in (1, 2):
                begun = await start(charger, token, connectorId=connector)
                assert begun["idTagInfo"]["status"] == "Accepted"


class TestStartsMadeHere:
    """The token of a remote start comes back from the station."""

    @pytest.fixture(autouse=True)
    def refuse(self, central: CentralSystem) -> None:
        """Refuse cards that nobody listed."""
        choose(central, accept_unknown=False, id_token="HOUSE")

    async def test_the_token_of_all_stations(self, charger: Charger) -> None:
        assert await charger.authorize("house") == "Accepted"
        assert await charger.authorize("HomeAssistant") == "Invalid"

    async def test_the_token_of_one_station(
        self, station: ChargingStation, charger: Charger
    ) -> None:
        station.apply_settings(StationSettings(id_token="GARAGE"))
        assert await charger.authorize("GARAGE") == "Accepted"
        assert await charger.authorize("HOUSE") == "Invalid"

    async def test_a_token_that_was_named_for_this_start(
        self,
        station: ChargingStation,
        charger: Charger,
        presented: list[CardPresented],
    ) -> None:
        await charger.plug_in()
        await station.remote_control.start(1, id_token="GUEST")
        await charger.settle()
        running = station.transactions.running(1)
        assert running is not None
        assert running.id_token == "GUEST"
        # Nobody held it to the charger.
        assert presented == []

    async def test_a_listed_card_that_was_named_is_judged_like_any_other(
        self, station: ChargingStation, charger: Charger
    ) -> None:
        listed(station, IdToken(token="CARD1", name="Anna", blocked=True))
        await station.remote_control.start(1, id_token="CARD1")
        assert await charger.authorize("CARD1") == "Blocked"


# --- what is told -----------------------------------------------------------------------


async def test_a_card_that_is_presented_is_told_of(
    central: CentralSystem,
    station: ChargingStation,
    charger: Charger,
    presented: list[CardPresented],
) -> None:
    await charger.authorize("CARD1")
    choose(central, accept_unknown=False)
    await charger.authorize("CARD2")
    told = [(card.evse, card.id_token, card.info.status) for card in presented]
    assert told == [(1, "CARD1", "Accepted"), (1, "CARD2", "Unknown")]


async def test_a_card_that_starts_after_it_was_asked_about_was_presented_once(
    charger: Charger, presented: list[CardPresented]
) -> None:
    await charger.authorize("CARD1")
    begun = await start(charger, "card1")
    assert len(presented) == 1
    # Held to it again, to stop.
    await stop(charger, begun["transactionId"], idTag="CARD1")
    assert len(presented) == 2


async def test_a_card_that_the_charger_knows_itself_is_told_of_when_it_starts(
    charger: Charger, presented: list[CardPresented]
) -> None:
    at = ago(1)
    await start(charger, "CARD1", timestamp=at)
    await start(charger, "CARD1", timestamp=at)
    assert [card.evse for card in presented] == [1]


async def test_nobody_was_there_when_an_old_start_is_told_or_a_car_drives_off(
    charger: Charger, presented: list[CardPresented]
) -> None:
    begun = await start(charger, "CARD1", timestamp=ago(7200))
    number = begun["transactionId"]
    await stop(charger, number, idTag="CARD1", reason="EVDisconnected")
    await stop(charger, number, idTag="CARD1", reason="EVDisconnected")
    assert presented == []


async def test_a_pin_is_no_card(
    station: ChargingStation, charger: Charger, presented: list[CardPresented]
) -> None:
    """1.6 does not tell them apart, but people do."""
    listed(station, IdToken(token="73195", name="Door", type="KeyCode"))
    assert await charger.authorize("73195") == "Accepted"
    await start(charger, "73195")
    assert presented == []


@pytest.mark.parametrize("token", ["HomeAssistant", ""])
async def test_our_own_token_is_no_card(
    charger: Charger, presented: list[CardPresented], token: str
) -> None:
    begun = await start(charger, token)
    await stop(charger, begun["transactionId"], idTag=token)
    assert presented == []


async def test_each_use_is_kept(
    station: ChargingStation, charger: Charger, monkeypatch: pytest.MonkeyPatch
) -> None:
    uses: list[tuple[Any, ...]] = []
    monkeypatch.setattr(
        station.store, "record_use", lambda *use: uses.append((*use[:3], *use[4:]))
    )
    await charger.authorize("CARD1")
    at = ago(1)
    begun = await start(charger, "CARD1", timestamp=at)
    await start(charger, "CARD1", timestamp=at)
    await stop(charger, begun["transactionId"], idTag="CARD1", reason="Other")
    assert uses == [
        ("CP1", 1, "CARD1", "Accepted", purpose)
        for purpose in ("authorize", "start", "stop")
    ]


class TestSeveralEvses:
    """1.6 does not say at which EVSE a card is presented."""

    @pytest.fixture
    async def charger(
        self, station: ChargingStation, connect_charger: MakeCharger
    ) -> Charger:
        """Return a charger with two EVSEs."""
        charger = await connect_charger(connectors=2)
        await charger.power_up()
        await prepared(station)
        await charger.settle()
        return charger

    async def test_it_is_for_the_one_that_waits_for_a_card(
        self, charger: Charger, presented: list[CardPresented]
    ) -> None:
        await charger.authorize("CARD1")
        await charger.plug_in(2)
        await charger.authorize("CARD1")
        assert [card.evse for card in presented] == [0, 2]

    async def test_or_for_the_one_whose_session_it_would_end(
        self,
        station: ChargingStation,
        charger: Charger,
        presented: list[CardPresented],
    ) -> None:
        listed(
            station,
            IdToken(token="CARD1", name="Anna", group="Family"),
            IdToken(token="CARD2", name="Ben", group="Family"),
            IdToken(token="CARD3", name="Carl"),
        )
        await start(charger, "CARD1", connectorId=2)
        presented.clear()
        for token in ("CARD1", "CARD2", "CARD3"):
            await charger.authorize(token)
        assert [card.evse for card in presented] == [2, 2, 0]
        # Which of both it is for can't be known.
        await charger.plug_in(1)
        await charger.authorize("CARD2")
        assert presented[-1].evse == 0
