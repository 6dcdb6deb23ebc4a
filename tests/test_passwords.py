"""Passwords of chargers in Home Assistant: the form, the action, and what people are told."""

import asyncio
from typing import Any

from homeassistant.components.repairs.const import DOMAIN as REPAIRS
from homeassistant.config_entries import ConfigSubentryDataWithId
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from websockets.exceptions import InvalidStatus

from custom_components.ocpp import async_migrate_entry, newcomers
from custom_components.ocpp.charger import Charger as HubCharger
from custom_components.ocpp.const import DOMAIN
from custom_components.ocpp.csms import passwords
from custom_components.ocpp.csms.central_system import MOST_VISITORS
from custom_components.ocpp.csms.passwords import hash_of
from custom_components.ocpp.diagnostics import async_get_config_entry_diagnostics
from custom_components.ocpp.hub import OcppHub
from tests.conftest import Connect, ConnectTwo, charger_subentry, eventually, ready
from tests.simulator import Charger
from tests.simulator_v2 import Station as Two

PASSWORD, OTHER = "correct-horse-staple", "another-passw0rd"
HASH = hash_of(PASSWORD.encode())
ISSUE = "password_subentry_CP1"
FORM = {"name": "Garage", "maximum_current": 32, "phases": "3"}


@pytest.fixture
def subentries() -> list[ConfigSubentryDataWithId]:
    """Return a charger that has to show a password."""
    return [charger_subentry(password_hash=HASH)]


async def refused(connect: Connect, **options: Any) -> None:
    """Have a charger turned away for its password."""
    with pytest.raises(InvalidStatus) as turned_away:
        await connect(**options)
    assert turned_away.value.response.status_code == 401


def kept(entry: MockConfigEntry) -> str | None:
    """Return what is kept of the charger's password."""
    return entry.subentries["subentry_CP1"].data.get("password_hash")


def told(hass: HomeAssistant) -> ir.IssueEntry | None:
    """Return what people are told."""
    return ir.async_get(hass).async_get_issue(DOMAIN, ISSUE)


# --- the form -----------------------------------------------------------------------------


async def choose(hass: HomeAssistant, entry: MockConfigEntry, **chosen: Any) -> Any:
    """Fill in the form of the charger."""
    form = await entry.start_subentry_reconfigure_flow(hass, "subentry_CP1")
    return await hass.config_entries.subentries.async_configure(
        form["flow_id"], FORM | chosen
    )


async def test_other_settings_leave_the_password_alone(
    hass: HomeAssistant, entry: MockConfigEntry, connect: Connect
) -> None:
    result = await choose(hass, entry, name="Yard")
    assert result["reason"] == "reconfigure_successful"
    assert kept(entry) == HASH
    assert "password" not in entry.subentries["subentry_CP1"].data
    await connect(password=PASSWORD)
    await refused(connect)


async def test_a_password_is_made_up_and_shown_once(
    hass: HomeAssistant, entry: MockConfigEntry, connect: Connect
) -> None:
    form = await choose(hass, entry, password="generate")
    assert form["step_id"] == "new_password"
    password = form["description_placeholders"]["password"]
    assert passwords.fits(password, 20)
    assert kept(entry) == HASH
    result = await hass.config_entries.subentries.async_configure(form["flow_id"], {})
    assert result["reason"] == "reconfigure_successful"
    await hass.async_block_till_done()
    assert password not in str(entry.as_dict())
    await refused(connect, password=PASSWORD)
    await connect(password=password)


async def test_a_password_is_entered(
    hass: HomeAssistant, entry: MockConfigEntry, connect: Connect
) -> None:
    form = await choose(hass, entry, password="set")
    assert form["step_id"] == "password"
    form = await hass.config_entries.subentries.async_configure(
        form["flow_id"], {"password": "x" * 65}
    )
    assert form["errors"] == {"password": "invalid_password"}
    await hass.config_entries.subentries.async_configure(
        form["flow_id"], {"password": OTHER}
    )
    await hass.async_block_till_done()
    assert OTHER not in str(entry.as_dict())
    await connect(password=OTHER)


async def test_no_password_is_required_any_more(
    hass: HomeAssistant, entry: MockConfigEntry, connect: Connect
) -> None:
    await choose(hass, entry, password="remove")
    await hass.async_block_till_done()
    assert kept(entry) is None
    await connect()


