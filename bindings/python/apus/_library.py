"""Finds and loads libapus.so, and declares every function of ``include/apus.h`` to ctypes."""

import ctypes
import os
from ctypes import POINTER, c_char_p, c_double, c_int32, c_int64, c_size_t, c_uint64, c_void_p

from ._structures import *  # noqa: F401,F403
from ._structures import (
    Array,
    AugmentOptions,
    BATCH,
    BatchForm,
    ContextOptions,
    FitOptions,
    ITERATION_CALLBACK,
    IntegralResult,
    LoadLimits,
    Minimum,
    Moments,
    POINT_FUNCTION,
    Problem,
    READ,
    Root,
    SCALAR_FUNCTION,
    VECTOR_FUNCTION,
    WRITE,
)

REQUIRED = (1, 1)
"""The major version this package is written for, and the least minor version it needs."""

_HANDLE = c_void_p
_OUT = POINTER(c_void_p)
_ARRAY = POINTER(Array)
_FIT = POINTER(FitOptions)
_LIMITS = POINTER(LoadLimits)
_NODES = POINTER(c_int32)
_DOUBLES = POINTER(c_double)
_INTEGRAL = POINTER(IntegralResult)
_WHOLE = POINTER(c_int64)
_TEXT_OUT = (c_void_p, c_size_t, POINTER(c_size_t))

