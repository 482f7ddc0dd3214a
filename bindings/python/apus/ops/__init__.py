"""Operations on arrays, under NumPy's names.

Arrays of float32 are computed in float32, everything else in float64; the docs (``docs/arrays.md``) say how accurate
each function is. Results do not depend on the number of threads.

>>> from apus import ops
>>> ops.add([1.0, 2.0], 10)
array([11., 12.])
"""

from ._elementwise import *  # noqa: F401,F403
from ._elementwise import __all__ as _elementwise_names
from ._products import *  # noqa: F401,F403
from ._products import __all__ as _product_names
from ._reductions import *  # noqa: F401,F403
from ._reductions import __all__ as _reduction_names

__all__ = [*_elementwise_names, *_product_names, *_reduction_names]
