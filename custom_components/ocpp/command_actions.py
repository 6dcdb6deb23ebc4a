"""Actions for the commands of OCPP, made from the registry of commands."""

from collections.abc import Callable, Collection
from datetime import date, datetime
from functools import partial
from typing import Any

from homeassistant.const import ATTR_DEVICE_ID
from homeassistant.core import (
    HomeAssistant,
    ServiceCall,
    ServiceResponse,
    SupportsResponse,
    callback,
)
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.service import async_register_admin_service
from homeassistant.util import dt as dt_util
import probatio

from .const import DOMAIN
from .csms.charging_station import ChargingStation
from .csms.commands import (
    COMMANDS,
    Command,
    Field,
    Kind,
    Request,
    widest,
    write_request,
)
from .csms.model import Payload
from .csms.reports import LATER
from .csms.versions import V16
from .exceptions import translated_errors
from .target import TARGET, chosen

ATTR_ACTION = "action"
ATTR_PAYLOAD = "payload"
ATTR_VALIDATE = "validate"
ATTR_UNANSWERED = "unanswered"


def _text(value: Any) -> str:
    """Take text; what YAML took for something else is what stations have for it."""
    if isinstance(value, bool):
        return str(value).lower()
    # YAML has a text of its own kind, which the schemas do not know.
    return str(cv.string(value))


def _whole(value: Any) -> int:
    """Take a whole number, also one that a form or a template wrote otherwise."""
    if isinstance(value, (str, int, float)) and not isinstance(value, bool):
        try:
            if isinstance(value, float) and not value.is_integer():
                raise probatio.Invalid("expected a whole number")
            return int(value)
        except (ValueError, OverflowError) as error:
            raise probatio.Invalid("expected a whole number") from error
    raise probatio.Invalid("expected a whole number")


def _plain(value: Any) -> Any:
    """Take what the specification writes; YAML reads times as what JSON does not have."""
    match value:
        case datetime():
            return dt_util.as_utc(value).isoformat().replace("+00:00", "Z")
        case date():
            return value.isoformat()
        case dict():
            return {str(key): _plain(item) for key, item in value.items()}
        case list() | tuple():
            return [_plain(item) for item in value]
        case str():
            return str(value)
        case None | bool() | int() | float():
            return value
    raise probatio.Invalid(f"{type(value).__name__} can not be sent")


def _mapping(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise probatio.Invalid("expected a mapping")
    return {str(key): _plain(item) for key, item in value.items()}


def _word(fields: Collection[Field], value: Any) -> str:
    """Take a word that some version of OCPP has here, in any spelling."""
    said = _text(value)
    if any(field.slug(said) is not None for field in fields):
        return said
    known = sorted({slug for field in fields for slug in field.words})
    raise probatio.Invalid(f"expected one of {', '.join(known)}")


_MOMENT = probatio.All(cv.datetime, dt_util.as_utc)
_VALIDATORS: dict[Kind, Any] = {
    Kind.DATA: _plain,
    Kind.ANYTHING: _plain,
    Kind.INTEGER: _whole,
    Kind.INTEGERS: probatio.All(cv.ensure_list, [_whole]),
    Kind.NUMBER: probatio.Coerce(float),
    Kind.BOOLEAN: cv.boolean,
    Kind.MOMENT: _MOMENT,
    Kind.OBJECT: _mapping,
    Kind.OBJECTS: probatio.All(cv.ensure_list, [_mapping]),
}


def _validator(fields: Collection[Field]) -> Any:
    """Return what a field is checked with: it takes what any of the versions takes."""
    match widest(fields):
        case Kind.WORD:
            return partial(_word, fields)
        case Kind.WORDS:
            return probatio.All(cv.ensure_list, [partial(_word, fields)])
        case Kind.TEXT | Kind.TEXTS as kind:
            longest = [field.longest for field in fields]
            text: Any = _text
            if None not in longest:
                text = probatio.All(
                    text, probatio.Length(max=max(filter(None, longest)))
                )
            return text if kind is Kind.TEXT else probatio.All(cv.ensure_list, [text])
        case kind:
            return _VALIDATORS[kind]


def schema(command: Command) -> probatio.Schema:
    """Return the fields of a command's action."""
    fields: dict[Any, Any] = {}
    for name, spelled in command.all_fields().items():
        key = probatio.Required if command.is_needed(name) else probatio.Optional
        fields[key(name)] = _validator(spelled.values())
    return probatio.Schema(TARGET | fields)


CALL = probatio.Schema(
    TARGET
    | {
        probatio.Required(ATTR_ACTION): cv.string,
        probatio.Optional(ATTR_PAYLOAD, default=dict): _mapping,
        probatio.Optional(ATTR_VALIDATE, default=True): cv.boolean,
        probatio.Optional(ATTR_UNANSWERED, default=False): cv.boolean,
    }
)
SCHEMAS = {name: schema(command) for name, command in COMMANDS.items()}


@callback
def async_setup_command_actions(hass: HomeAssistant) -> None:
    """Register an action for each command, and one for whatever else there is."""
    for name, command in COMMANDS.items():
        register: Callable[..., None] = (
            partial(async_register_admin_service, hass)
            if command.administrator
            else hass.services.async_register
        )
        register(
            DOMAIN,
            name,
            partial(_send, command),
            SCHEMAS[name],
            SupportsResponse.OPTIONAL,
        )
    async_register_admin_service(
        hass, DOMAIN, "call", _call, CALL, SupportsResponse.OPTIONAL
    )


async def _send(command: Command, call: ServiceCall) -> ServiceResponse:
    """Send a command and return the charger's whole answer."""
    charger, evse = chosen(call)
    station = charger.station
    given = {name: value for name, value in call.data.items() if name != ATTR_DEVICE_ID}
    try:
        with translated_errors(charger.name):
            # The version of one that is away is not known.
            station.link()
            request = write_request(
                command,
                station.version,
                given,
                evse=evse,
                the_only_evse=station.the_only_evse,
            )
            answer = await _answer(station, request)
    finally:
        station.flush()
    # What was made up here nobody could refer to otherwise.
    return request.made_up | answer


async def _answer(station: ChargingStation, request: Request) -> Payload:
    """Send a request and return the charger's whole answer, also where it comes in parts.

    One that never comes to its end is returned as far as it came.
    """
    action, payload = request.action, request.payload
    later = LATER.get(action)
    # Of a customer who is to be forgotten nothing needs to be reported.
    if later is not None and payload.get("report") is not False:
        answer, report = await station.reports.command(
            action, payload, silence=station.options.call_timeout
        )
        return answer.raw | report.told(later) | {"complete": report.complete}
    # Of many variables, in as many messages as the charger takes.
    answer = await station.device_model.command_in_parts(action, payload)
    if action == "GetLog" and station.version is not V16:
        upload = await station.diagnostics.finished(station.options.call_timeout)
        return answer.raw | {"upload": upload}
    return answer.raw


async def _call(call: ServiceCall) -> ServiceResponse:
    """Send any message and return the charger's answer as it came, if it has to have one."""
    charger, _ = chosen(call)
    sending = charger.station.sending
    action, payload = call.data[ATTR_ACTION], call.data[ATTR_PAYLOAD]
    validate = call.data[ATTR_VALIDATE]
    try:
        with translated_errors(charger.name):
            if call.data[ATTR_UNANSWERED]:
                await sending.send(action, payload, validate=validate)
                return {"result": None}
            answer = await sending.exchange(action, payload, validate=validate)
    finally:
        charger.station.flush()
    return {"result": answer.raw}
