"""What the solar blueprint decides, situation by situation, and that it is a blueprint."""

from datetime import timedelta
from typing import Any

from homeassistant.components.automation.config import AUTOMATION_BLUEPRINT_SCHEMA
from homeassistant.components.blueprint.models import Blueprint, BlueprintInputs
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.helpers.script_variables import ScriptVariables
from homeassistant.helpers.template import Template
from homeassistant.util import dt as dt_util
from homeassistant.util.yaml import load_yaml_dict, parse_yaml
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ocpp.csms.blocks.transactions import STOP_REASONS
from custom_components.ocpp.csms.model import EvseStatus

from .solar import BLUEPRINT, GRID, ROOT

SOURCE = "https://github.com/ocpp-home/ocpp/blob/main/"


def blueprint() -> Blueprint:
    """Return the blueprint, checked against Home Assistant's schema."""
    return Blueprint(
        load_yaml_dict(str(BLUEPRINT)),
        expected_domain="automation",
        path="ocpp/solar_surplus.yaml",
        schema=AUTOMATION_BLUEPRINT_SCHEMA,
    )


def templates(value: Any, hass: HomeAssistant) -> Any:
    """Return variables with their texts as templates."""
    if isinstance(value, dict):
        return {key: templates(item, hass) for key, item in value.items()}
    return Template(str(value), hass) if isinstance(value, str) else value


class Situation:
    """A charger's entities as they could be, and what the blueprint makes of them."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Begin with a car that charges with 10 A on three phases, and a balanced grid."""
        self._hass = hass
        entry = MockConfigEntry(domain="ocpp")
        entry.add_to_hass(hass)
        self.device_id = (
            dr.async_get(hass)
            .async_get_or_create(
                config_entry_id=entry.entry_id, identifiers={("ocpp", "CP1")}
            )
            .id
        )
        statuses = {"device_class": "enum", "options": [*EvseStatus]}
        reasons = {"device_class": "enum", "options": list(STOP_REASONS)}
        self.add("sensor", "status", "charging", **statuses)
        self.add("sensor", "stop_reason", "unknown", **reasons)
        self.add("number", "current_limit", "10", device_class="current", max=32)
        self.add("sensor", "power", "6900", device_class="power")
        self.add("sensor", "current", "10", device_class="current")
        self.add("sensor", "power_offered", "500", device_class="power")
        self.add("sensor", "current_offered", "1", device_class="current")
        self.add("sensor", "power_l1", "1", device_class="power")
        self.add("number", "station_limit", "3", device_class="current", max=32)
        self.add("switch", "charging", "on")
        self.grid(-100)

    def add(self, domain: str, key: str, state: str, **attributes: Any) -> None:
        """Add an entity to the charger's device."""
        entity = er.async_get(self._hass).async_get_or_create(
            domain,
            "ocpp",
            f"CP1-{key}",
            device_id=self.device_id,
            suggested_object_id=f"garage_{key}",
            original_name=key.replace("_", " ").capitalize(),
        )
        self._hass.states.async_set(entity.entity_id, state, attributes)

    def set(self, entity_id: str, state: str | float, **attributes: Any) -> None:
        """Let an entity show something else."""
        before = self._hass.states.get(entity_id)
        known = dict(before.attributes) if before is not None else {}
        self._hass.states.async_set(entity_id, str(state), known | attributes)

    def grid(self, watts: str | float, unit: str = "W") -> None:
        """Let the meter show something."""
        self.set(GRID, watts, unit_of_measurement=unit)

    def look(self, **inputs: Any) -> dict[str, Any]:
        """Return what the blueprint sees and decides."""
        chosen = {"grid_power": GRID, "charger": self.device_id} | inputs
        made = BlueprintInputs(
            blueprint(),
            {"use_blueprint": {"path": "ocpp/solar_surplus.yaml", "input": chosen}},
        )
        made.validate()
        config = made.async_substitute()
        given = ScriptVariables(templates(config["variables"], self._hass))
        seen = ScriptVariables(templates(config["actions"][0]["variables"], self._hass))
        known = given.async_render(self._hass, None)
        return seen.async_render(self._hass, known)

    def decision(self, **inputs: Any) -> tuple[str, int]:
        """Return what is decided, and the current that is wanted."""
        seen = self.look(**inputs)
        return seen["decision"], seen["wanted"]


