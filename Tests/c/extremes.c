/* Values at the ends of their types, and texts that are out to harm: counts that would overflow, strides nobody steps,
 * names that mean something to a file, configurations of thousands of layers. Nothing traps, hangs, or half-happens. */
#define _POSIX_C_SOURCE 200809L
#include <time.h>
#include <unistd.h>

#include "check.h"

static sample s;
static apus_context *context;

static int32_t stop_after_two(void *user, const apus_progress *progress)
{
    int *calls = user;
    CHECK(progress->epochs >= progress->epoch);
    return ++*calls % 2 == 0;
}

static void takes_epochs_without_end(void)
{
    apus_model *model = sample_network(context);
    apus_trainer *trainer = sample_trainer(context, model);
    apus_array x = sample_xf(&s), y = sample_label(&s);
    apus_dataset *dataset = NULL;
    apus_fit_options options = APUS_FIT_OPTIONS_INIT;
    int calls = 0;

    OK(context, apus_dataset_create(context, &x, 1, &y, 1, NULL, &dataset));
    options.epochs = INT64_MAX;
    options.batch_size = INT64_MAX;
    options.progress = stop_after_two;
    options.progress_user = &calls;
    /* The second fit goes on from two epochs, which added to these is more than there can be. */
    OK(context, apus_trainer_fit(context, trainer, dataset, NULL, &options));
    OK(context, apus_trainer_fit(context, trainer, dataset, NULL, &options));
    CHECK(calls == 4);
    options.epochs = INT64_MIN;
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "epochs", apus_trainer_fit(context, trainer, dataset, NULL, &options));
    apus_dataset_free(dataset);
    apus_trainer_free(trainer);
    apus_model_free(model);
}

static void passes_over_strides_that_are_never_stepped(void)
{
    static const int64_t wild[] = { INT64_MIN, INT64_MAX, -1, 0 };
    double values[6] = { 0 }, dense[6] = { 0 };
    apus_array plain = APUS_ARRAY_1D(APUS_FLOAT64, dense, 6);
    OK(context, apus_set_seed(context, 3));
    OK(context, apus_random_uniform(context, 0, 1, &plain));
    for (int i = 0; i < 4; i++) {
        apus_array out = APUS_ARRAY_INIT;
        out.dtype = APUS_FLOAT64;
        out.ndim = 4;
        out.flags = APUS_ARRAY_STRIDED;
        /* Backwards along the last axis, so that it is no dense array. */
        out.data = values + 2;
        out.shape[0] = 2, out.shape[1] = 1, out.shape[2] = 3, out.shape[3] = 1;
        out.strides[0] = 3 * 8, out.strides[1] = wild[i], out.strides[2] = -8, out.strides[3] = wild[i];
        OK(context, apus_set_seed(context, 3));
        OK(context, apus_random_uniform(context, 0, 1, &out));
        CHECK(values[2] == dense[0] && values[0] == dense[2] && values[5] == dense[3] && values[3] == dense[5]);
    }
}

static void takes_a_capacity_of_any_size(void)
{
    static char text[1 << 20];
    size_t needed = 0;
    apus_model *model = sample_network(context);
    OK(context, apus_catalog(context, text, SIZE_MAX, &needed));
    CHECK(needed == strlen(text) + 1);
    OK(context, apus_model_save_memory(context, model, NULL, text, SIZE_MAX, &needed));
    CHECK(needed < sizeof text);
    FAILS(context, APUS_E_INVALID_ARGUMENT, apus_catalog(context, NULL, SIZE_MAX, &needed));
    apus_model_free(model);
}

typedef struct stream {
    const char *bytes;
    size_t size, at;
} stream;

static int64_t read_stream(void *user, void *bytes, size_t size)
{
    stream *from = user;
    const size_t count = size < from->size - from->at ? size : from->size - from->at;
    memcpy(bytes, from->bytes + from->at, count);
    from->at += count;
    return (int64_t)count;
}

/* A network of one Dense layer from 64 inputs to `units`. */
static apus_model *wide_network(const char *dense)
{
    apus_network *network = NULL;
    apus_model *model = NULL;
    OK(context, apus_network_create(context, NULL, &network));
    OK(context, apus_network_add(context, network, "Input", "shape=[64]", NULL, 0, NULL));
    OK(context, apus_network_add(context, network, "Dense", dense, NULL, 0, NULL));
    OK(context, apus_network_build(context, network, NULL, 0, &model));
    apus_network_free(network);
    return model;
}

