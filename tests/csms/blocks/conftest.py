"""What the tests of the blocks share."""

from tests.csms.talk import enable_event_loop_debug, no_fsync

__all__ = ["enable_event_loop_debug", "no_fsync"]
