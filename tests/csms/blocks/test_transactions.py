"""Charging sessions: rules 20 to 27 of what central systems get wrong."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from custom_components.ocpp.csms.blocks import metering
from custom_components.ocpp.csms.blocks.transactions import UNKNOWN_END
from custom_components.ocpp.csms.central_system import CentralSystem
from custom_components.ocpp.csms.charging_station import ChargingStation
from custom_components.ocpp.csms.errors import NoTransaction
from custom_components.ocpp.csms.events import SessionEnded
from custom_components.ocpp.csms.model import (
    Options,
    Part,
    RegistrationStatus,
    StationSettings,
    Topic,
    Transaction,
)
from custom_components.ocpp.csms.shared import Shared
from custom_components.ocpp.csms.store import Store
from tests.csms.conftest import IDENTITY, MakeCharger, until
from tests.csms.talk import at_rest
from tests.simulator import Charger

REGISTER = "Energy.Active.Import.Register"
POWER = "Power.Active.Import"


def ago(seconds: float) -> str:
    """Return a time in the past as stations write it."""
    at = datetime.now(UTC) - timedelta(seconds=seconds)
    return at.strftime("%Y-%m-%dT%H:%M:%S.%f")[:23] + "Z"


def energy(value: float) -> list[dict[str, Any]]:
    """Return a sample of the register in Wh."""
    return [{"value": str(value), "measurand": REGISTER, "unit": "Wh"}]


async def start(
    charger: Charger, connector: int = 1, meter: int = 1000, **other: Any
) -> int:
    """Send a start and return the id it got."""
    answer = await charger.call(
        "StartTransaction",
        {
            "connectorId": connector,
            "idTag": "CARD1",
            "meterStart": meter,
            "timestamp": ago(60),
        }
        | other,
    )
    number: int = answer["transactionId"]
    return number


async def stop(charger: Charger, number: int, meter: int, **other: Any) -> Any:
    """Send a stop and return the answer."""
    return await charger.call(
        "StopTransaction",
        {"transactionId": number, "meterStop": meter, "timestamp": ago(1)} | other,
    )


async def status(charger: Charger, what: str, seconds: float = 1, **other: Any) -> None:
    """Send a status of connector 1."""
    await charger.call(
        "StatusNotification",
        {"connectorId": 1, "errorCode": "NoError", "status": what}
        | {"timestamp": ago(seconds)}
        | other,
    )


async def sample(
    charger: Charger,
    value: float,
    number: int | None = None,
    seconds: float = 0,
    **other: Any,
) -> None:
    """Send a sample of the register."""
    payload = {
        "connectorId": 1,
        "meterValue": [{"timestamp": ago(seconds), "sampledValue": energy(value)}],
    }
    if number is not None:
        payload["transactionId"] = number
    await charger.call("MeterValues", payload | other, validate=False)


def session(station: ChargingStation, evse: int = 1) -> Transaction:
    """Return the newest session."""
    transaction = station.transactions.session(evse)
    assert transaction is not None
    return transaction


@pytest.fixture
def options() -> Options:
    """Ask the stations for nothing."""
    return Options(quiet=True, settle=0, boot_grace=0.05, call_timeout=1, queue_grace=0)


@asynccontextmanager
async def restarted(central: CentralSystem) -> AsyncGenerator[ChargingStation]:
    """Run another central system on the store and the port of one that ended."""
    await central.close()
    async with asyncio.timeout(5):
        other = CentralSystem(
            host="127.0.0.1",
            port=central.port,
            store=central.shared.store,
            options=central.options,
        )
        await other.open()
        station = await other.add_station(IDENTITY, StationSettings())
        await other.listen()
    yield station
    await other.close()


async def test_ids(
    central: CentralSystem,
    station: ChargingStation,
    charger: Charger,
    connect_charger: MakeCharger,
) -> None:
    """Each transaction has a positive id that no other has, at whatever station."""
    await central.add_station("CP2", StationSettings())
    neighbour = await connect_charger("CP2")
    await neighbour.boot()
    ids = [
        await start(charger),
        await start(neighbour),
        await start(charger, meter=2000),
        await start(neighbour, meter=2000),
    ]
    assert all(0 < number < 2**31 for number in ids)
    assert len(set(ids)) == 4
    async with restarted(central):
        await charger.connect()
        ids.append(await start(charger, meter=3000))
    assert len(set(ids)) == 5


async def test_refused_start_has_an_id_and_touches_nothing(
    station: ChargingStation, charger: Charger
) -> None:
    """A start that is refused exists, and leaves the session beside it alone."""
    number = await start(charger)
    station.apply_settings(StationSettings(registration=RegistrationStatus.PENDING))
    answer = await charger.call(
        "StartTransaction",
        {
            "connectorId": 1,
            "idTag": "OTHER",
            "meterStart": 1500,
            "timestamp": ago(5),
        },
    )
    assert answer["idTagInfo"] == {"status": "Invalid"}
    assert answer["transactionId"] not in (number, 0, -1)
    assert session(station).id == str(number)
    assert session(station).running
    # It can be stopped like any other.
    answer = await stop(charger, answer["transactionId"], 1500, idTag="OTHER")
    assert answer == {"idTagInfo": {"status": "Invalid"}}
    assert session(station).running


async def test_repeated_start(
    central: CentralSystem, station: ChargingStation, charger: Charger
) -> None:
    """It gets the id it had: on this socket, on the next, and after a restart of ours."""
    again: dict[str, Any] = {"timestamp": ago(30)}
    number = await start(charger, **again)
    assert await start(charger, **again) == number
    assert await start(charger, **again | {"idTag": "card1"}) == number
    charger.drop()
    await charger.connect()
    assert await start(charger, **again) == number
    assert session(station).running
    async with restarted(central) as reborn:
        await charger.connect()
        assert await start(charger, **again) == number
        assert session(reborn).running
        await stop(charger, number, 1600)
        # Also after it ended; nothing is begun anew.
        assert await start(charger, **again) == number
        assert not session(reborn).running


async def test_start_on_a_busy_connector(
    station: ChargingStation, charger: Charger
) -> None:
    """The end of the session before was lost; should it still come, it counts."""
    lost = await start(charger)
    await sample(charger, 1700, seconds=30)
    number = await start(charger, meter=1800, idTag="CARD2", timestamp=ago(10))
    ended = await station.store.find(IDENTITY, str(lost))
    assert ended is not None and ended.stop_reason == UNKNOWN_END
    assert ended.energy == 700
    await stop(charger, lost, 1790, reason="Local", timestamp=ago(12))
    ended = await station.store.find(IDENTITY, str(lost))
    assert ended is not None and ended.stop_reason == "local"
    assert (ended.energy, ended.meter_stop) == (790, 1790)
    # The session that runs now has nothing to do with it.
    assert session(station).id == str(number)
    assert session(station).running
    assert session(station).energy == 0


async def test_late_stop_with_samples_of_its_own(
    station: ChargingStation, charger: Charger
) -> None:
    """They count for the session that is over, and not for the one that runs."""
    lost = await start(charger)
    await start(charger, meter=1800, idTag="CARD2", timestamp=ago(10))
    data = [{"timestamp": ago(12), "sampledValue": energy(1790)}]
    await stop(charger, lost, 1790, timestamp=ago(12), transactionData=data)
    assert session(station).running
    assert session(station).energy == 0
    ended = await station.store.find(IDENTITY, str(lost))
    assert ended is not None and ended.energy == 790


async def test_repeated_stop(station: ChargingStation, charger: Charger) -> None:
    """It is answered alike and counted once."""
    number = await start(charger)
    answers = [
        await stop(charger, number, meter, idTag="CARD1")
        for meter in (2000, 2000, 9000)
    ]
    assert answers == [{"idTagInfo": {"status": "Accepted"}}] * 3
    assert session(station).energy == 1000
    assert session(station).meter_stop == 2000


async def test_stop_of_nothing(station: ChargingStation, charger: Charger) -> None:
    """An unknown id is answered and kept as a record that is no session to show."""
    assert await stop(charger, 4711, 900) == {}
    assert await stop(charger, 4711, 900) == {}
    assert station.transactions.session(1) is None
    kept = await station.store.find(IDENTITY, "4711")
    assert kept is not None
    assert (kept.evse, kept.meter_stop, kept.running) == (0, 900, False)


@pytest.mark.parametrize("number", [-1, 0])
async def test_stop_without_id(
    station: ChargingStation, charger: Charger, number: int
) -> None:
    """The answer to the start never arrived: the only session that runs is meant."""
    await start(charger)
    await stop(charger, number, 1400)
    assert not session(station).running
    assert session(station).energy == 400


async def test_stop_without_id_of_two(
    station: ChargingStation, charger: Charger
) -> None:
    """Of two sessions that run none is ended on a guess."""
    station.add_evse(2)
    await start(charger)
    await start(charger, 2)
    await stop(charger, -1, 1400)
    assert session(station, 1).running
    assert session(station, 2).running
    with pytest.raises(NoTransaction):
        station.transactions.the_running(None)
    assert station.transactions.the_running(2) == session(station, 2)


async def test_stop_of_another_stations_transaction(
    central: CentralSystem,
    station: ChargingStation,
    charger: Charger,
    connect_charger: MakeCharger,
) -> None:
    """An id belongs to the station it was given to."""
    number = await start(charger)
    await central.add_station("CP2", StationSettings())
    neighbour = await connect_charger("CP2")
    await stop(neighbour, number, 5000)
    assert session(station).running


async def test_offline_messages_keep_their_times(
    station: ChargingStation, charger: Charger
) -> None:
    """A session that ran while nobody listened is recorded as it was."""
    await status(charger, "Available")
    began, ended = ago(7200), ago(3600)
    number = await start(charger, timestamp=began)
    await sample(charger, 4000, number, seconds=5000)
    await stop(charger, number, 6000, timestamp=ended, reason="EVDisconnected")
    recorded = session(station)
    assert recorded.started == datetime.fromisoformat(began)
    assert recorded.ended == datetime.fromisoformat(ended)
    assert (recorded.energy, recorded.stop_reason) == (5000, "ev_disconnected")
    state = station.availability.state(1)
    assert state is not None and state.status == "available"


async def test_queued_samples_do_not_undo_a_newer_one(
    station: ChargingStation, charger: Charger
) -> None:
    """Older registers behind a newer one are no register that starts again."""
    number = await start(charger, timestamp=ago(600))
    await sample(charger, 5000, number)
    for age, value in ((500, 2000), (400, 3000), (300, 4000)):
        await sample(charger, value, number, seconds=age)
    assert station.metering.register(1) == 5000
    assert session(station).energy == 4000


async def test_late_samples_revive_nothing(
    station: ChargingStation, charger: Charger
) -> None:
    """With the id of a session that ended, neither it nor its power come back."""
    number = await start(charger)
    await status(charger, "Charging", 50)
    power = {"value": "7.1", "measurand": POWER, "unit": "kW"}
    late = {"timestamp": ago(0), "sampledValue": [power, *energy(1900)]}
    await charger.call("MeterValues", {"connectorId": 1, "meterValue": [late]})
    reading = station.metering.reading(1, POWER)
    assert reading is not None and reading.value == 7100
    await stop(charger, number, 1900)
    for _ in range(2):
        await sample(charger, 1900, number, meterValue=[late])
        reading = station.metering.reading(1, POWER)
        assert reading is not None and reading.value == 0
    assert not session(station).running


async def test_samples_with_the_stop(
    central: CentralSystem, station: ChargingStation, charger: Charger
) -> None:
    """The session ends with them, and is ended in the store as well."""
    number = await start(charger, timestamp=ago(3600))
    data = [
        {"timestamp": ago(3600), "sampledValue": energy(1000)},
        {"timestamp": ago(2), "sampledValue": energy(8000)},
    ]
    await stop(charger, number, 8010, transactionData=data)
    await at_rest(station)
    assert session(station).energy == 7010
    async with restarted(central) as reborn:
        assert not session(reborn).running
        assert session(reborn).energy == 7010


async def test_session_known_from_its_samples(
    station: ChargingStation, charger: Charger
) -> None:
    """It is taken up once the connector says it charges, and can be stopped."""
    await sample(charger, 5000, 815, seconds=30)
    assert station.transactions.running(1) is None
    await status(charger, "Charging", 0)
    await sample(charger, 5300, 815, seconds=10)
    await sample(charger, 5900, 815)
    running = session(station)
    assert running.running
    assert (running.id, running.meter_start, running.energy) == ("815", None, 900)
    charger.answers["RemoteStopTransaction"] = {"status": "Accepted"}
    await station.remote_control.stop(1)
    assert await charger.wait_for_call("RemoteStopTransaction") == {
        "transactionId": 815
    }
    await stop(charger, 815, 6000)
    assert not session(station).running
    assert session(station).energy == 1000


async def test_wrong_guess_of_an_end(
    station: ChargingStation, charger: Charger
) -> None:
    """A session whose end was only guessed goes on when it shows that it does."""
    number = await start(charger)
    await status(charger, "Available", 0)
    await at_rest(station)
    assert session(station).stop_reason == UNKNOWN_END
    await status(charger, "Charging", 0)
    await sample(charger, 2500, number)
    assert session(station).running
    assert session(station).stop_reason is None
    assert session(station).energy == 1500


async def test_session_of_a_charger_that_was_not_adopted_yet(
    station: ChargingStation, charger: Charger
) -> None:
    """A station that charged on although it was refused has a session to stop."""
    station.apply_settings(StationSettings(registration=RegistrationStatus.PENDING))
    number = await start(charger)
    station.settings = StationSettings()
    await status(charger, "Charging", 0)
    await sample(charger, 1800, number)
    assert session(station).running
    assert session(station).energy == 800


async def test_restart_in_the_middle(
    central: CentralSystem, station: ChargingStation, charger: Charger
) -> None:
    """The energy of a session survives, also what came while nobody listened."""
    number = await start(charger)
    await sample(charger, 1500, number, seconds=40)
    await sample(charger, 20, number, seconds=30)
    await sample(charger, 200, number, seconds=20)
    assert session(station).energy == 700
    async with restarted(central) as reborn:
        assert session(reborn).energy == 700
        await charger.connect()
        await sample(charger, 350, number)
        assert session(reborn).energy == 850
        await stop(charger, number, 400)
        assert session(reborn).energy == 900


async def test_killed_before_anything_was_counted(
    store: Store, station: ChargingStation, charger: Charger
) -> None:
    """The start is in the store: what was charged since counts when we are back."""
    number = await start(charger)
    reborn = reborn_station(store)
    await reborn.load()
    assert session(reborn).id == str(number)
    reborn.transactions.on_register(1, 1800, datetime.now(UTC), str(number))
    assert session(reborn).energy == 800
    await reborn.stop()


def reborn_station(store: Store) -> ChargingStation:
    """Return the station as another process finds it."""
    return ChargingStation(
        IDENTITY,
        settings=StationSettings(),
        shared=Shared(store=store, options=Options()),
    )


async def test_killed_after_some_samples(
    store: Store, station: ChargingStation, charger: Charger
) -> None:
    """What was charged is shown at once when we are back, and not counted twice."""
    number = await start(charger, timestamp=ago(120))
    await sample(charger, 1500, number, seconds=90)
    await sample(charger, 2400, number, seconds=20)
    await store.samples(number)
    reborn = reborn_station(store)
    await reborn.load()
    assert reborn.transactions.energy(1) == 1400
    reborn.transactions.on_register(1, 3000, datetime.now(UTC), str(number))
    assert reborn.transactions.energy(1) == 2000
    await reborn.stop()


@pytest.mark.parametrize(("later", "register"), [(-60, 2500), (60, 1200)])
async def test_killed_before_the_register_of_an_end_was_stored(
    store: Store,
    station: ChargingStation,
    charger: Charger,
    later: float,
    register: float,
) -> None:
    """The end is stored at once, registers are not. What was read later still counts."""
    number = await start(charger, timestamp=ago(300))
    await sample(charger, 1200, number, seconds=200)
    await station.save()
    facts = await store.load_facts(IDENTITY)
    await stop(charger, number, 2500, timestamp=ago(100))
    assert station.metering.register(1) == 2500
    # As it was last written when the process is killed.
    moment = (datetime.now(UTC) - timedelta(seconds=100 - later)).isoformat()
    facts["metering"]["registers"]["1"] = [1200, moment]
    await station.save()
    await station.stop()
    await store.save_facts(IDENTITY, facts)
    reborn = reborn_station(store)
    await reborn.load()
    assert reborn.metering.register(1) == register
    await reborn.stop()


async def test_samples_behind_a_guessed_end(
    station: ChargingStation, charger: Charger
) -> None:
    """They were queued while the charger was offline, and still count."""
    number = await start(charger, timestamp=ago(300))
    await sample(charger, 1500, number, seconds=200)
    await status(charger, "Available", 0)
    await at_rest(station)
    await sample(charger, 4000, number, seconds=60)
    ended = session(station)
    assert (ended.stop_reason, ended.energy) == (UNKNOWN_END, 3000)
    await station.save()
    stored = await station.store.find(IDENTITY, str(number))
    assert stored is not None and stored.energy == 3000


async def test_repeated_end_without_an_id(
    store: Store, station: ChargingStation, charger: Charger
) -> None:
    """It is that of the session it ended already, not one of an unknown session."""
    await start(charger)
    at = ago(1)
    await stop(charger, -1, 3000, timestamp=at)
    reborn = reborn_station(store)
    await reborn.load()
    await reborn.transactions.on_stop_transaction(
        {"transactionId": -1, "meterStop": 3000, "timestamp": at}
    )
    assert session(reborn).energy == 2000
    assert "StopTransaction: unknown transaction" not in reborn.notes
    await reborn.stop()


async def test_queue_that_takes_longer_than_a_minute(
    station: ChargingStation, charger: Charger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Old samples behind a live one are neither a clock set back nor a new register."""
    number = await start(charger, meter=10_000, timestamp=ago(7200))
    await sample(charger, 20_000, number)
    now = datetime.now(UTC)
    for step in range(60):
        received = now + timedelta(seconds=2 * step)
        monkeypatch.setattr(metering, "utcnow", lambda at=received: at)
        await sample(charger, 11_000 + 100 * step, number, seconds=7000 - 100 * step)
    assert session(station).energy == 10_000
    assert station.metering.register(1) == 20_000
    await stop(charger, number, 20_200)
    assert session(station).energy == 10_200


