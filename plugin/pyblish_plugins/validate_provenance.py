"""It is known where each frame came from."""

from typing import ClassVar

from pyblish import api

from inbetween import publishing


class ValidateProvenance(api.InstancePlugin):  # type: ignore[misc] # Pyblish has no types
    """Where the folder of keys is known (`keys`), every other frame bears this tool's record."""

    order = api.ValidatorOrder + 0.1
    label = "Known origin"
    families: ClassVar = ["inbetween.sequence"]

    def process(self, instance: api.Instance) -> None:
        if instance.data["keys"]:
            publishing.refuse(publishing.unknown_origin(instance.data["sequence"], instance.data["keys"]))
