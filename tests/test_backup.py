"""What a backup holds, and what people are shown when sessions can't be stored."""

from contextlib import closing
from pathlib import Path
import sqlite3
from typing import Any
from unittest.mock import patch

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ocpp import backup
from custom_components.ocpp.const import DOMAIN
from custom_components.ocpp.csms.model import utcnow
from custom_components.ocpp.csms.store import (
    Store,
    StoreTrouble,
    StoreUnavailable,
    TroubleKind,
)
from custom_components.ocpp.hub import OcppHub
from tests.simulator import Charger

FAILING = "store_failing_central_system"
DAMAGED = "store_damaged_central_system"


def trouble(kind: TroubleKind, **values: Any) -> StoreTrouble:
    """Return a trouble of the store."""
    return StoreTrouble(kind=kind, since=utcnow(), **values)


def issue(hass: HomeAssistant, issue_id: str) -> ir.IssueEntry | None:
    """Return what people are shown under repairs."""
    return ir.async_get(hass).async_get_issue(DOMAIN, issue_id)


# --- backups ------------------------------------------------------------------------------


async def test_a_backup_holds_the_running_session(
    hass: HomeAssistant, charging: Charger, tmp_path: Path
) -> None:
    """In the file alone; and charging goes on meanwhile."""
    await backup.async_pre_backup(hass)
    copy = tmp_path / "copy.db"
    copy.write_bytes((tmp_path / "ocpp.db").read_bytes())
    await charging.stop()
    await backup.async_post_backup(hass)
    with closing(sqlite3.connect(copy)) as connection:
        query = "SELECT id_token, ended FROM transactions"
        assert connection.execute(query).fetchall() == [("CARD1", None)]
    with closing(sqlite3.connect(tmp_path / "ocpp.db")) as connection:
        ended = connection.execute("SELECT ended FROM transactions").fetchone()[0]
    assert ended is not None


