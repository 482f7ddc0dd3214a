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
#define APUS_VERSION_MINOR 1
#define APUS_VERSION_PATCH 0
#define APUS_VERSION_STRING "1.1.0"

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
typedef struct apus_metric apus_metric;
typedef struct apus_dataset apus_dataset;
typedef struct apus_augmenter apus_augmenter;
typedef struct apus_text_augmenter apus_text_augmenter;

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

/* The version of the library, "1.1.0", static text: compare with APUS_VERSION_STRING. */
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
    int64_t batch, batches;    /* 1-based within the epoch; 0 for solvers. batches is 0 while they are not known */
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
    double validation_split;              /* networks: the last part of the rows held out, [0, 1); not of callbacks */
    const char *callbacks;                /* networks, since 1.1: may be NULL; see apus_trainer_fit */
    const apus_array *class_weight;       /* since 1.1, networks of one output: may be NULL; weights >= 0 of classes
                                           * 0, 1, ... in the loss of training, times sample weights; others weigh 1 */
} apus_fit_options;
#define APUS_FIT_OPTIONS_INIT { sizeof(apus_fit_options), 0, NULL, NULL, NULL, NULL, 0, 0, 0, 0, 0.0, NULL, NULL }

/* Trains a model of `kind` ("linear_regression", "standard_scaler", "pipeline", ...: see apus_catalog).
 *
 *   parameters  "name=value name=value", or a JSON object; NULL or "" for the defaults. Unknown names, wrong types
 *               and values out of range are errors that name the parameter, what it must be and what it got.
 *   x           rows by columns, any dtype but read exactly; must be finite, but for decision trees, forests and
 *               gradient boosting on histograms, to which NaN is a missing value.
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
 * layers, shapes, parameters, memory: since 1.1 "memory" has the bytes that "inference" and a step of "training" take
 * on so many "rows" with the context's threads, without inputs, targets and the optimizer's state (null where the
 * inputs leave extents open). */
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

/* Saves a model. A network goes into the format that the ending of `path` says, as in Keras 3 (docs/keras.md):
 *   .keras        since 1.1: an archive of Keras 3, the configuration and the weights
 *   .weights.h5   since 1.1: the weights alone in Keras 3's tree, for a network that is there already; apus_model_load
 *                 refuses such a file
 *   any other     one HDF5 file in Keras's legacy .h5 layout, which Keras 2 and 3 open
 * Every other model is written in the HDF5 layout of docs/file-format.md, whatever its name. The file appears whole or
 * not at all: it is written beside `path` under a temporary name, flushed and renamed, so an old file survives every
 * failure. `options` (may be NULL), since 1.1:
 *   format      h5, keras or weights: stands for the ending (APUS_E_INVALID_ARGUMENT for models that are no networks and
 *               another format than h5)
 *   deflate     0 (default) to 9: arrays of 16 KiB and more are stored in chunks, shuffled and compressed at this level
 *   fletcher32  true: those arrays are stored in chunks that carry checksums; false by default
 * Every reader of HDF5 understands both filters, Keras too.
 * Loading looks at the content and never at the name. Files of Keras 3 (.keras, .h5), Keras 2 (.h5, .keras of 2.13 on)
 * and Apus are read; weights must have the shapes that the configuration asks for, before any is allocated. */
apus_status apus_model_save(apus_context *context, const apus_model *model, const char *path, const char *options);
apus_status apus_model_load(apus_context *context, const char *path, const apus_load_limits *limits, apus_model **out);

/* To memory: as text out, *needed is the size in bytes. From memory: borrowed for the call. A network without a format
 * in `options` goes as h5, here and through callbacks. */
apus_status apus_model_save_memory(apus_context *context, const apus_model *model, const char *options, void *buffer,
                                   size_t capacity, size_t *needed);
apus_status apus_model_load_memory(apus_context *context, const void *bytes, size_t size,
                                   const apus_load_limits *limits, apus_model **out);

/* Since 1.1. The weights of a network without its configuration: in Keras 3's tree where the path ends in .weights.h5,
 * else in Keras's legacy layout (.h5). The file appears whole or not at all. `options` may have deflate and fletcher32,
 * as for apus_model_save. */
apus_status apus_model_save_weights(apus_context *context, const apus_model *model, const char *path,
                                    const char *options);

/* Since 1.1. Weights for a network that there is, from a file of weights or of a whole network, from Apus or Keras.
 * What takes its values from the file is decided and checked before anything is changed, so that after an error the
 * model is as it was. `options` (may be NULL):
 *   by_name        false (default): the layers with weights in their order, which must be as many as in the file. true:
 *                  layers of equal names; others stay as they are. Not for Keras 3's tree (.weights.h5, .keras), in which
 *                  layers are found by class and order
 *   skip_mismatch  true: a layer with another number of weights than in the file stays as it is, and so does a weight
 *                  of another shape; the log gets a warning for each. false (default): APUS_E_SHAPE with both
 *   layers         which of the model's layers take part: ["head", "encoder*"], a * for any rest of a name;
 *                  null (default) for all. APUS_E_INVALID_ARGUMENT for a name of no layer with weights
 * A model within the model is one layer. *n_loaded (may be NULL) receives how many weights took values. The report, by
 * the rules for text, is a JSON object: "loaded", "untouched" (paths of weights), "skipped" (objects with "weight" and
 * "reason"), "unused" (names of layers of the file). Too little capacity is an error before anything is changed; with
 * buffer NULL, capacity 0 and needed given it is a trial: *n_loaded and *needed are told, nothing is changed. With
 * needed NULL too there is no report. A trainer of the model takes the new weights with apus_trainer_refresh. */
apus_status apus_model_load_weights(apus_context *context, apus_model *model, const char *path, const char *options,
                                    const apus_load_limits *limits, int64_t *n_loaded, char *buffer, size_t capacity,
                                    size_t *needed);

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

/* Adds a layer ("Input", "Dense", "Activation", ...: Keras's names and parameters, see apus_catalog). `inputs` are node
 * numbers; NULL with n_inputs 0 means the node added last. *node (may be NULL) receives the new node's number, from 0.
 * A node is a value: a layer with several outputs makes as many nodes with consecutive numbers, and *node is the first
 * (LSTM with return_state: output, *node + 1 the state h, *node + 2 the state c). An extent of an Input's shape may be
 * null: time steps or sides of pictures that every batch may have of its own. Shapes are checked here: the message
 * names the layer.
 *
 *   apus_network_add(c, n, "Input", "shape=[64]", NULL, 0, NULL);
 *   apus_network_add(c, n, "Dense", "units=32 activation=relu", NULL, 0, NULL);
 */
apus_status apus_network_add(apus_context *context, apus_network *network, const char *layer, const char *parameters,
                             const int32_t *inputs, int32_t n_inputs, int32_t *node);

/* Since 1.1. Calls the layer that made node `again` once more, on other inputs: both calls share its weights, whose
 * gradients add up. *node (may be NULL) receives the number of the first new node. */
apus_status apus_network_call(apus_context *context, apus_network *network, int32_t again, const int32_t *inputs,
                              int32_t n_inputs, int32_t *node);

/* Since 1.1. Adds a network as one layer of this one, to be called like any layer: its weights of this moment are what
 * the new model begins with, under paths with the layer's name in front ("encoder/dense/kernel"). The model itself is
 * not changed and not kept. parameters: "name=... trainable=false"; may be NULL. Inputs and *node as for
 * apus_network_add. */
apus_status apus_network_add_model(apus_context *context, apus_network *network, const apus_model *model,
                                   const char *parameters, const int32_t *inputs, int32_t n_inputs, int32_t *node);

/* Since 1.1. The shape of a node: fills dtype, ndim and shape of *out (may be NULL), -1 for the rows and for extents
 * that are not declared. *outputs (may be NULL) receives how many nodes the call has that made it. */
apus_status apus_network_node_shape(apus_context *context, const apus_network *network, int32_t node,
                                    int32_t *outputs, apus_array *out);

/* Makes the model with freshly initialised weights (from the context's seed). `outputs` are node numbers; NULL with 0
 * means the node added last. The network stays usable: building it again gives another, independent model. */
apus_status apus_network_build(apus_context *context, apus_network *network, const int32_t *outputs,
                               int32_t n_outputs, apus_model **out);

/* Since 1.1. One network of n_models networks (1 to 4096) with the same shapes of inputs and of outputs. Their weights
 * of this moment are copied; none of them is changed or kept. parameters (may be NULL):
 *   vote       mean (or soft): the average of the outputs. majority (or hard): the share of the models' votes for each
 *              class, a vote being the column of the largest output, the first of equal ones, or of one column whether
 *              it is above threshold. So equal shares are a decision for the lower class; NaN where an output is NaN
 *   weights    what each model counts, numbers >= 0 with a sum above 0, such as [2, 1]; 1 each by default
 *   threshold  of a majority on one column: 0.5; 0 for logits
 *   how        outputs (default); weights: a network of the models' architecture, which must be one, with the average
 *              of their weights, statistics of batch normalization among them (arXiv:1803.05407, arXiv:2203.05482)
 *   name       "ensemble"; that of the first model for how=weights
 * The members are layers of the network by their names, made unique: "sequential/dense/kernel", "sequential_1/...". It
 * is used, trained, saved and loaded like any network. Keras opens the averages from .h5; a majority is a layer that
 * Keras does not have (MajorityVote), which it names when it refuses the file. Errors name the model: APUS_E_SHAPE
 * where shapes differ, APUS_E_INVALID_ARGUMENT for one that is NULL, no network or (how=weights) of another
 * architecture. */
apus_status apus_network_ensemble(apus_context *context, const apus_model *const *models, int32_t n_models,
                                  const char *parameters, apus_model **out);

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

/* Since 1.1. Sets the weights of the samples anew: n_weights 0 for none, 1 for all outputs, or one array for each
 * output (one whose data is NULL has none). Each has a weight >= 0 for each row, (rows), or for each of the first axes
 * of the output, (rows, steps): steps of weight 0 do not count. Not while the dataset is in use; for datasets of
 * arrays. */
apus_status apus_dataset_set_sample_weights(apus_context *context, apus_dataset *dataset, const apus_array *weights,
                                            int32_t n_weights);

