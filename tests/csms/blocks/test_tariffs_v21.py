"""Prove that stations of 2.1 count with the prices of Home Assistant (OCPP 2.1, block I)."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from custom_components.ocpp.csms import retries
from custom_components.ocpp.csms.blocks import tariff_cost
from custom_components.ocpp.csms.blocks.tariff_cost import on_station, prices_of
from custom_components.ocpp.csms.blocks.tariff_cost.local import LocalCost, read_cost
from custom_components.ocpp.csms.blocks.tariff_cost.structure import OURS, tariff_of
from custom_components.ocpp.csms.central_system import CentralSystem
from custom_components.ocpp.csms.charging_station import ChargingStation
from custom_components.ocpp.csms.model import Part, StationSettings, Topic, utcnow
from custom_components.ocpp.csms.tariff import Tariff
from tests.csms.conftest import IDENTITY, PATIENCE, MakeTwo, prepared, until
from tests.simulator_v2 import CallError, Car, Silence, Station as Two, Variable
from tests.simulator_v2.counting import counting

FOREIGN = {
    "tariffId": "operator-7",
    "currency": "EUR",
    "energy": {"prices": [{"priceKwh": 0.79}]},
}


@pytest.fixture(autouse=True)
def tariff(central: CentralSystem) -> Tariff:
    """Have energy cost something."""
    tariff = central.shared.tariff
    tariff.currency = "EUR"
    tariff.fix(0.32, utcnow())
    return tariff


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tell prices and costs as soon as they changed."""
    monkeypatch.setattr(on_station, "_SOON", 0)
    monkeypatch.setattr(on_station, "_APART", 0)
    monkeypatch.setattr(tariff_cost, "_BEHIND", 0)
    monkeypatch.setattr(tariff_cost, "_APART", 0)


@pytest.fixture
async def two(station: ChargingStation, connect_station: MakeTwo) -> Two:
    """Return a station of 2.1 that counts, and was prepared."""
    return await arrive(station, connect_station)


async def arrive(
    station: ChargingStation, connect_station: MakeTwo, **options: Any
) -> Two:
    """Have a station of 2.1 that counts boot, and wait until it is known."""
    options = {"version": "ocpp2.1", "variables": counting()} | options
    two = await connect_station(**options)
    await two.power_up()
    await prepared(station)
    await two.settle()
    return two


def commands(two: Two, action: str) -> list[dict[str, Any]]:
    """Return the payloads of the commands of an action that came in."""
    return [frame[3] for frame in two.received if frame[:1] + frame[2:3] == [2, action]]


def prices(two: Two) -> dict[int, float]:
    """Return the price of a kWh that each EVSE counts with."""
    return {
        evse: it["energy"]["prices"][0]["priceKwh"]
        for evse, it in two.counting.defaults.items()
    }


async def eventually(station: ChargingStation, true: Callable[[], object]) -> None:
    """Wait until something is true that the station's tasks bring about."""
    async with asyncio.timeout(PATIENCE):
        while not true():
            await asyncio.sleep(0.005)
    await station.tariffs._one_at_a_time.acquire()
    station.tariffs._one_at_a_time.release()


async def charge(two: Two, wh: float, token: str = "CARD1") -> None:
    """Have a car charge some energy, as a session with a card."""
    await two.present_card(1, token)
    await two.plug_in(1, car=Car(phases=1, max_current=16))
    await charge_more(two, wh)


async def charge_more(two: Two, wh: float) -> None:
    """Have the car go on charging, and the station tell so."""
    two.evses[1].meter_wh += wh
    await two.sample(1)


# --- I07: the default tariff --------------------------------------------------------------


@pytest.mark.proves("SetDefaultTariff", ocpp="2.1")
@pytest.mark.proves("GetTariffs", ocpp="2.1")
async def test_a_station_that_counts_is_given_the_price(
    station: ChargingStation, two: Two, tariff: Tariff
) -> None:
    (sent,) = commands(two, "SetDefaultTariff")
    assert sent["evseId"] == 0
    tariff_id = sent["tariff"].pop("tariffId")
    assert tariff_id.startswith(OURS) and len(tariff_id) <= 60
    assert sent["tariff"] == {
        "currency": "EUR",
        "description": [{"format": "UTF8", "content": "0.32 €/kWh"}],
        "energy": {"prices": [{"priceKwh": 0.32}]},
    }
    assert prices(two) == {1: 0.32, 2: 0.32}
    assert station.tariffs.held == [tariff_id]
    assert prices_of(tariff_id) == {
        "price_per_kwh": 0.32,
        "price_per_session": 0,
        "currency": "EUR",
    }


