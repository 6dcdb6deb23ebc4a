"""Copying a file of SQLite while it is written to."""

from contextlib import closing
from pathlib import Path
import sqlite3

from .trouble import StoreUnavailable


def copy_file(source: Path, target: Path) -> None:
    """Copy a database as of one moment, with all that was committed until then.

    Raises `StoreUnavailable`. Nobody who writes has to wait.
    """
    try:
        with (
            closing(sqlite3.connect(source)) as there,
            closing(sqlite3.connect(target)) as copy,
        ):
            there.backup(copy)
    except sqlite3.Error as error:
        raise StoreUnavailable(str(error)) from error
