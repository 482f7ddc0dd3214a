/* Processes: a child goes on after fork, whatever the parent's threads were doing, and frees what it inherited. */
#define _POSIX_C_SOURCE 200809L
#include <pthread.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "wide_training.h"

static sample s;

/* Runs the body in a child and gives its exit status; a crash or a hang of a minute is a failure. */
static int in_child(int (*body)(void *), void *user)
{
    int status = 0;
    const pid_t child = fork();
    if (child == 0) {
        alarm(60);
        _exit(body(user));
    }
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static float expected_sum;

static int train_again(void *user)
{
    float sum = 0;
    apus_context *context = user;
    if (apus_set_seed(context, 7) != APUS_OK || train_wide(context, &sum) != APUS_OK) return 2;
    return sum == expected_sum ? 0 : 3;
}

static int train_anew(void *user)
{
    float sum = 0;
    (void)user;
    apus_context *context = NULL;
    apus_context_options options = APUS_CONTEXT_OPTIONS_INIT;
    options.threads = 3;
    if (apus_context_create(&options, &context) != APUS_OK) return 1;
    const apus_status status = train_wide(context, &sum);
    apus_context_free(context);
    return status == APUS_OK ? 0 : 2;
}

static void a_child_goes_on_after_fork(void)
{
    apus_context *context = new_context(4, NULL);
    float sum = 0, again = 0;
    OK(context, train_wide(context, &sum));
    expected_sum = sum;
    CHECK(in_child(train_again, context) == 0);
    CHECK(in_child(train_anew, NULL) == 0);
    /* And so does the parent. */
    OK(context, apus_set_seed(context, 7));
    OK(context, train_wide(context, &again));
    CHECK(sum == again);
    apus_context_free(context);
    CHECK(in_child(train_anew, NULL) == 0);
}

/* An estimator's fit (OpenBLAS), a save and a load (libhdf5 and its lock). */
static apus_status fit_save_and_load(apus_context *context)
{
    static char bytes[1 << 16];
    size_t needed = 0;
    apus_model *model = sample_regression(context, &s), *loaded = NULL;
    if (!model) return APUS_E_INTERNAL;
    apus_status status = apus_model_save_memory(context, model, NULL, bytes, sizeof bytes, &needed);
    if (!status) status = apus_model_load_memory(context, bytes, needed, NULL, &loaded);
    apus_model_free(loaded);
    apus_model_free(model);
    return status;
}

static int fit_save_and_load_with(void *user) { return fit_save_and_load(user) == APUS_OK ? 0 : 1; }

static int keeps_going;

static void *save_over_and_over(void *user)
{
    static char bytes[1 << 16];
    size_t needed = 0;
    apus_context *context = user;
    apus_model *model = sample_regression(context, &s);
    while (__atomic_load_n(&keeps_going, __ATOMIC_ACQUIRE)) OK(context, apus_model_save_memory(context, model, NULL, bytes, sizeof bytes, &needed));
    apus_model_free(model);
    return NULL;
}

/* A fork waits for the locks that another thread holds, so that the child finds them free. */
static void a_child_fits_and_saves_while_another_thread_was_saving(void)
{
    pthread_t thread;
    apus_context *context = new_context(2, NULL), *other = new_context(1, NULL);
    OK(context, fit_save_and_load(context));
    __atomic_store_n(&keeps_going, 1, __ATOMIC_RELEASE);
    pthread_create(&thread, NULL, save_over_and_over, other);
    for (int i = 0; i < 25; i++) CHECK(in_child(fit_save_and_load_with, context) == 0);
    __atomic_store_n(&keeps_going, 0, __ATOMIC_RELEASE);
    pthread_join(thread, NULL);
    OK(context, fit_save_and_load(context));
    apus_context_free(other);
    apus_context_free(context);
}

static int free_context(void *user)
{
    apus_context_free(user);
    return 0;
}

static void a_child_can_free_what_it_inherited(void)
{
    apus_context *context = new_context(4, NULL);
    float sum = 0;
    OK(context, train_wide(context, &sum));
    CHECK(in_child(free_context, context) == 0);
    apus_context_free(context);
}

int main(void)
{
    BEGIN("forks");
    make_sample(&s);
    RUN(a_child_goes_on_after_fork);
    RUN(a_child_fits_and_saves_while_another_thread_was_saving);
    RUN(a_child_can_free_what_it_inherited);
    return END();
}
