"""Prove that reservations survive a restart, and a database that is away."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from custom_components.ocpp.csms.model import Reservation
from custom_components.ocpp.csms.store import Store, engine, writer

from .conftest import OpenStore
from .test_faults import SQLITE, Troubles, at_rest, garbage, locked
from .test_store import NOW

MADE = Reservation(
    id=7,
    station="CP1",
    evse=1,
    id_token="Card",
    group="Family",
    made=NOW,
    expires=NOW + timedelta(hours=1),
)


async def test_they_are_there_again_after_a_restart(open_store: OpenStore) -> None:
    """With all that is known of them; each station's ids are its own."""
    store = await open_store()
    assert await store.load_reservations("CP1") == []
    other = replace(MADE, station="CP2", group="")
    for reservation in (MADE, other, replace(MADE, id=8), replace(MADE, id=2**40)):
        store.save_reservation(reservation)
    later = replace(MADE, evse=2, expires=NOW + timedelta(hours=2))
    store.save_reservation(later)
    store.delete_reservation("CP1", 8)
    store.delete_reservation("CP1", 9)
    await store.close()
    store = await open_store()
    found = await store.load_reservations("CP1")
    assert sorted(found, key=lambda it: it.id) == [later, replace(MADE, id=2**40)]
    assert await store.load_reservations("CP2") == [other]


async def test_they_go_with_their_station(open_store: OpenStore) -> None:
    """And no other's do."""
    store = await open_store()
    store.save_reservation(MADE)
    store.save_reservation(replace(MADE, station="CP2"))
    await store.forget_station("CP1")
    assert await store.load_reservations("CP1") == []
    assert len(await store.load_reservations("CP2")) == 1


@SQLITE
async def test_they_are_known_while_the_database_is_away(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And written when it is back."""
    monkeypatch.setattr(engine, "_LONGEST_LOCK", 0.1)
    monkeypatch.setattr(writer, "FIRST_RETRY", 0.05)
    troubles = Troubles(store)
    store.save_reservation(MADE)
    assert await store.load_reservations("CP1") == [MADE]
    repair = await locked(store, tmp_path / "ocpp.db")
    store.save_reservation(replace(MADE, id=8))
    store.delete_reservation("CP1", 7)
    await troubles.until(lambda trouble: trouble is not None)
    assert await store.load_reservations("CP1") == [replace(MADE, id=8)]
    await store.forget_station("CP2")
    await repair()
    await troubles.over()
    assert await store.load_reservations("CP1") == [replace(MADE, id=8)]


@SQLITE
async def test_they_are_written_to_a_new_file_when_the_old_one_is_damaged(
    store: Store, tmp_path: Path
) -> None:
    """As all that is remembered is."""
    path = tmp_path / "ocpp.db"
    store.save_reservation(MADE)
    assert await store.load_reservations("CP1") == [MADE]
    await at_rest(store)
    garbage(path)
    other = replace(MADE, id=8)
    store.save_reservation(other)
    found = await store.load_reservations("CP1")
    assert store.set_aside
    assert sorted(found, key=lambda it: it.id) == [MADE, other]