/* Since 1.1. Data in an HDF5 file that may be larger than memory, for apus_trainer_fit and apus_trainer_evaluate, which
 * read it window by window; calls that need all rows at once are APUS_E_UNSUPPORTED. parameters:
 *   inputs, targets  the name of an array ("x", "train/x"), or for several a JSON array of names; targets may be left
 *                    out. One row per sample, equally many in all; the same name may be both (autoencoders)
 *   sample_weight    a name, or an array of one name or null for each output; as apus_dataset_set_sample_weights
 *   start, count     the rows to take, from 0; count 0 is all from start. One file can so serve training and validation
 *   shuffle          "blocks" (default): each epoch reads blocks of rows in a random order into a window, then takes
 *                    the rows of the window in random order. "none", and options->shuffle -1: the order of the file
 *   block_rows       0 chooses: the rows of a stored chunk, or what 64 KiB hold. Blocks are larger where their order,
 *                    8 bytes a block, would take more than a quarter of buffer_bytes
 *   buffer_bytes     memory of a pass for its two windows (one is read while the other trains), the order of the
 *                    blocks and for decoding; 0 is 64 MiB, or an eighth of the context's memory limit if that is
 *                    less. A batch must fit twice, else APUS_E_LIMIT names the bytes needed. Rows that all fit in it
 *                    are read once a fit, and come in the order that arrays would have
 *   prefetch         true (default): a thread of the fit's own reads ahead. It changes no bit, and allocates nothing
 *   float64          "refuse" (default), or "round": take 64-bit reals as float32
 * The order of an epoch is a function of the trainer's seed, the epoch, the batch size, and the rows of window and
 * block, so a checkpoint goes on to the same bits with the same parameters (and memory limit, where buffer_bytes is
 * 0). Validation data has windows of its own. Read are contiguous and chunked arrays, with deflate, shuffle and
 * fletcher32, of the dtypes of this library, 16-bit reals and other whole numbers (as int64). The chunk indexes that
 * writers use when they are set to the formats of HDF5 1.10 and later (h5py's libver="latest") are
 * APUS_E_UNSUPPORTED. The file is not trusted: damage is APUS_E_CORRUPT, and one that is written or cut short while it
 * is open APUS_E_IO. It stays open until the dataset is freed; several fits may use it at once. Rows in messages count
 * from the file's first. */
apus_status apus_dataset_open_hdf5(apus_context *context, const char *path, const char *parameters,
                                   apus_dataset **out);

/* Since 1.1. What a dataset's rows are, as JSON:
 *   {"rows": 1000, "inputs": [{"dtype": "float32", "shape": [28, 28]}], "targets": [...], "sample_weights": [...]}
 * Shapes are those of one row; rows is null where only the end of an epoch tells. */
apus_status apus_dataset_info(apus_context *context, const apus_dataset *dataset, char *buffer, size_t capacity,
                              size_t *needed);

/* Since 1.1. What the rows of a callback are, and how many an epoch has. Arrays say dtype and shape of one row (without
 * an axis for rows; ndim 0 for one number); their data is not looked at and may be NULL. */
typedef struct apus_batch_form {
    uint32_t struct_size;
    int32_t n_inputs;
    const apus_array *inputs;
    const apus_array *targets;        /* may be NULL with n_targets 0 */
    const apus_array *sample_weights; /* may be NULL with 0; one for all outputs, or one for each */
    int32_t n_targets;
    int32_t n_sample_weights;
    int64_t rows;     /* of an epoch; 0: see batches */
    int64_t batches;  /* of an epoch; 0 (and rows 0): until the callback fills no rows */
    int32_t any_rows; /* 1: any batch may have fewer rows than asked for, not the last alone; not with rows */
    int32_t reserved;
} apus_batch_form;
#define APUS_BATCH_FORM_INIT { sizeof(apus_batch_form), 0, NULL, NULL, NULL, 0, 0, 0, 0, 0, 0 }

#define APUS_BATCH_EPOCH 1 /* an epoch begins: nothing to fill; the time to shuffle */
#define APUS_BATCH_FILL 2  /* fill `rows` rows */

typedef struct apus_batch {
    uint32_t struct_size;
    int32_t stage; /* APUS_BATCH_... */
    int64_t epoch; /* of the trainer, from 0; of an evaluation the one that it comes after */
    int64_t batch; /* in the epoch, from 0; a fit that goes on within an epoch begins at a later one */
    int64_t row;   /* rows of the epoch before this batch */
    int64_t rows;  /* to fill: the batch size, fewer at the end of `rows` of the form */
    const apus_array *inputs, *targets, *sample_weights; /* dense, (rows, ...), to write data into */
    int32_t n_inputs, n_targets, n_sample_weights;
    int32_t reserved;
} apus_batch;

/* Fills a batch and returns how many rows it filled, 0 for the end of the epoch, or a negative value to abort the call
 * with APUS_E_INTERRUPTED. At APUS_BATCH_EPOCH only a negative value counts. Fewer rows than asked for are a last,
 * short batch; where more come after it, or an epoch has not the rows or batches of its form, the call fails with
 * APUS_E_INVALID_ARGUMENT and names the batch. Called on the caller's thread; the arrays are the library's and valid
 * during the call, and keep what was written into them before. */
typedef int64_t (*apus_batch_callback)(void *user, const apus_batch *batch);

/* Since 1.1. Data that a function makes, batch by batch, for apus_trainer_fit and apus_trainer_evaluate (not for
 * validation_split, which needs rows in any order). options->shuffle has no meaning for it. `form` is copied; callback
 * and user must stay valid until the dataset is freed. */
apus_status apus_dataset_from_callback(apus_context *context, const apus_batch_form *form,
                                       apus_batch_callback callback, void *user, apus_dataset **out);

/* A trainer holds its own working copy of a network's weights, the optimizer's state, the position and the random
 * state. parameters:
 *   "loss=sparse_categorical_crossentropy optimizer=adam optimizer.learning_rate=0.001 metrics=accuracy", or JSON
 *   {"loss": "mse", "optimizer": {"class_name": "SGD", "config": {"momentum": 0.9}}, "metrics": ["mae"]}.
 * With several outputs "loss", "metrics", "weighted_metrics" and "loss_weights" are arrays with one entry for each, or
 * objects by the names of the layers that make the outputs; one loss alone is that of all. Since 1.1:
 *   loss_weights      numbers: the loss is the sum of the outputs' losses times these (1 without)
 *   metrics           as apus_catalog lists them, by name or {"class_name": "AUC", "config": {"curve": "PR"}}; a loss
 *                     is a metric too. "accuracy" is binary for one column, else categorical or by class numbers, as
 *                     the targets are. They do not see the weights of samples;
 *   weighted_metrics  do
 * A loss's "reduction" is sum_over_batch_size or mean (divided by the positions that count), sum, or
 * mean_with_sample_weight (divided by the weights); "axis" is the axis of its classes; the "ignore_class" of
 * sparse_categorical_crossentropy marks positions that do not count. Positions behind a mask do not count in losses and
 * in metrics that are means. A loss of your own: apus_trainer_backward with your gradients, see below; where no other
 * is used "loss" may be left out (since 1.1): then fit, evaluate and what else needs one are APUS_E_INVALID_ARGUMENT.
 * learning_rate may be a schedule, {"class_name": "CosineDecay", "config": {"decay_steps": 1000, ...}}, that
 * follows the updates; with optimizer.gradient_accumulation_steps=n the gradients of n batches make one update, that of
 * all their rows at once, and the last batches of an epoch make one however few they are. apus_catalog lists optimizers
 * and schedules with their parameters. With weight_noise=0.01 each pass of training runs on weights with fresh normal
 * noise of that deviation, and its gradients change the weights themselves. The model stays alive as long as the
 * trainer. */
apus_status apus_trainer_create(apus_context *context, apus_model *model, const char *parameters, apus_trainer **out);
void apus_trainer_free(apus_trainer *trainer);

/* Trains options->epochs more epochs, then publishes the weights into the model. A stop from the callback keeps and
 * publishes what there is; an abort, an interrupt or an error leaves model and trainer as they were before the call.
 * A loss that is not finite is an error, APUS_E_NOT_CONVERGED. `validation` and `options` may be NULL.
 *
 * Since 1.1 options->callbacks names what looks on, under Keras's names and with its parameters and defaults, as text
 *   "early_stopping=val_loss early_stopping.patience=3 early_stopping.restore_best_weights=true csv_logger=log.csv"
 * or JSON {"early_stopping": {"monitor": "val_loss", "patience": 3}, ...}. A bare value is the first parameter; true
 * takes the defaults; false and null leave out. They act after each epoch in this order, and count anew in each fit:
 *   learning_rate_scheduler  schedule (as for optimizers, of epochs): sets the rate at the start of each epoch
 *   reduce_lr_on_plateau     monitor, factor, patience, mode, min_delta, cooldown, min_lr: lowers the learning rate
 *   terminate_on_nan         true: a loss that is not finite ends the fit with the weights before that batch
 *   model_checkpoint         filepath ({epoch} in it is the epoch's number), monitor, save_best_only, mode,
 *                            initial_value_threshold: saves as apus_trainer_save does
 *   csv_logger               filename, separator, append: a line of measures for each epoch
 *   early_stopping           monitor, min_delta, patience, mode, baseline, restore_best_weights, start_from_epoch
 * A monitor is a name of apus_trainer_history that this fit measures, else APUS_E_INVALID_ARGUMENT; mode is auto, min
 * or max. apus_catalog lists them all. */
apus_status apus_trainer_fit(apus_context *context, apus_trainer *trainer, const apus_dataset *train,
                             const apus_dataset *validation, const apus_fit_options *options);

/* Loss and metrics of the trainer's weights over a dataset, in the order of apus_trainer_metric_names: values must
 * have room for n_values. batch_size 0 is 32. */
apus_status apus_trainer_evaluate(apus_context *context, apus_trainer *trainer, const apus_dataset *dataset,
                                  int64_t batch_size, double *values, int32_t n_values);

/* Since 1.1. A network's outputs for the rows of a dataset of arrays, of a file, or of a callback whose form has rows:
 * batch by batch (batch_size 0 is 32), one float32 or float64 array (rows, ...) for each output. Targets may be there
 * and are not looked at. After an error some rows may have been written. */
