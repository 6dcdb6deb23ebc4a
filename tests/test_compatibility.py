"""How a charger is treated in another way: what people see of that, and can change."""

from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import issue_registry as ir
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.components.diagnostics import (
    get_diagnostics_for_config_entry,
)
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.ocpp.charger import Charger as HubCharger
from custom_components.ocpp.compatibility import (
    SCHEMA,
    overrides,
    read_compatibility,
    shown,
)
from custom_components.ocpp.const import DOMAIN
from custom_components.ocpp.csms.chargers import MODELS, Compatibility
from custom_components.ocpp.csms.model import RateUnit
from tests.simulator import Charger

from .conftest import Connect, charger_subentry, eventually, ready

CHOSEN = {
    "name": "Garage",
    "maximum_current": 32,
    "phases": "3",
    "registration": "accepted",
}
ISSUE = "limits_ignored_subentry_CP1"


async def form_of(hass: HomeAssistant, entry: MockConfigEntry) -> Any:
    """Return the form with a charger's settings."""
    return await entry.start_subentry_reconfigure_flow(hass, "subentry_CP1")


def suggested(form: Any) -> dict[str, Any]:
    """Return what the form's section on compatibility begins with."""
    fields = form["data_schema"].schema
    (section,) = [value for key, value in fields.items() if key == "compatibility"]
    assert section.options["collapsed"]
    return {
        str(key): key.description["suggested_value"] for key in section.schema.schema
    }


async def choose(
    hass: HomeAssistant, entry: MockConfigEntry, **compatibility: Any
) -> Any:
    """Save a charger's settings with other choices about its compatibility."""
    form = await form_of(hass, entry)
    result = await hass.config_entries.subentries.async_configure(
        form["flow_id"],
        CHOSEN | {"compatibility": suggested(form) | compatibility},
    )
    await hass.async_block_till_done()
    return result


def stored(entry: MockConfigEntry) -> Any:
    """Return what is kept of the choices about compatibility."""
    return entry.subentries["subentry_CP1"].data.get("compatibility")


# --- the form ---------------------------------------------------------------------------


def test_all_but_the_token_can_be_chosen() -> None:
    """The token is in the settings of a charger already."""
    fields = set(vars(Compatibility()))
    assert {str(key) for key in SCHEMA.schema} == fields - {"id_token"}


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
def test_what_is_shown_of_a_model_is_what_it_means(model: Any) -> None:
    """The form takes it, reads it as it was, and takes it for no wish."""
    treated = model.compatibility
    form = SCHEMA(shown(treated))
    assert overrides(form, treated, 32) == {}
    read = read_compatibility(form)
    assert all(getattr(treated, name) == value for name, value in read.items())
    # Of a charger that nothing is known about, all of it is a wish that can be kept.
    wishes = overrides(form, Compatibility(), 32)
    assert read_compatibility(wishes).items() <= read.items()


async def test_the_form_shows_what_is_known_of_the_model_and_keeps_only_wishes(
    hass: HomeAssistant, entry: MockConfigEntry, garage: HubCharger, connect: Connect
) -> None:
    charger = await connect(vendor="go-e", model="go-eCharger_V4")
    await charger.power_up()
    await ready(hass, charger)
    begin = suggested(await form_of(hass, entry))
    assert begin["whole_amperes"] is True
    assert begin["rate_unit"] == "ampere"
    assert "ChangeAvailability" in begin["never_sent"]

    result = await choose(hass, entry)
    assert result["reason"] == "reconfigure_successful"
    assert stored(entry) is None

    await choose(hass, entry, call_timeout=45, rate_unit="watt", steps="16;6, 10")
    assert stored(entry) == {
        "call_timeout": 45,
        "rate_unit": "watt",
        "steps": "6, 10, 16",
    }
    treated = garage.station.compatibility
    assert treated.call_timeout == 45
    assert treated.rate_unit is RateUnit.WATT
    assert treated.steps == (6, 10, 16)
    # What nobody chose stays that of the model.
    assert treated.whole_amperes

    # The form shows the wishes, and what is set back is one no more.
    begin = suggested(await form_of(hass, entry))
    assert begin["steps"] == "6, 10, 16"
    assert begin["whole_amperes"] is True
    await choose(hass, entry, call_timeout=0, rate_unit="ampere", steps="")
    assert stored(entry) is None
    assert garage.station.compatibility.rate_unit is RateUnit.AMPERE


