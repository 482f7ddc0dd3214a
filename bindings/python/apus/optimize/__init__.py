"""Minimisation and roots, with SciPy's names and signatures.

``minimize`` takes SciPy's gradient methods ("CG", "BFGS", "L-BFGS-B", ...) and the update rules of networks ("SGD",
"Adam", ...); ``line_search`` finds a step that meets the strong Wolfe conditions. ``minimize_scalar`` (with ``brent``,
``golden`` and ``fminbound``) minimises functions of one number, and ``root_scalar`` (with ``brentq``, ``bisect`` and
``newton``) finds their roots.
"""

from ._line_search import line_search
from ._minimize import minimize
from ._result import OptimizeResult
from ._roots import RootResults, bisect, brentq, newton, root_scalar
from ._scalar import brent, fminbound, golden, minimize_scalar

__all__ = [
    "OptimizeResult",
    "RootResults",
    "bisect",
    "brent",
    "brentq",
    "fminbound",
    "golden",
    "line_search",
    "minimize",
    "minimize_scalar",
    "newton",
    "root_scalar",
]