apus_status apus_predict_dataset(apus_context *context, const apus_model *model, const apus_dataset *dataset,
                                 int64_t batch_size, apus_array *outputs, int32_t n_outputs);

/* "loss", with several outputs "<output>_loss" of each (not times its weight), then the metrics, with several outputs
 * "<output>_<metric>", then the weighted ones, as a JSON array of text. A metric with several results has
 * "name[0]", "name[1]", ..., one with a matrix "name[0,0]", .... */
apus_status apus_trainer_metric_names(apus_context *context, const apus_trainer *trainer, char *buffer,
                                      size_t capacity, size_t *needed);

/* The history of all fits so far as JSON: {"loss": [...], "accuracy": [...], "val_loss": [...]}, one per epoch. */
apus_status apus_trainer_history(apus_context *context, const apus_trainer *trainer, char *buffer, size_t capacity,
                                 size_t *needed);

/* One whole step on one batch: forward, loss, backward, update (with gradient_accumulation_steps=n at every n-th).
 * *loss (may be NULL) is the loss before the update. */
apus_status apus_trainer_step(apus_context *context, apus_trainer *trainer, const apus_array *inputs, int32_t n_inputs,
                              const apus_array *targets, int32_t n_targets, const apus_array *sample_weight,
                              double *loss);

/* Since 1.1. The same on all rows of a dataset, with its weights of samples and outputs and (may be NULL) weights of
 * classes as in apus_fit_options; values receives loss and metrics of this batch before the update, in the order of
 * apus_trainer_metric_names, n_values of them. */
apus_status apus_trainer_train_on_batch(apus_context *context, apus_trainer *trainer, const apus_dataset *dataset,
                                        const apus_array *class_weight, double *values, int32_t n_values);

/* The parts of a step, for loops of your own. forward keeps what backward needs; training != 0 turns dropout on and
 * moves the averages of batch normalization. outputs may be NULL. loss includes the penalties of regularizers and what
 * layers add. backward takes the gradients of your loss by each output; with NULL it takes those that
 * apus_trainer_loss computed; the gradients of penalties and added terms come with either. It adds to the gradients
 * held, and writes gradients by the inputs where asked (may be NULL). apply takes one optimizer step with the gradients
 * held, times `scale` (0 means 1), clears them, and applies the constraints of weights. */
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

/* Since 1.1. Sets one working weight by path, an array of its shape; optimizer state, and the model until the next
 * publication, stay as they are. */
apus_status apus_trainer_set_weight(apus_context *context, apus_trainer *trainer, const char *path,
                                    const apus_array *value);

/* Since 1.1. Copies what a layer gave in the last apus_trainer_forward, rows first: by its name, "dense", inside of a
 * nested model or another layer with the names around it, "encoder/dense". `call` counts the calls of a shared layer
 * and `output` the outputs of a call, both from 0. With out->data NULL only the shape: within TimeDistributed each step
 * is a row. */
apus_status apus_trainer_layer_output(apus_context *context, const apus_trainer *trainer, const char *layer,
                                      int32_t call, int32_t output, apus_array *out);

/* Sets the learning rate from here on. APUS_E_INVALID_ARGUMENT where a schedule sets it. */
apus_status apus_trainer_set_learning_rate(apus_context *context, apus_trainer *trainer, double learning_rate);

/* Publishes the working weights into the model (fit does so itself; steps do not, so that they stay cheap). */
apus_status apus_trainer_publish(apus_context *context, apus_trainer *trainer);

/* Since 1.1. The other way: the trainer goes on from the model's weights of this moment, after apus_model_set_weight or
 * apus_model_load_weights. The optimizer's state, the position and the random state stay. */
apus_status apus_trainer_refresh(apus_context *context, apus_trainer *trainer);

/* Since 1.1. Stateful layers keep their states from batch to batch of a trainer, by row; this sets them back to
 * zeros. */
apus_status apus_trainer_reset_states(apus_context *context, apus_trainer *trainer);

/* A checkpoint: network, optimizer state, position, random state and history in one file that Keras also opens: since
 * 1.1 an archive where `path` ends in .keras, from which Keras 3 goes on with its own next steps; otherwise .h5, from
 * which Keras 2 does. Training 10 epochs, and training 5, saving, loading anywhere and training 5 more, give the same
 * bits. Loading makes a new trainer and its model; *model (may be NULL) receives the model's handle, to be freed by the
 * caller.
 * Since 1.1 compiled models that Keras saved load too: with their optimizer and its state, loss, loss weights, and
 * those metrics that Apus has (a warning for others); epochs count from 0, and the random state is the context's. An
 * optimizer or loss that Apus lacks, or none: APUS_E_UNSUPPORTED. */
apus_status apus_trainer_save(apus_context *context, const apus_trainer *trainer, const char *path);
apus_status apus_trainer_load(apus_context *context, const char *path, const apus_load_limits *limits,
                              apus_trainer **out, apus_model **model);

/* Since 1.1. An activation by itself, out = f(a) of float32 arrays of one shape: "gelu", or
 * {"class_name": "leaky_relu", "config": {"negative_slope": 0.1}}, as the "activation" of a layer. softmax and
 * log_softmax go over the last axis. `out` may be `a`. apus_catalog lists them; errors in docs/activations.md. */
apus_status apus_activation(apus_context *context, const char *activation, const apus_array *a, apus_array *out);

/* Since 1.1. A metric by itself: "auc", or {"class_name": "Precision", "config": {"top_k": 2}}, as a trainer's metrics.
 * Sums are double precision and go on from update to update; one thread at a time. */
apus_status apus_metric_create(apus_context *context, const char *description, apus_metric **out);
void apus_metric_free(apus_metric *metric);

/* Adds rows. Outputs (rows, ..., columns), or (rows) for one column; targets of the same shape, or class numbers for
 * each position: (rows, ...) or (rows, ..., 1). sample_weight may be NULL: a weight >= 0 for each row or position. The
 * first update settles axes and columns, and whether targets are class numbers; others that differ are
 * APUS_E_SHAPE. */
apus_status apus_metric_update(apus_context *context, apus_metric *metric, const apus_array *targets,
                               const apus_array *outputs, const apus_array *sample_weight);

/* The result so far: a number (ndim 0), an array or a matrix; with out->data NULL fills dtype, ndim and shape alone.
 * APUS_E_NOT_FITTED before the first update. */
apus_status apus_metric_result(apus_context *context, const apus_metric *metric, apus_array *out);

/* Back to no rows. */
apus_status apus_metric_reset(apus_context *context, apus_metric *metric);

/* ------------------------------------------------------------------ 7. Sessions: inference without allocation */

/* Scratch for one thread to run one network on up to max_batch rows at a time. It keeps the weights that the model
 * had when the session was made. */
apus_status apus_session_create(apus_context *context, const apus_model *model, int64_t max_batch, apus_session **out);
void apus_session_free(apus_session *session);

/* Runs the network; allocates nothing when inputs and outputs are dense float32, except for the first inputs of a shape
 * that the network's Inputs leave open. Rows must be 1 to max_batch. */
apus_status apus_session_run(apus_context *context, apus_session *session, const apus_array *inputs, int32_t n_inputs,
                             apus_array *outputs, int32_t n_outputs);

/* Since 1.1. Stateful layers keep their states from run to run of a session, by row of the batch; this sets them back
 * to zeros. */
apus_status apus_session_reset_states(apus_context *context, apus_session *session);

/* ------------------------------------------------------------------ 8. Array arithmetic
 *
 * Since 1.1. Arrays of float32 and float64 are computed in their own precision, mixed ones in float64; whole numbers
 * and bool count as float64, read exactly. A result may go to an array of the same or a wider type (float32 to
 * float64), never to a narrower one: apus_copy converts on purpose. `out` may be one of the inputs (same data, shape
 * and strides: in place); any other overlap is APUS_E_INVALID_ARGUMENT. Shapes broadcast as in NumPy: aligned from
 * the last dimension, an extent of 1 stretches. Arithmetic follows IEEE 754: division by zero, overflow and NaN are
 * values, not errors. Empty arrays are fine wherever there is a sensible answer. An interrupt is met every 65,536
 * elements or so; after APUS_E_INTERRUPTED some of out may have been written. */

/* out = a operation b, or operation(a) with b NULL. Two arrays: "add", "subtract", "multiply", "divide", "power",
 * "maximum", "minimum", "fmax", "fmin", "remainder" (sign of the divisor), "fmod", "hypot", "arctan2"; comparisons to
 * a bool, uint8 or real `out`: "equal", "not_equal", "less", "less_equal", "greater", "greater_equal",
 * "logical_and", "logical_or", "logical_xor". One array: "negative", "absolute", "sign", "square", "sqrt", "cbrt",
 * "reciprocal", "exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "sin", "cos", "tan", "arcsin", "arccos",
 * "arctan", "sinh", "cosh", "tanh", "arcsinh", "arccosh", "arctanh", "floor", "ceil", "trunc", "rint" (half to even),
 * "sigmoid", "erf", "erfc", "gammaln"; to bool: "isnan", "isinf", "isfinite", "logical_not". The catalog has them all
 * ("operations"), docs/arrays.md their measured errors. */
apus_status apus_elementwise(apus_context *context, const char *operation, const apus_array *a, const apus_array *b,
                             apus_array *out);

/* out = a operation value; the value takes a's precision. For value operation a use an array of no dimensions. */
apus_status apus_elementwise_scalar(apus_context *context, const char *operation, const apus_array *a, double value,
                                    apus_array *out);

/* out = where condition is not 0: a, else b; all three broadcast. */
apus_status apus_where(apus_context *context, const apus_array *condition, const apus_array *a, const apus_array *b,
                       apus_array *out);

/* Copies with broadcasting and conversion: float64 to float32 rounds to nearest; a real or whole value that a whole or
 * bool `out` cannot hold exactly is APUS_E_DTYPE (some of out may have been written). */
apus_status apus_copy(apus_context *context, const apus_array *a, apus_array *out);

/* Views: they fill *view with a's data under another shape and strides and copy nothing. `view` may be `a` itself. */
/* Dimensions reversed. */
apus_status apus_view_transpose(apus_context *context, const apus_array *a, apus_array *view);
/* Dimension i of the view is dimension axes[i] of a; negative axes count from the end. */
apus_status apus_view_permute(apus_context *context, const apus_array *a, const int32_t *axes, int32_t n_axes,
                              apus_array *view);
