"""What keeps several processes from stepping on each other, on SQLite and PostgreSQL alike."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Select, UniqueConstraint, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, SQLModel


def insert_once(session: Session, table: type[SQLModel], values: dict[str, Any]) -> bool:
    """Insert a row unless one with the same key is there; say whether it was new."""
    insert = postgresql.insert(table) if _on_postgresql(session) else sqlite.insert(table)
    once = insert.values(values).on_conflict_do_nothing()
    # PostgreSQL's driver forgets the count of an INSERT unless told to keep it.
    kept = {"preserve_rowcount": True}
    return session.connection().execute(once, execution_options=kept).rowcount == 1


def insert_all(
    session: Session,
    table: type[SQLModel],
    rows: Sequence[dict[str, Any]],
    *returned: Any,  # noqa: ANN401 - columns of any type
) -> Sequence[Any]:
    """Insert the rows whose keys are new, in one statement; return columns of these."""
    if not rows:
        return []
    insert = postgresql.insert(table) if _on_postgresql(session) else sqlite.insert(table)
    once = insert.on_conflict_do_nothing().returning(*returned)
    return session.connection().execute(once, rows).all()


def insert_selected(
    session: Session, table: type[SQLModel], columns: Mapping[str, Any], source: Select[Any]
) -> int:
    """Insert what a SELECT finds, unless its unique key is there; return the number of new rows.

    `columns` are what each row consists of, by name; `source` is a SELECT of nothing with its
    joins, conditions and order.
    """
    insert = postgresql.insert(table) if _on_postgresql(session) else sqlite.insert(table)
    found = source.with_only_columns(*columns.values(), maintain_column_froms=True)
    # To name the key spares PostgreSQL a look for each row into every other one.
    constraints = table.metadata.tables[str(table.__tablename__)].constraints
    [key] = [each for each in constraints if isinstance(each, UniqueConstraint)]
    once = insert.from_select(list(columns), found).on_conflict_do_nothing(
        index_elements=list(key.columns)
    )
    kept = {"preserve_rowcount": True}
    return session.connection().execute(once, execution_options=kept).rowcount


def put_rows(session: Session, table: type[SQLModel], rows: Sequence[dict[str, Any]]) -> None:
    """Insert rows, each in place of one that has its primary key already."""
    if not rows:
        return
    insert = postgresql.insert(table) if _on_postgresql(session) else sqlite.insert(table)
    keys = [column.name for column in insert.table.primary_key]
    changes = {name: insert.excluded[name] for name in rows[0] if name not in keys}
    put = insert.on_conflict_do_update(index_elements=keys, set_=changes)
    session.connection().execute(put, rows)


def add_up(
    session: Session, table: type[SQLModel], rows: Sequence[dict[str, Any]], number: str
) -> None:
    """Insert rows, or add their number to that of the row which has the same primary key."""
    if not rows:
        return
    insert = postgresql.insert(table) if _on_postgresql(session) else sqlite.insert(table)
    keys = [column.name for column in insert.table.primary_key]
    added = insert.table.c[number] + insert.excluded[number]
    put = insert.on_conflict_do_update(index_elements=keys, set_={number: added})
    session.connection().execute(put, rows)


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
