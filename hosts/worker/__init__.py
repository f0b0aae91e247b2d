"""The worker process that hosts talk to, and their side of the talk."""
