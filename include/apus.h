/* apus.h: machine learning for every program.
 *
 * This header is the contract and the manual. It is ordered as a course: the few calls that a first program
 * needs come first, the finer controls after them. What does not appear in this file is not API.
 *
 * Rules that hold for every function
 *
 *   Status    A fallible function returns apus_status: APUS_OK (0), or one of the APUS_E_ codes. It never prints,
 *             exits, aborts or raises. After an error every handle passed in is still usable, and outputs are
 *             untouched unless the function says otherwise.
 *   Context   Comes first. It keeps the text of the last error, the seed, the threads, the limits. One thread at a
 *             time may use a context: a second one gets APUS_E_BUSY and changes nothing. Any number of contexts may
 *             live at once. From inside a callback the running context is busy too: use another one there.
 *   Handles   Opaque. Each apus_x_free accepts NULL. A handle may outlive the context it was made with.
 *             One thread at a time may use a network under construction, a trainer or a session.
 *   Models    Never change once made, except through a trainer that publishes into them. Any number of threads may
 *             use one model at once, each with a context (and, for speed, a session) of its own.
 *   Arrays    Are views of the caller's memory, borrowed for the call unless a function says longer.
 *   Text      UTF-8, zero-terminated. Text out goes to a caller's buffer: the needed size, with the terminating
 *             zero, comes back in *needed; if capacity is smaller the status is APUS_E_BUFFER_TOO_SMALL and nothing
 *             is written. Passing buffer NULL and capacity 0 asks for the size alone and returns APUS_OK.
 *   Structs   Begin with struct_size and are initialised with their _INIT macro; zero in a field means its default.
 *   NULL      Is an error that names the argument, unless "may be NULL" is said.
 *   Fork      After fork() the child may go on with every handle that no other thread was using at that moment.
 *   Since     1.0, unless said otherwise.
 */
#ifndef APUS_H
#define APUS_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define APUS_VERSION_MAJOR 1
#define APUS_VERSION_MINOR 0
#define APUS_VERSION_PATCH 0
#define APUS_VERSION_STRING "1.0.0"

/* ------------------------------------------------------------------ 1. Status, context, version */

typedef int32_t apus_status;

#define APUS_OK 0
#define APUS_E_INVALID_ARGUMENT 1   /* NULL, an unknown name, a value out of range */
#define APUS_E_SHAPE 2              /* rank or extent of an array does not fit */
#define APUS_E_DTYPE 3              /* element type does not fit, or could not be held exactly */
#define APUS_E_BUFFER_TOO_SMALL 4   /* *needed says how much */
#define APUS_E_OUT_OF_MEMORY 5      /* the allocator returned NULL */
#define APUS_E_LIMIT 6              /* a limit of the context or of the load was reached */
#define APUS_E_IO 7                 /* the operating system refused: the message has its reason */
#define APUS_E_CORRUPT 8            /* a file is damaged or contradicts itself */
#define APUS_E_UNSUPPORTED 9        /* well-formed, but not something this version does */
#define APUS_E_NOT_CONVERGED 10     /* an iteration ran to its limit without a usable result */
#define APUS_E_INTERRUPTED 11       /* apus_interrupt, or a callback that returned a negative value */
#define APUS_E_NOT_FITTED 12        /* the model lacks what was asked for until it is trained */
#define APUS_E_INTERNAL 13          /* a defect of Apus: please report the message */
#define APUS_E_BUSY 14              /* the context (or session, or trainer) is in use by another thread or callback */

typedef struct apus_context apus_context;
typedef struct apus_model apus_model;
typedef struct apus_session apus_session;
typedef struct apus_network apus_network;
typedef struct apus_trainer apus_trainer;
typedef struct apus_dataset apus_dataset;

/* Memory for everything bulky: arrays, weights, arenas, file images. `allocate` returns memory aligned to
 * `alignment` (a power of two, at most 4096) or NULL; `deallocate` gets the same size and alignment back. Both may be
 * called from any thread that uses the context or an object made with it, and must stay valid as long as any of those
 * lives. */
