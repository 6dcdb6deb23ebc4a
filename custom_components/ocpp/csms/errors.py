"""What can go wrong between a central system and a charging station."""

from enum import StrEnum


class PortUnavailable(OSError):
    """A port can't be listened on."""

    def __init__(self, port: int, error: OSError) -> None:
        """Remember which port, and why."""
        super().__init__(error.errno, error.strerror or str(error))
        self.port = port


class OcppError(Exception):
    """Base of everything a command can end in other than success."""


class StationOffline(OcppError):
    """The station has no connection, or lost it before it answered."""


class OnlyRenews(StationOffline):
    """The station is in to be given a new certificate, and as good as away (A00.FR.429)."""


class NotAccepted(OcppError):
    """The station is kept waiting or rejected, and may not be sent this (B02, B03)."""


class CommandTimedOut(OcppError):
    """The station did not answer in time."""

    def __init__(self, action: str) -> None:
        """Remember which command waited in vain."""
        super().__init__(f"{action} was not answered")
        self.action = action


class CommandRejected(OcppError):
    """The station understood the command and did not say yes.

    The status is empty where its answer has none.
    """

    def __init__(self, action: str, status: str) -> None:
        """Remember the command and the station's word for no."""
        super().__init__(f"{action} was answered {status}")
        self.action = action
        self.status = status


class CommandFailed(OcppError):
    """The station answered with a CALLERROR."""

    def __init__(self, action: str, code: str, description: str = "") -> None:
        """Remember the error as it came: stations use codes of their own."""
        super().__init__(f"{action} failed with {code}: {description}")
        self.action = action
        self.code = code
        self.description = description


class NotSupported(OcppError):
    """The station has no such function, or is better not asked for it."""

    def __init__(self, action: str) -> None:
        """Remember what is not there."""
        super().__init__(f"{action} is not supported")
        self.action = action


class NotInVersion(NotSupported):
    """The version that the station speaks has no such message; nothing was sent."""

    def __init__(self, action: str, version: str) -> None:
        """Remember what is not there, and in which version."""
        super().__init__(action)
        self.version = version


class LimitTooHigh(OcppError):
    """More than people said the charger may draw; nothing was sent."""

    def __init__(self, maximum: float) -> None:
        """Remember the most there may be, in ampere per phase."""
        super().__init__(f"more than {maximum} A")
        self.maximum = maximum


class TooManyReservations(OcppError):
    """As many as are kept are in force at a station; nothing was sent."""

    def __init__(self, most: int) -> None:
        """Remember how many there may be."""
        super().__init__(f"{most} reservations are in force")
        self.most = most


class CannotDischarge(OcppError):
    """A session that may do nothing but charge; nothing was sent.

    The `reason` is `not_allowed` by people, `car` if that does not take part, or `mode` if
    the station does not have it.
    """

    def __init__(self, reason: str) -> None:
        """Remember why not."""
        super().__init__(f"it only charges: {reason}")
        self.reason = reason


class CannotLimit(OcppError):
    """A limit of a session that neither the station nor the central system can keep."""

    def __init__(self, limit: str) -> None:
        """Remember which limit: max_energy, max_cost, max_time or max_soc."""
        super().__init__(f"{limit} can't be kept")
        self.limit = limit


class InvalidRequest(OcppError):
    """What was to be sent is not valid OCPP; nothing was sent."""

    def __init__(self, action: str, reason: str) -> None:
        """Remember the command and what is wrong with it."""
        super().__init__(f"{action}: {reason}")
        self.action = action
        self.reason = reason


class ControlNotAllowed(OcppError):
    """A control of what feeds into the grid that OCPP forbids to send; nothing was sent.

    The `rule` is `always_default`, `default_with_time`, `other_field` or `same_id`.
    """

    def __init__(self, rule: str, *, control: str, field: str = "") -> None:
        """Remember the rule, the type or id of the control, and the field that it needs."""
        super().__init__(f"SetDERControl {control}: {rule} {field}".rstrip())
        self.rule = rule
        self.control = control
        self.field = field


class CannotMove(OcppError):
    """A security profile that a station can't be moved to now; nothing was changed.

    The `reason` is `no_encryption`, `no_plain`, `already_moving` or `no_free_slot`.
    """

    def __init__(self, reason: str) -> None:
        """Remember why not."""
        super().__init__(reason.replace("_", " "))
        self.reason = reason


class MoveFailed(OcppError):
    """A station that did not move to another security profile; it may come in as before."""

    def __init__(
        self, step: str, cause: OcppError | None, *, profile: int, down: bool = False
    ) -> None:
        """Remember at which step, and what the station did; None where it stayed away."""
        super().__init__(f"{step}: {cause or 'it did not come back'}")
        self.step = step
        self.cause = cause
        self.profile = profile
        self.down = down


class CardNotAccepted(OcppError):
    """A card that may not charge, and may not be used for anything else; nothing was sent."""

    def __init__(self, action: str, status: str) -> None:
        """Remember the command, and what is thought of the card."""
        super().__init__(f"{action}: the card is {status}")
        self.action = action
        self.status = status


class NoTransaction(OcppError):
    """There is no transaction to act on, or more than one."""


class ErrorCode(StrEnum):
    """Error codes of a CALLERROR, named as OCPP 2.x spells them."""

    FORMAT_VIOLATION = "FormatViolation"
    GENERIC_ERROR = "GenericError"
    INTERNAL_ERROR = "InternalError"
    MESSAGE_TYPE_NOT_SUPPORTED = "MessageTypeNotSupported"
    NOT_IMPLEMENTED = "NotImplemented"
    NOT_SUPPORTED = "NotSupported"
    OCCURRENCE_CONSTRAINT_VIOLATION = "OccurrenceConstraintViolation"
    PROPERTY_CONSTRAINT_VIOLATION = "PropertyConstraintViolation"
    PROTOCOL_ERROR = "ProtocolError"
    RPC_FRAMEWORK_ERROR = "RpcFrameworkError"
    SECURITY_ERROR = "SecurityError"
    TYPE_CONSTRAINT_VIOLATION = "TypeConstraintViolation"


class MessageRefused(Exception):
    """A message of the station that is answered with a CALLERROR.

    Not an `OcppError`: it ends in an answer on the wire and is never shown to a person.
    """

    def __init__(self, code: ErrorCode, description: str = "") -> None:
        """Remember the code in 2.x spelling; the version on the wire spells it."""
        super().__init__(description)
        self.code = code
        self.description = description
