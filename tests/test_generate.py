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
from custom_components.ocpp.csms.versions import V16, V21, V201
from scripts.generator import files
from scripts.generator.actions import LANGUAGES, actions, described, read
from scripts.generator.fields import derive

GENERATED = files.generated()


@pytest.mark.parametrize("path", GENERATED, ids=lambda path: path.name)
def test_nothing_is_out_of_step(path: Path) -> None:
    """Run scripts/generate after changing the registry or the words."""
    assert path.read_text() == GENERATED[path]


@pytest.mark.parametrize("command", COMMANDS.values(), ids=lambda one: one.name)
def test_fields_are_those_of_the_schemas(command: Command) -> None:
    """Also where a version is written as what it has other than the one before."""
    for version, held in command.fields.items():
        assert held == tuple(derive(version, command.action))


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


def test_a_word_that_may_be_another_is_chosen_or_typed_in() -> None:
    """Where one version knows a few words, and another takes any text."""
    services = yaml.safe_load(GENERATED[files.SERVICES])
    rare = services["reserve_now"]["fields"]["more"]["fields"]
    plug = rare["connector_type"]["selector"]["select"]
    assert plug["custom_value"] is True
    assert "c_ccs2" in plug["options"]
    # Elsewhere nothing but the words can be sent.
    kind = services["reset"]["fields"]["type"]["selector"]["select"]
    assert "custom_value" not in kind
    assert kind["options"] == ["immediate", "on_idle", "immediate_and_resume"]


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
    first, *others = command.fields
    versions = [first]
    if request.node.callspec.id.endswith("example_2"):
        versions = others
    given = SCHEMAS[name](example["data"])
    del given["device_id"]
    for version in versions:
        written = write_request(command, version, given)
        load_schemas(version).check_request(written.action, written.payload)


@pytest.mark.parametrize("command", COMMANDS.values(), ids=lambda one: one.name)
def test_each_version_has_an_example_of_its_own(command: Command) -> None:
    """Unless it could be the same, or there is none."""
    looks = read("looks")["commands"][command.name]
    if V16 not in command.fields:
        assert "example_2" not in looks
    if "example_2" in looks:
        assert "example" in looks
        assert set(command.fields) == {V16, V201, V21}
    elif "example" in looks:
        given = SCHEMAS[command.name](yaml.safe_load(looks["example"])["data"])
        del given["device_id"]
        for version in command.fields:
            written = write_request(command, version, given)
            load_schemas(version).check_request(written.action, written.payload)


@pytest.mark.parametrize(
    ("action", "field", "said"),
    [
        ("reset", "type", ""),
        ("reset", "evse_id", "OCPP 2.0.1 and 2.1 only."),
        ("reserve_now", "id_tag", "OCPP 1.6 only, required there."),
        ("reserve_now", "id", "OCPP 2.0.1 and 2.1 only."),
        ("update_firmware", "firmware", "OCPP 2.0.1 and 2.1 only, required there."),
        ("trigger_message", "custom_trigger", "OCPP 2.1 only."),
        ("certificate_signed", "request_id", "OCPP 2.1 only."),
        # That is known from the command, too.
        ("set_der_control", "control_type", ""),
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
    assert any(f"OCPP {version}" in text for version in ("1.6", "2.0.1", "2.1")) is (
        bool(said)
    )


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
