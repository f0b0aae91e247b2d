"""The Nuke node."""
