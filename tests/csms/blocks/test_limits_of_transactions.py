"""Prove the limits of sessions: of energy, cost, time and state of charge (E16, F07)."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from unittest.mock import AsyncMock

import pytest

from custom_components.ocpp.csms.blocks.transactions import limited, limits as rooms
from custom_components.ocpp.csms.central_system import CentralSystem
from custom_components.ocpp.csms.charging_station import ChargingStation
from custom_components.ocpp.csms.errors import (
    CannotLimit,
    CommandRejected,
    CommandTimedOut,
    StationOffline,
)
from custom_components.ocpp.csms.model import Part, StationSettings, Topic, utcnow
from custom_components.ocpp.csms.tariff import Tariff
from tests.csms.conftest import IDENTITY, PATIENCE, MakeTwo, MakeWire, prepared, until
from tests.csms.talk import Talk
from tests.simulator import Charger, Silence
from tests.simulator_v2 import Car, Station as Two
from tests.simulator_v2.counting import counting


@pytest.fixture
async def two(station: ChargingStation, connect_station: MakeTwo) -> Two:
    """Return a station of 2.1 that keeps limits, and was prepared."""
    return await arrive(station, connect_station)


async def arrive(
    station: ChargingStation, connect_station: MakeTwo, **options: Any
) -> Two:
    """Have a station of 2.1 boot, and wait until it is known."""
    options = {"version": "ocpp2.1", "variables": counting()} | options
    two = await connect_station(**options)
    await two.power_up()
    await prepared(station)
    await two.settle()
    return two


def told(two: Two) -> list[dict[str, float]]:
    """Return the limits that went along with answers."""
    return [
        frame[2]["transactionLimit"]
        for frame in two.received
        if frame[0] == 3 and "transactionLimit" in frame[2]
    ]


def triggers(two: Two) -> list[str]:
    """Return why the events of transactions were sent."""
    return [it["triggerReason"] for it in two.sent_calls("TransactionEvent")]


async def eventually(true: Callable[[], object]) -> None:
    """Wait until something is true that no single event tells of."""
    async with asyncio.timeout(PATIENCE):
        while not true():
            await asyncio.sleep(0.005)


async def plug_in(two: Two, evse: int = 1) -> None:
    """Have a card and a car begin a session."""
    await two.present_card(evse, "CARD1")
    await two.plug_in(evse, car=Car(phases=1, max_current=16))


async def charge(two: Two, wh: float) -> None:
    """Have the car charge some energy, and the station tell so."""
    two.evses[1].meter_wh += wh
    await two.refresh(1)
    if two.evses[1].transaction is not None:
        await two.sample(1)


# --- limits that the station keeps --------------------------------------------------------


@pytest.mark.proves("E16.FR.02", ocpp="2.1")
async def test_a_limit_of_a_running_session_is_sent_at_once_and_once(
    station: ChargingStation, two: Two
) -> None:
    await plug_in(two)
    await station.transaction_limits.set(1, {"max_energy": 5000})
    # Limits only go along with answers, so the station is asked for an event.
    while (await two.wait_for_call("TriggerMessage")) != {
        "requestedMessage": "TransactionEvent",
        "evse": {"id": 1},
    }:
        pass
    await eventually(lambda: "LimitSet" in triggers(two))
    await two.sample(1)
    assert told(two) == [{"maxEnergy": 5000}]
    assert station.transaction_limits.limit(1, "max_energy") == 5000
    await station.transaction_limits.set(1, {"max_energy": 7500, "max_time": 90.4})
    await eventually(lambda: len(told(two)) == 2)
    await two.settle()
    await two.sample(1)
    assert told(two)[1:] == [{"maxEnergy": 7500, "maxTime": 90}]


async def test_a_session_is_suspended_at_its_limit_and_goes_on_with_a_higher_one(
    station: ChargingStation, two: Two
) -> None:
    await plug_in(two)
    await station.transaction_limits.set(1, {"max_energy": 2000})
    await eventually(lambda: "LimitSet" in triggers(two))
    await charge(two, 1000)
    assert station.transaction_limits.reached(1) == ""
    await charge(two, 1000)
    assert "EnergyLimitReached" in triggers(two)
    assert station.transaction_limits.reached(1) == "max_energy"
    assert station.transactions.charging_state(1) == "SuspendedEVSE"
    assert station.transactions.running(1) is not None
    await station.transaction_limits.set(1, {"max_energy": 9000})
    await eventually(lambda: station.transactions.charging_state(1) == "Charging")
    assert station.transaction_limits.reached(1) == ""


@pytest.mark.parametrize(
    ("kind", "limit", "reason"),
    [
        ("max_energy", 1000, "energy_limit_reached"),
        ("max_time", 0.1, "time_limit_reached"),
        ("max_soc", 1, "soc_limit_reached"),
    ],
)
async def test_the_reason_of_the_end_is_the_limit(
    station: ChargingStation, two: Two, kind: str, limit: float, reason: str
) -> None:
    """Whatever reason such a station gives besides (E16.FR.06)."""
    two.variables["TxCtrlr.TxStopPoint"].value = "EnergyTransfer"
    await plug_in(two)
    await charge(two, 1000)
    await station.transaction_limits.set(1, {kind: limit})
    await eventually(lambda: station.transactions.running(1) is None)
    session = station.transactions.session(1)
    assert session is not None and session.stop_reason == reason


@pytest.mark.proves("F07.FR.01", ocpp="2.1")
@pytest.mark.proves("F07.FR.02", ocpp="2.1")
async def test_a_start_from_here_brings_limits_with_the_first_answer(
    station: ChargingStation, two: Two
) -> None:
    await station.remote_control.start(
        1, limits={"max_energy": 10_000, "max_time": 3600}
    )
    request = await two.wait_for_call("RequestStartTransaction")
    assert {*request} == {"idToken", "remoteStartId", "evseId"}
    await two.settle()
    first = two.sent_calls("TransactionEvent")[0]
    assert first["eventType"] == "Started"
    assert told(two) == [{"maxEnergy": 10_000, "maxTime": 3600}]
    confirmed = two.sent_calls("TransactionEvent")[1]["transactionInfo"]
    assert confirmed["transactionLimit"] == {"maxEnergy": 10_000, "maxTime": 3600}
    await two.plug_in(1, car=Car())
    await two.sample(1)
    assert len(told(two)) == 1


async def test_one_that_begins_with_the_cable_gets_them_when_its_start_is_told(
    station: ChargingStation, two: Two
) -> None:
    await two.plug_in(1, car=Car())
    await station.remote_control.start(1, limits={"max_energy": 10_000})
    await eventually(lambda: told(two) == [{"maxEnergy": 10_000}])


async def test_limits_of_a_start_are_not_those_of_somebody_else(
    station: ChargingStation, two: Two
) -> None:
    two.answers["RequestStartTransaction"] = {"status": "Rejected"}
    with pytest.raises(CommandRejected):
        await station.remote_control.start(1, limits={"max_energy": 10_000})
    await plug_in(two)
    assert told(two) == []


async def test_a_limit_that_is_set_before_is_of_the_next_session_only(
    station: ChargingStation, two: Two
) -> None:
    await station.transaction_limits.set(1, {"max_energy": 5000})
    assert station.transaction_limits.limit(1, "max_energy") == 5000
    assert station.transaction_limits.limit(2, "max_energy") == 0
    await plug_in(two)
    assert told(two) == [{"maxEnergy": 5000}]
    await two.unplug(1)
    await eventually(lambda: station.transaction_limits.limit(1, "max_energy") == 0)
    await plug_in(two)
    assert len(told(two)) == 1


async def test_a_limit_before_a_session_can_be_taken_back(
    station: ChargingStation, two: Two
) -> None:
    await station.transaction_limits.set(1, {"max_energy": 5000})
    await station.transaction_limits.set(1, {"max_energy": 0})
    await plug_in(two)
    assert told(two) == []


@pytest.mark.proves("E16.FR.17", ocpp="2.1")
async def test_a_limit_is_taken_away_by_one_that_does_not_matter(
    station: ChargingStation, two: Two
) -> None:
    await plug_in(two)
    await station.transaction_limits.set(1, {"max_energy": 5000, "max_soc": 80})
    await eventually(lambda: len(told(two)) == 1)
    await station.transaction_limits.set(1, {"max_energy": 0, "max_soc": 0})
    await eventually(lambda: len(told(two)) == 2)
    await two.settle()
    assert told(two)[1]["maxSoC"] == 100
    assert told(two)[1]["maxEnergy"] >= 1_000_000
    assert station.transaction_limits.limit(1, "max_energy") == 0
    assert station.transaction_limits.limit(1, "max_soc") == 0


async def test_none_is_sent_where_there_was_none(
    station: ChargingStation, two: Two
) -> None:
    await plug_in(two)
    await station.transaction_limits.set(1, {"max_energy": 0})
    await two.sample(1)
    assert told(two) == []


async def test_what_the_station_says_is_in_force(
    station: ChargingStation, two: Two
) -> None:
    """Whoever stands there may set a limit, too (E16.FR.01)."""
    await plug_in(two)
    transaction = two.evses[1].transaction
    assert transaction is not None
    await two.counting.limit(transaction, {"maxEnergy": 3000, "maxSoC": 60})
    assert station.transaction_limits.limit(1, "max_energy") == 3000
    assert station.transaction_limits.limit(1, "max_soc") == 60
    assert told(two) == []


@pytest.mark.proves("E16.FR.08", ocpp="2.1")
async def test_a_lower_limit_of_the_station_is_left_alone_a_higher_one_is_not(
    station: ChargingStation, two: Two
) -> None:
    await plug_in(two)
    await station.transaction_limits.set(1, {"max_energy": 5000})
    await eventually(lambda: "LimitSet" in triggers(two))
    await two.settle()
    transaction = two.evses[1].transaction
    assert transaction is not None
    await two.counting.limit(transaction, {"maxEnergy": 4000})
    assert station.transaction_limits.limit(1, "max_energy") == 4000
    assert len(told(two)) == 1
    await two.counting.limit(transaction, {"maxEnergy": 6000})
    assert told(two)[1:] == [{"maxEnergy": 5000}]
    assert station.transaction_limits.limit(1, "max_energy") == 5000


async def test_a_station_that_insists_is_not_argued_with(
    station: ChargingStation, two: Two, monkeypatch: pytest.MonkeyPatch
) -> None:
    await plug_in(two)
    await station.transaction_limits.set(1, {"max_energy": 5000})
    await eventually(lambda: "LimitSet" in triggers(two))
    await two.settle()
    transaction = two.evses[1].transaction
    assert transaction is not None
    monkeypatch.setattr(two.counting, "hear", AsyncMock())
    for _ in range(3):
        await two.transaction_event(
            transaction,
            "Updated",
            "LimitSet",
            transactionInfo={
                "transactionId": transaction.id,
                "transactionLimit": {"maxEnergy": 6000},
            },
        )
    assert len(told(two)) == 2


@pytest.mark.proves("E16.FR.12", ocpp="2.1")
async def test_a_limit_that_the_station_does_not_keep_is_not_sent(
    station: ChargingStation, connect_station: MakeTwo
) -> None:
    two = await arrive(
        station, connect_station, variables=counting(limits="MaxTime,maxCost")
    )
    keeps = station.transaction_limits.is_kept_by_station
    assert [keeps(kind) for kind in ("max_time", "max_energy", "max_soc")] == [
        *(True, False, False)
    ]
    with pytest.raises(CannotLimit) as refused:
        await station.transaction_limits.set(1, {"max_soc": 80})
    assert refused.value.limit == "max_soc"
    with pytest.raises(CannotLimit):
        await station.remote_control.start(1, limits={"max_soc": 80})
    await plug_in(two)
    await station.transaction_limits.set(1, {"max_energy": 2000})
    await two.sample(1)
    assert told(two) == []


async def test_a_station_that_lists_nothing_keeps_no_limits(
    station: ChargingStation, connect_station: MakeTwo
) -> None:
    await arrive(station, connect_station, variables=())
    for kind in ("max_time", "max_energy", "max_soc", "max_cost"):
        assert not station.transaction_limits.is_kept_by_station(kind)


async def test_a_station_that_is_away_can_not_be_limited(
    station: ChargingStation,
) -> None:
    with pytest.raises(StationOffline):
        await station.transaction_limits.set(1, {"max_energy": 2000})


# --- limits that the station may not have heard -------------------------------------------


async def gone(station: ChargingStation, peer: Two | Charger) -> None:
    """Have the connection of a station break, and wait until that is known."""
    peer.drop()
    await until(station, Part(Topic.CONNECTION), lambda: not station.connected)


async def test_a_limit_whose_answer_was_lost_is_sent_again_on_the_next_connection(
    station: ChargingStation, two: Two, monkeypatch: pytest.MonkeyPatch
) -> None:
    await plug_in(two)
    with monkeypatch.context() as lost:
        lost.setattr(two.counting, "hear", AsyncMock())
        await station.transaction_limits.set(1, {"max_energy": 5000})
        await eventually(lambda: len(told(two)) == 1)
    await gone(station, two)
    await two.connect()
    await prepared(station)
    await eventually(lambda: "LimitSet" in triggers(two))
    assert told(two) == [{"maxEnergy": 5000}] * 2
    # One that is confirmed is not.
    await gone(station, two)
    await two.connect()
    await prepared(station)
    await two.sample(1)
    assert len(told(two)) == 2


async def test_a_limit_that_is_not_confirmed_is_sent_again_a_few_times(
    station: ChargingStation, two: Two, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its event may have been one that is not answered."""
    monkeypatch.setattr(limited, "_REPEATED_AFTER", 0)
    monkeypatch.setattr(two.counting, "hear", AsyncMock())
    await plug_in(two)
    await station.transaction_limits.set(1, {"max_energy": 5000})
    await eventually(lambda: told(two))
    for _ in range(6):
        await two.sample(1)
    assert told(two) == [{"maxEnergy": 5000}] * 4


