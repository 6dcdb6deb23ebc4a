"""Profiles and limits of others: how many are kept, until when, and over what."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import Any

import pytest

from custom_components.ocpp.csms.blocks.smart_charging import installed as reckoning
from custom_components.ocpp.csms.blocks.smart_charging.external import Foreign
from custom_components.ocpp.csms.central_system import CentralSystem
from custom_components.ocpp.csms.charging_station import ChargingStation
from custom_components.ocpp.csms.model import (
    Part,
    Payload,
    StationSettings,
    Topic,
    timestamp,
    utcnow,
)
from tests.csms.conftest import IDENTITY, prepared, until
from tests.simulator_v2 import Car, Station as Two

EXTERNAL = "ChargingStationExternalConstraints"
MOST = 200
type Restart = Callable[[], Awaitable[ChargingStation]]


@pytest.fixture
async def restart(central: CentralSystem) -> AsyncGenerator[Restart]:
    """Return what begins anew with what was stored; stations can connect again."""
    async with AsyncExitStack() as stack:
        last = [central]

        async def restart() -> ChargingStation:
            await last[-1].close()
            other = CentralSystem(
                host="127.0.0.1",
                port=central.port,
                store=central.shared.store,
                options=central.options,
            )
            await other.open()
            stack.push_async_callback(other.close)
            reborn = await other.add_station(IDENTITY, StationSettings())
            await other.listen()
            last.append(other)
            return reborn

        yield restart


def schedule(limit: float) -> Payload:
    """Return a schedule of one limit."""
    return {
        "id": 1,
        "chargingRateUnit": "A",
        "startSchedule": timestamp(utcnow()),
        "chargingSchedulePeriod": [{"startPeriod": 0, "limit": limit}],
    }


def written(number: int = 100, limit: float = 8, **rest: Any) -> Payload:
    """Return a profile; each number has a stack level of its own."""
    return {
        "id": number,
        "stackLevel": number,
        "chargingProfilePurpose": "TxDefaultProfile",
        "chargingProfileKind": "Absolute",
        "chargingSchedule": [schedule(limit)],
    } | rest


def report(*profiles: Payload, source: str = "CSO", evse: int = 1) -> Payload:
    """Return a report that nobody asked for."""
    return {
        "requestId": 4711,
        "chargingLimitSource": source,
        "evseId": evse,
        "chargingProfile": list(profiles),
    }


async def notify(two: Two, limit: float, source: str = "EMS", evse: int = 1) -> None:
    """Tell of a limit with its schedule, which no report ever has."""
    payload = {
        "chargingLimit": {"chargingLimitSource": source, "isGridCritical": True},
        "evseId": evse,
        "chargingSchedule": [schedule(limit)],
    }
    assert await two.call("NotifyChargingLimit", payload) == {}


def numbers(station: ChargingStation) -> list[tuple[str, int]]:
    """Return source and id of what is known."""
    return [(it.source, it.id) for it in station.smart_charging.installed.profiles]


class Counted:
    """Counts how often something is called."""

    def __init__(self, patch: pytest.MonkeyPatch, target: object, *names: str) -> None:
        """Count the methods of these names."""
        self.calls: list[str] = []
        for name in names:
            self._count(patch, target, name)

    def _count(self, patch: pytest.MonkeyPatch, target: object, name: str) -> None:
        before = getattr(target, name)

        def counted(*given: Any, **named: Any) -> Any:
            self.calls.append(name)
            return before(*given, **named)

        patch.setattr(target, name, counted)


# --- what people sent in the name of others ---------------------------------------------


async def test_a_profile_in_the_name_of_others_is_gone_once_it_is_over(
    station: ChargingStation, two: Two, restart: Restart, monkeypatch: Any
) -> None:
    """It is forgotten once, over a restart as well, and nothing waits for it any more."""
    soon = timestamp(utcnow() + timedelta(seconds=1))
    grid = written(77, chargingProfilePurpose=EXTERNAL, validTo=soon)
    two.answers["SetChargingProfile"] = {"status": "Accepted"}
    payload = {"evseId": 0, "chargingProfile": grid}
    await station.sending.exchange("SetChargingProfile", payload)
    installed = station.smart_charging.installed
    assert numbers(station) == [("CSO", 77)]
    wakes = Counted(monkeypatch, installed, "_on_time")
    # The timer that runs does not count.
    installed.tell()
    await until(station, Part(Topic.LIMIT, 1, "schedule"), lambda: not numbers(station))
    assert wakes.calls == ["_on_time"]
    assert installed._timer is None
    reborn = await restart()
    assert numbers(reborn) == []
    assert reborn.smart_charging.installed._timer is None


async def test_a_profile_in_the_name_of_others_is_known_once(
    station: ChargingStation, two: Two
) -> None:
    """The station reports it like any other that it holds."""
    grid = written(77, chargingProfilePurpose=EXTERNAL)
    two.answers["SetChargingProfile"] = {"status": "Accepted"}
    payload = {"evseId": 1, "chargingProfile": grid}
    await station.sending.exchange("SetChargingProfile", payload)
    await two.call("ReportChargingProfiles", report(grid))
    assert numbers(station) == [("CSO", 77)]


# --- how much is kept -------------------------------------------------------------------


@pytest.mark.parametrize("source", ["CSO", "EMS"])
async def test_a_station_can_not_fill_the_memory_with_profiles(
    station: ChargingStation, two: Two, source: str
) -> None:
    purpose = EXTERNAL if source == "EMS" else "TxDefaultProfile"
    for begin in (1000, 1400):
        profiles = [
            written(number, chargingProfilePurpose=purpose)
            for number in range(begin, begin + 400)
        ]
        await two.call("ReportChargingProfiles", report(*profiles, source=source))
    assert numbers(station) == [(source, 1000 + it) for it in range(MOST)]
    assert station.notes["charging profiles: too many"] == 600
    # What is known may change still, and our own limit always has room.
    changed = written(1003, 12, chargingProfilePurpose=purpose)
    await two.call("ReportChargingProfiles", report(changed, source=source))
    (held,) = (it for it in station.smart_charging.installed.profiles if it.id == 1003)
    assert held.schedules[0]["chargingSchedulePeriod"][0]["limit"] == 12
    await station.smart_charging.set_limit(2, 10)
    assert station.smart_charging.amperes(2) == 10
    assert len(numbers(station)) == MOST + 1


@pytest.mark.parametrize("source", ["CSO", "EMS"])
async def test_a_station_can_not_fill_the_memory_with_periods(
    station: ChargingStation, two: Two, source: str
) -> None:
    """The profiles of a station have 4,000 periods at most, all together."""
    purpose = EXTERNAL if source == "EMS" else "TxDefaultProfile"
    long = schedule(6) | {
        "chargingSchedulePeriod": [
            {"startPeriod": it * 10, "limit": 6} for it in range(1000)
        ]
    }
    for number in range(1000, 1020):
        profile = written(number, chargingProfilePurpose=purpose)
        profile["chargingSchedule"] = [long]
        await two.call("ReportChargingProfiles", report(profile, source=source))
    assert numbers(station) == [(source, 1000 + it) for it in range(4)]
    assert station.notes["charging profiles: too many"] == 16


def test_a_station_can_not_fill_the_memory_with_limits() -> None:
    """The newest hundred are known, and their schedules as long as there is room."""
    known = Foreign(IDENTITY)
    long = schedule(6) | {
        "chargingSchedulePeriod": [
            {"startPeriod": it * 10, "limit": 6} for it in range(1000)
        ]
    }
    for number in range(110):
        known.notified(f"EMS{number}", 1, [long], grid_critical=None)
    assert len(known.profiles) == 4
    sources = known.sources
    assert sources == {f"EMS{number}" for number in range(10, 110)}


async def test_what_takes_long_to_reckon_is_put_off_for_the_others(
    station: ChargingStation, two: Two, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A station with thousands of periods is looked at again only after a rest."""
    monkeypatch.setattr(reckoning, "_LONG", -1.0)
    monkeypatch.setattr(reckoning, "_REST", 1e9)
    looked = Counted(monkeypatch, station.smart_charging.installed, "_look")
    await notify(two, 6)
    assert looked.calls == ["_look"]
    for limit in range(7, 20):
        await notify(two, limit)
    assert looked.calls == ["_look"]
    # The limit itself is known all the same, and shown once the rest is over.
    held = station.smart_charging.installed
    assert held.external(1).amperes == 19
    assert held._timer is not None
    held._rests_until = 0
    held.tell()
    assert looked.calls == ["_look"] * 2


