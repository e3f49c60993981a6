"""Columns of Arrow over what compiled code has written, without a copy."""

from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

Cells = Any
"""A column of any type: the stubs of PyArrow know none that is found out at run time."""

Wholes = NDArray[np.int32] | NDArray[np.int64]


def cells_of(values: Wholes, is_missing: NDArray[np.bool_] | None = None) -> Cells:
    """Whole numbers, of which some are missing."""
    return pa.array(values, mask=is_missing)


def texts_of(offsets: NDArray[np.int32], written: NDArray[np.uint8]) -> Cells:
    """Texts that stand one behind the other in UTF-8, by their offsets and the end."""
    ends: Any = offsets
    texts: Any = written
    return pa.StringArray.from_buffers(offsets.size - 1, pa.py_buffer(ends), pa.py_buffer(texts))


def named(numbers: NDArray[np.int32], names: Cells, is_missing: NDArray[np.bool_] | None = None) -> Cells:
    """A column of few values, by their numbers."""
    return pa.DictionaryArray.from_arrays(cells_of(numbers, is_missing), names, safe=False)
