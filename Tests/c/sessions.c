/* Sessions: the same outputs as a prediction, on any number of rows up to what was asked for, without an allocation
 * from the context's allocator or from the C library, on the weights that the model had when the session was made. */
#define _GNU_SOURCE
#include <pthread.h>
#include <unistd.h>

#include "check.h"

/* Every allocation of the process, by whatever name, comes here first. */
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *pointer, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);

static int64_t library_calls;

#ifndef SANITIZED
void *malloc(size_t size)
{
    __atomic_add_fetch(&library_calls, 1, __ATOMIC_RELAXED);
    return __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    __atomic_add_fetch(&library_calls, 1, __ATOMIC_RELAXED);
    return __libc_calloc(count, size);
}

void *realloc(void *pointer, size_t size)
{
    __atomic_add_fetch(&library_calls, 1, __ATOMIC_RELAXED);
    return __libc_realloc(pointer, size);
}

void *aligned_alloc(size_t alignment, size_t size)
{
    __atomic_add_fetch(&library_calls, 1, __ATOMIC_RELAXED);
    return __libc_memalign(alignment, size);
}

int posix_memalign(void **out, size_t alignment, size_t size)
{
    __atomic_add_fetch(&library_calls, 1, __ATOMIC_RELAXED);
    *out = __libc_memalign(alignment, size);
    return *out ? 0 : 12;
}
#endif

static sample s;
static counting memory;
static apus_context *context;
static apus_model *model;

static void the_counter_counts(void)
{
#ifndef SANITIZED
    const int64_t before = library_calls;
    /* Through a pointer, or the compiler leaves a block that nobody uses away. */
    void *(*volatile allocate)(size_t) = malloc;
    free(allocate(10));
    CHECK(library_calls == before + 1);
#endif
}

static void a_run_gives_what_a_prediction_gives(void)
{
    float predicted[ROWS * CLASSES], run[ROWS * CLASSES];
    apus_array x = sample_xf(&s), out = APUS_ARRAY_2D(APUS_FLOAT32, predicted, ROWS, CLASSES);
    apus_session *session = NULL;
    OK(context, apus_predict(context, model, APUS_PREDICT, &x, &out));
    OK(context, apus_session_create(context, model, ROWS, &session));
    for (int64_t rows = 1; rows <= ROWS; rows += 7) {
        memset(run, 0, sizeof run);
        x.shape[0] = out.shape[0] = rows;
        out.data = run;
        OK(context, apus_session_run(context, session, &x, 1, &out, 1));
        for (int i = 0; i < rows * CLASSES; i++) CHECK(fabsf(predicted[i] - run[i]) <= 8 * FLT_EPSILON);
        for (int i = (int)rows * CLASSES; i < ROWS * CLASSES; i++) CHECK(run[i] == 0);
    }
    apus_session_free(session);
}

/* 1000 runs of a network on each of some numbers of rows, without a call of any allocator. */
static void runs_without_allocating(const apus_model *network, apus_array x, apus_array out, int64_t most, int64_t step)
{
    apus_session *session = NULL;
    OK(context, apus_session_create(context, network, most, &session));
    for (int64_t rows = 1; rows <= most; rows += step) {
        apus_status status = APUS_OK;
        x.shape[0] = out.shape[0] = rows;
        OK(context, apus_session_run(context, session, &x, 1, &out, 1));
        const int64_t calls = memory.calls, library = library_calls;
        for (int i = 0; i < 1000 && !status; i++) status = apus_session_run(context, session, &x, 1, &out, 1);
        const int64_t calls_after = memory.calls, library_after = library_calls;
        OK(context, status);
        CHECK(calls_after == calls);
        if (library_after != library) {
            check_failures++;
            printf("    %lld calls of the C library's allocator in 1000 runs of %lld rows\n",
                   (long long)(library_after - library), (long long)rows);
        }
    }
    apus_session_free(session);
}

static void a_run_allocates_nothing(void)
{
    float run[ROWS * CLASSES];
    const apus_array x = sample_xf(&s), out = APUS_ARRAY_2D(APUS_FLOAT32, run, ROWS, CLASSES);
    runs_without_allocating(model, x, out, ROWS, 59);
}

