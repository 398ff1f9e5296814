"""Pictures for the eye: what a terminal, a PNG and the page of a run show."""

import numpy as np
import pytest
import tensorflow as tf

import eagerloop
from eagerloop.inspection.views.batch import inspect_batch
from eagerloop.inspection.writing.pictures import ACROSS, are_pictures, brightness, png, shaded


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ((2, 8, 8, 1), True),
        ((2, 8, 8, 3), True),
        ((2, 8, 8, 2), False),
        ((2, 3, 8, 1), False),
        ((2, 8, 8), False),
        ((0, 8, 8, 1), False),
    ],
)
def test_pictures_are_told_by_their_shape(shape, expected):
    """Grey or three colours, at least 4 x 4 pixels, at least one of them."""
    assert are_pictures(np.zeros(shape)) is expected
    assert not are_pictures(np.full(shape, "a"))


def test_any_range_becomes_0_to_255():
    """From 0 to 1, from 0 to 255, and standardised; what is not finite is no brightness."""
    assert brightness(np.array([0.0, 0.2])).tolist() == [0, 51]
    assert brightness(np.array([0.0, 51.0, 255.0])).tolist() == [0, 51, 255]
    assert brightness(np.array([-3.0, 0.0, 2.0])).tolist() == [0, 153, 255]
    assert brightness(np.array([np.nan, 1.0])).tolist() == [0, 255]


def test_large_pictures_are_averaged():
    """A chessboard of 32 x 20 single pixels is an even grey of 16 x 10."""
    board = np.indices((32, 20)).sum(axis=0) % 2 * 255
    lines = shaded(board[:, :, np.newaxis].astype("uint8"))
    assert lines == ["▒" * 20] * ACROSS  # two characters a cell


@pytest.mark.parametrize("channels", [1, 3])
def test_a_png_is_read_back_as_it_was(channels):
    """TensorFlow decodes what was written by hand."""
    pixels = np.random.default_rng(0).integers(0, 256, (5, 7, channels), "uint8")
    np.testing.assert_array_equal(tf.io.decode_png(png(pixels), channels=channels), pixels)


def test_a_batch_of_pictures_is_drawn_and_its_pixels_are_not_listed():
    """An L of full pixels, beside a dark picture; the class stands above, and in the column of targets."""
    x = np.zeros((2, 4, 4, 1), "float32")
    x[0, :, 0] = x[0, 3, :] = 1
    data = eagerloop.ArrayDataset((x, np.array([1, 0])), (x, np.array([1, 0])), batch_size=2, classes=("dark", "ell"))
    lines = str(inspect_batch(data)).splitlines()
    begin = lines.index("0  ell    1  dark")
    assert lines[begin + 1 : begin + 5] == ["██", "██", "██", "████████"]
    assert not any("x0 " in line for line in lines[begin:])
    assert any(line.split() == ["0", "ell"] for line in lines)