async def test_a_report_is_looked_at_once_and_only_news_is_written(
    station: ChargingStation, two: Two, monkeypatch: pytest.MonkeyPatch
) -> None:
    profiles = [written(number) for number in range(1, 51)]
    told = Counted(monkeypatch, station.smart_charging.installed, "tell")
    names = "save_charging_profile", "delete_charging_profile"
    stored = Counted(monkeypatch, station.store, *names)
    await two.call("ReportChargingProfiles", report(*profiles))
    assert told.calls == ["tell"]
    assert stored.calls == ["save_charging_profile"] * 50
    stored.calls.clear()
    await two.call("ReportChargingProfiles", report(*profiles))
    assert stored.calls == []
    # Two at the same place do not replace each other for ever.
    twin = written(200, stackLevel=1)
    await two.call("ReportChargingProfiles", report(*profiles, twin))
    assert stored.calls == []
    assert len(numbers(station)) == 50


# --- limits from elsewhere --------------------------------------------------------------


async def test_a_limit_from_elsewhere_holds_while_nobody_takes_it_back(
    station: ChargingStation, two: Two, restart: Restart
) -> None:
    """Neither a lost connection ends it, nor a restart here, nor a report without it."""
    await notify(two, 6)
    external = (6, "EMS", True)
    assert station.smart_charging.installed.external(1) == external
    two.drop()
    await until(station, Part(Topic.CONNECTION), lambda: not station.connected)
    await two.connect()
    await prepared(station)
    await two.settle()
    assert station.smart_charging.installed.external(1) == external
    reborn = await restart()
    installed = reborn.smart_charging.installed
    assert installed.external(1) == external
    await two.connect()
    await prepared(reborn)
    await two.settle()
    assert installed.external(1) == external
    await two.call("ClearedChargingLimit", {"chargingLimitSource": "EMS", "evseId": 1})
    assert installed.external(1) == (None, None, None)
    reborn = await restart()
    assert reborn.smart_charging.installed.external(1) == (None, None, None)


