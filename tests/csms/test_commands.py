"""The registry of commands, and the requests and verdicts it leads to."""

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from custom_components.ocpp.csms.commands import (
    COMMANDS,
    Command,
    Field,
    Kind,
    check_accepted,
    is_accepted,
    meaning,
    write_request,
)
from custom_components.ocpp.csms.errors import (
    CommandFailed,
    CommandRejected,
    InvalidRequest,
    NotSupported,
)
from custom_components.ocpp.csms.schemas import load_schemas
from custom_components.ocpp.csms.versions import V16, V201

# A command as one might be that several versions have, each in its own spelling.
SHARED = Command(
    name="restart",
    actions={V16: "Reset", V201: "Restart"},
    fields={
        V16: (Field("type", "type", Kind.WORD, required=True, words={"now": "Hard"}),),
        V201: (
            Field(
                "type",
                "operation",
                Kind.WORD,
                words={"now": "Immediate", "idle": "OnIdle"},
            ),
            Field("evse_id", "evseId", Kind.INTEGER),
        ),
    },
)


def test_the_registry_knows_every_command_of_16() -> None:
    """All that a central system may send, each by its own name."""
    sent = {command.actions[V16] for command in COMMANDS.values()}
    assert len(sent) == len(COMMANDS) == 26
    assert sent <= set(load_schemas(V16).requests)


@pytest.mark.parametrize("command", COMMANDS.values(), ids=lambda one: one.name)
def test_fields_are_told_apart(command: Command) -> None:
    """By their names and by how they are spelled; so are words, however they are written."""
    for fields in command.fields.values():
        assert len({field.name for field in fields}) == len(fields)
        assert len({field.key for field in fields}) == len(fields)
        for field in fields:
            for slug, word in field.words.items():
                assert field.word(slug) == field.word(word) == word
    assert command.numbered <= set(command.all_fields())


@pytest.mark.parametrize(
    ("version", "said", "sent"),
    [
        (V16, "now", {"type": "Hard"}),
        (V16, "HARD", {"type": "Hard"}),
        (V201, "now", {"operation": "Immediate"}),
        (V201, "on_idle", {"operation": "OnIdle"}),
        # What the version has no word for is for its schema to refuse.
        (V16, "idle", {"type": "idle"}),
    ],
)
def test_each_version_spells_it_its_way(
    version: Any, said: str, sent: dict[str, str]
) -> None:
    """A field and its words have one name for people."""
    request = write_request(SHARED, version, {"type": said})
    assert request.payload == sent
    assert request.action == SHARED.actions[version]


def test_what_a_version_does_not_have_is_not_sent() -> None:
    """Neither a command nor a field of it."""
    with pytest.raises(NotSupported) as lacking:
        write_request(COMMANDS["clear_cache"], V201, {})
    assert lacking.value.action == "ClearCache"
    with pytest.raises(InvalidRequest) as unknown:
        write_request(SHARED, V16, {"type": "now", "evse_id": 1})
    assert "evse_id" in unknown.value.reason


def test_nothing_is_filled_in_that_can_be_left_out() -> None:
    """And what is given is not touched, but for its spelling."""
    start = COMMANDS["remote_start_transaction"]
    given = {"id_tag": "card 1"}
    assert write_request(start, V16, given, the_only_evse=1).payload == {
        "idTag": "card 1"
    }
    assert write_request(start, V16, given, evse=2).payload["connectorId"] == 2
    given = {"id_tag": "x", "connector_id": 0}
    assert write_request(start, V16, given, evse=2).payload["connectorId"] == 0
    at = datetime(2026, 10, 20, 14, tzinfo=timezone(timedelta(hours=2)))
    reservation = {"id_tag": "x", "expiry_date": at, "reservation_id": -1}
    request = write_request(COMMANDS["reserve_now"], V16, reservation)
    assert request.payload == {
        "idTag": "x",
        "expiryDate": "2026-10-20T12:00:00.000Z",
        "reservationId": -1,
        "connectorId": 0,
    }
    assert request.made_up == {}


def test_numbers_differ() -> None:
    """Also those of the same second."""
    log = COMMANDS["get_log"]
    numbers = [write_request(log, V16, {}).made_up["requestId"] for _ in range(3)]
    assert numbers == sorted(set(numbers))


@pytest.mark.parametrize(
    ("action", "answer", "accepted"),
    [
        ("ClearCache", {"status": "Accepted"}, True),
        ("ClearCache", {"status": "Rejected"}, False),
        ("ClearCache", {}, False),
        ("ClearCache", {"status": ["Accepted"]}, False),
        ("ChangeAvailability", {"status": "Scheduled"}, True),
        ("ClearChargingProfile", {"status": "Unknown"}, True),
        ("UpdateFirmware", {}, True),
        ("MakeCoffee", {"status": "Rejected"}, True),
    ],
)
def test_verdict(action: str, answer: dict[str, Any], accepted: bool) -> None:
    """What means yes is declared; where nothing is, there is nothing to judge by."""
    assert is_accepted(action, answer) is accepted
    if accepted:
        check_accepted(action, answer)
    else:
        with pytest.raises(CommandRejected):
            check_accepted(action, answer)


def test_what_is_not_there_is_not_supported() -> None:
    """Whether by status or by CALLERROR."""
    with pytest.raises(NotSupported):
        check_accepted("SendLocalList", {"status": "NotSupported"})
    assert isinstance(meaning(CommandFailed("Reset", "NotImplemented")), NotSupported)
    failed = CommandFailed("Reset", "InternalError")
    assert meaning(failed) is failed
