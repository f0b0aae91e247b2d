"""All frames decode, are finite and of one kind."""

from typing import ClassVar

from pyblish import api

from inbetween import publishing


class ValidatePlates(api.InstancePlugin):  # type: ignore[misc] # Pyblish has no types
    """Size, channels, pixel type and colour space are those of the first frame."""

    order = api.ValidatorOrder + 0.1
    label = "Sound plates"
    families: ClassVar = ["inbetween.sequence"]

    def process(self, instance: api.Instance) -> None:
        publishing.refuse(publishing.unsound_plates(instance.data["sequence"]))