/* Another shape of the same count; one extent may be -1 and is worked out. APUS_E_SHAPE when strides do not allow it
 * without a copy: apus_copy to a dense array first. */
apus_status apus_view_reshape(apus_context *context, const apus_array *a, const int64_t *shape, int32_t ndim,
                              apus_array *view);
/* Elements start, start + step, ... below stop (above it for a negative step) of one dimension, Python's rules for
 * negative and large bounds; for an omitted bound INT64_MIN lies before the first element, INT64_MAX behind the last:
 * (INT64_MIN, INT64_MAX, 2) is [::2], (INT64_MAX, INT64_MIN, -1) is [::-1]. */
apus_status apus_view_slice(apus_context *context, const apus_array *a, int32_t axis, int64_t start, int64_t stop,
                            int64_t step, apus_array *view);
/* a stretched to a shape, with strides of 0; for reading. */
apus_status apus_view_broadcast(apus_context *context, const apus_array *a, const int64_t *shape, int32_t ndim,
                                apus_array *view);

/* Joins n >= 1 arrays along an existing axis. */
apus_status apus_concatenate(apus_context *context, const apus_array *arrays, int32_t n, int32_t axis, apus_array *out);
/* Elements of a along an axis at `indices` (int64 or int32, any shape, negative from the end): the shape of out is a's
 * with the axis replaced by the shape of indices. An index out of range is APUS_E_INVALID_ARGUMENT. */
apus_status apus_take(apus_context *context, const apus_array *a, const apus_array *indices, int32_t axis,
                      apus_array *out);

#define APUS_TRANSPOSE_A 1
#define APUS_TRANSPOSE_B 2

/* Matrix product, NumPy's matmul: vectors are a row on the left and a column on the right (and absent from out's
 * shape), leading dimensions are batches and broadcast. `flags` exchanges the last two dimensions of a or b, if it has
 * two. Transposed and row- or column-strided matrices are read, and written, where they lie; others are copied first.
 * Two float32 arrays are multiplied in float32, all others in float64: |error| <= k u |a| |b| with u = 2^-24 or 2^-53
 * and k the inner extent. An inner extent of 0 gives zeros. The same bits come out for any number of threads. */
apus_status apus_matmul(apus_context *context, const apus_array *a, const apus_array *b, int32_t flags,
                        apus_array *out);
/* The inner product of two arrays of one shape, all elements; float32 is widened, so that products are exact, and sums
 * are made in float64 (pairwise). 0 without elements. */
apus_status apus_dot(apus_context *context, const apus_array *a, const apus_array *b, double *out);
/* out[i][j] = a[i] b[j] of two vectors. */
apus_status apus_outer(apus_context *context, const apus_array *a, const apus_array *b, apus_array *out);
/* The cross product of the 3-vectors in the last dimension; the other dimensions broadcast. */
apus_status apus_cross(apus_context *context, const apus_array *a, const apus_array *b, apus_array *out);

/* Reduces along axes, negative ones from the end (n_axes 0: all, axes may be NULL then):
 *
 *   to a real `out`             "sum", "mean", "product", "min", "max", "norm_1" (sum of magnitudes), "norm_2" (root of
 *                               the sum of squares), "norm_inf" (greatest magnitude), "logsumexp"
 *   to an int64 or int32 `out`  "argmin", "argmax" (one axis or all; the first of equals; counted row by row when all),
 *                               "count_nonzero"
 *   to a bool or uint8 `out`    "any", "all"
 *
 * Reduced dimensions are absent from out's shape or kept as 1, as out is given. Sums are made in float64, for float32
 * too, pairwise in an order fixed by size (error bound in docs/arrays.md), so threads do not change a bit. norm_2 does
 * not overflow or vanish on the way (Blue 1978, doi:10.1145/355769.355771), logsumexp does not overflow. NaN wins in
 * min, max, argmin, argmax and norm_inf, and is not zero. Without elements: sum, norm_1, norm_2 and count_nonzero 0,
 * product 1, any 0, all 1; the others are APUS_E_INVALID_ARGUMENT. The catalog lists them ("reductions"). */
apus_status apus_reduce(apus_context *context, const char *operation, const apus_array *a, const int32_t *axes,
                        int32_t n_axes, apus_array *out);
/* All elements to one number: any of the operations above; truth is 0 or 1. */
apus_status apus_reduce_all(apus_context *context, const char *operation, const apus_array *a, double *out);
/* Running "sum", "product", "min", "max" along an axis; out has a's shape. Made in float64; sums carry along what
 * rounding loses (two-sum, Knuth). NaN stays once it has come. out may be a. */
apus_status apus_cumulative(apus_context *context, const char *operation, const apus_array *a, int32_t axis,
                            apus_array *out);

/* Sorts along an axis: stable (-0 equals 0), with NaN last in either direction; `descending` other than 0 for the
 * greatest first, equal elements still in their order. At most 2^32 - 1 elements along the axis. */
/* out has a's shape and dtype; it may be a. */
apus_status apus_sort(apus_context *context, const apus_array *a, int32_t axis, int32_t descending, apus_array *out);
/* Positions along the axis: int64, or int32. */
apus_status apus_argsort(apus_context *context, const apus_array *a, int32_t axis, int32_t descending,
                         apus_array *out);
/* The sorted distinct values of all elements: *n of them. `values` (a's dtype), `first` (position, counted row by row,
 * of the first element with each value) and `counts` are vectors with room for at least *n, `inverse` has a's shape and
 * says which value each element has; the last three are int64, or int32. Each may be NULL; with too little room
 * APUS_E_BUFFER_TOO_SMALL: *n is set and nothing else written. NaN counts as one value, the last; -0 equals 0. */
apus_status apus_unique(apus_context *context, const apus_array *a, apus_array *values, apus_array *first,
                        apus_array *inverse, apus_array *counts, int64_t *n);
/* Where each value would go into the ascending vector `sorted`: before equals, or after them with right != 0. NaN is
 * the greatest. out has the shape of values, int64 or int32. `sorted` is not checked: out of order, the positions mean
 * nothing. */
apus_status apus_searchsorted(apus_context *context, const apus_array *sorted, const apus_array *values, int32_t right,
                              apus_array *out);

/* Vectors along an axis divided by their Euclidean length, without overflow or underflow; zero vectors stay zero. out
 * has a's shape and may be a. */
apus_status apus_unit_vectors(apus_context *context, const apus_array *a, int32_t axis, apus_array *out);

/* ------------------------------------------------------------------ 9. Functions of the caller
 *
 * Since 1.1. Chapters 9, 11 and 14 call functions of yours. A function writes its result and returns 0. A value that is
 * NaN or infinite says "undefined here". It may return a positive number to stop (methods with something to keep keep
 * it, the others give APUS_E_INTERRUPTED) or a negative one to abort: APUS_E_INTERRUPTED and outputs untouched. It runs
 * on the caller's thread, in the caller's floating-point state, must not use the running context, and is never called
 * at the same time as itself. */

/* value = f(x). */
typedef int32_t (*apus_scalar_function)(void *user, double x, double *value);
/* value = f(x of n numbers) and, when gradient is not NULL, its n partial derivatives. Where a function documents that
 * gradients come from differences, gradient is always NULL. */
typedef int32_t (*apus_function)(void *user, const double *x, int64_t n, double *value, double *gradient);
/* y of m numbers = f(x of n numbers). */
typedef int32_t (*apus_vector_function)(void *user, const double *x, int64_t n, double *y, int64_t m);

/* A vector field on a grid: `axes` are n_axes (1 to 8) vectors of coordinates; out, real, has shape (length of each
 * axis, ..., m) (or without the last when m is 1): out[i]...[k] = f(axes[0][i], ..., axes[n-1][k]), with the last axis
 * running fastest. NaN and infinite values are values; what f leaves unwritten is NaN. When f stops or aborts, out is
 * untouched. */
apus_status apus_evaluate_grid(apus_context *context, apus_vector_function f, void *user, const apus_array *axes,
                               int32_t n_axes, int64_t m, apus_array *out);

/* ------------------------------------------------------------------ 10. Linear algebra
 *
 * Since 1.1. Through LAPACK, in float64: other inputs are widened exactly, results are rounded once to float32 outputs.
 *
 *   Stacks    Leading dimensions are stacks of matrices, as in NumPy, spread over the context's threads. Outputs have
 *             the same leading dimensions. A number out (double *, int64_t *) stands for one number for each matrix,
 *             in order: a single one for a matrix, and for a stack as many as it has matrices.
 *   Values    Matrices must be finite: APUS_E_INVALID_ARGUMENT names the first value that is not and its place. Where
 *             one half is read, the other may hold anything.
 *   Outputs   float64 or float32, NULL where "may be NULL" is said: not computed then. After an error of one matrix of
 *             a stack, those of others may have been written.
 *   Singular  APUS_E_NOT_CONVERGED for an exactly singular matrix, with the number of the pivot (from 0), for one that
 *             is not positive definite, and for an iteration of LAPACK that fails. A reciprocal condition below 2^-52
 *             is no error: it warns (APUS_LOG_WARNING, once for a stack) with the estimate.
 *   Errors    APUS_E_SHAPE; APUS_E_LIMIT for more than 2^31 - 1 rows, columns or elements of a LAPACK workspace.
 *   Threads   The same bits for any number of threads. Interruptible between matrices, between panels of large LU, QR
 *             and Cholesky factors, and before and after (not inside) calls of LAPACK for the others.
 *
 * Methods, sources and measured errors: docs/linear-algebra.md. */

/* Solves a x = b for a vector b (n) or the columns of b (..., n, k); stacks of a and b broadcast. x has their shape and
 * may be b. `structure`: "general" (NULL; LU with partial pivoting), "symmetric" (Bunch-Kaufman; the lower half is
 * read), "positive_definite" (Cholesky; the lower half is read), "lower_triangular", "upper_triangular" (the other half
 * is not read). rcond (may be NULL): the reciprocal condition of each matrix in the 1-norm, an estimate for large
 * ones. */
