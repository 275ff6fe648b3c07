import numpy as np
import pytest
from PIL import Image

from hwlib.errors import InputError
from hwlib.weights import hebbian
from sim.tasks import images
from sim.tasks.picture_files import read_picture


def bits(path):
    return read_picture(path).bits


def refuse(paths):
    images.refuse_no_set(paths, [bits(path) for path in paths])


def test_letters():
    for drawing in ("plain", "light", "wide"):
        pictures = images.letters(drawing)
        assert list(pictures) == ["U", "T", "D"]
        assert all(p.shape == (10, 10) and set(np.unique(p)) == {0, 1} for p in pictures.values())
    assert images.letters()["T"][0].all()


def test_plain_letters_are_rest_states_and_wide_ones_are_not():
    for drawing, unstable in (("plain", False), ("wide", True)):
        patterns = np.array([p.ravel() for p in images.letters(drawing).values()])
        facts = images.pattern_facts(patterns, hebbian(patterns))
        assert bool(facts["unstable"].sum() + facts["unstable_inverse"].sum()) is unstable


def test_pattern_facts_by_hand():
    patterns = np.array([[1, 1, 0, 0], [1, 0, 1, 0]])
    facts = images.pattern_facts(patterns, hebbian(patterns[:1]))
    assert facts["overlap"].tolist() == [[1, 0], [0, 1]]
    assert facts["on_share"].tolist() == [0.5, 0.5]
    # One stored pattern: drive of bit 0 at itself is 1 − 2·¼ > 0, of bit 2 is ¼ − 2 < 0; all stay.
    assert facts["unstable"][0] == 0
    # At 1010: bit 0 gets ¼ − 1 − ¼ < 0 and leaves, bit 1 gets 1 − 1 − ¼ < 0 and stays, bit 2 gets −1 − ¼ + ¼ < 0 and
    # leaves, bit 3 gets −1 − ¼ + 1 < 0 and stays.
    assert facts["unstable"][1] == 2


def test_text_and_png_read_alike(tmp_path):
    text = tmp_path / "p.txt"
    text.write_text("# 1\n0X.\n")
    expected = [[1, 0, 1], [0, 1, 0]]
    assert bits(text).tolist() == expected
    for mode in ("1", "L", "RGB", "RGBA", "P"):
        path = tmp_path / f"{mode}.png"
        Image.fromarray(np.where(expected, 0, 255).astype(np.uint8)).convert(mode).save(path)
        assert bits(path).tolist() == expected, mode


def test_transparent_pixels_are_off(tmp_path):
    pixels = np.zeros((1, 2, 4), np.uint8)
    pixels[0, 0, 3] = 255
    Image.fromarray(pixels).save(tmp_path / "a.png")
    assert bits(tmp_path / "a.png").tolist() == [[1, 0]]


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.txt", b"", "empty"),
        ("a.txt", b"\n\n", "empty"),
        ("a.txt", b"##.\n#.\n", "a.txt:2: 2 pixels, the first line has 3"),
        ("a.txt", b"##.\n#?.\n", "a.txt:2: character '?' in column 2"),
        ("a.txt", b"#\n", "one pixel"),
        ("a.txt", b"#" * 40 + b"\n" + (b"#" * 40 + b"\n") * 39, "40 × 40 pixels, a network has at most 1000"),
        ("a.txt", b"\xff\x00", "not UTF-8"),
        ("a.txt", "#.\n.#\n".encode("utf-16"), "nor UTF-8 text but UTF-16; save it as UTF-8"),
        ("a.txt", b"\x00\x06\x00\x02\x00\x07", "nor UTF-8 text but GDSII"),
        ("a.txt", "#.\n.#\n".encode("utf-16-be"), "nor UTF-8 text but UTF-16; save it as UTF-8"),
        ("a.txt", b"##\n##\n", "every pixel is ON"),
        ("a.txt", b"..\n..\n", "every pixel is OFF"),
        ("a.txt", b"#." * 40_000, "larger than 64 KiB"),
        ("a.png", b"", "not a readable PNG"),
        ("a.png", b"\x89PNG\r\n\x1a\nbroken", "not a readable PNG"),
        ("a.png", b"GIF89a", "not a readable GIF"),
    ],
)
def test_bad_pictures_get_one_clear_line(tmp_path, name, content, words):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError) as error:
        bits(tmp_path / name)
    assert words in str(error.value) and name in str(error.value)


