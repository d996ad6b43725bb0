"""Our own queue_log: what reporting tools for Asterisk's queues read, from the engine's records."""
