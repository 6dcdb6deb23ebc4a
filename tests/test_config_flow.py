"""The flows: setting up, reconfiguring, adopting, adding and changing chargers."""

import errno
import socket
from typing import Any
from unittest.mock import patch

from homeassistant.config_entries import (
    SOURCE_IGNORE,
    SOURCE_INTEGRATION_DISCOVERY,
    SOURCE_USER,
    ConfigEntryState,
)
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.exceptions import HomeAssistantError
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ocpp.const import DOMAIN
from custom_components.ocpp.hub import OcppHub

from .conftest import Connect, eventually, ready
from .test_options_flow import shown

pytestmark = pytest.mark.usefixtures(
    "enable_custom_integrations", "socket_enabled", "own_address"
)


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(autouse=True)
def own_directory(hass: HomeAssistant, tmp_path: Any) -> None:
    """Keep the database out of the plugin's own configuration directory."""
    hass.config.config_dir = str(tmp_path)


async def start(hass: HomeAssistant) -> dict[str, Any]:
    """Begin to set up a central system."""
    return await hass.config_entries.flow.async_init(
        DOMAIN, context={"source": SOURCE_USER}
    )


async def test_a_central_system_is_set_up_and_listens(hass: HomeAssistant) -> None:
    form = await start(hass)
    assert form["type"] is FlowResultType.FORM
    assert form["description_placeholders"] == {"url": "ws://192.0.2.10:9000/"}

    address = {"host": "127.0.0.1", "port": free_port()}
    result = await hass.config_entries.flow.async_configure(form["flow_id"], address)
    await hass.async_block_till_done()

    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["data"] == address
    entry = hass.config_entries.async_entries(DOMAIN)[0]
    assert entry.version == 3
    assert entry.runtime_data.central.listening
    await hass.config_entries.async_unload(entry.entry_id)


@pytest.mark.parametrize(
    ("error", "where"),
    [
        (OSError(errno.EADDRINUSE, "in use"), {"port": "address_in_use"}),
        (OSError(errno.EACCES, "denied"), {"port": "port_not_allowed"}),
        (socket.gaierror(-2, "unknown"), {"host": "invalid_host"}),
    ],
)
async def test_an_address_that_cannot_be_had_is_told_and_can_be_corrected(
    hass: HomeAssistant, error: OSError, where: dict[str, str]
) -> None:
    form = await start(hass)
    address = {"host": "127.0.0.1", "port": free_port()}
    with patch("socket.socket.bind", side_effect=error):
        result = await hass.config_entries.flow.async_configure(
            form["flow_id"], address
        )
    assert result["type"] is FlowResultType.FORM
    assert result["errors"] == where

    result = await hass.config_entries.flow.async_configure(form["flow_id"], address)
    await hass.async_block_till_done()
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await hass.config_entries.async_unload(result["result"].entry_id)


async def test_a_port_that_is_really_taken_is_found_out(hass: HomeAssistant) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        form = await start(hass)
        result = await hass.config_entries.flow.async_configure(
            form["flow_id"], {"host": "127.0.0.1", "port": taken.getsockname()[1]}
        )
    assert result["errors"] == {"port": "address_in_use"}


async def test_the_form_is_shown_also_where_the_address_is_not_known(
    hass: HomeAssistant,
) -> None:
    with patch(
        "homeassistant.components.network.async_get_source_ip",
        side_effect=HomeAssistantError,
    ):
        form = await start(hass)
    assert form["description_placeholders"] == {"url": "ws://homeassistant.local:9000/"}


