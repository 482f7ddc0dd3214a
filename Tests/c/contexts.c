/* Contexts among threads, processes and callbacks: one thread at a time is detected, interrupts arrive, a child goes
 * on after fork, many contexts live side by side, and the host's own settings are left as they were. */
#define _POSIX_C_SOURCE 200809L
#include <fenv.h>
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
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

static void a_second_thread_is_told_that_the_context_is_busy(void)
{
    running r = { 0 };
    pthread_t thread;
    apus_array x = sample_x(&s), y = sample_real(&s);
    apus_model *model = NULL;
    size_t needed = 0;

    r.context = new_context(2, NULL);
    pthread_create(&thread, NULL, run_long_fit, &r);
    CHECK(wait_until_started(&r));
    CHECK(apus_fit(r.context, "linear_regression", NULL, &x, &y, NULL, &model) == APUS_E_BUSY);
    CHECK(apus_catalog(r.context, NULL, 0, &needed) == APUS_E_BUSY);
    CHECK(apus_set_seed(r.context, 3) == APUS_E_BUSY);
    CHECK(model == NULL && needed == 0);
    apus_interrupt(r.context);
    pthread_join(thread, NULL);
    CHECK(r.status == APUS_E_INTERRUPTED && r.model == NULL);
    /* The second thread's mistake did not touch the message of the first. */
    CHECK(strstr(r.message, "interrupt") != NULL);
    OK(r.context, apus_fit(r.context, "linear_regression", NULL, &x, &y, NULL, &model));
    apus_model_free(model);
    apus_context_free(r.context);
}

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

typedef struct in_callback {
    apus_context *context, *other;
    apus_trainer *trainer;
    apus_dataset *dataset;
    apus_status same_status, other_status, trainer_status;
    int32_t answer;
    int calls;
} in_callback;

static int32_t call_back_in(void *user, const apus_progress *progress)
{
    in_callback *c = user;
    size_t needed = 0;
    c->calls++;
    CHECK(progress->struct_size >= sizeof *progress);
    c->same_status = apus_catalog(c->context, NULL, 0, &needed);
    c->other_status = apus_catalog(c->other, NULL, 0, &needed);
    if (c->trainer) c->trainer_status = apus_trainer_fit(c->other, c->trainer, c->dataset, NULL, NULL);
    return c->answer;
}

static void within_a_callback_the_context_is_busy_and_another_is_not(void)
{
    in_callback c = { 0 };
    apus_array x = sample_xf(&s), y = sample_label(&s);
    apus_fit_options options = APUS_FIT_OPTIONS_INIT;

    c.context = new_context(1, NULL);
    c.other = new_context(1, NULL);
    apus_model *model = sample_network(c.context);
    c.trainer = sample_trainer(c.context, model);
    OK(c.context, apus_dataset_create(c.context, &x, 1, &y, 1, NULL, &c.dataset));
    options.progress = call_back_in;
    options.progress_user = &c;
    OK(c.context, apus_trainer_fit(c.context, c.trainer, c.dataset, NULL, &options));
    CHECK(c.calls == 1);
    CHECK(c.same_status == APUS_E_BUSY);
    CHECK(c.other_status == APUS_OK);
    CHECK(c.trainer_status == APUS_E_BUSY);
    apus_dataset_free(c.dataset);
    apus_trainer_free(c.trainer);
    apus_model_free(model);
    apus_context_free(c.other);
    apus_context_free(c.context);
}

static void a_callback_can_stop_and_can_abort(void)
{
    in_callback c = { 0 };
    apus_array x = sample_xf(&s), y = sample_label(&s);
    apus_fit_options options = APUS_FIT_OPTIONS_INIT;
    float first[32], stopped[32], aborted[32];
    apus_array weight = APUS_ARRAY_2D(APUS_FLOAT32, first, 4, 8);

    c.context = new_context(1, NULL);
    c.other = new_context(1, NULL);
    apus_model *model = sample_network(c.context);
    apus_trainer *trainer = sample_trainer(c.context, model);
    apus_dataset *dataset = NULL;
    OK(c.context, apus_dataset_create(c.context, &x, 1, &y, 1, NULL, &dataset));
    OK(c.context, apus_model_attribute(c.context, model, "dense/kernel", &weight));
    options.progress = call_back_in;
    options.progress_user = &c;
    options.epochs = 50;

    c.answer = 1;
    OK(c.context, apus_trainer_fit(c.context, trainer, dataset, NULL, &options));
    CHECK(c.calls == 1);
    weight.data = stopped;
    OK(c.context, apus_model_attribute(c.context, model, "dense/kernel", &weight));
    CHECK(memcmp(first, stopped, sizeof first) != 0);

    c.answer = -1;
    FAILS(c.context, APUS_E_INTERRUPTED, apus_trainer_fit(c.context, trainer, dataset, NULL, &options));
    CHECK(c.calls == 2);
    weight.data = aborted;
    OK(c.context, apus_model_attribute(c.context, model, "dense/kernel", &weight));
    CHECK(memcmp(stopped, aborted, sizeof stopped) == 0);

    apus_dataset_free(dataset);
    apus_trainer_free(trainer);
    apus_model_free(model);
    apus_context_free(c.other);
    apus_context_free(c.context);
}

