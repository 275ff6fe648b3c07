"""Black-and-white pictures from files: pixels of PNG and other bitmaps, characters of text; which of them are ON."""

from __future__ import annotations

import io
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from hwlib.errors import InputError, cut, shown
from hwlib.storage.binary_kinds import binary_kind, picture_kind
from hwlib.storage.files import read_bytes, unix_lines
from hwlib.weight_styles import MAX_NEURONS

if TYPE_CHECKING:
    from PIL.Image import Image

ON_CHARACTERS, OFF_CHARACTERS = "#1X@*", ".0-_ "
THRESHOLD = 0.5
FORMATS = ("PNG", "GIF", "BMP", "TIFF", "PPM")
_READ = (*FORMATS, "PBM", "PGM")
_SUFFIXES = (".png", ".gif", ".bmp", ".tif", ".tiff", ".pbm", ".pgm", ".ppm", ".pnm")
_TEXT_SUFFIXES = ("", ".txt", ".text")
_MAX_BYTES = 16 * 2**20  # of a bitmap with whatever else it carries
_MAX_TEXT_BYTES = 64 * 1024  # far more than the largest network's bits, with line ends and blank lines
_SUSPICIOUS = 0.6  # share of dark pixels from which a drawing is probably light on dark
_DEEP = ("I;16", "I;16L", "I;16B", "I;16N")  # Pillow's modes of 16 bits
# Tags: BitsPerSample; PhotometricInterpretation, 0 where white is 0; Compression.
_TIFF_BITS, _TIFF_WHITE, _TIFF_PACKED = 258, 262, 259


class Picture(NamedTuple):
    """A picture and how it was read.

    Attributes:
        bits: 1 ON, 0 OFF, shape (rows, columns).
        taken: what was taken as ON, for people.
        doubt: why that may be wrong; empty where nothing speaks for it.
    """

    bits: np.ndarray
    taken: str
    doubt: str


def read_picture(path: str | Path, *, threshold: float = THRESHOLD, invert: bool = False) -> Picture:
    """Read a black-and-white picture.

    Args:
        path: a bitmap (PNG, GIF, BMP, TIFF, PBM/PGM/PPM; one frame; 1 to 16 bits per channel, grey, colour or palette;
            turned as its EXIF data say), or a text file with one character per pixel: ``#1X@*`` or, OFF, one of
            ``.0-_`` and space.
        threshold: brightness below which a pixel of a bitmap is dark, share of white. Dark pixels are ON.
        invert: light pixels are ON instead; in text the characters that otherwise are OFF. Transparent pixels are OFF
            in either case.

    Raises:
        InputError: one line with file and, for text, line and column; also for a picture of one pixel, or without
            both ON and OFF pixels, and a threshold outside 0 … 1.
    """
    if not 0 < threshold <= 1:
        raise InputError(f"threshold: {threshold:g}, allowed above 0 to 1, a share of white")
    path = Path(path)
    content = read_bytes(path, "picture", _MAX_BYTES)
    kind = picture_kind(content)
    _refuse_others(content, path, kind)
    if path.suffix.lower() in _SUFFIXES or kind is not None:
        light, opaque = _brightness(content, path, kind)
        bits = (((light < threshold) ^ invert) & opaque).astype(np.int8)
        taken = f"{'light' if invert else 'dark'} pixels, threshold {100 * threshold:g} %"
        question = (
            "dark on light? leave out --invert (of a design invert: true)"
            if invert
            else "light on dark? give --invert (in a design invert: true)"
        )
        doubt = f"most pixels are ON; {question}" if bits.mean() >= _SUSPICIOUS else ""
        span = (
            "" if np.ptp(light) == 0 else f" ({taken}; they have {100 * light.min():.3g} to {100 * light.max():.3g} %)"
        )
    else:
        bits = _characters(content, path) ^ invert
        taken, doubt, span = f"characters {shown(OFF_CHARACTERS if invert else ON_CHARACTERS)}", "", ""
    if bits.size < 2:
        raise InputError(f"{path}: a picture of one pixel is no pattern")
    if bits.min() == bits.max():
        raise InputError(f"{path}: every pixel is {'ON' if bits.max() else 'OFF'}{span}, a picture has both")
    return Picture(bits, f"{taken}, {int(bits.sum())} of {bits.size} ON", doubt)


def _refuse_others(content: bytes, path: Path, kind: str | None) -> None:
    if kind not in (None, *_READ):
        raise InputError(f"{path}: a picture whose format is not read ({kind}); read are {', '.join(FORMATS)} and text")
    if kind is None and content and path.suffix.lower() in _SUFFIXES and (other := _no_picture(content)):
        raise InputError(f"{path}: not a {path.suffix[1:].upper()} file but {other}")


def _no_picture(content: bytes) -> str | None:
    """What a file is that begins as no picture does; None where nothing tells."""
    if (kind := binary_kind(content)) is not None:
        return kind
    try:
        plain = content.decode("utf-8-sig").replace("\r", "").replace("\n", "").isprintable()
    except UnicodeDecodeError:
        return None
    return "text; a bitmap of characters is called .txt" if plain else None


def parse_text(lines: list[str], where: str) -> np.ndarray:
    """Bits of lines with one character per pixel, shape (lines, characters).

    Raises:
        InputError: no pixel, another character, lines of unequal length, or more pixels than a network has neurons.
    """
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
                    f"{where}:{number}: character {shown(character)} in column {column}, "
                    f"allowed {ON_CHARACTERS} for ON and {OFF_CHARACTERS!r} for OFF"
                )
        if "0" in line and " " in line:  # both OFF: a picture that nobody means
            raise InputError(f"{where}:{number}: blanks among digits; write one character per pixel, as 101")
        rows.append([int(character in ON_CHARACTERS) for character in line])
    return np.array(rows, dtype=np.int8)