typedef struct apus_allocator {
    uint32_t struct_size;
    uint32_t reserved;
    void *user;
    void *(*allocate)(void *user, size_t size, size_t alignment);
    void (*deallocate)(void *user, void *pointer, size_t size, size_t alignment);
} apus_allocator;
#define APUS_ALLOCATOR_INIT { sizeof(apus_allocator), 0, NULL, NULL, NULL }

#define APUS_LOG_WARNING 1
#define APUS_LOG_INFO 2

/* Receives warnings and notes; `message` is valid during the call. Called on the caller's thread. */
typedef void (*apus_log_callback)(void *user, int32_t level, const char *message);

#define APUS_ISA_AUTO 0     /* the best this processor has; environment APUS_ISA=baseline|v3|v4 lowers it */
#define APUS_ISA_BASELINE 1 /* x86-64-v2 (SSE4.2), or the baseline of the architecture */
#define APUS_ISA_V3 2       /* x86-64-v3 (AVX2, FMA) */
#define APUS_ISA_V4 3       /* x86-64-v4 (AVX-512) */

typedef struct apus_context_options {
    uint32_t struct_size;
    int32_t threads;                 /* 0: one per processor available to this process; at most 1024 */
    uint64_t seed;                   /* of every random decision; 0 is a seed like any other */
    uint64_t memory_limit;           /* bytes held at once through this context; 0: no limit */
    const apus_allocator *allocator; /* may be NULL: the C library's; copied */
    apus_log_callback log;           /* may be NULL: silence */
    void *log_user;
    int32_t instruction_set;         /* APUS_ISA_...; more than the processor has is APUS_E_UNSUPPORTED */
    int32_t reserved;
} apus_context_options;
#define APUS_CONTEXT_OPTIONS_INIT { sizeof(apus_context_options), 0, 0, 0, NULL, NULL, NULL, 0, 0 }

/* Makes a context. `options` may be NULL for the defaults. On failure *out is NULL, and since there is no context to
 * ask, apus_status_text says what the code means. Any thread. */
apus_status apus_context_create(const apus_context_options *options, apus_context **out);

/* Frees a context and stops its threads. Models, trainers, sessions and datasets made with it live on. */
void apus_context_free(apus_context *context);

/* The message of the last failed call on this context, "" after a successful one. Valid until the next call on this
 * context. For NULL: "". */
const char *apus_last_error(const apus_context *context);

/* A short English name of a status code, static text. */
const char *apus_status_text(apus_status status);

/* Asks the call running on this context to stop, or, when none is running, the next one. It returns
 * APUS_E_INTERRUPTED at its next check (a batch or an iteration away) and leaves everything as it was. One atomic
 * store: legal from any thread and from a signal handler. */
void apus_interrupt(apus_context *context);

/* The version of the library, "1.0.0", static text: compare with APUS_VERSION_STRING. */
const char *apus_version(void);

/* The build as a JSON object: version, instruction sets compiled and detected, the one in use by this context,
 * threads, OpenBLAS and HDF5 versions, Swift version. */
apus_status apus_build_info(apus_context *context, char *buffer, size_t capacity, size_t *needed);

/* Every model kind, layer, activation, initializer, loss, optimizer and metric with their parameters (name, type,
 * default, constraint, one line of doc), as one JSON object. */
apus_status apus_catalog(apus_context *context, char *buffer, size_t capacity, size_t *needed);

/* Changes the seed and starts its sequence anew. */
apus_status apus_set_seed(apus_context *context, uint64_t seed);

/* ------------------------------------------------------------------ 2. Arrays */

#define APUS_FLOAT32 1
#define APUS_FLOAT64 2
#define APUS_INT32 3
#define APUS_INT64 4
#define APUS_UINT8 5
#define APUS_BOOL 6 /* one byte, 0 or 1 */

#define APUS_ARRAY_STRIDED 1u /* flags: use `strides`; without it the array is dense, last index fastest */

#define APUS_MAX_DIMENSIONS 8

/* A view of the caller's memory. `strides` are in bytes, may be zero or negative for inputs, and are ignored unless
 * flags has APUS_ARRAY_STRIDED. `data` need not be aligned (aligned data is faster). Outputs may be strided, but no
 * two elements may share memory, and none with another array of the call. */
