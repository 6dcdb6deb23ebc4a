"""Cards, lists and reservations of a charger that speaks 2.0.1, as people see them."""

from datetime import timedelta
import json
from typing import Any

from homeassistant.config_entries import ConfigSubentryDataWithId
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ocpp.charger import Charger as HubCharger
from custom_components.ocpp.csms.blocks import local_list
from custom_components.ocpp.csms.model import timestamp
from custom_components.ocpp.diagnostics import async_get_config_entry_diagnostics
from custom_components.ocpp.hub import OcppHub
from tests.simulator_v2 import Station as Two

from .conftest import charger_subentry, eventually
from .test_card_flow import add_card, begin, fill, suggested
from .test_cards import NUMBER, card_subentry

PIN = "73195"
CARD = "sensor.garage_id_token"
RESERVED = "sensor.garage_connector_1_reserved_until"


@pytest.fixture
def subentries() -> list[ConfigSubentryDataWithId]:
    """Return a charger and Anna's card."""
    return [charger_subentry(), card_subentry()]


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Follow changes of cards at once."""
    monkeypatch.setattr(local_list, "_SOON", 0)


async def settled(hass: HomeAssistant, two: Two) -> None:
    """Wait until everything that the station sent is shown."""
    await two.settle()
    await hass.async_block_till_done()


async def test_a_card_that_is_held_to_a_charger_is_listed_as_what_it_is(
    hass: HomeAssistant, entry: MockConfigEntry, hub: OcppHub, two: Two
) -> None:
    progress = await begin(hass, entry, "hold")
    await two.authorize("E00401", "ISO15693")
    await settled(hass, two)
    form = await hass.config_entries.subentries.async_configure(progress["flow_id"])
    assert suggested(form) == {"token": "E00401", "type": "iso15693"}
    await fill(hass, form, **suggested(form))
    listed = hub.central.shared.id_tokens.find("E00401")
    assert listed is not None
    assert listed.type == "ISO15693"
    assert (await two.authorize("E00401", "ISO15693"))["status"] == "Accepted"


async def test_a_pin_is_shown_nowhere(
    hass: HomeAssistant, entry: MockConfigEntry, two: Two
) -> None:
    """Who used it is, by its name."""
    told: list[Any] = []
    hass.bus.async_listen("*", lambda event: told.append(event.as_dict()))
    await add_card(hass, entry, name="Door", token=PIN, type="keycode")
    told.clear()
    await two.plug_in(1)
    assert await two.present_card(1, PIN, "KeyCode")
    await settled(hass, two)
    shown = hass.states.get(CARD)
    assert shown is not None
    assert shown.state == "Door"
    await two.present_card(1, PIN, "KeyCode")
    await two.unplug(1)
    await settled(hass, two)
    assert PIN not in str([state.as_dict() for state in hass.states.async_all()])
    assert PIN not in str(told)
    diagnostics = await async_get_config_entry_diagnostics(hass, entry)
    assert PIN not in json.dumps(diagnostics, default=str)


async def test_a_card_starts_and_ends_a_session_in_the_name_of_its_owner(
    hass: HomeAssistant, garage: HubCharger, two: Two
) -> None:
    await two.plug_in(1)
    assert await two.present_card(1, NUMBER)
    await settled(hass, two)
    shown = hass.states.get(CARD)
    assert shown is not None
    assert shown.state == "Anna"
    assert not await two.present_card(2, "04FFFFFF")


class TestLocalList:
    """The list of cards that a charger keeps."""

    @pytest.fixture
    def options(self) -> dict[str, Any]:
        """Keep lists."""
        return {"local_list": True}

    async def test_it_follows_the_cards(
        self, hass: HomeAssistant, entry: MockConfigEntry, hub: OcppHub, two: Two
    ) -> None:
        station = hub.central.stations["cp1"]
        await eventually(hass, lambda: station.local_list.version == 1)
        assert set(two.state.local_list) == {NUMBER.casefold()}
        await add_card(hass, entry, name="Ben", token="0401")
        await eventually(hass, lambda: station.local_list.version == 2)
        assert set(two.state.local_list) == {NUMBER.casefold(), "0401"}


class TestReservation:
    """What a charger keeps free."""

    async def test_it_is_shown_until_the_charger_says_that_it_is_over(
        self,
        hass: HomeAssistant,
        garage: HubCharger,
        two: Two,
    ) -> None:
        expires = dt_util.utcnow() + timedelta(hours=1)
        await garage.station.sending.command(
            "ReserveNow",
            {
                "id": 5,
                "evseId": 1,
                "expiryDateTime": timestamp(expires),
                "idToken": {"idToken": NUMBER, "type": "ISO14443"},
            },
        )
        garage.station.flush()
        await settled(hass, two)
        shown = hass.states.get(RESERVED)
        assert shown is not None
        assert dt_util.parse_datetime(shown.state) == expires.replace(microsecond=0)
        assert shown.attributes["card"] == "Anna"
        await two.reservation_ended(5, "Removed")
        await settled(hass, two)
        shown = hass.states.get(RESERVED)
        assert shown is not None
        assert shown.state == "unknown"
