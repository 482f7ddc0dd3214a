"""The largest error of each activation in units of the last place, over every n-th float32 number from -inf to inf.

python benchmarks/activation_accuracy.py [step]   (default 97; needs scipy). Against formulas in float64 that keep their
accuracy in the tails; a result below the normal range counts in units of the smallest denormal.
"""

import sys

import numpy
from scipy import special

from apus import activations


def softplus(x):
    return numpy.maximum(x, 0) + numpy.log1p(numpy.exp(-numpy.abs(x)))


def tanh_softplus(x):
    """tanh(ln(1 + e)) = (e^2 + 2 e) / (e^2 + 2 e + 2), by exp(-x) for large x."""
    e = numpy.exp(-numpy.abs(x))
    return numpy.where(x < 0, e * (e + 2) / (e * (e + 2) + 2), (1 + 2 * e) / (1 + 2 * e + 2 * e * e))


def gelu_tanh(x):
    u = numpy.sqrt(2 / numpy.pi) * (x + 0.044715 * x**3)
    return x * special.expit(2 * u)


LAMBDA, ALPHA = 1.0507009873554805, 1.6732632423543772
REFERENCES = {
    "elu": lambda x: numpy.where(x > 0, x, numpy.expm1(numpy.minimum(x, 0))),
    "selu": lambda x: LAMBDA * numpy.where(x > 0, x, ALPHA * numpy.expm1(numpy.minimum(x, 0))),
    "celu": lambda x: numpy.where(x > 0, x, numpy.expm1(numpy.minimum(x, 0))),
    "gelu": lambda x: x * special.ndtr(x),
    "gelu, approximate": gelu_tanh,
    "sigmoid": special.expit,
    "log_sigmoid": lambda x: -softplus(-x),
    "tanh": numpy.tanh,
    "softplus": softplus,
    "softsign": lambda x: x / (1 + numpy.abs(x)),
    "silu": lambda x: x * special.expit(x),
    "hard_sigmoid": lambda x: numpy.clip(x / 6 + 0.5, 0, 1),
    "hard_silu": lambda x: x * numpy.clip(x / 6 + 0.5, 0, 1),
    "mish": lambda x: x * tanh_softplus(x),
    "exponential": numpy.exp,
}


def ulps(got, wanted):
    """The difference in units of the last place of the wanted value, as float32 has them."""
    with numpy.errstate(all="ignore"):
        rounded = wanted.astype(numpy.float32)
        unit = numpy.spacing(numpy.abs(rounded)).astype(numpy.float64)
        error = numpy.abs(got.astype(numpy.float64) - wanted) / unit
    same = (got == rounded) | (numpy.isnan(got) & numpy.isnan(wanted))
    return numpy.where(same, numpy.minimum(numpy.nan_to_num(error, nan=0, posinf=0), 0.5), error)


def main():
    step = int(sys.argv[1]) if len(sys.argv) > 1 else 97
    worst = {name: (0.0, 0.0) for name in REFERENCES}
    block = step * (1 << 21)
    for start in range(0, 1 << 32, block):
        bits = numpy.arange(start, min(start + block, 1 << 32), step, dtype=numpy.uint64).astype(numpy.uint32)
        x = bits.view(numpy.float32)
        with numpy.errstate(all="ignore"):
            wide = x.astype(numpy.float64)
            for name, reference in REFERENCES.items():
                function = getattr(activations, name.split(",")[0])
                got = function(x, approximate=True) if "approximate" in name else function(x)
                wanted = reference(wide)
                # -inf times 0 is NaN in the formulas; the limit is 0.
                wanted = numpy.where(numpy.isneginf(wide) & numpy.isnan(wanted), 0.0, wanted)
                error = ulps(got, wanted)
                at = int(numpy.argmax(numpy.where(numpy.isnan(error), numpy.inf, error)))
                if not error[at] <= worst[name][0]:
                    worst[name] = (float(error[at]), float(x[at]))
    for name, (error, x) in worst.items():
        print(f"{name:20} {error:6.2f}  at {x!r}")


if __name__ == "__main__":
    main()