typedef struct apus_array {
    uint32_t struct_size;
    int32_t dtype;
    int32_t ndim;
    uint32_t flags;
    void *data;
    int64_t shape[APUS_MAX_DIMENSIONS];
    int64_t strides[APUS_MAX_DIMENSIONS];
} apus_array;

#define APUS_ARRAY_INIT \
    { sizeof(apus_array), 0, 0, 0u, NULL, { 0, 0, 0, 0, 0, 0, 0, 0 }, { 0, 0, 0, 0, 0, 0, 0, 0 } }
#define APUS_ARRAY_1D(dtype, data, n) \
    { sizeof(apus_array), (dtype), 1, 0u, (data), { (n), 0, 0, 0, 0, 0, 0, 0 }, { 0, 0, 0, 0, 0, 0, 0, 0 } }
#define APUS_ARRAY_2D(dtype, data, rows, columns) \
    { sizeof(apus_array), (dtype), 2, 0u, (data), { (rows), (columns), 0, 0, 0, 0, 0, 0 }, { 0, 0, 0, 0, 0, 0, 0, 0 } }

/* Random arrays, float32 or float64 (integers: int32 or int64). Counter-based Philox4x32-10 (Salmon et al. 2011,
 * doi:10.1145/2063384.2063405) keyed by the context's seed: the same seed and the same order of calls give the same
 * values on every machine and for every number of threads. */
/* Uniform on [low, high). */
apus_status apus_random_uniform(apus_context *context, double low, double high, apus_array *out);
/* Normal; deviation >= 0. */
apus_status apus_random_normal(apus_context *context, double mean, double deviation, apus_array *out);
/* Whole numbers low, ..., high - 1, without bias. */
apus_status apus_random_integers(apus_context *context, int64_t low, int64_t high, apus_array *out);
/* A permutation of 0, ..., n - 1 into the 1-D array `out` of length n. */
apus_status apus_random_permutation(apus_context *context, apus_array *out);

/* ------------------------------------------------------------------ 3. Fit and predict: any estimator */

#define APUS_PROGRESS_ITERATION 1 /* an iteration of a solver: epoch counts iterations */
#define APUS_PROGRESS_BATCH 2     /* a batch of a network's training has ended */
#define APUS_PROGRESS_EPOCH 3     /* an epoch has ended, validation included */

typedef struct apus_progress {
    uint32_t struct_size;
    int32_t stage;             /* APUS_PROGRESS_... */
    int64_t epoch, epochs;     /* 1-based, and how many in all */
    int64_t batch, batches;    /* 1-based within the epoch; 0 for solvers */
    int64_t samples;           /* rows seen in this epoch (or this solver run) */
    double seconds;            /* since the call began */
    double samples_per_second; /* in this epoch */
    double loss;               /* mean over the epoch so far, or the cost now */
    double validation_loss;    /* NaN without validation data, and before the epoch has ended */
    int32_t n_metrics;         /* the next three have this length */
    int32_t has_validation;    /* 1 when validation values are there */
    const char *const *metric_names;
    const double *metrics;
    const double *validation_metrics;
} apus_progress;

/* Returns 0 to go on, above 0 to stop and keep what there is, below 0 to abort with APUS_E_INTERRUPTED and nothing
 * changed. Called on the caller's thread; everything it is given is valid during the call. */
typedef int32_t (*apus_progress_callback)(void *user, const apus_progress *progress);

typedef struct apus_fit_options {
    uint32_t struct_size;
    int32_t reserved;
    const apus_array *sample_weight;      /* may be NULL; one non-negative float32 or float64 per row */
    apus_progress_callback progress;      /* may be NULL */
    void *progress_user;
    const char *const *feature_names;     /* may be NULL; one per column of x, kept in the model */
    int64_t epochs;                       /* networks: 0 is 1 epoch; estimators: ignored */
    int64_t batch_size;                   /* networks: 0 is 32 */
    int32_t shuffle;                      /* networks: 0 default (each epoch), 1 each epoch, -1 never */
    int32_t progress_every_batch;         /* networks: 1 also reports APUS_PROGRESS_BATCH */
    double validation_split;              /* networks: the last part of the rows held out, [0, 1) */
} apus_fit_options;
#define APUS_FIT_OPTIONS_INIT { sizeof(apus_fit_options), 0, NULL, NULL, NULL, NULL, 0, 0, 0, 0, 0.0 }

