"""One piece of a sheet by finite volumes, against strips whose resistance is known in closed form."""

import numpy as np
import pytest

from hwlib.extraction.grid import Contact, Line, solve_piece

LENGTH, WIDTH, UNDER = 1000.0, 100.0, 150.0  # dbu; the contacts are as wide as the strip
STRIP = [(0, 0, LENGTH, 0), (LENGTH, 0, LENGTH, WIDTH), (LENGTH, WIDTH, 0, WIDTH), (0, WIDTH, 0, 0)]
LEFT = Contact(((0.0, 0.0, UNDER, WIDTH),), None)
RIGHT = Contact(((LENGTH - UNDER, 0.0, LENGTH, WIDTH),), None)


@pytest.mark.parametrize(
    "edges", [STRIP, [(y0, x0, y1, x1) for x0, y0, x1, y1 in STRIP[::-1]]], ids=["lying", "upright"]
)
def test_even_currents_alone(edges):
    """An even current grows linearly under its contact, which then counts a third; no potential is fixed."""
    contacts = [LEFT, RIGHT]
    if edges is not STRIP:
        contacts = [Contact(tuple((b[1], b[0], b[3], b[2]) for b in c.boxes), None) for c in contacts]
    answer = solve_piece(edges, [], contacts)
    squares = (LENGTH - 2 * UNDER + 2 * UNDER / 3) / WIDTH
    assert answer.G.size == 0 and answer.even.tolist() == [0, 1]
    np.testing.assert_allclose(answer.conductances() * squares, [[1, -1], [-1, 1]], rtol=4e-4)
    in_series = answer.conductances(series=2.0) * (squares + 4.0)
    np.testing.assert_allclose(in_series, [[1, -1], [-1, 1]], rtol=4e-4)


def test_an_even_current_to_a_line():
    line = Line(vertical=True, at=LENGTH, low=0.0, high=WIDTH)
    matrix = solve_piece(STRIP, [line], [LEFT]).conductances()
    squares = (LENGTH - UNDER + UNDER / 3) / WIDTH
    np.testing.assert_allclose(matrix * squares, [[1, -1], [-1, 1]], rtol=4e-4)


def test_a_plane_of_a_short_transfer_length():
    """Current enters a plane within a few transfer lengths: coth of the contact's length in them."""
    reach = 30.0
    plane = Contact(LEFT.boxes, reach)
    line = Line(vertical=True, at=LENGTH, low=0.0, high=WIDTH)
    matrix = solve_piece(STRIP, [line], [plane]).conductances()
    squares = (LENGTH - UNDER + reach / np.tanh(UNDER / reach)) / WIDTH
    np.testing.assert_allclose(matrix * squares, [[1, -1], [-1, 1]], rtol=4e-4)
