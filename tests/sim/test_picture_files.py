"""Pictures of every depth and kind: the same drawing gives the same bits, and hostile ones give one line."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from hwlib.errors import InputError
from sim.tasks.picture_files import read_picture

BITS = np.array([[1, 1, 1, 0], [0, 1, 0, 0], [0, 1, 0, 0]])


def png(samples: np.ndarray, depth: int, colour: int, *more: tuple[bytes, bytes]) -> bytes:
    """A PNG by hand: samples of 8 or 16 bits, shape (rows, columns, channels); colour type as in the standard."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    rows, columns = samples.shape[:2]
    raw = b"".join(b"\0" + row.astype(">u2" if depth == 16 else "u1").tobytes() for row in samples)
    header = struct.pack(">IIBBBBB", columns, rows, depth, colour, 0, 0, 0)
    chunks = [(b"IHDR", header), *more, (b"IDAT", zlib.compress(raw)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*each) for each in chunks)


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def read(tmp_path, content, name="a.png", **options):
    (tmp_path / name).write_bytes(content)
    return read_picture(tmp_path / name, **options)


@pytest.mark.parametrize(("dark", "light"), [(12000, 52000), (30, 65000), (0, 65535), (200, 40000), (32767, 32768)])
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_sixteen_bits(tmp_path, dark, light, channels):
    """Grey, grey and alpha, colour, colour and alpha: the PNG standard's colour types 0, 4, 2, 6."""
    grey = np.where(BITS, dark, light)
    samples = np.repeat(grey[..., None], channels, axis=2)
    if channels in (2, 4):
        samples[..., -1] = 65535
    found = read(tmp_path, png(samples, 16, {1: 0, 2: 4, 3: 2, 4: 6}[channels]))
    assert found.bits.tolist() == BITS.tolist()


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_depth_does_not_change_what_is_dark(tmp_path_factory, data):
    """Eight bits, and the same brightness in sixteen (× 257), under any threshold."""
    values = data.draw(st.lists(st.integers(0, 255), min_size=6, max_size=6))
    threshold = data.draw(st.integers(1, 100)) / 100
    samples = np.array(values).reshape(2, 3, 1)
    wanted = (samples[..., 0] / 255 < threshold).astype(int)
    tmp_path = tmp_path_factory.mktemp("p")
    for depth, scale in ((8, 1), (16, 257)):
        content = png(samples * scale, depth, 0)
        if 0 < wanted.sum() < 6:
            assert read(tmp_path, content, threshold=threshold).bits.tolist() == wanted.tolist()
            assert read(tmp_path, content, threshold=threshold, invert=True).bits.tolist() == (1 - wanted).tolist()
        else:
            with pytest.raises(InputError, match="every pixel is"):
                read(tmp_path, content, threshold=threshold)


@pytest.mark.parametrize("kind", ["PNG", "GIF", "BMP", "TIFF", "PPM"])
@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "I;16", "I;16B", "CMYK", "LAB"])
def test_kinds_and_modes(tmp_path, kind, mode):
    if kind == "GIF" and mode.startswith("I"):
        pytest.skip("GIF has eight bits at most")
    grey = np.where(BITS, 40, 200)
    image = Image.fromarray((grey * 257).astype(">u2" if mode == "I;16B" else "<u2")) if mode.startswith("I") else None
    image = image or Image.fromarray(grey.astype(np.uint8)).convert("RGB" if mode == "LAB" else mode)
    try:
        content = saved(image, kind)
    except (OSError, ValueError, SystemError):
        pytest.skip(f"Pillow writes no {kind} of mode {mode}")
    suffix = {"PPM": "pgm", "TIFF": "tif"}.get(kind, kind.lower())
    assert read(tmp_path, content, f"a.{suffix}").bits.tolist() == BITS.tolist()
    if kind != "PPM":  # by its first bytes, where the suffix says nothing
        assert read(tmp_path, content, "a").bits.tolist() == BITS.tolist()