/* Trains a model of `kind` ("linear_regression", "standard_scaler", "pipeline", ...: see apus_catalog).
 *
 *   parameters  "name=value name=value", or a JSON object; NULL or "" for the defaults. Unknown names, wrong types
 *               and values out of range are errors that name the parameter, what it must be and what it got.
 *   x           rows by columns, any dtype but read exactly; must be finite.
 *   y           one value per row (or rows by targets where the kind takes several); NULL for scalers.
 *   options     may be NULL.
 *   out         the model; free it with apus_model_free.
 */
apus_status apus_fit(apus_context *context, const char *kind, const char *parameters, const apus_array *x,
                     const apus_array *y, const apus_fit_options *options, apus_model **out);

void apus_model_free(apus_model *model);

#define APUS_PREDICT 0           /* values, class labels, a network's outputs, a transformer's output */
#define APUS_PROBABILITIES 1     /* rows by classes */
#define APUS_DECISION 2          /* raw scores */
#define APUS_INVERSE_TRANSFORM 3 /* scalers: back to the original units */

/* The shape and dtype that apus_predict would write for these rows: fills out->dtype, out->ndim, out->shape and sets
 * flags to 0; leaves out->data. For a network with several outputs it describes the first. */
apus_status apus_model_output_shape(apus_context *context, const apus_model *model, int32_t what, const apus_array *x,
                                    apus_array *out);

/* Predicts into `out`, whose shape must be that of apus_model_output_shape. Real values go to float32 or float64,
 * class labels to int32, int64 or (when the model was trained on real labels) the dtype reported. After
 * APUS_E_DTYPE for a value that cannot be held, and after APUS_E_INTERRUPTED, some of `out` may have been written. */
apus_status apus_predict(apus_context *context, const apus_model *model, int32_t what, const apus_array *x,
                         apus_array *out);

/* A learned or recorded array: "coef_", "intercept_", "loss_curve_", "mean_", ... (for networks, a weight by its path,
 * "dense/kernel"). With out->data NULL it fills dtype, ndim and shape alone; otherwise it copies. float64 attributes
 * also copy to float32, rounded to nearest. */
apus_status apus_model_attribute(apus_context *context, const apus_model *model, const char *name, apus_array *out);

/* What the model is, as JSON: kind, parameters, features, classes, attributes with dtypes and shapes; for networks
 * layers, shapes, parameters, memory. */
apus_status apus_model_info(apus_context *context, const apus_model *model, char *buffer, size_t capacity,
                            size_t *needed);

/* ------------------------------------------------------------------ 4. Files */

typedef struct apus_load_limits {
    uint32_t struct_size;
    int32_t max_depth;        /* nesting of models in models; 0: 64; above 1,000 counts as 1,000 */
    uint64_t max_bytes;       /* of all arrays together; 0: the context's memory limit, or 16 GiB */
    uint64_t max_layers;      /* 0: 100,000 */
} apus_load_limits;
#define APUS_LOAD_LIMITS_INIT { sizeof(apus_load_limits), 0, 0, 0 }

/* Saves a model. Networks are written in the Keras 3 legacy .h5 layout, which Keras opens; every other model in the
 * layout of docs/file-format.md. The file appears whole or not at all: it is written beside `path` under a temporary
 * name, flushed and renamed, so an old file survives every failure. `options` may be NULL; none exist yet. */
apus_status apus_model_save(apus_context *context, const apus_model *model, const char *path, const char *options);
apus_status apus_model_load(apus_context *context, const char *path, const apus_load_limits *limits, apus_model **out);

/* To memory: as text out, *needed is the size in bytes. From memory: borrowed for the call. */
apus_status apus_model_save_memory(apus_context *context, const apus_model *model, const char *options, void *buffer,
                                   size_t capacity, size_t *needed);
apus_status apus_model_load_memory(apus_context *context, const void *bytes, size_t size,
                                   const apus_load_limits *limits, apus_model **out);

