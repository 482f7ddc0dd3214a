"""The constants, callback types and structures of ``include/apus.h``, as ctypes has them."""

import ctypes
from ctypes import CFUNCTYPE, POINTER, c_char, c_char_p, c_double, c_int32, c_int64, c_size_t, c_uint32, c_uint64, c_void_p

FLOAT32, FLOAT64, INT32, INT64, UINT8, BOOL = 1, 2, 3, 4, 5, 6
STRIDED = 1
MAX_DIMENSIONS = 8
PREDICT, PROBABILITIES, DECISION, INVERSE_TRANSFORM = 0, 1, 2, 3
PROGRESS_ITERATION, PROGRESS_BATCH, PROGRESS_EPOCH = 1, 2, 3
BATCH_EPOCH, BATCH_FILL = 1, 2
LOG_WARNING = 1

ALLOCATE = CFUNCTYPE(c_void_p, c_void_p, c_size_t, c_size_t)
DEALLOCATE = CFUNCTYPE(None, c_void_p, c_void_p, c_size_t, c_size_t)
LOG = CFUNCTYPE(None, c_void_p, c_int32, c_char_p)
# The address alone: making a pointer object for each batch of a training run would cost more than the call.
PROGRESS = CFUNCTYPE(c_int32, c_void_p, c_void_p)
BATCH = CFUNCTYPE(c_int64, c_void_p, c_void_p)
WRITE = CFUNCTYPE(c_int32, c_void_p, c_void_p, c_size_t)
READ = CFUNCTYPE(c_int64, c_void_p, c_void_p, c_size_t)
SCALAR_FUNCTION = CFUNCTYPE(c_int32, c_void_p, c_double, POINTER(c_double))
POINT_FUNCTION = CFUNCTYPE(c_int32, c_void_p, POINTER(c_double), c_int64, POINTER(c_double), POINTER(c_double))
VECTOR_FUNCTION = CFUNCTYPE(c_int32, c_void_p, POINTER(c_double), c_int64, POINTER(c_double), c_int64)


class Structure(ctypes.Structure):
    """A structure of the header. ``struct_size`` is filled in; the other fields are 0 unless named."""

    def __init__(self, **fields):
        super().__init__(struct_size=ctypes.sizeof(type(self)), **fields)


class Allocator(Structure):
    _fields_ = [
        ("struct_size", c_uint32),
        ("reserved", c_uint32),
        ("user", c_void_p),
        ("allocate", ALLOCATE),
        ("deallocate", DEALLOCATE),
    ]


class ContextOptions(Structure):
    _fields_ = [
        ("struct_size", c_uint32),
        ("threads", c_int32),
        ("seed", c_uint64),
        ("memory_limit", c_uint64),
        ("allocator", POINTER(Allocator)),
        ("log", LOG),
        ("log_user", c_void_p),
        ("instruction_set", c_int32),
        ("reserved", c_int32),
    ]


class Array(ctypes.Structure):
    _fields_ = [
        ("struct_size", c_uint32),
        ("dtype", c_int32),
        ("ndim", c_int32),
        ("flags", c_uint32),
        ("data", c_void_p),
        ("shape", c_int64 * MAX_DIMENSIONS),
        ("strides", c_int64 * MAX_DIMENSIONS),
    ]


class AugmentOptions(Structure):
    _fields_ = [
        ("struct_size", c_uint32),
        ("seeded", c_int32),
        ("seed", c_uint64),
        ("epoch", c_uint64),
        ("first", c_int64),
        ("rows", POINTER(Array)),
    ]


class Progress(Structure):
    _fields_ = [
        ("struct_size", c_uint32),
        ("stage", c_int32),
        ("epoch", c_int64),
        ("epochs", c_int64),
        ("batch", c_int64),
        ("batches", c_int64),
        ("samples", c_int64),
        ("seconds", c_double),
        ("samples_per_second", c_double),
        ("loss", c_double),
        ("validation_loss", c_double),
        ("n_metrics", c_int32),
        ("has_validation", c_int32),
        ("metric_names", POINTER(c_char_p)),
        ("metrics", POINTER(c_double)),
        ("validation_metrics", POINTER(c_double)),
    ]


