"""The download of sessions, for browsers and programs."""

from http import HTTPStatus

from aiohttp import web
from homeassistant.components.http import HomeAssistantView, require_admin
from homeassistant.config_entries import ConfigEntryState
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers.http import KEY_HASS

from .const import DOMAIN
from .session_actions import GET_SESSIONS, async_read_sessions
from .sessions import write_csv


class SessionsView(HomeAssistantView):
    """Sessions as a table, for administrators: it tells who charged when."""

    url = "/api/ocpp/{entry_id}/sessions.csv"
    name = "api:ocpp:sessions"

    @require_admin
    async def get(self, request: web.Request, entry_id: str) -> web.Response:
        """Return the sessions of a central system; the query filters them."""
        hass = request.app[KEY_HASS]
        entry = hass.config_entries.async_get_entry(entry_id)
        if (
            entry is None
            or entry.domain != DOMAIN
            or entry.state is not ConfigEntryState.LOADED
        ):
            return web.Response(status=HTTPStatus.NOT_FOUND)
        # The signature of the path, where it has one, is no filter.
        wanted = {
            key: value for key, value in request.query.items() if key != "authSig"
        }
        try:
            rows = await async_read_sessions(
                hass, GET_SESSIONS(wanted), entry.runtime_data
            )
        except ServiceValidationError as error:
            return web.Response(status=HTTPStatus.BAD_REQUEST, text=str(error))
        except HomeAssistantError as error:
            return web.Response(status=HTTPStatus.SERVICE_UNAVAILABLE, text=str(error))
        table = await hass.async_add_executor_job(write_csv, rows)
        return web.Response(
            body=table.encode(),
            content_type="text/csv",
            charset="utf-8",
            headers={
                "Content-Disposition": 'attachment; filename="sessions.csv"',
                "Cache-Control": "no-store",
            },
        )