apus_status apus_solve(apus_context *context, const apus_array *a, const apus_array *b, const char *structure,
                       apus_array *x, double *rcond);
/* out may be a. */
apus_status apus_inverse(apus_context *context, const apus_array *a, apus_array *out);
/* The Moore-Penrose inverse (n, m) of any matrix (m, n). Singular values at most rcond times the largest count as 0;
 * rcond < 0 means max(m, n) 2^-52. rank (may be NULL): how many are left. */
apus_status apus_pseudo_inverse(apus_context *context, const apus_array *a, double rcond, apus_array *out,
                                int64_t *rank);
/* The least-squares solution of least norm (SVD, divide and conquer) of a (m, n), b (m) or (m, k): x (n) or (n, k).
 * rcond as above. residuals (k numbers, 1 for a vector): the sum of squares of each column of b - a x. singular_values:
 * min(m, n). residuals, rank and singular_values may be NULL. */
apus_status apus_least_squares(apus_context *context, const apus_array *a, const apus_array *b, double rcond,
                               apus_array *x, apus_array *residuals, int64_t *rank, apus_array *singular_values);

/* det a, and log |det a| with its sign (-1, 0, 1), which does not overflow. 0, and -infinity with sign 0, for an
 * exactly singular matrix; 1 for one of no rows. */
apus_status apus_determinant(apus_context *context, const apus_array *a, double *out);
apus_status apus_log_determinant(apus_context *context, const apus_array *a, double *sign, double *log_absolute);
/* The sum of the diagonal of a matrix of any shape; only the diagonal is read. */
apus_status apus_trace(apus_context *context, const apus_array *a, double *out);
/* Numerical rank: singular values above tolerance; < 0 means max(rows, columns) 2^-52 times the largest. */
apus_status apus_matrix_rank(apus_context *context, const apus_array *a, double tolerance, int64_t *rank);
/* Condition number |a| |a^-1| and norm |a|; `norm`: "2" (NULL), "1", "inf", "fro", and for apus_matrix_norm "nuc". The
 * condition in "2" is that of any shape but an empty one, from singular values; the others are for square matrices.
 * With a pivot, or a smallest singular value, of exactly 0 it is infinity. The norm of an empty matrix is 0. */
apus_status apus_condition_number(apus_context *context, const apus_array *a, const char *norm, double *out);
apus_status apus_matrix_norm(apus_context *context, const apus_array *a, const char *norm, double *out);

/* a = l l^T of a symmetric positive definite matrix (the lower half is read); a matrix that is not is
 * APUS_E_NOT_CONVERGED naming the leading minor. upper != 0 gives u with a = u^T u. out may be a. */
apus_status apus_cholesky(apus_context *context, const apus_array *a, int32_t upper, apus_array *out);
/* a[permutation] = l u: l (m, k) with unit diagonal, u (k, n), k = min(m, n); permutation: int64 or int32, m rows.
 * A singular matrix is no error. Outputs may be NULL. */
apus_status apus_lu(apus_context *context, const apus_array *a, apus_array *l, apus_array *u, apus_array *permutation);
/* a = q r, Householder, the diagonal of r made >= 0. q (m, k) and r (k, n), or q (m, m) and r (m, n): as they are
 * given, either may be NULL. With `permutation` (n, int64 or int32, may be NULL) columns are pivoted:
 * a[:, permutation] = q r, diagonal descending. */
apus_status apus_qr(apus_context *context, const apus_array *a, apus_array *q, apus_array *r, apus_array *permutation);
/* a = u diag(s) vt, singular values descending (divide and conquer). u (m, k), vt (k, n), or full (m, m), (n, n), as
 * they are given; u and vt may be NULL. Vectors are determined up to sign, and up to rotation for repeated values. */
apus_status apus_svd(apus_context *context, const apus_array *a, apus_array *u, apus_array *s, apus_array *vt);
/* Symmetric (the lower half is read): ascending eigenvalues, orthonormal eigenvectors in columns (may be NULL). */
apus_status apus_eigh(apus_context *context, const apus_array *a, apus_array *values, apus_array *vectors);
/* General: eigenvalues as real and imaginary parts, pairs of conjugates with the positive imaginary part first, and
 * right eigenvectors of Euclidean length 1, largest component real, in columns (each part may be NULL). */
apus_status apus_eig(apus_context *context, const apus_array *a, apus_array *values_real, apus_array *values_imaginary,
                     apus_array *vectors_real, apus_array *vectors_imaginary);
/* a to a whole power (below 0: of the inverse; 0: the identity), and e^a (scaling and squaring, Al-Mohy and Higham
 * 2009, doi:10.1137/09074721X). A result that overflows is APUS_E_NOT_CONVERGED. out may be a. */
apus_status apus_matrix_power(apus_context *context, const apus_array *a, int64_t exponent, apus_array *out);
apus_status apus_matrix_exponential(apus_context *context, const apus_array *a, apus_array *out);

/* ------------------------------------------------------------------ 11. Calculus
 *
 * Since 1.1. Derivatives and integrals of functions that can only be evaluated. For exact ones see chapter 12. */

/* The derivative of f at x. parameters (NULL for the defaults):
 *   method=richardson  quotients at shrinking steps, extrapolated to step 0 (Ridders 1982,
 *                      doi:10.1016/S0141-1195(82)80057-0); steps suit the function: smaller ones where values are not
 *                      finite or do not settle, larger ones where rounding hides the derivative. Or one quotient:
 *                      central, forward, backward.
 *   side=both          of richardson: forward and backward evaluate f at x and on one side of it only, for borders
 *   order=1            or 2
 *   step=0             first (richardson) or only step; 0: chosen
 * *error (may be NULL) is an estimate of the absolute error, *evaluations (may be NULL) counts. APUS_E_NOT_CONVERGED:
 * f is not finite at x or around it, the quotients do not settle, or those of the two sides disagree (a kink).
 * APUS_E_INVALID_ARGUMENT: x is not finite. */
apus_status apus_derivative(apus_context *context, apus_scalar_function f, void *user, double x,
                            const char *parameters, double *value, double *error, int64_t *evaluations);
/* Of a function of n numbers (gradient is passed as NULL to f): n numbers out; errors may be NULL. parameters here and
 * below: as above, without order. */
apus_status apus_gradient(apus_context *context, apus_function f, void *user, const double *x, int64_t n,
                          const char *parameters, double *gradient, double *errors);
/* Along a direction, as given or with normalize=true as a unit vector; order=1 or 2. error may be NULL. */
apus_status apus_directional_derivative(apus_context *context, apus_function f, void *user, const double *x, int64_t n,
                                        const double *direction, const char *parameters, double *value, double *error);
/* jacobian[i * n + j] = d f_i / d x_j; errors (m n numbers) may be NULL. */
apus_status apus_jacobian(apus_context *context, apus_vector_function f, void *user, const double *x, int64_t n,
                          int64_t m, const char *parameters, double *jacobian, double *errors);
/* n x n, symmetric. errors (n n numbers) may be NULL. */
apus_status apus_hessian(apus_context *context, apus_function f, void *user, const double *x, int64_t n,
                         const char *parameters, double *hessian, double *errors);

typedef struct apus_integral {
    uint32_t struct_size;
    int32_t reserved;
    double value;
    double error;        /* estimate of the absolute error */
    int64_t evaluations;
    int64_t subdivisions; /* intervals used */
} apus_integral;
#define APUS_INTEGRAL_INIT { sizeof(apus_integral), 0, 0.0, 0.0, 0, 0 }

/* The integral of f from a to b; reversed limits change the sign, equal ones give 0, infinite ones are taken by
 * substitution (the whole line as two halves). parameters:
 *   method=gauss_kronrod  adaptive, 21 points (15 on infinite ranges), epsilon extrapolation for singular ends
 *                         (Piessens et al. 1983, QUADPACK, doi:10.1007/978-3-642-61786-7); tanh_sinh (Takahasi and
 *                         Mori 1974, doi:10.2977/prims/1195192451); rectangle (midpoint), trapezoid, simpson on
 *                         finite ranges
 *   epsabs=1.49e-8 epsrel=1.49e-8  the error allowed is the larger of epsabs and epsrel |integral|, or what rounding
 *                         allows. Work goes on to epsabs times the integral of |f| where that is below 1, so that small
 *                         integrals have their digits too.
 *   limit=50              subintervals at most (of each piece)
 *   points=[...]          difficult points inside: each piece between them is an integral of its own
 *   intervals=100         of the fixed rules; even for simpson
 * Ends and points are never evaluated by gauss_kronrod, tanh_sinh and rectangle. APUS_E_NOT_CONVERGED when the
 * tolerance was not reached or the integral seems to diverge, with the best estimate in *result (of tanh_sinh also
 * where no number lies between the ends); for a value of f that is not finite the message names x, and *result is
 * untouched. APUS_E_INVALID_ARGUMENT: limits that are NaN, and where a method cannot have them, infinite or farther
 * apart than the largest number. */
apus_status apus_integrate(apus_context *context, apus_scalar_function f, void *user, double a, double b,
                           const char *parameters, apus_integral *result);
/* Over the box lower[i] to upper[i], n = 1 to 6, by iterated integrals, the last variable innermost. No points. */
apus_status apus_integrate_box(apus_context *context, apus_function f, void *user, const double *lower,
                               const double *upper, int64_t n, const char *parameters, apus_integral *result);
/* From samples y along an axis at positions x (a vector, or NULL for the spacing dx): `rule` "trapezoid", "simpson"
 * (uneven spacing and any count: Cartwright 2017; x must ascend or descend strictly), "rectangle" (left). out lacks
 * the axis. The cumulative form (trapezoid) has one element less along the axis, or as many, beginning with 0: as out
 * is given. */
apus_status apus_integrate_samples(apus_context *context, const char *rule, const apus_array *y, const apus_array *x,
                                   double dx, int32_t axis, apus_array *out);
apus_status apus_cumulative_integral(apus_context *context, const apus_array *y, const apus_array *x, double dx,
                                     int32_t axis, apus_array *out);

/* Of a density given as a callback, over its support a < b (may be infinite). E[g(X)]; g NULL is X itself; where the
 * density is 0, g is not called. The density must be >= 0 and integrate to 1 within 1e-6 (APUS_E_INVALID_ARGUMENT tells
 * what it integrates to), or normalize=true divides by its integral. A narrow density on a wide support is looked for.
 * Other parameters as of apus_integrate. */
