"""How OCPP 1.6 spells charging profiles."""

from ...lenient import whole_number
from ...model import ChargingProfile, Payload
from .profiles import Purpose, Rung, Start, neutral, read

STATION_MAY_BE_RELATIVE = True
# It replaces what has the same stack level and purpose, whatever its id (5.16.4).
KEEPS_IDS = False
_NAMES = {
    "id": "id",
    "connectorId": "evse",
    "chargingProfilePurpose": "purpose",
    "stackLevel": "stack_level",
}


def word(purpose: Purpose) -> str:
    """Return what a purpose is called."""
    return "ChargePointMaxProfile" if purpose is Purpose.STATION else purpose.value


def setting(evse: int, written: Payload) -> Payload:
    """Spell SetChargingProfile."""
    return {"connectorId": evse, "csChargingProfiles": written}


def read_setting(payload: Payload) -> tuple[int, Payload]:
    """Return the EVSE and the profile of a SetChargingProfile."""
    return payload["connectorId"], payload["csChargingProfiles"]


def profile(
    rung: Rung,
    number: int,
    schedule: Payload,
    *,
    stack_level: int,
    transaction_id: str | None,
) -> Payload:
    """Spell a profile."""
    written: Payload = {
        "chargingProfileId": number,
        "stackLevel": stack_level,
        "chargingProfilePurpose": word(rung.purpose),
        "chargingProfileKind": rung.kind,
        "chargingSchedule": schedule,
    }
    # A session that 2.x told of has no number.
    if (session := whole_number(transaction_id)) is not None:
        written["transactionId"] = session
    return written


def clearing(evse: int, *, of_station: bool) -> list[Payload]:
    """Spell what is to be cleared so that nothing limits an EVSE; with EVSE 0, all."""
    if not evse:
        return [{}]
    filters: list[Payload] = [
        {"connectorId": evse, "chargingProfilePurpose": word(purpose)}
        for purpose in (Purpose.TRANSACTION, Purpose.DEFAULT)
    ]
    if of_station:
        filters.append(
            {"connectorId": 0, "chargingProfilePurpose": word(Purpose.STATION)}
        )
    return filters


def read_clearing(payload: Payload) -> Payload:
    """Return what a ClearChargingProfile names; one that names nothing means all."""
    names = {_NAMES[name]: value for name, value in payload.items() if name in _NAMES}
    if "purpose" in names:
        names["purpose"] = neutral(names["purpose"])
    return names


def read_start(payload: Payload) -> Start:
    """Return what a remote start asks for."""
    return Start(
        payload.get("connectorId", 0),
        payload.get("chargingProfile"),
        payload["idTag"],
    )


def schedules(written: Payload) -> list[Payload]:
    """Return the schedule of a profile, of which there is one."""
    return [written["chargingSchedule"]]


def read_profile(
    written: Payload, *, station: str, evse: int, transaction: int | None = None
) -> ChargingProfile:
    """Return a valid profile that a station accepted."""
    return read(
        written,
        schedules(written),
        number=written["chargingProfileId"],
        station=station,
        evse=evse,
        transaction=transaction,
    )
