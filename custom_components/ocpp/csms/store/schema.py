"""Bringing a database to the schema of this release."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine, insert, inspect, select, text

from .tables import metadata, schema_version, stations, transactions
from .trouble import StoreTooNew

HEAD = "2"
_REVISIONS = frozenset({"1", HEAD})
# Any number, as long as nobody else locks it.
_LOCK = 0x6F637070
# In seconds, for another central system to finish its upgrade.
_LONGEST_UPGRADE = 600


def is_known_version(version: str) -> bool:
    """Return whether this release can read, or upgrade, a schema."""
    return version in _REVISIONS


def is_current(engine: Engine) -> bool:
    """Return whether the schema is that of this release; raises `StoreTooNew`."""
    with engine.connect() as connection:
        return _version(connection) == HEAD


def bring_up_to_date(engine: Engine) -> None:
    """Create the schema, or upgrade it; raises `StoreTooNew`.

    Whoever else wants to do so at the same time waits, and then finds it done.
    """
    with engine.connect() as connection, _alone(connection):
        _bring_up_to_date(connection)
        # Before anybody else is let in.
        connection.commit()


def _bring_up_to_date(connection: Connection) -> None:
    version = _version(connection)
    if version == HEAD:
        return
    there = inspect(connection)
    if version is None and not any(
        there.has_table(table.name) for table in (stations, transactions)
    ):
        metadata.create_all(connection)
        connection.execute(insert(schema_version).values(version_num=HEAD))
    else:
        _upgrade(connection)


def _version(connection: Connection) -> str | None:
    """Return the version that a database says it has; the first release said none."""
    if not inspect(connection).has_table(schema_version.name):
        return None
    version = connection.scalar(select(schema_version.c.version_num))
    if version is not None and not is_known_version(version):
        raise StoreTooNew
    return version


@contextmanager
def _alone(connection: Connection) -> Iterator[None]:
    """Keep other central systems out; SQLite's transactions do so by themselves."""
    match connection.dialect.name:
        case "postgresql":
            connection.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
            yield
        case "mysql" | "mariadb":
            lock = "CONCAT('ocpp:', LEFT(DATABASE(), 50))"
            connection.execute(text(f"SELECT GET_LOCK({lock}, {_LONGEST_UPGRADE})"))
            try:
                yield
            finally:
                connection.execute(text(f"SELECT RELEASE_LOCK({lock})"))
        case _:
            yield


def _upgrade(connection: Connection) -> None:
    """Go through the steps from the version that is there to the newest."""
    # It takes a while to import, and hardly ever is it needed.
    from alembic.operations import Operations
    from alembic.runtime.migration import MigrationContext, MigrationStep, RevisionStep
    from alembic.script import Script
    from alembic.script.revision import RevisionMap

    from .migrations import STEPS

    def steps(there: tuple[str, ...], context: MigrationContext) -> list[RevisionStep]:
        scripts = [Script(step, step.revision, str(step.__file__)) for step in STEPS]
        known = RevisionMap(lambda: scripts)
        to_do = known.iterate_revisions("head", there or "base", implicit_base=True)
        missing = {script.revision for script in to_do}
        return [
            MigrationStep.upgrade_from_script(known, script)
            for script in scripts
            if script.revision in missing
        ]

    context = MigrationContext.configure(
        connection, opts={"fn": steps, "version_table": schema_version.name}
    )
    # Not by way of Alembic's proxy: another thread may upgrade another database.
    context.run_migrations(op=Operations(context))
