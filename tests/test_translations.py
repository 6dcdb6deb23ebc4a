"""Every word people are shown exists, in every language, and nothing is left over."""

from collections.abc import Iterator
import json
from pathlib import Path
import re
from typing import Any

import hass_frontend
from homeassistant.components.sensor import SensorDeviceClass
from homeassistant.data_entry_flow import section
from homeassistant.helpers.entity import EntityDescription
import pytest
import yaml

from custom_components.ocpp import (
    battery,
    binary_sensor,
    button,
    card_flow,
    card_sensor,
    charger_flow,
    command_actions,
    config_flow,
    configuration,
    der,
    event,
    maintenance_sensor,
    measurands,
    notify,
    number,
    options_flow,
    password_actions,
    password_flow,
    security_flow,
    security_profile_actions,
    security_profile_flow,
    sensor,
    services,
    session_actions,
    session_sensor,
    station_sensor,
    switch,
    trigger,
    update,
    v2x,
)
from custom_components.ocpp.csms.blocks.availability import ERROR_CODES
from custom_components.ocpp.csms.blocks.transactions import STOP_REASONS
from custom_components.ocpp.csms.model import EvseStatus
from custom_components.ocpp.csms.store import TroubleKind

ROOT = Path(config_flow.__file__).parent
LANGUAGES = sorted(path.stem for path in (ROOT / "translations").glob("*.json"))
PLATFORMS = {
    "binary_sensor": binary_sensor,
    "button": button,
    "event": event,
    "notify": notify,
    "number": number,
    "sensor": sensor,
    "switch": switch,
    "update": update,
}
SOURCES = {path.name: path.read_text() for path in sorted(ROOT.glob("*.py"))}
ICONS = json.loads((ROOT / "icons.json").read_text())
SERVICES_YAML = yaml.safe_load((ROOT / "services.yaml").read_text())
ACTIONS = (
    services,
    session_actions,
    command_actions,
    password_actions,
    security_profile_actions,
)
SERVICE_SCHEMAS = {
    name: getattr(module, name.upper()).schema
    for name in SERVICES_YAML
    for module in ACTIONS
    if hasattr(module, name.upper())
} | {name: schema.schema for name, schema in command_actions.SCHEMAS.items()}
TRIGGERS_YAML = yaml.safe_load((ROOT / "triggers.yaml").read_text())
FORMS = {
    "config.step.user": config_flow.CENTRAL_SYSTEM_SCHEMA,
    "config.step.reconfigure": config_flow.CENTRAL_SYSTEM_SCHEMA,
    "config.step.adopt": charger_flow.ADOPT_SCHEMA,
    "options.step.chargers": options_flow.CHARGERS_SCHEMA,
    "options.step.security": security_flow.SECURITY_SCHEMA,
    "options.step.cards": options_flow.CARDS_SCHEMA,
    "options.step.prices": options_flow.PRICES_SCHEMA,
    "options.step.store": options_flow.STORE_SCHEMA,
    "config_subentries.charger.step.user": charger_flow.CHARGER_SCHEMA,
    "config_subentries.charger.step.reconfigure": (
        charger_flow.RECONFIGURE_CHARGER_SCHEMA
    ),
    "config_subentries.charger.step.password": password_flow.PASSWORD_SCHEMA,
    "config_subentries.charger.step.security_profile": (
        security_profile_flow.MOVE_SCHEMA
    ),
    **{
        f"config_subentries.id_token.step.{step}": card_flow.card_schema({})
        for step in ("type_in", "held", "reconfigure")
    },
}
MENUS = {
    "options.step.init": {"chargers", "security", "cards", "prices", "store"},
    "config_subentries.charger.step.menu": {"settings", "security_profile"},
    "config_subentries.id_token.step.user": {"hold", "type_in"},
    "config_subentries.id_token.step.nobody": {"hold", "type_in"},
}
# Steps in which nothing is asked.
SHOWN = {
    "config_subentries.charger.step.new_password",
    "config_subentries.charger.step.connection",
}
# Raised by Home Assistant on behalf of the flow.
FLOW_ABORTS = {"already_configured", "already_in_progress", "reconfigure_successful"}


def load(language: str) -> dict[str, Any]:
    """Return the translations of a language."""
    path = ROOT / "translations" / f"{language}.json"
    return dict(json.loads(path.read_text()))


