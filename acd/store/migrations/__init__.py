"""How the tables came to be what ``acd.store.schema`` says: Alembic's steps, run on opening."""