/* Pictures through every sort of convolution, pooling and merging. */
static apus_model *picture_network(void)
{
    static const char *const chain[][2] = {
        { "Conv2D", "filters=8 kernel_size=3 padding=same activation=gelu" },
        { "MaxPooling2D", "" },
        { "DepthwiseConv2D", "kernel_size=3 padding=same" },
        { "SeparableConv2D", "filters=6 kernel_size=3 padding=same activation=relu" },
        { "BatchNormalization", "" },
        { "Conv2DTranspose", "filters=4 kernel_size=3 strides=2 padding=same" },
        { "PReLU", "shared_axes=[1,2]" },
        { "LayerNormalization", "" },
        { "ZeroPadding2D", "" },
        { "Permute", "dims=[2,1,3]" },
        { "AveragePooling2D", "" },
        { "UpSampling2D", "" },
    };
    apus_network *network = NULL;
    apus_model *made = NULL;
    int32_t pair[2];
    OK(context, apus_network_create(context, NULL, &network));
    OK(context, apus_network_add(context, network, "Input", "shape=[8,8,1]", NULL, 0, NULL));
    for (size_t i = 0; i < sizeof chain / sizeof *chain; i++)
        OK(context, apus_network_add(context, network, chain[i][0], chain[i][1], NULL, 0, &pair[0]));
    OK(context, apus_network_add(context, network, "GlobalAveragePooling2D", "keepdims=true", &pair[0], 1, &pair[1]));
    OK(context, apus_network_add(context, network, "Multiply", NULL, pair, 2, NULL));
    OK(context, apus_network_add(context, network, "GlobalMaxPooling2D", NULL, NULL, 0, NULL));
    OK(context, apus_network_add(context, network, "Dense", "units=2 activation=softmax", NULL, 0, NULL));
    OK(context, apus_network_build(context, network, NULL, 0, &made));
    apus_network_free(network);
    return made;
}

static void pictures_allocate_nothing(void)
{
    static float pictures[3 * 64], run[3 * 2];
    apus_array x = { sizeof x, APUS_FLOAT32, 4, 0, pictures, { 3, 8, 8, 1 }, { 0 } };
    const apus_array out = APUS_ARRAY_2D(APUS_FLOAT32, run, 3, 2);
    apus_model *network = picture_network();
    for (int i = 0; i < 3 * 64; i++) pictures[i] = (float)(i % 7) - 3;
    runs_without_allocating(network, x, out, 3, 2);
    apus_model_free(network);
}

/* Sequences through every sort of recurrent layer, with a mask. */
static apus_model *sequence_network(void)
{
    static const char *const chain[][2] = {
        { "Input", "shape=[6,3]" },
        { "Masking", "" },
        { "Bidirectional", "layer={\"class_name\": \"GRU\", \"config\": {\"units\": 4, \"return_sequences\": true}}" },
        { "SimpleRNN", "units=5 activation=softmax return_sequences=true go_backwards=true" },
        { "GRU", "units=4 reset_after=false return_sequences=true" },
        { "LSTM", "units=7" },
        { "Dense", "units=2 activation=softmax" },
    };
    apus_network *network = NULL;
    apus_model *made = NULL;
    OK(context, apus_network_create(context, NULL, &network));
    for (size_t i = 0; i < sizeof chain / sizeof *chain; i++)
        OK(context, apus_network_add(context, network, chain[i][0], chain[i][1], NULL, 0, NULL));
    OK(context, apus_network_build(context, network, NULL, 0, &made));
    apus_network_free(network);
    return made;
}

static void sequences_allocate_nothing(void)
{
    static float sequences[9 * 18], run[9 * 2];
    apus_array x = { sizeof x, APUS_FLOAT32, 3, 0, sequences, { 9, 6, 3 }, { 0 } };
    const apus_array out = APUS_ARRAY_2D(APUS_FLOAT32, run, 9, 2);
    apus_model *network = sequence_network();
    for (int i = 0; i < 9 * 18; i++) sequences[i] = i % 18 < 15 ? (float)(i % 7) - 3 : 0;
    runs_without_allocating(network, x, out, 9, 8);
    apus_model_free(network);
}

