"""Prove how versions are negotiated and how they spell errors."""

import pytest

from custom_components.ocpp.csms.errors import ErrorCode
from custom_components.ocpp.csms.versions import V16, V21, V201, Version, negotiate


@pytest.mark.parametrize(
    ("offered", "version"),
    [
        (["ocpp1.6"], V16),
        (["ocpp2.1", "ocpp2.0.1", "ocpp1.6"], V21),
        (["ocpp1.6", "ocpp2.1"], V16),
        (["ocpp1.5", "ocpp2.0.1"], V201),
        (["OCPP1.6"], None),
        (["ocpp1.6 "], None),
        (["ocpp2.0"], None),
        ([], None),
    ],
)
def test_the_stations_first_offer_that_we_speak_is_taken(
    offered: list[str], version: Version | None
) -> None:
    """Its order counts, and its letters exactly."""
    assert negotiate(offered) is version


@pytest.mark.parametrize(
    ("code", "in_16"),
    [
        (ErrorCode.FORMAT_VIOLATION, "FormationViolation"),
        (ErrorCode.OCCURRENCE_CONSTRAINT_VIOLATION, "OccurenceConstraintViolation"),
        (ErrorCode.MESSAGE_TYPE_NOT_SUPPORTED, "GenericError"),
        (ErrorCode.RPC_FRAMEWORK_ERROR, "GenericError"),
        (ErrorCode.NOT_IMPLEMENTED, "NotImplemented"),
        (ErrorCode.SECURITY_ERROR, "SecurityError"),
    ],
)
def test_1_6_misspells_two_error_codes_and_lacks_two(
    code: ErrorCode, in_16: str
) -> None:
    """2.x spells them as they are named here."""
    assert V16.error_code(code) == in_16
    assert V201.error_code(code) == V21.error_code(code) == code.value