static void takes_limits_of_any_size(void)
{
    apus_model *model = wide_network("units=1000"), *back = NULL;
    apus_load_limits limits = APUS_LOAD_LIMITS_INIT;
    size_t size = 0;
    OK(context, apus_model_save_memory(context, model, NULL, NULL, 0, &size));
    CHECK(size > 1 << 17);
    char *bytes = malloc(size);
    OK(context, apus_model_save_memory(context, model, NULL, bytes, size, &size));
    limits.max_bytes = limits.max_layers = UINT64_MAX;
    limits.max_depth = INT32_MAX;
    stream whole = { bytes, size, 0 };
    OK(context, apus_model_load_stream(context, read_stream, &whole, &limits, &back));
    apus_model_free(back);
    back = NULL;
    limits.max_bytes = 100000;
    whole.at = 0;
    FAILS(context, APUS_E_LIMIT, apus_model_load_stream(context, read_stream, &whole, &limits, &back));
    CHECK(back == NULL);
    limits.max_depth = -1;
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "max_depth",
                 apus_model_load_memory(context, bytes, size, &limits, &back));
    free(bytes);
    apus_model_free(model);
}

/* One number stands for all of a batch, by strides of 0: memory for so many rows there is none. */
static void forward_refuses(apus_status code, apus_network *network, int64_t rows)
{
    apus_model *model = NULL;
    apus_trainer *trainer = NULL;
    float number = 0;
    apus_array batch = APUS_ARRAY_INIT;
    batch.dtype = APUS_FLOAT32;
    batch.ndim = 2;
    batch.flags = APUS_ARRAY_STRIDED;
    batch.data = &number;
    batch.shape[0] = rows;
    batch.shape[1] = INT32_MAX;
    OK(context, apus_network_build(context, network, NULL, 0, &model));
    OK(context, apus_trainer_create(context, model, "optimizer=sgd", &trainer));
    FAILS(context, code, apus_trainer_forward(context, trainer, &batch, 1, 1, NULL, 0));
    apus_trainer_free(trainer);
    apus_model_free(model);
}

static void refuses_batches_that_cannot_be_counted(void)
{
    enum { COUNT = 600 };
    apus_network *network = NULL;
    int32_t inputs[COUNT];
    OK(context, apus_network_create(context, NULL, &network));
    OK(context, apus_network_add(context, network, "Input", "shape=[2147483647]", NULL, 0, &inputs[0]));
    for (int i = 0; i < COUNT; i++) {
        inputs[i] = inputs[0];
        OK(context, apus_network_add(context, network, "ReLU", NULL, NULL, 0, NULL));
    }
    forward_refuses(APUS_E_LIMIT, network, 1 << 26);
    forward_refuses(APUS_E_LIMIT, network, 1 << 27);
    /* In these gradients add up through as many places of their own. */
    OK(context, apus_network_add(context, network, "Add", NULL, inputs, COUNT, NULL));
    forward_refuses(APUS_E_OUT_OF_MEMORY, network, 1 << 23);
    apus_network_free(network);
}

