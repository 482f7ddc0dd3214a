/* Contexts among threads and callbacks: one thread at a time is detected, many contexts live side by side, and the host's
 * own settings are left as they were. */
#define _POSIX_C_SOURCE 200809L
#include <fenv.h>

#include "long_fits.h"
#include "wide_training.h"

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
    RUN(within_a_callback_the_context_is_busy_and_another_is_not);
    RUN(a_callback_can_stop_and_can_abort);
    RUN(handles_outlive_their_context);
    RUN(many_contexts_live_at_once);
    RUN(the_floating_point_state_is_the_hosts);
    RUN(a_callback_runs_in_the_hosts_floating_point_state);
    RUN(the_log_gets_warnings_and_nothing_is_printed);
    return END();
}
