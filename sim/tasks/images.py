"""Binary images as patterns: reading PNG and text bitmaps, our three letters, distortion, and what decides recall."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import numpy as np

from hwlib.design import MAX_NEURONS
from hwlib.errors import InputError

ON_CHARACTERS, OFF_CHARACTERS = "#1X@*", ".0-_ "
_MAX_TEXT_BYTES = 64 * 1024  # far more than the largest network's bits, with line ends and blank lines
_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_U = """
    ##......##
    ##......##
    ##......##
    ##......##
    ##......##
    ##......##
    ##......##
    ##......##
    ##########
    ##########"""
_T = """
    ##########
    ##########
    ##########
    ....##....
    ....##....
    ....##....
    ....##....
    ....##....
    ....##....
    ....##...."""
_LIGHT_T = """
    ##########
    ##########
    ....##....
    ....##....
    ....##....
    ....##....
    ....##....
    ....##....
    ....##....
    ....##...."""
_D = """
    ######....
    #######...
    ##...###..
    ##....##..
    ##....##..
    ##....##..
    ##....##..
    ##...###..
    #######...
    ######...."""
_WIDE_D = """
    #######...
    ########..
    ##....###.
    ##.....##.
    ##......##
    ##......##
    ##.....##.
    ##....###.
    ########..
    #######..."""
_LETTERS = {
    "plain": {"U": _U, "T": _T, "D": _D},
    "light": {"U": _U, "T": _LIGHT_T, "D": _D},
    "wide": {"U": _U, "T": _T, "D": _WIDE_D},
}
Drawing = Literal["plain", "light", "wide"]


def letters(drawing: Drawing = "plain") -> dict[str, np.ndarray]:
    """The letters U, T and D as 10 × 10 bitmaps, drawn for this project; the paper does not publish its own.

    Args:
        drawing: ``plain``, near 50 % ON each; ``light``, whose T is 36 % ON: still a rest state, but every start leans
            toward its inverse, because OFF axons conduct too; ``wide``, whose D shares more with the U.
    """
    drawn = _LETTERS[drawing].items()
    return {name: _parse(text.strip().splitlines(), f"letter {name}", strip=True) for name, text in drawn}


def read_bitmap(path: str | Path) -> np.ndarray:
    """Read a black-and-white picture; dark pixels and ``#1X@*`` are ON (1).

    Args:
        path: a PNG (pixels darker than half grey are ON, transparent ones OFF), or a text file with one character
            per pixel, OFF being one of ``.0-_`` or a space.

    Returns:
        Shape (rows, columns), values 0 and 1.

    Raises:
        InputError: one line with file and, for text, line and column; also for a picture of one pixel, or without
            both ON and OFF pixels.
    """
    path = Path(path)
    if path.suffix.lower() == ".png":
        image = _read_png(path)
    else:
        lines = [line.rstrip("\r") for line in _read_text(path).split("\n")]
        while lines and not lines[-1]:
            lines.pop()
        image = _parse(lines, str(path))
    if image.size < 2:
        raise InputError(f"{path}: a picture of one pixel is no pattern")
    if image.min() == image.max():
        raise InputError(f"{path}: every pixel is {'ON' if image.max() else 'OFF'}, a picture has both")
    return image


def read_images(paths: list[Path]) -> tuple[np.ndarray, tuple[int, int]]:
    """Read pictures of one size as patterns.

    Returns:
        Patterns, shape (images, rows × columns), and (rows, columns).

    Raises:
        InputError: no picture, a bad one, different sizes, or one picture twice (its inverse is the same memory).
    """
    if not paths:
        raise InputError("image: no picture given")
    pictures = [read_bitmap(path) for path in paths]
    for path, picture in zip(paths, pictures, strict=True):
        if picture.shape != pictures[0].shape:
            raise InputError(
                f"{path}: {picture.shape[0]} × {picture.shape[1]} pixels, the first picture has "
                f"{pictures[0].shape[0]} × {pictures[0].shape[1]}"
            )
    seen: dict[bytes, int] = {}
    for k, picture in enumerate(pictures):
        first = seen.setdefault((picture ^ picture.flat[0]).tobytes(), k)  # a picture and its inverse look alike
        if first != k:
            same = picture.flat[0] == pictures[first].flat[0]
            how = "the same picture as" if same else "the inverse, and so the same memory, as"
            raise InputError(f"{paths[k]}: {how} {paths[first]}")
    return np.array([picture.ravel() for picture in pictures]), pictures[0].shape


def to_text(picture: np.ndarray) -> str:
    """A picture (rows, columns) as text; −1 (undecided) prints as ``?``."""
    return "\n".join("".join({1: "#", 0: "."}.get(int(bit), "?") for bit in row) for row in picture)


