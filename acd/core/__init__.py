"""The pure core: state and events in, commands and records out; no clock, no I/O, no logging."""