async def test_what_it_has_already_is_not_sent_again(
    station: ChargingStation, two: Two
) -> None:
    await two.reset()
    await prepared(station)
    assert len(commands(two, "GetTariffs")) == 2
    assert len(commands(two, "SetDefaultTariff")) == 1


@pytest.mark.proves("I08.FR.08", ocpp="2.1")
async def test_another_price_is_another_tariff_and_the_same_price_the_same(
    station: ChargingStation, two: Two, tariff: Tariff
) -> None:
    (first,) = station.tariffs.held
    tariff.fix(0.4, utcnow())
    await eventually(station, lambda: prices(two) == {1: 0.4, 2: 0.4})
    (second,) = station.tariffs.held
    tariff.per_session = 1
    await eventually(station, lambda: "fixedFee" in two.counting.defaults[1])
    (third,) = station.tariffs.held
    assert two.counting.defaults[1]["fixedFee"] == {"prices": [{"priceFixed": 1}]}
    tariff.per_session = 0
    tariff.fix(0.32, utcnow())
    await eventually(station, lambda: prices(two) == {1: 0.32, 2: 0.32})
    assert station.tariffs.held == [first]
    assert len({first, second, third}) == 3


async def test_a_price_that_changes_all_the_time_is_told_once_a_minute(
    station: ChargingStation, two: Two, tariff: Tariff, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(on_station, "_APART", 60)
    for price in (0.33, 0.34, 0.35):
        tariff.vary(price, utcnow())
    timer = station.tariffs._timer
    assert timer is not None
    assert 50 < timer.when() - asyncio.get_running_loop().time() <= 60
    assert prices(two) == {1: 0.32, 2: 0.32}


@pytest.mark.proves("ClearTariffs", ocpp="2.1")
async def test_without_a_price_the_station_counts_no_more(
    station: ChargingStation, two: Two, tariff: Tariff
) -> None:
    two.counting.defaults[2] = FOREIGN
    await station.sending.command("GetTariffs", {"evseId": 0})
    tariff.free()
    # What others gave it is none of our business.
    await eventually(station, lambda: two.counting.defaults == {2: FOREIGN})
    assert station.tariffs.held == ["operator-7"]


async def test_a_price_that_nobody_can_tell_is_none(
    station: ChargingStation, connect_station: MakeTwo, tariff: Tariff
) -> None:
    tariff.free()
    tariff.vary(None, utcnow())
    two = await arrive(station, connect_station)
    assert not commands(two, "SetDefaultTariff")
    tariff.vary(0.3, utcnow())
    await eventually(station, lambda: prices(two) == {1: 0.3, 2: 0.3})


async def test_nor_is_one_without_a_currency(
    station: ChargingStation, connect_station: MakeTwo, tariff: Tariff
) -> None:
    tariff.currency = None
    two = await arrive(station, connect_station)
    assert not commands(two, "SetDefaultTariff")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("Available.Tariff", "false"),
        ("Enabled.Tariff", "false"),
        ("MaxElements.Tariff", "0"),
    ],
)
async def test_a_station_that_can_not_count_is_left_alone(
    station: ChargingStation, connect_station: MakeTwo, key: str, value: str
) -> None:
    two = await connect_station(version="ocpp2.1", variables=counting())
    two.variables[f"TariffCostCtrlr.{key}"].value = value
    await two.power_up()
    await prepared(station)
    assert not commands(two, "GetTariffs") and not commands(two, "SetDefaultTariff")
    assert not station.tariffs.known


async def test_a_station_of_2_0_1_has_no_tariffs(
    station: ChargingStation, connect_station: MakeTwo, tariff: Tariff
) -> None:
    two = await arrive(station, connect_station, version="ocpp2.0.1", variables=())
    tariff.fix(0.4, utcnow())
    assert station.tariffs._timer is None
    assert not commands(two, "SetDefaultTariff")


