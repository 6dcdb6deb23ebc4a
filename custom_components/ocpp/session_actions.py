"""Actions about sessions: reading them, writing them to a file, deleting one."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Any

from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import ATTR_DEVICE_ID
from homeassistant.core import (
    HomeAssistant,
    ServiceCall,
    ServiceResponse,
    SupportsResponse,
    callback,
)
from homeassistant.exceptions import (
    HomeAssistantError,
    ServiceValidationError,
    Unauthorized,
)
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.service import async_register_admin_service
from homeassistant.util import dt as dt_util
from homeassistant.util.file import WriteError, write_utf8_file
import probatio

from .const import CONF_IDENTITY, DOMAIN, SUBENTRY_CHARGER
from .csms.blocks.transactions import UNKNOWN_END
from .csms.model import Transaction
from .csms.store import StoreUnavailable
from .deleted_sessions import DeletedSessions
from .hub import OcppHub
from .sessions import Filters, Row, async_find_sessions, loaded_hubs, write_csv
from .target import charger_of, not_a_charger

ATTR_CARD = "card"
ATTR_END = "end"
ATTR_FILENAME = "filename"
ATTR_ID = "id"
ATTR_START = "start"

_FILTERS = {
    probatio.Optional(ATTR_DEVICE_ID): cv.string,
    probatio.Optional(ATTR_CARD): cv.string,
    probatio.Optional(ATTR_START): cv.datetime,
    probatio.Optional(ATTR_END): cv.datetime,
}
GET_SESSIONS = probatio.Schema(_FILTERS)
EXPORT_SESSIONS = probatio.Schema(
    _FILTERS | {probatio.Optional(ATTR_FILENAME): cv.string}
)
DELETE_SESSION = probatio.Schema(
    {
        probatio.Required(ATTR_ID): probatio.All(
            # What databases can count to.
            probatio.Coerce(int),
            probatio.Range(min=1, max=2**63 - 1),
        ),
        probatio.Optional(ATTR_DEVICE_ID): cv.string,
    }
)


@callback
def async_setup_session_actions(hass: HomeAssistant) -> None:
    """Register the actions."""
    hass.services.async_register(
        DOMAIN, "get_sessions", _get_sessions, GET_SESSIONS, SupportsResponse.ONLY
    )
    hass.services.async_register(
        DOMAIN,
        "export_sessions",
        _export_sessions,
        EXPORT_SESSIONS,
        SupportsResponse.OPTIONAL,
    )
    # What is kept of deleted sessions is read and written again.
    one_at_a_time = asyncio.Lock()

    async def _delete_alone(call: ServiceCall) -> None:
        async with one_at_a_time:
            await _delete_session(call)

    async_register_admin_service(
        hass, DOMAIN, "delete_session", _delete_alone, DELETE_SESSION
    )


async def async_read_sessions(
    hass: HomeAssistant, wanted: Mapping[str, Any], only: OcppHub | None = None
) -> list[Row]:
    """Return the sessions that the fields of an action, or of a download, mean.

    Raises `ServiceValidationError` for a device that is no charger, or none of the only
    hub asked, and for a moment that no calendar has, and `HomeAssistantError` while the
    store is away.
    """
    station, evse = None, None
    if (device_id := wanted.get(ATTR_DEVICE_ID)) is not None:
        only, station, evse = _charger_of(hass, device_id, only)
    filters = Filters(
        station=station,
        evse=evse,
        card=wanted.get(ATTR_CARD),
        start=_moment(wanted.get(ATTR_START)),
        end=_moment(wanted.get(ATTR_END)),
    )
    try:
        return await async_find_sessions(hass, filters, only)
    except StoreUnavailable as error:
        raise _store_away() from error


def _charger_of(
    hass: HomeAssistant, device_id: str, only: OcppHub | None = None
) -> tuple[OcppHub, str, int | None]:
    """Return where a device is: the hub, the charger's identity, and the EVSE if any."""
    hub, charger, evse = charger_of(hass, device_id)
    if only not in (None, hub):
        raise not_a_charger()
    return hub, charger.station.identity, evse or None


def _moment(moment: datetime | None) -> datetime | None:
    """Return a moment in UTC. Without a zone, Home Assistant's is meant."""
    if moment is None:
        return None
    try:
        return dt_util.as_utc(moment)
    except OverflowError as error:
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="moment_out_of_range",
            translation_placeholders={"moment": moment.isoformat()},
        ) from error


async def _require_admin(call: ServiceCall) -> None:
    """Refuse people who are no administrators; automations are nobody in particular."""
    if (user_id := call.context.user_id) is None:
        return
    user = await call.hass.auth.async_get_user(user_id)
    if user is None or not user.is_admin:
        raise Unauthorized(context=call.context)


async def _get_sessions(call: ServiceCall) -> ServiceResponse:
    """Return sessions."""
    await _require_admin(call)
    rows = await async_read_sessions(call.hass, call.data)
    return {"sessions": list(rows)}


