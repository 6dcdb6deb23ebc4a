"""Errors of chargers in words for people."""

from homeassistant.exceptions import HomeAssistantError
import pytest

from custom_components.ocpp.csms.errors import OcppError
from custom_components.ocpp.exceptions import translated_errors


def test_an_error_nobody_foresaw_is_told_all_the_same() -> None:
    with pytest.raises(HomeAssistantError) as told, translated_errors("Garage"):
        raise OcppError("odd")
    assert told.value.translation_key == "unknown_error"
    assert told.value.translation_placeholders == {"charger": "Garage", "error": "odd"}


def test_what_is_no_error_of_a_charger_is_left_alone() -> None:
    with pytest.raises(ZeroDivisionError), translated_errors("Garage"):
        raise ZeroDivisionError
