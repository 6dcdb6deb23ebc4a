"""Writing the request of a command: what was given, and nothing that was not."""

from collections.abc import Mapping
from datetime import datetime
from time import time
from typing import Any, NamedTuple

import orjson

from ..errors import InvalidRequest, NotSupported
from ..model import Payload, timestamp
from ..versions import Version
from .command import CONNECTOR, Command, Field, Kind

# The purpose of profiles that only the station as a whole can have.
_OF_STATION = "ChargePointMaxProfile"


class Request(NamedTuple):
    """A request to send. `made_up` is what of it nobody gave, and nobody can know."""

    action: str
    payload: Payload
    made_up: Payload


class Numbers:
    """Numbers of requests and reservations, which differ also over restarts."""

    def __init__(self) -> None:
        """Begin with the clock's seconds."""
        self._last = 0

    def next(self) -> int:
        """Return a number that was not given before."""
        self._last = max(self._last + 1, int(time()))
        return self._last


_NUMBERS = Numbers()


def write_request(
    command: Command,
    version: Version,
    given: Mapping[str, Any],
    *,
    evse: int = 0,
    the_only_evse: int | None = None,
) -> Request:
    """Write a request as a version spells it.

    `evse` is the one that was chosen, 0 where none was; it becomes the connector where no
    connector was given. Raises `NotSupported` where the version has no such command, and
    `InvalidRequest` where its request has no such field. Whether what was given is valid
    is for the schema to say.
    """
    if (action := command.actions.get(version)) is None:
        raise NotSupported(next(iter(command.actions.values())))
    fields = {field.name: field for field in command.fields[version]}
    for name in given:
        if name not in fields:
            raise InvalidRequest(
                action, f"{name}: OCPP {version.name} has no such field"
            )
    payload = {fields[name].key: _spell(fields[name], given[name]) for name in given}
    made_up = {
        fields[name].key: _NUMBERS.next() for name in command.numbered - set(given)
    }
    payload |= made_up
    connector = fields.get(CONNECTOR)
    if connector is not None and CONNECTOR not in given:
        if evse:
            payload[connector.key] = evse
        elif connector.required:
            payload[connector.key] = _connector(payload, the_only_evse)
    return Request(action, payload, made_up)


def _connector(payload: Payload, the_only_evse: int | None) -> int:
    """Return which connector a station is meant to be."""
    profile = payload.get("csChargingProfiles")
    if (
        isinstance(profile, dict)
        and profile.get("chargingProfilePurpose") == _OF_STATION
    ):
        return 0
    return the_only_evse or 0


def _spell(field: Field, value: Any) -> Any:
    """Write a value as the version has it; what it does not have is left as it is."""
    match field.kind, value:
        case Kind.MOMENT, datetime():
            return timestamp(value)
        case Kind.WORD, str():
            return field.word(value) or value
        case Kind.DATA, str():
            return value
        case Kind.DATA, _:
            return orjson.dumps(value).decode()
    return value
