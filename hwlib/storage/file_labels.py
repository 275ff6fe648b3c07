"""What files are called in tables and remarks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path


def told_apart(names: Sequence[str]) -> list[str]:
    """Names of files without their folders, but for those that tell two of one name apart.

    Args:
        names: paths; one that is there twice has one label.
    """
    parts = {name: Path(name).parts or (name,) for name in names}
    length = dict.fromkeys(names, 1)
    while True:
        labels = {name: "/".join(parts[name][-length[name] :]) for name in names}
        often = Counter(labels.values())
        alike = [name for name, label in labels.items() if often[label] > 1 and length[name] < len(parts[name])]
        if not alike:
            return [labels[name] for name in names]
        for name in alike:
            length[name] += 1