async def test_a_limit_from_elsewhere_ends_with_a_restart_of_the_station(
    station: ChargingStation, two: Two
) -> None:
    await notify(two, 6)
    installed = station.smart_charging.installed
    boot = {
        "reason": "Triggered",
        "chargingStation": {"vendorName": "V", "model": "M"},
    }
    await two.call("BootNotification", boot)
    # It only told of itself again.
    assert installed.external(1).amperes == 6
    await two.call("BootNotification", boot | {"reason": "PowerUp"})
    assert installed.external(1) == (None, None, None)


async def test_what_a_car_wants_is_known_after_a_restart(
    station: ChargingStation, two: Two, restart: Restart
) -> None:
    await two.plug_in(1, car=Car(phases=3, max_current=32))
    assert await two.present_card(1)
    await two.settle()
    departure = utcnow() + timedelta(hours=8)
    await two.notify_charging_needs(1, departureTime=timestamp(departure))
    await two.until(lambda: _offers(two) == 1, 5)
    await two.settle()
    needs, offered = station.smart_charging.needs, station.smart_charging._offered
    reborn = await restart()
    assert reborn.smart_charging.needs == needs != {}
    assert reborn.smart_charging._offered == offered != {}
    await two.connect()
    await prepared(reborn)
    await two.settle()
    assert _offers(two) == 1
    # It is told of a new limit as before.
    await notify(two, 9)
    await two.until(lambda: _offers(two) == 2, 5)
    await two.settle()


def _offers(two: Two) -> int:
    return len([it for it in two.received if it[2:3] == ["SetChargingProfile"]])


async def test_what_a_car_wanted_is_not_known_in_the_next_session(
    station: ChargingStation, two: Two, restart: Restart
) -> None:
    await two.plug_in(1, car=Car(phases=3, max_current=32))
    assert await two.present_card(1)
    await two.settle()
    await two.notify_charging_needs(1)
    await two.until(lambda: _offers(two) == 1, 5)
    await two.settle()
    await two.unplug(1)
    await two.settle()
    reborn = await restart()
    assert reborn.smart_charging.needs == {}
