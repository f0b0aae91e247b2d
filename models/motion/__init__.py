"""The motion model: a network that finds where pixels go, and what is known of two keys without it."""