async def test_a_limit_is_kept_from_here_when_the_station_comes_back_with_2_0_1(
    station: ChargingStation, two: Two, wire: MakeWire
) -> None:
    await plug_in(two)
    await station.transaction_limits.set(1, {"max_energy": 5000})
    await eventually(lambda: "LimitSet" in triggers(two))
    session = station.transactions.running(1)
    assert session is not None
    await gone(station, two)
    talk = Talk(await wire(subprotocols=("ocpp2.0.1",)))
    energy = {"value": two.evses[1].meter_wh + 6000}
    at = utcnow().isoformat()
    await talk.say(
        "TransactionEvent",
        {
            "eventType": "Updated",
            "timestamp": at,
            "triggerReason": "MeterValuePeriodic",
            "seqNo": 99,
            "evse": {"id": 1, "connectorId": 1},
            "transactionInfo": {"transactionId": session.id},
            "meterValue": [{"timestamp": at, "sampledValue": [energy]}],
        },
    )
    stop = await talk.command("RequestStopTransaction")
    assert stop == {"transactionId": session.id}
    assert station.transaction_limits.reached(1) == "max_energy"
    await talk.close()


# --- costs --------------------------------------------------------------------------------


@pytest.mark.proves("E16.FR.11", ocpp="2.1")
async def test_a_station_that_does_not_count_is_fed_with_costs(
    station: ChargingStation, connect_station: MakeTwo, central: CentralSystem
) -> None:
    tariff = central.shared.tariff
    tariff.currency = "EUR"
    tariff.fix(0.5, utcnow())
    two = await connect_station(version="ocpp2.1", variables=counting())
    two.variables["TariffCostCtrlr.Enabled.Tariff"].value = "false"
    await two.power_up()
    await prepared(station)
    await station.transaction_limits.set(1, {"max_cost": 1})
    await plug_in(two)
    assert told(two) == [{"maxCost": 1}]
    await charge(two, 1000)
    events = len(two.sent_calls("TransactionEvent"))
    answers = [frame[2] for frame in two.received if frame[0] == 3]
    costs = [answer["totalCost"] for answer in answers if "totalCost" in answer]
    # With each answer to an event.
    assert len(costs) == events and costs[-1] == 0.5
    await charge(two, 1000)
    await two.refresh(1)
    assert "CostLimitReached" in triggers(two)


