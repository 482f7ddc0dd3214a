/* Interrupts: from another thread, from a signal handler, beforehand; what they leave as it was, and that the long loops
 * of array arithmetic meet them on the way. */
#define _POSIX_C_SOURCE 200809L
#include <signal.h>

#include "long_fits.h"

static void an_interrupt_from_another_thread_stops_within_a_moment(void)
{
    running r = { 0 };
    pthread_t thread;
    struct timespec before, after;

    r.context = new_context(2, NULL);
    pthread_create(&thread, NULL, run_long_fit, &r);
    CHECK(wait_until_started(&r));
    clock_gettime(CLOCK_MONOTONIC, &before);
    apus_interrupt(r.context);
    pthread_join(thread, NULL);
    clock_gettime(CLOCK_MONOTONIC, &after);
    CHECK(r.status == APUS_E_INTERRUPTED && r.model == NULL);
    CHECK((double)(after.tv_sec - before.tv_sec) + 1e-9 * (double)(after.tv_nsec - before.tv_nsec) < 2.0);
    apus_context_free(r.context);
}

static apus_context *signalled;
static void on_signal(int number)
{
    (void)number;
    apus_interrupt(signalled);
}

static void an_interrupt_from_a_signal_handler_works(void)
{
    running r = { 0 };
    pthread_t thread;
    struct sigaction action, kept;

    r.context = signalled = new_context(1, NULL);
    memset(&action, 0, sizeof action);
    action.sa_handler = on_signal;
    sigaction(SIGUSR1, &action, &kept);
    pthread_create(&thread, NULL, run_long_fit, &r);
    CHECK(wait_until_started(&r));
    pthread_kill(thread, SIGUSR1);
    pthread_join(thread, NULL);
    sigaction(SIGUSR1, &kept, NULL);
    CHECK(r.status == APUS_E_INTERRUPTED && r.model == NULL);
    apus_context_free(r.context);
}

static void an_interrupt_beforehand_stops_the_next_call_and_only_that(void)
{
    apus_context *context = new_context(1, NULL);
    apus_array x = sample_x(&s), y = sample_real(&s);
    apus_model *model = NULL;
    apus_interrupt(context);
    FAILS(context, APUS_E_INTERRUPTED,
          apus_fit(context, "linear_regression", "solver=gd max_iter=1000 tol=0", &x, &y, NULL, &model));
    CHECK(model == NULL);
    OK(context, apus_fit(context, "linear_regression", NULL, &x, &y, NULL, &model));
    apus_model_free(model);
    apus_context_free(context);
}

static void an_interrupted_training_leaves_the_weights_as_they_were(void)
{
    apus_array x = sample_xf(&s), y = sample_label(&s);
    float before[32], after[32];
    apus_array weight = APUS_ARRAY_2D(APUS_FLOAT32, before, 4, 8);
    apus_fit_options options = APUS_FIT_OPTIONS_INIT;
    apus_dataset *dataset = NULL;
    apus_context *context = new_context(1, NULL);
    apus_model *model = sample_network(context);
    apus_trainer *trainer = sample_trainer(context, model);

    OK(context, apus_dataset_create(context, &x, 1, &y, 1, NULL, &dataset));
    options.epochs = 3;
    OK(context, apus_trainer_fit(context, trainer, dataset, NULL, &options));
    OK(context, apus_trainer_weight(context, trainer, "dense/kernel", &weight));

    apus_interrupt(context);
    FAILS(context, APUS_E_INTERRUPTED, apus_trainer_fit(context, trainer, dataset, NULL, &options));
    weight.data = after;
    OK(context, apus_trainer_weight(context, trainer, "dense/kernel", &weight));
    CHECK(memcmp(before, after, sizeof before) == 0);
    OK(context, apus_model_attribute(context, model, "dense/kernel", &weight));
    CHECK(memcmp(before, after, sizeof before) == 0);
    apus_dataset_free(dataset);
    apus_trainer_free(trainer);
    apus_model_free(model);
    apus_context_free(context);
}

/* Array arithmetic that takes some hundred milliseconds, and a thread that interrupts it once the first number is there. */
enum { MANY = 1 << 23 };
typedef struct watched {
    apus_context *context;
    const double *first;
} watched;

static void *interrupt_when_begun(void *user)
{
    const watched *w = user;
    double first = 0;
#ifdef SANITIZED
    pause_milliseconds(20);
    first = 1; /* to look would be a race */
#endif
    for (int i = 0; i < 20000 && first == 0; i++) {
        __atomic_load(w->first, &first, __ATOMIC_RELAXED);
        if (first == 0) pause_milliseconds(1);
    }
    apus_interrupt(w->context);
    return NULL;
}

/* The call is interrupted, and did not come to the last number. */
static void stops(apus_context *context, double *out, apus_status (*call)(apus_context *, apus_array *))
{
    pthread_t thread;
    watched w = { context, out };
    apus_array result = APUS_ARRAY_1D(APUS_FLOAT64, out, MANY);
    memset(out, 0, sizeof *out * MANY);
    pthread_create(&thread, NULL, interrupt_when_begun, &w);
    FAILS(context, APUS_E_INTERRUPTED, call(context, &result));
    pthread_join(thread, NULL);
    CHECK(out[MANY - 1] == 0);
    apus_array few = APUS_ARRAY_1D(APUS_FLOAT64, out, 3);
    /* The thread may have come after the end: that interrupt is for the next call. */
    if (apus_elementwise_scalar(context, "add", &few, 1, &few)) OK(context, apus_elementwise_scalar(context, "add", &few, 1, &few));
}

static const double *numbers;
static apus_array given(void)
{
    const apus_array a = APUS_ARRAY_1D(APUS_FLOAT64, (void *)numbers, MANY);
    return a;
}
static apus_status gamma_logarithms(apus_context *context, apus_array *out)
{
    const apus_array a = given();
    return apus_elementwise(context, "gammaln", &a, NULL, out);
}
static apus_status gamma_logarithms_backwards(apus_context *context, apus_array *out)
{
    apus_array a = given();
    a.flags = APUS_ARRAY_STRIDED;
    a.data = (double *)a.data + MANY - 1;
    a.strides[0] = -8;
    return apus_elementwise(context, "gammaln", &a, NULL, out);
}
static void long_array_arithmetic_stops_on_the_way(void)
{
    double *x = malloc(sizeof *x * MANY), *out = malloc(sizeof *out * MANY);
    apus_context *context = new_context(1, NULL);
    for (int i = 0; i < MANY; i++) x[i] = 1e-3 * (i % 100000) + 2.5;
    numbers = x;
    stops(context, out, gamma_logarithms);
    stops(context, out, gamma_logarithms_backwards);
    apus_context_free(context);
    free(x);
    free(out);
}

int main(void)
{
    BEGIN("interrupts");
    make_sample(&s);
    RUN(an_interrupt_from_another_thread_stops_within_a_moment);
    RUN(an_interrupt_from_a_signal_handler_works);
    RUN(an_interrupt_beforehand_stops_the_next_call_and_only_that);
    RUN(an_interrupted_training_leaves_the_weights_as_they_were);
    RUN(long_array_arithmetic_stops_on_the_way);
    return END();
}