def tiff(rows: list[list[int]], depth: int, white_is: int) -> bytes:
    """A TIFF by hand: little-endian, one strip, rows padded to whole bytes; white is 0 or the largest value."""
    if depth == 16:
        data = np.array(rows, "<u2").tobytes()
    else:
        bits = ["".join(f"{value:0{depth}b}" for value in row) for row in rows]
        padded = "".join(row + "0" * (-len(row) % 8) for row in bits)
        data = int(padded, 2).to_bytes(len(padded) // 8)
    tags = {
        256: len(rows[0]),
        257: len(rows),
        258: depth,
        259: 1,
        262: white_is,
        273: 8,
        277: 1,
        278: 99,
        279: len(data),
    }
    fields = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags.items())
    return b"II*\0" + struct.pack("<I", 8 + len(data)) + data + struct.pack("<H", len(tags)) + fields + bytes(4)


@pytest.mark.parametrize(("depth", "white_is"), [(4, 1), (4, 0), (8, 1), (8, 0), (12, 1), (16, 1), (16, 0)])
def test_tiff_of_any_depth_whatever_is_white(tmp_path, depth, white_is):
    largest = 2**depth - 1
    dark, light = (0.3, 0.7) if white_is else (0.7, 0.3)
    rows = np.where(BITS, int(dark * largest), int(light * largest)).tolist()
    assert read(tmp_path, tiff(rows, depth, white_is), "a.tif").bits.tolist() == BITS.tolist()


@pytest.mark.parametrize("bits", [(16, 16), (8, 16)])
def test_tiff_with_pixels_that_pillow_has_no_name_for_says_so(tmp_path, bits):
    """Grey with alpha of 16 bits was called unreadable, as what is damaged is."""
    content = tiff([[0, 9], [9, 0]], 16, 1)
    for tag, field in ((258, struct.pack("<HHIHH", 258, 3, 2, *bits)), (277, struct.pack("<HHII", 277, 4, 1, 2))):
        begin = content.index(struct.pack("<HHI", tag, 4, 1), 8)
        content = content[:begin] + field + content[begin + 12 :]
    each = ", ".join(map(str, sorted(set(bits))))
    said = f"not read [(]2 channels of {each} bits, photometric 1, compression 1[)]; save it as PNG"
    with pytest.raises(InputError, match=said):
        read(tmp_path, content, "a.tif")
    with pytest.raises(InputError, match="not a readable TIFF file"):
        read(tmp_path, content[:20], "a.tif")


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
@pytest.mark.parametrize("code", range(1, 9))
def test_turned_by_exif_data(tmp_path, kind, code):
    """What the standard calls the first row and column of what is stored: at which side of the picture each lies."""
    shown = np.where(BITS, 40, 200).astype(np.uint8)
    turned = shown if code < 5 else shown.T
    stored = {1: turned, 2: turned[:, ::-1], 3: turned[::-1, ::-1], 4: turned[::-1],
              5: turned, 6: turned[::-1], 7: turned[::-1, ::-1], 8: turned[:, ::-1]}[code]  # fmt: skip
    exif = Image.Exif()
    exif[0x0112] = code
    content = saved(Image.fromarray(np.ascontiguousarray(stored)), kind, exif=exif)
    assert read(tmp_path, content).bits.tolist() == BITS.tolist()


def test_transparent_pixels_are_off_in_either_case(tmp_path):
    samples = np.array([[[0, 255], [255, 255], [0, 0], [255, 0]]])
    assert read(tmp_path, png(samples, 8, 4)).bits.tolist() == [[1, 0, 0, 0]]
    assert read(tmp_path, png(samples, 8, 4), invert=True).bits.tolist() == [[0, 1, 0, 0]]
    deep = np.array([[[0], [60000], [7]]])
    for options, wanted in (({}, [[1, 0, 0]]), ({"invert": True}, [[0, 1, 0]])):
        content = png(deep, 16, 0, (b"tRNS", struct.pack(">H", 7)))
        assert read(tmp_path, content, **options).bits.tolist() == wanted
    palette = Image.fromarray(np.array([[0, 1, 2]], np.uint8), "P")
    palette.putpalette([0, 0, 0, 255, 255, 255, 0, 0, 0])
    for kind in ("PNG", "GIF"):
        assert read(tmp_path, saved(palette, kind, transparency=2)).bits.tolist() == [[1, 0, 0]]