def flatten(node: dict[str, Any], path: str = "") -> Iterator[tuple[str, str]]:
    """Yield the path and text of every translation."""
    for key, value in node.items():
        here = f"{path}.{key}" if path else key
        if isinstance(value, dict):
            yield from flatten(value, here)
        else:
            yield here, value


def at(path: str) -> Any:
    """Return what English has at a path."""
    node: Any = EN
    for key in path.split("."):
        node = node[key]
    return node


def placeholders(text: str) -> set[str]:
    """Return the names of the placeholders in a text."""
    return set(re.findall(r"{(\w+)}", text))


def descriptions() -> Iterator[tuple[str, EntityDescription]]:
    """Yield every entity description with its platform."""
    for platform, module in PLATFORMS.items():
        for value in vars(module).values():
            for one in value if isinstance(value, tuple) else (value,):
                # Instances of Home Assistant's own descriptions are of no common class.
                if not isinstance(one, type) and hasattr(one, "translation_key"):
                    yield platform, one
    for description in (
        *session_sensor.SESSION_SENSORS,
        *card_sensor.CARD_SENSORS,
        *station_sensor.STATION_SENSORS,
        *maintenance_sensor.MAINTENANCE_SENSORS,
        *configuration.KEY_SENSORS,
        *battery.BATTERY_SENSORS,
        *der.GRID_SENSORS,
    ):
        yield "sensor", description
    for platform, described in (
        ("binary_sensor", configuration.KEY_BINARY_SENSORS),
        ("binary_sensor", der.GRID_BINARY_SENSORS),
        ("number", configuration.KEY_NUMBERS),
        ("number", v2x.V2X_NUMBERS),
        ("select", v2x.V2X_SELECTS),
        ("switch", configuration.KEY_SWITCHES),
    ):
        yield from ((platform, description) for description in described)
    for description in measurands.DESCRIPTIONS.values():
        yield "sensor", description


EN = load("en")
TEXTS = [
    pytest.param(path, text, id=f"{language}:{path}")
    for language in LANGUAGES
    for path, text in flatten(load(language))
]
# Those of the phases of a measurand differ in placeholders only.
DESCRIPTIONS = {
    f"{platform}.{description.translation_key}": description
    for platform, description in descriptions()
}


def keys_of(schema: Any) -> set[str]:
    """Return the fields of a schema, also where it is a mapping among validators."""
    for part in getattr(schema, "validators", (schema,)):
        if isinstance(part, dict):
            return {str(key) for key in part}
    raise AssertionError(schema)


def offered(action: str) -> dict[str, Any]:
    """Return the fields that an action's form has, also those in a section."""
    fields: dict[str, Any] = {}
    for name, shape in SERVICES_YAML[action]["fields"].items():
        fields |= shape.get("fields", {name: shape})
    return fields


def raised(text: str) -> Iterator[tuple[str, set[str]]]:
    """Yield key and placeholders of the exceptions that a module raises literally."""
    pattern = (
        r"translation_domain=DOMAIN,\s*translation_key=\"(\w+)\""
        r"(?:,\s*translation_placeholders={(.*?)},?\s*\))?"
    )
    for match in re.finditer(pattern, text, re.DOTALL):
        names = re.findall(r'"(\w+)":', match[2] or "")
        yield match[1], set(names)


def exceptions() -> dict[str, set[str]]:
    """Return every exception key in the code with its placeholders."""
    found = dict(
        pair
        for name in (
            *("__init__.py", "services.py", "session_actions.py", "target.py"),
            "password_actions.py",
        )
        for pair in raised(SOURCES[name])
    )
    # Here each case names a key and what it adds to the words.
    for case in re.split(r"\n        case ", SOURCES["exceptions.py"])[1:]:
        body = case.split("return kind")[0]
        key = re.search(r'key(?:, kind)? = "(\w+)"', body)
        assert key is not None
        names = re.findall(r'words\["(\w+)"\]|"(\w+)":', body)
        found[key[1]] = {"charger"} | {first or second for first, second in names}
    return found


# --- all languages --------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
def test_language_says_what_english_says(language: str) -> None:
    """Every language has exactly the keys and placeholders of English."""
    english = {path: placeholders(text) for path, text in flatten(EN)}
    other = {path: placeholders(text) for path, text in flatten(load(language))}
    assert other == english


def test_languages() -> None:
    """There is German besides English."""
    assert LANGUAGES == ["de", "en"]


