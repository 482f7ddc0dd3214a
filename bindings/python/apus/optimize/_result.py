"""The result of an optimisation: a dictionary with attributes, as SciPy's."""


class OptimizeResult(dict):
    """What an optimisation found; every entry is an attribute as well.

    Attributes
    ----------
    x : ndarray
        The best point.
    fun : float
        The value there.
    jac : ndarray
        The gradient there, for methods that use gradients.
    hess_inv : ndarray
        The inverse Hessian approximation, for methods that have one.
    success : bool
        Whether the tolerance of the method was met.
    status : int
        Why it ended: 0 converged, 1 iterations, 2 evaluations, 3 precision, 4 a callback asked, 5 unbounded,
        6 not finite.
    message : str
    nit, nfev, njev, nhev : int
        Iterations, and evaluations of the function, its gradient and its Hessian.
    """

    def __getattr__(self, name):
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None

    __setattr__ = dict.__setitem__
    __delattr__ = dict.__delitem__

    def __dir__(self):
        return list(self)

    def __repr__(self):
        if not self:
            return "OptimizeResult()"
        width = max(map(len, self))
        return "\n".join(f"{name:>{width}}: {value!r}" for name, value in self.items())
