"""Keep published drafts with who published them, and never give a draft's number again."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    # SQLite makes the table anew; PostgreSQL, whose sequences never go back, changes it in place.
    with op.batch_alter_table("draft", table_kwargs={"sqlite_autoincrement": True}) as draft:
        draft.add_column(sa.Column("published_at", sa.DateTime(timezone=True), nullable=True))
        draft.add_column(sa.Column("published_by", sa.String(), nullable=True))
        draft.add_column(sa.Column("edition", sa.Integer(), nullable=True))
        draft.drop_constraint("uq_draft_sha256", type_="unique")
        draft.create_foreign_key("fk_draft_edition", "edition", ["edition"], ["number"])
        draft.create_index("ix_draft_sha256", ["sha256"])