apus_status apus_expected_value(apus_context *context, apus_scalar_function density, void *user, double a, double b,
                                apus_scalar_function g, void *g_user, const char *parameters, apus_integral *result);
apus_status apus_variance_of_density(apus_context *context, apus_scalar_function density, void *user, double a,
                                     double b, const char *parameters, apus_integral *result);
/* P(from <= X <= to), from <= to. */
apus_status apus_probability(apus_context *context, apus_scalar_function density, void *user, double a, double b,
                             double from, double to, const char *parameters, apus_integral *result);
/* Of n values with probabilities (which must be >= 0 and sum to 1 within 1e-9): mean, variance, entropy in nats; each
 * may be NULL. */
apus_status apus_discrete_moments(apus_context *context, const double *values, const double *probabilities, int64_t n,
                                  double *mean, double *variance, double *entropy);

/* ------------------------------------------------------------------ 12. Expressions: exact derivatives
 *
 * Since 1.1. A graph of operations on float64 arrays with reverse-mode differentiation (Griewank and Walther 2008,
 * doi:10.1137/1.9780898717761). Nodes are numbered from 0; one thread at a time may use an expression. */

typedef struct apus_expression apus_expression;

apus_status apus_expression_create(apus_context *context, apus_expression **out);
void apus_expression_free(apus_expression *expression);
/* A variable of a shape (ndim 0: a scalar). Variables are numbered in the order of their making; a name is letters,
 * digits and '_', not beginning with a digit, and used once. */
apus_status apus_expression_variable(apus_context *context, apus_expression *expression, const char *name,
                                     const int64_t *shape, int32_t ndim, int32_t *node);
/* A constant; the array is copied. */
apus_status apus_expression_constant(apus_context *context, apus_expression *expression, const apus_array *value,
                                     int32_t *node);
/* An operation on earlier nodes: every operation of apus_elementwise (broadcasting included), "relu", "softplus",
 * "matmul", "transpose" (axes), "sum", "mean", "product", "max", "min", "logsumexp", "norm_2" (parameters axes=[...]
 * keepdims=false), "softmax" (axis=-1), "reshape" (shape=[...]), "slice" (axis=0 start=0 stop=null step=1),
 * "concatenate" (axis=0), "where". Shapes are checked here. Where there is no derivative: comparisons, logic, sign and
 * rounding have 0; absolute, relu, hypot and norm_2 have 0 at 0; of equal operands of maximum and minimum each has
 * half, of equal elements of max and min each its share. What is multiplied by an adjoint of 0 adds 0, even infinity:
 * the branch that "where" did not take adds nothing. */
apus_status apus_expression_apply(apus_context *context, apus_expression *expression, const char *operation,
                                  const int32_t *inputs, int32_t n_inputs, const char *parameters, int32_t *node);
/* A formula over the variables made so far: "100 * (y - x^2)^2 + (1 - x)^2", "sum(sigmoid(W @ v + b))". Operators
 * + - * / ^ (or **) @, unary - and +, comparisons; functions by the names of operations (and abs, ln, asin, ...), with
 * parameters by name: sum(x, axes=[0]); numbers, arrays of numbers in brackets, pi, e, inf, nan. A fault names its
 * column and leaves the expression as it was. At most 1 MiB, nested 10,000 deep; an expression has 2^20 nodes at
 * most. */
apus_status apus_expression_parse(apus_context *context, apus_expression *expression, const char *formula,
                                  int32_t *node);
/* The shape of a node's value: fills dtype, ndim, shape. */
apus_status apus_expression_shape(apus_context *context, const apus_expression *expression, int32_t node,
                                  apus_array *out);
/* The node's value for values of all variables, in their order. */
apus_status apus_expression_evaluate(apus_context *context, apus_expression *expression, int32_t node,
                                     const apus_array *values, int32_t n_values, apus_array *out);
/* Value (may be NULL) and the gradients of a node by each variable (gradients[i].data NULL: not wanted; zeros where the
 * node does not depend on it). For a node of more than one element, output_gradient (the vector on the left of the
 * Jacobian) must be given; for one of one element NULL means 1. */
apus_status apus_expression_gradient(apus_context *context, apus_expression *expression, int32_t node,
                                     const apus_array *values, int32_t n_values, const apus_array *output_gradient,
                                     apus_array *value, apus_array *gradients, int32_t n_gradients);
/* The Hessian of a node of one element times a direction, forward over reverse: no differences. directions has an array
 * for each variable (data NULL: zero), products too (data NULL: not wanted). */
apus_status apus_expression_hessian_product(apus_context *context, apus_expression *expression, int32_t node,
                                            const apus_array *values, int32_t n_values, const apus_array *directions,
                                            apus_array *products, int32_t n_products);
/* The node as a formula that apus_expression_parse reads (up to its limit of nesting); APUS_E_LIMIT beyond 1 MiB. */
apus_status apus_expression_text(apus_context *context, const apus_expression *expression, int32_t node, char *buffer,
                                 size_t capacity, size_t *needed);

/* ------------------------------------------------------------------ 13. Statistics
 *
 * Since 1.1. float64 throughout (float32 and whole numbers are read exactly; results go to float64 or float32). Any
 * strides. NaN makes a result NaN. Results have the same bits for any number of threads. Empty arrays are APUS_E_SHAPE,
 * except where a result is said for them. Weights must be finite and >= 0, not all 0. */

/* A statistic along axes (from the end when negative; NULL with 0: of all elements); out lacks them, or has extents of
 * 1 in their place. "mean", "median", "mode" (of several the least), "variance", "std", "standard_error" (of the mean;
 * ddof=1), "mean_absolute_deviation" (from the mean), "median_absolute_deviation", "range", "interquartile_range",
 * "skewness", "kurtosis" (excess; both with population moments, NaN of equal values), "sum" (of nothing 0), "product"
 * (of nothing 1), "min", "max", "geometric_mean", "harmonic_mean" (both NaN with a negative value), "moment".
 * parameters (NULL for the defaults): ddof=0 (population; 1: sample) for "variance", "std"; order=2 (0 to 1000) for
 * "moment". A divisor n - ddof that is not positive gives NaN. Weights (NULL, or a's shape, or a vector along the one
 * axis) for mean, variance, std, sum, median: weights=population, frequency, reliability (divide by W - ddof, W - 1,
 * W - sum w^2 / W); whole weights give the median of values repeated so often. Two passes with compensated sums and a
 * correction of the mean (Chan et al. 1983, doi:10.1080/00031305.1983.10483115); order statistics by selection (Floyd
 * and Rivest 1975, doi:10.1145/360680.360691). */
apus_status apus_statistic(apus_context *context, const char *statistic, const char *parameters, const apus_array *a,
                           const apus_array *weights, const int32_t *axes, int32_t n_axes, apus_array *out);
/* Quantiles 0 <= q[i] <= 1 (at most 2^20) along an axis, the first dimension of out; `method` has NumPy's names:
 * "linear" (NULL), "inverted_cdf", "averaged_inverted_cdf", "closest_observation", "interpolated_inverted_cdf",
 * "hazen", "weibull", "median_unbiased", "normal_unbiased", "lower", "higher", "midpoint", "nearest" (Hyndman and Fan
 * 1996, doi:10.1080/00031305.1996.10473566). */
apus_status apus_quantile(apus_context *context, const apus_array *a, const double *q, int64_t n_q, const char *method,
                          int32_t axis, apus_array *out);
/* Rows are observations, columns variables (a vector is one variable); out is (p, p). Divides by n - ddof; weights
 * (NULL, one per row) count observations: by W - ddof. A divisor that is not positive gives NaN. */
apus_status apus_covariance(apus_context *context, const apus_array *x, int32_t ddof, const apus_array *weights,
                            apus_array *out);
/* `method`: "pearson" (NULL), "spearman" (of average ranks), "kendall" (tau-b; Knight 1966,
 * doi:10.1080/01621459.1966.10480879). A constant column has NaN, and so has one that holds NaN. */
apus_status apus_correlation(apus_context *context, const apus_array *x, const char *method, apus_array *out);
/* Ranks from 1 along an axis; `method` for ties: "average" (NULL), "min", "max", "dense", "ordinal". out (a's shape) is
 * real, or int64 or int32. A run that holds NaN has NaN for all its ranks. */
apus_status apus_ranks(apus_context *context, const apus_array *a, const char *method, int32_t axis, apus_array *out);
/* Counts (or sums of weights, NULL: 1) of a's elements in bins. edges (bins + 1, ascending) are read when
 * `given_edges` is not 0, else they are made: equal bins from low to high (low = high = 0: the data's range, which must
 * be finite; 0 to 1 of nothing) and written to edges, which may be NULL. The last bin contains its right end. Values
 * outside of the edges, and NaN, are not counted. density != 0 normalises to area 1. counts: int64, int32, or real. */
apus_status apus_histogram(apus_context *context, const apus_array *a, const apus_array *weights, double low,
                           double high, int32_t given_edges, int32_t density, apus_array *counts, apus_array *edges);
/* How many equal bins suit the data: "sturges", "scott", "fd", "doane", "sqrt", "rice", "auto" (NULL), as NumPy; papers
 * in docs/statistics.md. Finite data: APUS_E_INVALID_ARGUMENT else; 1 for none. */
apus_status apus_histogram_bins(apus_context *context, const apus_array *a, const char *rule, int64_t *bins);

/* Running moments (Welford 1962, doi:10.1080/00401706.1962.10490022; Pebay 2008, doi:10.2172/1028931): start from the
 * _INIT macro, add values as they come, merge partial ones. Plain numbers: copy and store them as you like. */
typedef struct apus_moments {
    uint32_t struct_size;
    int32_t reserved;
    int64_t count;
    double weight, mean, m2, m3, m4; /* total weight; sums of powers of deviations from the mean */
    double minimum, maximum;
    double mean_rest; /* what rounding took from mean */
} apus_moments;
#define APUS_MOMENTS_INIT { sizeof(apus_moments), 0, 0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0 }
/* All elements of `values`; weights (NULL: 1 each; >= 0) have its shape. After an error the moments are as before. */
apus_status apus_moments_add(apus_context *context, apus_moments *moments, const apus_array *values,
                             const apus_array *weights);