async def test_queued_session_behind_a_live_one(
    store: Store, station: ChargingStation, charger: Charger
) -> None:
    """It is recorded; the one that runs goes on, also after a restart."""
    live = await start(charger, meter=5000, idTag="LIVE", timestamp=ago(600))
    await sample(charger, 5500, live, seconds=300)
    past = await start(charger, meter=1000, idTag="PAST", timestamp=ago(7200))
    assert session(station).id_token == "LIVE" and session(station).running
    await stop(charger, past, 4000, timestamp=ago(3600))
    running = session(station)
    assert (running.id, running.energy, running.running) == (str(live), 500, True)
    kept = await store.find(IDENTITY, str(past))
    assert kept is not None
    assert (kept.energy, kept.stop_reason) == (3000, "local")
    reborn = reborn_station(store)
    await reborn.load()
    found = reborn.transactions.running(1)
    assert found is not None and found.id == str(live)
    await reborn.stop()
    await stop(charger, live, 6000)
    last = station.transactions.ended.get(1)
    assert last is not None and last.id_token == "LIVE"


async def test_clock_that_stands_still(
    station: ChargingStation, charger: Charger
) -> None:
    """Each session begins at the same time, and is one of its own all the same."""
    stuck = {"timestamp": "1970-01-01T00:00:00Z"}
    first = await start(charger, meter=500_000, **stuck)
    await stop(charger, first, 500_000, **stuck)
    second = await start(charger, meter=500_000, **stuck)
    assert second != first
    await stop(charger, second, 503_000, **stuck)
    assert session(station).energy == 3000


