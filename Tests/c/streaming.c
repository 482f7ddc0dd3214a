/* Training on files: one ten times the memory limit of the context; orders, checkpoints, forks, damage. */
#define _POSIX_C_SOURCE 200809L
#include <sys/wait.h>
#include <unistd.h>

#include "streams.h"

#define DATA "inputs=model_weights/x/x/embeddings:0 targets=model_weights/y/y/embeddings:0 "
enum { LONG = 200000, WIDE = 64 };
#define LIMIT 5000000

static const char *path, *small;

/* A file with arrays x (rows, columns) and y (rows, 1), y a function of x: as the weights of a network. */
static void write_data(const char *to, int rows, int columns, float *x, float *y)
{
    apus_array xs = APUS_ARRAY_2D(APUS_FLOAT32, x, rows, columns), ys = APUS_ARRAY_2D(APUS_FLOAT32, y, rows, 1);
    apus_network *network = NULL;
    apus_model *model = NULL;
    int32_t input, nodes[2];
    char text[100];
    fill_rows(rows, columns, x, y);
    OK(context, apus_network_create(context, NULL, &network));
    OK(context, apus_network_add(context, network, "Input", "shape=[1]", NULL, 0, &input));
    snprintf(text, sizeof text, "name=x input_dim=%d output_dim=%d", rows, columns);
    OK(context, apus_network_add(context, network, "Embedding", text, &input, 1, &nodes[0]));
    snprintf(text, sizeof text, "name=y input_dim=%d output_dim=1", rows);
    OK(context, apus_network_add(context, network, "Embedding", text, &input, 1, &nodes[1]));
    OK(context, apus_network_build(context, network, nodes, 2, &model));
    OK(context, apus_model_set_weight(context, model, "x/embeddings", &xs));
    OK(context, apus_model_set_weight(context, model, "y/embeddings", &ys));
    OK(context, apus_model_save(context, model, to, NULL));
    apus_model_free(model);
    apus_network_free(network);
}

