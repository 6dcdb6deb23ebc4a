"""Actions: limits, start and stop; those about sessions are in a module of their own."""

from typing import Any

from homeassistant.core import (
    HomeAssistant,
    ServiceCall,
    ServiceResponse,
    SupportsResponse,
    callback,
)
from homeassistant.helpers import config_validation as cv
import probatio

from .charger import Charger
from .command_actions import async_setup_command_actions
from .const import DOMAIN
from .csms.model import RateUnit
from .exceptions import translated_errors
from .password_actions import async_setup_password_actions
from .security_profile_actions import async_setup_security_profile_actions
from .session_actions import async_setup_session_actions
from .target import TARGET, chosen

ATTR_DURATION = "duration"
ATTR_ID_TOKEN = "id_token"
ATTR_LIMIT_AMPS = "limit_amps"
ATTR_LIMIT_WATTS = "limit_watts"
ATTR_MAX_COST = "max_cost"
ATTR_MAX_ENERGY = "max_energy"
ATTR_MAX_SOC = "max_soc"
ATTR_MAX_TIME = "max_time"
ATTR_PHASES = "phases"
ATTR_PROFILE = "profile"

_LIMIT = probatio.All(probatio.Coerce(float), probatio.Range(min=0, max=1_000_000))


def _above_0(most: float) -> Any:
    return probatio.All(
        probatio.Coerce(float), probatio.Range(min=0, min_included=False, max=most)
    )


SET_CHARGING_RATE = probatio.Schema(
    probatio.All(
        TARGET
        | {
            probatio.Exclusive(ATTR_LIMIT_AMPS, "limit"): _LIMIT,
            probatio.Exclusive(ATTR_LIMIT_WATTS, "limit"): _LIMIT,
            probatio.Exclusive(ATTR_PROFILE, "limit"): dict,
            probatio.Optional(ATTR_PHASES): probatio.All(
                probatio.Coerce(int), probatio.Range(min=1, max=3)
            ),
            probatio.Optional(ATTR_DURATION): probatio.All(
                probatio.Coerce(int), probatio.Range(min=1, max=31_536_000)
            ),
        },
        cv.has_at_least_one_key(ATTR_LIMIT_AMPS, ATTR_LIMIT_WATTS, ATTR_PROFILE),
    )
)
CLEAR_CHARGING_RATE = probatio.Schema(TARGET)
START_TRANSACTION = probatio.Schema(
    TARGET
    | {
        probatio.Optional(ATTR_ID_TOKEN): probatio.All(
            cv.string, probatio.Length(min=1, max=36)
        ),
        probatio.Optional(ATTR_LIMIT_AMPS): _LIMIT,
        # In kWh, minutes, the currency, and percent.
        probatio.Optional(ATTR_MAX_ENERGY): _above_0(1_000),
        probatio.Optional(ATTR_MAX_TIME): _above_0(525_600),
        probatio.Optional(ATTR_MAX_COST): _above_0(100_000),
        probatio.Optional(ATTR_MAX_SOC): probatio.All(
            probatio.Coerce(int), probatio.Range(min=1, max=100)
        ),
    }
)
# How many of what the central system counts in a field's unit has.
_FACTORS = {
    ATTR_MAX_ENERGY: 1_000,
    ATTR_MAX_TIME: 60,
    ATTR_MAX_COST: 1,
    ATTR_MAX_SOC: 1,
}
STOP_TRANSACTION = probatio.Schema(TARGET)


@callback
def async_setup_services(hass: HomeAssistant) -> None:
    """Register the actions."""
    for name, action, schema in (
        ("set_charging_rate", _set_charging_rate, SET_CHARGING_RATE),
        ("clear_charging_rate", _clear_charging_rate, CLEAR_CHARGING_RATE),
        ("start_transaction", _start_transaction, START_TRANSACTION),
        ("stop_transaction", _stop_transaction, STOP_TRANSACTION),
    ):
        hass.services.async_register(
            DOMAIN, name, action, schema, SupportsResponse.OPTIONAL
        )
    async_setup_command_actions(hass)
    async_setup_session_actions(hass)
    async_setup_password_actions(hass)
    async_setup_security_profile_actions(hass)


def _target(call: ServiceCall) -> tuple[Charger, int]:
    """Return the charger and EVSE an action is for.

    The device of a charger with a single EVSE means that one; of one with several, the
    charger as a whole, which is EVSE 0.
    """
    charger, evse = chosen(call)
    return charger, evse or charger.station.the_only_evse or 0


async def _set_charging_rate(call: ServiceCall) -> ServiceResponse:
    """Limit a charger and answer what it accepted."""
    charger, evse = _target(call)
    smart_charging = charger.station.smart_charging
    with translated_errors(charger.name):
        if (profile := call.data.get(ATTR_PROFILE)) is not None:
            await smart_charging.set_profile(evse, profile)
            charger.station.flush()
            schedule = profile["chargingSchedule"]
            if isinstance(schedule, list):
                # 2.x has up to three, for the car to choose from.
                schedule = schedule[0]
            periods = schedule["chargingSchedulePeriod"]
            return {
                "value": periods[0].get("limit") if periods else None,
                "unit": schedule["chargingRateUnit"],
                "purpose": profile["chargingProfilePurpose"],
            }
        value, unit = _limit(call.data)
        limit = await smart_charging.set_limit(
            evse,
            value,
            unit,
            phases=call.data.get(ATTR_PHASES),
            duration=call.data.get(ATTR_DURATION),
        )
    charger.station.flush()
    return {
        "value": limit.sent_value,
        "unit": limit.sent_unit.value,
        "purpose": limit.purpose,
    }


def _limit(data: dict[str, Any]) -> tuple[float, RateUnit]:
    if (amperes := data.get(ATTR_LIMIT_AMPS)) is not None:
        return amperes, RateUnit.AMPERE
    return data[ATTR_LIMIT_WATTS], RateUnit.WATT


async def _clear_charging_rate(call: ServiceCall) -> ServiceResponse:
    """Remove the limits of a charger."""
    charger, evse = _target(call)
    with translated_errors(charger.name):
        removed = await charger.station.smart_charging.clear(evse)
    charger.station.flush()
    return {"status": "Accepted" if removed else "Unknown"}


async def _start_transaction(call: ServiceCall) -> ServiceResponse:
    """Ask a charger to start a session."""
    charger, evse = _target(call)
    with translated_errors(charger.name):
        await charger.station.remote_control.start(
            # Of several, the charger may choose.
            evse or None,
            id_token=call.data.get(ATTR_ID_TOKEN),
            limit=call.data.get(ATTR_LIMIT_AMPS),
            limits={
                field: round(call.data[field] * factor, 3)
                for field, factor in _FACTORS.items()
                if field in call.data
            },
        )
    return {"status": "Accepted"}


async def _stop_transaction(call: ServiceCall) -> ServiceResponse:
    """Ask a charger to end its session."""
    charger, evse = _target(call)
    with translated_errors(charger.name):
        await charger.station.remote_control.stop(evse or None)
    return {"status": "Accepted"}
