"""How many of a thing there are, in words."""


def counted(count: int, thing: str) -> str:
    """`1 frame`, `2 frames`; of several words the last one is counted: `0 new shots`."""
    return f"{count} {thing}" if count == 1 else f"{count} {thing}s"