async def test_costs_can_not_be_limited_without_a_price(
    station: ChargingStation, two: Two
) -> None:
    with pytest.raises(CannotLimit) as refused:
        await station.transaction_limits.set(1, {"max_cost": 1})
    assert refused.value.limit == "max_cost"
    await station.transaction_limits.set(1, {"max_cost": 0})


async def counts_for_another(
    station: ChargingStation, connect_station: MakeTwo, *, tells: bool
) -> Two:
    """Return a station that counts with a tariff of somebody else, and keeps no cost."""
    two = await connect_station(
        version="ocpp2.1", variables=counting(limits="maxEnergy")
    )
    running = two.variables["TariffCostCtrlr.Enabled.RunningCost"]
    running.value = str(tells).lower()
    two.counting.defaults[1] = {
        "tariffId": "operator",
        "currency": "EUR",
        "energy": {"prices": [{"priceKwh": 0.5}]},
    }
    await two.power_up()
    await prepared(station)
    await two.settle()
    assert station.tariffs.held == ["operator"]
    return two


async def test_a_session_is_ended_at_the_cost_that_its_station_counted(
    station: ChargingStation, connect_station: MakeTwo
) -> None:
    two = await counts_for_another(station, connect_station, tells=True)
    await plug_in(two)
    await station.transaction_limits.set(1, {"max_cost": 1})
    await charge(two, 1000)
    assert station.transaction_limits.reached(1) == ""
    await charge(two, 1500)
    await eventually(lambda: station.transactions.running(1) is None)