/* Through callbacks. `write` takes all `size` bytes and returns 0, or another value to fail with APUS_E_IO. `read`
 * fills up to `size` bytes and returns how many, 0 at the end, a negative value to fail. */
typedef int32_t (*apus_write_callback)(void *user, const void *bytes, size_t size);
typedef int64_t (*apus_read_callback)(void *user, void *bytes, size_t size);
apus_status apus_model_save_stream(apus_context *context, const apus_model *model, const char *options,
                                   apus_write_callback write, void *user);
apus_status apus_model_load_stream(apus_context *context, apus_read_callback read, void *user,
                                   const apus_load_limits *limits, apus_model **out);

/* ------------------------------------------------------------------ 5. Networks: a graph of layers */

/* An empty network under construction. parameters: "name=..." ; may be NULL. */
apus_status apus_network_create(apus_context *context, const char *parameters, apus_network **out);
void apus_network_free(apus_network *network);

/* Adds a layer ("Input", "Dense", "Activation", "Dropout", "Flatten": Keras's names and parameters, see
 * apus_catalog). `inputs` are node numbers; NULL with n_inputs 0 means the node added last. *node (may be NULL)
 * receives the new node's number, from 0. Shapes are checked here: the message names the layer.
 *
 *   apus_network_add(c, n, "Input", "shape=[64]", NULL, 0, NULL);
 *   apus_network_add(c, n, "Dense", "units=32 activation=relu", NULL, 0, NULL);
 */
apus_status apus_network_add(apus_context *context, apus_network *network, const char *layer, const char *parameters,
                             const int32_t *inputs, int32_t n_inputs, int32_t *node);

/* Makes the model with freshly initialised weights (from the context's seed). `outputs` are node numbers; NULL with 0
 * means the node added last. The network stays usable: building it again gives another, independent model. */
apus_status apus_network_build(apus_context *context, apus_network *network, const int32_t *outputs,
                               int32_t n_outputs, apus_model **out);

/* Keras's configuration JSON, without weights: to the text of model.to_json(), and from it with fresh weights. */
apus_status apus_model_to_json(apus_context *context, const apus_model *model, char *buffer, size_t capacity,
                               size_t *needed);
apus_status apus_network_from_json(apus_context *context, const char *keras_config, apus_model **out);

/* Sets one weight by its path ("dense/kernel") in a model that no trainer or session is using at that moment:
 * it publishes a new set of weights. */
apus_status apus_model_set_weight(apus_context *context, apus_model *model, const char *path, const apus_array *value);

/* ------------------------------------------------------------------ 6. Training networks */

/* Data in memory: n_inputs arrays of one row per sample, n_targets likewise (0 for none), weights (may be NULL) one
 * per row. The arrays are borrowed until the dataset is freed; only the structs are copied. */
apus_status apus_dataset_create(apus_context *context, const apus_array *inputs, int32_t n_inputs,
                                const apus_array *targets, int32_t n_targets, const apus_array *sample_weight,
                                apus_dataset **out);
void apus_dataset_free(apus_dataset *dataset);

/* A trainer holds its own working copy of a network's weights, the optimizer's state, the position and the random
 * state. parameters:
 *   "loss=sparse_categorical_crossentropy optimizer=adam optimizer.learning_rate=0.001 metrics=accuracy", or JSON
 *   {"loss": "mse", "optimizer": {"class_name": "SGD", "config": {"momentum": 0.9}}, "metrics": ["mae"]}.
 * The model stays alive as long as the trainer. */
apus_status apus_trainer_create(apus_context *context, apus_model *model, const char *parameters, apus_trainer **out);
void apus_trainer_free(apus_trainer *trainer);

/* Trains options->epochs more epochs, then publishes the weights into the model. A stop from the callback keeps and
 * publishes what there is; an abort, an interrupt or an error leaves model and trainer as they were before the call.
 * `validation` and `options` may be NULL. */
apus_status apus_trainer_fit(apus_context *context, apus_trainer *trainer, const apus_dataset *train,
                             const apus_dataset *validation, const apus_fit_options *options);

/* Loss and metrics of the trainer's weights over a dataset, in the order of apus_trainer_metric_names: values must
 * have room for n_values. batch_size 0 is 32. */
