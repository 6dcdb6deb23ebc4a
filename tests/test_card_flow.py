"""Cards are listed, by holding them to a charger or by typing, and changed."""

from datetime import UTC, datetime
from typing import Any
from unittest.mock import patch

from homeassistant.config_entries import SOURCE_USER, ConfigSubentryDataWithId
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ocpp.hub import OcppHub
from tests.simulator import Charger

from .conftest import charger_subentry, eventually

FORM = {"name": "Anna", "token": "04A1B2C3", "type": "iso14443", "blocked": False}


async def begin(
    hass: HomeAssistant, entry: MockConfigEntry, step: str
) -> dict[str, Any]:
    """Choose how to add a card."""
    menu = await hass.config_entries.subentries.async_init(
        (entry.entry_id, "id_token"), context={"source": SOURCE_USER}
    )
    assert menu["type"] is FlowResultType.MENU
    return await choose(hass, menu, step)


async def choose(
    hass: HomeAssistant, menu: dict[str, Any], step: str
) -> dict[str, Any]:
    """Choose from a menu."""
    return await hass.config_entries.subentries.async_configure(
        menu["flow_id"], {"next_step_id": step}
    )


async def fill(
    hass: HomeAssistant, form: dict[str, Any], **changes: Any
) -> dict[str, Any]:
    """Fill the form of a card."""
    result = await hass.config_entries.subentries.async_configure(
        form["flow_id"], FORM | changes
    )
    await hass.async_block_till_done()
    return result


async def add_card(hass: HomeAssistant, entry: MockConfigEntry, **changes: Any) -> str:
    """Add a card by typing; return the id of its subentry."""
    result = await fill(hass, await begin(hass, entry, "type_in"), **changes)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    return next(
        subentry_id
        for subentry_id, card in entry.subentries.items()
        if card.unique_id == result["unique_id"]
    )


def suggested(form: dict[str, Any]) -> dict[str, Any]:
    """Return what a form suggests."""
    return {
        str(key): key.description["suggested_value"]
        for key in form["data_schema"].schema
        if key.description
    }


class TestTyping:
    """A card whose number is typed."""

    async def test_with_all_that_holds_for_it(
        self, hass: HomeAssistant, entry: MockConfigEntry, hub: OcppHub
    ) -> None:
        await hass.config.async_set_time_zone("Europe/Berlin")
        await add_card(
            hass,
            entry,
            type="emaid",
            owner="Anna Müller",
            valid_until="2020-07-01 12:00:00",
            blocked=True,
            group="Family",
            chargers=["CP1"],
            rarely_used={"charging_priority": 5},
        )
        listed = hub.central.shared.id_tokens.find("04a1b2c3")
        assert listed is not None
        assert listed.name == "Anna"
        assert listed.type == "eMAID"
        assert listed.owner == "Anna Müller"
        # Of the clock on the wall, also where it is over already.
        assert listed.valid_until == datetime(2020, 7, 1, 10, tzinfo=UTC)
        assert listed.blocked
        assert listed.group == "Family"
        assert listed.stations == {"cp1"}
        assert listed.priority == 5
        assert entry.runtime_data is hub

    @pytest.mark.parametrize(
        ("changes", "errors"),
        [
            ({"token": ""}, {"token": "invalid_token"}),
            ({"token": "A" * 256}, {"token": "invalid_token"}),
            ({"token": "A\0B"}, {"token": "invalid_token"}),
            ({"name": " "}, {"name": "name_missing"}),
            ({"group": "G" * 21}, {"group": "group_too_long"}),
        ],
    )
    async def test_what_cannot_be_kept_is_told_and_can_be_corrected(
        self,
        hass: HomeAssistant,
        entry: MockConfigEntry,
        changes: dict[str, Any],
        errors: dict[str, str],
    ) -> None:
        form = await fill(hass, await begin(hass, entry, "type_in"), **changes)
        assert form["errors"] == errors
        result = await fill(hass, form)
        assert result["type"] is FlowResultType.CREATE_ENTRY

    @pytest.mark.parametrize("token", ["a b\\/:%$|;ß", "卡片", "A" * 255, "\x10\x0e"])
    async def test_with_any_characters(
        self, hass: HomeAssistant, entry: MockConfigEntry, hub: OcppHub, token: str
    ) -> None:
        await add_card(hass, entry, token=token)
        assert hub.central.shared.id_tokens.find(token.upper()) is not None

    async def test_twice_is_refused_whatever_the_letter_case(
        self, hass: HomeAssistant, entry: MockConfigEntry
    ) -> None:
        await add_card(hass, entry)
        form = await begin(hass, entry, "type_in")
        form = await fill(hass, form, name="Ben", token="04a1b2c3")
        assert form["errors"] == {"token": "card_known"}

    async def test_blanks_around_do_not_matter(
        self, hass: HomeAssistant, entry: MockConfigEntry, hub: OcppHub
    ) -> None:
        form = await fill(hass, await begin(hass, entry, "type_in"), token="  ")
        assert form["errors"] == {"token": "invalid_token"}
        subentry_id = await add_card(hass, entry, token=" 04A1B2C3\n")
        card = entry.subentries[subentry_id]
        assert (card.data["token"], card.unique_id) == ("04A1B2C3", "04a1b2c3")
        assert hub.central.shared.id_tokens.find("04a1b2c3") is not None
        form = await begin(hass, entry, "type_in")
        form = await fill(hass, form, name="Ben", token="04a1b2c3 ")
        assert form["errors"] == {"token": "card_known"}


