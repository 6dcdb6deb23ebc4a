"""What the steps share.

Each may find itself half done: not every database takes back what was begun when something
comes between.
"""

from typing import TYPE_CHECKING, Any

from sqlalchemy import Column, inspect
from sqlalchemy.dialects import mysql
import sqlalchemy.types as sa

if TYPE_CHECKING:
    from alembic.operations import Operations

MOMENT = sa.DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")
EXACT_TEXT: dict[str, Any] = {
    f"{server}_{option}": value
    for server in ("mysql", "mariadb")
    for option, value in (("charset", "utf8mb4"), ("collate", "utf8mb4_bin"))
}


def create_table(op: Operations, name: str, *parts: Any, **options: Any) -> None:
    """Create a table that is not there yet."""
    if not inspect(op.get_bind()).has_table(name):
        op.create_table(name, *parts, **options)


def add_columns(op: Operations, table: str, *columns: Column[Any]) -> None:
    """Add those columns that are not there yet."""
    there = {column["name"] for column in inspect(op.get_bind()).get_columns(table)}
    for column in columns:
        if column.name not in there:
            op.add_column(table, column)


def create_index(op: Operations, name: str, table: str, *columns: str) -> None:
    """Create an index that is not there yet."""
    there = {index["name"] for index in inspect(op.get_bind()).get_indexes(table)}
    if name not in there:
        op.create_index(name, table, list(columns))


def compare_texts_exactly(op: Operations, table: str) -> None:
    """Have MariaDB and MySQL tell texts apart as the other databases do."""
    if op.get_bind().dialect.name in ("mysql", "mariadb"):
        op.execute(
            f"ALTER TABLE {table} CONVERT TO CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"
        )