/* Big enough for the pool's threads to be at work. */
static apus_status train_wide(apus_context *context, float *sum)
{
    enum { N = 2048, WIDE = 64 };
    float *x = malloc(sizeof(float) * N * WIDE);
    int32_t *y = malloc(sizeof(int32_t) * N);
    apus_network *network = NULL;
    apus_model *model = NULL;
    apus_trainer *trainer = NULL;
    apus_dataset *dataset = NULL;
    apus_fit_options options = APUS_FIT_OPTIONS_INIT;
    apus_status status;
    float bias[10];
    apus_array out = APUS_ARRAY_1D(APUS_FLOAT32, bias, 10);

    for (int i = 0; i < N * WIDE; i++) x[i] = (float)spread((uint64_t)i);
    for (int i = 0; i < N; i++) y[i] = i % 10;
    apus_array xs = APUS_ARRAY_2D(APUS_FLOAT32, x, N, WIDE), ys = APUS_ARRAY_1D(APUS_INT32, y, N);
    options.batch_size = 512;
    options.epochs = 2;
    status = apus_network_create(context, NULL, &network);
    if (!status) status = apus_network_add(context, network, "Input", "shape=[64]", NULL, 0, NULL);
    if (!status) status = apus_network_add(context, network, "Dense", "units=256 activation=relu", NULL, 0, NULL);
    if (!status) status = apus_network_add(context, network, "Dense", "units=10 activation=softmax", NULL, 0, NULL);
    if (!status) status = apus_network_build(context, network, NULL, 0, &model);
    if (!status) status = apus_trainer_create(context, model, TRAINER_PARAMETERS, &trainer);
    if (!status) status = apus_dataset_create(context, &xs, 1, &ys, 1, NULL, &dataset);
    if (!status) status = apus_trainer_fit(context, trainer, dataset, NULL, &options);
    if (!status) status = apus_model_attribute(context, model, "dense_1/bias", &out);
    *sum = 0;
    for (int i = 0; i < 10 && !status; i++) *sum += bias[i] * (float)(i + 1);
    apus_dataset_free(dataset);
    apus_trainer_free(trainer);
    apus_model_free(model);
    apus_network_free(network);
    free(x);
    free(y);
    return status;
}

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

static void handles_outlive_their_context(void)
{
    apus_context *first = new_context(3, NULL), *second = new_context(1, NULL);
    apus_model *model = sample_regression(first, &s), *network = sample_network(first);
    apus_trainer *trainer = sample_trainer(first, network);
    apus_session *session = NULL;
    double predicted[ROWS];
    float outputs[CLASSES];
    apus_array x = sample_x(&s), out = APUS_ARRAY_1D(APUS_FLOAT64, predicted, ROWS);
    apus_array row = APUS_ARRAY_2D(APUS_FLOAT32, s.xf, 1, COLUMNS), label = sample_label(&s);
    apus_array outputs_array = APUS_ARRAY_2D(APUS_FLOAT32, outputs, 1, CLASSES);

    OK(first, apus_session_create(first, network, 1, &session));
    apus_context_free(first);
    OK(second, apus_predict(second, model, APUS_PREDICT, &x, &out));
    label.shape[0] = 1;
    OK(second, apus_trainer_step(second, trainer, &row, 1, &label, 1, NULL, NULL));
    OK(second, apus_session_run(second, session, &row, 1, &outputs_array, 1));
    apus_session_free(session);
    apus_trainer_free(trainer);
    apus_model_free(network);
    apus_model_free(model);
    apus_context_free(second);
}