static void a_training_step_allocates_nothing_once_it_runs(void)
{
    apus_model *trained = sample_network(context);
    apus_trainer *trainer = sample_trainer(context, trained);
    apus_array x = sample_xf(&s), y = sample_label(&s);
    apus_status status = APUS_OK;
    double loss;
    for (int i = 0; i < 3; i++) OK(context, apus_trainer_step(context, trainer, &x, 1, &y, 1, NULL, &loss));
    const int64_t calls = memory.calls;
    for (int i = 0; i < 200 && !status; i++) status = apus_trainer_step(context, trainer, &x, 1, &y, 1, NULL, &loss);
    CHECK(memory.calls == calls);
    OK(context, status);
    apus_trainer_free(trainer);
    apus_model_free(trained);
}

static void a_session_keeps_the_weights_it_was_made_with(void)
{
    apus_model *changing = sample_network(context);
    float before[CLASSES], after[CLASSES], fresh[CLASSES], weights[8] = { 9, -9, 9, -9, 9, -9, 9, -9 };
    apus_array row = APUS_ARRAY_2D(APUS_FLOAT32, s.xf, 1, COLUMNS), out = APUS_ARRAY_2D(APUS_FLOAT32, before, 1, CLASSES);
    apus_array bias = APUS_ARRAY_1D(APUS_FLOAT32, weights, 8);
    apus_session *session = NULL;
    OK(context, apus_session_create(context, changing, 1, &session));
    OK(context, apus_session_run(context, session, &row, 1, &out, 1));
    OK(context, apus_model_set_weight(context, changing, "dense/bias", &bias));
    out.data = after;
    OK(context, apus_session_run(context, session, &row, 1, &out, 1));
    out.data = fresh;
    OK(context, apus_predict(context, changing, APUS_PREDICT, &row, &out));
    CHECK(memcmp(before, after, sizeof before) == 0);
    CHECK(memcmp(before, fresh, sizeof before) != 0);
    apus_model_free(changing);
    OK(context, apus_session_run(context, session, &row, 1, &out, 1));
    CHECK(memcmp(before, fresh, sizeof before) == 0);
    apus_session_free(session);
}

static void a_session_is_for_networks(void)
{
    apus_model *regression = sample_regression(context, &s);
    apus_session *session = NULL;
    CHECK(apus_session_create(context, regression, 1, &session) != APUS_OK && !session);
    CHECK(apus_last_error(context)[0]);
    apus_model_free(regression);
}

/* Whole numbers are read as they are, and doubles written; doubles are not read, for float32 would round them. */
static void converts_what_it_can_exactly(void)
{
    float expected[CLASSES], whole[COLUMNS] = { 1, -2, 3, 0 };
    int64_t integers[COLUMNS] = { 1, -2, 3, 0 };
    double predicted[CLASSES], tenths[COLUMNS] = { 0.1, 0.2, 0.3, 0.4 };
    apus_array row = APUS_ARRAY_2D(APUS_FLOAT32, whole, 1, COLUMNS), out = APUS_ARRAY_2D(APUS_FLOAT32, expected, 1, CLASSES);
    apus_session *session = NULL;
    OK(context, apus_session_create(context, model, 1, &session));
    OK(context, apus_session_run(context, session, &row, 1, &out, 1));
    row.data = integers;
    row.dtype = APUS_INT64;
    out.data = predicted;
    out.dtype = APUS_FLOAT64;
    OK(context, apus_session_run(context, session, &row, 1, &out, 1));
    for (int k = 0; k < CLASSES; k++) CHECK(predicted[k] == (double)expected[k]);
    row.data = tenths;
    row.dtype = APUS_FLOAT64;
    FAILS_NAMING(context, APUS_E_DTYPE, "inputs", apus_session_run(context, session, &row, 1, &out, 1));
    apus_session_free(session);
}

int main(void)
{
    BEGIN("sessions");
    make_sample(&s);
    counting_init(&memory);
    context = new_context(1, &memory.allocator);
    model = sample_network(context);
    RUN(the_counter_counts);
    RUN(a_run_gives_what_a_prediction_gives);
    RUN(a_run_allocates_nothing);
    RUN(pictures_allocate_nothing);
    RUN(sequences_allocate_nothing);
    RUN(a_training_step_allocates_nothing_once_it_runs);
    RUN(a_session_keeps_the_weights_it_was_made_with);
    RUN(a_session_is_for_networks);
    RUN(converts_what_it_can_exactly);
    apus_model_free(model);
    apus_context_free(context);
    return END();
}
