"""Prove that a copy of the store's file is whole, whatever is written while it is made."""

import asyncio
from contextlib import closing, suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
import shutil
import sqlite3
import time
from types import SimpleNamespace

import pytest

from custom_components.ocpp.csms.model import Transaction
from custom_components.ocpp.csms.store import Store, StoreError, holding

from .conftest import OpenStore
from .test_faults import SQLITE, in_thread
from .test_store import NOW, START


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return the file of the store."""
    return tmp_path / "ocpp.db"


async def begin(store: Store, minute: int) -> Transaction:
    """Store a session, each on an EVSE of its own."""
    at = NOW + timedelta(minutes=minute)
    start = replace(START, evse=minute + 1, started=at)
    return (await store.begin(start, dated=True))[0]


async def sessions_in(path: Path) -> list[Transaction]:
    """Return the sessions of a copied file, which must be sound."""
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    store = Store(f"sqlite:///{path}")
    await store.open()
    found = await store.sessions()
    await store.close()
    return found


def copy_slowly(source: Path, target: Path) -> None:
    """Copy a file as an archiver does: in pieces, while others go on."""
    with source.open("rb") as read, target.open("wb") as write:
        while piece := read.read(512):
            write.write(piece)


@SQLITE
async def test_a_prepared_file_is_whole_although_sessions_go_on(
    store: Store, path: Path, tmp_path: Path
) -> None:
    """With all that was stored before; what comes meanwhile is as durable as ever."""
    before = [await begin(store, minute) for minute in range(20)]
    store.add_sample(before[0].number, NOW, 1)
    await store.prepare_backup()
    main = path.read_bytes()
    meanwhile: list[Transaction] = []

    async def charge() -> None:
        for minute in range(20, 400):
            meanwhile.append(await begin(store, minute))  # noqa: PERF401 - seen outside

    charging = asyncio.create_task(charge())
    copies = []
    for number in range(5):
        copy = tmp_path / f"copy{number}" / "ocpp.db"
        copy.parent.mkdir()
        # As Home Assistant does: both files, one after the other, without the index.
        for suffix in ("", "-wal"):
            source = path.with_name(path.name + suffix)
            with suppress(FileNotFoundError):
                target = copy.with_name(copy.name + suffix)
                await asyncio.to_thread(copy_slowly, source, target)
        copies.append((copy, len(meanwhile)))
    await charging
    # Nobody touches the file itself until the backup is done.
    assert path.read_bytes() == main
    alone = tmp_path / "alone" / "ocpp.db"
    alone.parent.mkdir()
    shutil.copy(path, alone)
    await store.finish_backup()
    assert await sessions_in(alone) == before
    for copy, _ in copies:
        found = await sessions_in(copy)
        assert found == (before + meanwhile)[: len(found)]
        assert len(found) >= len(before)
    assert await store.sessions() == before + meanwhile
    await in_thread(store, "PRAGMA wal_checkpoint(TRUNCATE)")
    assert path.read_bytes() != main


@SQLITE
async def test_a_store_that_closes_during_a_backup_leaves_the_file_as_it_is(
    open_store: OpenStore, path: Path
) -> None:
    """And finds what it wrote when it is opened again."""
    store = await open_store()
    before = await begin(store, 0)
    await store.prepare_backup()
    main = path.read_bytes()
    after = await begin(store, 1)
    await store.close()
    assert path.read_bytes() == main
    assert await (await open_store()).sessions() == [before, after]


@pytest.mark.parametrize("end", ["finished", "finished while closed", "never told"])
@SQLITE
async def test_a_backup_outlasts_a_store_that_is_closed_and_opened_again(
    end: str, open_store: OpenStore, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file stays as it is until the backup is over, and not for ever."""
    store = await open_store()
    begun = [await begin(store, 0)]
    await store.prepare_backup()
    main = path.read_bytes()
    for _ in range(2):
        await store.close()
        store = await open_store()
        # More than SQLite leaves in the log by itself.
        await store.save_facts("CP1", {"much": "x" * 6_000_000})
        begun.append(await begin(store, len(begun)))
        assert path.read_bytes() == main
    match end:
        case "finished":
            await store.finish_backup()
        case "finished while closed":
            holding.release_all()
        case "never told":
            now = time.monotonic() + holding.LONGEST
            monkeypatch.setattr(holding, "time", SimpleNamespace(monotonic=lambda: now))
    begun.append(await begin(store, len(begun)))
    assert path.read_bytes() != main
    await store.close()
    assert not path.with_name("ocpp.db-wal").exists()
    assert await sessions_in(path) == begun


@SQLITE
async def test_a_hold_is_heeded_by_all_who_have_the_file_open(
    open_store: OpenStore, path: Path
) -> None:
    """Also by those who were not told of it."""
    store, other = await open_store(), await open_store()
    await begin(store, 0)
    await store.prepare_backup()
    main = path.read_bytes()
    await other.save_facts("CP1", {"much": "x" * 6_000_000})
    assert path.read_bytes() == main
    await store.finish_backup()
    assert path.read_bytes() != main


@SQLITE
async def test_a_copy_is_made_while_sessions_go_on(
    store: Store, tmp_path: Path
) -> None:
    """Whole, in one file."""
    before = [await begin(store, minute) for minute in range(20)]
    _, after = await asyncio.gather(store.backup(tmp_path / "copy"), begin(store, 99))
    assert (await sessions_in(tmp_path / "copy"))[:20] == before
    assert (await store.sessions())[-1] == after
    with pytest.raises(StoreError):
        await store.backup(tmp_path / "missing" / "copy")


@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
async def test_a_server_has_its_own_backups(store: Store, tmp_path: Path) -> None:
    """Nothing is held back, and nothing is copied."""
    await store.prepare_backup()
    begun = await begin(store, 0)
    await store.finish_backup()
    assert await store.sessions() == [begun]
    with pytest.raises(StoreError):
        await store.backup(tmp_path / "copy")