def _characters(content: bytes, path: Path) -> np.ndarray:
    if len(content) > _MAX_TEXT_BYTES:
        raise InputError(
            f"{path}: larger than {_MAX_TEXT_BYTES // 1024} KiB, a text bitmap has one character per pixel"
        )
    if (kind := binary_kind(content)) is not None:
        raise InputError(f"{path}: neither a picture ({', '.join(FORMATS)}) nor UTF-8 text but {kind}")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InputError(f"{path}: neither a text bitmap (not UTF-8) nor a picture ({', '.join(FORMATS)})") from None
    lines = [line.rstrip("\r") for line in unix_lines(text).split("\n")]
    while lines and not lines[-1]:
        lines.pop()
    strange = next((each for each in "".join(lines[:1]) if each not in ON_CHARACTERS + OFF_CHARACTERS), None)
    if strange is not None and path.suffix.lower() not in _TEXT_SUFFIXES:
        why = f"character {shown(strange)} in its first line"
        raise InputError(f"{path}: neither a text bitmap ({why}) nor a picture ({', '.join(FORMATS)})")
    return parse_text(lines, str(path))


def _brightness(content: bytes, path: Path, kind: str | None) -> tuple[np.ndarray, np.ndarray]:
    """Of each pixel of a bitmap its share of white, and whether it is opaque."""
    from PIL import Image, ImageOps

    if content.startswith(b"\x89PNG\r\n\x1a\n") and len(content) >= 24:  # Pillow refuses huge ones without their size
        _check_size(int.from_bytes(content[20:24]), int.from_bytes(content[16:20]), str(path))
    try:
        with warnings.catch_warnings(action="ignore"), Image.open(io.BytesIO(content), formats=FORMATS) as image:
            _check_size(image.height, image.width, str(path))
            if (frames := getattr(image, "n_frames", 1)) > 1:
                raise InputError(f"{path}: {frames} frames, a picture has one")
            ImageOps.exif_transpose(image, in_place=True)  # as viewers show it
            if image.format == "PNG":
                _clear_colour(image, content[24])
            return _channels(image, path)
    except InputError:
        raise
    except Image.DecompressionBombError:
        raise InputError(f"{path}: far more pixels than a network has neurons ({MAX_NEURONS})") from None
    except Exception:  # Pillow raises many kinds on damaged files
        if kind == "TIFF" and (pixels := _unread_pixels(content)):
            raise InputError(f"{path}: TIFF with pixels that are not read ({pixels}); save it as PNG") from None
        what = kind or path.suffix.lstrip(".").upper()
        raise InputError(f"{path}: not a readable {what} file; read are {', '.join(FORMATS)} and text") from None


def _unread_pixels(content: bytes) -> str | None:
    """What pixels a TIFF says that it has, where Pillow has no name for such; None of a damaged one."""
    from PIL import TiffImagePlugin

    try:
        tags, stream = TiffImagePlugin.ImageFileDirectory_v2(content[:8]), io.BytesIO(content)
        stream.seek(tags.next)
        with warnings.catch_warnings(action="ignore"):
            tags.load(stream)
            bits, white, packed = tags.get(_TIFF_BITS, (1,)), tags.get(_TIFF_WHITE), tags.get(_TIFF_PACKED, 1)
            TiffImagePlugin.TiffImageFile(io.BytesIO(content))
    except SyntaxError as error:
        if "unknown pixel mode" in str(error):
            each = cut(", ".join(map(str, sorted(set(bits)))), 20)
            return f"{len(bits)} channels of {each} bits, photometric {white}, compression {packed}"
    except Exception:  # as of the file itself
        return None
    return None


def _clear_colour(image: Image, depth: int) -> None:
    """Pillow makes samples of a PNG bytes, but leaves the transparent colour as it stands in the file."""
    clear = image.info.get("transparency")
    if image.mode == "L" and isinstance(clear, int):
        image.info["transparency"] = clear * 255 // (2**depth - 1)
    elif isinstance(clear, tuple) and depth == 16:
        image.info["transparency"] = tuple(sample >> 8 for sample in clear)


def _channels(image: Image, path: Path) -> tuple[np.ndarray, np.ndarray]:
    mode = image.mode
    if mode in _DEEP or (mode == "I" and image.format == "PPM"):  # 16 bits; converted, they would be clipped at 255
        grey, clear = np.asarray(image), image.info.get("transparency")
        tags = getattr(image, "tag_v2", {})  # TIFF: Pillow hands these pixels on as they are stored
        light = grey / (2 ** tags.get(_TIFF_BITS, (16,))[0] - 1)
        if tags.get(_TIFF_WHITE) == 0:
            light = 1 - light
        return light, grey != clear if isinstance(clear, int) else np.ones(grey.shape, bool)
    if mode in ("I", "F"):
        raise InputError(f"{path}: pixels of 32 bits, read are 1 to 16 bits per channel")
    pixels = np.asarray((image.convert("RGBA") if "transparency" in image.info else image).convert("LA"), float)
    return pixels[..., 0] / 255, pixels[..., 1] >= 127.5


def _check_size(rows: int, columns: int, where: str) -> None:
    if rows * columns > MAX_NEURONS:
        raise InputError(f"{where}: {rows} × {columns} pixels, a network has at most {MAX_NEURONS} neurons")
