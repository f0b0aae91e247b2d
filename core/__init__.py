"""The algorithm on arrays: triads, timing, clamping, pixels. Imports nothing of ours and no framework."""
