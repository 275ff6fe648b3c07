"""Edge attributes of a graph file: one of them may be the weight, the others are remarked on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from hwlib.errors import cut, shown
from hwlib.graph_formats.edge_collector import Edges
from hwlib.graph_formats.graph_file import GraphFile
from hwlib.quantities import parse_number

_MOST_NAMES = 3
_NO_WEIGHTS = ("id", "key", "source", "target")
_NAME = 20


class Attributes:
    """Takes the weight of each edge out of its attributes.

    Args:
        file: says which attribute is the weight; none: every edge counts 1.
    """

    def __init__(self, file: GraphFile):
        self.file = file
        self._numeric: dict[str, bool] = {}  # name: whether a value other than 1 was seen

    def weight(self, line: int, values: Mapping[str, str]) -> float:
        """The weight of an edge with these attributes.

        Raises:
            InputError: the attribute is missing, or no finite number.
        """
        name = self.file.weight
        if name is None:
            for other, word in values.items():
                if other not in _NO_WEIGHTS and len(self._numeric) < 100:
                    self._note(other, word)
            return 1.0
        if name not in values:
            has = ", ".join(cut(each, _NAME) for each in list(values)[:_MOST_NAMES]) or "none"
            raise self.file.refuse(line, f"edge without the attribute {shown(name)} asked for; it has {has}")
        return self.file.number(line, values[name])

    def _note(self, name: str, word: str) -> None:
        try:
            differs = parse_number(word) != 1
        except ValueError:
            return
        self._numeric[name] = self._numeric.get(name, False) or differs

    def remark(self, edges: Edges) -> None:
        """Say which attributes could have been the weight."""
        names = [name for name, differs in self._numeric.items() if differs]
        if names:
            listed = _listed(names)
            edges.remarks.append(
                f"every edge counts 1; edge attributes not used: {listed} (--weight {cut(names[0], _NAME)} cuts by it)"
            )


def _listed(names: Iterable[str]) -> str:
    names = list(names)
    more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    return ", ".join(cut(name, _NAME) for name in names[:_MOST_NAMES]) + more
