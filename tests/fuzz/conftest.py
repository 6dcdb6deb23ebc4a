"""The fixtures of the central system, for the run with a real socket."""

from tests.csms.conftest import (  # noqa: F401
    _sockets,
    central,
    enable_event_loop_debug,
    options,
    station,
    store,
    url,
    wire,
)
