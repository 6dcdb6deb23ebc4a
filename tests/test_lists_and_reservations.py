"""Lists of cards and reservations in Home Assistant: options, actions and sensors."""

from datetime import timedelta
from typing import Any
from unittest.mock import patch

from homeassistant.config_entries import ConfigSubentryDataWithId
from homeassistant.core import HomeAssistant, State
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ocpp.charger import Charger as HubCharger
from custom_components.ocpp.csms.blocks import local_list
from custom_components.ocpp.hub import OcppHub
from tests.simulator import Charger
from tests.simulator.configuration import ConfigKey

from .conftest import Connect, charger_subentry, eventually, ready
from .test_card_flow import add_card
from .test_cards import NUMBER, card_subentry
from .test_options_flow import answer, ask, shown

VERSION = "sensor.garage_card_list_version"
RESERVED = "sensor.garage_reserved_until"


@pytest.fixture
def subentries() -> list[ConfigSubentryDataWithId]:
    """Return a charger and Anna's card."""
    return [charger_subentry(), card_subentry()]


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Follow changes of cards at once."""
    monkeypatch.setattr(local_list, "_SOON", 0)


def found(hass: HomeAssistant, entity_id: str) -> State:
    """Return the state of an entity."""
    state = hass.states.get(entity_id)
    assert state is not None, entity_id
    return state


class TestLocalList:
    """The list of cards that a charger keeps."""

    @pytest.fixture
    def options(self) -> dict[str, Any]:
        """Keep lists."""
        return {"local_list": True}

    async def test_it_follows_the_cards(
        self,
        hass: HomeAssistant,
        entry: MockConfigEntry,
        garage: HubCharger,
        connect: Connect,
        entity_registry: er.EntityRegistry,
    ) -> None:
        with patch(
            "homeassistant.helpers.entity.Entity.entity_registry_enabled_default",
            return_value=True,
        ):
            charger = await connect()
            assert hass.states.get(VERSION) is None
            await charger.power_up()
            await eventually(hass, lambda: hass.states.get(VERSION))
        assert found(hass, VERSION).state == "1"
        assert found(hass, VERSION).attributes["cards"] == 1
        assert found(hass, VERSION).attributes["left_out"] == 0
        assert set(charger.maintenance.local_list) == {NUMBER}
        registered = entity_registry.async_get(VERSION)
        assert registered is not None
        assert registered.unique_id == "CP1-local_list_version"

        await add_card(hass, entry, token="0401")
        await eventually(hass, lambda: found(hass, VERSION).state == "2")
        assert set(charger.maintenance.local_list) == {NUMBER, "0401"}

        hass.config_entries.async_remove_subentry(entry, f"subentry_{NUMBER}")
        await eventually(hass, lambda: found(hass, VERSION).state == "3")
        assert set(charger.maintenance.local_list) == {"0401"}
        assert "0401" not in str(found(hass, VERSION).as_dict())

        # A person sends another.
        await hass.services.async_call(
            "ocpp",
            "send_local_list",
            {
                "device_id": garage.device_id,
                "list_version": 20,
                "update_type": "full",
            },
            blocking=True,
        )
        assert found(hass, VERSION).state == "20"
        assert found(hass, VERSION).attributes["cards"] is None

        # Turned off, the list is emptied when it is known to be ours.
        await add_card(hass, entry, token="0402")
        await eventually(hass, lambda: found(hass, VERSION).state == "21")
        hass.config_entries.async_update_entry(entry, options={})
        await eventually(hass, lambda: not charger.maintenance.local_list)
        assert charger.violations == []

    async def test_it_is_not_shown_to_everybody(
        self,
        hass: HomeAssistant,
        garage: HubCharger,
        charger: Charger,
        entity_registry: er.EntityRegistry,
    ) -> None:
        await eventually(hass, lambda: entity_registry.async_get(VERSION))
        registered = entity_registry.async_get(VERSION)
        assert registered is not None
        assert registered.disabled_by is er.RegistryEntryDisabler.INTEGRATION


async def test_people_choose_whether_chargers_know_the_cards(
    hass: HomeAssistant, entry: MockConfigEntry, hub: OcppHub, charger: Charger
) -> None:
    form = await ask(hass, entry, "cards")
    assert shown(form, "local_list") in (None, False)
    assert not charger.maintenance.local_list
    chosen = {
        "unknown_cards": "refuse",
        "concurrent_tx": True,
        "id_token": "HomeAssistant",
        "local_list": True,
    }
    await answer(hass, form, chosen)
    assert hub.central.options.local_list
    await eventually(hass, lambda: NUMBER in charger.maintenance.local_list)
    assert entry.runtime_data is hub


class TestReservation:
    """What a charger keeps free."""

    async def reserve(
        self, hass: HomeAssistant, device_id: str, **fields: Any
    ) -> dict[str, Any]:
        """Reserve as people do; return the answer."""
        expires = dt_util.utcnow() + timedelta(hours=1)
        response = await hass.services.async_call(
            "ocpp",
            "reserve_now",
            {
                "device_id": device_id,
                "expiry_date": expires.replace(microsecond=0),
                "id_tag": NUMBER,
            }
            | fields,
            blocking=True,
            return_response=True,
        )
        assert response is not None
        return dict(response)

    async def test_from_reserving_to_charging(
        self, hass: HomeAssistant, garage: HubCharger, charger: Charger
    ) -> None:
        assert hass.states.get(RESERVED) is None
        expires = dt_util.utcnow().replace(microsecond=0) + timedelta(hours=2)
        answered = await self.reserve(hass, garage.device_id, expiry_date=expires)
        await charger.settle()
        await hass.async_block_till_done()
        state = found(hass, RESERVED)
        assert state.state == expires.isoformat()
        assert state.attributes["card"] == "Anna"
        assert state.attributes["reservation_id"] == answered["reservationId"]
        assert NUMBER not in str(state.as_dict())
        assert found(hass, "sensor.garage_status").state == "reserved"

        await charger.plug_in()
        assert await charger.present_card(NUMBER)
        await hass.async_block_till_done()
        assert found(hass, RESERVED).state == "unknown"
        assert "card" not in found(hass, RESERVED).attributes
        assert charger.violations == []

    async def test_a_refused_start_leaves_it(
        self,
        hass: HomeAssistant,
        entry: MockConfigEntry,
        garage: HubCharger,
        charger: Charger,
    ) -> None:
        await self.reserve(hass, garage.device_id, id_tag="FFEEDDCC")
        await charger.settle()
        await charger.plug_in()
        await charger.start(1, "FFEEDDCC")
        await hass.async_block_till_done()
        assert charger.sent_calls("StartTransaction")[0]["reservationId"]
        assert found(hass, RESERVED).state != "unknown"
        # Nobody named the card.
        assert found(hass, RESERVED).attributes["card"] == "…DDCC"
        await add_card(hass, entry, token="FFEEDDCC", name="Ben")
        await hass.async_block_till_done()
        assert found(hass, RESERVED).attributes["card"] == "Ben"

    async def test_it_is_cancelled(
        self, hass: HomeAssistant, garage: HubCharger, charger: Charger
    ) -> None:
        await self.reserve(hass, garage.device_id, reservation_id=4)
        cancel = {"device_id": garage.device_id, "reservation_id": 4}
        charger.answers["CancelReservation"] = {"status": "Rejected"}
        with pytest.raises(HomeAssistantError):
            await hass.services.async_call(
                "ocpp", "cancel_reservation", cancel, blocking=True
            )
        assert found(hass, RESERVED).state != "unknown"
        del charger.answers["CancelReservation"]
        await hass.services.async_call(
            "ocpp", "cancel_reservation", cancel, blocking=True
        )
        assert found(hass, RESERVED).state == "unknown"

    async def test_it_ends_with_a_fault(
        self, hass: HomeAssistant, garage: HubCharger, charger: Charger
    ) -> None:
        await self.reserve(hass, garage.device_id)
        assert found(hass, RESERVED).state != "unknown"
        await charger.settle()
        await charger.status(1, "Faulted", "GroundFailure")
        await hass.async_block_till_done()
        assert found(hass, RESERVED).state == "unknown"

    async def test_it_expires(
        self, hass: HomeAssistant, garage: HubCharger, charger: Charger
    ) -> None:
        soon = dt_util.utcnow() + timedelta(seconds=0.3)
        await self.reserve(hass, garage.device_id, expiry_date=soon)
        assert found(hass, RESERVED).state != "unknown"
        await eventually(hass, lambda: found(hass, RESERVED).state == "unknown")

    async def test_it_is_there_after_a_restart(
        self,
        hass: HomeAssistant,
        entry: MockConfigEntry,
        garage: HubCharger,
        charger: Charger,
    ) -> None:
        await self.reserve(hass, garage.device_id)
        shown_before = found(hass, RESERVED).state
        await charger.disconnect()
        await hass.config_entries.async_reload(entry.entry_id)
        await hass.async_block_till_done()
        url = f"ws://127.0.0.1:{entry.runtime_data.central.port}/"
        async with Charger(url, "CP1") as again:
            await again.heartbeat()
            await hass.async_block_till_done()
            assert found(hass, RESERVED).state == shown_before

    async def test_every_connector_shows_it_once_one_was_reserved(
        self, hass: HomeAssistant, garage: HubCharger, connect: Connect
    ) -> None:
        charger = await connect(
            connectors=2,
            configuration={
                "SupportedFeatureProfiles": ConfigKey("Core,RemoteTrigger", True)
            },
        )
        await charger.power_up()
        await ready(hass, charger)
        assert not [it for it in hass.states.async_entity_ids() if "reserved" in it]
        charger.answers["ReserveNow"] = {"status": "Accepted"}
        await self.reserve(hass, garage.device_id, connector_id=0)
        await self.reserve(hass, garage.device_id, connector_id=2)
        await hass.async_block_till_done()
        shown_now = {
            it.entity_id: it.state != "unknown"
            for it in hass.states.async_all("sensor")
            if "reserved" in it.entity_id
        }
        assert sorted(shown_now.values()) == [False, True, True]
        assert shown_now[RESERVED]
