"""Actions about sessions: reading them, writing them to a file, deleting one."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

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
from homeassistant.helpers.service import (
    async_get_device_and_config_entry,
    async_register_admin_service,
)
from homeassistant.util import dt as dt_util
from homeassistant.util.file import WriteError, write_utf8_file
import probatio

from .const import DOMAIN
from .csms.blocks.transactions import UNKNOWN_END
from .csms.store import StoreUnavailable
from .hub import OcppHub
from .sessions import Filters, Row, async_find_sessions, loaded_hubs, write_csv

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
DELETE_SESSION = probatio.Schema({probatio.Required(ATTR_ID): probatio.Coerce(int)})


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
    async_register_admin_service(
        hass, DOMAIN, "delete_session", _delete_session, DELETE_SESSION
    )


async def async_read_sessions(
    hass: HomeAssistant, wanted: Mapping[str, Any], only: OcppHub | None = None
) -> list[Row]:
    """Return the sessions that the fields of an action, or of a download, mean.

    Raises `ServiceValidationError` for a device that is no charger, or none of the only
    hub asked, and `HomeAssistantError` while the store is away.
    """
    station, evse = None, None
    if (device_id := wanted.get(ATTR_DEVICE_ID)) is not None:
        device, entry = async_get_device_and_config_entry(hass, DOMAIN, device_id)
        hub: OcppHub = entry.runtime_data
        target = hub.charger_of_device(device)
        if target is None or only not in (None, hub):
            raise ServiceValidationError(
                translation_domain=DOMAIN, translation_key="not_a_charger"
            )
        only, station, evse = hub, target[0].station.identity, target[1] or None
    start, end = wanted.get(ATTR_START), wanted.get(ATTR_END)
    filters = Filters(
        station=station,
        evse=evse,
        card=wanted.get(ATTR_CARD),
        # Without a zone, Home Assistant's is meant.
        start=dt_util.as_utc(start) if start is not None else None,
        end=dt_util.as_utc(end) if end is not None else None,
    )
    try:
        return await async_find_sessions(hass, filters, only)
    except StoreUnavailable as error:
        raise _store_away() from error


async def _get_sessions(call: ServiceCall) -> ServiceResponse:
    """Return sessions."""
    rows = await async_read_sessions(call.hass, call.data)
    return {"sessions": list(rows)}


async def _export_sessions(call: ServiceCall) -> ServiceResponse:
    """Write sessions to a file, or return what would stand in it."""
    hass, filename = call.hass, call.data.get(ATTR_FILENAME)
    if filename is None:
        if not call.return_response:
            raise ServiceValidationError(
                translation_domain=DOMAIN, translation_key="export_nowhere"
            )
        rows = await async_read_sessions(hass, call.data)
        return {"csv": await hass.async_add_executor_job(write_csv, rows)}
    if (user_id := call.context.user_id) is not None:
        user = await hass.auth.async_get_user(user_id)
        if user is None or not user.is_admin:
            raise Unauthorized(context=call.context)
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
    number: int = call.data[ATTR_ID]
    hubs = loaded_hubs(call.hass)
    stations = [charger.station for hub in hubs for charger in hub.chargers.values()]
    if any(
        (running := station.transactions.running(evse)) is not None
        and running.number == number
        for station in stations
        for evse in station.evses
    ):
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="session_running",
            translation_placeholders={"id": str(number)},
        )
    try:
        deleted = [await _delete(hub, number) for hub in hubs]
        for station in stations:
            await station.transactions.forget(number)
    except StoreUnavailable as error:
        raise _store_away() from error
    if not any(deleted):
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="session_unknown",
            translation_placeholders={"id": str(number)},
        )


async def _delete(hub: OcppHub, number: int) -> bool:
    """Delete a session of a hub's store; return whether there was one."""
    if await hub.store.delete_session(number):
        return True
    for session in await hub.store.sessions():
        if session.number == number:
            # Its charger was removed while it ran, and will never tell its end.
            over = replace(session, ended=session.started, stop_reason=UNKNOWN_END)
            await hub.store.save(over, {})
            return await hub.store.delete_session(number)
    return False


def _store_away() -> HomeAssistantError:
    return HomeAssistantError(
        translation_domain=DOMAIN, translation_key="sessions_unavailable"
    )
