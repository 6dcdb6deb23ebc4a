"""Prove what stations are told of prices and costs: use cases I01 to I06."""

import asyncio
from typing import Any

import pytest

from custom_components.ocpp.csms.blocks import tariff_cost
from custom_components.ocpp.csms.blocks.tariff_cost.message import price_message
from custom_components.ocpp.csms.central_system import CentralSystem
from custom_components.ocpp.csms.charging_station import ChargingStation
from custom_components.ocpp.csms.id_tokens import IdToken
from custom_components.ocpp.csms.model import StationSettings, timestamp, utcnow
from custom_components.ocpp.csms.tariff import Tariff
from tests.csms.conftest import IDENTITY, PATIENCE, MakeTwo, prepared
from tests.simulator_v2 import CallError, Car, Station as Two

PRICE = {"format": "UTF8", "content": "0.32 €/kWh"}


@pytest.fixture(autouse=True)
def tariff(central: CentralSystem) -> Tariff:
    """Have energy cost something."""
    tariff = central.shared.tariff
    tariff.currency = "EUR"
    tariff.fix(0.32, utcnow())
    return tariff


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tell costs as soon as they changed."""
    monkeypatch.setattr(tariff_cost, "_BEHIND", 0)
    monkeypatch.setattr(tariff_cost, "_APART", 0)


def commands(two: Two, action: str) -> list[dict[str, Any]]:
    """Return the payloads of the commands of an action that came in."""
    return [frame[3] for frame in two.received if frame[:1] + frame[2:3] == [2, action]]


async def tell(
    two: Two, kind: str, number: int = 0, wh: float | None = None, **fields: Any
) -> dict[str, Any]:
    """Send a TransactionEvent and return the answer."""
    payload: dict[str, Any] = {
        "eventType": kind,
        "timestamp": timestamp(utcnow()),
        "triggerReason": "MeterValuePeriodic",
        "seqNo": number,
        "transactionInfo": {"transactionId": "tx-1"},
        "evse": {"id": 1, "connectorId": 1},
    }
    if wh is not None:
        payload["meterValue"] = [
            {"timestamp": payload["timestamp"], "sampledValue": [{"value": wh}]}
        ]
    return await two.call("TransactionEvent", payload | fields)


async def start(two: Two, token: str = "CARD1") -> dict[str, Any]:
    """Begin a session with a card and return the answer."""
    named = {"idToken": token, "type": "ISO14443"}
    return await tell(two, "Started", wh=1000, idToken=named)


async def told(station: ChargingStation) -> None:
    """Wait until nobody is to be told a cost any more."""
    async with asyncio.timeout(PATIENCE):
        while station.tariff_cost._telling:
            await asyncio.wait(station._tasks)


async def switch(station: ChargingStation, two: Two, key: str, value: str) -> None:
    """Have a station show tariffs or costs no more, and have that known."""
    variable, instance = key.split(".")
    two.variables[f"TariffCostCtrlr.{key}"].value = value
    await station.device_model.read("TariffCostCtrlr", variable, instance=instance)


# --- I01: the price -----------------------------------------------------------------------


async def test_i01_who_shows_a_card_reads_the_price(two: Two) -> None:
    assert (await two.authorize())["personalMessage"] == PRICE
    answer = await start(two)
    assert answer["idTokenInfo"] == {"status": "Accepted", "personalMessage": PRICE}


@pytest.mark.parametrize("key", ["Available.Tariff", "Enabled.Tariff"])
async def test_i01_not_where_the_station_does_not_show_it(
    station: ChargingStation, two: Two, key: str
) -> None:
    await switch(station, two, key, "false")
    assert "personalMessage" not in await two.authorize()


async def test_i01_not_where_the_station_does_not_say_so(
    station: ChargingStation, connect_station: MakeTwo
) -> None:
    """A message that nobody can show may be more than a small station takes."""
    kinds = [f"{name}.Tariff" for name in ("Available", "Enabled")]
    two = await connect_station(without=[f"TariffCostCtrlr.{kind}" for kind in kinds])
    await two.power_up()
    await prepared(station)
    assert "personalMessage" not in await two.authorize()


async def test_i01_nor_where_there_is_no_price_or_nobody_may_charge(
    station: ChargingStation, two: Two, tariff: Tariff
) -> None:
    station.shared.id_tokens.replace([IdToken(token="04AB", name="Anna", blocked=True)])
    assert await two.authorize("04AB") == {"status": "Blocked"}
    station.shared.id_tokens.replace([])
    tariff.free()
    assert "personalMessage" not in await two.authorize()
    tariff.vary(None, utcnow())
    assert "personalMessage" not in await two.authorize()


async def test_i01_a_station_may_know_no_letters_but_english_ones(
    station: ChargingStation, two: Two, tariff: Tariff
) -> None:
    two.variables["DisplayMessageCtrlr.SupportedFormats"].value = "ASCII"
    await station.device_model.read("DisplayMessageCtrlr", "SupportedFormats")
    message = (await two.authorize())["personalMessage"]
    assert message == {"format": "ASCII", "content": "0.32 EUR/kWh"}


@pytest.mark.parametrize(
    ("price", "content"),
    [
        ({"per_kwh": 0.3, "per_session": 0}, "0.30 €/kWh"),
        ({"per_kwh": 0.2875, "per_session": 0}, "0.2875 €/kWh"),
        ({"per_kwh": 0.3, "per_session": 1}, "0.30 €/kWh + 1.00 €"),
        ({"per_kwh": 0, "per_session": 0}, "0.00 €/kWh"),
        ({"per_kwh": -0.02, "per_session": 0}, "-0.02 €/kWh"),
        ({"per_kwh": 3, "per_session": 0, "currency": "SEK"}, "3.00 SEK/kWh"),
        ({"per_kwh": 0.3, "per_session": 0, "language": "de"}, "0,30 €/kWh"),
        ({"per_kwh": 0.3, "per_session": 0, "language": "en-GB"}, "0.30 €/kWh"),
    ],
)
def test_i01_a_price_needs_no_words(price: dict[str, Any], content: str) -> None:
    message = price_message(**{"currency": "EUR"} | price)
    assert message["content"] == content
    assert message.get("language") == price.get("language")


# --- I02: the cost by now -----------------------------------------------------------------


async def test_i02_the_cost_is_told_as_it_grows(
    station: ChargingStation, two: Two
) -> None:
    await start(two)
    assert (await tell(two, "Updated", 1, wh=11_000))["totalCost"] == 3.2
    assert (await tell(two, "Updated", 2, wh=21_000))["totalCost"] == 6.4
    await told(station)
    assert commands(two, "CostUpdated")[-1] == {
        "totalCost": 6.4,
        "transactionId": "tx-1",
    }
    assert two.costs["tx-1"] == 6.4


async def test_i02_at_most_once_a_minute_and_when_it_changed(
    station: ChargingStation, two: Two, monkeypatch: pytest.MonkeyPatch
) -> None:
    await start(two)
    await told(station)
    # Nothing was charged yet.
    assert commands(two, "CostUpdated") == []
    await tell(two, "Updated", 1, wh=11_000)
    await told(station)
    await tell(two, "Updated", 2, wh=11_000)
    await told(station)
    assert [it["totalCost"] for it in commands(two, "CostUpdated")] == [3.2]
    monkeypatch.setattr(tariff_cost, "_APART", 3600)
    await tell(two, "Updated", 3, wh=21_000)
    assert len(station.tariff_cost._telling) == 1
    await tell(two, "Updated", 4, wh=22_000)
    assert len(station.tariff_cost._telling) == 1
    assert len(commands(two, "CostUpdated")) == 1


@pytest.mark.parametrize("key", ["Available.Cost", "Enabled.Cost"])
async def test_i02_a_station_that_shows_no_costs_is_not_sent_any(
    station: ChargingStation, two: Two, key: str
) -> None:
    await switch(station, two, key, "false")
    await start(two)
    assert (await tell(two, "Updated", 1, wh=11_000))["totalCost"] == 3.2
    await told(station)
    assert commands(two, "CostUpdated") == []


async def test_i02_a_station_that_can_not_be_told_goes_on_charging(
    station: ChargingStation, two: Two
) -> None:
    two.answers["CostUpdated"] = CallError("NotImplemented")
    await start(two)
    await tell(two, "Updated", 1, wh=11_000)
    await told(station)
    assert station.notes["CostUpdated: NotSupported"] == 1
    assert (await tell(two, "Updated", 2, wh=21_000))["totalCost"] == 6.4


async def test_i02_a_charging_car_is_told_its_cost(
    station: ChargingStation, two: Two
) -> None:
    await two.plug_in(1, car=Car(phases=3, max_current=16))
    await two.present_card(1)
    await two.tick(3600)
    await two.settle()
    await told(station)
    session = station.transactions.session(1)
    assert session is not None
    assert session.cost == pytest.approx(11.04 * 0.32, abs=0.05)
    assert commands(two, "CostUpdated")[-1] == {
        "totalCost": round(session.cost, 2),
        "transactionId": session.id,
    }


# --- I03: the cost in the end ---------------------------------------------------------------


async def test_i03_the_cost_in_the_end_is_told_with_the_answer(
    station: ChargingStation, two: Two
) -> None:
    await start(two)
    await tell(two, "Updated", 1, wh=11_000)
    answer = await tell(two, "Ended", 2, wh=21_000)
    assert answer == {"totalCost": 6.4}


async def test_i03_nothing_is_told_where_no_price_is_known(
    two: Two, tariff: Tariff
) -> None:
    """0 would say that it was free."""
    tariff.free()
    await start(two)
    assert await tell(two, "Updated", 1, wh=11_000) == {}
    assert await tell(two, "Ended", 2, wh=21_000) == {}


async def test_i03_nor_where_it_is_not_known_for_all_of_it(
    two: Two, tariff: Tariff
) -> None:
    tariff.free()
    tariff.vary(None, utcnow())
    answer = await start(two)
    assert "totalCost" not in answer
    assert await tell(two, "Ended", 1, wh=11_000) == {}


async def test_i03_what_is_free_costs_nothing(two: Two, tariff: Tariff) -> None:
    tariff.free()
    tariff.fix(0, utcnow())
    await start(two)
    assert await tell(two, "Ended", 1, wh=11_000) == {"totalCost": 0}


# --- I04, I05: what stations say while they are offline ---------------------------------------


@pytest.mark.parametrize(
    "name", ["TariffFallbackMessage", "TotalCostFallbackMessage"], ids=["i04", "i05"]
)
async def test_i04_i05_a_station_is_told_what_to_show_while_it_is_offline(
    station: ChargingStation, two: Two, name: str
) -> None:
    assert await station.device_model.write("TariffCostCtrlr", name, "Ask the host")
    assert two.variables.text(f"TariffCostCtrlr.{name}") == "Ask the host"


# --- I06: another price -----------------------------------------------------------------------


async def test_i06_who_charges_reads_a_price_that_changed(
    station: ChargingStation, two: Two, tariff: Tariff
) -> None:
    assert "updatedPersonalMessage" not in await start(two)
    assert "updatedPersonalMessage" not in await tell(two, "Updated", 1, wh=2000)
    tariff.fix(0.45, utcnow())
    answer = await tell(two, "Updated", 2, wh=3000)
    assert answer["updatedPersonalMessage"] == PRICE | {"content": "0.45 €/kWh"}
    # Once.
    assert "updatedPersonalMessage" not in await tell(two, "Updated", 3, wh=4000)
    tariff.fix(0.5, utcnow())
    assert "updatedPersonalMessage" not in await tell(two, "Ended", 4, wh=5000)


async def test_i06_also_when_it_changed_during_a_restart(
    central: CentralSystem, station: ChargingStation, two: Two
) -> None:
    await start(two)
    await station.save()
    again = ChargingStation(IDENTITY, settings=StationSettings(), shared=central.shared)
    await again.load()
    assert again.tariff_cost.facts() == station.tariff_cost.facts() != {}
    await again.stop()
    # Nothing stays of what is over.
    await tell(two, "Ended", 1, wh=2000)
    assert station.tariff_cost.facts() == {}