@pytest.mark.parametrize(("path", "text"), TEXTS)
def test_text_is_well_formed(path: str, text: str) -> None:
    """Nothing is in a text that Home Assistant refuses or shows wrongly."""
    assert text
    assert text == text.strip()
    assert not re.search(r"\w+://|www\.", text), "addresses belong into placeholders"
    assert not re.search(r"[<>]", text)
    assert "[%key:" not in text, "references are not resolved for us"
    assert not re.search(r"'{\w+}'", text)
    assert re.sub(r"{[a-z_]+}", "", text).count("{") == 0
    assert all(re.fullmatch(r"[a-z0-9_-]+", key) for key in path.split("."))
    # Straight apostrophes quote in the frontend's message format.
    assert "'" not in text
    if ".state." in path or ".options." in path:
        assert not placeholders(text)


@pytest.mark.parametrize("language", LANGUAGES)
def test_names_are_told_apart(language: str) -> None:
    """No two entities of a platform have one name, nor two states of an entity."""
    for platform in load(language)["entity"].values():
        names = [entity["name"] for entity in platform.values()]
        assert len(set(names)) == len(names)
        for entity in platform.values():
            states = list(entity.get("state", {}).values())
            assert len(set(states)) == len(states)


# --- entities and devices -------------------------------------------------------------


@pytest.mark.parametrize("key", DESCRIPTIONS)
def test_entity_is_named(key: str) -> None:
    """Every entity has a name with the placeholders that the code fills."""
    description = DESCRIPTIONS[key]
    given = getattr(description, "translation_placeholders", None) or {}
    assert placeholders(at(f"entity.{key}.name")) == set(given)


@pytest.mark.parametrize("key", DESCRIPTIONS)
def test_options_are_states(key: str) -> None:
    """Every option of an enumeration has a state, and no other entity has states."""
    description = DESCRIPTIONS[key]
    options: list[str] | None = None
    is_enum = description.device_class is SensorDeviceClass.ENUM
    if is_enum or key.startswith("select."):
        options = getattr(description, "options", None)
        assert options
    assert set(at(f"entity.{key}").get("state", {})) == set(options or ())


@pytest.mark.parametrize("key", DESCRIPTIONS)
def test_event_types_are_named(key: str) -> None:
    """Every type of an event has a name, and nothing else has."""
    types = getattr(DESCRIPTIONS[key], "event_types", None)
    attributes = at(f"entity.{key}").get("state_attributes", {})
    named = attributes.get("event_type", {}).get("state", {})
    assert set(named) == set(types or ())


@pytest.mark.parametrize(
    ("key", "slugs"),
    [
        ("status", {status.value for status in EvseStatus}),
        ("error_code", set(ERROR_CODES.values())),
        ("stop_reason", set(STOP_REASONS)),
    ],
)
def test_what_chargers_say_is_translated(key: str, slugs: set[str]) -> None:
    """The states are those that the central system knows."""
    assert set(EN["entity"]["sensor"][key]["state"]) == slugs


def test_no_entity_is_left_over() -> None:
    """Nothing is translated that is no entity."""
    translated = {
        f"{platform}.{key}"
        for platform, entities in EN["entity"].items()
        for key in entities
    }
    assert translated == set(DESCRIPTIONS)


@pytest.mark.parametrize("language", LANGUAGES)
def test_phases_have_twins(language: str) -> None:
    """The name of a measurand's phase is that of the measurand and the phase."""
    translated = load(language)["entity"]["sensor"]
    shown = {it.translation_key for it in measurands.DESCRIPTIONS.values()}
    for description in measurands.DESCRIPTIONS.values():
        key = description.translation_key
        # Of a car's battery there are no phases.
        if not description.translation_placeholders and f"{key}_phase" in shown:
            name = translated[key]["name"]
            assert translated[f"{key}_phase"] == {"name": f"{name} {{phase}}"}


def test_devices_are_named() -> None:
    """Every device has a name."""
    used = {
        key
        for name in ("hub.py", "entity.py")
        for key in re.findall(r'translation_key="(\w+)"', SOURCES[name])
        if key not in EN["issues"]
    }
    assert used == set(EN["device"])
    assert placeholders(EN["device"]["evse"]["name"]) == {"number"}
    assert not placeholders(EN["device"]["central_system"]["name"])


# --- flows ----------------------------------------------------------------------------