async def test_one_that_says_it_can_and_has_no_such_command_is_asked_once(
    station: ChargingStation, connect_station: MakeTwo, tariff: Tariff
) -> None:
    two = await connect_station(version="ocpp2.1", variables=counting())
    two.answers["SetDefaultTariff"] = CallError("NotSupported")
    two.answers["GetTariffs"] = CallError("NotImplemented")
    await two.power_up()
    await prepared(station)
    tariff.fix(0.4, utcnow())
    assert station.tariffs._timer is None
    assert len(commands(two, "SetDefaultTariff")) == 1


async def test_a_tariff_that_is_refused_takes_its_forerunner_along(
    station: ChargingStation, two: Two, tariff: Tariff
) -> None:
    """Counting with an old price would be wrong, and asking again useless."""
    two.answers["SetDefaultTariff"] = {"status": "Rejected"}
    tariff.fix(-0.1, utcnow())
    await eventually(station, lambda: not two.counting.defaults)
    station.tariffs.refresh()
    await eventually(station, lambda: station.tariffs._timer is None)
    assert len(commands(two, "SetDefaultTariff")) == 2


async def test_one_that_was_refused_takes_the_next_along_as_well(
    station: ChargingStation, two: Two, tariff: Tariff
) -> None:
    """A price may come back that the station did not take the first time."""

    def answer(payload: dict[str, Any]) -> dict[str, Any] | None:
        price = payload["tariff"]["energy"]["prices"][0]["priceKwh"]
        return {"status": "Rejected"} if price < 0 else None

    two.answers["SetDefaultTariff"] = answer
    for _ in range(2):
        tariff.fix(-0.05, utcnow())
        await eventually(station, lambda: not two.counting.defaults)
        tariff.fix(0.3, utcnow())
        await eventually(station, lambda: prices(two) == {1: 0.3, 2: 0.3})
    sent = [
        it["tariff"]["energy"]["prices"][0]["priceKwh"]
        for it in commands(two, "SetDefaultTariff")
    ]
    assert sent == [0.32, -0.05, 0.3, 0.3]


async def test_a_new_price_does_not_wait_until_an_old_one_is_tried_again(
    station: ChargingStation, two: Two, tariff: Tariff
) -> None:
    two.answers["SetDefaultTariff"] = CallError("InternalError", "busy")
    tariff.fix(0.5, utcnow())
    await eventually(station, lambda: station.tariffs._retries.waits)
    del two.answers["SetDefaultTariff"]
    tariff.fix(0.6, utcnow())
    await eventually(station, lambda: prices(two) == {1: 0.6, 2: 0.6})
    assert station.tariffs._timer is None
    assert not station.tariffs._retries.waits
    assert station.tariffs._retries._times == 0