async def test_costs_that_are_told_at_the_end_only_can_not_be_limited(
    station: ChargingStation, connect_station: MakeTwo
) -> None:
    await counts_for_another(station, connect_station, tells=False)
    with pytest.raises(CannotLimit) as refused:
        await station.transaction_limits.set(1, {"max_cost": 1})
    assert refused.value.limit == "max_cost"


# --- limits that are kept from here -------------------------------------------------------


async def start_old(charger: Charger) -> None:
    """Have a car charge at a charger of 1.6."""
    await charger.plug_in(1, phases=1)
    await charger.present_card("CARD1", 1)


async def test_a_session_of_1_6_is_ended_at_its_energy(
    station: ChargingStation, charger: Charger
) -> None:
    await charger.plug_in(1, phases=1)
    await station.remote_control.start(1, limits={"max_energy": 2000})
    await eventually(lambda: station.transactions.running(1) is not None)
    assert station.transaction_limits.limit(1, "max_energy") == 2000
    charger.connectors[1].meter_wh += 1500
    await charger.meter_values(1)
    assert not charger.sent_calls("StopTransaction")
    charger.connectors[1].meter_wh += 500
    await charger.meter_values(1)
    await eventually(lambda: station.transactions.running(1) is None)
    assert station.transaction_limits.limit(1, "max_energy") == 0


