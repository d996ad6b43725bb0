"""acd: an automatic call distributor and IVR routing engine that drives Asterisk over AMI."""

__version__ = "0.1.0"