@pytest.fixture
def situation(hass: HomeAssistant) -> Situation:
    """Return a situation to change."""
    return Situation(hass)


def test_it_is_a_blueprint() -> None:
    made = blueprint()
    assert made.validate() is None
    assert made.metadata["source_url"] == SOURCE + str(BLUEPRINT.relative_to(ROOT))
    # Home Assistant writes it anew when it imports it.
    assert parse_yaml(made.yaml()) == made.data
    # The few that have to be chosen; everything else has a sensible value.
    required = {
        name
        for name, options in made.inputs.items()
        if options is None or "default" not in options
    }
    assert required == {"grid_power", "charger"}


def test_every_setting_is_explained() -> None:
    guide = (ROOT / "docs" / "solar.md").read_text()
    for section in load_yaml_dict(str(BLUEPRINT))["blueprint"]["input"].values():
        assert f"## {section['name']}" in guide
        for options in section["input"].values():
            assert f"**{options['name']}**" in guide, options["name"]
    readme = (ROOT / "README.md").read_text()
    assert "my.home-assistant.io/redirect/blueprint_import/?blueprint_url=" in readme
    assert "solar_surplus.yaml" in readme


@pytest.mark.parametrize(
    ("grid", "expected"),
    [
        # 6900 W drawn, 100 W to be left: the whole amperes below what there is.
        (-100, ("nothing", 10)),
        (-789, ("nothing", 10)),
        (-790, ("raise", 11)),
        (-2170, ("raise", 13)),
        (-20_000, ("raise", 16)),
        # Up to 150 W too much are put up with.
        (50, ("nothing", 9)),
        (51, ("lower", 9)),
        (2000, ("lower", 6)),
        (9000, ("lower", 6)),
    ],
)
def test_the_surplus_is_followed(
    situation: Situation, grid: float, expected: tuple[str, int]
) -> None:
    situation.grid(grid)
    assert situation.decision() == expected
    situation.grid(grid / 1000, "kW")
    assert situation.decision() == expected
    situation.grid(-grid)
    assert situation.decision(grid_sign="export") == expected
    # Two meters, one for each direction.
    situation.grid(max(grid, 0))
    situation.set("sensor.export", max(-grid, 0), unit_of_measurement="W")
    assert situation.decision(export_power="sensor.export") == expected


@pytest.mark.parametrize(
    ("status", "limit", "grid", "decision"),
    [
        ("available", "10", -9000, "nothing"),
        ("unavailable", "unavailable", -9000, "nothing"),
        ("faulted", "10", -9000, "nothing"),
        ("reserved", "10", -9000, "nothing"),
        ("preparing", "unknown", -4239, "wait"),
        ("preparing", "unknown", -4240, "start"),
        ("preparing", "16", -4240, "start"),
        ("suspended_evse", "0", -4239, "wait"),
        ("suspended_evse", "0", -4240, "start"),
        ("suspended_ev", "0", -4240, "start"),
        # The car does not want to: neither more nor less changes that.
        ("suspended_ev", "10", -9000, "nothing"),
        ("suspended_ev", "10", 9000, "nothing"),
        ("suspended_evse", "6", -9000, "nothing"),
        ("suspended_evse", "6", 9000, "stop"),
        ("finishing", "10", -9000, "nothing"),
        # Without any limit it is the highest that counts.
        ("charging", "unknown", -900, "nothing"),
        ("charging", "unknown", 100, "lower"),
        ("charging", "6", 3000, "stop"),
    ],
)
def test_what_is_done_depends_on_the_car(
    situation: Situation, status: str, limit: str, grid: float, decision: str
) -> None:
    situation.set("sensor.garage_status", status)
    situation.set("number.garage_current_limit", limit)
    situation.grid(grid)
    assert situation.decision()[0] == decision


def test_a_car_that_tapers_off_is_not_stopped_for_want_of_nothing(
    situation: Situation,
) -> None:
    situation.set("number.garage_current_limit", 6)
    situation.set("sensor.garage_power", 900)
    situation.set("sensor.garage_current", 1.3)
    situation.grid(-500)
    assert situation.decision()[0] == "nothing"