async def test_end_that_comes_behind_the_status(
    station: ChargingStation, charger: Charger
) -> None:
    """A charger that is just back says it is free before it says why."""
    ends: list[SessionEnded] = []
    station.follow(lambda it: ends.append(it) if isinstance(it, SessionEnded) else None)
    number = await start(charger, timestamp=ago(600))
    station.shared.options = replace(station.options, queue_grace=60)
    await status(charger, "Available", 0)
    await stop(charger, number, 9000)
    await until(station, Part(Topic.TRANSACTION, 1), lambda: ends)
    assert [(it.interrupted, it.transaction.energy) for it in ends] == [(False, 8000)]


async def test_price_of_the_session_itself_survives_a_kill(
    store: Store, station: ChargingStation, charger: Charger
) -> None:
    """It is stored with the start."""
    station.tariff.currency, station.tariff.per_session = "EUR", 1.5
    await start(charger)
    reborn = reborn_station(store)
    await reborn.load()
    assert (session(reborn).cost, session(reborn).currency) == (1.5, "EUR")
    await reborn.stop()


async def test_samples_of_the_session_before(
    station: ChargingStation, charger: Charger
) -> None:
    """They say whose they are, and add nothing to the session that runs."""
    before = await start(charger, timestamp=ago(300))
    await stop(charger, before, 2000, timestamp=ago(200))
    number = await start(charger, meter=2000, idTag="CARD2")
    await sample(charger, 2500, before)
    assert session(station).energy == 0
    await sample(charger, 3000, number)
    assert session(station).energy == 1000