apus_status apus_moments_merge(apus_context *context, apus_moments *moments, const apus_moments *other);
/* "mean", "variance", "std", "standard_error", "skewness", "kurtosis", "min", "max", "sum" of what was added; variance
 * divides by the total weight less ddof (NaN when that is not positive). Without values only "sum" is no error. */
apus_status apus_moments_statistic(apus_context *context, const apus_moments *moments, const char *statistic,
                                   int32_t ddof, double *out);

/* Distributions, with SciPy's parameters and conventions: "normal" (loc=0 scale=1), "uniform" (loc=0 scale=1: on [loc,
 * loc + scale]), "exponential" (scale=1), "beta" (a b), "binomial" (n p), "bernoulli" (p), "gamma" (a scale=1), "chi2"
 * (df), "student_t" (df), "f" (dfn dfd), "poisson" (mu), "lognormal" (s scale=1), "geometric" (p; from 1). `what`:
 * "pdf" (or "pmf"), "logpdf" (or "logpmf"), "cdf", "logcdf", "sf" (1 - cdf, with its digits), "logsf", "ppf" (inverse
 * of cdf; of whole numbers the least with cdf >= p, one below the support for p = 0), "isf" (inverse of sf).
 * Elementwise from x to a real out of its shape (may be x itself); arguments outside of the support have density 0,
 * probabilities outside 0 to 1 and NaN give NaN. Relative errors: at most 6e-15 where both tails exceed 1e-7, 3e-13
 * beyond. Sources (Temme 1979, Didonato and Morris 1992, Loader 2000, Wichura 1988) and measurements:
 * docs/statistics.md. */
apus_status apus_distribution(apus_context *context, const char *distribution, const char *parameters,
                              const char *what, const apus_array *x, apus_array *out);
/* Mean, variance, skewness, excess kurtosis; each may be NULL. Undefined ones are NaN. */
apus_status apus_distribution_moments(apus_context *context, const char *distribution, const char *parameters,
                                      double *mean, double *variance, double *skewness, double *kurtosis);
/* Draws into a real array (for discrete distributions also int64 or int32), from the context's next stream. Element i
 * depends on the seed, the stream and i alone. */
apus_status apus_random_distribution(apus_context *context, const char *distribution, const char *parameters,
                                     apus_array *out);
/* Draws numbers 0, ..., n - 1 into `out` (int64 or int32, any shape): with replacement, or without (out at most n
 * elements; few of many take memory for those few only). probabilities (NULL: equal; n numbers, finite, >= 0, any
 * positive sum) weight them: what has 0 is never drawn; without replacement as if drawn one after the other (Efraimidis
 * and Spirakis 2006, doi:10.1016/j.ipl.2005.11.003). apus_take gives the rows drawn. */
apus_status apus_random_choice(apus_context *context, int64_t n, int32_t replace, const apus_array *probabilities,
                               apus_array *out);

/* ------------------------------------------------------------------ 14. Minimisation and roots
 *
 * Since 1.1. */

/* hessian: n x n, row by row; the upper triangle is read. product: hessian times a vector. */
typedef int32_t (*apus_hessian_function)(void *user, const double *x, int64_t n, double *hessian);
typedef int32_t (*apus_hessian_product_function)(void *user, const double *x, int64_t n, const double *vector,
                                                 double *product);

typedef struct apus_problem {
    uint32_t struct_size;
    int32_t reserved;
    int64_t n;                                     /* numbers in x */
    void *user;
    apus_function function;
    apus_hessian_function hessian;                 /* may be NULL: products or differences of gradients then serve */
    apus_hessian_product_function hessian_product; /* may be NULL; with it Newton-CG and trust-ncg hold no matrix */
    const double *lower, *upper;                   /* bounds, may be NULL; -inf and inf for none */
} apus_problem;
#define APUS_PROBLEM_INIT { sizeof(apus_problem), 0, 0, NULL, NULL, NULL, NULL, NULL, NULL }

typedef struct apus_iteration {
    uint32_t struct_size;
    int32_t reserved;
    int64_t iteration;             /* from 1 */
    int64_t n;
    const double *x;               /* the point now */
    double value;
    double gradient_norm;          /* largest absolute component; NaN for methods without gradients */
    double step;                   /* length of the last step */
    int64_t function_evaluations;
} apus_iteration;
/* 0 goes on, above 0 stops and keeps, below 0 aborts. */
typedef int32_t (*apus_iteration_callback)(void *user, const apus_iteration *iteration);

#define APUS_STOP_CONVERGED 0   /* the tolerance of the method was met */
#define APUS_STOP_ITERATIONS 1  /* maxiter */
#define APUS_STOP_EVALUATIONS 2 /* maxfev */
#define APUS_STOP_PRECISION 3   /* no step lowers the value any more in double precision */
#define APUS_STOP_CALLBACK 4    /* a callback asked to stop */
#define APUS_STOP_UNBOUNDED 5   /* the function seems to have no minimum: it fell without end */
#define APUS_STOP_NOT_FINITE 6  /* no step to a finite value was found */

typedef struct apus_minimum {
    uint32_t struct_size;
    int32_t status;                /* APUS_STOP_... */
    double value;
    double gradient_norm;          /* largest absolute component of the (projected) gradient; NaN without */
    int64_t iterations;
    int64_t function_evaluations, gradient_evaluations, hessian_evaluations;
    double *gradient;              /* set by the caller: n numbers to fill, or NULL */
    double *inverse_hessian;       /* set by the caller: n n numbers, else NaN where the method has none; or NULL */
    char message[160];
} apus_minimum;
#define APUS_MINIMUM_INIT { sizeof(apus_minimum), 0, 0.0, 0.0, 0, 0, 0, 0, NULL, NULL, { 0 } }

/* Minimises problem->function from x, which holds the best point on return (untouched after an error). `method` (in any
 * case of letters):
 *   "CG"           conjugate gradients of Polak and Ribiere (beta >= 0), line search of Hager and Zhang 2005
 *                  (doi:10.1137/030601880)
 *   "BFGS"         with the n x n inverse Hessian (delivered in result->inverse_hessian)
 *   "L-BFGS-B"     NULL; limited memory, within bounds where there are some (Byrd et al. 1995, doi:10.1137/0916069):
 *                  maxcor=10 pairs, ftol=0; delivers the inverse Hessian of its pairs
 *   "Newton"       modified Cholesky (Schnabel and Eskow 1999, doi:10.1137/S105262349833266X), line_search=wolfe or
 *                  backtracking; leaves saddle points; delivers the inverse of the Hessian that it took last, NaN where
 *                  that is not positive definite
 *   "Newton-CG"    directions by conjugate gradients (Dembo and Steihaug 1983, doi:10.1007/BF02592055), line search
 *   "trust-exact"  trust region (More and Sorensen 1983, doi:10.1137/0904038); leaves saddle points;
 *                  initial_trust_radius=1 max_trust_radius (null: none) eta=1e-4; inverse Hessian as for Newton
 *   "trust-ncg"    trust region, conjugate gradients inside (Steihaug 1983, doi:10.1137/0720042); the same parameters
 *   "Nelder-Mead"  simplex: no gradients; bounds; xatol=1e-4 fatol=1e-4 adaptive initial_simplex
 * and the update rules of networks, one full gradient a step, with learning_rate and:
 *   "SGD"          momentum nesterov dampening, form=heavy_ball, average, corrected_average, lookahead
 *   "Adagrad"      epsilon epsilon_inside initial_accumulator_value lr_decay
 *   "Adadelta"     rho epsilon
 *   "RMSprop"      rho momentum epsilon centered epsilon_inside
 *   "Adam", "AdamW"  beta_1 beta_2 epsilon amsgrad epsilon_corrected
 *   "Adamax"       beta_1 beta_2 epsilon epsilon_inside
 *   "Nadam"        beta_1 beta_2 epsilon momentum_decay
 *   all of them    weight_decay, decay_form=gradient or weights, clipvalue, clipnorm, keep=best or last
 * parameters (NULL for the defaults): gradient=callback, or forward or central for differences; gtol=1e-5: converged
 * when no component of the (projected) gradient is larger; maxiter (null: the method's limit; 0: the start is
 * evaluated); maxfev (null: none); and the method's own (apus_catalog, "minimizers": with defaults and a line on each).
 * `callback` may be NULL.
 *
 * APUS_OK whenever x was improved or kept: read result->status. Where the function is not finite the search steps back.
 * One that falls below -1e20 times its size at the start (value, or gradient times x) counts as unbounded. A function
 * or a gradient that is not finite at the start is APUS_E_NOT_CONVERGED; a Hessian that is not finite ends the search
 * with APUS_STOP_NOT_FINITE where it is; bounds for a method that takes none
 * APUS_E_UNSUPPORTED, lower > upper APUS_E_INVALID_ARGUMENT (a start outside is moved to the bounds, the function is
 * never called outside); an n x n matrix without room APUS_E_OUT_OF_MEMORY or APUS_E_LIMIT. */
apus_status apus_minimize(apus_context *context, const char *method, const char *parameters,
                          const apus_problem *problem, double *x, apus_iteration_callback callback,
                          void *callback_user, apus_minimum *result);

/* Trains a small network on all rows at once: minimises the trainer's loss over a dataset, as a function of its
 * trainable weights (in their order, weight by weight), by a method of apus_minimize, from the working weights; then
 * publishes. Loss and gradient are the network's in single precision, so runs end with APUS_STOP_PRECISION where those
 * cannot go further. Second derivatives come from differences of gradients. Layers behave as in training, random ones
 * with the same numbers each time; a loss that is not finite counts as undefined. The optimizer's state and its count
 * of updates stay. An error leaves trainer and model as they were. APUS_E_UNSUPPORTED for weights with constraints,
 * and for a dataset that is not of arrays. */
apus_status apus_trainer_minimize(apus_context *context, apus_trainer *trainer, const apus_dataset *train,
                                  const char *method, const char *parameters, apus_iteration_callback callback,
                                  void *callback_user, apus_minimum *result);
