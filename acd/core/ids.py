"""The names of things: one distinct type for each identifier that travels through acd.

An identifier is text and nothing more. The types exist so that mypy refuses an agent where a
queue is wanted; they cost nothing when the program runs.
"""

from typing import NewType

PbxId = NewType("PbxId", str)
"""The name of one Asterisk in ``acd.yaml``, for example ``main``."""

CallId = NewType("CallId", str)
"""A caller's whole visit: ``<pbx>-<epoch>.<n>``, Asterisk's Uniqueid without its system name."""

OfferId = NewType("OfferId", str)
"""One attempt to connect one call with one agent; also the ChannelId of the agent's leg."""

VoicemailId = NewType("VoicemailId", str)
"""One message in a queue's box, and its file: ``<call>-<milliseconds since the epoch>``."""

AgentId = NewType("AgentId", str)
QueueId = NewType("QueueId", str)
SkillId = NewType("SkillId", str)
MenuId = NewType("MenuId", str)
ClientId = NewType("ClientId", str)
NodeId = NewType("NodeId", str)
IncidentId = NewType("IncidentId", str)

DeviceId = NewType("DeviceId", str)
"""A phone as Asterisk's device states name it, for example ``PJSIP/1001``."""

PromptId = NewType("PromptId", str)
"""A prompt's file name without language folder and ending, for example ``main/welcome``."""

Language = NewType("Language", str)
"""A language code that is also the prompts' folder, for example ``de``."""

RequestId = NewType("RequestId", int)
"""Pairs a person's request (HTTP) with the one reply the engine gives to it."""
