"""The memory and the books: what outlives the engine, in SQLite or PostgreSQL.

Only this package knows SQL. The writer is its front door while the engine runs; the stores behind
it (``port.Store``) are used by one thread at a time. It must not know what a record means for
routing, and never the engine's insides.
"""
