"""What is made from the registry of commands is what the registry says."""

from pathlib import Path
from typing import Any

from homeassistant.helpers.selector import validate_selector
import pytest
import yaml

from custom_components.ocpp.command_actions import CALL, SCHEMAS
from custom_components.ocpp.const import DOMAIN
from custom_components.ocpp.csms.commands import COMMANDS, Command, write_request
from custom_components.ocpp.csms.schemas import load_schemas
from custom_components.ocpp.csms.versions import V201
from scripts.generator import files
from scripts.generator.actions import LANGUAGES, actions, described, read

GENERATED = files.generated()


@pytest.mark.parametrize("path", GENERATED, ids=lambda path: path.name)
def test_nothing_is_out_of_step(path: Path) -> None:
    """Run scripts/generate after changing the registry or the words."""
    assert path.read_text() == GENERATED[path]


def test_what_is_by_hand_is_kept() -> None:
    """It stands above the line, and is as it was; below, it would be lost."""
    text = files.SERVICES.read_text()
    by_hand = text.split(files.FROM_HERE)[0]
    assert "set_charging_rate:" in by_hand
    assert by_hand in GENERATED[files.SERVICES]
    with pytest.raises(files.GenerateError, match="of_mine"):
        files._services(f"{text}\nof_mine:\n  fields:\n")


def test_home_assistant_takes_every_selector() -> None:
    """Also those within a section."""
    services = yaml.safe_load(GENERATED[files.SERVICES])
    for service in services.values():
        fields = dict(service["fields"])
        more = fields.pop("more", {"fields": {}})
        for field in (*fields.values(), *more["fields"].values()):
            assert validate_selector(field["selector"])


EXAMPLES = [
    pytest.param(
        action.name, yaml.safe_load(action.looks[key]), id=f"{action.name}-{key}"
    )
    for action in actions()
    for key in ("example", "example_2")
    if key in action.looks
]


@pytest.mark.parametrize(("name", "example"), EXAMPLES)
def test_examples_work(
    request: pytest.FixtureRequest, name: str, example: dict[str, Any]
) -> None:
    """What the documentation shows is a valid request."""
    assert example["action"] == f"{DOMAIN}.{name}"
    if name == "call":
        assert CALL(example["data"])
        return
    command = COMMANDS[name]
    version = next(iter(command.fields))
    if request.node.callspec.id.endswith("example_2"):
        version = V201
    given = SCHEMAS[name](example["data"])
    del given["device_id"]
    written = write_request(command, version, given)
    load_schemas(version).check_request(written.action, written.payload)


@pytest.mark.parametrize("command", COMMANDS.values(), ids=lambda one: one.name)
def test_each_version_has_an_example_of_its_own(command: Command) -> None:
    """Unless it could be the same, or there is none."""
    looks = read("looks")["commands"][command.name]
    if len(command.fields) == 1:
        assert "example_2" not in looks
    elif "example" in looks and "example_2" not in looks:
        given = SCHEMAS[command.name](yaml.safe_load(looks["example"])["data"])
        del given["device_id"]
        for version in command.fields:
            written = write_request(command, version, given)
            load_schemas(version).check_request(written.action, written.payload)


@pytest.mark.parametrize(
    ("action", "field", "said"),
    [
        ("reset", "type", ""),
        ("reset", "evse_id", "OCPP 2.0.1 only."),
        ("reserve_now", "id_tag", "OCPP 1.6 only, which requires it."),
        ("reserve_now", "id", "OCPP 2.0.1 only."),
        ("get_installed_certificate_ids", "certificate_type", "Required by OCPP 1.6."),
        # That is known from the command.
        ("get_variables", "get_variable_data", ""),
        ("get_base_report", "request_id", ""),
    ],
)
def test_it_is_said_which_versions_have_a_field(
    action: str, field: str, said: str
) -> None:
    """And which require it, where not all do."""
    made = {one.name: one for one in actions()}[action]
    text = described(made, "en")["fields"][field]["description"]
    assert text.endswith(said)
    assert ("OCPP 1.6" in text or "OCPP 2.0.1" in text) is bool(said)


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_words_are_left_over(language: str) -> None:
    """Every word in a words file is used by an action."""
    words = read(f"words_{language}")
    made = {action.name: action for action in actions()}
    assert set(words["commands"]) == set(made) == set(read("looks")["commands"])
    shared = set()
    for name, action in made.items():
        own = set(words["commands"][name].get("fields", {}))
        fields = {field.name for field in action.fields}
        assert own <= fields
        assert set(action.more) <= fields
        shared |= fields - own
    assert set(words["fields"]) == shared | {"device_id"}
    slugs: dict[str, set[str]] = {}
    for action in made.values():
        for field in action.fields:
            if field.slugs:
                key = action.looks["selects"][field.name]
                slugs.setdefault(key, set()).update(field.slugs)
    assert {key: set(options) for key, options in words["selects"].items()} == slugs


def test_languages_have_the_same_words() -> None:
    """Neither says something that the other does not."""

    def paths(node: dict[str, object], path: str = "") -> set[str]:
        found = set()
        for key, value in node.items():
            here = f"{path}.{key}"
            found |= paths(value, here) if isinstance(value, dict) else {here}
        return found

    assert paths(read("words_en")) == paths(read("words_de"))