static void trains_on_a_file_ten_times_the_memory_limit(void)
{
    apus_context_options options = APUS_CONTEXT_OPTIONS_INIT;
    apus_context *own = NULL;
    apus_dataset *data = NULL, *train = NULL, *held = NULL, *arrays = NULL;
    apus_fit_options fit = APUS_FIT_OPTIONS_INIT;
    float *x = malloc((size_t)LONG * WIDE * sizeof *x), *y = malloc((size_t)LONG * sizeof *y);
    float *predicted = malloc((size_t)LONG * sizeof *predicted);
    apus_array xs = APUS_ARRAY_2D(APUS_FLOAT32, x, LONG, WIDE), ys = APUS_ARRAY_2D(APUS_FLOAT32, y, LONG, 1);
    apus_array out = APUS_ARRAY_2D(APUS_FLOAT32, predicted, LONG, 1);
    double before[2], after[2], again[2];
    char info[300];
    size_t needed;
    write_data(path, LONG, WIDE, x, y);
    FILE *file = fopen(path, "rb");
    CHECK(file && fseek(file, 0, SEEK_END) == 0 && ftell(file) > 10L * LIMIT);
    if (file) fclose(file);

    options.memory_limit = LIMIT;
    options.threads = 2;
    OK(NULL, apus_context_create(&options, &own));
    apus_trainer *trainer = make_trainer(own, WIDE, "");
    OK(own, apus_dataset_open_hdf5(own, path, DATA, &data));
    OK(own, apus_dataset_open_hdf5(own, path, DATA "count=180000", &train));
    OK(own, apus_dataset_open_hdf5(own, path, DATA "start=180000", &held));
    OK(own, apus_dataset_info(own, train, info, sizeof info, &needed));
    CHECK(strcmp(info, "{\"rows\": 180000, \"inputs\": [{\"dtype\": \"float32\", \"shape\": [64]}], \"targets\": "
                       "[{\"dtype\": \"float32\", \"shape\": [1]}], \"sample_weights\": []}") == 0);
    OK(own, apus_trainer_evaluate(own, trainer, data, 1000, before, 2));
    fit.epochs = 2;
    fit.batch_size = 500;
    OK(own, apus_trainer_fit(own, trainer, train, held, &fit));
    OK(own, apus_trainer_evaluate(own, trainer, data, 1000, after, 2));
    CHECK(after[0] < 0.05 * before[0]);
    /* What the arrays in memory give, in a context that may hold them. */
    OK(context, apus_dataset_create(context, &xs, 1, &ys, 1, NULL, &arrays));
    OK(context, apus_trainer_evaluate(context, trainer, arrays, 1000, again, 2));
    CHECK(after[0] == again[0] && after[1] == again[1]);
    apus_model *model = NULL;
    apus_trainer *copy = NULL;
    OK(own, apus_trainer_save(own, trainer, small));
    OK(context, apus_trainer_load(context, small, NULL, &copy, &model));
    OK(context, apus_predict_dataset(context, model, data, 0, &out, 1));
    double sum = 0;
    for (int i = 0; i < LONG; i++) sum += (double)(predicted[i] - y[i]) * (predicted[i] - y[i]);
    CHECK(fabs(sum / LONG - after[0]) < 1e-5 * after[0]);
    remove(small);

    /* Batches that cannot be in memory twice. */
    fit.batch_size = 10000;
    FAILS_NAMING(own, APUS_E_LIMIT, "bytes more", apus_trainer_fit(own, trainer, train, NULL, &fit));
    OK(own, apus_trainer_evaluate(own, trainer, data, 1000, again, 2));
    CHECK(after[0] == again[0]);
    apus_dataset_free(arrays);
    apus_dataset_free(data);
    apus_dataset_free(train);
    apus_dataset_free(held);
    apus_trainer_free(trainer);
    apus_trainer_free(copy);
    apus_model_free(model);
    apus_context_free(own);
    free(predicted);
    free(x);
    free(y);
    remove(path);
}

/* The weights after some epochs of a fit in windows of few rows. */
static void fitted(int threads, const char *parameters, int64_t epochs, float *out)
{
    apus_context *own = new_context(threads, NULL);
    apus_trainer *trainer = make_trainer(own, NARROW, "optimizer.gradient_accumulation_steps=2");
    apus_dataset *data = NULL;
    apus_fit_options fit = APUS_FIT_OPTIONS_INIT;
    fit.epochs = epochs;
    OK(own, apus_dataset_open_hdf5(own, small, parameters, &data));
    OK(own, apus_trainer_fit(own, trainer, data, NULL, &fit));
    weights(own, trainer, NARROW, out);
    apus_dataset_free(data);
    apus_trainer_free(trainer);
    apus_context_free(own);
}

static int32_t stop_at(void *user, const apus_progress *progress)
{
    const int64_t batch = *(int64_t *)user;
    return progress->stage == APUS_PROGRESS_BATCH && batch && progress->batch == batch;
}

