"""No frame is missing."""

from typing import ClassVar

from pyblish import api

from inbetween import publishing


class ValidateFrames(api.InstancePlugin):  # type: ignore[misc] # Pyblish has no types
    """The numbering has no holes."""

    order = api.ValidatorOrder
    label = "No missing frames"
    families: ClassVar = ["inbetween.sequence"]

    def process(self, instance: api.Instance) -> None:
        publishing.refuse(publishing.missing_frames(instance.data["sequence"]))