async def test_late_end_after_a_restart(
    store: Store, station: ChargingStation, charger: Charger
) -> None:
    """A session whose end was guessed is counted on from where it was."""
    station.metering.take_register(1, 150_000, datetime.now(UTC) - timedelta(hours=1))
    number = await start(charger, meter=0, timestamp=ago(300))
    await sample(charger, 150_400, number, seconds=200)
    await status(charger, "Available", 0)
    await at_rest(station)
    reborn = reborn_station(store)
    await reborn.load()
    await reborn.transactions.on_stop_transaction(
        {"transactionId": number, "meterStop": 150_900, "timestamp": ago(0)}
    )
    assert session(reborn).energy == 900
    await reborn.stop()


async def test_long_session_is_saved_now_and_then(
    station: ChargingStation, charger: Charger
) -> None:
    """A killed process loses no more counting than since the station was last saved."""
    number = await start(charger)
    await sample(charger, 4000, number)
    await station.save()
    saved = await station.store.find(IDENTITY, str(number))
    assert saved is not None and saved.energy == 3000


async def test_nothing_flows_after_the_end(
    station: ChargingStation, charger: Charger
) -> None:
    """Power and current go to zero by themselves; voltage and register stay."""
    await charger.plug_in()
    await charger.present_card("CARD1")
    await charger.tick(60)
    values = station.metering.values[1]
    assert values[POWER] > 10_000
    charger.configuration["MeterValuesSampledData"].value = ""
    await charger.stop()
    flowing = {
        name
        for name, value in values.items()
        if value and name.partition("/")[0] in (POWER, "Current.Import")
    }
    assert flowing == set()
    assert values["Voltage"] == 230
    assert values[REGISTER] > 1000