static void leaves_gradients_alone_when_an_output_does_not_fit(void)
{
    apus_model *model = sample_network(context);
    apus_trainer *trainer = sample_trainer(context, model);
    apus_array x = sample_xf(&s), y = sample_label(&s);
    int32_t whole[ROWS * COLUMNS];
    float before[4 * 8], after[4 * 8];
    apus_array wrong = APUS_ARRAY_2D(APUS_INT32, whole, ROWS, COLUMNS);
    apus_array outputs = APUS_ARRAY_2D(APUS_INT32, whole, ROWS, CLASSES);
    apus_array first = APUS_ARRAY_2D(APUS_FLOAT32, before, 4, 8);
    apus_array second = APUS_ARRAY_2D(APUS_FLOAT32, after, 4, 8);

    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "forward",
                 apus_trainer_backward(context, trainer, NULL, 0, &wrong, 1));
    OK(context, apus_trainer_forward(context, trainer, &x, 1, 0, NULL, 0));
    OK(context, apus_trainer_loss(context, trainer, &y, 1, NULL, NULL));
    FAILS(context, APUS_E_DTYPE, apus_trainer_forward(context, trainer, &x, 1, 0, &outputs, 1));
    FAILS(context, APUS_E_DTYPE, apus_trainer_backward(context, trainer, NULL, 0, &wrong, 1));
    FAILS(context, APUS_E_NOT_FITTED, apus_trainer_gradient(context, trainer, "dense/kernel", &first));
    OK(context, apus_trainer_backward(context, trainer, NULL, 0, NULL, 0));
    OK(context, apus_trainer_gradient(context, trainer, "dense/kernel", &first));

    OK(context, apus_trainer_forward(context, trainer, &x, 1, 0, NULL, 0));
    OK(context, apus_trainer_loss(context, trainer, &y, 1, NULL, NULL));
    FAILS(context, APUS_E_DTYPE, apus_trainer_backward(context, trainer, NULL, 0, &wrong, 1));
    OK(context, apus_trainer_gradient(context, trainer, "dense/kernel", &second));
    CHECK(memcmp(before, after, sizeof before) == 0);

    /* Gradients of the caller's that are refused midway do not pass for those of the loss. */
    static double real[ROWS * CLASSES];
    apus_array given = APUS_ARRAY_2D(APUS_FLOAT64, real, ROWS, CLASSES);
    FAILS(context, APUS_E_DTYPE, apus_trainer_backward(context, trainer, &given, 1, NULL, 0));
    FAILS(context, APUS_E_INVALID_ARGUMENT, apus_trainer_backward(context, trainer, NULL, 0, NULL, 0));
    FAILS_NAMING(context, APUS_E_DTYPE, "targets[0]", apus_trainer_loss(context, trainer, &given, 1, NULL, NULL));
    apus_trainer_free(trainer);
    apus_model_free(model);
}

static void refuses_numbers_that_float32_cannot_hold(void)
{
    apus_model *model = sample_network(context);
    apus_trainer *trainer = sample_trainer(context, model), *other = NULL;
    apus_array x = sample_xf(&s), y = sample_label(&s);
    double weights[ROWS] = { 1e300 };
    float values[4];
    apus_array w = APUS_ARRAY_1D(APUS_FLOAT64, weights, ROWS), out = APUS_ARRAY_1D(APUS_FLOAT32, values, 4);

    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "learning_rate",
                 apus_trainer_set_learning_rate(context, trainer, 1e300));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "learning_rate",
                 apus_trainer_create(context, model, "loss=mse optimizer=sgd optimizer.learning_rate=1e300", &other));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "sample_weight",
                 apus_trainer_step(context, trainer, &x, 1, &y, 1, &w, NULL));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "scale", apus_trainer_apply(context, trainer, 1e300));
    FAILS(context, APUS_E_DTYPE, apus_random_uniform(context, 0, 1e300, &out));
    apus_trainer_free(trainer);
    apus_model_free(model);
}

static void refused_calls_draw_no_random_numbers(void)
{
    double first[3], second[3];
    int32_t whole[3];
    apus_array a = APUS_ARRAY_1D(APUS_FLOAT64, first, 3), b = APUS_ARRAY_1D(APUS_FLOAT64, second, 3);
    apus_array wrong = APUS_ARRAY_1D(APUS_INT32, whole, 3);
    OK(context, apus_set_seed(context, 5));
    OK(context, apus_random_normal(context, 0, 1, &a));
    OK(context, apus_set_seed(context, 5));
    FAILS(context, APUS_E_DTYPE, apus_random_uniform(context, 0, 1, &wrong));
    FAILS(context, APUS_E_DTYPE, apus_random_normal(context, 0, 1, &wrong));
    OK(context, apus_random_normal(context, 0, 1, &b));
    CHECK(memcmp(first, second, sizeof first) == 0);
}

static void refuses_metrics_without_meaning(void)
{
    apus_model *model = sample_network(context);
    apus_trainer *trainer = NULL;
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "thresholds",
                 apus_trainer_create(context, model,
                                     "{\"loss\": \"mse\", \"optimizer\": \"sgd\", \"metrics\": [{\"class_name\": "
                                     "\"Precision\", \"config\": {\"thresholds\": [2]}}]}", &trainer));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "class numbers",
                 apus_trainer_create(context, model, "loss=mse optimizer=sgd metrics=sparse_categorical_accuracy",
                                     &trainer));
    CHECK(trainer == NULL);
    apus_model_free(model);
}

