"""The options: chargers, cards, prices, and where sessions are kept."""

from datetime import timedelta
from typing import Any
from unittest.mock import patch

from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
)

from custom_components.ocpp.csms.store import StoreError, StoreUnavailable
from custom_components.ocpp.hub import OcppHub

from .conftest import Connect
from .test_card_flow import add_card

CARDS = {"concurrent_tx": True, "id_token": "HomeAssistant"}


async def ask(hass: HomeAssistant, entry: MockConfigEntry, step: str) -> dict[str, Any]:
    """Open the options and choose some of them."""
    menu = await hass.config_entries.options.async_init(entry.entry_id)
    assert menu["type"] is FlowResultType.MENU
    return await hass.config_entries.options.async_configure(
        menu["flow_id"], {"next_step_id": step}
    )


async def answer(
    hass: HomeAssistant, form: dict[str, Any], chosen: dict[str, Any]
) -> dict[str, Any]:
    """Fill a form."""
    result = await hass.config_entries.options.async_configure(form["flow_id"], chosen)
    await hass.async_block_till_done()
    return result


def shown(form: dict[str, Any], field: str) -> Any:
    """Return what a field of a form suggests."""
    for key in form["data_schema"].schema:
        if key == field:
            return (key.description or {}).get("suggested_value")
    raise AssertionError(field)


async def test_how_chargers_are_treated_changes_without_a_reload(
    hass: HomeAssistant, entry: MockConfigEntry, hub: OcppHub
) -> None:
    form = await ask(hass, entry, "chargers")
    result = await answer(
        hass,
        form,
        {
            "unknown_chargers": "adopt",
            "quiet": True,
            "assume_16": False,
            "heartbeat_interval": 60,
            "pending_interval": 5,
            "known_vendors": ["com.Vendor"],
        },
    )
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert entry.runtime_data is hub
    for options in (hub.central.options, hub.chargers["CP1"].station.options):
        assert options.unknown_chargers == "adopt"
        assert options.quiet
        assert not options.assume_16
        assert options.heartbeat_interval == 60
        assert options.pending_interval == 5
        assert options.known_vendors == {"com.vendor"}


async def test_each_form_leaves_the_options_of_the_others_alone(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    await answer(hass, await ask(hass, entry, "prices"), {"price_per_kwh": 0.31})
    form = await ask(hass, entry, "store")
    await answer(hass, form, {"keep_samples": 30})
    assert entry.options == {"price_per_kwh": 0.31, "keep_samples": 30}
    # An emptied field is gone.
    await answer(hass, await ask(hass, entry, "prices"), {"price_per_session": 1})
    assert entry.options == {"price_per_session": 1, "keep_samples": 30}


class TestCards:
    """Who may charge."""

    async def test_unknown_cards_follow_the_list_until_people_choose(
        self, hass: HomeAssistant, entry: MockConfigEntry, hub: OcppHub
    ) -> None:
        form = await ask(hass, entry, "cards")
        assert shown(form, "unknown_cards") == "accept"
        await answer(hass, form, CARDS | {"unknown_cards": "accept"})
        assert hub.central.options.accept_unknown is None

        await add_card(hass, entry, token="0401")
        form = await ask(hass, entry, "cards")
        assert shown(form, "unknown_cards") == "refuse"
        await answer(hass, form, CARDS | {"unknown_cards": "accept"})
        assert hub.central.options.accept_unknown is True

        form = await ask(hass, entry, "cards")
        assert shown(form, "unknown_cards") == "accept"
        await answer(hass, form, CARDS | {"unknown_cards": "refuse"})
        assert hub.central.options.accept_unknown is False
        assert entry.runtime_data is hub

    async def test_the_token_of_starts_made_here(
        self,
        hass: HomeAssistant,
        entry: MockConfigEntry,
        hub: OcppHub,
        connect: Connect,
    ) -> None:
        form = await ask(hass, entry, "cards")
        await answer(
            hass,
            form,
            {"unknown_cards": "refuse", "concurrent_tx": False, "id_token": "HOUSE"},
        )
        assert not hub.central.options.concurrent_tx
        charger = await connect()
        await charger.boot()
        assert await charger.authorize("house") == "Accepted"
        assert await charger.authorize("HomeAssistant") == "Invalid"
        await hub.chargers["CP1"].station.remote_control.start(1)
        command = await charger.wait_for_call("RemoteStartTransaction")
        assert command["idTag"] == "HOUSE"


async def test_there_is_one_price_per_kwh(
    hass: HomeAssistant, entry: MockConfigEntry, hub: OcppHub
) -> None:
    form = await ask(hass, entry, "prices")
    both = {"price_per_kwh": 0.31234, "price_entity": "sensor.price"}
    form = await answer(hass, form, both)
    assert form["errors"] == {"price_entity": "two_prices"}
    assert shown(form, "price_per_kwh") == 0.31234
    result = await answer(hass, form, {"price_per_kwh": 0.31234})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert entry.options == {"price_per_kwh": 0.31234}
    assert entry.runtime_data is hub


class TestStore:
    """Where sessions are kept."""

    async def test_another_database_is_tried_out_and_then_used(
        self, hass: HomeAssistant, entry: MockConfigEntry, hub: OcppHub, tmp_path: Any
    ) -> None:
        form = await ask(hass, entry, "store")
        url = f"sqlite:///{tmp_path / 'other.db'}"
        await answer(hass, form, {"db_url": url, "keep_samples": 400})
        assert entry.runtime_data is not hub
        assert (tmp_path / "other.db").exists()
        # What is used already is not tried out.
        with patch("custom_components.ocpp.options_flow.check_url") as check:
            form = await ask(hass, entry, "store")
            await answer(hass, form, {"db_url": url, "keep_samples": 10})
        check.assert_not_called()
        assert entry.options == {"db_url": url, "keep_samples": 10}

    @pytest.mark.parametrize(("chosen", "days"), [({}, 400), ({"keep_samples": 7}, 7)])
    async def test_details_are_kept_as_long_as_people_want(
        self,
        hass: HomeAssistant,
        entry: MockConfigEntry,
        hub: OcppHub,
        chosen: dict[str, Any],
        days: int,
    ) -> None:
        hass.config_entries.async_update_entry(entry, options=chosen)
        now = dt_util.utcnow()
        with patch.object(hub.store, "purge") as purge:
            async_fire_time_changed(hass, now + timedelta(hours=7))
            await hass.async_block_till_done()
        ((before,), _) = purge.call_args
        assert timedelta(days=days) <= now + timedelta(hours=7) - before
        assert now - before < timedelta(days=days)
        with patch.object(hub.store, "purge", side_effect=StoreUnavailable("away")):
            await hub.async_purge(now)

    @pytest.mark.parametrize(
        "reason",
        ["invalid_url", "driver_missing", "cannot_connect", "no_rights", "too_new"],
    )
    async def test_one_that_cannot_be_used_is_not_taken(
        self, hass: HomeAssistant, entry: MockConfigEntry, hub: OcppHub, reason: str
    ) -> None:
        form = await ask(hass, entry, "store")
        with patch(
            "custom_components.ocpp.options_flow.check_url",
            side_effect=StoreError("no such server", reason=reason),
        ):
            form = await answer(
                hass, form, {"db_url": "mysql://a:b@c/d", "keep_samples": 7}
            )
        assert form["errors"] == {"db_url": reason}
        assert form["description_placeholders"]["error"] == "no such server"
        assert shown(form, "keep_samples") == 7
        result = await answer(hass, form, {"keep_samples": 7})
        assert result["type"] is FlowResultType.CREATE_ENTRY
        assert entry.runtime_data is hub
