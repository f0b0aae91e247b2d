"""Draws the frames between key frames: command line, training and pipeline plug-ins over `inbetween.core`."""

__version__ = "0.1.0"