@pytest.mark.parametrize(
    ("fallback", "decision"),
    [("keep", "nothing"), ("minimum", "fallback"), ("stop", "fallback")],
)
@pytest.mark.parametrize("word", ["unavailable", "unknown", "error", ""])
def test_a_sensor_without_a_number_is_a_failed_one(
    situation: Situation, fallback: str, decision: str, word: str
) -> None:
    situation.grid(word)
    assert situation.decision(fallback=fallback)[0] == decision
    situation.set("number.garage_current_limit", 6)
    expected = "nothing" if fallback == "minimum" else decision
    assert situation.decision(fallback=fallback)[0] == expected
    situation.set("sensor.garage_status", "preparing")
    assert situation.decision(fallback=fallback)[0] == "wait"


def test_a_sensor_that_fell_silent_is_a_failed_one(
    hass: HomeAssistant, situation: Situation
) -> None:
    long_ago = (dt_util.utcnow() - timedelta(minutes=11)).timestamp()
    hass.states.async_set(
        GRID, "-3000", {"unit_of_measurement": "W"}, timestamp=long_ago
    )
    assert situation.decision()[0] == "fallback"
    assert situation.decision(longest_silence=0) == ("raise", 14)
    assert situation.decision(longest_silence=900) == ("raise", 14)


@pytest.mark.parametrize(
    ("power", "level", "decision"),
    [
        # It discharges: that is not the sun.
        (800, 90, ("lower", 8)),
        # It charges, and is full enough for the car to come first.
        (-1500, 90, ("raise", 12)),
        (-1500, 30, ("nothing", 10)),
        (800, 30, ("lower", 8)),
        ("unavailable", 90, ("fallback", 6)),
    ],
)
def test_a_home_battery_is_counted(
    situation: Situation, power: float | str, level: float, decision: tuple[str, int]
) -> None:
    situation.set("sensor.battery", power, unit_of_measurement="W")
    situation.set("sensor.level", level)
    chosen = {"battery_level": "sensor.level", "battery_first": 50}
    assert situation.decision(battery_power="sensor.battery", **chosen) == decision
    if isinstance(power, int):
        situation.set("sensor.battery", -power / 1000, unit_of_measurement="kW")
        assert (
            situation.decision(
                battery_power="sensor.battery", battery_sign="charge", **chosen
            )
            == decision
        )


@pytest.mark.parametrize(
    ("watts", "amperes", "told", "phases"),
    [
        (6900, 10, "", 3),
        (2300, 10, "", 1),
        (4600, 10, "", 2),
        # Sums over the phases are no currents of one.
        (6900, 30, "", 3),
        # Too little to tell.
        (300, 1, "", 3),
        (2300, 10, "2", 2),
        (2300, 10, "unavailable", 1),
        (2300, 10, "0", 1),
    ],
)
def test_phases_are_measured(
    situation: Situation, watts: float, amperes: float, told: str, phases: int
) -> None:
    situation.set("sensor.garage_power", watts)
    situation.set("sensor.garage_current", amperes)
    situation.set("sensor.phases", told)
    chosen = {"phases_sensor": "sensor.phases"} if told else {}
    assert situation.look(**chosen)["phases"] == phases


def test_a_charger_that_measures_nothing_is_taken_at_its_limit(
    situation: Situation,
) -> None:
    situation.set("sensor.garage_power", "unknown")
    assert situation.look()["drawn"] == 6900
    situation.set("sensor.plug", 6.2, unit_of_measurement="kW")
    assert situation.look(charging_power="sensor.plug")["drawn"] == 6200


def test_the_rest_of_the_settings(situation: Situation) -> None:
    situation.grid(-3000)
    assert situation.decision(buffer=1500) == ("raise", 12)
    assert situation.decision(maximum_current=12) == ("raise", 12)
    situation.set("number.garage_current_limit", 6)
    situation.grid(5000)
    assert situation.decision(always_minimum=True)[0] == "nothing"
    situation.set("sensor.garage_status", "preparing")
    assert situation.decision(always_minimum=True)[0] == "start"
    assert situation.decision(start_session=False)[0] == "nothing"
    situation.set("input_boolean.sun", "off")
    off = {"enabled_by": "input_boolean.sun"}
    assert situation.decision(**off)[0] == "nothing"
    assert situation.decision(**off, when_off="maximum")[0] == "off"
    for pattern, interval in (("/10", 10), ("/30", 30), ("0", 60)):
        config = situation.look(update_interval=pattern)
        assert config["decision"] == "wait", interval
