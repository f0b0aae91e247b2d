"""A model that is ready to draw: what it is, what really runs it, and the network it makes for frames of a layout."""

from collections.abc import Callable
from dataclasses import dataclass

from inbetween.core.channels import Channels
from inbetween.core.network import Network


@dataclass(frozen=True)
class Model:
    """A loaded model. Everything but `network` is plain text for logs, provenance and tables."""

    name: str
    version: str
    licence: str
    """SPDX identifier of the weights; of the code where a model has none."""
    weights_sha256: str | None
    """Of the file that was loaded; None where a model has no weights."""
    engine: str
    """What really runs it, as the engine itself reports it: "onnxruntime CPUExecutionProvider"."""
    scheme: str
    """What `auto` means for it, "triads" or "direct": the one that measured better."""
    knows_time: bool
    """Whether it heeds t; one that does not draws only the middle."""
    network: Callable[[Channels, str], Network]
    """Called with the layout and the working space ("linear" or "display") of the frames it will get."""
