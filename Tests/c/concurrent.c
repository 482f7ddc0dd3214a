/* One model, many threads, each with a context and a session of its own: all read the same. Other threads fit, save,
 * load and train meanwhile. This is the program that the race checkers run. */
#define _POSIX_C_SOURCE 200809L
#include <pthread.h>
#include <unistd.h>

#include "check.h"

enum { READERS = 4 };

static int rounds = 200;
static sample s;
static apus_model *regression, *network, *changing;
static float expected_network[ROWS * CLASSES];
static double expected_regression[ROWS];

typedef struct worker {
    pthread_t thread;
    int wrong;
    apus_status status;
} worker;

static apus_status own_context(apus_context **context, int32_t threads)
{
    apus_context_options options = APUS_CONTEXT_OPTIONS_INIT;
    options.threads = threads;
    return apus_context_create(&options, context);
}

static void *predict_over_and_over(void *user)
{
    worker *w = user;
    apus_context *context = NULL;
    apus_session *session = NULL;
    float outputs[ROWS * CLASSES];
    double values[ROWS];
    apus_array x = sample_x(&s), xf = sample_xf(&s), real = APUS_ARRAY_1D(APUS_FLOAT64, values, ROWS);
    apus_array out = APUS_ARRAY_2D(APUS_FLOAT32, outputs, ROWS, CLASSES);

    w->status = own_context(&context, 1);
    if (!w->status) w->status = apus_session_create(context, network, ROWS, &session);
    for (int i = 0; i < rounds && !w->status; i++) {
        w->status = apus_predict(context, regression, APUS_PREDICT, &x, &real);
        for (int k = 0; k < ROWS; k++) w->wrong += values[k] != expected_regression[k];
        if (!w->status) w->status = apus_predict(context, network, APUS_PREDICT, &xf, &out);
        w->wrong += memcmp(outputs, expected_network, sizeof outputs) != 0;
        if (!w->status) w->status = apus_session_run(context, session, &xf, 1, &out, 1);
        for (int k = 0; k < ROWS * CLASSES; k++) w->wrong += fabsf(outputs[k] - expected_network[k]) > 1e-6f;
        /* A model whose weights are being published: whole sets of weights, old or new. */
        if (!w->status) w->status = apus_predict(context, changing, APUS_PREDICT, &xf, &out);
        for (int k = 0; k < ROWS * CLASSES; k++) w->wrong += !(outputs[k] >= 0 && outputs[k] <= 1);
    }
    apus_session_free(session);
    apus_context_free(context);
    return NULL;
}

static void *fit_save_and_load(void *user)
{
    worker *w = user;
    apus_context *context = NULL;
    apus_array x = sample_x(&s), y = sample_real(&s);
    static unsigned char image[1 << 16];

    w->status = own_context(&context, 2);
    for (int i = 0; i < rounds / 8 + 1 && !w->status; i++) {
        apus_model *model = NULL, *loaded = NULL;
        size_t size = 0;
        w->status = apus_fit(context, "linear_regression", NULL, &x, &y, NULL, &model);
        if (!w->status) w->status = apus_model_save_memory(context, model, NULL, image, sizeof image, &size);
        if (!w->status) w->status = apus_model_load_memory(context, image, size, NULL, &loaded);
        apus_model_free(loaded);
        apus_model_free(model);
    }
    apus_context_free(context);
    return NULL;
}

static void *train_and_publish(void *user)
{
    worker *w = user;
    apus_context *context = NULL;
    apus_trainer *trainer = NULL;
    apus_array x = sample_xf(&s), y = sample_label(&s);

    w->status = own_context(&context, 2);
    if (!w->status) w->status = apus_trainer_create(context, changing, TRAINER_PARAMETERS, &trainer);
    for (int i = 0; i < rounds && !w->status; i++) {
        w->status = apus_trainer_step(context, trainer, &x, 1, &y, 1, NULL, NULL);
        if (!w->status) w->status = apus_trainer_publish(context, trainer);
    }
    apus_trainer_free(trainer);
    apus_context_free(context);
    return NULL;
}

static void threads_share_models(void)
{
    worker workers[READERS + 2];
    memset(workers, 0, sizeof workers);
    for (int i = 0; i < READERS + 2; i++) {
        void *(*body)(void *) = i < READERS ? predict_over_and_over : i == READERS ? fit_save_and_load : train_and_publish;
        pthread_create(&workers[i].thread, NULL, body, &workers[i]);
    }
    for (int i = 0; i < READERS + 2; i++) {
        pthread_join(workers[i].thread, NULL);
        CHECK(workers[i].status == APUS_OK);
        CHECK(workers[i].wrong == 0);
    }
}

static void *free_shared(void *user)
{
    apus_model_free(user);
    return NULL;
}

/* Freeing in one thread what a session made in another still reads from. */
static void a_session_survives_the_free_of_its_model_elsewhere(void)
{
    apus_context *context = new_context(1, NULL);
    apus_model *model = sample_network(context);
    apus_session *session = NULL;
    float outputs[ROWS * CLASSES];
    apus_array xf = sample_xf(&s), out = APUS_ARRAY_2D(APUS_FLOAT32, outputs, ROWS, CLASSES);
    pthread_t thread;
    OK(context, apus_session_create(context, model, ROWS, &session));
    pthread_create(&thread, NULL, free_shared, model);
    for (int i = 0; i < 20; i++) OK(context, apus_session_run(context, session, &xf, 1, &out, 1));
    pthread_join(thread, NULL);
    OK(context, apus_session_run(context, session, &xf, 1, &out, 1));
    apus_session_free(session);
    apus_context_free(context);
}

int main(int argc, char **argv)
{
    BEGIN("concurrent");
    if (argc > 1) rounds = atoi(argv[1]);
    make_sample(&s);
    apus_context *context = new_context(1, NULL);
    apus_array x = sample_x(&s), xf = sample_xf(&s), real = APUS_ARRAY_1D(APUS_FLOAT64, expected_regression, ROWS);
    apus_array out = APUS_ARRAY_2D(APUS_FLOAT32, expected_network, ROWS, CLASSES);
    regression = sample_regression(context, &s);
    network = sample_network(context);
    changing = sample_network(context);
    OK(context, apus_predict(context, regression, APUS_PREDICT, &x, &real));
    OK(context, apus_predict(context, network, APUS_PREDICT, &xf, &out));
    RUN(threads_share_models);
    RUN(a_session_survives_the_free_of_its_model_elsewhere);
    apus_model_free(changing);
    apus_model_free(network);
    apus_model_free(regression);
    apus_context_free(context);
    return END();
}