apus_status apus_trainer_evaluate(apus_context *context, apus_trainer *trainer, const apus_dataset *dataset,
                                  int64_t batch_size, double *values, int32_t n_values);

/* "loss", then the metrics, as a JSON array of text. */
apus_status apus_trainer_metric_names(apus_context *context, const apus_trainer *trainer, char *buffer,
                                      size_t capacity, size_t *needed);

/* The history of all fits so far as JSON: {"loss": [...], "accuracy": [...], "val_loss": [...]}, one per epoch. */
apus_status apus_trainer_history(apus_context *context, const apus_trainer *trainer, char *buffer, size_t capacity,
                                 size_t *needed);

/* One whole step on one batch: forward, loss, backward, update. *loss (may be NULL) is the loss before the update. */
apus_status apus_trainer_step(apus_context *context, apus_trainer *trainer, const apus_array *inputs, int32_t n_inputs,
                              const apus_array *targets, int32_t n_targets, const apus_array *sample_weight,
                              double *loss);

/* The parts of a step, for loops of your own. forward keeps what backward needs; training != 0 turns dropout on.
 * outputs may be NULL. backward takes the gradients of your loss by each output; with NULL it takes those that
 * apus_trainer_loss computed. It adds to the gradients held, and writes gradients by the inputs where asked (may be
 * NULL). apply takes one optimizer step with the gradients held, times `scale` (0 means 1), and clears them. */
apus_status apus_trainer_forward(apus_context *context, apus_trainer *trainer, const apus_array *inputs,
                                 int32_t n_inputs, int32_t training, apus_array *outputs, int32_t n_outputs);
apus_status apus_trainer_loss(apus_context *context, apus_trainer *trainer, const apus_array *targets,
                              int32_t n_targets, const apus_array *sample_weight, double *loss);
apus_status apus_trainer_backward(apus_context *context, apus_trainer *trainer, const apus_array *output_gradients,
                                  int32_t n_outputs, apus_array *input_gradients, int32_t n_inputs);
apus_status apus_trainer_apply(apus_context *context, apus_trainer *trainer, double scale);
apus_status apus_trainer_zero_gradients(apus_context *context, apus_trainer *trainer);

/* Copies one weight, or the gradient held for it, by path; with out->data NULL only its shape. */
apus_status apus_trainer_weight(apus_context *context, const apus_trainer *trainer, const char *path, apus_array *out);
apus_status apus_trainer_gradient(apus_context *context, const apus_trainer *trainer, const char *path,
                                  apus_array *out);

/* Sets the learning rate from here on. */
apus_status apus_trainer_set_learning_rate(apus_context *context, apus_trainer *trainer, double learning_rate);

/* Publishes the working weights into the model (fit does so itself; steps do not, so that they stay cheap). */
apus_status apus_trainer_publish(apus_context *context, apus_trainer *trainer);

/* A checkpoint: network, optimizer state, position, random state and history in one .h5 file that Keras also opens.
 * Training 10 epochs, and training 5, saving, loading anywhere and training 5 more, give the same bits. Loading makes
 * a new trainer and its model; *model (may be NULL) receives the model's handle, to be freed by the caller. */
apus_status apus_trainer_save(apus_context *context, const apus_trainer *trainer, const char *path);
apus_status apus_trainer_load(apus_context *context, const char *path, const apus_load_limits *limits,
                              apus_trainer **out, apus_model **model);

/* ------------------------------------------------------------------ 7. Sessions: inference without allocation */

/* Scratch for one thread to run one network on up to max_batch rows at a time. It keeps the weights that the model
 * had when the session was made. */
apus_status apus_session_create(apus_context *context, const apus_model *model, int64_t max_batch, apus_session **out);
void apus_session_free(apus_session *session);

/* Runs the network; allocates nothing when inputs and outputs are dense float32. Rows must be 1 to max_batch. */
apus_status apus_session_run(apus_context *context, apus_session *session, const apus_array *inputs, int32_t n_inputs,
                             apus_array *outputs, int32_t n_outputs);

#ifdef __cplusplus
}
#endif

#endif /* APUS_H */
