"""A virtual Asterisk with callers and phones: deterministic, seeded, independent of the core."""
