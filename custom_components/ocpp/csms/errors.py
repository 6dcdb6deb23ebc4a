"""What can go wrong between a central system and a charging station."""

from enum import StrEnum


class OcppError(Exception):
    """Base of everything a command can end in other than success."""


class StationOffline(OcppError):
    """The station has no connection, or lost it before it answered."""


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


class InvalidRequest(OcppError):
    """What was to be sent is not valid OCPP; nothing was sent."""

    def __init__(self, action: str, reason: str) -> None:
        """Remember the command and what is wrong with it."""
        super().__init__(f"{action}: {reason}")
        self.action = action
        self.reason = reason


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
