"""Setting up, unloading, and what survives."""

import asyncio
import socket
from typing import Any
from unittest.mock import patch

from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import EVENT_HOMEASSISTANT_STOP
from homeassistant.core import HomeAssistant
from homeassistant.helpers import (
    device_registry as dr,
    entity_registry as er,
    issue_registry as ir,
)
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ocpp import async_remove_config_entry_device
from custom_components.ocpp.const import DOMAIN
from custom_components.ocpp.csms.central_system import CentralSystem
from custom_components.ocpp.hub import OcppHub
from tests.simulator import Charger

from .conftest import Connect, charger_subentry, eventually, ready


async def test_an_entry_is_unloaded_and_leaves_its_port(
    hass: HomeAssistant, entry: MockConfigEntry, charger: Charger
) -> None:
    port = entry.runtime_data.central.port
    assert await hass.config_entries.async_unload(entry.entry_id)
    await charger.wait_closed()
    with socket.socket() as free:
        free.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        free.bind(("127.0.0.1", port))
    assert charger.violations == []


async def test_chargers_are_let_go_when_home_assistant_stops(
    hass: HomeAssistant, entry: MockConfigEntry, charger: Charger
) -> None:
    hass.bus.async_fire(EVENT_HOMEASSISTANT_STOP)
    await charger.wait_closed()
    await hass.async_block_till_done()
    assert not entry.runtime_data.central.listening
    # Unloading what is closed already does no harm.
    assert await hass.config_entries.async_unload(entry.entry_id)


async def test_a_taken_port_is_tried_again_and_shown_as_an_issue(
    hass: HomeAssistant,
    enable_custom_integrations: None,
    socket_enabled: None,
    issue_registry: ir.IssueRegistry,
    tmp_path: Any,
) -> None:
    hass.config.config_dir = str(tmp_path)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        entry = MockConfigEntry(
            domain=DOMAIN,
            title="OCPP",
            version=3,
            data={"host": "127.0.0.1", "port": port},
        )
        entry.add_to_hass(hass)
        assert not await hass.config_entries.async_setup(entry.entry_id)
        assert entry.state is ConfigEntryState.SETUP_RETRY
        issue = issue_registry.async_get_issue(
            DOMAIN, f"port_unavailable_{entry.entry_id}"
        )
        assert issue is not None
        assert issue.translation_placeholders["port"] == str(port)

    await hass.config_entries.async_reload(entry.entry_id)
    assert entry.state is ConfigEntryState.LOADED
    assert not issue_registry.async_get_issue(
        DOMAIN, f"port_unavailable_{entry.entry_id}"
    )
    await hass.config_entries.async_unload(entry.entry_id)


async def test_entries_of_the_integration_that_had_the_domain_before_are_refused(
    hass: HomeAssistant, enable_custom_integrations: None
) -> None:
    entry = MockConfigEntry(domain=DOMAIN, version=2, data={"host": "", "port": 1})
    entry.add_to_hass(hass)
    assert not await hass.config_entries.async_setup(entry.entry_id)
    assert entry.state is ConfigEntryState.MIGRATION_ERROR


async def test_a_session_survives_a_restart_of_home_assistant(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    charging: Charger,
    connect: Connect,
) -> None:
    energy = hass.states.get("sensor.garage_session_energy").state
    register = hass.states.get("sensor.garage_energy").state
    assert float(energy) > 1
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    assert hass.states.get("sensor.garage_session_energy").state == "unavailable"
    assert hass.states.get("sensor.garage_energy").state == "unavailable"

    # It comes back, does not boot, and says nothing at all.
    url = f"ws://127.0.0.1:{entry.runtime_data.central.port}/"
    async with Charger(url, "CP1") as back:
        back.answers["TriggerMessage"] = {"status": "Rejected"}
        await eventually(
            hass,
            lambda: hass.states.get("binary_sensor.garage_connected").state == "on",
        )
        assert hass.states.get("sensor.garage_session_energy").state == energy
        assert hass.states.get("sensor.garage_energy").state == register
        assert hass.states.get("sensor.garage_id_token").state == "…D1"
        assert hass.states.get("switch.garage_charging").state == "on"
        back.answers["RemoteStopTransaction"] = {"status": "Accepted"}
        await hass.services.async_call(
            "switch",
            "turn_off",
            {"entity_id": "switch.garage_charging"},
            blocking=True,
        )
        stop = await back.wait_for_call("RemoteStopTransaction")
        assert stop["transactionId"] == charging.connectors[1].transaction.id


async def test_a_charger_that_is_removed_is_unknown_again(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    hub: OcppHub,
    charger: Charger,
    device_registry: dr.DeviceRegistry,
    entity_registry: er.EntityRegistry,
) -> None:
    hass.config_entries.async_remove_subentry(entry, "subentry_CP1")
    await charger.wait_closed()
    await hass.async_block_till_done()
    assert hub.chargers == {}
    assert not device_registry.async_get_device_by_identifier(
        (DOMAIN, "CP1"), entry.entry_id
    )
    assert not er.async_entries_for_config_entry(entity_registry, entry.entry_id)

    await charger.connect()
    assert (await charger.boot())["status"] == "Pending"