@pytest.mark.parametrize("path", FORMS)
def test_every_field_is_described(path: str) -> None:
    """Every field of a form has a label and a description, and no other has."""
    fields = dict(FORMS[path].schema)
    step = at(path)
    sections = {
        str(key): fields.pop(key)
        for key, value in FORMS[path].schema.items()
        if isinstance(value, section)
    }
    assert set(step.get("sections", {})) == set(sections)
    for name, shape in sections.items():
        words = step["sections"][name]
        assert set(words["data"]) == {str(key) for key in shape.schema.schema}
        assert set(words["data_description"]) == set(words["data"])
        assert words["name"]
        assert words["description"]
    assert set(step["data"]) == {str(key) for key in fields}
    assert set(step["data_description"]) == set(step["data"])
    assert step["title"]
    assert step["description"]


def test_every_form_is_checked() -> None:
    """Every step that is translated is a form of the flows."""
    steps = {
        f"{flow}.step.{step}"
        for flow in (
            *("config", "options"),
            *("config_subentries.charger", "config_subentries.id_token"),
        )
        for step in at(flow)["step"]
    }
    assert steps == FORMS.keys() | MENUS.keys() | SHOWN


@pytest.mark.parametrize("path", MENUS)
def test_every_choice_of_a_menu_is_named(path: str) -> None:
    """Every step that a menu leads to has a name there, and the menu has words."""
    assert set(at(path)) == {"title", "description", "menu_options"}
    assert set(at(path)["menu_options"]) == MENUS[path]


@pytest.mark.parametrize(
    ("path", "filled"),
    [
        ("config.step.user", {"url"}),
        ("config.step.reconfigure", {"url"}),
        ("config.step.adopt", {"identity", "vendor", "model", "serial"}),
        ("config.abort.charger_added", {"name"}),
        ("config.flow_title", {"name"}),
        ("options.step.init", set()),
        ("options.step.store", {"example"}),
        ("options.step.security", {"root", "url"}),
        ("options.error", {"error"}),
        ("config_subentries.id_token.step.held", {"card", "charger"}),
        ("config_subentries.id_token.abort.already_configured", {"name"}),
        ("config_subentries.id_token.progress.hold", set()),
        ("config_subentries.charger.step.user", {"url"}),
        ("config_subentries.charger.step.reconfigure", {"identity"}),
        ("config_subentries.charger.step.security_profile", {"charger", "url"}),
        ("config_subentries.charger.progress", set()),
        ("config_subentries.charger.step.new_password", {"password"}),
        (
            "config_subentries.charger.step.connection",
            {"url", "identity", "password"},
        ),
        ("config_subentries.charger.step.password", set()),
    ],
)
def test_flow_fills_placeholders(path: str, filled: set[str]) -> None:
    """What a flow says uses the placeholders that it fills, and no others."""
    node = at(path)
    text = node if isinstance(node, str) else json.dumps(node)
    assert placeholders(text) == filled


ERRORS = r'errors\[CONF_\w+\] = "(\w+)"'
WRONG = r'TlsError\(\s*\w+, "(\w+)"'
ABORTS = r'reason="(\w+)"'


def test_flow_explains_how_it_ends() -> None:
    """Every error and abort of the flow is explained."""
    source = SOURCES["config_flow.py"]
    errors = set(re.findall(r'{CONF_\w+: "(\w+)"}', source))
    assert errors == set(EN["config"]["error"])
    assert set(re.findall(ABORTS, source)) | FLOW_ABORTS == set(EN["config"]["abort"])


@pytest.mark.parametrize(
    ("kind", "flow"), [("charger", "charger_flow.py"), ("id_token", "card_flow.py")]
)
def test_flow_of_a_subentry_explains_how_it_ends(kind: str, flow: str) -> None:
    """Every error and abort of it is explained."""
    words = EN["config_subentries"][kind]
    errors = set(re.findall(ERRORS, SOURCES[flow]))
    if kind == "charger":
        errors |= set(re.findall(ERRORS, SOURCES["password_flow.py"]))
        typed = r'InvalidCompatibility\("(\w+)"\)'
        errors |= set(re.findall(typed, SOURCES["compatibility.py"]))
        errors |= set(re.findall(ERRORS, SOURCES["security_profile_flow.py"]))
    assert errors == set(words["error"])
    reasons = set(re.findall(ABORTS, SOURCES[flow])) | {"reconfigure_successful"}
    if kind == "charger":
        for steps in ("security_profile_flow.py", "password_flow.py"):
            reasons |= set(re.findall(ABORTS, SOURCES[steps]))
        # Why a charger was not moved, in the words of the action.
        moves = {key for key in EN["exceptions"] if key.startswith("move_")}
        for key in moves | {"station_offline"}:
            assert words["abort"][key] == EN["exceptions"][key]["message"]
        reasons |= moves | {"station_offline"}
    assert reasons == set(words["abort"])


