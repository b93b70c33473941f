"""What keeps several processes from stepping on each other, on SQLite and PostgreSQL alike."""

from typing import Any

from sqlalchemy import text
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, SQLModel


def insert_once(session: Session, table: type[SQLModel], values: dict[str, Any]) -> bool:
    """Insert a row unless one with the same key is there; say whether it was new."""
    insert = postgresql.insert(table) if _on_postgresql(session) else sqlite.insert(table)
    once = insert.values(values).on_conflict_do_nothing()
    # PostgreSQL's driver forgets the count of an INSERT unless told to keep it.
    kept = {"preserve_rowcount": True}
    return session.connection().execute(once, execution_options=kept).rowcount == 1


def take_turn(session: Session, task: str) -> None:
    """Wait until no other transaction does this task; the turn ends with the transaction.

    SQLite has one writer anyway.
    """
    if _on_postgresql(session):
        session.connection().execute(
            text("SELECT pg_advisory_xact_lock(hashtext(:task))"), {"task": f"motcua {task}"}
        )


def _on_postgresql(session: Session) -> bool:
    return session.get_bind().dialect.name == "postgresql"