#define INPUT(name) \
    "{\"class_name\":\"InputLayer\",\"config\":{\"name\":\"" name "\",\"batch_input_shape\":[null,2]},\"name\":\"" name \
    "\",\"inbound_nodes\":[]}"
#define DENSE(name, inbound)                                                                            \
    "{\"class_name\":\"Dense\",\"config\":{\"name\":\"" name "\",\"units\":2},\"name\":\"" name \
    "\",\"inbound_nodes\":" inbound "}"
#define FUNCTIONAL(layers, inputs, outputs)                                                          \
    "{\"class_name\":\"Functional\",\"config\":{\"name\":\"m\",\"layers\":[" layers "],\"input_layers\":" inputs \
    ",\"output_layers\":" outputs "}}"

static void refuses_configurations_that_contradict_themselves(void)
{
    static const char *const wrong[] = {
        /* an input that is none, one that is missing, one named twice */
        FUNCTIONAL(INPUT("a") "," DENSE("d", "[[[\"a\",0,0,{}]]]"), "[[\"d\",0,0]]", "[[\"d\",0,0]]"),
        FUNCTIONAL(INPUT("a") "," DENSE("d", "[[[\"a\",0,0,{}]]]"), "[]", "[[\"d\",0,0]]"),
        FUNCTIONAL(INPUT("a") "," DENSE("d", "[[[\"a\",0,0,{}]]]"), "[[\"a\",0,0],[\"a\",0,0]]", "[[\"d\",0,0]]"),
        /* a layer that waits for itself, two that wait for each other, an output that is not there */
        FUNCTIONAL(INPUT("a") "," DENSE("d", "[[[\"d\",0,0,{}]]]"), "[[\"a\",0,0]]", "[[\"a\",0,0]]"),
        FUNCTIONAL(INPUT("a") "," DENSE("d", "[[[\"e\",0,0,{}]]]") "," DENSE("e", "[[[\"d\",0,0,{}]]]"),
                   "[[\"a\",0,0]]", "[[\"a\",0,0]]"),
        FUNCTIONAL(INPUT("a"), "[[\"a\",0,0]]", "[[\"a\",1,0]]"),
        FUNCTIONAL(INPUT("a"), "[[\"a\",0,0]]", "[]"),
        /* names that would lead elsewhere in a file: a slash, one with a mark on it, a zero byte */
        FUNCTIONAL(INPUT("a/b"), "[[\"a/b\",0,0]]", "[[\"a/b\",0,0]]"),
        FUNCTIONAL(INPUT("a/\\u0301b"), "[[\"a/\\u0301b\",0,0]]", "[[\"a/\\u0301b\",0,0]]"),
        FUNCTIONAL(INPUT("a\\u0000b"), "[[\"a\\u0000b\",0,0]]", "[[\"a\\u0000b\",0,0]]"),
    };
    apus_model *model = NULL;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        const apus_status status = apus_network_from_json(context, wrong[i], &model);
        CHECK(status == APUS_E_INVALID_ARGUMENT || status == APUS_E_CORRUPT);
        CHECK(model == NULL && apus_last_error(context)[0] != 0);
    }
    /* Out of order, a layer called twice: what the names say counts, not the order. */
    OK(context, apus_network_from_json(
                    context,
                    FUNCTIONAL(DENSE("e", "[[[\"d\",1,0,{}]]]") "," DENSE("d", "[[[\"a\",0,0,{}]],[[\"d\",0,0,{}]]]")
                               "," INPUT("a"), "[[\"a\",0,0]]", "[[\"e\",0,0]]"),
                    &model));
    apus_model_free(model);
}

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

enum { DEEP = 4000 };

