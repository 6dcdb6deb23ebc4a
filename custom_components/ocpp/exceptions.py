"""The one place where what went wrong at a charger becomes words for people."""

from collections.abc import Iterator
from contextlib import contextmanager

from homeassistant.exceptions import HomeAssistantError, ServiceValidationError

from .const import DOMAIN
from .csms.errors import (
    CannotDischarge,
    CannotLimit,
    CannotMove,
    CardNotAccepted,
    CommandFailed,
    CommandRejected,
    CommandTimedOut,
    ControlNotAllowed,
    InvalidRequest,
    LimitTooHigh,
    MoveFailed,
    NotAccepted,
    NotInVersion,
    NoTransaction,
    NotSupported,
    OcppError,
    OnlyRenews,
    StationOffline,
    TooManyReservations,
)

# What chargers mostly refuse because of the car, or because none is there.
_OF_A_CAR = frozenset(
    {
        *("RemoteStartTransaction", "RemoteStopTransaction"),
        *("RequestStartTransaction", "RequestStopTransaction"),
        *("SetChargingProfile", "UnlockConnector"),
    }
)


@contextmanager
def translated_errors(charger: str) -> Iterator[None]:
    """Turn errors of a charger's commands into translated ones that name the charger."""
    try:
        yield
    except OcppError as error:
        raise _translated(error, charger) from error


def _translated(error: OcppError, charger: str) -> HomeAssistantError:
    """Return what to tell people; what they could have known is a validation error."""
    words = {"charger": charger}
    kind: type[HomeAssistantError] = HomeAssistantError
    if isinstance(error, (CannotMove, MoveFailed)):
        return _not_moved(error, words)
    if isinstance(error, ControlNotAllowed):
        return _not_allowed(error, words)
    match error:
        case OnlyRenews():
            key, kind = "only_renews", ServiceValidationError
        case StationOffline():
            key, kind = "station_offline", ServiceValidationError
        case NotAccepted():
            key, kind = "not_accepted", ServiceValidationError
        case NoTransaction():
            key, kind = "no_transaction", ServiceValidationError
        case CardNotAccepted(action=action, status=status):
            key, kind = "card_not_accepted", ServiceValidationError
            words |= {"command": action, "status": status}
        case CannotDischarge(reason="not_allowed"):
            key, kind = "discharging_not_allowed", ServiceValidationError
        case CannotDischarge(reason="car"):
            key, kind = "car_only_charges", ServiceValidationError
        case CannotDischarge():
            key, kind = "no_such_operation_mode", ServiceValidationError
        case CannotLimit(limit="max_cost"):
            key, kind = "no_cost_limit", ServiceValidationError
        case CannotLimit():
            key, kind = "no_soc_limit", ServiceValidationError
        case LimitTooHigh(maximum=maximum):
            key, kind = "limit_too_high", ServiceValidationError
            words["maximum"] = f"{maximum:g}"
        case TooManyReservations(most=most):
            key, kind = "too_many_reservations", ServiceValidationError
            words["most"] = str(most)
        case NotInVersion(action=action, version=version):
            key, kind = "not_in_version", ServiceValidationError
            words |= {"command": action, "version": version}
        case NotSupported(action=action):
            key, kind = "not_supported", ServiceValidationError
            words["command"] = action
        case InvalidRequest(action=action, reason=reason):
            key, kind = "invalid_request", ServiceValidationError
            words |= {"command": action, "reason": reason}
        case CommandRejected(action="UsePriorityCharging", status="NoProfile"):
            key = "no_priority_profile"
        case CommandRejected(action=action, status=""):
            key = "no_status"
            words["command"] = action
        case CommandRejected(action=action, status=status) if action in _OF_A_CAR:
            key = "charging_rejected"
            words |= {"command": action, "status": status}
        case CommandRejected(action=action, status=status):
            key = "command_rejected"
            words |= {"command": action, "status": status}
        case CommandTimedOut(action=action):
            key = "command_timed_out"
            words["command"] = action
        case CommandFailed(action=action, code=code, description=description):
            key = "command_failed"
            words |= {"command": action, "code": code, "description": description}
        case _:
            key = "unknown_error"
            words["error"] = str(error)
    return kind(
        translation_domain=DOMAIN, translation_key=key, translation_placeholders=words
    )


def _not_allowed(
    error: ControlNotAllowed, words: dict[str, str]
) -> ServiceValidationError:
    """Return why a control of what feeds into the grid was not sent."""
    kind, control = ServiceValidationError, error.control
    match error:
        case ControlNotAllowed(rule="always_default"):
            key = "control_always_default"
            words["control"] = control
        case ControlNotAllowed(rule="default_with_time"):
            key = "control_default_with_time"
            words["control"] = control
        case ControlNotAllowed(rule="same_id"):
            key = "control_same_id"
            words["control"] = control
        case ControlNotAllowed(field=field):
            key = "control_other_field"
            words |= {"control": control, "field": field}
    return kind(
        translation_domain=DOMAIN, translation_key=key, translation_placeholders=words
    )


def _not_moved(
    error: CannotMove | MoveFailed, words: dict[str, str]
) -> HomeAssistantError:
    """Return why a charger was not moved to another security profile."""
    kind: type[HomeAssistantError] = HomeAssistantError
    match error:
        case CannotMove(reason="no_encryption"):
            key, kind = "move_no_encryption", ServiceValidationError
        case CannotMove(reason="no_plain"):
            key, kind = "move_no_plain", ServiceValidationError
        case CannotMove(reason="already_moving"):
            key, kind = "move_already_moving", ServiceValidationError
        case CannotMove():
            key = "move_no_free_slot"
        case MoveFailed(down=True, cause=CommandRejected() as cause):
            key = "move_down_refused"
            words["error"] = str(cause)
        case MoveFailed(step="password", cause=cause):
            key = "move_password"
            words["error"] = str(cause)
        case MoveFailed(step="install_root", cause=cause):
            key = "move_install_root"
            words["error"] = str(cause)
        case MoveFailed(step="sign_certificate", cause=cause):
            key = "move_sign_certificate"
            words["error"] = str(cause)
        case MoveFailed(step="set_connection", cause=cause):
            key = "move_set_connection"
            words["error"] = str(cause)
        case MoveFailed(step="change_profile", cause=cause):
            key = "move_change_profile"
            words["error"] = str(cause)
        case MoveFailed(step="restart", cause=cause):
            key = "move_restart"
            words["error"] = str(cause)
        case MoveFailed():
            key = "move_not_returned"
    return kind(
        translation_domain=DOMAIN, translation_key=key, translation_placeholders=words
    )
