"""Prove that a car feeds the house when people say so, and only then."""

from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import issue_registry as ir
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ocpp.charger import Charger as HubCharger
from custom_components.ocpp.const import DOMAIN
from tests.csms.conftest import prepared
from tests.simulator_v2 import Station as Two
from tests.simulator_v2.commands import dynamic, v2x
from tests.simulator_v2.commands.v2x import Bidirectional, able, authorized, power

from .conftest import ConnectTwo, charger_subentry, eventually
from .test_two import settled, state

LIMIT, SETPOINT, MODE = (
    "number.garage_discharge_limit",
    "number.garage_power_setpoint",
    "select.garage_operation_mode",
)
NOTIFY = "NotifyAllowedEnergyTransfer"
ISSUE = (DOMAIN, "discharging_unchanged_subentry_CP1")


@pytest.fixture
def subentries() -> list[Any]:
    """Return a charger that may discharge the car."""
    return [charger_subentry(may_discharge=True)]


@pytest.fixture
async def two(hass: HomeAssistant, garage: HubCharger, connect_two: ConnectTwo) -> Two:
    """Return a station of 2.1 with one EVSE that can discharge cars."""
    two = await connect_two(
        version="ocpp2.1", evses=1, variables=[*able(), *dynamic.able()]
    )
    await two.power_up()
    await prepared(garage.station)
    await settled(hass, two)
    return two


async def charge(hass: HomeAssistant, two: Two) -> None:
    """Let a car begin a session that can give as well."""
    await two.plug_in(1, car=Bidirectional())
    assert await two.present_card(1)
    assert await v2x.negotiate(two, 1, authorized(two)) == "Accepted"
    await two.until(lambda: two.profiles.installed, 5)
    await settled(hass, two)


async def put(hass: HomeAssistant, two: Two, entity: str, value: float) -> None:
    """Set a number."""
    await hass.services.async_call(
        "number", "set_value", {"entity_id": entity, "value": value}, blocking=True
    )
    await settled(hass, two)


async def choose(hass: HomeAssistant, two: Two, option: str) -> None:
    """Choose a mode of operation."""
    await hass.services.async_call(
        "select",
        "select_option",
        {"entity_id": MODE, "option": option},
        blocking=True,
    )
    await settled(hass, two)


async def allow(
    hass: HomeAssistant, entry: MockConfigEntry, two: Two, allowed: bool
) -> None:
    """Change in the charger's settings whether it may discharge the car."""
    form = await entry.start_subentry_reconfigure_flow(hass, "subentry_CP1")
    result = await hass.config_entries.subentries.async_configure(
        form["flow_id"],
        {
            "name": "Garage",
            "maximum_current": 32,
            "phases": "3",
            "may_discharge": allowed,
        },
    )
    assert result["reason"] == "reconfigure_successful"
    await hass.async_block_till_done()
    await settled(hass, two)


async def test_a_car_feeds_the_house_and_charges_again(
    hass: HomeAssistant, garage: HubCharger, two: Two
) -> None:
    # What it may give is there before there is a car.
    assert state(hass, LIMIT) == str(float(32 * 3 * 230))
    assert (state(hass, SETPOINT), state(hass, MODE)) == ("unavailable", "unavailable")
    await charge(hass, two)
    assert (state(hass, SETPOINT), state(hass, MODE)) == ("unknown", "charging_only")
    shown = hass.states.get(MODE)
    assert shown is not None
    assert shown.attributes["options"] == [
        *("charging_only", "central_setpoint", "external_setpoint", "idle")
    ]
    await put(hass, two, LIMIT, 4000)
    await put(hass, two, SETPOINT, -2500)
    assert (state(hass, SETPOINT), state(hass, MODE)) == ("-2500", "central_setpoint")
    assert power(two) == 2500
    await put(hass, two, SETPOINT, -6000)
    assert (state(hass, SETPOINT), power(two)) == ("-4000", 4000)
    # An automation that follows the house changes one profile.
    sent = [it for it in two.received if it[2:3] == ["SetChargingProfile"]]
    for watts in (-3000, -1000, 500, 3000):
        await put(hass, two, SETPOINT, watts)
    now = [it for it in two.received if it[2:3] == ["SetChargingProfile"]]
    assert len(now) == len(sent)
    await choose(hass, two, "charging_only")
    assert (state(hass, SETPOINT), state(hass, MODE)) == ("unknown", "charging_only")
    assert power(two) == 0
    assert two.flow(1).current == 16
    # The next car does as any other.
    await put(hass, two, SETPOINT, -2500)
    await two.unplug(1)
    await settled(hass, two)
    await charge(hass, two)
    assert (state(hass, MODE), power(two)) == ("charging_only", 0)


