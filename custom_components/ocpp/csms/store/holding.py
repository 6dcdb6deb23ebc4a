"""Which files of SQLite must stay as they are for now, as they are being copied.

It outlives the stores: one that is closed and opened again meanwhile must heed it too.
"""

from pathlib import Path
import time

# In seconds, for a backup whose end is never told. The log beside the file grows until
# then.
LONGEST = 6 * 3600.0

_until: dict[Path, float] = {}


def hold(file: Path) -> None:
    """Have a file left as it is."""
    _until[file.absolute()] = time.monotonic() + LONGEST


def is_held(file: Path) -> bool:
    """Return whether a file must be left as it is."""
    return time.monotonic() < _until.get(file.absolute(), 0)


def release(file: Path) -> None:
    """Let a file be written to again."""
    _until.pop(file.absolute(), None)


def release_all() -> None:
    """Let all files be written to again, also those of stores that are not open."""
    _until.clear()