async def test_status_before_the_session_does_not_end_it(
    station: ChargingStation, charger: Charger
) -> None:
    """Nor does a connector that is merely finishing."""
    await start(charger, timestamp=ago(30))
    await status(charger, "Available", 60)
    await status(charger, "Finishing", 1)
    await at_rest(station)
    assert session(station).running


async def test_who_watches_hears_of_it(
    station: ChargingStation, charger: Charger, heard: Callable[[Topic], int]
) -> None:
    """Start, energy and end are told; a sample that changes nothing is not."""
    number = await start(charger)
    assert heard(Topic.TRANSACTION) == 1
    await sample(charger, 1500, number)
    assert heard(Topic.ENERGY) == 1
    await sample(charger, 1500, number)
    assert heard(Topic.ENERGY) == 0
    await stop(charger, number, 1500)
    assert heard(Topic.TRANSACTION) == 1


@pytest.fixture
def heard(station: ChargingStation) -> Callable[[Topic], int]:
    """Return how often listeners heard of a topic of EVSE 1 since it was last asked."""
    counts = dict.fromkeys(Topic, 0)
    for topic in Topic:

        def listener(topic: Topic = topic) -> None:
            counts[topic] += 1

        station.watch((topic, 1, ""), listener)  # type: ignore[arg-type]

    def take(topic: Topic) -> int:
        count, counts[topic] = counts[topic], 0
        return count

    return take


async def test_start_at_an_unknown_connector(
    station: ChargingStation, charger: Charger
) -> None:
    """With several to choose from it is kept without one, and ends as any other."""
    station.add_evse(2)
    number = await start(charger, 0)
    assert session(station, 0).running
    await stop(charger, number, 1250)
    assert session(station, 0).energy == 250


async def test_charger_of_our_own(station: ChargingStation, charger: Charger) -> None:
    """A session as it should be, from card to plug."""
    await charger.plug_in()
    assert await charger.present_card("CARD1")
    await charger.tick(600)
    running = session(station)
    assert running.running and running.id_token == "CARD1"
    assert running.energy == pytest.approx(16 * 230 * 3 / 6, abs=1)
    await charger.unplug()
    assert session(station).stop_reason == "ev_disconnected"
    assert session(station).energy == running.energy
