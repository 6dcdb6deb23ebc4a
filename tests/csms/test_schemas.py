"""Prove the validators of all versions."""

import pytest

from custom_components.ocpp.csms.errors import InvalidRequest
from custom_components.ocpp.csms.schemas import load_schemas
from custom_components.ocpp.csms.versions import V16, V21, V201, Version


@pytest.mark.parametrize(("version", "messages"), [(V16, 39), (V201, 64), (V21, 91)])
def test_every_message_of_a_version_is_known(version: Version, messages: int) -> None:
    """Both directions; all but one, which is not answered, with a response."""
    schemas = load_schemas(version)
    assert len(schemas.requests) == messages
    unanswered = set(schemas.requests) - set(schemas.responses)
    assert len(unanswered) == (version is V21)
    assert set(schemas.responses) <= set(schemas.requests)


def test_versions_are_told_apart() -> None:
    """Each has messages that others lack."""
    assert load_schemas(V16).knows("RemoteStartTransaction")
    assert not load_schemas(V16).knows("TransactionEvent")
    assert load_schemas(V201).knows("TransactionEvent")
    assert not load_schemas(V201).knows("NotifySettlement")
    assert load_schemas(V21).knows("NotifySettlement")
    assert not load_schemas(V16).knows("Nonsense")


def test_schemas_are_compiled_once() -> None:
    """However many stations there are."""
    assert load_schemas(V16) is load_schemas(V16)


@pytest.mark.parametrize(
    ("action", "payload", "reason"),
    [
        ("Nonsense", {}, "no such message"),
        ("Reset", {}, "type: required"),
        ("Reset", {"type": "Medium"}, "type: enum"),
        (
            "ChangeAvailability",
            {"connectorId": "1", "type": "Operative"},
            "connectorId: type",
        ),
        ("GetConfiguration", {"key": ["x" * 51]}, "key.0: maxLength"),
    ],
)
def test_nothing_invalid_leaves(
    action: str, payload: dict[str, object], reason: str
) -> None:
    """The fault is told by its place, without the value."""
    with pytest.raises(InvalidRequest) as caught:
        load_schemas(V16).check_request(action, payload)
    assert reason in caught.value.reason
    assert caught.value.action == action


def test_what_is_valid_may_leave() -> None:
    """Every limit with one decimal is: binary fractions do not stand in its way."""
    schemas = load_schemas(V16)
    for tenths in range(4000):
        period = {"startPeriod": 0, "limit": tenths / 10}
        schedule = {"chargingRateUnit": "A", "chargingSchedulePeriod": [period]}
        profile = {
            "chargingProfileId": 1,
            "stackLevel": 0,
            "chargingProfilePurpose": "TxDefaultProfile",
            "chargingProfileKind": "Absolute",
            "chargingSchedule": schedule,
        }
        schemas.check_request(
            "SetChargingProfile", {"connectorId": 1, "csChargingProfiles": profile}
        )


def test_times_without_a_zone_are_let_in() -> None:
    """The formats of the schemas are not what stations send."""
    start = {"connectorId": 1, "idTag": "A", "meterStart": 0, "timestamp": "yesterday"}
    assert load_schemas(V16).requests["StartTransaction"].is_valid(start)