async def test_who_agrees_twice_keeps_the_password_that_was_shown(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    form = await choose(hass, entry, password="generate")
    password = form["description_placeholders"]["password"]
    flows = hass.config_entries.subentries
    results = await asyncio.gather(
        *(flows.async_configure(form["flow_id"], {}) for _ in range(3))
    )
    assert {it["reason"] for it in results} == {"reconfigure_successful"}
    assert passwords.matches(kept(entry) or "", password.encode())


async def test_an_entered_password_is_never_empty(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    form = await choose(hass, entry, password="set")
    form = await hass.config_entries.subentries.async_configure(
        form["flow_id"], {"password": ""}
    )
    assert form["errors"] == {"password": "invalid_password"}
    assert kept(entry) == HASH


async def test_the_protection_password_needs_one(
    hass: HomeAssistant, entry: MockConfigEntry, connect: Connect
) -> None:
    """Else whoever is in the network could pose as a charger that is said to be protected."""
    form = await choose(hass, entry, security_profile="1", password="remove")
    assert form["errors"] == {"password": "password_missing"}
    assert kept(entry) == HASH
    result = await hass.config_entries.subentries.async_configure(
        form["flow_id"], FORM | {"security_profile": "1", "password": "keep"}
    )
    assert result["reason"] == "reconfigure_successful"
    await hass.async_block_till_done()
    assert entry.subentries["subentry_CP1"].data["security_profile"] == "1"
    assert kept(entry) == HASH
    await refused(connect)
    await connect(password=PASSWORD)


class TestWithoutPassword:
    """A charger that has no password as yet."""

    @pytest.fixture
    def subentries(self) -> list[ConfigSubentryDataWithId]:
        """Return a charger that may show anything."""
        return [charger_subentry()]

    async def test_the_protection_password_needs_a_first_one(
        self, hass: HomeAssistant, entry: MockConfigEntry, connect: Connect
    ) -> None:
        form = await choose(hass, entry, security_profile="1", password="keep")
        assert form["errors"] == {"password": "password_missing"}
        assert "security_profile" not in entry.subentries["subentry_CP1"].data
        flows = hass.config_entries.subentries
        form = await flows.async_configure(
            form["flow_id"], FORM | {"security_profile": "1", "password": "set"}
        )
        assert form["step_id"] == "password"
        await flows.async_configure(form["flow_id"], {"password": PASSWORD})
        await hass.async_block_till_done()
        assert entry.subentries["subentry_CP1"].data["security_profile"] == "1"
        await refused(connect)
        await connect(password=PASSWORD)


# --- who was turned away --------------------------------------------------------------------


async def fix(hass: HomeAssistant, what: str) -> Any:
    """Have a person do something about what they were told."""
    assert await async_setup_component(hass, REPAIRS, {})
    await hass.async_block_till_done()
    flows = hass.data[REPAIRS]["flow_manager"]
    menu = await flows.async_init(DOMAIN, data={"issue_id": ISSUE})
    assert menu["type"] is FlowResultType.MENU
    assert menu["description_placeholders"]["address"] == "127.0.0.1"
    result = await flows.async_configure(menu["flow_id"], {"next_step_id": what})
    await hass.async_block_till_done()
    return result


async def test_people_let_in_a_charger_with_a_new_password(
    hass: HomeAssistant, entry: MockConfigEntry, connect: Connect
) -> None:
    await refused(connect, password=OTHER)
    await eventually(hass, lambda: told(hass))
    issue = told(hass)
    assert issue is not None
    assert issue.translation_key == "wrong_password"
    assert OTHER not in str(issue.to_json())
    result = await fix(hass, "accept")
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert told(hass) is None
    assert kept(entry) not in (None, HASH)
    await connect(password=OTHER)
    await refused(connect, password=PASSWORD)


async def test_people_let_in_a_charger_that_lost_its_password(
    hass: HomeAssistant, entry: MockConfigEntry, connect: Connect
) -> None:
    await refused(connect)
    issue = told(hass)
    assert issue is not None
    assert issue.translation_key == "missing_password"
    await fix(hass, "accept")
    assert kept(entry) is None
    await connect()


@pytest.mark.parametrize(("before", "after"), [("1", "0"), (1, "0"), ("2", "2")])
async def test_no_protection_by_a_password_is_left_where_none_is_required(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    garage: HubCharger,
    before: str | int,
    after: str,
) -> None:
    """Encryption stays required."""
    subentry = entry.subentries["subentry_CP1"]
    hass.config_entries.async_update_subentry(
        entry, subentry, data={**subentry.data, "security_profile": before}
    )
    await hass.async_block_till_done()
    garage.station.passwords.on_refused(None, "127.0.0.1")
    await fix(hass, "accept")
    assert kept(entry) is None
    assert entry.subentries["subentry_CP1"].data["security_profile"] == after
    assert garage.station.settings.security_profile == int(after)


async def test_who_shows_an_empty_password_shows_none(
    hass: HomeAssistant, entry: MockConfigEntry, connect: Connect
) -> None:
    await refused(connect, password="")
    issue = told(hass)
    assert issue is not None
    assert issue.translation_key == "missing_password"
    await fix(hass, "accept")
    assert kept(entry) is None


async def test_whoever_is_blocked_stays_so_until_the_password_changes(
    hass: HomeAssistant, entry: MockConfigEntry, hub: OcppHub, connect: Connect
) -> None:
    """Also over a restart of Home Assistant."""
    await refused(connect)
    await fix(hass, "block")
    assert await hass.config_entries.async_reload(entry.entry_id)
    passwords_of = entry.runtime_data.chargers["CP1"].station.passwords
    passwords_of.on_refused(None, "127.0.0.1")
    assert told(hass) is None
    subentry = entry.subentries["subentry_CP1"]
    other = {**subentry.data, "password_hash": hash_of(OTHER.encode())}
    # While nobody looks.
    assert await hass.config_entries.async_unload(entry.entry_id)
    hass.config_entries.async_update_subentry(entry, subentry, data=other)
    assert await hass.config_entries.async_setup(entry.entry_id)
    passwords_of = entry.runtime_data.chargers["CP1"].station.passwords
    passwords_of.on_refused(None, "127.0.0.1")
    assert told(hass) is not None


async def test_people_block_somebody(
    hass: HomeAssistant, entry: MockConfigEntry, connect: Connect
) -> None:
    await refused(connect)
    await fix(hass, "block")
    assert told(hass) is None
    await refused(connect)
    await hass.async_block_till_done()
    assert told(hass) is None
    assert kept(entry) == HASH


async def test_a_repair_that_comes_too_late_changes_nothing(
    hass: HomeAssistant, entry: MockConfigEntry, garage: HubCharger, connect: Connect
) -> None:
    await refused(connect)
    assert await async_setup_component(hass, REPAIRS, {})
    await hass.async_block_till_done()
    flows = hass.data[REPAIRS]["flow_manager"]
    menu = await flows.async_init(DOMAIN, data={"issue_id": ISSUE})
    await connect(password=PASSWORD)
    assert told(hass) is None
    result = await flows.async_configure(menu["flow_id"], {"next_step_id": "accept"})
    assert result["reason"] == "gone"
    assert kept(entry) == HASH


async def test_people_are_told_that_the_charger_was_connected_meanwhile(
    hass: HomeAssistant, hub: OcppHub, garage: HubCharger, connect: Connect
) -> None:
    charger = await connect(password=PASSWORD)
    await charger.boot()
    await refused(connect)
    issue = told(hass)
    assert issue is not None
    assert issue.translation_key == "missing_password_connected"
    assert garage.station.connected
    await charger.heartbeat()


# --- the action ---------------------------------------------------------------------------


async def update(hass: HomeAssistant, garage: HubCharger, **fields: Any) -> Any:
    """Give the charger another password."""
    answer = await hass.services.async_call(
        DOMAIN,
        "update_password",
        {"device_id": garage.device_id, **fields},
        blocking=True,
        return_response=True,
    )
    await hass.async_block_till_done()
    return answer


async def test_the_action_tells_the_charger_and_returns_the_password(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    garage: HubCharger,
    connect: Connect,
) -> None:
    charger = await connect(password=PASSWORD)
    await charger.power_up()
    charger.answers["ChangeConfiguration"] = {"status": "Accepted"}
    answer = await update(hass, garage)
    assert answer["status"] == "Accepted"
    await eventually(hass, lambda: kept(entry) != HASH)
    assert answer["password"] not in str(entry.as_dict())
    await charger.disconnect()
    await refused(connect, password=PASSWORD)
    await connect(password=answer["password"])


async def test_a_charger_that_says_no_keeps_its_password(
    hass: HomeAssistant, entry: MockConfigEntry, garage: HubCharger, connect: Connect
) -> None:
    charger = await connect(password=PASSWORD)
    await charger.power_up()
    charger.answers["ChangeConfiguration"] = {"status": "Rejected"}
    with pytest.raises(HomeAssistantError) as error:
        await update(hass, garage, password=OTHER)
    assert error.value.translation_key == "command_rejected"
    assert OTHER not in str(error.value)
    assert kept(entry) == HASH


@pytest.mark.parametrize("password", ["short", "x" * 41])
async def test_a_password_that_cannot_be_is_refused(
    hass: HomeAssistant, garage: HubCharger, connect: Connect, password: str
) -> None:
    charger = await connect(password=PASSWORD)
    await charger.power_up()
    with pytest.raises(ServiceValidationError) as error:
        await update(hass, garage, password=password)
    assert error.value.translation_key == "invalid_password"


async def test_a_charger_that_is_away_cannot_be_told(
    hass: HomeAssistant, garage: HubCharger
) -> None:
    with pytest.raises(ServiceValidationError) as error:
        await update(hass, garage)
    assert error.value.translation_key == "station_offline"


async def test_whoever_sends_a_password_it_is_the_one_from_then_on(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    garage: HubCharger,
    connect_two: ConnectTwo,
) -> None:
    two: Two = await connect_two(password=PASSWORD)
    await two.power_up()
    await hass.services.async_call(
        DOMAIN,
        "set_variables",
        {
            "device_id": garage.device_id,
            "set_variable_data": [
                {
                    "component": {"name": "SecurityCtrlr"},
                    "variable": {"name": "BasicAuthPassword"},
                    "attributeValue": OTHER,
                }
            ],
        },
        blocking=True,
        return_response=True,
    )
    await eventually(hass, lambda: kept(entry) != HASH)
    await two.disconnect()
    await connect_two(password=OTHER)
    with pytest.raises(InvalidStatus):
        await connect_two(password=PASSWORD)


# --- unknown chargers, and what is shown --------------------------------------------------


async def test_the_option_of_before_is_taken_over(hass: HomeAssistant) -> None:
    for before, after in (
        (
            {"adopt_automatically": True, "quiet": True},
            {"unknown_chargers": "adopt", "quiet": True},
        ),
        ({"adopt_automatically": False}, {}),
        ({}, {}),
    ):
        entry = MockConfigEntry(domain=DOMAIN, version=3, options=before)
        entry.add_to_hass(hass)
        assert await async_migrate_entry(hass, entry)
        assert entry.options == after
        assert entry.minor_version == 2


class TestRefusing:
    """Chargers that nobody added are turned away."""

    @pytest.fixture
    def options(self) -> dict[str, Any]:
        """Refuse whoever is not known."""
        return {"unknown_chargers": "refuse"}

    async def test_an_unknown_charger_is_turned_away(
        self, hass: HomeAssistant, hub: OcppHub, connect: Connect
    ) -> None:
        with pytest.raises(InvalidStatus) as turned_away:
            await connect("NEW")
        assert turned_away.value.response.status_code == 404
        assert not hub.central.visitors
        assert not hass.config_entries.flow.async_progress_by_handler(DOMAIN)
        charger: Charger = await connect(password=PASSWORD)
        await charger.power_up()
        await ready(hass, charger)


async def test_only_so_many_unknown_chargers_are_shown(
    hass: HomeAssistant, hub: OcppHub, connect: Connect
) -> None:
    """Also where each of them leaves before the next one comes."""
    for number in range(MOST_VISITORS + 5):
        unknown: Charger = await connect(f"NEW{number}")
        await unknown.boot()
        await unknown.disconnect()
        await eventually(hass, lambda: not hub.central.visitors)
    cards = hass.config_entries.flow.async_progress_by_handler(DOMAIN)
    assert len(cards) == MOST_VISITORS
    again: Charger = await connect("NEW0")
    await again.boot()
    await hass.async_block_till_done()
    cards = hass.config_entries.flow.async_progress_by_handler(DOMAIN)
    assert len(cards) == MOST_VISITORS


class TestAdopting:
    """Chargers that nobody added are added, as long as there are not too many."""

    @pytest.fixture
    def options(self) -> dict[str, Any]:
        """Add whoever comes."""
        return {"unknown_chargers": "adopt"}

    async def test_nobody_fills_the_house_with_chargers(
        self,
        hass: HomeAssistant,
        hub: OcppHub,
        connect: Connect,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(newcomers, "MOST_ADOPTED", 3)
        for number in range(2):
            unknown: Charger = await connect(f"NEW{number}")
            await unknown.boot_until_accepted()
        for number in range(2, 4):
            one_too_many: Charger = await connect(f"NEW{number}")
            assert (await one_too_many.boot())["status"] == "Pending"
        await hass.async_block_till_done()
        assert set(hub.chargers) == {"CP1", "NEW0", "NEW1"}


async def test_refusals_are_counted_and_nothing_of_a_password_is_shown(
    hass: HomeAssistant, entry: MockConfigEntry, hub: OcppHub, connect: Connect
) -> None:
    await refused(connect, password=OTHER)
    shown = await async_get_config_entry_diagnostics(hass, entry)
    assert shown["refused"] == {"WRONG_PASSWORD": 1}
    assert shown["chargers"][0]["password"] is True
    assert shown["chargers"][0]["settings"]["password_hash"] == "**REDACTED**"
    assert HASH not in str(shown)