class TestTypedWithBlanks:
    """A card that an older release kept with the blanks that were typed around it."""

    @pytest.fixture
    def subentries(self) -> list[Any]:
        """Have such a card."""
        card = ConfigSubentryDataWithId(
            data={"token": " 04A1B2C3 ", "type": "ISO14443", "blocked": False},
            subentry_id="anna",
            subentry_type="id_token",
            title="Anna",
            unique_id=" 04a1b2c3 ",
        )
        return [charger_subentry(), card]

    async def test_it_is_known(
        self,
        hass: HomeAssistant,
        entry: MockConfigEntry,
        hub: OcppHub,
        charger: Charger,
    ) -> None:
        await charger.plug_in()
        assert await charger.present_card("04a1b2c3")
        await charger.tick(600)
        await charger.present_card("04a1b2c3")
        await charger.settle()
        await hass.async_block_till_done()
        assert hass.states.get("sensor.anna_energy").state == "1.84"
        assert hub.central.shared.id_tokens.label("04A1B2C3") == "Anna"
        form = await begin(hass, entry, "type_in")
        form = await fill(hass, form, name="Ben")
        assert form["errors"] == {"token": "card_known"}


class TestHolding:
    """A card that is held to a charger."""

    async def test_fills_the_form(
        self,
        hass: HomeAssistant,
        entry: MockConfigEntry,
        hub: OcppHub,
        charger: Charger,
    ) -> None:
        progress = await begin(hass, entry, "hold")
        assert progress["type"] is FlowResultType.SHOW_PROGRESS
        await charger.authorize("04A2B3C4")
        await charger.settle()
        await hass.async_block_till_done()

        form = await hass.config_entries.subentries.async_configure(progress["flow_id"])
        assert form["step_id"] == "held"
        assert form["description_placeholders"] == {
            "charger": "Garage",
            "card": "…B3C4",
        }
        assert suggested(form) == {"token": "04A2B3C4"}
        result = await fill(hass, form, token="04A2B3C4")
        assert result["type"] is FlowResultType.CREATE_ENTRY
        assert hub.central.shared.id_tokens.label("04a2b3c4") == "Anna"

    async def test_that_is_known_already_says_how_it_is_called(
        self, hass: HomeAssistant, entry: MockConfigEntry, charger: Charger
    ) -> None:
        await add_card(hass, entry)
        progress = await begin(hass, entry, "hold")
        await charger.authorize("04a1b2c3")
        await charger.settle()
        await hass.async_block_till_done()
        flows = hass.config_entries.subentries
        result = await flows.async_configure(progress["flow_id"])
        assert result["type"] is FlowResultType.ABORT
        assert result["reason"] == "already_configured"
        assert result["description_placeholders"] == {"name": "Anna"}

    async def test_nobody_does_and_it_can_be_tried_again(
        self, hass: HomeAssistant, entry: MockConfigEntry, charger: Charger
    ) -> None:
        flows = hass.config_entries.subentries
        with patch("custom_components.ocpp.card_flow._PATIENCE", 0):
            progress = await begin(hass, entry, "hold")
        await eventually(
            hass,
            lambda: flows.async_get(progress["flow_id"])["step_id"] == "nobody",
        )
        menu = await flows.async_configure(progress["flow_id"])
        assert menu["type"] is FlowResultType.MENU
        again = await choose(hass, menu, "hold")
        assert again["type"] is FlowResultType.SHOW_PROGRESS
        await charger.authorize("04A2B3C4")
        await charger.settle()
        await hass.async_block_till_done()
        form = await flows.async_configure(progress["flow_id"])
        assert form["step_id"] == "held"

    async def test_who_closes_the_form_waits_no_more(
        self,
        hass: HomeAssistant,
        entry: MockConfigEntry,
        charger: Charger,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        progress = await begin(hass, entry, "hold")
        hass.config_entries.subentries.async_abort(progress["flow_id"])
        await charger.authorize("04A2B3C4")
        await hass.async_block_till_done()
        assert "Error" not in caplog.text

    async def test_ends_when_the_central_system_does(
        self, hass: HomeAssistant, entry: MockConfigEntry
    ) -> None:
        progress = await begin(hass, entry, "hold")
        await hass.config_entries.async_unload(entry.entry_id)
        flows = hass.config_entries.subentries
        await eventually(
            hass,
            lambda: flows.async_get(progress["flow_id"])["step_id"] == "nobody",
        )
        menu = await flows.async_configure(progress["flow_id"])
        result = await choose(hass, menu, "hold")
        assert result["reason"] == "not_running"


class TestChanging:
    """What holds for a card changes."""

    async def test_it_takes_effect_without_disturbing_anybody(
        self,
        hass: HomeAssistant,
        entry: MockConfigEntry,
        hub: OcppHub,
        charger: Charger,
    ) -> None:
        subentry = await add_card(
            hass, entry, valid_until="2099-01-02 03:04:05", chargers=["CP1"]
        )
        assert await charger.authorize("04A1B2C3") == "Accepted"
        boots = len(charger.sent_calls("BootNotification"))

        form = await entry.start_subentry_reconfigure_flow(hass, subentry)
        assert suggested(form) == FORM | {
            "valid_until": "2099-01-02 03:04:05",
            "chargers": ["CP1"],
        }
        result = await fill(hass, form, name="Ben", token="04A1B2C4", blocked=True)
        assert result["reason"] == "reconfigure_successful"
        assert hub.central.shared.id_tokens.label("04a1b2c4") == "Ben"
        assert await charger.authorize("04A1B2C4") == "Blocked"
        assert await charger.authorize("04A1B2C3") == "Invalid"
        assert entry.runtime_data is hub
        assert len(charger.sent_calls("BootNotification")) == boots

    async def test_its_priority_is_shown_and_the_usual_one_is_not_kept(
        self, hass: HomeAssistant, entry: MockConfigEntry, hub: OcppHub
    ) -> None:
        given = {"charging_priority": -9}
        subentry_id = await add_card(hass, entry, rarely_used=given)
        assert entry.subentries[subentry_id].data["charging_priority"] == -9
        for usual in ({"rarely_used": {"charging_priority": 0}}, {}):
            form = await entry.start_subentry_reconfigure_flow(hass, subentry_id)
            (rare,) = (
                value.schema
                for key, value in form["data_schema"].schema.items()
                if key == "rarely_used"
            )
            assert suggested({"data_schema": rare}) == given
            await fill(hass, form, **usual)
            assert "charging_priority" not in entry.subentries[subentry_id].data
            given = {"charging_priority": 0}
        card = hub.central.shared.id_tokens.find(FORM["token"])
        assert card is not None
        assert card.priority == 0

    async def test_its_number_stays_its_own(
        self, hass: HomeAssistant, entry: MockConfigEntry
    ) -> None:
        await add_card(hass, entry)
        subentry = await add_card(hass, entry, name="Ben", token="0402")
        form = await entry.start_subentry_reconfigure_flow(hass, subentry)
        form = await fill(hass, form, token="04A1b2c3")
        assert form["errors"] == {"token": "card_known"}
        # Its own, in other letters, is no other's.
        result = await fill(hass, form, token="0402")
        assert result["reason"] == "reconfigure_successful"

    async def test_it_stays_restricted_to_a_charger_that_is_gone(
        self, hass: HomeAssistant, entry: MockConfigEntry, hub: OcppHub
    ) -> None:
        subentry = await add_card(hass, entry, chargers=["CP1"])
        hass.config_entries.async_remove_subentry(entry, "subentry_CP1")
        await hass.async_block_till_done()
        form = await entry.start_subentry_reconfigure_flow(hass, subentry)
        await fill(hass, form, name="Ben", chargers=suggested(form)["chargers"])
        listed = hub.central.shared.id_tokens.find("04A1B2C3")
        assert listed is not None
        assert listed.stations == {"cp1"}
