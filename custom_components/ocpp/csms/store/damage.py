"""Files of SQLite that can't be used: looking without touching, and setting aside."""

from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
import os
from pathlib import Path
import sqlite3
from urllib.parse import quote

from .schema import is_known_version
from .tables import schema_version
from .trouble import StoreTooNew, TroubleKind, kind_of

try:
    import fcntl
except ImportError:  # pragma: no cover - Windows, where only developers are
    fcntl = None  # type: ignore[assignment]

# In seconds, for another process that holds the file.
_PATIENCE = 4
_BELONGINGS = ("", "-wal", "-shm", "-journal")


def check_version(path: Path) -> None:
    """Raise `StoreTooNew` for a file of a newer release, without touching it.

    Raises `sqlite3.Error` when it can't be read.
    """
    if not path.exists():
        return
    with closing(_look_into(path)) as connection:
        named = connection.execute(
            "SELECT 1 FROM sqlite_master WHERE name = ?", (schema_version.name,)
        ).fetchone()
        if named is None:
            return
        # The name is ours.
        query = f"SELECT version_num FROM {schema_version.name}"  # noqa: S608
        row = connection.execute(query).fetchone()
    if row is not None and not is_known_version(row[0]):
        raise StoreTooNew


def _look_into(path: Path) -> sqlite3.Connection:
    """Open a file for reading, so that not even a file beside it is made."""
    at_rest = not _beside(path, "-wal").exists()
    mode = "immutable=1" if at_rest else "mode=ro"
    return sqlite3.connect(
        f"file:{quote(str(path.absolute()))}?{mode}", uri=True, timeout=_PATIENCE
    )


def _beside(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)


def is_damaged(path: Path) -> bool:
    """Return whether a file is no sound database; reads all of it."""
    if not path.exists():
        return False
    try:
        with closing(sqlite3.connect(path, timeout=_PATIENCE)) as connection:
            verdict = connection.execute("PRAGMA integrity_check(1)").fetchone()
    except sqlite3.Error as error:
        return kind_of(error) is TroubleKind.DAMAGED
    return bool(verdict[0] != "ok")


def set_aside(path: Path) -> str | None:
    """Rename a damaged file and what belongs to it; return its new name.

    Another central system may have done so just now: then nothing is left to be done.
    """
    with _alone(path.parent):
        if not is_damaged(path):
            return None
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
        name = f"{path.name}.damaged-{stamp}"
        for suffix in _BELONGINGS:
            with suppress(FileNotFoundError):
                _beside(path, suffix).rename(path.with_name(name + suffix))
        return name


def newest_set_aside(path: Path) -> str | None:
    """Return the name of the file that was set aside last and still lies there."""
    there = [
        other.name
        for other in path.parent.glob(f"{path.name}.damaged-*Z")
        if other.is_file()
    ]
    return max(there, default=None)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Let nobody else set aside what was begun in place of what we found."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        if fcntl is not None:
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
