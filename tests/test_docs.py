"""What the documentation tells people to copy works."""

from collections.abc import Iterator
from pathlib import Path
import re
from typing import Any

from homeassistant.const import STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers.template import Template
from homeassistant.setup import async_setup_component
from homeassistant.util import slugify
import pytest
import yaml

from custom_components.ocpp import trigger
from custom_components.ocpp.charger import Charger as HubCharger
from custom_components.ocpp.const import DOMAIN
from custom_components.ocpp.sessions import COLUMNS
from tests.simulator import Charger

from .test_translations import DESCRIPTIONS, at

DOCS = Path(__file__).parents[1] / "docs"
SESSIONS = (DOCS / "sessions.md").read_text()
CARDS_PAGE = (DOCS / "cards.md").read_text()
DASHBOARDS = (DOCS / "dashboards.md").read_text()
CARDS = {
    "grid",
    "heading",
    "tile",
    "entities",
    "history-graph",
    "statistics-graph",
    "markdown",
}


@pytest.fixture
def options() -> dict[str, Any]:
    """Have a price."""
    return {"price_per_kwh": 0.5}


@pytest.fixture
def expected_lingering_timers() -> bool:
    """Let what is copied wait for the time of the day that it names."""
    return True


def blocks(text: str, first: str) -> list[Any]:
    """Return the YAML blocks of a page that begin with a word."""
    found = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    return [yaml.safe_load(block) for block in found if block.startswith(first)]


def cards(node: Any) -> Iterator[dict[str, Any]]:
    """Yield every card of a dashboard."""
    for section in node["views"][0]["sections"]:
        yield section
        yield from section["cards"]


(DASHBOARD,) = blocks(DASHBOARDS, "views")


def test_the_dashboard_has_cards_of_home_assistant_only() -> None:
    assert {card["type"] for card in cards(DASHBOARD)} == CARDS


def test_every_entity_of_the_dashboard_exists() -> None:
    names = {
        f"{key.split('.')[0]}.{slugify('Garage ' + str(at(f'entity.{key}.name')))}"
        for key in DESCRIPTIONS
    }
    used = set(re.findall(r"\b[a-z_]+\.garage_\w+", yaml.dump(DASHBOARD)))
    assert len(used) > 10
    assert used <= names


async def test_the_dashboard_shows_sessions(
    hass: HomeAssistant, charging: Charger
) -> None:
    (template,) = blocks(DASHBOARDS, "template")
    assert await async_setup_component(hass, "template", template)
    await hass.async_block_till_done()
    markdown = [
        card["content"] for card in cards(DASHBOARD) if card["type"] == "markdown"
    ]
    assert "Nobody charged yet." in Template(markdown[0], hass).async_render()

    await charging.stop()
    await charging.settle()
    await hass.async_block_till_done()
    assert hass.states.get("sensor.charging_sessions").state == "1"
    last, month = (
        Template(content, hass).async_render(parse_result=False) for content in markdown
    )
    assert "| Energy | 1.84 kWh |" in last
    assert "| Cost | 0.92 EUR |" in last
    assert "…D1" in month
    assert "1.8 kWh in 1 sessions." in month


async def test_the_automations_are_valid(
    hass: HomeAssistant, charging: Charger
) -> None:
    automations = [
        automation
        for block in blocks(SESSIONS, "automation")
        for automation in block["automation"]
    ]
    assert len(automations) == 3
    assert await async_setup_component(hass, "automation", {"automation": automations})
    await hass.async_block_till_done()
    states = hass.states.async_all("automation")
    assert len(states) == len(automations)
    assert STATE_UNAVAILABLE not in {state.state for state in states}


async def test_the_actions_are_valid(hass: HomeAssistant, charging: Charger) -> None:
    found = blocks(SESSIONS, "action")
    assert {block["action"] for block in found} == {
        "ocpp.get_sessions",
        "ocpp.export_sessions",
    }
    assert await async_setup_component(
        hass, "script", {"script": {"documented": {"sequence": found}}}
    )
    await hass.services.async_call("script", "documented", blocking=True)
    assert list(Path(hass.config.path("exports")).glob("*.csv"))


async def test_a_charger_is_reserved(
    hass: HomeAssistant, garage: HubCharger, charger: Charger
) -> None:
    one, two = blocks(CARDS_PAGE, "action")
    for action in (one, two):
        action["data"]["device_id"] = garage.device_id
    sequence = [one, {"stop": "done", "response_variable": "reservation"}]
    assert await async_setup_component(
        hass, "script", {"script": {"one": {"sequence": sequence}}}
    )
    response = await hass.services.async_call(
        "script", "one", blocking=True, return_response=True
    )
    assert response["status"] == "Accepted"
    until = hass.states.get("sensor.garage_reserved_until")
    assert until is not None
    assert until.state not in ("unknown", "unavailable")
    # What 2.0.1 calls otherwise is valid, and not for this charger.
    with pytest.raises(ServiceValidationError, match=r"expiry_date|id_token"):
        await hass.services.async_call(
            DOMAIN,
            "reserve_now",
            two["data"] | {"expiry_date_time": "2099-01-01T00:00:00+00:00"},
            blocking=True,
        )


async def test_the_bill_of_a_month_adds_up(
    hass: HomeAssistant, charging: Charger
) -> None:
    (bill, *_) = (
        automation
        for block in blocks(SESSIONS, "automation")
        for automation in block["automation"]
    )
    message = bill["actions"][1]["data"]["message"]
    sessions = [
        {"energy": 7.5, "cost": 2.25, "complete": True},
        {"energy": 1.0, "cost": None, "complete": False},
    ]
    rendered = Template(message, hass).async_render({"month": {"sessions": sessions}})
    assert rendered == "8.5 kWh, 2.25 EUR (not complete)"


def test_the_columns_are_those_that_are_promised() -> None:
    promise = SESSIONS.split("The columns are")[1].split("in this order")[0]
    assert tuple(re.findall(r"`(\w+)`", promise)) == COLUMNS


def test_every_trigger_is_documented() -> None:
    documented = set(re.findall(r"^\| `ocpp\.(\w+)` \|", SESSIONS, re.MULTILINE))
    assert documented == set(trigger.TRIGGERS)
