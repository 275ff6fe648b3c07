"""What a file is by its first bytes where it is no UTF-8 text: names and suffixes may say something else."""

from __future__ import annotations

import codecs
import re

GDSII, OASIS = b"\x00\x06\x00\x02", b"%SEMI-OASIS\r\n"
PACKED = {
    b"\x1f\x8b": "gzip",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"PK\x03\x04": "zip",
    b"BZh": "bzip2",
    b"\xfd7zXZ\x00": "xz",
}
LAYOUTS = {GDSII: "GDSII", OASIS: "OASIS"}
_OTHERS = {
    **LAYOUTS,
    b"\x89HDF": "HDF5 or netCDF",
    b"CDF\x01": "netCDF",
    b"\x93NUMPY": "NumPy",
    b"SQLite format 3\x00": "SQLite",
}
_PICTURES = {
    "PNG": rb"\x89PNG",
    "GIF": rb"GIF8",
    "BMP": rb"BM.{4}\0{4}",
    "TIFF": rb"II\*\0|MM\0\*",
    "JPEG": rb"\xff\xd8\xff",
    "WebP": rb"RIFF....WEBP",
    "AVIF or HEIC": rb"....ftyp(avi|hei|hev|mif|msf)",
    "JPEG XL": rb"\xff\x0a|\0\0\0\x0cJXL ",
    "JPEG 2000": rb"\0\0\0\x0cjP  |\xff\x4f\xff\x51",
    "QOI": rb"qoif",
    "OpenEXR": rb"v/1\x01",
    "Photoshop": rb"8BPS",
    "GIMP": rb"gimp xcf",
    "icon": rb"\0\0[\1\2]\0(?!\0\0)",  # and how many pictures it holds
    "TGA": rb".\0[\2\3\x0a\x0b]\0{5}.{8}[\x01\x08\x0f\x10\x18\x20][\0-\x3f]"  # by its fields, without a palette
    rb"|.\x01[\x01\x09].{4}[\x0f\x10\x18\x20].{8}\x08[\0-\x3f]",  # and with one
    "PDF": rb"%PDF-",
}
_TEXT_PICTURES = {
    "PBM": rb"P[14][\s#]",
    "PGM": rb"P[25][\s#]",
    "PPM": rb"P[36][\s#]",
    "PAM": rb"P7\s",
    "PFM": rb"P[Ff]\s",
    "XPM": rb"(/\*|!) XPM",
    "XBM": rb"#define ",
    "Radiance": rb"#\?R",
    "PostScript": rb"%!PS",
    "SVG": rb"(\xef\xbb\xbf)?\s*<(\?xml|!DOCTYPE svg|svg)",
}  # formats that begin, or are, as a text may


def picture_kind(content: bytes) -> str | None:
    """Format of a picture by its first bytes; None where they are of none."""
    return _picture_kind(content, _PICTURES | _TEXT_PICTURES)


def _picture_kind(content: bytes, formats: dict[str, bytes]) -> str | None:
    return next((name for name, begins in formats.items() if re.match(begins, content, re.DOTALL)), None)


def binary_kind(content: bytes) -> str | None:
    """What a file is that is no UTF-8 text, and what to do, for messages; None where its first bytes do not tell."""
    for begins, name in _OTHERS.items():
        if content.startswith(begins):
            return name
    for begins, name in PACKED.items():
        if content.startswith(begins):
            return f"compressed with {name}; unpack it first"
    encoding = _wide_encoding(content)
    return _picture_kind(content, _PICTURES) if encoding is None else f"{encoding}; save it as UTF-8"


def _wide_encoding(content: bytes) -> str | None:
    """The encoding of several bytes a character that a text begins in, by its mark, or by its zeros where it has none.

    Zeros are UTF-8 as well: such a text would be refused for a character that nobody sees in it.
    """
    head = content[:4]
    zeros = "".join("x0"[byte == 0] for byte in head)
    if head in (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE) or zeros in ("x000", "000x"):
        return "UTF-32"
    marked = head[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE) and len(content) % 2 == 0
    return "UTF-16" if marked or zeros in ("x0x0", "0x0x") else None
