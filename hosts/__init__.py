"""Adapters: host pixels in, core frames, host pixels out."""
