/* check.h: what every C test program uses: checks that count, small data, and a counting allocator that can refuse.
 *
 * A test is a void function run by RUN(test); a failed check is reported and the test goes on. Each test ends with a
 * line "ok PROGRAM TEST" or "not ok PROGRAM TEST".
 */
#ifndef CHECK_H
#define CHECK_H

#include "apus.h"

#include <float.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* -------------------------------------------------------------------- checks */

static int check_failures, check_failed_tests;
static const char *check_program;

#define CHECK(condition)                                                                            \
    do {                                                                                            \
        if (!(condition)) {                                                                         \
            check_failures++;                                                                       \
            if (check_failures <= 20) printf("    %s:%d: %s\n", __FILE__, __LINE__, #condition);    \
        }                                                                                           \
    } while (0)

/* The call succeeds. */
#define OK(context, call)                                                                                       \
    do {                                                                                                        \
        const apus_status status_ = (call);                                                                     \
        if (status_ != APUS_OK) {                                                                               \
            check_failures++;                                                                                   \
            if (check_failures <= 20)                                                                           \
                printf("    %s:%d: %s: %s: %s\n", __FILE__, __LINE__, #call, apus_status_text(status_),         \
                       apus_last_error(context));                                                               \
        }                                                                                                       \
    } while (0)

/* The call fails with this status and says why. */
#define FAILS(context, expected, call)                                                                          \
    do {                                                                                                        \
        const apus_status status_ = (call);                                                                     \
        if (status_ != (expected)) {                                                                            \
            check_failures++;                                                                                   \
            if (check_failures <= 20)                                                                           \
                printf("    %s:%d: %s: expected %s, got %s: %s\n", __FILE__, __LINE__, #call,                   \
                       apus_status_text(expected), apus_status_text(status_), apus_last_error(context));        \
        } else if ((const apus_context *)(context) != NULL && apus_last_error(context)[0] == 0) {               \
            check_failures++;                                                                                   \
            printf("    %s:%d: %s: no message\n", __FILE__, __LINE__, #call);                                   \
        }                                                                                                       \
    } while (0)

/* The call fails with this status, and the message holds this word. */
#define FAILS_NAMING(context, expected, word, call)                                                             \
    do {                                                                                                        \
        FAILS(context, expected, call);                                                                         \
        if (!strstr(apus_last_error(context), word)) {                                                          \
            check_failures++;                                                                                   \
            printf("    %s:%d: %s: the message does not name '%s': %s\n", __FILE__, __LINE__, #call, word,      \
                   apus_last_error(context));                                                                   \
        }                                                                                                       \
    } while (0)

#define RUN(test)                                                                  \
    do {                                                                           \
        check_failures = 0;                                                        \
        test();                                                                    \
        printf("%s %s %s\n", check_failures ? "not ok" : "ok", check_program, #test); \
        fflush(stdout);                                                            \
        check_failed_tests += check_failures != 0;                                 \
    } while (0)

#define BEGIN(name) (check_program = (name), setvbuf(stdout, NULL, _IOLBF, 0))
#define END() (check_failed_tests ? 1 : 0)

/* -------------------------------------------------------------------- contexts and data */

static inline apus_context *new_context(int32_t threads, const apus_allocator *allocator)
{
    apus_context_options options = APUS_CONTEXT_OPTIONS_INIT;
    apus_context *context = NULL;
    options.threads = threads;
    options.seed = 7;
    options.allocator = allocator;
    OK(NULL, apus_context_create(&options, &context));
    if (!context) {
        printf("not ok %s: no context\n", check_program);
        exit(1);
    }
    return context;
}

/* Numbers in [0, 1) that look random and are the same everywhere. */
static inline double spread(uint64_t i)
{
    i = (i + 1) * 0x9E3779B97F4A7C15u;
    i = (i ^ (i >> 30)) * 0xBF58476D1CE4E5B9u;
    i = (i ^ (i >> 27)) * 0x94D049BB133111EBu;
    return (double)((i ^ (i >> 31)) >> 11) / 9007199254740992.0;
}

enum { ROWS = 60, COLUMNS = 4, CLASSES = 3 };

/* 60 rows of 4 columns; a real target, and one of 3 classes, that the columns tell. */
typedef struct sample {
    double x[ROWS * COLUMNS], real[ROWS];
    float xf[ROWS * COLUMNS], realf[ROWS];
    int32_t label[ROWS];
} sample;

static inline void make_sample(sample *s)
{
    for (int i = 0; i < ROWS; i++) {
        double sum = 0;
        for (int j = 0; j < COLUMNS; j++) {
            const int at = i * COLUMNS + j;
            /* Numbers that float32 holds exactly, so that both types are read as they are. */
            s->xf[at] = (float)(2 * spread((uint64_t)at) - 1);
            s->x[at] = (double)s->xf[at];
            sum += (j + 1) * s->x[at];
        }
        s->real[i] = sum + 0.5 + 0.01 * spread(1000 + (uint64_t)i);
        s->realf[i] = (float)s->real[i];
        s->label[i] = sum < -0.8 ? 0 : sum < 0.8 ? 1 : 2;
    }
}

static inline apus_array sample_x(sample *s) { return (apus_array)APUS_ARRAY_2D(APUS_FLOAT64, s->x, ROWS, COLUMNS); }
static inline apus_array sample_xf(sample *s) { return (apus_array)APUS_ARRAY_2D(APUS_FLOAT32, s->xf, ROWS, COLUMNS); }
static inline apus_array sample_real(sample *s) { return (apus_array)APUS_ARRAY_1D(APUS_FLOAT64, s->real, ROWS); }
static inline apus_array sample_label(sample *s) { return (apus_array)APUS_ARRAY_1D(APUS_INT32, s->label, ROWS); }

/* 4 - 8 - 3 with dropout between: Input, Dense relu, Dropout, Dense softmax. */
static inline apus_status build_network(apus_context *context, apus_model **out)
{
    apus_network *network = NULL;
    apus_status status = apus_network_create(context, NULL, &network);
    *out = NULL;
    if (!status) status = apus_network_add(context, network, "Input", "shape=[4]", NULL, 0, NULL);
    if (!status) status = apus_network_add(context, network, "Dense", "units=8 activation=relu", NULL, 0, NULL);
    if (!status) status = apus_network_add(context, network, "Dropout", "rate=0.1", NULL, 0, NULL);
    if (!status) status = apus_network_add(context, network, "Dense", "units=3 activation=softmax", NULL, 0, NULL);
    if (!status) status = apus_network_build(context, network, NULL, 0, out);
    apus_network_free(network);
    return status;
}

#define TRAINER_PARAMETERS "loss=sparse_categorical_crossentropy optimizer=adam metrics=accuracy"

static inline apus_model *sample_network(apus_context *context)
{
    apus_model *model = NULL;
    OK(context, build_network(context, &model));
    return model;
}

static inline apus_model *sample_regression(apus_context *context, sample *s)
{
    apus_array x = sample_x(s), y = sample_real(s);
    apus_model *model = NULL;
    OK(context, apus_fit(context, "linear_regression", NULL, &x, &y, NULL, &model));
    return model;
}

static inline apus_trainer *sample_trainer(apus_context *context, apus_model *model)
{
    apus_trainer *trainer = NULL;
    OK(context, apus_trainer_create(context, model, TRAINER_PARAMETERS, &trainer));
    return trainer;
}

/* A name in the folder for files of tests, by process. */
static inline const char *scratch(const char *name)
{
    static char paths[8][512];
    static int next;
    const char *folder = getenv("TMPDIR");
    char *path = paths[next++ % 8];
    snprintf(path, sizeof paths[0], "%s/apus-%s-%ld-%s", folder ? folder : "/tmp", check_program, (long)getpid(), name);
    return path;
}

/* -------------------------------------------------------------------- an allocator that counts, and refuses */

typedef struct counting {
    apus_allocator allocator;
    int64_t calls, live, bytes;
    int64_t refuse_at;  /* the n-th call, from 1, gets NULL; 0: none */
    int64_t refuse_all; /* from the n-th call on; 0: none */
    int64_t mismatches; /* memory given back with another size or alignment than it was asked for */
    int64_t refused;
} counting;

typedef struct counted {
    size_t size, alignment;
} counted;

static inline void *counting_allocate(void *user, size_t size, size_t alignment)
{
    counting *c = user;
    const int64_t call = __atomic_add_fetch(&c->calls, 1, __ATOMIC_RELAXED);
    const size_t before = alignment > sizeof(counted) ? alignment : sizeof(counted);
    void *block = NULL;

    if (call == c->refuse_at || (c->refuse_all && call >= c->refuse_all)) {
        __atomic_add_fetch(&c->refused, 1, __ATOMIC_RELAXED);
        return NULL;
    }
    if (posix_memalign(&block, alignment < sizeof(void *) ? sizeof(void *) : alignment, before + size)) return NULL;
    /* Whoever reads before writing finds nonsense, not zeros. */
    memset((char *)block + before, 0xA5, size);
    ((counted *)((char *)block + before))[-1] = (counted){ size, alignment };
    __atomic_add_fetch(&c->live, 1, __ATOMIC_RELAXED);
    __atomic_add_fetch(&c->bytes, (int64_t)size, __ATOMIC_RELAXED);
    return (char *)block + before;
}

static inline void counting_deallocate(void *user, void *pointer, size_t size, size_t alignment)
{
    counting *c = user;
    const counted asked = ((counted *)pointer)[-1];
    const size_t before = alignment > sizeof(counted) ? alignment : sizeof(counted);

    if (asked.size != size || asked.alignment != alignment) __atomic_add_fetch(&c->mismatches, 1, __ATOMIC_RELAXED);
    __atomic_sub_fetch(&c->live, 1, __ATOMIC_RELAXED);
    __atomic_sub_fetch(&c->bytes, (int64_t)asked.size, __ATOMIC_RELAXED);
    free((char *)pointer - before);
}

static inline void counting_init(counting *c)
{
    memset(c, 0, sizeof *c);
    c->allocator.struct_size = sizeof c->allocator;
    c->allocator.user = c;
    c->allocator.allocate = counting_allocate;
    c->allocator.deallocate = counting_deallocate;
}

#endif