# name: what it returns, then its arguments. "status" is int32.
_STATUS = c_int32
PROTOTYPES = {
    # Context
    "apus_context_create": (_STATUS, POINTER(ContextOptions), _OUT),
    "apus_context_free": (None, _HANDLE),
    "apus_last_error": (c_char_p, _HANDLE),
    "apus_status_text": (c_char_p, _STATUS),
    "apus_interrupt": (None, _HANDLE),
    "apus_version": (c_char_p,),
    "apus_build_info": (_STATUS, _HANDLE, *_TEXT_OUT),
    "apus_catalog": (_STATUS, _HANDLE, *_TEXT_OUT),
    "apus_set_seed": (_STATUS, _HANDLE, c_uint64),
    # Random arrays
    "apus_random_uniform": (_STATUS, _HANDLE, c_double, c_double, _ARRAY),
    "apus_random_normal": (_STATUS, _HANDLE, c_double, c_double, _ARRAY),
    "apus_random_integers": (_STATUS, _HANDLE, c_int64, c_int64, _ARRAY),
    "apus_random_permutation": (_STATUS, _HANDLE, _ARRAY),
    # Estimators
    "apus_fit": (_STATUS, _HANDLE, c_char_p, c_char_p, _ARRAY, _ARRAY, _FIT, _OUT),
    "apus_model_free": (None, _HANDLE),
    "apus_model_output_shape": (_STATUS, _HANDLE, _HANDLE, c_int32, _ARRAY, _ARRAY),
    "apus_predict": (_STATUS, _HANDLE, _HANDLE, c_int32, _ARRAY, _ARRAY),
    "apus_model_attribute": (_STATUS, _HANDLE, _HANDLE, c_char_p, _ARRAY),
    "apus_model_info": (_STATUS, _HANDLE, _HANDLE, *_TEXT_OUT),
    # Files
    "apus_model_save": (_STATUS, _HANDLE, _HANDLE, c_char_p, c_char_p),
    "apus_model_load": (_STATUS, _HANDLE, c_char_p, _LIMITS, _OUT),
    "apus_model_save_memory": (_STATUS, _HANDLE, _HANDLE, c_char_p, *_TEXT_OUT),
    "apus_model_load_memory": (_STATUS, _HANDLE, c_void_p, c_size_t, _LIMITS, _OUT),
    "apus_model_save_stream": (_STATUS, _HANDLE, _HANDLE, c_char_p, WRITE, c_void_p),
    "apus_model_load_stream": (_STATUS, _HANDLE, READ, c_void_p, _LIMITS, _OUT),
    "apus_model_save_weights": (_STATUS, _HANDLE, _HANDLE, c_char_p, c_char_p),
    "apus_model_load_weights": (
        _STATUS, _HANDLE, _HANDLE, c_char_p, c_char_p, _LIMITS, POINTER(c_int64), *_TEXT_OUT
    ),
    # Networks
    "apus_network_create": (_STATUS, _HANDLE, c_char_p, _OUT),
    "apus_network_free": (None, _HANDLE),
    "apus_network_add": (_STATUS, _HANDLE, _HANDLE, c_char_p, c_char_p, _NODES, c_int32, _NODES),
    "apus_network_call": (_STATUS, _HANDLE, _HANDLE, c_int32, _NODES, c_int32, _NODES),
    "apus_network_add_model": (_STATUS, _HANDLE, _HANDLE, _HANDLE, c_char_p, _NODES, c_int32, _NODES),
    "apus_network_node_shape": (_STATUS, _HANDLE, _HANDLE, c_int32, _NODES, _ARRAY),
    "apus_network_build": (_STATUS, _HANDLE, _HANDLE, _NODES, c_int32, _OUT),
    "apus_network_ensemble": (_STATUS, _HANDLE, POINTER(c_void_p), c_int32, c_char_p, _OUT),
    "apus_model_to_json": (_STATUS, _HANDLE, _HANDLE, *_TEXT_OUT),
    "apus_network_from_json": (_STATUS, _HANDLE, c_char_p, _OUT),
    "apus_model_set_weight": (_STATUS, _HANDLE, _HANDLE, c_char_p, _ARRAY),
    # Training
    "apus_dataset_create": (_STATUS, _HANDLE, _ARRAY, c_int32, _ARRAY, c_int32, _ARRAY, _OUT),
    "apus_dataset_free": (None, _HANDLE),
    "apus_dataset_set_sample_weights": (_STATUS, _HANDLE, _HANDLE, _ARRAY, c_int32),
    "apus_dataset_open_hdf5": (_STATUS, _HANDLE, c_char_p, c_char_p, _OUT),
    "apus_dataset_from_callback": (_STATUS, _HANDLE, POINTER(BatchForm), BATCH, c_void_p, _OUT),
    "apus_dataset_info": (_STATUS, _HANDLE, _HANDLE, *_TEXT_OUT),
    "apus_predict_dataset": (_STATUS, _HANDLE, _HANDLE, _HANDLE, c_int64, _ARRAY, c_int32),
    # Activations and metrics
    "apus_activation": (_STATUS, _HANDLE, c_char_p, _ARRAY, _ARRAY),
    "apus_metric_create": (_STATUS, _HANDLE, c_char_p, _OUT),
    "apus_metric_free": (None, _HANDLE),
    "apus_metric_update": (_STATUS, _HANDLE, _HANDLE, _ARRAY, _ARRAY, _ARRAY),
    "apus_metric_result": (_STATUS, _HANDLE, _HANDLE, _ARRAY),
    "apus_metric_reset": (_STATUS, _HANDLE, _HANDLE),
    "apus_trainer_create": (_STATUS, _HANDLE, _HANDLE, c_char_p, _OUT),
    "apus_trainer_free": (None, _HANDLE),
    "apus_trainer_fit": (_STATUS, _HANDLE, _HANDLE, _HANDLE, _HANDLE, _FIT),
    "apus_trainer_evaluate": (_STATUS, _HANDLE, _HANDLE, _HANDLE, c_int64, _DOUBLES, c_int32),
    "apus_trainer_metric_names": (_STATUS, _HANDLE, _HANDLE, *_TEXT_OUT),
    "apus_trainer_history": (_STATUS, _HANDLE, _HANDLE, *_TEXT_OUT),
    "apus_trainer_step": (_STATUS, _HANDLE, _HANDLE, _ARRAY, c_int32, _ARRAY, c_int32, _ARRAY, _DOUBLES),
    "apus_trainer_train_on_batch": (_STATUS, _HANDLE, _HANDLE, _HANDLE, _ARRAY, _DOUBLES, c_int32),
    "apus_trainer_forward": (_STATUS, _HANDLE, _HANDLE, _ARRAY, c_int32, c_int32, _ARRAY, c_int32),
    "apus_trainer_loss": (_STATUS, _HANDLE, _HANDLE, _ARRAY, c_int32, _ARRAY, _DOUBLES),
    "apus_trainer_backward": (_STATUS, _HANDLE, _HANDLE, _ARRAY, c_int32, _ARRAY, c_int32),
    "apus_trainer_apply": (_STATUS, _HANDLE, _HANDLE, c_double),
    "apus_trainer_zero_gradients": (_STATUS, _HANDLE, _HANDLE),
    "apus_trainer_weight": (_STATUS, _HANDLE, _HANDLE, c_char_p, _ARRAY),
    "apus_trainer_gradient": (_STATUS, _HANDLE, _HANDLE, c_char_p, _ARRAY),
    "apus_trainer_layer_output": (_STATUS, _HANDLE, _HANDLE, c_char_p, c_int32, c_int32, _ARRAY),
    "apus_trainer_set_learning_rate": (_STATUS, _HANDLE, _HANDLE, c_double),
    "apus_trainer_publish": (_STATUS, _HANDLE, _HANDLE),
    "apus_trainer_refresh": (_STATUS, _HANDLE, _HANDLE),
    "apus_trainer_reset_states": (_STATUS, _HANDLE, _HANDLE),
    "apus_trainer_set_weight": (_STATUS, _HANDLE, _HANDLE, c_char_p, _ARRAY),
    "apus_trainer_save": (_STATUS, _HANDLE, _HANDLE, c_char_p),
    "apus_trainer_load": (_STATUS, _HANDLE, c_char_p, _LIMITS, _OUT, _OUT),
    # Augmentation
    "apus_augmenter_create": (_STATUS, _HANDLE, c_char_p, _OUT),
    "apus_augmenter_free": (None, _HANDLE),
    "apus_augmenter_fit": (_STATUS, _HANDLE, _HANDLE, _ARRAY),
    "apus_augmenter_config": (_STATUS, _HANDLE, _HANDLE, *_TEXT_OUT),
    "apus_augmenter_output_shape": (_STATUS, _HANDLE, _HANDLE, _ARRAY, _ARRAY),
    "apus_augment": (_STATUS, _HANDLE, _HANDLE, _ARRAY, _ARRAY, POINTER(AugmentOptions), _ARRAY, _ARRAY),
    "apus_dataset_set_augmentation": (_STATUS, _HANDLE, _HANDLE, _HANDLE, c_int32),
    "apus_text_augmenter_create": (_STATUS, _HANDLE, c_char_p, _OUT),
    "apus_text_augmenter_free": (None, _HANDLE),
    "apus_text_augmenter_set_synonyms": (_STATUS, _HANDLE, _HANDLE, _ARRAY, _ARRAY),
    "apus_text_augmenter_set_embeddings": (_STATUS, _HANDLE, _HANDLE, _ARRAY),
    "apus_augment_tokens": (
        _STATUS, _HANDLE, _HANDLE, _ARRAY, _ARRAY, c_int64, POINTER(AugmentOptions), _ARRAY, _ARRAY
    ),
    # Sessions
    "apus_session_create": (_STATUS, _HANDLE, _HANDLE, c_int64, _OUT),
    "apus_session_free": (None, _HANDLE),
    "apus_session_run": (_STATUS, _HANDLE, _HANDLE, _ARRAY, c_int32, _ARRAY, c_int32),
    "apus_session_reset_states": (_STATUS, _HANDLE, _HANDLE),
    # Calculus
    "apus_derivative": (
        *(_STATUS, _HANDLE, SCALAR_FUNCTION, c_void_p, c_double, c_char_p),
        *(_DOUBLES, _DOUBLES, POINTER(c_int64)),
    ),
    "apus_gradient": (_STATUS, _HANDLE, POINT_FUNCTION, c_void_p, _DOUBLES, c_int64, c_char_p, _DOUBLES, _DOUBLES),
    "apus_directional_derivative": (
        *(_STATUS, _HANDLE, POINT_FUNCTION, c_void_p, _DOUBLES, c_int64, _DOUBLES, c_char_p),
        *(_DOUBLES, _DOUBLES),
    ),
    "apus_jacobian": (
        *(_STATUS, _HANDLE, VECTOR_FUNCTION, c_void_p, _DOUBLES, c_int64, c_int64, c_char_p),
        *(_DOUBLES, _DOUBLES),
    ),
    "apus_hessian": (_STATUS, _HANDLE, POINT_FUNCTION, c_void_p, _DOUBLES, c_int64, c_char_p, _DOUBLES, _DOUBLES),
    "apus_integrate": (_STATUS, _HANDLE, SCALAR_FUNCTION, c_void_p, c_double, c_double, c_char_p, _INTEGRAL),
    "apus_integrate_box": (
        *(_STATUS, _HANDLE, POINT_FUNCTION, c_void_p, _DOUBLES, _DOUBLES, c_int64, c_char_p),
        _INTEGRAL,
    ),
    "apus_integrate_samples": (_STATUS, _HANDLE, c_char_p, _ARRAY, _ARRAY, c_double, c_int32, _ARRAY),
    "apus_cumulative_integral": (_STATUS, _HANDLE, _ARRAY, _ARRAY, c_double, c_int32, _ARRAY),
    "apus_expected_value": (
        *(_STATUS, _HANDLE, SCALAR_FUNCTION, c_void_p, c_double, c_double, SCALAR_FUNCTION, c_void_p, c_char_p),
        _INTEGRAL,
    ),
    "apus_variance_of_density": (_STATUS, _HANDLE, SCALAR_FUNCTION, c_void_p, c_double, c_double, c_char_p, _INTEGRAL),
    "apus_probability": (
        *(_STATUS, _HANDLE, SCALAR_FUNCTION, c_void_p, c_double, c_double, c_double, c_double, c_char_p),
        _INTEGRAL,
    ),
    "apus_expression_create": (_STATUS, _HANDLE, _OUT),
    "apus_expression_free": (None, _HANDLE),
    "apus_expression_variable": (_STATUS, _HANDLE, _HANDLE, c_char_p, POINTER(c_int64), c_int32, _NODES),
    "apus_expression_constant": (_STATUS, _HANDLE, _HANDLE, _ARRAY, _NODES),
    "apus_expression_apply": (_STATUS, _HANDLE, _HANDLE, c_char_p, _NODES, c_int32, c_char_p, _NODES),
    "apus_expression_parse": (_STATUS, _HANDLE, _HANDLE, c_char_p, _NODES),
    "apus_expression_shape": (_STATUS, _HANDLE, _HANDLE, c_int32, _ARRAY),
    "apus_expression_evaluate": (_STATUS, _HANDLE, _HANDLE, c_int32, _ARRAY, c_int32, _ARRAY),
    "apus_expression_gradient": (
        *(_STATUS, _HANDLE, _HANDLE, c_int32, _ARRAY, c_int32, _ARRAY, _ARRAY, _ARRAY, c_int32),
    ),
    "apus_expression_hessian_product": (
        *(_STATUS, _HANDLE, _HANDLE, c_int32, _ARRAY, c_int32, _ARRAY, _ARRAY, c_int32),
    ),
    "apus_expression_text": (_STATUS, _HANDLE, _HANDLE, c_int32, *_TEXT_OUT),
    "apus_discrete_moments": (_STATUS, _HANDLE, _DOUBLES, _DOUBLES, c_int64, _DOUBLES, _DOUBLES, _DOUBLES),
    # Linear algebra
    "apus_solve": (_STATUS, _HANDLE, _ARRAY, _ARRAY, c_char_p, _ARRAY, _DOUBLES),
    "apus_inverse": (_STATUS, _HANDLE, _ARRAY, _ARRAY),
    "apus_pseudo_inverse": (_STATUS, _HANDLE, _ARRAY, c_double, _ARRAY, _WHOLE),
    "apus_least_squares": (_STATUS, _HANDLE, _ARRAY, _ARRAY, c_double, _ARRAY, _ARRAY, _WHOLE, _ARRAY),
    "apus_determinant": (_STATUS, _HANDLE, _ARRAY, _DOUBLES),
    "apus_log_determinant": (_STATUS, _HANDLE, _ARRAY, _DOUBLES, _DOUBLES),
    "apus_trace": (_STATUS, _HANDLE, _ARRAY, _DOUBLES),
    "apus_matrix_rank": (_STATUS, _HANDLE, _ARRAY, c_double, _WHOLE),
    "apus_condition_number": (_STATUS, _HANDLE, _ARRAY, c_char_p, _DOUBLES),
    "apus_matrix_norm": (_STATUS, _HANDLE, _ARRAY, c_char_p, _DOUBLES),
    "apus_cholesky": (_STATUS, _HANDLE, _ARRAY, c_int32, _ARRAY),
    "apus_lu": (_STATUS, _HANDLE, _ARRAY, _ARRAY, _ARRAY, _ARRAY),
    "apus_qr": (_STATUS, _HANDLE, _ARRAY, _ARRAY, _ARRAY, _ARRAY),
    "apus_svd": (_STATUS, _HANDLE, _ARRAY, _ARRAY, _ARRAY, _ARRAY),
    "apus_eigh": (_STATUS, _HANDLE, _ARRAY, _ARRAY, _ARRAY),
    "apus_eig": (_STATUS, _HANDLE, _ARRAY, _ARRAY, _ARRAY, _ARRAY, _ARRAY),
    "apus_matrix_power": (_STATUS, _HANDLE, _ARRAY, c_int64, _ARRAY),
    "apus_matrix_exponential": (_STATUS, _HANDLE, _ARRAY, _ARRAY),
    # Statistics
    "apus_statistic": (_STATUS, _HANDLE, c_char_p, c_char_p, _ARRAY, _ARRAY, _NODES, c_int32, _ARRAY),
    "apus_quantile": (_STATUS, _HANDLE, _ARRAY, _DOUBLES, c_int64, c_char_p, c_int32, _ARRAY),
    "apus_covariance": (_STATUS, _HANDLE, _ARRAY, c_int32, _ARRAY, _ARRAY),
    "apus_correlation": (_STATUS, _HANDLE, _ARRAY, c_char_p, _ARRAY),
    "apus_ranks": (_STATUS, _HANDLE, _ARRAY, c_char_p, c_int32, _ARRAY),
    "apus_histogram": (_STATUS, _HANDLE, _ARRAY, _ARRAY, c_double, c_double, c_int32, c_int32, _ARRAY, _ARRAY),
    "apus_histogram_bins": (_STATUS, _HANDLE, _ARRAY, c_char_p, POINTER(c_int64)),
    "apus_moments_add": (_STATUS, _HANDLE, POINTER(Moments), _ARRAY, _ARRAY),
    "apus_moments_merge": (_STATUS, _HANDLE, POINTER(Moments), POINTER(Moments)),
    "apus_moments_statistic": (_STATUS, _HANDLE, POINTER(Moments), c_char_p, c_int32, _DOUBLES),
    "apus_distribution": (_STATUS, _HANDLE, c_char_p, c_char_p, c_char_p, _ARRAY, _ARRAY),
    "apus_distribution_moments": (_STATUS, _HANDLE, c_char_p, c_char_p, _DOUBLES, _DOUBLES, _DOUBLES, _DOUBLES),
    "apus_random_distribution": (_STATUS, _HANDLE, c_char_p, c_char_p, _ARRAY),
    "apus_random_choice": (_STATUS, _HANDLE, c_int64, c_int32, _ARRAY, _ARRAY),
    # Minimisation
    "apus_minimize": (
        *(_STATUS, _HANDLE, c_char_p, c_char_p, POINTER(Problem), c_void_p),
        *(ITERATION_CALLBACK, c_void_p, POINTER(Minimum)),
    ),
    "apus_trainer_minimize": (
        *(_STATUS, _HANDLE, _HANDLE, _HANDLE, c_char_p, c_char_p),
        *(ITERATION_CALLBACK, c_void_p, POINTER(Minimum)),
    ),
    "apus_line_search": (
        *(_STATUS, _HANDLE, c_char_p, POINTER(Problem), c_void_p, c_void_p, POINTER(c_double)),
        POINTER(Minimum),
    ),
    # Roots and minima of one variable
    "apus_minimize_scalar": (
        *(_STATUS, _HANDLE, c_char_p, c_char_p, SCALAR_FUNCTION, c_void_p, c_double, c_double),
        *(POINTER(c_double), POINTER(Minimum)),
    ),
    "apus_find_root": (
        *(_STATUS, _HANDLE, c_char_p, c_char_p, SCALAR_FUNCTION, SCALAR_FUNCTION, c_void_p, c_double, c_double),
        POINTER(Root),
    ),
    # Array arithmetic: elementwise
    "apus_elementwise": (_STATUS, _HANDLE, c_char_p, _ARRAY, _ARRAY, _ARRAY),
    "apus_elementwise_scalar": (_STATUS, _HANDLE, c_char_p, _ARRAY, c_double, _ARRAY),
    "apus_where": (_STATUS, _HANDLE, _ARRAY, _ARRAY, _ARRAY, _ARRAY),
    "apus_copy": (_STATUS, _HANDLE, _ARRAY, _ARRAY),
    "apus_view_transpose": (_STATUS, _HANDLE, _ARRAY, _ARRAY),
    "apus_view_permute": (_STATUS, _HANDLE, _ARRAY, _NODES, c_int32, _ARRAY),
    "apus_view_reshape": (_STATUS, _HANDLE, _ARRAY, POINTER(c_int64), c_int32, _ARRAY),
    "apus_view_slice": (_STATUS, _HANDLE, _ARRAY, c_int32, c_int64, c_int64, c_int64, _ARRAY),
    "apus_view_broadcast": (_STATUS, _HANDLE, _ARRAY, POINTER(c_int64), c_int32, _ARRAY),
    "apus_concatenate": (_STATUS, _HANDLE, _ARRAY, c_int32, c_int32, _ARRAY),
    "apus_take": (_STATUS, _HANDLE, _ARRAY, _ARRAY, c_int32, _ARRAY),
    # Array arithmetic: products, reductions, sorting, grids
    "apus_matmul": (_STATUS, _HANDLE, _ARRAY, _ARRAY, c_int32, _ARRAY),
    "apus_dot": (_STATUS, _HANDLE, _ARRAY, _ARRAY, _DOUBLES),
    "apus_outer": (_STATUS, _HANDLE, _ARRAY, _ARRAY, _ARRAY),
    "apus_cross": (_STATUS, _HANDLE, _ARRAY, _ARRAY, _ARRAY),
    "apus_reduce": (_STATUS, _HANDLE, c_char_p, _ARRAY, _NODES, c_int32, _ARRAY),
    "apus_reduce_all": (_STATUS, _HANDLE, c_char_p, _ARRAY, _DOUBLES),
    "apus_cumulative": (_STATUS, _HANDLE, c_char_p, _ARRAY, c_int32, _ARRAY),
    "apus_sort": (_STATUS, _HANDLE, _ARRAY, c_int32, c_int32, _ARRAY),
    "apus_argsort": (_STATUS, _HANDLE, _ARRAY, c_int32, c_int32, _ARRAY),
    "apus_unique": (_STATUS, _HANDLE, _ARRAY, _ARRAY, _ARRAY, _ARRAY, _ARRAY, POINTER(c_int64)),
    "apus_searchsorted": (_STATUS, _HANDLE, _ARRAY, _ARRAY, c_int32, _ARRAY),
    "apus_unit_vectors": (_STATUS, _HANDLE, _ARRAY, c_int32, _ARRAY),
    "apus_evaluate_grid": (_STATUS, _HANDLE, VECTOR_FUNCTION, c_void_p, _ARRAY, c_int32, c_int64, _ARRAY),
}