def test_flow_of_options_explains_what_is_wrong() -> None:
    """Every error of it is explained, those of the store among them."""
    reasons = re.search(
        r"`reason` is one of (.*?)\n    \"", trouble_source(), re.DOTALL
    )
    assert reasons is not None
    errors = set(re.findall(ERRORS, SOURCES["options_flow.py"]))
    errors |= set(re.findall(r"`(\w+)`", reasons[1]))
    security = SOURCES["security_flow.py"] + (ROOT / "csms" / "tls.py").read_text()
    for pattern in (
        ERRORS,
        r'errors\[field\] = "(\w+)"',
        r'{CONF_\w+: "(\w+)"}',
        WRONG,
    ):
        errors |= set(re.findall(pattern, security))
    assert errors == set(EN["options"]["error"])


def trouble_source() -> str:
    """Return the code that says why a store can't be opened."""
    return (ROOT / "csms" / "store" / "trouble.py").read_text()


@pytest.mark.parametrize("kind", ["charger", "id_token"])
def test_flow_of_a_subentry_is_named(kind: str) -> None:
    """Adding and changing one have names."""
    words = EN["config_subentries"][kind]
    assert words["entry_type"]
    assert set(words["initiate_flow"]) == {"user", "reconfigure"}
    assert set(words["initiate_flow"]) <= set(words["step"])


def every_field(schema: Any) -> Iterator[Any]:
    """Yield what the fields of a form are filled in with, also those of a section."""
    for field in schema.schema.values():
        yield from every_field(field.schema) if isinstance(field, section) else [field]


def test_selector_options() -> None:
    """Every choice of a translated selector has a name."""
    used = {}
    for schema in FORMS.values():
        for field in every_field(schema):
            config = getattr(field, "config", {})
            if (key := config.get("translation_key")) is not None:
                used[key] = set(config["options"])
    for action in SERVICES_YAML:
        for field in offered(action).values():
            select = field["selector"].get("select") or {}
            if (key := select.get("translation_key")) is not None:
                used.setdefault(key, set()).update(select["options"])
    assert used == {
        key: set(selector["options"]) for key, selector in EN["selector"].items()
    }


# --- errors, issues, health -----------------------------------------------------------


def test_exceptions() -> None:
    """Every exception that is raised has a message with its placeholders."""
    translated = {
        key: placeholders(exception["message"])
        for key, exception in EN["exceptions"].items()
    }
    assert translated == exceptions()


def test_issues() -> None:
    """Every issue is explained, with the placeholders that the code fills."""
    kept = {"title", "waiting", "dropped"}
    filled = {
        "port_unavailable": {"title", "port", "reason"},
        "store_away": {"title", "error"},
        "store_damaged": {"title", "name"},
        "limits_ignored": {"title"},
        "discharging_unchanged": {"title"},
        "too_many_sessions": {"title", "most"},
        "charger_certificate_expires": {"title", "date"},
        "charger_certificate_renewing": {"title", "date"},
        "charger_not_moved": {"title", "profile"},
        "tls_certificate_expires": {"date"},
        "tls_file_unusable": {"path"},
        "tls_old_versions": {"title"},
        **{f"store_{kind}": kept for kind in TroubleKind if kind != "damaged"},
    }
    fixable = {
        f"{what}_password{when}"
        for what in ("missing", "wrong")
        for when in ("", "_connected")
    } | {"charger_certificate_over"}
    assert set(EN["issues"]) == set(filled) | fixable
    for key, issue in EN["issues"].items():
        if key in fixable:
            continue
        assert set(issue) == {"title", "description"}
        assert placeholders(issue["title"]) == {"title"}
        assert placeholders(issue["description"]) == filled[key]


@pytest.mark.parametrize("when", ["", "_connected"])
@pytest.mark.parametrize("what", ["missing", "wrong"])
def test_repairs(what: str, when: str) -> None:
    """Everything that people can do about an issue has a name."""
    issue = EN["issues"][f"{what}_password{when}"]
    assert placeholders(issue["title"]) == {"title"}
    flow = issue["fix_flow"]
    assert set(flow["step"]) == {"init"}
    menu = flow["step"]["init"]
    assert placeholders(menu["description"]) == {"title", "address", "time"}
    assert set(menu["menu_options"]) == {"accept", "block"}
    reasons = set(re.findall(ABORTS, SOURCES["repairs.py"]))
    assert set(flow["abort"]) == reasons