async def test_what_a_car_gives_is_counted(
    hass: HomeAssistant, garage: HubCharger, two: Two
) -> None:
    await charge(hass, two)
    await put(hass, two, SETPOINT, -3000)
    await v2x.give(two, 1, 1)
    await v2x.give(two, 1, 3600)
    await settled(hass, two)
    assert float(state(hass, "sensor.garage_power_export")) == 3000
    assert float(state(hass, "sensor.garage_energy_export")) == pytest.approx(
        3.5, abs=0.01
    )


async def test_what_the_car_says_is_shown(
    hass: HomeAssistant, garage: HubCharger, two: Two
) -> None:
    await charge(hass, two)
    for name, value in (
        ("requested_energy", 20),
        ("maximum_power", 11000),
        ("maximum_discharge_power", 8000),
        ("target_state_of_charge", 80),
    ):
        assert float(state(hass, f"sensor.garage_ev_{name}")) == value


async def test_people_allow_it_first(
    hass: HomeAssistant, entry: MockConfigEntry, garage: HubCharger, two: Two
) -> None:
    await charge(hass, two)
    await put(hass, two, SETPOINT, -2500)
    await allow(hass, entry, two, False)
    await eventually(hass, lambda: power(two) == 0)
    await eventually(hass, lambda: state(hass, MODE) == "charging_only")
    with pytest.raises(ServiceValidationError) as raised:
        await put(hass, two, SETPOINT, -2500)
    assert raised.value.translation_key == "discharging_not_allowed"
    await allow(hass, entry, two, True)
    await eventually(
        hass,
        lambda: garage.station.smart_charging.needs[1].transfer_mode == "ac_bpt",
    )
    await put(hass, two, SETPOINT, -2500)
    assert power(two) == 2500
    two.evses[1].car.gives_by = ""
    await v2x.negotiate(two, 1, [])
    await eventually(hass, lambda: state(hass, MODE) == "charging_only")
    with pytest.raises(ServiceValidationError) as raised:
        await put(hass, two, SETPOINT, -2500)
    assert raised.value.translation_key == "car_only_charges"


@pytest.mark.proves("Q02.FR.05", ocpp="2.1")
async def test_people_are_told_of_a_charger_that_goes_on_as_before(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    garage: HubCharger,
    two: Two,
    issue_registry: ir.IssueRegistry,
) -> None:
    await charge(hass, two)
    two.answers[NOTIFY] = {"status": "Rejected"}
    await allow(hass, entry, two, False)
    await eventually(hass, lambda: issue_registry.async_get_issue(*ISSUE))
    await two.unplug(1)
    await settled(hass, two)
    assert issue_registry.async_get_issue(*ISSUE) is None


async def test_other_chargers_have_nothing_of_it(
    hass: HomeAssistant, garage: HubCharger, connect_two: ConnectTwo
) -> None:
    two = await connect_two(version="ocpp2.1", evses=1)
    await two.power_up()
    await prepared(garage.station)
    await settled(hass, two)
    assert [hass.states.get(it) for it in (LIMIT, SETPOINT, MODE)] == [None] * 3
