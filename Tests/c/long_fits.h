/* long_fits.h: a fit in another thread that goes on until it is interrupted. */
#ifndef LONG_FITS_H
#define LONG_FITS_H

#include <pthread.h>
#include <time.h>
#include <unistd.h>

#include "check.h"

static sample s;

/* A fit long enough to be met by other threads, that reports each of its iterations. */
#define LONG_FIT "solver=gd learning_rate=1e-6 max_iter=100000000 tol=0"

static void pause_milliseconds(long milliseconds)
{
    struct timespec time = { milliseconds / 1000, milliseconds % 1000 * 1000000 };
    nanosleep(&time, NULL);
}

typedef struct running {
    apus_context *context;
    apus_model *model;
    int started;
    apus_status status;
    char message[256];
} running;

static int32_t note_start(void *user, const apus_progress *progress)
{
    (void)progress;
    __atomic_store_n(&((running *)user)->started, 1, __ATOMIC_RELEASE);
    return 0;
}

static void *run_long_fit(void *user)
{
    running *r = user;
    apus_array x = sample_x(&s), y = sample_real(&s);
    apus_fit_options options = APUS_FIT_OPTIONS_INIT;
    options.progress = note_start;
    options.progress_user = r;
    r->status = apus_fit(r->context, "linear_regression", LONG_FIT, &x, &y, &options, &r->model);
    snprintf(r->message, sizeof r->message, "%s", apus_last_error(r->context));
    return NULL;
}

static int wait_until_started(running *r)
{
    for (int i = 0; i < 20000; i++) {
        if (__atomic_load_n(&r->started, __ATOMIC_ACQUIRE)) return 1;
        pause_milliseconds(1);
    }
    return 0;
}

#endif
