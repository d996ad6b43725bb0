"""The journal: every item that came in, in order, so that a run of the engine can be done again.

A run writes one file after another (segments) into one directory. The first thing in it is what the
engine was started with, then each item of the inbox with the time at which it was worked off and a
checksum of what was said for it. ``acd replay`` does the same work again and compares.

**A journal holds personal data and secrets**: callers' numbers, the digits they typed, the agents'
PINs, the run's secret. Files have mode 0600, a directory that acd makes has 0700. Treat a copy as
you treat the database.

``framing`` is bytes, ``entries`` what they mean, ``segments`` the files, ``writer`` what the daemon
uses, ``reader`` what a replay uses. Nobody here knows what an item means.
"""