@pytest.mark.parametrize("depth", [1, 2, 4, 8])
def test_the_transparent_grey_of_any_depth(tmp_path, depth):
    """A row of four samples, the second transparent: dark, but OFF."""
    largest = 2**depth - 1
    values = [0, 1, largest, 0] if depth > 1 else [1, 0, 1, 1]
    row = int("".join(f"{value:0{depth}b}" for value in values).ljust(8, "0"), 2).to_bytes(-(-depth // 2))
    content = png(np.frombuffer(row, np.uint8)[None, :, None], 8, 0, (b"tRNS", struct.pack(">H", values[1])))
    header = struct.pack(">IIBBBBB", 4, 1, depth, 0, 0, 0, 0)  # instead of as many samples of a byte
    content = content[:16] + header + struct.pack(">I", zlib.crc32(b"IHDR" + header)) + content[33:]
    assert read(tmp_path, content, invert=depth == 1).bits.tolist() == [[1, 0, int(depth == 1), 1]]


def test_the_transparent_colour_of_sixteen_bits(tmp_path):
    samples = np.array([[[0, 0, 0], [65535, 65535, 65535], [6553, 0, 0]]])
    content = png(samples, 16, 2, (b"tRNS", struct.pack(">HHH", 6553, 0, 0)))
    assert read(tmp_path, content).bits.tolist() == [[1, 0, 0]]


def test_what_was_taken_as_on_is_said(tmp_path):
    light_on_dark = png(np.where(BITS, 230, 5)[..., None], 8, 0)
    found = read(tmp_path, light_on_dark)
    assert found.taken == "dark pixels, threshold 50 %, 7 of 12 ON" and found.doubt == ""
    thin = np.full((5, 5, 1), 5)
    thin[2] = 230
    found = read(tmp_path, png(thin, 8, 0), threshold=0.25)
    assert found.taken == "dark pixels, threshold 25 %, 20 of 25 ON"
    assert found.doubt == "most pixels are ON; light on dark? give --invert (in a design invert: true)"
    found = read(tmp_path, png(thin, 8, 0), invert=True)
    assert (found.taken, found.doubt) == ("light pixels, threshold 50 %, 5 of 25 ON", "")
    found = read(tmp_path, png(235 - thin, 8, 0), invert=True)
    assert found.doubt == "most pixels are ON; dark on light? leave out --invert (of a design invert: true)"
    found = read(tmp_path, b"##\n#.\n", "a.txt")
    assert (found.taken, found.doubt) == ("characters '#1X@*', 3 of 4 ON", "")
    found = read(tmp_path, b"##\n#.\n", "a.txt", invert=True)
    assert found.taken == "characters '.0-_ ', 1 of 4 ON" and found.bits.tolist() == [[0, 0], [0, 1]]


def test_threshold(tmp_path):
    grey = png(np.array([[[10], [100], [150], [250]]]), 8, 0)
    assert [read(tmp_path, grey, threshold=t).bits.sum() for t in (0.2, 0.5, 0.6, 0.9)] == [1, 2, 3, 3]
    for threshold in (0, -1, 1.01, float("nan"), float("inf")):
        with pytest.raises(InputError, match="allowed above 0 to 1"):
            read(tmp_path, grey, threshold=threshold)
    with pytest.raises(InputError, match=r"every pixel is ON \(dark pixels, threshold 99 %; they have 3.92 to 98 %\)"):
        read(tmp_path, grey, threshold=0.99)


def frames(kind):
    first = Image.fromarray(np.where(BITS, 0, 255).astype(np.uint8))
    return saved(first, kind, save_all=True, append_images=[Image.fromarray(np.full((3, 4), 9, np.uint8))] * 2)


PILLOW = [Image.new(mode, (4, 4)) for mode in ("1", "L", "P", "RGB", "RGBA")]
HUGE = png(np.zeros((1, 1, 1)), 8, 0)[:16] + struct.pack(">II", 2**31 - 1, 2**31 - 1)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.gif", frames("GIF"), " frames, a picture has one"),
        ("a.tif", frames("TIFF"), " frames, a picture has one"),
        ("a.png", frames("PNG"), " frames, a picture has one"),
        ("a.png", HUGE, "2147483647 × 2147483647 pixels, a network has at most 1000"),
        ("a.bmp", saved(Image.new("L", (2000, 2000)), "BMP"), "2000 × 2000 pixels, a network has at most 1000"),
        ("a.gif", b"GIF89a" + struct.pack("<HH", 65535, 65535) + b"\0" * 30, "a.gif: "),
        ("a.pgm", b"P5 99999 99999 255\n" + b"\0" * 40, "far more pixels than a network has neurons (1000)"),
        ("a.tif", saved(Image.fromarray(np.array([[0, 9]], np.int32)), "TIFF"), "pixels of 32 bits"),
        ("a.tif", saved(Image.fromarray(np.array([[0, 9]], np.float32)), "TIFF"), "pixels of 32 bits"),
        ("a.png", png(BITS[..., None], 8, 0)[:-30], "not a readable PNG file; read are PNG, GIF, BMP, TIFF, PPM"),
        ("a.png", b"#.\n", "a.png: not a PNG file but text; a bitmap of characters is called .txt"),
        ("a.bmp", b"1 0\r\n", "a.bmp: not a BMP file but text; a bitmap of characters is called .txt"),
        ("a.png", b"\0\6\0\2\0\7", "a.png: not a PNG file but GDSII"),
        ("a.png", "#.".encode("utf-16"), "a.png: not a PNG file but UTF-16; save it as UTF-8"),
        ("a.png", b"P1\n2 2\n1 0\n0 x\n", "not a readable PBM file"),
        ("a.pnm", b"P3 1", "not a readable PPM file"),
        ("a.png", b"\1\2\3", "not a readable PNG file"),
        ("a", png(BITS[..., None], 8, 0)[:30], "not a readable PNG file"),
        ("a.jpg", b"\xfe\xd8junk", "neither a text bitmap (not UTF-8) nor a picture (PNG"),
        (
            "a.jpg",
            saved(Image.new("L", (2, 2)), "JPEG"),
            "a picture whose format is not read (JPEG); read are PNG, GIF",
        ),
        (
            "a.png",
            saved(Image.new("L", (2, 2)), "JPEG"),
            "a picture whose format is not read (JPEG); read are PNG, GIF",
        ),
        (
            "a",
            b"RIFF\x1a\0\0\0WEBPVP8L",
            "a picture whose format is not read (WebP); read are PNG, GIF, BMP, TIFF, PPM",
        ),
        ("a.heic", b"\0\0\0\x18ftypheic", "a picture whose format is not read (AVIF or HEIC)"),
        ("a.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>", "a picture whose format is not read (SVG)"),
        (
            "a.pam",
            b"P7\nWIDTH 1\nHEIGHT 1\nENDHDR\n\0",
            "not read (PAM); read are PNG, GIF, BMP, TIFF",
        ),
        ("a", b"P7\nWIDTH 1\nHEIGHT 1\nENDHDR\n\0", "not read (PAM); read are PNG, GIF, BMP, TIFF"),
        ("a.pfm", b"Pf\n1 1\n-1.0\n\0\0\0\0", "a picture whose format is not read (PFM); read are PNG"),
        ("a.xbm", b"#define a_width 2\n", "a picture whose format is not read (XBM); read are PNG"),
        (
            "a.tga",
            b"\0\1\1" + b"\0" * 9,
            "neither a text bitmap (character '\\x00' in its first line) nor a picture (PNG",
        ),
        *(("a.tga", saved(picture, "TGA"), "not read (TGA); read are PNG") for picture in PILLOW),
        ("a.png", saved(Image.new("RGB", (4, 4)), "TGA", compression="tga_rle"), "not read (TGA); read are PNG"),
        ("a.ico", saved(Image.new("RGB", (16, 16)), "ICO"), "not read (icon); read are PNG"),
        ("a", b"P2 2 1", "not a readable PGM file; read are PNG"),
        ("a.png", b"\0" * (17 * 2**20), "picture file is larger than 16 MiB"),
        ("a.txt", b"#.\0\n", "character '\\x00' in column 3"),
    ],
)
@pytest.mark.filterwarnings("error")
def test_bad_pictures_get_one_clear_line(tmp_path, name, content, words):
    with pytest.raises(InputError) as error:
        read(tmp_path, content, name)
    assert words in str(error.value) and name in str(error.value) and "\n" not in str(error.value)


def test_a_pgm_is_known_by_how_it_begins(tmp_path):
    """As the other formats are: without a suffix it was taken for a text."""
    assert read(tmp_path, b"P2 2 1 9\n0 9\n", "a").bits.tolist() == [[1, 0]]


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_lines_of_a_text_end_as_on_any_system(tmp_path, end):
    assert read(tmp_path, end.join([b"#..", b".#.", b""]), "a.txt").bits.tolist() == [[1, 0, 0], [0, 1, 0]]