async def test_a_reload_does_not_end_a_backup(
    hass: HomeAssistant, entry: MockConfigEntry, hub: OcppHub, tmp_path: Path
) -> None:
    """Whatever is stored meanwhile, the file is not touched."""
    await backup.async_pre_backup(hass)
    before = (tmp_path / "ocpp.db").read_bytes()
    await hub.store.save_facts("before", {"evses": [1]})
    assert await hass.config_entries.async_reload(entry.entry_id)
    await entry.runtime_data.store.save_facts("after", {"evses": [1]})
    assert (tmp_path / "ocpp.db").read_bytes() == before
    assert await hass.config_entries.async_unload(entry.entry_id)
    assert (tmp_path / "ocpp.db").read_bytes() == before
    await backup.async_post_backup(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await entry.runtime_data.store.save_facts("later", {"evses": [1]})
    assert await hass.config_entries.async_unload(entry.entry_id)
    assert (tmp_path / "ocpp.db").read_bytes() != before


async def test_a_backup_is_made_although_the_store_fails(
    hass: HomeAssistant, entry: MockConfigEntry, caplog: pytest.LogCaptureFixture
) -> None:
    """All else in it is worth having."""
    with (
        patch.object(Store, "prepare_backup", side_effect=StoreUnavailable("gone")),
        patch.object(Store, "finish_backup", side_effect=StoreUnavailable("gone")),
    ):
        await backup.async_pre_backup(hass)
        await backup.async_post_backup(hass)
    assert "may lack the newest charging sessions" in caplog.text


# --- repairs ------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", sorted(set(TroubleKind) - {TroubleKind.DAMAGED}))
async def test_people_are_shown_that_the_store_fails_until_it_works(
    kind: TroubleKind, hass: HomeAssistant, hub: OcppHub
) -> None:
    """And how many messages wait, or are lost."""
    hub.store.on_trouble(trouble(kind, waiting=3, dropped=1))
    shown = issue(hass, FAILING)
    assert shown is not None
    assert shown.translation_key == f"store_{kind}"
    assert shown.translation_placeholders == {
        "title": "OCPP",
        "waiting": "3",
        "dropped": "1",
    }
    hub.store.on_trouble(None)
    assert issue(hass, FAILING) is None


def new_entry(hass: HomeAssistant, folder: Path, **options: Any) -> MockConfigEntry:
    """Return an entry that is not set up yet."""
    hass.config.config_dir = str(folder)
    entry = MockConfigEntry(
        domain=DOMAIN,
        title="OCPP",
        version=3,
        entry_id="central_system",
        data={"host": "127.0.0.1", "port": 0},
        options=options,
    )
    entry.add_to_hass(hass)
    return entry


@pytest.mark.usefixtures("enable_custom_integrations", "socket_enabled", "own_address")
async def test_people_are_shown_that_a_file_was_set_aside(
    hass: HomeAssistant, tmp_path: Path
) -> None:
    """Until the entry is gone, or the file."""
    entry = new_entry(hass, tmp_path)
    assert await hass.config_entries.async_setup(entry.entry_id)
    store = entry.runtime_data.store
    store.on_trouble(trouble(TroubleKind.DAMAGED, set_aside="ocpp.db.damaged-1Z"))
    shown = issue(hass, DAMAGED)
    assert shown is not None and shown.translation_placeholders is not None
    assert shown.translation_placeholders["name"] == "ocpp.db.damaged-1Z"
    store.on_trouble(None)
    assert issue(hass, DAMAGED) is not None
    await hass.config_entries.async_remove(entry.entry_id)
    assert issue(hass, DAMAGED) is None


@pytest.mark.usefixtures("enable_custom_integrations", "socket_enabled", "own_address")
async def test_a_damaged_file_is_set_aside_at_the_start(
    hass: HomeAssistant, tmp_path: Path
) -> None:
    """Chargers can charge, and people are shown where it is until it is gone."""
    (tmp_path / "ocpp.db").write_bytes(b"this is no database" * 100)
    entry = new_entry(hass, tmp_path)
    assert await hass.config_entries.async_setup(entry.entry_id)
    (name,) = [path.name for path in tmp_path.glob("ocpp.db.damaged-*Z")]
    shown = issue(hass, DAMAGED)
    assert shown is not None
    assert shown.translation_placeholders == {"title": "OCPP", "name": name}
    (tmp_path / name).unlink()
    assert await hass.config_entries.async_reload(entry.entry_id)
    assert issue(hass, DAMAGED) is None
    assert await hass.config_entries.async_unload(entry.entry_id)


@pytest.mark.usefixtures("enable_custom_integrations", "socket_enabled", "own_address")
async def test_a_database_that_is_away_is_tried_again(
    hass: HomeAssistant, tmp_path: Path
) -> None:
    """People are shown why no charger can connect, until it works."""
    entry = new_entry(hass, tmp_path / "later")
    assert not await hass.config_entries.async_setup(entry.entry_id)
    assert entry.state is ConfigEntryState.SETUP_RETRY
    assert entry.error_reason_translation_key == "store_unavailable"
    shown = issue(hass, FAILING)
    assert shown is not None and shown.translation_key == "store_away"
    (tmp_path / "later").mkdir()
    assert await hass.config_entries.async_reload(entry.entry_id)
    assert issue(hass, FAILING) is None
    assert await hass.config_entries.async_unload(entry.entry_id)


@pytest.mark.usefixtures("enable_custom_integrations", "socket_enabled")
async def test_the_database_of_a_newer_release_is_told(
    hass: HomeAssistant, tmp_path: Path
) -> None:
    """It would not help to try again."""
    with closing(sqlite3.connect(tmp_path / "ocpp.db", autocommit=True)) as newer:
        newer.execute("CREATE TABLE ocpp_schema (version_num VARCHAR(32))")
        newer.execute("INSERT INTO ocpp_schema VALUES ('99')")
    entry = new_entry(hass, tmp_path)
    assert not await hass.config_entries.async_setup(entry.entry_id)
    assert entry.state is ConfigEntryState.SETUP_ERROR
    assert entry.error_reason_translation_key == "store_too_new"


@pytest.mark.usefixtures("enable_custom_integrations", "socket_enabled")
async def test_an_address_that_can_never_work_is_told(
    hass: HomeAssistant, tmp_path: Path
) -> None:
    """It is in the options."""
    entry = new_entry(hass, tmp_path, db_url="oracle://host/name")
    assert not await hass.config_entries.async_setup(entry.entry_id)
    assert entry.state is ConfigEntryState.SETUP_ERROR
    assert entry.error_reason_translation_key == "store_misconfigured"
