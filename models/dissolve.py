"""The cross-dissolve: what every other model is measured against, and the honest answer where nothing moves."""

from array_api_compat import array_namespace

from inbetween.core.channels import Channels, pick, put
from inbetween.core.network import Array, Network
from inbetween.models.engines import require_cpu
from inbetween.models.model import Model

ALGORITHM = 1
"""See `Model.algorithm`."""


def build(device: str = "auto", engine: str = "auto") -> Model:
    """No weights and no engine: plain arithmetic, where the arrays are. Raises `EngineError` for anything but that."""
    require_cpu("dissolve", device, engine)
    return Model(
        name="dissolve",
        version="1",
        algorithm=ALGORITHM,
        licence="Apache-2.0",
        weights_sha256=None,
        learnt_sha256=None,
        engine="arithmetic",
        scheme="direct",
        knows_time=True,
        network=network,
    )


def network(channels: Channels, space: str) -> Network:
    """Mix in the frames' own values, as light does; ids and data are those of the key that is nearer in time."""
    whole = (*channels.ids, *channels.measures)

    def dissolve(start: Array, end: Array, t: Array) -> Array:
        mixed = start * (1 - t) + end * t
        if not whole:
            return mixed
        return put(mixed, whole, nearer(pick(start, whole), pick(end, whole), t))

    return dissolve


def nearer(start: Array, end: Array, t: Array) -> Array:
    """For each time the key that is nearer to it; in the very middle the first."""
    return array_namespace(start).where(t <= 0.5, start, end)