class TestDevices:
    """How chargers and their connectors show up as devices."""

    @pytest.fixture
    def subentries(self) -> list[Any]:
        """Have two chargers."""
        return [charger_subentry(), charger_subentry("CP2", title="Carport")]

    async def test_a_charger_says_who_it_is(
        self,
        entry: MockConfigEntry,
        charger: Charger,
        device_registry: dr.DeviceRegistry,
    ) -> None:
        device = device_registry.async_get_device_by_identifier(
            (DOMAIN, "CP1"), entry.entry_id
        )
        assert device.name == "Garage"
        assert device.manufacturer == "Simulator"
        assert device.model == "Wallbox"
        assert device.serial_number == "SIM0001"
        assert device.sw_version == "1.0.0"
        hub = device_registry.async_get_device_by_identifier(
            (DOMAIN, entry.entry_id), entry.entry_id
        )
        assert device.via_device_id == hub.id

    async def test_a_second_connector_gives_each_a_device_of_its_own(
        self,
        hass: HomeAssistant,
        entry: MockConfigEntry,
        connect: Connect,
        device_registry: dr.DeviceRegistry,
        entity_registry: er.EntityRegistry,
    ) -> None:
        first = entity_registry.async_get("sensor.carport_status")
        assert first.unique_id == "CP2-1-status"
        charger = await connect("CP2", connectors=2)
        await charger.power_up()
        await ready(hass, charger)
        await eventually(
            hass, lambda: entity_registry.async_get("sensor.carport_connector_2_status")
        )
        parent = device_registry.async_get_device_by_identifier(
            (DOMAIN, "CP2"), entry.entry_id
        )
        one, two = (
            device_registry.async_get_child_device_by_identifier(
                (DOMAIN, f"CP2\x1f{evse}"), entry.entry_id
            )
            for evse in (1, 2)
        )
        assert one.parent_device_id == two.parent_device_id == parent.id
        # The entity that was there before moved along; its id stays what it was.
        moved = entity_registry.async_get("sensor.carport_status")
        assert moved.unique_id == "CP2-1-status"
        assert moved.device_id == one.id
        second = entity_registry.async_get("sensor.carport_connector_2_status")
        assert second.unique_id == "CP2-2-status"
        assert second.device_id == two.id
        assert entity_registry.async_get(
            "binary_sensor.carport_connected"
        ).device_id == (parent.id)
        for entity in er.async_entries_for_device(entity_registry, parent.id):
            assert not entity.unique_id.startswith(("CP2-1-", "CP2-2-"))

        # After a restart everything is in the same place.
        await hass.config_entries.async_reload(entry.entry_id)
        await hass.async_block_till_done()
        assert entity_registry.async_get("sensor.carport_status").device_id == one.id

        assert not await async_remove_config_entry_device(hass, entry, parent)
        assert not await async_remove_config_entry_device(hass, entry, two)
        stale = device_registry.async_get_or_create(
            config_entry_id=entry.entry_id, identifiers={(DOMAIN, "GONE")}
        )
        assert await async_remove_config_entry_device(hass, entry, stale)


class TestAdoptingAutomatically:
    """The option for those who trust their network."""

    @pytest.fixture
    def options(self) -> dict[str, Any]:
        """Adopt whoever comes."""
        return {"unknown_chargers": "adopt"}

    async def test_an_unknown_charger_is_accepted_at_once(
        self, hass: HomeAssistant, hub: OcppHub, connect: Connect
    ) -> None:
        charger = await connect("NEW")
        await charger.boot_until_accepted()
        await ready(hass, charger)
        assert "NEW" in hub.chargers
        assert not hass.config_entries.flow.async_progress_by_handler(DOMAIN)
        assert charger.violations == []

    async def test_many_chargers_at_once_are_all_adopted_and_each_once(
        self,
        hass: HomeAssistant,
        hub: OcppHub,
        connect: Connect,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        identities = [f"C{number}" for number in range(25)]
        chargers = await asyncio.gather(*map(connect, identities))
        await asyncio.gather(*(charger.boot_until_accepted() for charger in chargers))
        await eventually(hass, lambda: len(hub.chargers) == 26)
        await hass.async_block_till_done()
        assert not hub.central.visitors
        assert "does not generate unique IDs" not in caplog.text


class TestIdentitiesThatLookLikeConnectors:
    """A charger may be called what another one's connector could be."""

    @pytest.fixture
    def subentries(self) -> list[Any]:
        """Have a charger and one that sounds like its second connector."""
        return [charger_subentry("DUO", title="Duo"), charger_subentry("DUO-2")]

    async def test_both_have_their_own_devices_and_entities(
        self, hass: HomeAssistant, hub: OcppHub, connect: Connect
    ) -> None:
        duo = await connect("DUO", connectors=2)
        await duo.power_up()
        await ready(hass, duo)
        await eventually(hass, lambda: hass.states.get("sensor.duo_connector_2_status"))
        assert hass.states.get("sensor.garage_status").state == "unavailable"
        assert hub.chargers["DUO"].device_id != hub.chargers["DUO-2"].device_id


async def test_the_port_being_lost_at_the_last_moment_is_told(
    hass: HomeAssistant,
    enable_custom_integrations: None,
    socket_enabled: None,
    issue_registry: ir.IssueRegistry,
    tmp_path: Any,
) -> None:
    hass.config.config_dir = str(tmp_path)
    entry = MockConfigEntry(
        domain=DOMAIN, version=3, data={"host": "127.0.0.1", "port": 0}
    )
    entry.add_to_hass(hass)
    with patch.object(CentralSystem, "listen", side_effect=OSError(98, "in use")):
        assert not await hass.config_entries.async_setup(entry.entry_id)
    assert entry.state is ConfigEntryState.SETUP_RETRY
    assert issue_registry.issues
    # The issue goes with its entry.
    await hass.config_entries.async_remove(entry.entry_id)
    assert not issue_registry.issues
