"""The commands that stations are sent: what they are, how they are written and judged."""

from .command import Command, Field, Kind, widest
from .registry import COMMANDS
from .request import Request, write_request
from .verdict import check_accepted, is_accepted, meaning

__all__ = [
    "COMMANDS",
    "Command",
    "Field",
    "Kind",
    "Request",
    "check_accepted",
    "is_accepted",
    "meaning",
    "widest",
    "write_request",
]