async def test_a_session_of_1_6_is_ended_when_its_time_is_over(
    station: ChargingStation, charger: Charger
) -> None:
    await start_old(charger)
    await eventually(lambda: station.transactions.running(1) is not None)
    session = station.transactions.running(1)
    assert session is not None
    lasted = (utcnow() - session.started).total_seconds()
    await station.transaction_limits.set(1, {"max_time": lasted + 0.2})
    await eventually(lambda: station.transactions.running(1) is None)


async def test_a_session_of_1_6_is_ended_at_its_cost(
    station: ChargingStation, charger: Charger, central: CentralSystem
) -> None:
    tariff: Tariff = central.shared.tariff
    tariff.currency = "EUR"
    tariff.fix(0.5, utcnow() - timedelta(hours=1))
    await station.transaction_limits.set(1, {"max_cost": 1})
    await start_old(charger)
    charger.connectors[1].meter_wh += 2000
    await charger.meter_values(1)
    await eventually(lambda: station.transactions.running(1) is None)


async def test_so_is_one_of_2_0_1(
    station: ChargingStation, connect_station: MakeTwo
) -> None:
    two = await arrive(station, connect_station, version="ocpp2.0.1", variables=())
    await station.remote_control.start(1, limits={"max_energy": 2000})
    await two.plug_in(1, car=Car(phases=1))
    await charge(two, 2000)
    await eventually(lambda: station.transactions.running(1) is None)
    assert two.sent_calls("TransactionEvent")[-1]["triggerReason"] == "RemoteStop"
    assert told(two) == []


async def test_one_that_does_not_end_is_ended_again_later(
    station: ChargingStation, charger: Charger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rooms, "_AGAIN_IN", 0.05)
    asked = []

    def refuse(payload: dict[str, Any]) -> Any:
        asked.append(payload)
        return {"status": "Rejected"}

    charger.answers["RemoteStopTransaction"] = refuse
    await station.transaction_limits.set(1, {"max_time": 0.001})
    await start_old(charger)
    await eventually(lambda: len(asked) == 2)
    assert station.transaction_limits.reached(1) == "max_time"


@pytest.fixture
def ignored(charger: Charger) -> list[Any]:
    """Return the stops that a charger of 1.6 accepted, and ignored."""
    asked: list[Any] = []

    def ignore(payload: dict[str, Any]) -> Any:
        asked.append(payload)
        return {"status": "Accepted"}

    charger.answers["RemoteStopTransaction"] = ignore
    return asked


