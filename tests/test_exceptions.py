"""Errors of chargers in words for people."""

from homeassistant.exceptions import HomeAssistantError
import pytest

from custom_components.ocpp.csms.errors import (
    CommandRejected,
    NotInVersion,
    NotSupported,
    OcppError,
)
from custom_components.ocpp.exceptions import translated_errors


def test_an_error_nobody_foresaw_is_told_all_the_same() -> None:
    with pytest.raises(HomeAssistantError) as told, translated_errors("Garage"):
        raise OcppError("odd")
    assert told.value.translation_key == "unknown_error"
    assert told.value.translation_placeholders == {"charger": "Garage", "error": "odd"}


def test_what_is_no_error_of_a_charger_is_left_alone() -> None:
    with pytest.raises(ZeroDivisionError), translated_errors("Garage"):
        raise ZeroDivisionError


@pytest.mark.parametrize(
    ("error", "key", "words"),
    [
        (
            CommandRejected("SendLocalList", "Failed"),
            "command_rejected",
            {"command": "SendLocalList", "status": "Failed"},
        ),
        (
            CommandRejected("RequestStartTransaction", "Rejected"),
            "charging_rejected",
            {"command": "RequestStartTransaction", "status": "Rejected"},
        ),
        (CommandRejected("Reset", ""), "no_status", {"command": "Reset"}),
        (NotSupported("ClearCache"), "not_supported", {"command": "ClearCache"}),
        (
            NotInVersion("GetVariables", "1.6"),
            "not_in_version",
            {"command": "GetVariables", "version": "1.6"},
        ),
    ],
)
def test_people_are_told_what_to_look_at(
    error: OcppError, key: str, words: dict[str, str]
) -> None:
    """A car is spoken of only where it can matter."""
    with pytest.raises(HomeAssistantError) as told, translated_errors("Garage"):
        raise error
    assert told.value.translation_key == key
    assert told.value.translation_placeholders == words | {"charger": "Garage"}