async def test_a_second_central_system_needs_another_port(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    hass.config_entries.async_update_entry(
        entry, data=entry.data | {"port": free_port()}
    )
    await hass.async_block_till_done()
    form = await start(hass)
    result = await hass.config_entries.flow.async_configure(
        form["flow_id"], dict(entry.data)
    )
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "already_configured"


async def test_reconfiguring_moves_the_central_system(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    form = await entry.start_reconfigure_flow(hass)
    assert form["type"] is FlowResultType.FORM
    address = {"host": "127.0.0.1", "port": free_port()}
    with patch("socket.socket.bind", side_effect=OSError(errno.EADDRINUSE, "in use")):
        result = await hass.config_entries.flow.async_configure(
            form["flow_id"], address
        )
    assert result["errors"] == {"port": "address_in_use"}

    result = await hass.config_entries.flow.async_configure(form["flow_id"], address)
    await hass.async_block_till_done()
    assert result["reason"] == "reconfigure_successful"
    assert entry.data == address
    assert entry.runtime_data.central.port == address["port"]
    assert entry.runtime_data.central.listening


async def test_reconfiguring_to_the_same_port_is_no_conflict_with_itself(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    hass.config_entries.async_update_entry(
        entry, data=entry.data | {"port": free_port()}
    )
    await hass.async_block_till_done()
    form = await entry.start_reconfigure_flow(hass)
    result = await hass.config_entries.flow.async_configure(
        form["flow_id"], dict(entry.data)
    )
    assert result["reason"] == "reconfigure_successful"


async def test_a_discovered_charger_is_adopted_with_one_click(
    hass: HomeAssistant, entry: MockConfigEntry, hub: OcppHub, connect: Connect
) -> None:
    other = await connect("CP1")
    await other.power_up()
    await ready(hass, other)
    socket_before = len(other.sent_calls("BootNotification"))

    charger = await connect("NEW", vendor="go-e", model="Charger", serial="42")
    assert (await charger.boot())["status"] == "Pending"
    await hass.async_block_till_done()

    (flow,) = hass.config_entries.flow.async_progress_by_handler(DOMAIN)
    assert flow["context"]["title_placeholders"] == {"name": "go-e Charger (NEW)"}
    form = await hass.config_entries.flow.async_configure(flow["flow_id"])
    assert form["description_placeholders"] == {
        "identity": "NEW",
        "vendor": "go-e",
        "model": "Charger",
        "serial": "42",
    }
    result = await hass.config_entries.flow.async_configure(
        flow["flow_id"], {"name": "Carport", "maximum_current": 16, "phases": "1"}
    )
    assert result["reason"] == "charger_added"
    await charger.until(lambda: charger.boot_status == "Accepted")
    await ready(hass, charger)

    (subentry,) = [s for s in entry.subentries.values() if s.unique_id == "NEW"]
    assert subentry.title == "Carport"
    assert subentry.data == {"identity": "NEW", "maximum_current": 16, "phases": 1}
    assert hass.states.get("sensor.carport_status").state == "available"
    # The neighbour was not disturbed.
    assert other.connected
    assert len(other.sent_calls("BootNotification")) == socket_before
    assert charger.violations == other.violations == []


async def test_a_charger_that_does_not_say_who_it_is_is_discovered_by_its_identity(
    hass: HomeAssistant, entry: MockConfigEntry, connect: Connect
) -> None:
    charger = await connect("MUTE")
    charger.answers["TriggerMessage"] = {"status": "Rejected"}
    flows = hass.config_entries.flow
    await eventually(hass, lambda: flows.async_progress_by_handler(DOMAIN))
    (flow,) = hass.config_entries.flow.async_progress_by_handler(DOMAIN)
    assert flow["context"]["title_placeholders"] == {"name": "MUTE"}


async def test_adopting_what_was_added_meanwhile_aborts(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    flow = await discover(hass, entry, "cp1")
    result = await hass.config_entries.flow.async_configure(
        flow["flow_id"], {"name": "Again", "maximum_current": 16, "phases": "3"}
    )
    assert result["reason"] == "already_configured"


async def test_adopting_for_a_central_system_that_is_gone_aborts(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    flow = await discover(hass, entry, "NEW")
    with patch.object(hass.config_entries, "async_get_entry", return_value=None):
        result = await hass.config_entries.flow.async_configure(
            flow["flow_id"], {"name": "New", "maximum_current": 16, "phases": "3"}
        )
    assert result["reason"] == "central_system_gone"


async def test_an_ignored_charger_is_not_shown_again(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    flow = await discover(hass, entry, "NEW")
    await hass.config_entries.flow.async_init(
        DOMAIN,
        context={"source": SOURCE_IGNORE},
        data={"unique_id": flow["context"]["unique_id"], "title": "Ignored"},
    )
    again = await discover(hass, entry, "NEW")
    assert again["type"] is FlowResultType.ABORT
    assert again["reason"] == "already_configured"


async def discover(
    hass: HomeAssistant, entry: MockConfigEntry, identity: str
) -> dict[str, Any]:
    """Begin the discovery of a charger."""
    result = await hass.config_entries.flow.async_init(
        DOMAIN,
        context={"source": SOURCE_INTEGRATION_DISCOVERY},
        data={
            "entry_id": entry.entry_id,
            "identity": identity,
            "vendor": "",
            "model": "",
            "serial": "",
        },
    )
    flows = hass.config_entries.flow.async_progress_by_handler(DOMAIN)
    return result | {"context": flows[0]["context"] if flows else {}}


async def test_a_charger_is_added_by_hand_and_its_card_goes_away(
    hass: HomeAssistant, entry: MockConfigEntry, hub: OcppHub, connect: Connect
) -> None:
    charger = await connect("NEW")
    await charger.boot()
    await hass.async_block_till_done()
    assert hass.config_entries.flow.async_progress_by_handler(DOMAIN)

    form = await hass.config_entries.subentries.async_init(
        (entry.entry_id, "charger"), context={"source": SOURCE_USER}
    )
    wrong = await hass.config_entries.subentries.async_configure(
        form["flow_id"],
        {"identity": "a/b", "name": "New", "maximum_current": 16, "phases": "3"},
    )
    assert wrong["errors"] == {"identity": "invalid_identity"}
    result = await hass.config_entries.subentries.async_configure(
        form["flow_id"],
        {"identity": "NEW", "name": "New", "maximum_current": 16, "phases": "3"},
    )
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await charger.until(lambda: charger.boot_status == "Accepted")
    await ready(hass, charger)
    assert not hass.config_entries.flow.async_progress_by_handler(DOMAIN)
    assert "NEW" in hub.chargers


async def test_a_charger_is_not_added_twice(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    form = await hass.config_entries.subentries.async_init(
        (entry.entry_id, "charger"), context={"source": SOURCE_USER}
    )
    result = await hass.config_entries.subentries.async_configure(
        form["flow_id"],
        {"identity": "cp1", "name": "Again", "maximum_current": 16, "phases": "3"},
    )
    assert result["reason"] == "already_configured"


async def test_a_charger_is_renamed_and_refused_by_its_settings(
    hass: HomeAssistant, entry: MockConfigEntry, hub: OcppHub, connect: Connect
) -> None:
    form = await entry.start_subentry_reconfigure_flow(hass, "subentry_CP1")
    assert form["description_placeholders"] == {"identity": "CP1"}
    chosen = {
        "name": "Yard",
        "maximum_current": 20,
        "phases": "1",
        "registration": "rejected",
        "id_token": "HOUSE",
    }
    for url in ("firmware.bin", "http://192.0.2.20", "http://[x/firmware.bin"):
        form = await hass.config_entries.subentries.async_configure(
            form["flow_id"], chosen | {"firmware_url": url}
        )
        assert form["errors"] == {"firmware_url": "invalid_url"}
        assert shown(form, "firmware_url") == url
        assert shown(form, "name") == "Yard"
        assert shown(form, "phases") == "1"
    url = "ftp://192.0.2.20/firmware.bin"
    result = await hass.config_entries.subentries.async_configure(
        form["flow_id"], chosen | {"firmware_url": url}
    )
    await hass.async_block_till_done()
    assert result["reason"] == "reconfigure_successful"
    settings = hub.chargers["CP1"].station.settings
    assert (settings.maximum_current, settings.phases) == (20, 1)
    assert settings.id_token == "HOUSE"
    assert settings.firmware_url == url
    assert hub.chargers["CP1"].name == "Yard"

    charger = await connect("CP1")
    assert (await charger.boot())["status"] == "Rejected"


async def test_reconfiguring_to_an_address_this_machine_does_not_have_is_refused(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    form = await entry.start_reconfigure_flow(hass)
    result = await hass.config_entries.flow.async_configure(
        form["flow_id"], {"host": "203.0.113.9", "port": 9000}
    )
    assert result["errors"] == {"host": "invalid_host"}


async def test_reconfiguring_helps_at_once_when_the_port_was_taken(
    hass: HomeAssistant,
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        entry = MockConfigEntry(
            domain=DOMAIN,
            version=3,
            data={"host": "127.0.0.1", "port": taken.getsockname()[1]},
        )
        entry.add_to_hass(hass)
        assert not await hass.config_entries.async_setup(entry.entry_id)
        form = await entry.start_reconfigure_flow(hass)
        await hass.config_entries.flow.async_configure(
            form["flow_id"], {"host": "127.0.0.1", "port": free_port()}
        )
        await hass.async_block_till_done()
    assert entry.state is ConfigEntryState.LOADED
    await hass.config_entries.async_unload(entry.entry_id)


async def test_a_charger_of_another_central_system_is_not_added_again(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    second = MockConfigEntry(
        domain=DOMAIN, version=3, data={"host": "127.0.0.1", "port": free_port()}
    )
    second.add_to_hass(hass)
    assert await hass.config_entries.async_setup(second.entry_id)
    form = await hass.config_entries.subentries.async_init(
        (second.entry_id, "charger"), context={"source": SOURCE_USER}
    )
    result = await hass.config_entries.subentries.async_configure(
        form["flow_id"],
        {"identity": "CP1", "name": "Again", "maximum_current": 16, "phases": "3"},
    )
    assert result["reason"] == "already_configured"
    await hass.config_entries.async_unload(second.entry_id)
