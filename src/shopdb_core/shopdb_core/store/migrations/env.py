"""Alembic runs this script for each distribution, in the transaction of the caller's connection.

Offline it writes the statements for the connection's database, and runs none.
"""

from alembic import context

attributes = context.config.attributes
if context.is_offline_mode():
    context.configure(
        dialect_name=attributes["connection"].dialect.name,
        version_table=attributes["version_table"],
        literal_binds=True,
    )
else:
    context.configure(connection=attributes["connection"], version_table=attributes["version_table"])
context.run_migrations()
