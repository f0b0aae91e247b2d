"""The keys came through untouched."""

from typing import ClassVar

from pyblish import api

from inbetween import publishing


class ValidateKeys(api.InstancePlugin):  # type: ignore[misc] # Pyblish has no types
    """Where the folder of keys is known (`keys`), each is in the sequence byte for byte."""

    order = api.ValidatorOrder + 0.1
    label = "Keys untouched"
    families: ClassVar = ["inbetween.sequence"]

    def process(self, instance: api.Instance) -> None:
        if instance.data["keys"]:
            publishing.refuse(publishing.changed_keys(instance.data["sequence"], instance.data["keys"]))
