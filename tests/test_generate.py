"""What is made from the registry of commands is what the registry says."""

from pathlib import Path

from homeassistant.helpers.selector import validate_selector
import pytest
import yaml

from custom_components.ocpp.command_actions import CALL, SCHEMAS
from custom_components.ocpp.const import DOMAIN
from custom_components.ocpp.csms.commands import COMMANDS, write_request
from custom_components.ocpp.csms.schemas import load_schemas
from custom_components.ocpp.csms.versions import V16
from scripts.generator import files
from scripts.generator.actions import LANGUAGES, actions, read

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


EXAMPLES = {
    action.name: yaml.safe_load(action.looks["example"])
    for action in actions()
    if "example" in action.looks
}


@pytest.mark.parametrize("name", EXAMPLES)
def test_examples_work(name: str) -> None:
    """What the documentation shows is a valid request."""
    example = EXAMPLES[name]
    assert example["action"] == f"{DOMAIN}.{name}"
    if name == "call":
        assert CALL(example["data"])
        return
    given = SCHEMAS[name](example["data"])
    del given["device_id"]
    request = write_request(COMMANDS[name], V16, given)
    load_schemas(V16).check_request(request.action, request.payload)


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
