"""How OCPP 2.x spells the local list, and where a station says what it takes."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ... import id_tokens
from ...errors import CommandFailed, CommandRejected, NotSupported
from ...id_tokens import IdToken
from ...model import Payload
from ...numbers import next_number
from ...variables import at
from .changes import Change, Limits, Update

if TYPE_CHECKING:
    from ...charging_station import ChargingStation
    from ..block import Block

LONGEST_TOKEN = 36
# The types that a station can meet; it is not asked who charges without any.
_TYPES = frozenset(
    {
        *("Central", "eMAID", "ISO14443", "ISO15693"),
        *("KeyCode", "Local", "MacAddress"),
    }
)
_CONTROLLER = "LocalAuthListCtrlr"
_USUAL_AT_ONCE = 20
_SANE = 100_000


def is_supported(station: ChargingStation) -> bool:
    """Return whether the station can have a list, as far as can be known."""
    return station.device_model.flag(_CONTROLLER, "Available") is not False


def limits(station: ChargingStation) -> Limits:
    """Return how much the station takes (D01)."""
    items = _limit(station, "ItemsPerMessage")
    entries = station.device_model.find(at(_CONTROLLER, "Entries"))
    listed = entries.characteristics if entries is not None else None
    most = listed.maximum if listed is not None else None
    return Limits(
        items or _USUAL_AT_ONCE,
        size=_limit(station, "BytesPerMessage"),
        listed=int(most) if most is not None and 0 < most <= _SANE else None,
    )


def _limit(station: ChargingStation, variable: str) -> int | None:
    """Return a limit; some have one for each message, as other controllers do."""
    number = station.device_model.number
    told = number(_CONTROLLER, variable, instance="SendLocalList")
    told = told if told is not None else number(_CONTROLLER, variable)
    return int(told) if told is not None and 1 <= told <= _SANE else None


async def learn(block: Block) -> None:
    """Ask for all about the list where the station has not told all it has (B08).

    How many cards it has room for is only said in reports. Raises `StationOffline`,
    `NotAccepted` or `CommandTimedOut`.
    """
    station = block.station
    if station.device_model.read_already or not block.sends("GetReport"):
        return
    request: Payload = {
        "requestId": next_number(),
        "componentVariable": [{"component": {"name": _CONTROLLER}}],
    }
    try:
        await station.reports.command(
            "GetReport", request, silence=station.options.call_timeout
        )
    except CommandFailed, CommandRejected, NotSupported:
        station.note("local list: limits unknown")


async def enable(station: ChargingStation) -> None:
    """Have the station use its list; raises any `OcppError`."""
    if station.device_model.flag(_CONTROLLER, "Enabled") is False:
        await station.device_model.write(_CONTROLLER, "Enabled", "true")


def entry(id_token: IdToken, info: Payload) -> Payload | None:
    """Return what is kept of a listed card; none where it can't be told of."""
    fits = 0 < len(id_token.token) <= LONGEST_TOKEN and id_token.type in _TYPES
    if not fits:
        return None
    named = {"idToken": id_token.token, "type": id_token.type}
    return {"idToken": named, "idTokenInfo": info}


def is_entry(kept: Payload) -> bool:
    """Return whether it was spelled by this version."""
    return "idToken" in kept


def is_secret(kept: Payload) -> bool:
    """Return whether it is a PIN, of which nothing is kept (C04.FR.04)."""
    return id_tokens.is_secret(str(kept["idToken"].get("type")))


def item(change: Change) -> Payload:
    """Spell one card of a message; one without a verdict is removed (D01)."""
    if change.gone:
        return {"idToken": change.kept["idToken"]}
    return change.kept


def send(number: int, update: Update) -> Payload:
    """Write a SendLocalList; without any card it empties the list."""
    payload: Payload = {
        "versionNumber": number,
        "updateType": "Full" if update.full else "Differential",
    }
    if update.items:
        payload["localAuthorizationList"] = update.items
    return payload


def entries(payload: Payload) -> Iterator[tuple[str, Payload | None]]:
    """Yield the cards that were sent; nothing is kept of those that are removed."""
    for one in payload.get("localAuthorizationList", ()):
        yield one["idToken"]["idToken"], one if "idTokenInfo" in one else None


def sent_version(payload: Payload) -> int:
    """Return which version a list that was sent has."""
    version: int = payload["versionNumber"]
    return version


def told_version(answer: Payload) -> Any:
    """Return which version the station says its list has; some say it as 1.6 does."""
    return answer.get("versionNumber", answer.get("listVersion"))