async def test_one_that_does_not_answer_is_asked_again(
    station: ChargingStation,
    connect_station: MakeTwo,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(retries, "AGAIN_IN", (0.05,) * 50)
    two = await connect_station(version="ocpp2.1", variables=counting())
    two.answers["SetDefaultTariff"] = CallError("InternalError", "busy")
    await two.power_up()
    await prepared(station)
    del two.answers["SetDefaultTariff"]
    await eventually(station, lambda: prices(two) == {1: 0.32, 2: 0.32})


async def test_tariffs_of_a_former_operator_make_room(
    station: ChargingStation, connect_station: MakeTwo
) -> None:
    """One of them could come into force later, in the place of ours (I07.FR.20)."""
    two = await connect_station(version="ocpp2.1", variables=counting())
    two.counting.defaults = {1: FOREIGN, 2: FOREIGN}
    await two.power_up()
    await prepared(station)
    assert commands(two, "ClearTariffs") == [{"tariffIds": ["operator-7"]}]
    assert prices(two) == {1: 0.32, 2: 0.32}


async def test_a_tariff_that_people_sent_stays_until_they_clear_it(
    station: ChargingStation, two: Two, tariff: Tariff
) -> None:
    request = {"evseId": 0, "tariff": FOREIGN}
    await station.sending.command("SetDefaultTariff", request)
    tariff.fix(0.4, utcnow())
    await eventually(station, lambda: station.tariffs._timer is None)
    await two.reset()
    await prepared(station)
    assert prices(two) == {1: 0.79, 2: 0.79}
    await station.sending.command("ClearTariffs", {})
    await eventually(station, lambda: prices(two) == {1: 0.4, 2: 0.4})


async def test_beside_a_tariff_of_peoples_own_no_price_grows_old(
    station: ChargingStation, two: Two
) -> None:
    request = {"evseId": 2, "tariff": FOREIGN}
    await station.sending.command("SetDefaultTariff", request)
    await eventually(station, lambda: prices(two) == {2: 0.79})
    await station.sending.command("ClearTariffs", {"evseId": 2})
    await eventually(station, lambda: prices(two) == {1: 0.32, 2: 0.32})


async def test_one_that_does_not_tell_its_tariffs_is_given_ours_later(
    station: ChargingStation,
    connect_station: MakeTwo,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(retries, "AGAIN_IN", (0.05,))
    two = await connect_station(version="ocpp2.1", variables=counting())
    two.answers["GetTariffs"] = Silence
    await two.power_up()
    await eventually(station, lambda: prices(two) == {1: 0.32, 2: 0.32})


async def test_a_station_that_has_it_at_one_evse_only_gets_it_everywhere(
    station: ChargingStation, two: Two
) -> None:
    await station.sending.command(
        "ClearTariffs", {"tariffIds": station.tariffs.held, "evseId": 2}
    )
    assert prices(two) == {1: 0.32}
    await two.reset()
    await prepared(station)
    assert prices(two) == {1: 0.32, 2: 0.32}


async def test_what_it_holds_is_remembered(
    central: CentralSystem, station: ChargingStation, two: Two
) -> None:
    await charge(two, 1000)
    await two.unplug(1)
    held, session = station.tariffs.held, station.transactions.session(1)
    assert session is not None
    await station.save()
    again = central._build(IDENTITY, StationSettings())
    await again.load()
    assert again.tariffs.held == held
    assert again.tariffs.local_cost(session.number) == LocalCost(0.32, "EUR")
    await again.stop()


# --- I11, I12: sessions -------------------------------------------------------------------


@pytest.mark.proves("ChangeTransactionTariff", ocpp="2.1")
async def test_a_running_session_goes_on_with_the_new_price(
    station: ChargingStation, two: Two, tariff: Tariff
) -> None:
    """What the charger shows at the end is what Home Assistant counted."""
    tariff.per_session = 0.5
    await eventually(station, lambda: "fixedFee" in two.counting.defaults.get(1, {}))
    await charge(two, 2000)
    tariff.fix(0.5, utcnow())
    await two.wait_for_call("ChangeTransactionTariff")
    await two.settle()
    # Between two readings what was charged is spread over both prices.
    await charge_more(two, 0)
    await charge_more(two, 1000)
    await two.unplug(1)
    session = station.transactions.session(1)
    assert session is not None and session.ended is not None
    assert session.cost == pytest.approx(0.5 + 0.64 + 0.5)
    counted = station.tariffs.local_cost(session.number)
    assert counted is not None
    assert counted.total == pytest.approx(session.cost)


async def test_a_session_with_a_tariff_of_its_own_keeps_it(
    station: ChargingStation, two: Two, tariff: Tariff
) -> None:
    await charge(two, 1000)
    session = station.transactions.running(1)
    assert session is not None
    await station.sending.command(
        "ChangeTransactionTariff", {"transactionId": session.id, "tariff": FOREIGN}
    )
    await two.settle()
    tariff.fix(0.5, utcnow())
    await eventually(station, lambda: prices(two) == {1: 0.5, 2: 0.5})
    assert len(commands(two, "ChangeTransactionTariff")) == 1


async def test_a_session_that_can_not_change_does_not_stop_the_others(
    station: ChargingStation, two: Two, tariff: Tariff
) -> None:
    await charge(two, 1000)
    tariff.currency = "SEK"
    await eventually(
        station, lambda: "ChangeTransactionTariff: CommandRejected" in station.notes
    )
    assert two.counting.defaults[1]["currency"] == "SEK"


async def test_the_cost_that_the_charger_counts_is_known_while_it_runs(
    station: ChargingStation, two: Two
) -> None:
    two.variables["TariffCostCtrlr.Enabled.RunningCost"].value = "true"
    await charge(two, 1000)
    session = station.transactions.session(1)
    assert session is not None and session.running
    assert station.tariffs.local_cost(session.number) == LocalCost(0.32, "EUR")
    await charge_more(two, 1000)
    await until(
        station,
        Part(Topic.ENERGY, 1),
        lambda: station.tariffs.local_cost(session.number) == LocalCost(0.64, "EUR"),
    )


async def test_costs_of_sessions_that_are_shown_nowhere_are_forgotten(
    station: ChargingStation, two: Two
) -> None:
    numbers = []
    for _ in range(3):
        await charge(two, 1000)
        await two.unplug(1)
        session = station.transactions.session(1)
        assert session is not None
        numbers.append(session.number)
    assert [*station.tariffs._local.costs] == numbers[-1:]


async def test_a_station_that_counts_is_not_told_what_a_session_costs(
    station: ChargingStation, two: Two
) -> None:
    await charge(two, 1000)
    await charge_more(two, 1000)
    assert not station.tariff_cost._telling
    assert not commands(two, "CostUpdated")


@pytest.mark.proves("I08.FR.34", ocpp="2.1")
async def test_one_that_can_not_use_the_tariff_is_told(
    station: ChargingStation, two: Two
) -> None:
    """It names no tariff in its events: the cost is counted here."""
    two.counting.defaults.clear()
    await charge(two, 1000)
    assert (await two.wait_for_call("CostUpdated"))["totalCost"] in (0, 0.32)
    await charge_more(two, 1000)
    session = station.transactions.session(1)
    assert session is not None
    assert two.costs[session.id] == 0.64
    await two.unplug(1)
    assert two.costs[session.id] == 0.64


@pytest.mark.parametrize(
    ("details", "cost"),
    [
        ({"totalCost": {"currency": "EUR", "total": {"inclTax": 1.19}}}, 1.19),
        (
            {
                "totalCost": {
                    "currency": "EUR",
                    "total": {"exclTax": 1, "inclTax": 1.19},
                }
            },
            1.19,
        ),
        ({"totalCost": {"currency": "EUR", "total": {"exclTax": 1}}}, 1),
        ({"totalCost": {"currency": "EUR", "total": {}}}, None),
        ({"totalCost": {"currency": "EUR", "total": {"exclTax": True}}}, None),
        ({"totalCost": 3}, None),
        (
            {
                "totalCost": {"currency": "EUR", "total": {"exclTax": 1}},
                "failureToCalculate": True,
            },
            None,
        ),
        (None, None),
    ],
)
def test_a_cost_is_what_is_to_be_paid(details: Any, cost: float | None) -> None:
    found = read_cost(details)
    assert (found and found.total) == cost


def test_a_tariff_is_known_by_all_that_it_says() -> None:
    def identifier(price: float, language: str = "") -> str:
        text = {"format": "UTF8", "content": "x", "language": language}
        tariff = tariff_of(price, 0, "EUR", [text])
        assert tariff is not None
        return str(tariff["tariffId"])

    assert identifier(0.3) == identifier(0.1 + 0.2)
    assert len({identifier(0.3), identifier(0.3, "de"), identifier(0.31)}) == 3


# --- I06: news of the price ---------------------------------------------------------------


@pytest.mark.proves("I06.FR.02", ocpp="2.1")
async def test_news_of_the_price_are_told_in_all_languages_of_the_station(
    station: ChargingStation, connect_station: MakeTwo, tariff: Tariff
) -> None:
    language = Variable(
        component="DisplayMessageCtrlr",
        name="Language",
        value="de",
        data_type="OptionList",
        values=("de", "en"),
    )
    two = await arrive(station, connect_station, variables=[*counting(), language])
    await station.inventory.prepare(booted=True)
    await charge(two, 1000)
    tariff.fix(0.5, utcnow())
    await two.sample(1)
    answer = [
        frame[2]
        for frame in two.received
        if frame[0] == 3 and "updatedPersonalMessage" in frame[2]
    ][-1]
    german, english = (
        {"format": "UTF8", "content": f"{price} €/kWh", "language": language}
        for price, language in (("0,50", "de"), ("0.50", "en"))
    )
    assert answer["updatedPersonalMessage"] == german
    assert answer["updatedPersonalMessageExtra"] == [english]