def candidates():
    """Where the library may be, in the order of trying. ``APUS_LIBRARY`` alone decides when it is set."""
    named = os.environ.get("APUS_LIBRARY")
    if named:
        return [named]
    package = os.path.dirname(os.path.abspath(__file__))
    places = [os.path.join(package, name) for name in ("libapus.so.1", "libapus.so")]
    checkout = os.path.dirname(os.path.dirname(os.path.dirname(package)))
    if os.path.exists(os.path.join(checkout, "include", "apus.h")):
        places.append(os.path.join(checkout, ".build", "release", "libapus.so"))
    found = [place for place in places if os.path.exists(place)]
    return found + ["libapus.so.1", "libapus.so"]


def check_version(text, where):
    """Raises ImportError unless a library of version ``text`` fits this package."""
    try:
        major, minor = (int(part) for part in text.split(".")[:2])
    except ValueError:
        raise ImportError(f"{where} says that its version is {text!r}, which is not a version number") from None
    if major != REQUIRED[0] or minor < REQUIRED[1]:
        raise ImportError(
            f"this apus package needs libapus {REQUIRED[0]}.{REQUIRED[1]} or a later {REQUIRED[0]}.x, "
            f"but {where} is version {text}"
        )


def load():
    """Loads the library and returns it with every prototype declared."""
    failures = []
    for place in candidates():
        try:
            library = ctypes.CDLL(place)
        except OSError as error:
            failures.append(f"  {place}: {error}")
            continue
        try:
            version = library.apus_version
        except AttributeError:
            raise ImportError(f"{place} is not libapus: it has no apus_version") from None
        version.restype = c_char_p
        check_version(version().decode(), place)
        declare(library, place)
        return library
    raise ImportError(
        "libapus.so was not found. Build it (swift build -c release), install it, or name it in the environment "
        "variable APUS_LIBRARY. Tried:\n" + "\n".join(failures)
    )


def declare(library, where):
    """Tells ctypes what each function takes and returns."""
    for name, (result, *arguments) in PROTOTYPES.items():
        try:
            function = getattr(library, name)
        except AttributeError:
            raise ImportError(f"{where} lacks {name}, which its version promises") from None
        function.restype = result
        function.argtypes = arguments


lib = load()
"""The loaded library."""