static void bits_depend_on_nothing_but_the_rows(void)
{
    float one[NARROW * 4], other[NARROW * 4];
    write_data(small, FEW, NARROW, fx, fy);
    fitted(1, DATA "buffer_bytes=20000", 3, one);
    for (int threads = 1; threads <= 3; threads++) {
        fitted(threads, DATA "buffer_bytes=20000", 3, other);
        CHECK(memcmp(one, other, sizeof one) == 0);
        fitted(threads, DATA "buffer_bytes=20000 prefetch=false", 3, other);
        CHECK(memcmp(one, other, sizeof one) == 0);
    }
    fitted(1, DATA "buffer_bytes=20000 shuffle=none", 3, other);
    CHECK(memcmp(one, other, sizeof one) != 0);
    fitted(1, DATA "buffer_bytes=20000 block_rows=7", 3, other);
    CHECK(memcmp(one, other, sizeof one) != 0);

    /* Saved after two epochs and in the middle of one, then loaded, a fit goes on to the same bits. */
    for (int middle = 0; middle < 2; middle++) {
        apus_trainer *trainer = make_trainer(context, NARROW, "optimizer.gradient_accumulation_steps=2"), *next = NULL;
        apus_dataset *data = NULL;
        apus_fit_options fit = APUS_FIT_OPTIONS_INIT;
        OK(context, apus_dataset_open_hdf5(context, small, DATA "buffer_bytes=20000", &data));
        int64_t stop = middle ? 13 : 0;
        fit.epochs = 2;
        fit.progress = stop_at;
        fit.progress_user = &stop;
        fit.progress_every_batch = 1;
        OK(context, apus_trainer_fit(context, trainer, data, NULL, &fit));
        OK(context, apus_trainer_save(context, trainer, path));
        OK(context, apus_trainer_load(context, path, NULL, &next, NULL));
        fit.progress = NULL;
        fit.epochs = middle ? 3 : 1;
        OK(context, apus_trainer_fit(context, next, data, NULL, &fit));
        weights(context, next, NARROW, other);
        CHECK(memcmp(one, other, sizeof one) == 0);
        remove(path);
        apus_dataset_free(data);
        apus_trainer_free(trainer);
        apus_trainer_free(next);
    }
}

/* Forks in the middle of an epoch: the child trains on to the end as its parent does. */
static int forks, is_child;
static int32_t forking(void *user, const apus_progress *progress)
{
    if (progress->batch == 9 && progress->epoch == 2 && forks) {
        forks = 0;
        *(pid_t *)user = fork();
        is_child = *(pid_t *)user == 0;
    }
    return 0;
}

static void a_forked_child_trains_on(void)
{
    float one[NARROW * 4], other[NARROW * 4];
    apus_trainer *trainer = make_trainer(context, NARROW, "optimizer.gradient_accumulation_steps=2");
    apus_dataset *data = NULL;
    apus_fit_options fit = APUS_FIT_OPTIONS_INIT;
    pid_t child = -1;
    int status = -1;
    fitted(1, DATA "buffer_bytes=20000", 3, one);
    OK(context, apus_dataset_open_hdf5(context, small, DATA "buffer_bytes=20000", &data));
    fit.epochs = 3;
    fit.progress = forking;
    fit.progress_user = &child;
    fit.progress_every_batch = 1;
    forks = 1;
    OK(context, apus_trainer_fit(context, trainer, data, NULL, &fit));
    weights(context, trainer, NARROW, other);
    if (is_child) _exit(memcmp(one, other, sizeof one) == 0 ? 0 : 1);
    CHECK(memcmp(one, other, sizeof one) == 0);
    CHECK(child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0);
    apus_dataset_free(data);
    apus_trainer_free(trainer);
}