static void builds_trains_and_keeps_networks_of_thousands_of_layers(void)
{
    const double begin = seconds();
    apus_network *network = NULL;
    apus_model *model = NULL, *back = NULL;
    apus_trainer *trainer = NULL;
    float x[8] = { 1, 2, 3, 4, 5, 6, 7, 8 };
    apus_array rows = APUS_ARRAY_2D(APUS_FLOAT32, x, 2, 4);
    int32_t node = -1;
    size_t size = 0;

    OK(context, apus_network_create(context, NULL, &network));
    OK(context, apus_network_add(context, network, "Input", "shape=[4]", NULL, 0, NULL));
    for (int i = 0; i < DEEP; i++) {
        /* Each from the last but one: a graph that is no chain. */
        const int32_t from = i > 1 && i % 2 ? node - 1 : i;
        OK(context, apus_network_add(context, network, "Activation", "activation=linear", &from, 1, &node));
    }
    OK(context, apus_network_add(context, network, "Dense", "units=4", NULL, 0, &node));
    OK(context, apus_network_build(context, network, NULL, 0, &model));
    OK(context, apus_trainer_create(context, model, "loss=mse optimizer=sgd", &trainer));
    OK(context, apus_trainer_step(context, trainer, &rows, 1, &rows, 1, NULL, NULL));
    OK(context, apus_model_info(context, model, NULL, 0, &size));
    OK(context, apus_model_to_json(context, model, NULL, 0, &size));
    char *text = malloc(size);
    OK(context, apus_model_to_json(context, model, text, size, &size));
    OK(context, apus_network_from_json(context, text, &back));
    CHECK(seconds() - begin < 20);
    free(text);
    apus_trainer_free(trainer);
    apus_network_free(network);
    apus_model_free(model);
    apus_model_free(back);
}

/* Layers from the last to the first, so that each waits for the next. */
static void reads_thousands_of_layers_in_any_order(void)
{
    const double begin = seconds();
    char *text = malloc(DEEP * 200 + 1000), *at = text;
    apus_model *model = NULL;
    at += sprintf(at, "{\"class_name\":\"Functional\",\"config\":{\"layers\":[");
    for (int i = DEEP; i > 0; i--) {
        at += sprintf(at,
                      "{\"class_name\":\"Flatten\",\"config\":{\"name\":\"l%d\"},\"inbound_nodes\":[[[\"l%d\",0,0,{}]]]},",
                      i, i - 1);
    }
    at += sprintf(at, INPUT("l0") "],\"input_layers\":[[\"l0\",0,0]],\"output_layers\":[[\"l%d\",0,0]]}}", DEEP);
    OK(context, apus_network_from_json(context, text, &model));
    CHECK(seconds() - begin < 10);
    free(text);
    apus_model_free(model);
}

/* A tolerance that rounding never lets the gradient reach, and iterations without end. */
static void solvers_end_when_nothing_is_left_to_gain(void)
{
    static const char *const parameters[] = { "solver=lbfgs tol=1e-300 max_iter=9223372036854775807",
                                              "tol=1e-300 max_iter=9223372036854775807" };
    static const double values[] = { 0.5, 1e8, 3e38 };
    const double kept = s.x[5];
    for (size_t i = 0; i < sizeof parameters / sizeof *parameters; i++) {
        for (size_t k = 0; k < sizeof values / sizeof *values; k++) {
            apus_array x = sample_x(&s), y = sample_label(&s);
            apus_model *model = NULL;
            s.x[5] = values[k];
            OK(context, apus_fit(context, "logistic_regression", parameters[i], &x, &y, NULL, &model));
            apus_model_free(model);
        }
    }
    s.x[5] = kept;
}

int main(void)
{
    BEGIN("extremes");
    make_sample(&s);
    context = new_context(2, NULL);
    RUN(takes_epochs_without_end);
    RUN(passes_over_strides_that_are_never_stepped);
    RUN(takes_a_capacity_of_any_size);
    RUN(takes_limits_of_any_size);
    RUN(refuses_batches_that_cannot_be_counted);
    RUN(leaves_gradients_alone_when_an_output_does_not_fit);
    RUN(refuses_numbers_that_float32_cannot_hold);
    RUN(refused_calls_draw_no_random_numbers);
    RUN(refuses_metrics_without_meaning);
    RUN(refuses_configurations_that_contradict_themselves);
    RUN(solvers_end_when_nothing_is_left_to_gain);
    RUN(builds_trains_and_keeps_networks_of_thousands_of_layers);
    RUN(reads_thousands_of_layers_in_any_order);
    apus_context_free(context);
    return END();
}
