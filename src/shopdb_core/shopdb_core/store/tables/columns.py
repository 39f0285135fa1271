"""The lengths of columns, and the record of all tables."""

from sqlalchemy import MetaData

NAME_LENGTH = 40
IDENTITY_LENGTH = 255
ACTOR_LENGTH = 255
REQUEST_ID_LENGTH = 64
ADDRESS_LENGTH = 45
REASON_LENGTH = 255
CURSOR_LENGTH = 100
FEED_ID_LENGTH = 16
SOURCE_LENGTH = 40
STATE_LENGTH = 8
OUTCOME_LENGTH = 60
ORIGIN_LENGTH = 255
"""Length of the name and of the version of a plugin's distribution."""
USERNAME_LENGTH = 100
SUBJECT_LENGTH = 250
"""`user:` and the subject of a token fit into `ACTOR_LENGTH`."""
ROLE_LENGTH = 10
GRANT_ID_LENGTH = 32
"""Hexadecimal digits of the random id of a session or of a program's token."""
LARGEST_ID = 2**63 - 1
WORD_LENGTH = 40
"""Characters of a word in the index; of a longer one its beginning."""

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)
