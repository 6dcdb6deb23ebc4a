"""Writing the request of a command: what was given, and nothing that was not."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, NamedTuple

import orjson

from ..errors import InvalidRequest, NotInVersion
from ..model import Payload, timestamp
from ..numbers import next_number
from ..versions import Version
from .command import TARGETS, Command, Field, Kind, spelled

# The purpose of profiles that only the station as a whole can have, in any version.
_OF_STATION = ("ChargePointMaxProfile", "ChargingStationMaxProfile")
# Where 2.x has the EVSE whose profiles are removed, and what else they are known by.
_CRITERIA = "charging_profile_criteria"
_BY_NUMBER = "chargingProfileId"
_FIRST_CONNECTOR = 1


class Request(NamedTuple):
    """A request to send. `made_up` is what of it nobody gave, and nobody can know."""

    action: str
    payload: Payload
    made_up: Payload


def write_request(
    command: Command,
    version: Version,
    given: Mapping[str, Any],
    *,
    evse: int = 0,
    the_only_evse: int | None = None,
) -> Request:
    """Write a request as a version spells it.

    `evse` is the one that was chosen, 0 where none was; it is filled in where none was
    given. Raises `NotInVersion` where the version has no such command, and
    `InvalidRequest` where its request has no such field, or can not go without one that
    was not given. Whether what was given is valid is for the schema to say.
    """
    fields = _fields(command, version, given)
    versions = command.all_fields()
    payload = {
        fields[name].key: _spell(fields[name], versions[name].values(), value)
        for name, value in given.items()
    }
    made_up = {
        fields[name].key: next_number()
        for name in command.numbered & set(fields) - set(given)
    }
    payload |= made_up
    _fill_in_evse(payload, fields, evse, the_only_evse)
    if command.of_one_evse and payload.get("evseId") == 0:
        del payload["evseId"]
    for field in fields.values():
        if field.required and field.key not in payload:
            reason = f"{field.name}: OCPP {version.name} needs it"
            raise InvalidRequest(command.action, reason)
    return Request(command.action, payload, made_up)


def _fields(
    command: Command, version: Version, given: Mapping[str, Any]
) -> dict[str, Field]:
    """Return the fields of a version, which has to have everything that was given."""
    if version not in command.fields:
        raise NotInVersion(command.action, version.name)
    fields = {field.name: field for field in command.fields[version]}
    for name in given:
        if name not in fields:
            reason = f"{name}: OCPP {version.name} has no such field"
            raise InvalidRequest(command.action, reason)
    return fields


def _fill_in_evse(
    payload: Payload, fields: Mapping[str, Field], evse: int, the_only_evse: int | None
) -> None:
    """Fill in the EVSE that was chosen, and what can not be left out beside it."""
    if evse and _CRITERIA in fields:
        _narrow_down(payload, fields, evse)
        return
    targets = [fields[name] for name in TARGETS if name in fields]
    for place, field in enumerate(targets):
        if field.key in payload:
            continue
        if place:
            # Not of the EVSE but of one of its connectors.
            if field.required:
                payload[field.key] = _FIRST_CONNECTOR
        elif evse:
            payload[field.key] = _chosen(field, evse, payload)
        elif field.required:
            payload[field.key] = 0 if _is_of_station(payload) else the_only_evse or 0


def _narrow_down(payload: Payload, fields: Mapping[str, Field], evse: int) -> None:
    """Mean only profiles of the EVSE, unless one is meant by its number (K10.FR.02)."""
    criteria = payload.get(fields[_CRITERIA].key, {})
    if _BY_NUMBER not in payload and isinstance(criteria, dict):
        payload[fields[_CRITERIA].key] = {"evseId": evse} | criteria


def _chosen(field: Field, evse: int, payload: Payload) -> Any:
    """Return an EVSE as a field has it."""
    if field.kind is not Kind.OBJECT:
        return evse
    if payload.get("requestedMessage") == "StatusNotification":
        # Which it can not do without (F06.FR.12).
        return {"id": evse, "connectorId": _FIRST_CONNECTOR}
    return {"id": evse}


def _is_of_station(payload: Payload) -> bool:
    """Return whether what is sent can only be for a station as a whole."""
    profile = payload.get("csChargingProfiles", payload.get("chargingProfile"))
    return (
        isinstance(profile, dict)
        and profile.get("chargingProfilePurpose") in _OF_STATION
    )


def _spell(field: Field, versions: Collection[Field], value: Any) -> Any:
    """Write a value as the version has it; what it does not have is left as it is."""
    match field.kind, value:
        case Kind.MOMENT, datetime():
            return timestamp(value)
        case Kind.WORD, [str() as only] | (str() as only):
            return spelled(only, field, versions)
        case Kind.TEXT, str():
            return spelled(value, field, versions)
        case Kind.WORDS, list():
            return [spelled(one, field, versions) for one in value]
        case Kind.DATA, str():
            return value
        case Kind.DATA, _:
            return orjson.dumps(value).decode()
    return value
