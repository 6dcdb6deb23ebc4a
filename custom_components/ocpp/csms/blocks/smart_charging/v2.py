"""How OCPP 2.x spells charging profiles."""

from typing import Any

from ...model import ChargingProfile, Payload, timestamp
from .periods import is_number, read_schedules
from .profiles import Purpose, Rung, Start, read

STATION_MAY_BE_RELATIVE = False
KEEPS_IDS = True
# Whose limits there may be: central systems are the charging station operator's, CSO. Since
# 2.1 stations may name others, in their own words.
SOURCES = ("CSO", "EMS", "Other", "SO")
# In characters, as for how many a station can be asked at a time.
_LONGEST_SOURCE, MOST_SOURCES = 20, len(SOURCES)
_NAMES = {
    "evseId": "evse",
    "chargingProfilePurpose": "purpose",
    "stackLevel": "stack_level",
}


def word(purpose: Purpose) -> str:
    """Return what a purpose is called."""
    return purpose.value


def setting(evse: int, written: Payload) -> Payload:
    """Spell SetChargingProfile."""
    return {"evseId": evse, "chargingProfile": written}


def read_setting(payload: Payload) -> tuple[int, Payload]:
    """Return the EVSE and the profile of a SetChargingProfile."""
    return payload["evseId"], payload["chargingProfile"]


def profile(
    rung: Rung,
    number: int,
    schedule: Payload,
    *,
    stack_level: int,
    transaction_id: str | None,
) -> Payload:
    """Spell a profile; one for a session to come has no transactionId (F01.FR.11)."""
    written: Payload = {
        "id": number,
        "stackLevel": stack_level,
        "chargingProfilePurpose": word(rung.purpose),
        "chargingProfileKind": rung.kind,
        "chargingSchedule": [{"id": number} | schedule],
    }
    if transaction_id is not None:
        written["transactionId"] = transaction_id
    return written


def clearing(evse: int, *, of_station: bool) -> list[Payload]:
    """Spell what is to be cleared so that nothing limits an EVSE; with EVSE 0, all.

    A purpose has to be named, and never that of external limits (K10.FR.06).
    """
    if not evse:
        return [_criteria(purpose) for purpose in reversed(Purpose)]
    filters = [
        _criteria(purpose, evse) for purpose in (Purpose.TRANSACTION, Purpose.DEFAULT)
    ]
    return [*filters, _criteria(Purpose.STATION, 0)] if of_station else filters


def _criteria(purpose: Purpose, evse: int | None = None) -> Payload:
    criteria: Payload = {"chargingProfilePurpose": word(purpose)}
    if evse is not None:
        criteria["evseId"] = evse
    return {"chargingProfileCriteria": criteria}


def read_clearing(payload: Payload) -> Payload | None:
    """Return what a ClearChargingProfile names, or None where it names nothing."""
    criteria = payload.get("chargingProfileCriteria", {})
    names = {_NAMES[name]: value for name, value in criteria.items() if name in _NAMES}
    if (number := payload.get("chargingProfileId")) is not None:
        names["id"] = number
    return names or None


def read_start(payload: Payload) -> Start:
    """Return what a remote start asks for."""
    return Start(
        payload.get("evseId", 0),
        payload.get("chargingProfile"),
        payload["idToken"]["idToken"],
        payload["remoteStartId"],
    )


def written(held: ChargingProfile, transaction_id: str) -> Payload:
    """Spell the profile of a session as it was sent."""
    said: Payload = {
        "id": held.id,
        "stackLevel": held.stack_level,
        "chargingProfilePurpose": held.purpose,
        "chargingProfileKind": held.kind,
        "chargingSchedule": held.schedules,
        "transactionId": transaction_id,
    }
    may_be = {
        "recurrencyKind": held.recurrency,
        "validFrom": held.valid_from and timestamp(held.valid_from),
        "validTo": held.valid_to and timestamp(held.valid_to),
    }
    return said | {name: it for name, it in may_be.items() if it} | held.more


def schedules(written: Payload) -> list[Payload]:
    """Return the schedules of a profile, one to three."""
    found: list[Payload] = written["chargingSchedule"]
    return found


def read_profile(
    written: Payload, *, station: str, evse: int, transaction: int | None = None
) -> ChargingProfile:
    """Return a valid profile that a station accepted."""
    return read(
        written,
        schedules(written),
        number=written["id"],
        station=station,
        evse=evse,
        transaction=transaction,
    )


def read_reported(
    told: Any, *, station: str, evse: int, source: str, transaction: int | None = None
) -> ChargingProfile | None:
    """Return a profile that a station told of, or None where it can't be understood."""
    if not isinstance(told, dict):
        return None
    found = read_schedules(told.get("chargingSchedule"))
    numbers = (told.get("id"), told.get("stackLevel"))
    words = (told.get("chargingProfilePurpose"), told.get("chargingProfileKind"))
    recurrency = told.get("recurrencyKind", "")
    if (
        not found
        or not all(is_number(it) for it in numbers)
        or not all(isinstance(it, str) for it in (*words, recurrency))
    ):
        return None
    return read(
        told | {"stackLevel": int(told["stackLevel"])},
        found,
        number=int(told["id"]),
        station=station,
        evse=evse,
        transaction=transaction,
        source=source,
    )


def source_of(told: Any, *, named: bool) -> str:
    """Return whose a limit is; `named` is whether there may be other words than ours."""
    if told in SOURCES or (named and isinstance(told, str) and told):
        return str(told)[:_LONGEST_SOURCE]
    return "Other"


def reading(number: int, *sources: str) -> Payload:
    """Spell GetChargingProfiles of some sources, or of all that have a word."""
    return {
        "requestId": number,
        "chargingProfile": {"chargingLimitSource": list(sources or SOURCES)},
    }
