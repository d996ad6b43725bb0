"""The Asterisk Manager Interface: framing, typed messages, channel tracking, actions, link."""
