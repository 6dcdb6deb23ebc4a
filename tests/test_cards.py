"""Cards in Home Assistant: who held one to a charger, and what each of them charged."""

from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import patch

from homeassistant.config_entries import ConfigSubentryDataWithId
from homeassistant.core import Event, HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import device_registry as dr, entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_capture_events,
)

from custom_components.ocpp import (
    async_remove_config_entry_device,
    cards as cards_module,
)
from custom_components.ocpp.charger import Charger as HubCharger
from custom_components.ocpp.const import DOMAIN
from custom_components.ocpp.csms.events import CardPresented, SessionEnded
from custom_components.ocpp.csms.model import IdTokenInfo
from custom_components.ocpp.csms.store import StoreUnavailable
from custom_components.ocpp.diagnostics import async_get_config_entry_diagnostics
from custom_components.ocpp.hub import OcppHub
from tests.simulator import Charger

from .conftest import Connect, charger_subentry, eventually
from .test_card_flow import add_card, fill

NUMBER = "04A1B2C3"


def card_subentry(token: str = NUMBER, **data: Any) -> ConfigSubentryDataWithId:
    """Return the subentry of Anna's card."""
    return ConfigSubentryDataWithId(
        data={"token": token, "type": "ISO14443", "blocked": False} | data,
        subentry_id=f"subentry_{token}",
        subentry_type="id_token",
        title="Anna",
        unique_id=token.casefold(),
    )


@pytest.fixture
def subentries() -> list[ConfigSubentryDataWithId]:
    """Return a charger and a card."""
    return [charger_subentry(), card_subentry()]


@pytest.fixture
def options() -> dict[str, Any]:
    """Let unknown cards charge."""
    return {"unknown_cards": "accept"}


@pytest.fixture(autouse=True)
def show_at_once() -> Any:
    """Show each step of a session."""
    with patch.object(cards_module, "_WRITE_EVERY", 0):
        yield


def state(hass: HomeAssistant, entity_id: str) -> str:
    """Return what an entity shows."""
    found = hass.states.get(entity_id)
    assert found is not None, entity_id
    return found.state


async def settled(hass: HomeAssistant, charger: Charger) -> None:
    """Wait until everything that a charger sent has had its effect."""
    await charger.settle()
    await hass.async_block_till_done()


