"""Every error a user can meet: one tree, one sentence each, always with the remedy in the message."""


class InbetweenError(Exception):
    """The root: whatever is raised on purpose. Its text is meant for the artist and stands alone."""


class SettingsError(InbetweenError):
    """A setting, flag or knob has a value that cannot be used."""


class InputError(InbetweenError):
    """What was handed in - a file, a folder, a pair of keys - cannot be in-betweened as it is."""


class FrameReadError(InputError):
    """A frame is missing, damaged, or of a kind that is not read."""


class FrameWriteError(InbetweenError):
    """A frame could not be written whole; nothing half-written was left under its name."""


class ModelError(InbetweenError):
    """A model is unknown, or its weights are missing, foreign or damaged."""


class DrawingError(InbetweenError):
    """A network drew something that is no picture: values that are not finite, or another shape."""


class EngineError(InbetweenError):
    """The engine or device that was asked for is not there. Never answered by another one in silence."""


class WorkerError(InbetweenError):
    """The worker process did not start, spoke nonsense, or died."""


class PremisesError(InbetweenError):
    """Learning from these renders is not permitted, or the machine could not be cut off the network."""


class Cancelled(InbetweenError):  # noqa: N818 - a decision of the user, not a failure
    """The user stopped the work. What was finished is kept."""
