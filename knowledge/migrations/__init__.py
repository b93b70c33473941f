"""The schema's history: one file in `versions/` for each change, named by its revision."""

from importlib.resources import files

from sqlalchemy import Connection, inspect, text


def head() -> str:
    """Return the revision that this release needs: the first four digits of the last file's name.

    Asked at every start, hence without Alembic, whose import takes longer than the answer.
    """
    versions = (files(__name__) / "versions").iterdir()
    return max(file.name for file in versions if file.name.endswith(".py"))[:4]


def revision(connection: Connection) -> str | None:
    """Return the revision that a database has, None for an empty one."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return found


def upgrade(connection: Connection) -> None:
    """Bring a database to this release's schema, within the connection's own transaction."""
    from alembic import command  # noqa: PLC0415 - see `head`
    from alembic.config import Config  # noqa: PLC0415

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", "knowledge:migrations")
    command.upgrade(config, "head")