static void many_contexts_live_at_once(void)
{
    enum { MANY = 64 };
    apus_context *contexts[MANY];
    float sums[MANY];
    for (int i = 0; i < MANY; i++) contexts[i] = new_context(1 + i % 3, NULL);
    for (int i = 0; i < MANY; i += 16) OK(contexts[i], train_wide(contexts[i], &sums[i]));
    for (int i = 16; i < MANY; i += 16) CHECK(sums[i] == sums[0]);
    for (int i = 0; i < MANY; i++) apus_context_free(contexts[i]);
}

/* Calls flush denormals for themselves; the host computes with them before and after. */
static void the_floating_point_state_is_the_hosts(void)
{
    apus_context *context = new_context(2, NULL);
    volatile float tiny = FLT_MIN;
    float sum = 0;
    fesetround(FE_UPWARD);
    OK(context, train_wide(context, &sum));
    CHECK(fegetround() == FE_UPWARD);
    fesetround(FE_TONEAREST);
    CHECK(tiny / 4 > 0);
    apus_context_free(context);
}

static int32_t see_floating_point(void *user, const apus_progress *progress)
{
    volatile float tiny = FLT_MIN;
    (void)progress;
    *(int *)user = fegetround() == FE_UPWARD && tiny / 4 > 0;
    return 0;
}

static void a_callback_runs_in_the_hosts_floating_point_state(void)
{
    int seen = 0;
    apus_array x = sample_xf(&s), y = sample_label(&s);
    apus_fit_options options = APUS_FIT_OPTIONS_INIT;
    apus_context *context = new_context(1, NULL);
    apus_model *model = sample_network(context);
    apus_trainer *trainer = sample_trainer(context, model);
    apus_dataset *dataset = NULL;
    OK(context, apus_dataset_create(context, &x, 1, &y, 1, NULL, &dataset));
    options.progress = see_floating_point;
    options.progress_user = &seen;
    fesetround(FE_UPWARD);
    OK(context, apus_trainer_fit(context, trainer, dataset, NULL, &options));
    fesetround(FE_TONEAREST);
    CHECK(seen);
    apus_dataset_free(dataset);
    apus_trainer_free(trainer);
    apus_model_free(model);
    apus_context_free(context);
}

typedef struct logged {
    int messages;
} logged;

static void count_message(void *user, int32_t level, const char *message)
{
    CHECK(level == APUS_LOG_WARNING || level == APUS_LOG_INFO);
    CHECK(message && message[0]);
    ((logged *)user)->messages++;
}

static void the_log_gets_warnings_and_nothing_is_printed(void)
{
    apus_context_options options = APUS_CONTEXT_OPTIONS_INIT;
    logged log = { 0 };
    apus_context *context = NULL;
    apus_array x = sample_x(&s), y = sample_label(&s);
    apus_model *model = NULL;
    options.log = count_message;
    options.log_user = &log;
    OK(NULL, apus_context_create(&options, &context));
    /* One iteration cannot converge, and the model is usable all the same: a warning. */
    OK(context, apus_fit(context, "logistic_regression", "solver=gd max_iter=1 tol=1e-12", &x, &y, NULL, &model));
    CHECK(log.messages >= 1);
    apus_model_free(model);
    apus_context_free(context);
}

int main(void)
{
    BEGIN("contexts");
    make_sample(&s);
    RUN(a_second_thread_is_told_that_the_context_is_busy);
    RUN(an_interrupt_from_another_thread_stops_within_a_moment);
    RUN(an_interrupt_from_a_signal_handler_works);
    RUN(an_interrupt_beforehand_stops_the_next_call_and_only_that);
    RUN(an_interrupted_training_leaves_the_weights_as_they_were);
    RUN(within_a_callback_the_context_is_busy_and_another_is_not);
    RUN(a_callback_can_stop_and_can_abort);
    RUN(a_child_goes_on_after_fork);
    RUN(a_child_fits_and_saves_while_another_thread_was_saving);
    RUN(a_child_can_free_what_it_inherited);
    RUN(handles_outlive_their_context);
    RUN(many_contexts_live_at_once);
    RUN(the_floating_point_state_is_the_hosts);
    RUN(a_callback_runs_in_the_hosts_floating_point_state);
    RUN(the_log_gets_warnings_and_nothing_is_printed);
    return END();
}
