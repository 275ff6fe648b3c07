"""What a file is by its first bytes where it is no UTF-8 text: names and suffixes may say something else."""

from __future__ import annotations

import codecs

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
    b"\x89PNG": "PNG",
    b"\xff\xd8\xff": "JPEG",
    b"%PDF-": "PDF",
    b"\x93NUMPY": "NumPy",
    b"SQLite format 3\x00": "SQLite",
}


def binary_kind(content: bytes) -> str | None:
    """What a file is that is no UTF-8 text, and what to do, for messages; None where its first bytes do not tell."""
    for begins, name in _OTHERS.items():
        if content.startswith(begins):
            return name
    for begins, name in PACKED.items():
        if content.startswith(begins):
            return f"compressed with {name}; unpack it first"
    encoding = _wide_encoding(content)
    return None if encoding is None else f"{encoding}; save it as UTF-8"


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