class TestPresented:
    """A card that is held to a charger."""

    async def test_its_name_is_shown_and_never_its_number(
        self,
        hass: HomeAssistant,
        entry: MockConfigEntry,
        charger: Charger,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        await charger.authorize(NUMBER.lower())
        await settled(hass, charger)
        event = hass.states.get("event.garage_card")
        assert event is not None
        assert event.attributes["event_type"] == "accepted"
        assert event.attributes["name"] == "Anna"

        hass.config_entries.async_update_entry(entry, options={})
        await hass.async_block_till_done()
        await charger.authorize("FFEEDDCC")
        await settled(hass, charger)
        event = hass.states.get("event.garage_card")
        assert event is not None
        assert event.attributes["event_type"] == "refused"
        assert event.attributes["name"] == "…DDCC"
        shown = [str(found.as_dict()) for found in hass.states.async_all("event")]
        assert not any(number in " ".join(shown) for number in (NUMBER, "FFEEDDCC"))

    @pytest.mark.parametrize(
        ("presented", "tag"),
        [("04a1b2c3", NUMBER), ("FfEeDdCc", "FFEEDDCC"), ("ffeeddcc", "FFEEDDCC")],
    )
    async def test_it_is_a_tag_in_letters_that_stay_the_same(
        self,
        hass: HomeAssistant,
        garage: HubCharger,
        charger: Charger,
        presented: str,
        tag: str,
    ) -> None:
        scanned: list[Event[Any]] = async_capture_events(hass, "tag_scanned")
        await charger.authorize(presented)
        await settled(hass, charger)
        (event,) = scanned
        assert event.data["tag_id"] == tag
        assert event.data["device_id"] == garage.device_id

    async def test_held_twice_at_once_it_is_scanned_twice(
        self, hass: HomeAssistant, garage: HubCharger
    ) -> None:
        scanned: list[Event[Any]] = async_capture_events(hass, "tag_scanned")
        for _ in range(2):
            garage.station.happened(
                CardPresented(evse=1, id_token="NEW", info=IdTokenInfo())
            )
        garage.station.flush()
        await hass.async_block_till_done()
        assert [event.data["tag_id"] for event in scanned] == ["NEW", "NEW"]

    async def test_with_several_connectors_it_is_told_where_or_everywhere(
        self,
        hass: HomeAssistant,
        garage: HubCharger,
        device_registry: dr.DeviceRegistry,
    ) -> None:
        scanned: list[Event[Any]] = async_capture_events(hass, "tag_scanned")
        station = garage.station
        station.add_evse(2)
        station.flush()
        await hass.async_block_till_done()

        def told(evse: int) -> list[str]:
            station.happened(
                CardPresented(evse=evse, id_token=NUMBER, info=IdTokenInfo())
            )
            station.flush()
            return [
                found.entity_id
                for found in hass.states.async_all("event")
                if found.attributes.get("name") == "Anna"
            ]

        assert told(2) == ["event.garage_connector_2_card"]
        assert len(told(0)) == 2
        await hass.async_block_till_done()
        connector = device_registry.async_get_child_device_by_identifier(
            (DOMAIN, "CP1\x1f2"), "central_system"
        )
        assert connector is not None
        assert [event.data["device_id"] for event in scanned] == [
            connector.id,
            garage.device_id,
        ]

    async def test_a_session_is_of_its_name_also_after_that_changed(
        self, hass: HomeAssistant, entry: MockConfigEntry, charger: Charger
    ) -> None:
        await charger.plug_in()
        await charger.present_card(NUMBER)
        await settled(hass, charger)
        assert state(hass, "sensor.garage_id_token") == "Anna"
        form = await entry.start_subentry_reconfigure_flow(hass, f"subentry_{NUMBER}")
        await fill(hass, form, name="Ben", token=NUMBER)
        assert state(hass, "sensor.garage_id_token") == "Ben"


class TestTotals:
    """What a card charged, and how often."""

    async def test_they_grow_with_each_session(
        self, hass: HomeAssistant, charger: Charger
    ) -> None:
        assert state(hass, "sensor.anna_energy") == "0.0"
        assert state(hass, "sensor.anna_sessions") == "0"
        await charger.plug_in()
        await charger.present_card(NUMBER.lower())
        await charger.tick(600)
        await settled(hass, charger)
        assert state(hass, "sensor.anna_energy") == "1.84"
        assert state(hass, "sensor.anna_sessions") == "1"
        await charger.tick(600)
        await settled(hass, charger)
        assert state(hass, "sensor.anna_energy") == "3.68"

        await charger.present_card(NUMBER)
        await settled(hass, charger)
        assert state(hass, "sensor.anna_energy") == "3.68"
        await charger.unplug()
        await charger.plug_in()
        # Somebody else's counts for somebody else.
        await charger.present_card("OTHER")
        await charger.tick(600)
        await charger.present_card("OTHER")
        await settled(hass, charger)
        assert state(hass, "sensor.anna_energy") == "3.68"
        assert state(hass, "sensor.anna_sessions") == "1"
        await charger.unplug()
        await charger.plug_in()
        await charger.present_card(NUMBER)
        await charger.tick(600)
        await settled(hass, charger)
        assert state(hass, "sensor.anna_energy") == "5.52"
        assert state(hass, "sensor.anna_sessions") == "2"

    async def test_they_are_the_same_after_a_restart_in_the_middle(
        self, hass: HomeAssistant, entry: MockConfigEntry, charger: Charger
    ) -> None:
        for _ in range(2):
            await charger.plug_in()
            await charger.present_card(NUMBER)
            await charger.tick(600)
            await charger.present_card(NUMBER)
            await charger.unplug()
        await charger.plug_in()
        await charger.present_card(NUMBER)
        await charger.tick(600)
        await settled(hass, charger)
        assert state(hass, "sensor.anna_energy") == "5.52"
        await hass.config_entries.async_reload(entry.entry_id)
        await hass.async_block_till_done()
        assert state(hass, "sensor.anna_energy") == "5.52"
        assert state(hass, "sensor.anna_sessions") == "3"

    async def test_they_are_written_seldom_while_a_session_runs(
        self, hass: HomeAssistant, charger: Charger
    ) -> None:
        await charger.plug_in()
        await charger.present_card(NUMBER)
        with patch.object(cards_module, "_WRITE_EVERY", 1e9):
            for _ in range(3):
                await charger.tick(600)
            await settled(hass, charger)
            assert state(hass, "sensor.anna_energy") == "0.0"
            await charger.present_card(NUMBER)
            await settled(hass, charger)
        assert state(hass, "sensor.anna_energy") == "5.52"

    async def test_a_card_that_is_listed_late_has_its_past(
        self, hass: HomeAssistant, entry: MockConfigEntry, charger: Charger
    ) -> None:
        for _ in range(2):
            await charger.plug_in()
            await charger.present_card("0402")
            await charger.tick(600)
            await charger.present_card("0402")
            await charger.unplug()
        await settled(hass, charger)
        await add_card(hass, entry, name="Ben", token="0402")
        assert state(hass, "sensor.ben_energy") == "3.68"
        assert state(hass, "sensor.ben_sessions") == "2"

    async def test_an_end_that_was_guessed_and_comes_after_all_counts_once(
        self,
        hass: HomeAssistant,
        entry: MockConfigEntry,
        hub: OcppHub,
        charger: Charger,
    ) -> None:
        at = datetime.now(UTC)

        async def send(action: str, meter: str, value: int, minutes: int, **rest: Any):
            moment = (at - timedelta(minutes=minutes)).isoformat()
            payload = {meter: value, "timestamp": moment, "idTag": NUMBER} | rest
            return await charger.call(action, payload)

        first = await send("StartTransaction", "meterStart", 1000, 9, connectorId=1)
        await send("StartTransaction", "meterStart", 3000, 5, connectorId=1)
        await settled(hass, charger)
        assert state(hass, "sensor.anna_sessions") == "2"
        number = first["transactionId"]
        await send("StopTransaction", "meterStop", 2500, 6, transactionId=number)
        await settled(hass, charger)
        await eventually(hass, lambda: state(hass, "sensor.anna_energy") == "1.5")
        assert state(hass, "sensor.anna_sessions") == "2"

    async def test_a_refused_session_is_no_session_of_it(
        self, hass: HomeAssistant, garage: HubCharger, hub: OcppHub, charger: Charger
    ) -> None:
        begun = await charger.call(
            "StartTransaction",
            {
                "connectorId": 1,
                "idTag": NUMBER,
                "meterStart": 0,
                "timestamp": datetime.now(UTC).isoformat(),
            },
        )
        await settled(hass, charger)
        session = garage.station.transactions.session(1)
        assert session is not None
        assert session.number == begun["transactionId"]
        refused = session.__class__(
            **vars(session) | {"token_info": IdTokenInfo(status="Blocked"), "number": 1}
        )
        garage.station.happened(SessionEnded(transaction=refused, interrupted=False))
        garage.station.flush()
        await hass.async_block_till_done()
        assert state(hass, "sensor.anna_sessions") == "1"

    async def test_what_starts_while_it_is_counted_is_counted_once(
        self, hass: HomeAssistant, hub: OcppHub, charger: Charger
    ) -> None:
        totals = hub.store.token_totals
        asked = 0

        async def slow(*, without: set[int]) -> Any:
            nonlocal asked
            asked += 1
            if asked == 1:
                await charger.plug_in()
                await charger.present_card(NUMBER)
                await charger.settle()
            return await totals(without=without)

        with patch.object(hub.store, "token_totals", slow):
            await hub.cards.async_count()
        assert asked == 2
        assert state(hass, "sensor.anna_sessions") == "1"

    async def test_while_the_store_is_away_they_are_not_known(
        self, hass: HomeAssistant, entry: MockConfigEntry, connect: Connect
    ) -> None:
        with patch(
            "custom_components.ocpp.csms.store.Store.token_totals",
            side_effect=StoreUnavailable("away"),
        ):
            await hass.config_entries.async_reload(entry.entry_id)
            await hass.async_block_till_done()
            assert state(hass, "sensor.anna_energy") == "unknown"
        # The next change of chargers has them counted.
        hub: OcppHub = entry.runtime_data
        await hub.async_sync_chargers()
        await hass.async_block_till_done()
        assert state(hass, "sensor.anna_energy") == "0.0"

    async def test_they_never_fall_so_that_statistics_count_nothing_twice(
        self, hass: HomeAssistant, entry: MockConfigEntry, charger: Charger
    ) -> None:
        await charger.plug_in()
        for _ in range(2):
            await charger.present_card(NUMBER)
            await charger.tick(600)
            await charger.present_card(NUMBER)
        await settled(hass, charger)
        told: list[Event[Any]] = async_capture_events(hass, "state_changed")
        hub: OcppHub = entry.runtime_data
        first, _ = await hub.store.sessions()
        # The first time, the process is killed in the middle.
        for trouble in (StoreUnavailable("killed"), None):
            with patch.object(
                hub.store,
                "delete_session",
                wraps=hub.store.delete_session,
                side_effect=trouble,
            ):
                try:
                    await hass.services.async_call(
                        DOMAIN, "delete_session", {"id": first.number}, blocking=True
                    )
                except HomeAssistantError:
                    assert trouble is not None
            await hub.cards.async_count()
            assert state(hass, "sensor.anna_energy") == "3.68"
            assert state(hass, "sensor.anna_sessions") == "2"
        assert len(await hub.store.sessions()) == 1
        await hass.config_entries.async_reload(entry.entry_id)
        await hass.async_block_till_done()
        assert state(hass, "sensor.anna_energy") == "3.68"
        assert state(hass, "sensor.anna_sessions") == "2"
        energies = {
            event.data["new_state"].state
            for event in told
            if event.data["entity_id"] == "sensor.anna_energy"
        }
        assert energies <= {"3.68", "unavailable", "unknown"}

    async def test_sessions_of_a_charger_that_is_removed_stay(
        self, hass: HomeAssistant, entry: MockConfigEntry, charger: Charger
    ) -> None:
        await charger.plug_in()
        await charger.present_card(NUMBER)
        await charger.tick(600)
        await settled(hass, charger)
        hass.config_entries.async_remove_subentry(entry, "subentry_CP1")
        await hass.async_block_till_done()
        assert state(hass, "sensor.anna_energy") == "1.84"
        assert state(hass, "sensor.anna_sessions") == "1"


class TestDevices:
    """Each card is a device."""

    async def test_it_is_called_as_the_card_is_and_keeps_its_entities(
        self,
        hass: HomeAssistant,
        entry: MockConfigEntry,
        hub: OcppHub,
        device_registry: dr.DeviceRegistry,
        entity_registry: er.EntityRegistry,
    ) -> None:
        entity = entity_registry.async_get("sensor.anna_energy")
        assert entity is not None
        assert entity.config_subentry_id == f"subentry_{NUMBER}"
        form = await entry.start_subentry_reconfigure_flow(hass, f"subentry_{NUMBER}")
        await fill(hass, form, name="Ben", token=NUMBER)
        device = device_registry.async_get(entity.device_id)
        assert device is not None
        assert device.name == "Ben"
        assert device.model == "ISO14443"
        assert entity_registry.async_get("sensor.anna_energy").id == entity.id
        assert entry.runtime_data is hub

    async def test_it_goes_with_the_card_and_no_charger_notices(
        self,
        hass: HomeAssistant,
        entry: MockConfigEntry,
        hub: OcppHub,
        charger: Charger,
        entity_registry: er.EntityRegistry,
    ) -> None:
        await charger.plug_in()
        await charger.present_card(NUMBER)
        await settled(hass, charger)
        hass.config_entries.async_remove_subentry(entry, f"subentry_{NUMBER}")
        await hass.async_block_till_done()
        assert entity_registry.async_get("sensor.anna_energy") is None
        assert hub.cards.known == {}
        assert entry.runtime_data is hub
        assert charger.connected
        assert state(hass, "sensor.garage_id_token") == "…B2C3"
        await charger.tick(600)
        await settled(hass, charger)
        assert state(hass, "sensor.garage_session_energy") == "1.84"

    async def test_nobody_can_delete_it_but_with_the_card(
        self,
        hass: HomeAssistant,
        entry: MockConfigEntry,
        device_registry: dr.DeviceRegistry,
        entity_registry: er.EntityRegistry,
    ) -> None:
        entity = entity_registry.async_get("sensor.anna_energy")
        device = device_registry.async_get(entity.device_id)
        assert not await async_remove_config_entry_device(hass, entry, device)


async def test_diagnostics_name_no_card(
    hass: HomeAssistant, entry: MockConfigEntry, charger: Charger
) -> None:
    await charger.plug_in()
    await charger.present_card(NUMBER)
    await settled(hass, charger)
    hass.config_entries.async_update_entry(
        entry,
        options={"id_token": "SECRET1", "unknown_cards": "accept"},
    )
    await hass.async_block_till_done()
    told = await async_get_config_entry_diagnostics(hass, entry)
    assert told["cards"] == 1
    assert told["entry"]["options"] == {
        "id_token": "**REDACTED**",
        "unknown_cards": "accept",
    }
    for secret in (NUMBER, NUMBER.lower(), "Anna", "SECRET1"):
        assert secret not in str(told)