async def test_what_is_left_out_is_that_of_the_model(
    hass: HomeAssistant, entry: MockConfigEntry, garage: HubCharger
) -> None:
    await choose(hass, entry, sample_interval=60)
    assert garage.station.compatibility.sample_interval == 60
    form = await form_of(hass, entry)
    await hass.config_entries.subentries.async_configure(form["flow_id"], CHOSEN)
    await hass.async_block_till_done()
    assert stored(entry) is None
    assert garage.station.compatibility == Compatibility()


async def test_what_the_charger_says_of_itself_meanwhile_makes_no_wishes(
    hass: HomeAssistant, entry: MockConfigEntry, garage: HubCharger, connect: Connect
) -> None:
    """The form was left as it was, before anybody knew the model."""
    form = await form_of(hass, entry)
    charger = await connect(vendor="go-e", model="go-eCharger_V4")
    await charger.power_up()
    await ready(hass, charger)
    await hass.config_entries.subentries.async_configure(
        form["flow_id"], CHOSEN | {"compatibility": suggested(form)}
    )
    await hass.async_block_till_done()
    assert stored(entry) is None
    assert garage.station.compatibility.whole_amperes


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"steps": "six"}, "invalid_steps"),
        ({"steps": "6, 0"}, "invalid_steps"),
        ({"steps": "6, 5000"}, "invalid_steps"),
        ({"measurands": ["Voltage", "Volt"]}, "invalid_measurand"),
        ({"measurands": ["Voltage.L4"]}, "invalid_measurand"),
        ({"call_timeout": 0.5}, "invalid_call_timeout"),
        ({"steps": "40, 50"}, "steps_too_high"),
    ],
)
async def test_what_means_nothing_is_said_and_can_be_mended(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    garage: HubCharger,
    wrong: dict[str, Any],
    error: str,
) -> None:
    form = await choose(hass, entry, **wrong)
    assert form["type"] is FlowResultType.FORM
    assert form["errors"] == {"base": error}
    # What was typed is still there.
    assert suggested(form).items() >= wrong.items()
    result = await hass.config_entries.subentries.async_configure(
        form["flow_id"],
        CHOSEN
        | {"compatibility": {"measurands": ["Voltage.L1-N", "Current.Import.L1"]}},
    )
    await hass.async_block_till_done()
    assert result["reason"] == "reconfigure_successful"
    assert garage.station.compatibility.measurands == (
        "Voltage.L1-N",
        "Current.Import.L1",
    )


