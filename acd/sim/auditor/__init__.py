"""An independent judge of virtual-time runs: its own picture, its own rules, nothing of the engine.

``judge.Auditor`` is what a run feeds. ``scene`` draws the picture from what truly happened,
``picture`` holds it, ``verdicts`` names the rules and keeps what broke them.
"""
