"""Tests of acd.core, one file a module."""
