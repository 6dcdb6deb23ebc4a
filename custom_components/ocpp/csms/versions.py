"""The versions of OCPP as a whole: how they are negotiated and how they spell errors."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from .errors import ErrorCode


# Compared by identity: there is one object for each version.
@dataclass(frozen=True, kw_only=True, eq=False)
class Version:
    """One version of OCPP-J."""

    name: str
    subprotocol: str
    # The folder of the `ocpp` package that holds this version's schemas.
    package: str
    error_spelling: Mapping[ErrorCode, str] = field(default_factory=dict)
    # 2.x answers what it can't read with the message id "-1"; 1.6 stays silent, since a
    # CALLERROR may only answer a CALL there.
    answers_unreadable: bool = True
    # Only 2.0.1 has an answer to a message type that does not exist.
    answers_unknown_type: bool = False
    # 2.1 has messages that nobody answers (SEND), and answers to answers that could not be
    # used (CALLRESULTERROR).
    unanswered: bool = False

    def error_code(self, code: ErrorCode) -> str:
        """Return the code as this version spells it."""
        return self.error_spelling.get(code, code.value)


V16 = Version(
    name="1.6",
    subprotocol="ocpp1.6",
    package="v16",
    # The misspelling of "Occurence" is the specification's own. Stations that are sent the
    # correct one do not know it and repeat their message for ever.
    error_spelling={
        ErrorCode.FORMAT_VIOLATION: "FormationViolation",
        ErrorCode.MESSAGE_TYPE_NOT_SUPPORTED: "GenericError",
        ErrorCode.OCCURRENCE_CONSTRAINT_VIOLATION: "OccurenceConstraintViolation",
        ErrorCode.RPC_FRAMEWORK_ERROR: "GenericError",
    },
    answers_unreadable=False,
)
V201 = Version(
    name="2.0.1",
    subprotocol="ocpp2.0.1",
    package="v201",
    answers_unknown_type=True,
)
V21 = Version(name="2.1", subprotocol="ocpp2.1", package="v21", unanswered=True)
# They share what they mean by most of their messages, and how they spell it.
V2 = (V201, V21)

# What the central system negotiates.
SPOKEN: tuple[Version, ...] = (V16, V201, V21)


def negotiate(offered: Sequence[str]) -> Version | None:
    """Return the version of the station's first offer that we speak.

    The order is the station's, the comparison exact: both are the specification's.
    """
    spoken = {version.subprotocol: version for version in SPOKEN}
    return next((spoken[name] for name in offered if name in spoken), None)
