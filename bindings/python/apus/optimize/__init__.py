"""Minimisation and roots, with SciPy's names and signatures.

``minimize`` takes SciPy's gradient methods ("CG", "BFGS", "L-BFGS-B", ...) and the update rules of networks ("SGD",
"Adam", ...); ``line_search`` finds a step that meets the strong Wolfe conditions.
"""

from ._line_search import line_search
from ._minimize import minimize
from ._result import OptimizeResult

__all__ = ["OptimizeResult", "line_search", "minimize"]
