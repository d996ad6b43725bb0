"""A virtual Asterisk with callers and phones: deterministic, seeded, and independent of the engine."""
