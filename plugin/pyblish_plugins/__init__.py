"""Pyblish plug-ins over core functions."""
