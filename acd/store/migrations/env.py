"""What Alembic runs for every upgrade: the steps, on the connection it is handed.

The connection is in a transaction already, so that an upgrade happens as a whole or not at all.
"""

from alembic import context

from acd.store.schema import VERSION_TABLE, metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=VERSION_TABLE,
)
context.run_migrations()