def distort(pattern: np.ndarray, fraction: float, rng: np.random.Generator) -> np.ndarray:
    """A copy of a pattern with ``fraction`` of its bits flipped (rounded to whole bits), chosen without repeats.

    Raises:
        InputError: a fraction outside 0 … 1.
    """
    if not 0 <= fraction <= 1:
        raise InputError(f"image: distortion {fraction:g}, allowed 0 to 1")
    flipped = np.asarray(pattern).copy()
    places = rng.choice(flipped.size, size=round(fraction * flipped.size), replace=False)
    flipped.flat[places] = 1 - flipped.flat[places]
    return flipped


def pattern_facts(patterns: np.ndarray, levels: np.ndarray, ratio: float = 0.25) -> dict[str, Any]:
    """What decides how well patterns are recalled.

    Args:
        patterns: shape (patterns, N).
        levels: the weights, shape (N, N).
        ratio: conductance of an OFF pillar over that of an ON one, R_P / R_AP.

    Returns:
        ``on_share`` (patterns,): share of ON bits; ``overlap`` (patterns, patterns): mean product of ±1 spins;
        ``unstable`` and ``unstable_inverse`` (patterns,): bits whose dendrite current pushes the other way when the
        network rests at the pattern, or at its inverse.
    """
    bits = np.asarray(patterns)
    spins = 2.0 * bits - 1.0

    def unstable(states: np.ndarray) -> np.ndarray:
        drive = np.where(states == 1, 1.0, ratio) @ levels.T
        return np.sum((drive > 0) != (states == 1), axis=1)

    return {
        "on_share": bits.mean(axis=1),
        "overlap": spins @ spins.T / bits.shape[1],
        "unstable": unstable(bits),
        "unstable_inverse": unstable(1 - bits),
    }


def _read(path: Path, limit: int) -> bytes:
    """At most ``limit`` bytes of a file, whatever kind of file it is."""
    try:
        with path.open("rb") as stream:
            return stream.read(limit)
    except FileNotFoundError:
        raise InputError(f"{path}: no such picture") from None
    except OSError as error:
        raise InputError(f"{path}: cannot read picture ({error.strerror})") from None


def _read_text(path: Path) -> str:
    data = _read(path, _MAX_TEXT_BYTES + 1)
    if len(data) > _MAX_TEXT_BYTES:
        raise InputError(
            f"{path}: larger than {_MAX_TEXT_BYTES // 1024} KiB, a text bitmap has one character per pixel"
        )
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InputError(f"{path}: neither a text bitmap (not UTF-8) nor a .png picture") from None


def _read_png(path: Path) -> np.ndarray:
    from PIL import Image

    head = _read(path, 24)  # signature and image header: a huge picture is refused before it is opened
    if not head.startswith(_PNG_SIGNATURE) or len(head) < 24:
        raise InputError(f"{path}: not a readable PNG picture")
    _check_size(int.from_bytes(head[20:24]), int.from_bytes(head[16:20]), str(path))
    try:
        with Image.open(path, formats=["PNG"]) as image:
            grey = np.asarray(image.convert("LA"), float)
    except Exception:  # Pillow raises many kinds on damaged files
        raise InputError(f"{path}: not a readable PNG picture") from None
    return ((grey[..., 0] < 127.5) & (grey[..., 1] >= 127.5)).astype(np.int8)


def _parse(lines: list[str], where: str, *, strip: bool = False) -> np.ndarray:
    if strip:
        lines = [line.strip() for line in lines]
    if not lines or not lines[0]:
        raise InputError(f"{where}:1: empty, a text bitmap has one character per pixel")
    width = len(lines[0])
    _check_size(len(lines), width, where)
    rows = []
    for number, line in enumerate(lines, start=1):
        if len(line) != width:
            raise InputError(f"{where}:{number}: {len(line)} pixels, the first line has {width}")
        for column, character in enumerate(line, start=1):
            if character not in ON_CHARACTERS + OFF_CHARACTERS:
                raise InputError(
                    f"{where}:{number}: character {character!r} in column {column}, allowed {ON_CHARACTERS} for ON "
                    f"and {OFF_CHARACTERS!r} for OFF"
                )
        rows.append([int(character in ON_CHARACTERS) for character in line])
    return np.array(rows, dtype=np.int8)


def _check_size(rows: int, columns: int, where: str) -> None:
    if rows * columns > MAX_NEURONS:
        raise InputError(f"{where}: {rows} × {columns} pixels, a network has at most {MAX_NEURONS} neurons")