static void bad_files_and_names_are_errors(void)
{
    apus_trainer *trainer = make_trainer(context, NARROW, "");
    apus_dataset *data = NULL, *none = NULL;
    apus_array w = APUS_ARRAY_1D(APUS_FLOAT32, fy, FEW);
    apus_minimum minimum = APUS_MINIMUM_INIT;
    apus_fit_options fit = APUS_FIT_OPTIONS_INIT;
    float kernel[NARROW * 4], same[NARROW * 4];
#define OPEN(parameters) apus_dataset_open_hdf5(context, small, parameters, &none)
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "'z'", OPEN("inputs=z"));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "inputs", OPEN(NULL));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "inputs", OPEN("inputs=[]"));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "inputs", OPEN("inputs=[1]"));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "colour", OPEN(DATA "colour=red"));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "1003", OPEN(DATA "start=1003"));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "1003", OPEN(DATA "start=1000 count=4"));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "1003", OPEN(DATA "start=9223372036854775807"));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "1003", OPEN(DATA "count=9223372036854775807"));
    FAILS(context, APUS_E_CORRUPT, OPEN("inputs=model_weights"));
    FAILS(context, APUS_E_IO, apus_dataset_open_hdf5(context, "/nonexistent/x.h5", DATA, &none));
    FAILS(context, APUS_E_IO, apus_dataset_open_hdf5(context, "/", DATA, &none));
    FAILS(context, APUS_E_IO, apus_dataset_open_hdf5(context, "/dev/null", DATA, &none));
    CHECK(none == NULL);
    OK(context, OPEN(DATA "buffer_bytes=9223372036854775807 block_rows=9223372036854775807"));
    OK(context, apus_trainer_fit(context, trainer, none, NULL, NULL));
    apus_dataset_free(none);
    OK(context, OPEN(DATA "buffer_bytes=100"));
    FAILS_NAMING(context, APUS_E_LIMIT, "2328 bytes", apus_trainer_fit(context, trainer, none, NULL, NULL));
    apus_dataset_free(none);
    OK(context, OPEN("inputs=model_weights/y/y/embeddings:0"));
    FAILS(context, APUS_E_SHAPE, apus_trainer_fit(context, trainer, none, NULL, NULL));
    apus_dataset_free(none);
    OK(context, OPEN("inputs=model_weights/x/x/embeddings:0"));
    FAILS(context, APUS_E_INVALID_ARGUMENT, apus_trainer_fit(context, trainer, none, NULL, NULL));
    apus_dataset_free(none);
    /* Weights of rows that are below zero are found when they are read, and named by the row of the file. */
    OK(context, OPEN(DATA "sample_weight=model_weights/y/y/embeddings:0 start=500 buffer_bytes=4000 shuffle=none"));
    int bad = 500;
    while (fy[bad] >= 0) bad++;
    char row[30];
    snprintf(row, sizeof row, "row %d ", bad);
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, row, apus_trainer_fit(context, trainer, none, NULL, NULL));
    apus_dataset_free(none);

    OK(context, OPEN(DATA "buffer_bytes=20000"));
    data = none;
    FAILS(context, APUS_E_UNSUPPORTED, apus_dataset_set_sample_weights(context, data, &w, 1));
    FAILS(context, APUS_E_UNSUPPORTED,
          apus_trainer_minimize(context, trainer, data, NULL, NULL, NULL, NULL, &minimum));
    weights(context, trainer, NARROW, kernel);
    CHECK(truncate(small, 20000) == 0);
    FAILS_NAMING(context, APUS_E_IO, "changed", apus_trainer_fit(context, trainer, data, NULL, &fit));
    weights(context, trainer, NARROW, same);
    CHECK(memcmp(kernel, same, sizeof same) == 0);
    none = NULL;
    FAILS(context, APUS_E_CORRUPT, OPEN(DATA));
    CHECK(truncate(small, 0) == 0);
    FAILS(context, APUS_E_CORRUPT, OPEN(DATA));
    CHECK(none == NULL);
    apus_dataset_free(data);
    apus_trainer_free(trainer);
    write_data(small, FEW, NARROW, fx, fy);
}

/* Cuts the file when the second epoch begins. */
static int32_t cutting(void *user, const apus_progress *progress)
{
    (void)user;
    if (progress->epoch == 1 && progress->batch == 20) CHECK(truncate(small, 12000) == 0);
    return 0;
}

static void a_file_cut_short_during_a_fit_is_an_error(void)
{
    static const char *const parameters[] = { DATA "buffer_bytes=4000", DATA "buffer_bytes=4000 prefetch=false" };
    for (int i = 0; i < 2; i++) {
        apus_trainer *trainer = make_trainer(context, NARROW, "");
        apus_dataset *data = NULL;
        apus_fit_options fit = APUS_FIT_OPTIONS_INIT;
        float kernel[NARROW * 4], same[NARROW * 4];
        OK(context, apus_dataset_open_hdf5(context, small, parameters[i], &data));
        weights(context, trainer, NARROW, kernel);
        fit.epochs = 2;
        fit.progress = cutting;
        fit.progress_every_batch = 1;
        FAILS(context, APUS_E_IO, apus_trainer_fit(context, trainer, data, NULL, &fit));
        weights(context, trainer, NARROW, same);
        CHECK(memcmp(kernel, same, sizeof same) == 0);
        apus_dataset_free(data);
        apus_trainer_free(trainer);
        write_data(small, FEW, NARROW, fx, fy);
    }
}

