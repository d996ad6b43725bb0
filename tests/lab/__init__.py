"""A real Asterisk for tests and benches, and SIPp to play its callers and agents.

Nothing here knows acd: the lab judges it from outside, by what the PBX and the phones saw.
"""
