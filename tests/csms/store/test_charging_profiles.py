"""Prove that charging profiles survive a restart, and a database that is away."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from custom_components.ocpp.csms.model import ChargingProfile
from custom_components.ocpp.csms.store import Store, engine, writer

from .conftest import OpenStore
from .test_faults import SQLITE, Troubles, at_rest, garbage, locked
from .test_schema import VERSIONS, write
from .test_store import NOW

NIGHT = ChargingProfile(
    id=7,
    station="CP1",
    evse=1,
    stack_level=3,
    purpose="TxDefaultProfile",
    kind="Recurring",
    recurrency="Daily",
    valid_from=NOW,
    valid_to=NOW + timedelta(days=90),
    schedules=[
        {
            "startSchedule": "2026-05-04T22:00:00Z",
            "chargingRateUnit": "A",
            "chargingSchedulePeriod": [
                {"startPeriod": 0, "limit": 6.5, "numberPhases": 1},
                {"startPeriod": 3600, "limit": 16},
            ],
        }
    ],
    installed=NOW,
)
OF_SESSION = ChargingProfile(
    id=8,
    station="CP1",
    evse=2,
    stack_level=0,
    purpose="TxProfile",
    kind="Relative",
    schedules=[{"chargingRateUnit": "W", "chargingSchedulePeriod": []}],
    transaction=1777896001,
    installed=NOW,
)
GRID = replace(
    NIGHT,
    id=-9,
    evse=0,
    purpose="ChargingStationExternalConstraints",
    # What 2.x may hold.
    schedules=[*NIGHT.schedules, *OF_SESSION.schedules],
)


async def found(store: Store, station: str = "CP1") -> list[ChargingProfile]:
    """Return what a station holds, by id."""
    return sorted(await store.load_charging_profiles(station), key=lambda it: it.id)


async def test_they_are_there_again_after_a_restart(open_store: OpenStore) -> None:
    """With all that is known of them; each station's ids are its own."""
    store = await open_store()
    assert await found(store) == []
    other = replace(NIGHT, station="CP2")
    for profile in (NIGHT, other, OF_SESSION, GRID, replace(NIGHT, id=99)):
        store.save_charging_profile(profile)
    later = replace(OF_SESSION, stack_level=2, transaction=None)
    store.save_charging_profile(later)
    store.delete_charging_profile("CP1", 99)
    store.delete_charging_profile("CP1", 55)
    await store.close()
    store = await open_store()
    assert await found(store) == [GRID, NIGHT, later]
    assert await found(store, "CP2") == [other]
    # What was there before can be deleted too.
    store.delete_charging_profile("CP1", 7)
    assert await found(store) == [GRID, later]


@pytest.mark.parametrize("version", VERSIONS)
async def test_they_are_kept_in_what_every_earlier_release_wrote(
    version: str, backend: str, database: str, open_store: OpenStore
) -> None:
    """Its table is as it was made, or is made."""
    write(database, backend, version)
    store = await open_store()
    store.save_charging_profile(NIGHT)
    assert await found(store) == [NIGHT]


async def test_numbers_that_no_column_takes_are_left_out(open_store: OpenStore) -> None:
    """And keep nothing else from being written."""
    store = await open_store()
    for profile in (replace(NIGHT, id=2**31), replace(NIGHT, stack_level=2**40)):
        store.save_charging_profile(profile)
    highest = replace(NIGHT, id=2**31 - 1)
    store.save_charging_profile(highest)
    assert await found(store) == [highest]


async def test_they_go_with_their_station(open_store: OpenStore) -> None:
    """And no other's do."""
    store = await open_store()
    store.save_charging_profile(NIGHT)
    store.save_charging_profile(replace(NIGHT, station="CP2"))
    await store.forget_station("CP1")
    assert await found(store) == []
    assert len(await found(store, "CP2")) == 1


@SQLITE
async def test_they_are_known_while_the_database_is_away(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And written when it is back."""
    monkeypatch.setattr(engine, "_LONGEST_LOCK", 0.1)
    monkeypatch.setattr(writer, "FIRST_RETRY", 0.05)
    troubles = Troubles(store)
    store.save_charging_profile(NIGHT)
    assert await found(store) == [NIGHT]
    repair = await locked(store, tmp_path / "ocpp.db")
    store.save_charging_profile(OF_SESSION)
    store.delete_charging_profile("CP1", 7)
    await troubles.until(lambda trouble: trouble is not None)
    assert await found(store) == [OF_SESSION]
    await store.forget_station("CP2")
    await repair()
    await troubles.over()
    assert await found(store) == [OF_SESSION]


@SQLITE
async def test_they_are_written_to_a_new_file_when_the_old_one_is_damaged(
    store: Store, tmp_path: Path
) -> None:
    """As all that is remembered is."""
    store.save_charging_profile(NIGHT)
    assert await found(store) == [NIGHT]
    await at_rest(store)
    garbage(tmp_path / "ocpp.db")
    store.save_charging_profile(OF_SESSION)
    profiles = await found(store)
    assert store.set_aside
    assert profiles == [NIGHT, OF_SESSION]