async def _export_sessions(call: ServiceCall) -> ServiceResponse:
    """Write sessions to a file, or return what would stand in it."""
    await _require_admin(call)
    hass, filename = call.hass, call.data.get(ATTR_FILENAME)
    if filename is None:
        if not call.return_response:
            raise ServiceValidationError(
                translation_domain=DOMAIN, translation_key="export_nowhere"
            )
        rows = await async_read_sessions(hass, call.data)
        return {"csv": await hass.async_add_executor_job(write_csv, rows)}
    rows = await async_read_sessions(hass, call.data)
    folder = Path(hass.config.config_dir)
    path = await hass.async_add_executor_job(_write_file, folder, filename, rows)
    return {"path": str(path)}


def _write_file(folder: Path, filename: str, rows: list[Row]) -> Path:
    """Write sessions to a file below the configuration folder."""
    wanted = PurePosixPath(filename.replace("\\", "/"))
    parts = wanted.parts
    below = folder.resolve()
    path = below.joinpath(*parts)
    if (
        not parts
        or wanted.is_absolute()
        or wanted.suffix.lower() != ".csv"
        # What is hidden belongs to Home Assistant; ".." is among it.
        or any(part.startswith(".") or ":" in part or "\0" in part for part in parts)
        # A link may lead anywhere.
        or path.resolve() != path
    ):
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="export_not_allowed",
            translation_placeholders={"filename": filename},
        )
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_utf8_file(str(path), write_csv(rows).encode(), mode="wb")
    except (OSError, WriteError) as error:
        raise HomeAssistantError(
            translation_domain=DOMAIN,
            translation_key="export_failed",
            translation_placeholders={"filename": filename, "error": str(error)},
        ) from error
    return path


async def _delete_session(call: ServiceCall) -> None:
    """Delete a session that is over."""
    hass, number = call.hass, call.data[ATTR_ID]
    station = None
    if (device_id := call.data.get(ATTR_DEVICE_ID)) is not None:
        _, station, _ = _charger_of(hass, device_id)
    try:
        found = await _find(hass, number, station)
        _refuse(hass, number, list(found.values()))
        for hub, session in found.items():
            await _delete(hub, session)
    except StoreUnavailable as error:
        raise _store_away() from error
    for hub in loaded_hubs(hass):
        await hub.cards.async_count()


async def _find(
    hass: HomeAssistant, number: int, station: str | None
) -> dict[OcppHub, Transaction]:
    """Return the session with a number, by the hubs in whose store it is."""
    return {
        hub: session
        for hub in loaded_hubs(hass)
        for session in await hub.store.sessions(station=station)
        if session.number == number
    }


def _refuse(hass: HomeAssistant, number: int, found: list[Transaction]) -> None:
    """Refuse to delete a session that is not there, not the only one, or not over."""
    if not found:
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="session_unknown",
            translation_placeholders={"id": str(number)},
        )
    # Central systems may keep their sessions in the same place.
    if len({(session.station, session.started) for session in found}) > 1:
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="session_ambiguous",
            translation_placeholders={"id": str(number)},
        )
    if any(_is_running(hass, session) for session in found):
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="session_running",
            translation_placeholders={"id": str(number)},
        )


def _is_running(hass: HomeAssistant, session: Transaction) -> bool:
    """Return whether a charger goes on with a session, as far as can be known."""
    elsewhere = {
        subentry.data[CONF_IDENTITY]
        for entry in hass.config_entries.async_entries(DOMAIN)
        if entry.state is not ConfigEntryState.LOADED
        for subentry in entry.get_subentries_of_type(SUBENTRY_CHARGER)
    }
    if session.running and session.station in elsewhere:
        return True
    return any(
        (running := charger.station.transactions.running(evse)) is not None
        and running.number == session.number
        for hub in loaded_hubs(hass)
        if (charger := hub.chargers.get(session.station)) is not None
        for evse in charger.station.evses
    )


async def _delete(hub: OcppHub, session: Transaction) -> None:
    """Delete a session from a hub's store; what it had charged still counts."""
    store, number = hub.store, session.number
    there = await store.sessions(station=session.station)
    if not any(it.number == number for it in there):
        # Another central system with the same store was asked first.
        await _forget(hub, number)
        return
    going = (await DeletedSessions.load(store)).begin([session])
    await going.save(store)
    if session.running:
        # Its charger was removed while it ran, and will never tell its end.
        over = replace(session, ended=session.started, stop_reason=UNKNOWN_END)
        await store.save(over, {})
    await store.delete_session(number)
    await going.finish(number).save(store)
    await _forget(hub, number)


async def _forget(hub: OcppHub, number: int) -> None:
    """Have no charger show a session any more."""
    for charger in hub.chargers.values():
        await charger.station.transactions.forget(number)


def _store_away() -> HomeAssistantError:
    return HomeAssistantError(
        translation_domain=DOMAIN, translation_key="sessions_unavailable"
    )