/* The least value of a function of one number. `method`: "brent" (NULL; Brent 1973: parabolas and golden section) and
 * "golden" (Kiefer 1953) go downhill from a and b in growing steps until the function rises, then close in; with the
 * parameter middle=M, a point between a and b where f is lower than at both, that is the bracket. "bounded" stays
 * between a <= b. parameters: xtol=1.48e-8 maxiter=500: the minimum is found to xtol |x| + 1e-11, "bounded":
 * xtol / 3 + 1.48e-8 |x|; below the square root of rounding there is nothing to gain. A value that is NaN or infinite
 * counts as high. *x, result: the best point seen, untouched after an error. APUS_STOP_UNBOUNDED: f fell without end.
 * Errors: APUS_E_INVALID_ARGUMENT for points that are not finite, equal, or no bracket; APUS_E_NOT_CONVERGED when f is
 * finite nowhere. result->gradient and inverse_hessian, where set, get one NaN. */
apus_status apus_minimize_scalar(apus_context *context, const char *method, const char *parameters,
                                 apus_scalar_function f, void *user, double a, double b, double *x,
                                 apus_minimum *result);
/* *step along `direction` (n numbers) from x that meets the strong Wolfe conditions: with phi(s) = f(x + s direction),
 * phi(s) <= phi(0) + c1 s phi'(0) and |phi'(s)| <= c2 |phi'(0)| (Nocedal and Wright, doi:10.1007/978-0-387-40065-5,
 * algorithms 3.5 and 3.6). parameters: c1=1e-4 c2=0.9 first=1 (the step tried first) maximum=1e10 maxiter=50
 * gradient=callback. The value and, where result->gradient is set, the gradient there are in *result. *step is 0 with
 * APUS_E_NOT_CONVERGED when no step was found or the direction does not descend; bounds limit the step. */
apus_status apus_line_search(apus_context *context, const char *parameters, const apus_problem *problem,
                             const double *x, const double *direction, double *step, apus_minimum *result);

typedef struct apus_root {
    uint32_t struct_size;
    int32_t status; /* APUS_STOP_... */
    double root, value;
    int64_t iterations, evaluations;
    char message[160];
} apus_root;
#define APUS_ROOT_INIT { sizeof(apus_root), 0, 0.0, 0.0, 0, 0, { 0 } }

/* f(x) = 0. `method`: "brentq" (NULL; Brent 1973) and "bisect" in [a, b], in either order, where f changes sign (an
 * infinite value has a sign too); "newton" from a with `derivative`, where a step to a value that is not finite is
 * halved; and "secant" from a and b. derivative may be NULL elsewhere; both get `user`. parameters: xtol=2e-12
 * rtol=8.9e-16 maxiter=100: the root is found to xtol + rtol |x| ("newton", "secant": the last step is not longer). A
 * root at an end is found at once. Where the sign changes at a jump or a pole the search ends there, and message says
 * so: look at value. No sign change is APUS_E_INVALID_ARGUMENT with both values; running out of iterations, a zero
 * derivative, two equal values of "secant" and NaN are APUS_E_NOT_CONVERGED with *result filled: the best point, and
 * why. Evaluations count calls of the derivative. */
apus_status apus_find_root(apus_context *context, const char *method, const char *parameters, apus_scalar_function f,
                           apus_scalar_function derivative, void *user, double a, double b, apus_root *result);

/* ------------------------------------------------------------------ 15. Augmentation
 *
 * Since 1.1. Random changes of images and of text that leave what they show: flips, shifts, other colours, other words.
 *
 *   Steps     A sequence of transformations, applied in order, as text
 *               "random_flip mode=horizontal; random_rotation factor=0.1 fill_mode=constant; mix_up alpha=0.2"
 *             or as JSON: a name, {"class_name": "RandomFlip", "config": {"mode": "horizontal"}}, or an array of these;
 *             at most 64. Names and parameters are Keras's where it has them; apus_catalog lists them with defaults, as
 *             "transformations" (of images) and "text_transformations".
 *   Random    Everything is drawn from Philox counters keyed by seed, epoch, number of the sample and of the step: a
 *             sample gets the same for any number of threads and whatever else is in its batch. Of the steps only
 *             mix_up and cut_mix look at other samples: their partners depend on which samples are in the batch.
 *   Threads   One thread at a time may use an augmenter; APUS_E_BUSY else.
 *
 * What each step does, its sources and measured speed: docs/augmentation.md. */

typedef struct apus_augment_options {
    uint32_t struct_size;
    int32_t seeded;         /* 0: the next stream of the context's seed, another in each call; else `seed` */
    uint64_t seed;
    uint64_t epoch;         /* other numbers for the same samples */
    int64_t first;          /* the number of the first sample; the others follow */
    const apus_array *rows; /* or the number of each sample, int64 or int32 */
} apus_augment_options;
#define APUS_AUGMENT_OPTIONS_INIT { sizeof(apus_augment_options), 0, 0, 0, 0, NULL }

/* Makes an augmenter of images. APUS_E_INVALID_ARGUMENT names a step or parameter that there is not, and a value that
 * it cannot have, with what it must be. */
apus_status apus_augmenter_create(apus_context *context, const char *steps, apus_augmenter **out);
void apus_augmenter_free(apus_augmenter *augmenter);

/* Teaches steps that learn from a training set: pca_color_noise takes the principal components of the colours of all
 * pixels of `images`, as they are before any step. Without a fit (or components as parameters) it is
 * APUS_E_NOT_FITTED. Datasets that have the augmenter already keep what it was. */
apus_status apus_augmenter_fit(apus_context *context, apus_augmenter *augmenter, const apus_array *images);
/* The steps as JSON, with all parameters and what was learned: text for apus_augmenter_create. */
apus_status apus_augmenter_config(apus_context *context, apus_augmenter *augmenter, char *buffer, size_t capacity,
                                  size_t *needed);
/* dtype and shape of what apus_augment makes of images. */
apus_status apus_augmenter_output_shape(apus_context *context, apus_augmenter *augmenter, const apus_array *images,
                                        apus_array *out);

/* Changes a batch of images, float32 or uint8, of shape (images, height, width, channels), which must be finite. out,
 * float32 or uint8 (rounded, and cut to 0 to 255), has that shape, or the one that crops leave; it may be the images
 * themselves, else must not overlap them. targets, a row for each image, go to out_targets (float32 or float64, of
 * their shape, or the targets themselves): mixed as the images are, else copied. Both may be NULL, unless a step mixes.
 * Steps that move pixels and follow each other with the same fill_mode, fill_value and interpolation become one
 * resampling, so that the image is interpolated once. No images is no error. options may be NULL.
 * Errors: APUS_E_INVALID_ARGUMENT for a value that is not finite (with its image) and for arrays that overlap,
 * APUS_E_DTYPE, APUS_E_SHAPE (a crop larger than the image, saturation or hue without three channels),
 * APUS_E_NOT_FITTED; out is not defined after APUS_E_INTERRUPTED and values that are not finite. */
apus_status apus_augment(apus_context *context, apus_augmenter *augmenter, const apus_array *images,
                         const apus_array *targets, const apus_augment_options *options, apus_array *out,
                         apus_array *out_targets);

/* Has apus_trainer_fit augment each batch of the dataset's input number `input` on the fly, before it goes through the
 * network; NULL ends that. Keyed by the trainer's seed, the epoch and the rows' numbers in the dataset, so that a fit
 * that goes on from a checkpoint comes to the same bits. apus_trainer_minimize augments too, alike at each point.
 * Evaluations (of this dataset, of validation data, of the rows that validation_split holds out) see the data as they
 * are. The steps must keep the shape of the images; where a step mixes, every loss must compare values (one-hot
 * classes), not take class numbers: the fit is APUS_E_INVALID_ARGUMENT else. The augmenter may be freed. Not while the
 * dataset is in use. */
apus_status apus_dataset_set_augmentation(apus_context *context, apus_dataset *dataset, apus_augmenter *augmenter,
                                          int32_t input);

/* Makes an augmenter of text, as sequences of numbers of words (Wei and Zou 2019, doi:10.18653/v1/D19-1670). Steps:
 *   random_deletion        deletes each word with probability rate
 *   random_insertion       puts synonyms of random words at random places
 *   random_swap            exchanges two words
 *   synonym_replacement    puts synonyms in the place of words
 *   embedding_replacement  puts one of the `neighbours` nearest words, by the cosine of their vectors, in their place
 * rate=0.1: the share of a sequence's words that is changed, at least one unless it is 0. keep=[...]: words that are
 * never deleted, moved, replaced or put in (marks of the start, stop words). */
apus_status apus_text_augmenter_create(apus_context *context, const char *steps, apus_text_augmenter **out);
void apus_text_augmenter_free(apus_text_augmenter *augmenter);
/* Synonyms of word w are ids[offsets[w]] up to but without ids[offsets[w + 1]]; offsets has one number more than there
 * are words, from 0 to the count of ids. Both int32 or int64 vectors, copied. Words beyond the table have none. */
apus_status apus_text_augmenter_set_synonyms(apus_context *context, apus_text_augmenter *augmenter,
                                             const apus_array *offsets, const apus_array *ids);
/* Vectors of words 0, 1, ...: float32 or float64 (words, dimensions), finite, copied as unit vectors. Words beyond it,
 * and those with a vector of zeros, are neither replaced nor put in. */
apus_status apus_text_augmenter_set_embeddings(apus_context *context, apus_text_augmenter *augmenter,
                                               const apus_array *embeddings);
/* Changes sequences: tokens, int32 or int64, of shape (sequences, width). Words are where mask (bool or uint8, of that
 * shape, may be NULL) is not 0, or without it where tokens differ from `padding`. out, of the dtype and shape of
 * tokens, which it may be, gets the words in order, followed by padding (or preceded, where a sequence began with
 * padding and ended with a word); words that no longer fit fall off. out_mask (may be NULL; it may be mask) says where
 * they are. APUS_E_NOT_FITTED: a step needs synonyms or vectors that were not set. APUS_E_DTYPE: a word put in does not
 * fit int32. */
apus_status apus_augment_tokens(apus_context *context, apus_text_augmenter *augmenter, const apus_array *tokens,
                                const apus_array *mask, int64_t padding, const apus_augment_options *options,
                                apus_array *out, apus_array *out_mask);

#ifdef __cplusplus
}
#endif

#endif /* APUS_H */