class FitOptions(Structure):
    _fields_ = [
        ("struct_size", c_uint32),
        ("reserved", c_int32),
        ("sample_weight", POINTER(Array)),
        ("progress", PROGRESS),
        ("progress_user", c_void_p),
        ("feature_names", POINTER(c_char_p)),
        ("epochs", c_int64),
        ("batch_size", c_int64),
        ("shuffle", c_int32),
        ("progress_every_batch", c_int32),
        ("validation_split", c_double),
        ("callbacks", c_char_p),
        ("class_weight", POINTER(Array)),
    ]


class LoadLimits(Structure):
    _fields_ = [
        ("struct_size", c_uint32),
        ("max_depth", c_int32),
        ("max_bytes", c_uint64),
        ("max_layers", c_uint64),
    ]


class IntegralResult(Structure):
    _fields_ = [
        ("struct_size", c_uint32),
        ("reserved", c_int32),
        ("value", c_double),
        ("error", c_double),
        ("evaluations", c_int64),
        ("subdivisions", c_int64),
    ]


class Moments(Structure):
    _fields_ = [
        ("struct_size", c_uint32),
        ("reserved", c_int32),
        ("count", c_int64),
        ("weight", c_double),
        ("mean", c_double),
        ("m2", c_double),
        ("m3", c_double),
        ("m4", c_double),
        ("minimum", c_double),
        ("maximum", c_double),
        ("mean_rest", c_double),
    ]


class BatchForm(Structure):
    _fields_ = [
        ("struct_size", c_uint32),
        ("n_inputs", c_int32),
        ("inputs", POINTER(Array)),
        ("targets", POINTER(Array)),
        ("sample_weights", POINTER(Array)),
        ("n_targets", c_int32),
        ("n_sample_weights", c_int32),
        ("rows", c_int64),
        ("batches", c_int64),
        ("any_rows", c_int32),
        ("reserved", c_int32),
    ]


class Batch(Structure):
    _fields_ = [
        ("struct_size", c_uint32),
        ("stage", c_int32),
        ("epoch", c_int64),
        ("batch", c_int64),
        ("row", c_int64),
        ("rows", c_int64),
        ("inputs", POINTER(Array)),
        ("targets", POINTER(Array)),
        ("sample_weights", POINTER(Array)),
        ("n_inputs", c_int32),
        ("n_targets", c_int32),
        ("n_sample_weights", c_int32),
        ("reserved", c_int32),
    ]


# Minimisation. Addresses alone, as in PROGRESS.
OBJECTIVE = CFUNCTYPE(c_int32, c_void_p, c_void_p, c_int64, POINTER(c_double), c_void_p)
HESSIAN = CFUNCTYPE(c_int32, c_void_p, c_void_p, c_int64, c_void_p)
HESSIAN_PRODUCT = CFUNCTYPE(c_int32, c_void_p, c_void_p, c_int64, c_void_p, c_void_p)
ITERATION_CALLBACK = CFUNCTYPE(c_int32, c_void_p, c_void_p)


class Problem(Structure):
    _fields_ = [
        ("struct_size", c_uint32),
        ("reserved", c_int32),
        ("n", c_int64),
        ("user", c_void_p),
        ("function", OBJECTIVE),
        ("hessian", HESSIAN),
        ("hessian_product", HESSIAN_PRODUCT),
        ("lower", c_void_p),
        ("upper", c_void_p),
    ]


class Iteration(Structure):
    _fields_ = [
        ("struct_size", c_uint32),
        ("reserved", c_int32),
        ("iteration", c_int64),
        ("n", c_int64),
        ("x", c_void_p),
        ("value", c_double),
        ("gradient_norm", c_double),
        ("step", c_double),
        ("function_evaluations", c_int64),
    ]


class Root(Structure):
    _fields_ = [
        ("struct_size", c_uint32),
        ("status", c_int32),
        ("root", c_double),
        ("value", c_double),
        ("iterations", c_int64),
        ("evaluations", c_int64),
        ("message", c_char * 160),
    ]


class Minimum(Structure):
    _fields_ = [
        ("struct_size", c_uint32),
        ("status", c_int32),
        ("value", c_double),
        ("gradient_norm", c_double),
        ("iterations", c_int64),
        ("function_evaluations", c_int64),
        ("gradient_evaluations", c_int64),
        ("hessian_evaluations", c_int64),
        ("gradient", c_void_p),
        ("inverse_hessian", c_void_p),
        ("message", c_char * 160),
    ]