async def test_the_lowest_limit_is_not_above_what_the_charger_may_draw(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    """Otherwise no limit could be set at all."""
    form = await form_of(hass, entry)
    chosen = CHOSEN | {
        "maximum_current": 16,
        "compatibility": suggested(form) | {"lowest_current": 20},
    }
    form = await hass.config_entries.subentries.async_configure(form["flow_id"], chosen)
    assert form["errors"] == {"base": "lowest_current_too_high"}
    chosen["maximum_current"] = 20
    result = await hass.config_entries.subentries.async_configure(
        form["flow_id"], chosen
    )
    assert result["reason"] == "reconfigure_successful"


async def test_what_is_chosen_twice_is_kept_once(
    hass: HomeAssistant, entry: MockConfigEntry, garage: HubCharger
) -> None:
    await choose(hass, entry, measurands=["Voltage", "SoC", "Voltage"])
    assert stored(entry) == {"measurands": ["Voltage", "SoC"]}
    assert garage.station.compatibility.measurands == ("Voltage", "SoC")


async def test_what_only_partly_exceeds_the_highest_current_is_taken(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    await choose(hass, entry, steps="6, 40", lowest_current=32)
    assert stored(entry) == {"steps": "6, 40", "lowest_current": 32}


async def test_the_form_opens_while_nothing_is_running(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    await hass.config_entries.async_unload(entry.entry_id)
    assert suggested(await form_of(hass, entry)) == shown(Compatibility())


@pytest.mark.parametrize(
    "subentries", [[charger_subentry(compatibility={"redials": False, "gone": 1})]]
)
async def test_wishes_of_another_version_harm_nobody(
    hass: HomeAssistant, garage: HubCharger
) -> None:
    assert garage.station.compatibility == Compatibility(redials=False)


async def test_diagnostics_tell_how_a_charger_is_treated_and_by_whom(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    connect: Connect,
    hass_client: ClientSessionGenerator,
) -> None:
    charger = await connect(vendor="United Chargers", model="Grizzl-E Mini")
    await charger.power_up()
    await ready(hass, charger)
    await choose(hass, entry, call_timeout=45)
    found = await get_diagnostics_for_config_entry(hass, hass_client, entry)
    treated = found["chargers"][0]["compatibility"]
    assert treated["call_timeout"] == 45
    assert treated["lowest_current"] == 7
    assert treated["overridden"] == ["call_timeout"]
    assert treated["id_token"] == "**REDACTED**"
    assert "uc_default_auth" not in str(found)


# --- what is there to use ---------------------------------------------------------------


async def test_what_a_model_cannot_do_is_not_offered(
    hass: HomeAssistant, entry: MockConfigEntry, connect: Connect
) -> None:
    """Of one that is only met now the switch was there before; people can have it back."""
    assert hass.states.get("switch.garage_available") is not None
    charger = await connect(vendor="go-e", model="go-eCharger_V4")
    await charger.power_up()
    await ready(hass, charger)
    assert hass.states.get("switch.garage_available").state == "unavailable"
    assert hass.states.get("button.garage_unlock").state != "unavailable"
    assert hass.states.get("switch.garage_charging").state == "off"

    # Known from the start the next time.
    assert await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    state = hass.states.get("switch.garage_available")
    assert state is None or state.attributes.get("restored")

    await choose(hass, entry, never_sent=["UnlockConnector"])
    state = hass.states.get("switch.garage_available")
    assert state is not None and not state.attributes.get("restored")
    async with Charger(
        f"ws://127.0.0.1:{entry.runtime_data.central.port}/",
        "CP1",
        vendor="go-e",
        model="go-eCharger_V4",
    ) as back:
        await back.power_up()
        await ready(hass, back)
        assert hass.states.get("switch.garage_available").state == "on"
        assert hass.states.get("button.garage_unlock").state == "unavailable"


async def test_a_limit_that_has_no_effect_is_warned_of_once_it_was_set(
    hass: HomeAssistant, entry: MockConfigEntry, garage: HubCharger, connect: Connect
) -> None:
    issues = ir.async_get(hass)
    charger = await connect(vendor="FoxESS", model="A7300P1-E-2")
    await charger.power_up()
    await ready(hass, charger)
    assert issues.async_get_issue(DOMAIN, ISSUE) is None

    await hass.services.async_call(
        "number",
        "set_value",
        {"entity_id": "number.garage_current_limit", "value": 10},
        blocking=True,
    )
    issue = issues.async_get_issue(DOMAIN, ISSUE)
    assert issue is not None
    assert issue.severity is ir.IssueSeverity.WARNING
    assert issue.translation_placeholders == {"title": "Garage"}

    # People who know better are believed.
    await choose(hass, entry, obeys_limits=True)
    assert issues.async_get_issue(DOMAIN, ISSUE) is None
    await choose(hass, entry, obeys_limits=False)
    assert issues.async_get_issue(DOMAIN, ISSUE) is not None

    # Without the limit there is nothing to warn of.
    await garage.station.smart_charging.clear(1)
    garage.station.flush()
    assert issues.async_get_issue(DOMAIN, ISSUE) is None


async def test_a_charger_that_is_gone_is_not_warned_of(
    hass: HomeAssistant, entry: MockConfigEntry, garage: HubCharger, connect: Connect
) -> None:
    charger = await connect(connectors=2, vendor="Zaptec", model="Go 2")
    await charger.power_up()
    await ready(hass, charger)
    await garage.station.smart_charging.set_limit(2, 10)
    garage.station.flush()
    issues = ir.async_get(hass)
    assert issues.async_get_issue(DOMAIN, ISSUE) is not None
    hass.config_entries.async_remove_subentry(entry, "subentry_CP1")
    await eventually(hass, lambda: issues.async_get_issue(DOMAIN, ISSUE) is None)
