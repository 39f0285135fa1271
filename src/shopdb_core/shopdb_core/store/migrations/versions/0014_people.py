"""Create the tables of users, their sessions, the tokens of programs, and what happens to them."""

import sqlalchemy as sa
from alembic import op

from shopdb_core.store.statement import Digest, Key, RowId, UtcDateTime, exact_text

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Create the tables; tokens that were issued before are in none of them, and stay valid."""
    _create_users()
    _create_sessions()
    _create_tokens()
    op.create_table(
        "signinattempt",
        sa.Column("attemptkey", Digest, nullable=False, comment="of what is counted"),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("lastat", UtcDateTime, nullable=False),
        sa.Column("blockeduntil", UtcDateTime, comment="null: not blocked"),
        sa.Column("knownat", UtcDateTime, comment="when the user last signed in from the address"),
        sa.PrimaryKeyConstraint("attemptkey", name="pk_signinattempt"),
    )
    op.create_index("ix_signinattempt_lastat", "signinattempt", ["lastat"])
    op.create_table(
        "accessevent",
        sa.Column("eventid", RowId, nullable=False),
        sa.Column("at", UtcDateTime, nullable=False),
        sa.Column("action", exact_text(20), nullable=False),
        sa.Column("actor", sa.String(255), comment="null: nobody had signed in"),
        sa.Column("subject", sa.String(255), comment="the user or token; null: an unknown user"),
        sa.Column("clientaddress", sa.String(45), comment="null: unknown, or no client"),
        sa.Column("requestid", sa.String(64), comment="null: a command"),
        sa.Column("detail", sa.String(255)),
        sa.PrimaryKeyConstraint("eventid", name="pk_accessevent"),
    )
    op.create_index("ix_accessevent_action_eventid", "accessevent", ["action", "eventid"])
    op.create_index("ix_accessevent_at", "accessevent", ["at"])


def downgrade() -> None:
    """Drop the tables; earlier releases accept every token until it expires, also a revoked one."""
    for table in ("accessevent", "signinattempt", "programtoken", "accesssession", "appuser"):
        op.drop_table(table)


def _create_users() -> None:
    op.create_table(
        "appuser",
        sa.Column("userid", RowId, nullable=False),
        sa.Column("username", sa.String(100), nullable=False),
        sa.Column(
            "usernamekey", Key, nullable=False, comment="case-folded; two names with one key are one user"
        ),
        sa.Column(
            "passwordhash", exact_text(255), comment="argon2id; null: signs in with the identity provider"
        ),
        sa.Column("providerkey", Digest, comment="of the provider's issuer and subject; null: of this site"),
        sa.Column("role", exact_text(10), nullable=False),
        sa.Column("createdat", UtcDateTime, nullable=False),
        sa.Column("disabledat", UtcDateTime, comment="null: may sign in"),
        sa.PrimaryKeyConstraint("userid", name="pk_appuser"),
        sa.UniqueConstraint("usernamekey", name="uq_appuser_usernamekey"),
        sa.UniqueConstraint("providerkey", name="uq_appuser_providerkey"),
    )


def _create_sessions() -> None:
    op.create_table(
        "accesssession",
        sa.Column("sessionid", exact_text(32), nullable=False, comment="random"),
        sa.Column(
            "userid",
            RowId,
            sa.ForeignKey("appuser.userid", ondelete="RESTRICT", name="fk_accesssession_userid_appuser"),
            nullable=False,
        ),
        sa.Column(
            "refreshdigest", Digest, comment="of the refresh token; null: of a browser, which has none"
        ),
        sa.Column("formerdigest", Digest, comment="of the refresh token before"),
        sa.Column("renewedat", UtcDateTime, comment="when that was replaced"),
        sa.Column("createdat", UtcDateTime, nullable=False),
        sa.Column("lastusedat", UtcDateTime, nullable=False, comment="to the minute"),
        sa.Column("expiresat", UtcDateTime, nullable=False),
        sa.Column("clientaddress", sa.String(45), comment="null: unknown"),
        sa.PrimaryKeyConstraint("sessionid", name="pk_accesssession"),
    )
    op.create_index("ix_accesssession_userid", "accesssession", ["userid"])
    op.create_index("ix_accesssession_expiresat", "accesssession", ["expiresat"])


def _create_tokens() -> None:
    op.create_table(
        "programtoken",
        sa.Column("tokenid", RowId, nullable=False),
        sa.Column("jti", exact_text(32), nullable=False, comment="random; the claim of the token"),
        sa.Column("name", exact_text(250), nullable=False),
        sa.Column("role", exact_text(10), nullable=False),
        sa.Column("createdat", UtcDateTime, nullable=False),
        sa.Column("expiresat", UtcDateTime, nullable=False),
        sa.Column("lastusedat", UtcDateTime, comment="to the minute; null: never"),
        sa.Column("revokedat", UtcDateTime, comment="null: in force"),
        sa.PrimaryKeyConstraint("tokenid", name="pk_programtoken"),
        sa.UniqueConstraint("jti", name="uq_programtoken_jti"),
    )
    op.create_index("ix_programtoken_name", "programtoken", ["name"])
    op.create_index("ix_programtoken_expiresat", "programtoken", ["expiresat"])
