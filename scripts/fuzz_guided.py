"""Stories whose next turn is chosen by the code that the last one reached (atheris)."""

from importlib import import_module
import logging
import sys
from typing import Any

# Not among what is installed for development: there is not always a wheel.
atheris: Any = import_module("atheris")

# What is not loaded under its eyes is not watched: the product is, its libraries are not.
with atheris.instrument_imports(include=["custom_components.ocpp.csms"]):
    from custom_components.ocpp.csms.store import engine
    from custom_components.ocpp.csms.versions import SPOKEN
    from tests.fuzz.bench import converse
    from tests.fuzz.messages import FromBytes


def one(data: bytes) -> None:
    """Tell one story; its first byte is the version."""
    if data:
        converse(SPOKEN[data[0] % len(SPOKEN)], FromBytes(data[1:]))


if __name__ == "__main__":
    logging.getLogger("sqlalchemy").setLevel(logging.WARNING)
    engine.synchronous = "OFF"
    atheris.Setup(sys.argv, one)
    atheris.Fuzz()