@pytest.mark.parametrize("side", [4000, 30_000])  # the second is more than Pillow opens at all
def test_large_png_is_refused_by_its_header(tmp_path, side):
    Image.new("1", (side, side)).save(tmp_path / "big.png")
    with pytest.raises(InputError, match=f"{side} × {side} pixels, a network has at most 1000"):
        bits(tmp_path / "big.png")


def test_uniform_png(tmp_path):
    Image.new("L", (8, 8)).save(tmp_path / "black.png")
    with pytest.raises(InputError, match=r"black.png: every pixel is ON"):
        bits(tmp_path / "black.png")


def test_endless_file_is_not_read_whole():
    with pytest.raises(InputError, match="it is a device, not a regular file"):
        bits("/dev/zero")


def test_one_picture_twice(tmp_path):
    for name, text in (("a", "#.\n.#\n"), ("b", "#.\n#.\n"), ("c", "#.\n.#\n"), ("d", ".#\n.#\n")):
        (tmp_path / f"{name}.txt").write_text(text)
    a, b, c, d = (tmp_path / f"{name}.txt" for name in "abcd")
    with pytest.raises(InputError, match=r"c.txt: the same picture as .*a.txt"):
        refuse([a, b, c])
    with pytest.raises(InputError, match=r"d.txt: the inverse, .* as .*b.txt"):
        refuse([a, b, d])
    with pytest.raises(InputError, match="the same picture"):
        refuse([a] * 2)
    refuse([a, b])


def test_sets_of_pictures(tmp_path):
    (tmp_path / "a.txt").write_text("#.\n.#\n")
    (tmp_path / "b.txt").write_text("##\n..\n")
    (tmp_path / "c.txt").write_text("###\n...\n")
    assert bits(tmp_path / "a.txt").tolist() == [[1, 0], [0, 1]]
    refuse([tmp_path / "a.txt", tmp_path / "b.txt"])
    with pytest.raises(InputError, match=r"c.txt: 2 × 3 pixels, the first picture has 2 × 2"):
        refuse([tmp_path / "a.txt", tmp_path / "c.txt"])
    with pytest.raises(InputError, match=r"none.png: no such"):
        bits(tmp_path / "none.png")


@pytest.mark.parametrize(("fraction", "flips"), [(0.0, 0), (0.1, 10), (0.35, 35), (0.5, 50), (1.0, 100)])
def test_distortion_flips_exactly_that_many(fraction, flips):
    pattern = images.letters()["U"].ravel()
    changed = images.distort(pattern, fraction, np.random.default_rng(1))
    assert int(np.sum(changed != pattern)) == flips


@pytest.mark.parametrize(("fraction", "flips"), [(0.125, 1), (0.19, 2), (1.0, 8), (0.0, 0)])
def test_distortion_is_rounded_to_whole_bits(fraction, flips):
    assert int(images.distort(np.zeros(8, int), fraction, np.random.default_rng(2)).sum()) == flips


@pytest.mark.parametrize("fraction", [-0.01, 1.01])
def test_distortion_is_a_fraction(fraction):
    with pytest.raises(InputError, match="allowed 0 to 1"):
        images.distort(np.zeros(4), fraction, np.random.default_rng(1))


def test_distortion_range():
    with pytest.raises(InputError, match="allowed 0 to 1"):
        images.distort(np.zeros(4), 1.5, np.random.default_rng(1))