def test_repair_of_a_certificate() -> None:
    """What letting a charger in means is told before people agree to it."""
    issue = EN["issues"]["charger_certificate_over"]
    assert placeholders(issue["title"]) == {"title"}
    flow = issue["fix_flow"]
    assert set(flow["step"]) == {"confirm"}
    confirm = flow["step"]["confirm"]
    assert placeholders(confirm["description"]) == {"title", "date"}
    assert set(flow["abort"]) == set(re.findall(ABORTS, SOURCES["repairs.py"]))


def test_system_health() -> None:
    """Every line of the system health has a name."""
    shown = re.findall(r'^ {8}"(\w+)":', SOURCES["system_health.py"], re.MULTILINE)
    assert set(shown) == set(EN["system_health"]["info"])


# --- actions --------------------------------------------------------------------------


def test_actions_are_registered() -> None:
    """What is described is what is registered."""
    registered = {
        *re.findall(r'^ {8}\("(\w+)", _', SOURCES["services.py"], re.MULTILINE),
        *re.findall(r'DOMAIN,\s+"(\w+)",\s+_', SOURCES["session_actions.py"]),
        *re.findall(r'DOMAIN,\s+"(\w+)",\s+_', SOURCES["command_actions.py"]),
        *re.findall(r'DOMAIN,\s+"(\w+)",\s+_', SOURCES["security_profile_actions.py"]),
        *re.findall(r'DOMAIN,\s+"(\w+)",\s+_', SOURCES["password_actions.py"]),
        *command_actions.SCHEMAS,
    }
    assert registered == set(SERVICES_YAML) == set(EN["services"])
    assert registered == set(ICONS["services"])


@pytest.mark.parametrize("action", SERVICES_YAML)
def test_action_is_described(action: str) -> None:
    """Every field that an action takes is offered and described."""
    fields = keys_of(SERVICE_SCHEMAS[action])
    assert set(offered(action)) == fields
    described = EN["services"][action]
    sections = {
        name
        for name, shape in SERVICES_YAML[action]["fields"].items()
        if "fields" in shape
    }
    assert set(described) - {"sections"} == {"name", "description", "fields"}
    assert set(described.get("sections", {})) == sections
    assert set(described["fields"]) == fields
    for field in described["fields"].values():
        assert set(field) == {"name", "description"}


# --- triggers -------------------------------------------------------------------------


def test_triggers_are_described() -> None:
    """Every trigger is offered, has words, and an icon."""
    offered = {key for key in TRIGGERS_YAML if not key.startswith(".")}
    assert offered == set(trigger.TRIGGERS) == set(EN["triggers"])
    assert offered == set(ICONS["triggers"])
    for words in EN["triggers"].values():
        assert set(words) == {"name", "description"}


# --- icons ----------------------------------------------------------------------------


@pytest.mark.parametrize("key", DESCRIPTIONS)
def test_entity_has_icon(key: str) -> None:
    """Whatever has no icon by its device class has one of its own."""
    platform, name = key.split(".")
    device_class = DESCRIPTIONS[key].device_class
    if device_class in (None, SensorDeviceClass.ENUM):
        assert ICONS["entity"][platform][name]["default"]


def test_icons_are_of_something() -> None:
    """Every icon belongs to an entity and its states."""
    on_off = {"on", "off"}
    for platform, entities in ICONS["entity"].items():
        for key, icons in entities.items():
            translated = EN["entity"][platform][key]
            states = icons.get("state", {})
            assert set(states) <= set(translated.get("state", on_off))
            # hassfest takes a state with the default icon for a mistake.
            assert icons["default"] not in states.values()


def test_icons_exist() -> None:
    """Every icon is one that the frontend has."""
    listed = Path(hass_frontend.__file__).parent / "static" / "mdi" / "iconList.json"
    known = {f"mdi:{icon['name']}" for icon in json.loads(listed.read_text())}
    used = {text for _, text in flatten(ICONS)}
    assert used <= known


# --- quality scale --------------------------------------------------------------------


def test_quality_scale_is_complete() -> None:
    """Every rule has a status, and an exemption has a reason."""
    rules = yaml.safe_load((ROOT / "quality_scale.yaml").read_text())["rules"]
    assert len(rules) == 54
    for rule in rules.values():
        if isinstance(rule, str):
            assert rule in {"done", "todo"}
        else:
            assert rule["status"] in {"todo", "exempt"}
            assert rule["comment"]
