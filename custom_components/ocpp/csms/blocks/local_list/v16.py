"""How OCPP 1.6 spells the local list, and where a station says what it takes."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ...errors import CommandFailed, NotSupported
from ...id_tokens import IdToken
from ...model import Payload
from .changes import Change, Limits, Update

if TYPE_CHECKING:
    from ...charging_station import ChargingStation
    from ..block import Block

LONGEST_TOKEN = 20
_PROFILE = "LocalAuthListManagement"
_ENABLED = "LocalAuthListEnabled"
_MOST_AT_ONCE = "SendLocalListMaxLength"
_MOST_LISTED = "LocalAuthListMaxLength"
# For stations that do not say how much they take: the smallest buffers hold about as many.
_USUAL_AT_ONCE = 20
_SANE = 100_000


def is_supported(station: ChargingStation) -> bool:
    """Return whether the station can have a list, as far as can be known."""
    return station.provisioning.supports(_PROFILE)


def limits(station: ChargingStation) -> Limits:
    """Return how much the station takes."""
    number = station.provisioning.number
    at_once = number(_MOST_AT_ONCE, _USUAL_AT_ONCE, at_most=_SANE)
    listed = number(_MOST_LISTED, _SANE, at_most=_SANE)
    return Limits(at_once or _USUAL_AT_ONCE, listed=listed)


async def learn(block: Block) -> None:
    """Ask for what the station did not tell with the rest of its configuration."""
    keys = [
        key
        for key in (_ENABLED, _MOST_AT_ONCE, _MOST_LISTED)
        if block.station.provisioning.value(key) is None
    ]
    if not keys:
        return
    try:
        await block.command("GetConfiguration", {"key": keys})
    except CommandFailed, NotSupported:
        block.station.note("local list: limits unknown")


async def enable(station: ChargingStation) -> None:
    """Have the station use its list; raises any `OcppError`."""
    known = station.provisioning.keys.get(_ENABLED)
    if known is None or known.readonly or known.value.casefold() != "false":
        return
    await station.provisioning.write(_ENABLED, "true")


def entry(id_token: IdToken, info: Payload) -> Payload | None:
    """Return what is kept of a listed card; none where it can't be told of."""
    return info if 0 < len(id_token.token) <= LONGEST_TOKEN else None


def is_entry(kept: Payload) -> bool:
    """Return whether it was spelled by this version."""
    return "idToken" not in kept


def item(change: Change) -> Payload:
    """Spell one card of a message."""
    if change.gone:
        return {"idTag": change.token}
    return {"idTag": change.token, "idTagInfo": change.kept}


def send(number: int, update: Update) -> Payload:
    """Write a SendLocalList; without any card it empties the list."""
    payload: Payload = {
        "listVersion": number,
        "updateType": "Full" if update.full else "Differential",
    }
    if update.items:
        payload["localAuthorizationList"] = update.items
    return payload


def entries(payload: Payload) -> Iterator[tuple[str, Payload | None]]:
    """Yield the cards that were sent; nothing is kept of those that are removed."""
    for one in payload.get("localAuthorizationList", ()):
        yield one["idTag"], one.get("idTagInfo")


def sent_version(payload: Payload) -> int:
    """Return which version a list that was sent has."""
    version: int = payload["listVersion"]
    return version


def told_version(answer: Payload) -> Any:
    """Return which version the station says its list has."""
    return answer.get("listVersion")