static int32_t interrupting(void *user, const apus_progress *progress)
{
    if (progress->batch == 5) apus_interrupt(user);
    return 0;
}

static void an_interrupt_leaves_all_as_it_was(void)
{
    apus_trainer *trainer = make_trainer(context, NARROW, "");
    apus_dataset *data = NULL;
    apus_fit_options fit = APUS_FIT_OPTIONS_INIT;
    float kernel[NARROW * 4], same[NARROW * 4];
    OK(context, apus_dataset_open_hdf5(context, small, DATA "buffer_bytes=4000", &data));
    weights(context, trainer, NARROW, kernel);
    fit.progress = interrupting;
    fit.progress_user = context;
    fit.progress_every_batch = 1;
    FAILS(context, APUS_E_INTERRUPTED, apus_trainer_fit(context, trainer, data, NULL, &fit));
    weights(context, trainer, NARROW, same);
    CHECK(memcmp(kernel, same, sizeof same) == 0);
    apus_dataset_free(data);
    apus_trainer_free(trainer);
}

/* -------------------------------------------------------------------- the n-th allocation refused */

static counting memory;

static apus_status stream(apus_context *own, apus_trainer *trainer)
{
    apus_dataset *data = NULL;
    apus_fit_options fit = APUS_FIT_OPTIONS_INIT;
    double values[2];
    fit.validation_split = 0.3;
    apus_status status = apus_dataset_open_hdf5(own, small, DATA "buffer_bytes=8000", &data);
    if (!status) status = apus_trainer_fit(own, trainer, data, NULL, &fit);
    if (!status) status = apus_trainer_evaluate(own, trainer, data, 0, values, 2);
    apus_dataset_free(data);
    return status;
}

static void each_allocation_may_be_refused(void)
{
    counting_init(&memory);
    apus_context *own = new_context(2, &memory.allocator);
    int64_t n = 1, refused = 0;
    apus_status status = APUS_E_OUT_OF_MEMORY;
    for (; n < 10000 && status; n++) {
        apus_trainer *trainer = make_trainer(own, NARROW, "");
        const int64_t live = memory.live, before = memory.refused;
        memory.calls = 0;
        memory.refuse_at = n;
        status = stream(own, trainer);
        memory.refuse_at = 0;
        if (memory.refused > before) {
            refused++;
            if (status) CHECK(status == APUS_E_OUT_OF_MEMORY && memory.live >= live);
            OK(own, stream(own, trainer));
            status = APUS_E_OUT_OF_MEMORY;
        }
        apus_trainer_free(trainer);
    }
    CHECK(status == APUS_OK && refused > 20);
    printf("    %lld allocations, each refused once\n", (long long)refused);
    apus_context_free(own);
    CHECK(memory.live == 0 && memory.bytes == 0 && memory.mismatches == 0);
}

int main(void)
{
    char paths[2][512];
    BEGIN("streaming");
    snprintf(paths[0], sizeof paths[0], "%s", scratch("data.h5"));
    snprintf(paths[1], sizeof paths[1], "%s", scratch("small.h5"));
    path = paths[0];
    small = paths[1];
    context = new_context(2, NULL);
    RUN(trains_on_a_file_ten_times_the_memory_limit);
    RUN(bits_depend_on_nothing_but_the_rows);
    RUN(a_forked_child_trains_on);
    RUN(bad_files_and_names_are_errors);
    RUN(a_file_cut_short_during_a_fit_is_an_error);
    RUN(an_interrupt_leaves_all_as_it_was);
    RUN(each_allocation_may_be_refused);
    remove(small);
    apus_context_free(context);
    return END();
}