async def test_one_that_ignores_its_end_is_ended_again_later(
    station: ChargingStation,
    charger: Charger,
    ignored: list[Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(rooms, "_AGAIN_IN", 0.05)
    await station.transaction_limits.set(1, {"max_time": 0.001})
    await start_old(charger)
    await eventually(lambda: len(ignored) == 3)


async def test_a_higher_limit_holds_for_one_that_ignored_its_end(
    station: ChargingStation, charger: Charger, ignored: list[Any]
) -> None:
    await start_old(charger)
    await station.transaction_limits.set(1, {"max_energy": 1000})
    charger.connectors[1].meter_wh += 1500
    await charger.meter_values(1)
    await eventually(lambda: len(ignored) == 1)
    await station.transaction_limits.set(1, {"max_energy": 3000})
    assert station.transaction_limits.reached(1) == ""
    charger.connectors[1].meter_wh += 2000
    await charger.meter_values(1)
    await eventually(lambda: len(ignored) == 2)


async def test_a_limit_of_the_next_session_is_not_that_of_an_old_one_from_the_queue(
    station: ChargingStation, charger: Charger
) -> None:
    await station.transaction_limits.set(1, {"max_energy": 500})
    began = utcnow() - timedelta(hours=2)
    session = await charger.call(
        "StartTransaction",
        {
            "connectorId": 1,
            "idTag": "CARD1",
            "meterStart": 0,
            "timestamp": began.isoformat(),
        },
    )
    old = station.transactions.running(1)
    assert old is not None and old.started == began
    await charger.call(
        "StopTransaction",
        {
            "transactionId": session["transactionId"],
            "meterStop": 900,
            "timestamp": (began + timedelta(hours=1)).isoformat(),
        },
    )
    assert station.transactions.running(1) is None
    await start_old(charger)
    assert station.transaction_limits.limit(1, "max_energy") == 500
    charger.connectors[1].meter_wh += 600
    await charger.meter_values(1)
    await eventually(lambda: station.transactions.running(1) is None)


# --- limits of starts that nobody knows of ------------------------------------------------


@pytest.mark.parametrize("broken", [False, True])
async def test_a_start_that_was_not_answered_keeps_its_limits(
    station: ChargingStation, charger: Charger, *, broken: bool
) -> None:
    def be_silent(payload: dict[str, Any]) -> Any:
        if broken:
            charger.drop()
        return Silence()

    charger.answers["RemoteStartTransaction"] = be_silent
    with pytest.raises(StationOffline if broken else CommandTimedOut):
        await station.remote_control.start(
            1, id_token="CARD1", limits={"max_energy": 2000}
        )
    if broken:
        await charger.connect()
    await start_old(charger)
    assert station.transaction_limits.limit(1, "max_energy") == 2000


async def test_a_start_that_was_never_sent_leaves_no_limits_behind(
    station: ChargingStation, charger: Charger
) -> None:
    await gone(station, charger)
    with pytest.raises(StationOffline):
        await station.remote_control.start(
            1, id_token="CARD1", limits={"max_energy": 2000}
        )
    await charger.connect()
    await start_old(charger)
    assert station.transaction_limits.limit(1, "max_energy") == 0


async def test_limits_of_a_start_outlive_a_restart(
    central: CentralSystem, station: ChargingStation, charger: Charger
) -> None:
    await station.remote_control.start(1, id_token="CARD1", limits={"max_energy": 2000})
    await gone(station, charger)
    await station.stop()
    del central.stations[IDENTITY.casefold()]
    again = await central.add_station(IDENTITY, StationSettings())
    await charger.connect()
    await charger.plug_in(1, phases=1)
    assert again.transaction_limits.limit(1, "max_energy") == 2000


async def test_a_limit_kept_from_here_can_be_raised_and_taken_away(
    station: ChargingStation, charger: Charger
) -> None:
    await start_old(charger)
    await station.transaction_limits.set(1, {"max_energy": 1000})
    await station.transaction_limits.set(1, {"max_energy": 3000})
    charger.connectors[1].meter_wh += 2000
    await charger.meter_values(1)
    await station.transaction_limits.set(1, {"max_energy": 0})
    charger.connectors[1].meter_wh += 2000
    await charger.meter_values(1)
    assert station.transactions.running(1) is not None
    assert station.transaction_limits.limit(1, "max_energy") == 0


# --- memory -------------------------------------------------------------------------------


async def test_limits_are_remembered(
    central: CentralSystem, station: ChargingStation, two: Two
) -> None:
    await plug_in(two)
    await station.transaction_limits.set(1, {"max_energy": 5000})
    await eventually(lambda: "LimitSet" in triggers(two))
    await station.transaction_limits.set(2, {"max_soc": 80})
    await station.save()
    again = central._build(IDENTITY, StationSettings())
    await again.load()
    assert again.transaction_limits.limit(1, "max_energy") == 5000
    assert again.transaction_limits.limit(2, "max_soc") == 80
    assert again.transaction_limits.facts() == station.transaction_limits.facts()
    await again.stop()
