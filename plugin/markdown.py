"""Tables as Markdown has them."""

from collections.abc import Iterable, Sequence


def table(head: Sequence[str], rows: Iterable[Sequence[str]], names: int = 1) -> str:
    """A row of titles and rows of cells; the first columns, `names` of them, stand left, figures right."""
    rule = ["---" if column < names else "---:" for column in range(len(head))]
    return "\n".join(f"| {' | '.join(line)} |" for line in (head, rule, *rows))
