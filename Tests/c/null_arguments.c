/* NULL for each pointer argument of each function: an error that names the argument, and nothing lost. */
#define _POSIX_C_SOURCE 200809L
#include <unistd.h>

#include "check.h"

static sample s;
static apus_context *context;
static apus_model *regression, *network_model;
static apus_network *network;
static apus_trainer *trainer;
static apus_dataset *dataset;
static apus_metric *metric;
static apus_session *session;
static float probabilities[ROWS * CLASSES];

static apus_batch_form form = APUS_BATCH_FORM_INIT;

static int64_t no_rows(void *user, const apus_batch *batch)
{
    (void)user, (void)batch;
    return 0;
}

static void set_up(void)
{
    make_sample(&s);
    context = new_context(1, NULL);
    regression = sample_regression(context, &s);
    network_model = sample_network(context);
    trainer = sample_trainer(context, network_model);
    apus_array x = sample_xf(&s), y = sample_label(&s);
    OK(context, apus_dataset_create(context, &x, 1, &y, 1, NULL, &dataset));
    OK(context, apus_metric_create(context, "mse", &metric));
    OK(context, apus_session_create(context, network_model, ROWS, &session));
    OK(context, apus_network_create(context, NULL, &network));
    OK(context, apus_network_add(context, network, "Input", "shape=[4]", NULL, 0, NULL));
}

static void tear_down(void)
{
    apus_session_free(session);
    apus_dataset_free(dataset);
    apus_metric_free(metric);
    apus_trainer_free(trainer);
    apus_network_free(network);
    apus_model_free(network_model);
    apus_model_free(regression);
    apus_context_free(context);
}

#define NULL_FAILS(word, call) FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, word, call)
#define NO_CONTEXT(call) FAILS(NULL, APUS_E_INVALID_ARGUMENT, call)

static void every_function_refuses_a_null_context(void)
{
    apus_array x = sample_x(&s), y = sample_real(&s), out = APUS_ARRAY_INIT;
    apus_array xf = sample_xf(&s), label = sample_label(&s);
    apus_model *model = NULL;
    apus_network *n = NULL;
    apus_trainer *t = NULL;
    apus_dataset *d = NULL;
    apus_metric *m = NULL;
    apus_session *r = NULL;
    apus_augmenter *augmenter = NULL;
    apus_text_augmenter *text = NULL;
    size_t needed = 0;
    char buffer[64];
    double loss;
    int32_t node;
    int64_t whole[4];
    float real[4];
    apus_array integers = APUS_ARRAY_1D(APUS_INT64, whole, 4), reals = APUS_ARRAY_1D(APUS_FLOAT32, real, 4);

    NO_CONTEXT(apus_build_info(NULL, buffer, sizeof buffer, &needed));
    NO_CONTEXT(apus_catalog(NULL, buffer, sizeof buffer, &needed));
    NO_CONTEXT(apus_set_seed(NULL, 1));
    NO_CONTEXT(apus_random_uniform(NULL, 0, 1, &reals));
    NO_CONTEXT(apus_random_normal(NULL, 0, 1, &reals));
    NO_CONTEXT(apus_random_integers(NULL, 0, 9, &integers));
    NO_CONTEXT(apus_random_permutation(NULL, &integers));
    NO_CONTEXT(apus_fit(NULL, "linear_regression", NULL, &x, &y, NULL, &model));
    NO_CONTEXT(apus_model_output_shape(NULL, regression, APUS_PREDICT, &x, &out));
    NO_CONTEXT(apus_predict(NULL, regression, APUS_PREDICT, &x, &y));
    NO_CONTEXT(apus_model_attribute(NULL, regression, "coef_", &out));
    NO_CONTEXT(apus_model_info(NULL, regression, buffer, sizeof buffer, &needed));
    NO_CONTEXT(apus_model_save(NULL, regression, scratch("null"), NULL));
    NO_CONTEXT(apus_model_load(NULL, scratch("null"), NULL, &model));
    NO_CONTEXT(apus_model_save_memory(NULL, regression, NULL, buffer, sizeof buffer, &needed));
    NO_CONTEXT(apus_model_load_memory(NULL, buffer, sizeof buffer, NULL, &model));
    NO_CONTEXT(apus_model_save_stream(NULL, regression, NULL, NULL, NULL));
    NO_CONTEXT(apus_model_load_stream(NULL, NULL, NULL, NULL, &model));
    NO_CONTEXT(apus_model_save_weights(NULL, network_model, scratch("null"), NULL));
    NO_CONTEXT(apus_model_load_weights(NULL, network_model, scratch("null"), NULL, NULL, whole, buffer, 0, &needed));
    NO_CONTEXT(apus_network_create(NULL, NULL, &n));
    NO_CONTEXT(apus_network_add(NULL, network, "Flatten", NULL, NULL, 0, &node));
    NO_CONTEXT(apus_network_build(NULL, network, NULL, 0, &model));
    NO_CONTEXT(apus_model_to_json(NULL, network_model, buffer, sizeof buffer, &needed));
    NO_CONTEXT(apus_network_from_json(NULL, "{}", &model));
    NO_CONTEXT(apus_model_set_weight(NULL, network_model, "dense/bias", &reals));
    NO_CONTEXT(apus_dataset_create(NULL, &xf, 1, &label, 1, NULL, &d));
    NO_CONTEXT(apus_dataset_set_sample_weights(NULL, dataset, NULL, 0));
    NO_CONTEXT(apus_activation(NULL, "relu", &xf, &out));
    NO_CONTEXT(apus_dataset_open_hdf5(NULL, "x.h5", "inputs=x", &d));
    NO_CONTEXT(apus_dataset_from_callback(NULL, &form, no_rows, NULL, &d));
    NO_CONTEXT(apus_dataset_info(NULL, dataset, buffer, sizeof buffer, &needed));
    NO_CONTEXT(apus_predict_dataset(NULL, network_model, dataset, 0, &reals, 1));
    NO_CONTEXT(apus_metric_create(NULL, "auc", &m));
    NO_CONTEXT(apus_metric_update(NULL, metric, &reals, &reals, NULL));
    NO_CONTEXT(apus_metric_result(NULL, metric, &out));
    NO_CONTEXT(apus_metric_reset(NULL, metric));
    NO_CONTEXT(apus_trainer_create(NULL, network_model, TRAINER_PARAMETERS, &t));
    NO_CONTEXT(apus_trainer_fit(NULL, trainer, dataset, NULL, NULL));
    NO_CONTEXT(apus_trainer_evaluate(NULL, trainer, dataset, 0, &loss, 1));
    NO_CONTEXT(apus_trainer_metric_names(NULL, trainer, buffer, sizeof buffer, &needed));
    NO_CONTEXT(apus_trainer_history(NULL, trainer, buffer, sizeof buffer, &needed));
    NO_CONTEXT(apus_trainer_step(NULL, trainer, &xf, 1, &label, 1, NULL, &loss));
    NO_CONTEXT(apus_trainer_forward(NULL, trainer, &xf, 1, 0, NULL, 0));
    NO_CONTEXT(apus_trainer_loss(NULL, trainer, &label, 1, NULL, &loss));
    NO_CONTEXT(apus_trainer_backward(NULL, trainer, NULL, 0, NULL, 0));
    NO_CONTEXT(apus_trainer_apply(NULL, trainer, 0));
    NO_CONTEXT(apus_trainer_zero_gradients(NULL, trainer));
    NO_CONTEXT(apus_trainer_weight(NULL, trainer, "dense/bias", &out));
    NO_CONTEXT(apus_trainer_gradient(NULL, trainer, "dense/bias", &out));
    NO_CONTEXT(apus_trainer_layer_output(NULL, trainer, "dense", 0, 0, &out));
    NO_CONTEXT(apus_trainer_set_learning_rate(NULL, trainer, 0.1));
    NO_CONTEXT(apus_trainer_publish(NULL, trainer));
    NO_CONTEXT(apus_trainer_refresh(NULL, trainer));
    NO_CONTEXT(apus_trainer_save(NULL, trainer, scratch("null")));
    NO_CONTEXT(apus_trainer_load(NULL, scratch("null"), NULL, &t, NULL));
    NO_CONTEXT(apus_session_create(NULL, network_model, 1, &r));
    NO_CONTEXT(apus_session_run(NULL, session, &xf, 1, &out, 1));
    NO_CONTEXT(apus_augmenter_create(NULL, "random_flip", &augmenter));
    NO_CONTEXT(apus_augmenter_fit(NULL, NULL, &x));
    NO_CONTEXT(apus_augmenter_config(NULL, NULL, buffer, sizeof buffer, &needed));
    NO_CONTEXT(apus_augmenter_output_shape(NULL, NULL, &x, &out));
    NO_CONTEXT(apus_augment(NULL, NULL, &x, NULL, NULL, &out, NULL));
    NO_CONTEXT(apus_dataset_set_augmentation(NULL, dataset, NULL, 0));
    NO_CONTEXT(apus_text_augmenter_create(NULL, "random_swap", &text));
    NO_CONTEXT(apus_text_augmenter_set_synonyms(NULL, NULL, &x, &x));
    NO_CONTEXT(apus_text_augmenter_set_embeddings(NULL, NULL, &x));
    NO_CONTEXT(apus_augment_tokens(NULL, NULL, &x, NULL, 0, NULL, &out, NULL));
    CHECK(!model && !n && !t && !d && !r && !augmenter && !text);
    CHECK(strcmp(apus_last_error(NULL), "") == 0);
    apus_interrupt(NULL);
}

static void contexts_take_null_options_and_refuse_null_out(void)
{
    apus_context *c = NULL;
    FAILS(NULL, APUS_E_INVALID_ARGUMENT, apus_context_create(NULL, NULL));
    OK(NULL, apus_context_create(NULL, &c));
    CHECK(c != NULL);
    apus_context_free(c);
}

static void frees_accept_null(void)
{
    apus_context_free(NULL);
    apus_model_free(NULL);
    apus_network_free(NULL);
    apus_dataset_free(NULL);
    apus_trainer_free(NULL);
    apus_metric_free(NULL);
    apus_session_free(NULL);
}

static void text_functions_refuse_null(void)
{
    size_t needed = 0;
    char buffer[8];

    NULL_FAILS("needed", apus_build_info(context, buffer, sizeof buffer, NULL));
    NULL_FAILS("needed", apus_catalog(context, buffer, sizeof buffer, NULL));
    NULL_FAILS("model", apus_model_info(context, NULL, buffer, sizeof buffer, &needed));
    NULL_FAILS("needed", apus_model_info(context, regression, buffer, sizeof buffer, NULL));
    NULL_FAILS("model", apus_model_to_json(context, NULL, buffer, sizeof buffer, &needed));
    NULL_FAILS("needed", apus_model_to_json(context, network_model, buffer, sizeof buffer, NULL));
    NULL_FAILS("trainer", apus_trainer_metric_names(context, NULL, buffer, sizeof buffer, &needed));
    NULL_FAILS("needed", apus_trainer_metric_names(context, trainer, buffer, sizeof buffer, NULL));
    NULL_FAILS("trainer", apus_trainer_history(context, NULL, buffer, sizeof buffer, &needed));
    NULL_FAILS("needed", apus_trainer_history(context, trainer, buffer, sizeof buffer, NULL));
    /* A capacity without a buffer is a mistake of the caller, not a question. */
    NULL_FAILS("buffer", apus_catalog(context, NULL, 10, &needed));
}

static void random_functions_refuse_null(void)
{
    NULL_FAILS("out", apus_random_uniform(context, 0, 1, NULL));
    NULL_FAILS("out", apus_random_normal(context, 0, 1, NULL));
    NULL_FAILS("out", apus_random_integers(context, 0, 9, NULL));
    NULL_FAILS("out", apus_random_permutation(context, NULL));
}

static void estimators_refuse_null(void)
{
    apus_array x = sample_x(&s), y = sample_real(&s), out = APUS_ARRAY_INIT;
    apus_model *model = NULL;

    NULL_FAILS("kind", apus_fit(context, NULL, NULL, &x, &y, NULL, &model));
    NULL_FAILS("x", apus_fit(context, "linear_regression", NULL, NULL, &y, NULL, &model));
    NULL_FAILS("y", apus_fit(context, "linear_regression", NULL, &x, NULL, NULL, &model));
    NULL_FAILS("out", apus_fit(context, "linear_regression", NULL, &x, &y, NULL, NULL));
    CHECK(model == NULL);
    NULL_FAILS("model", apus_model_output_shape(context, NULL, APUS_PREDICT, &x, &out));
    NULL_FAILS("x", apus_model_output_shape(context, regression, APUS_PREDICT, NULL, &out));
    NULL_FAILS("out", apus_model_output_shape(context, regression, APUS_PREDICT, &x, NULL));
    NULL_FAILS("model", apus_predict(context, NULL, APUS_PREDICT, &x, &y));
    NULL_FAILS("x", apus_predict(context, regression, APUS_PREDICT, NULL, &y));
    NULL_FAILS("out", apus_predict(context, regression, APUS_PREDICT, &x, NULL));
    NULL_FAILS("model", apus_model_attribute(context, NULL, "coef_", &out));
    NULL_FAILS("name", apus_model_attribute(context, regression, NULL, &out));
    NULL_FAILS("out", apus_model_attribute(context, regression, "coef_", NULL));

    /* Arrays that are there, but without memory. */
    apus_array nowhere = APUS_ARRAY_2D(APUS_FLOAT64, NULL, ROWS, COLUMNS);
    NULL_FAILS("x", apus_fit(context, "linear_regression", NULL, &nowhere, &y, NULL, &model));
    NULL_FAILS("x", apus_predict(context, regression, APUS_PREDICT, &nowhere, &y));
    nowhere = (apus_array)APUS_ARRAY_1D(APUS_FLOAT64, NULL, ROWS);
    NULL_FAILS("y", apus_fit(context, "linear_regression", NULL, &x, &nowhere, NULL, &model));
    NULL_FAILS("out", apus_predict(context, regression, APUS_PREDICT, &x, &nowhere));
}

static void files_refuse_null(void)
{
    apus_model *model = NULL;
    char bytes[16] = "";
    size_t needed = 0;

    NULL_FAILS("model", apus_model_save(context, NULL, scratch("null"), NULL));
    NULL_FAILS("path", apus_model_save(context, regression, NULL, NULL));
    NULL_FAILS("path", apus_model_load(context, NULL, NULL, &model));
    NULL_FAILS("out", apus_model_load(context, scratch("null"), NULL, NULL));
    NULL_FAILS("model", apus_model_save_memory(context, NULL, NULL, bytes, sizeof bytes, &needed));
    NULL_FAILS("needed", apus_model_save_memory(context, regression, NULL, bytes, sizeof bytes, NULL));
    NULL_FAILS("bytes", apus_model_load_memory(context, NULL, 16, NULL, &model));
    NULL_FAILS("out", apus_model_load_memory(context, bytes, sizeof bytes, NULL, NULL));
    NULL_FAILS("write", apus_model_save_stream(context, regression, NULL, NULL, NULL));
    NULL_FAILS("read", apus_model_load_stream(context, NULL, NULL, NULL, &model));
    NULL_FAILS("model", apus_model_save_weights(context, NULL, scratch("null"), NULL));
    NULL_FAILS("path", apus_model_save_weights(context, network_model, NULL, NULL));
    NULL_FAILS("model", apus_model_load_weights(context, NULL, scratch("null"), NULL, NULL, NULL, NULL, 0, NULL));
    NULL_FAILS("path", apus_model_load_weights(context, network_model, NULL, NULL, NULL, NULL, NULL, 0, NULL));
    OK(context, apus_model_save_weights(context, network_model, scratch("null"), NULL));
    NULL_FAILS("needed", apus_model_load_weights(context, network_model, scratch("null"), NULL, NULL, NULL, bytes,
                                                 sizeof bytes, NULL));
    NULL_FAILS("buffer", apus_model_load_weights(context, network_model, scratch("null"), NULL, NULL, NULL, NULL, 1,
                                                 &needed));
    OK(context, apus_model_load_weights(context, network_model, scratch("null"), NULL, NULL, NULL, NULL, 0, NULL));
    CHECK(model == NULL && remove(scratch("null")) == 0);
}

static int32_t discard(void *user, const void *bytes, size_t size)
{
    (void)user, (void)bytes, (void)size;
    return 0;
}

static int64_t nothing(void *user, void *bytes, size_t size)
{
    (void)user, (void)bytes, (void)size;
    return 0;
}

static void streams_refuse_null(void)
{
    NULL_FAILS("model", apus_model_save_stream(context, NULL, NULL, discard, NULL));
    NULL_FAILS("out", apus_model_load_stream(context, nothing, NULL, NULL, NULL));
}

static void networks_refuse_null(void)
{
    apus_model *model = NULL;
    float values[8] = { 0 };
    apus_array bias = APUS_ARRAY_1D(APUS_FLOAT32, values, 8);
    int32_t node;

    NULL_FAILS("out", apus_network_create(context, NULL, NULL));
    NULL_FAILS("network", apus_network_add(context, NULL, "Flatten", NULL, NULL, 0, &node));
    NULL_FAILS("layer", apus_network_add(context, network, NULL, NULL, NULL, 0, &node));
    NULL_FAILS("inputs", apus_network_add(context, network, "Flatten", NULL, NULL, 1, &node));
    NULL_FAILS("network", apus_network_build(context, NULL, NULL, 0, &model));
    NULL_FAILS("outputs", apus_network_build(context, network, NULL, 1, &model));
    NULL_FAILS("out", apus_network_build(context, network, NULL, 0, NULL));
    NULL_FAILS("keras_config", apus_network_from_json(context, NULL, &model));
    NULL_FAILS("out", apus_network_from_json(context, "{}", NULL));
    NULL_FAILS("model", apus_model_set_weight(context, NULL, "dense/bias", &bias));
    NULL_FAILS("path", apus_model_set_weight(context, network_model, NULL, &bias));
    NULL_FAILS("value", apus_model_set_weight(context, network_model, "dense/bias", NULL));
    CHECK(model == NULL);
}

static void training_refuses_null(void)
{
    size_t needed;
    apus_array x = sample_xf(&s), y = sample_label(&s), out = APUS_ARRAY_INIT;
    apus_dataset *d = NULL;
    apus_metric *m = NULL;
    apus_trainer *t = NULL;
    apus_minimum minimum = APUS_MINIMUM_INIT;
    double loss, values[2];

    NULL_FAILS("inputs", apus_dataset_create(context, NULL, 1, &y, 1, NULL, &d));
    NULL_FAILS("targets", apus_dataset_create(context, &x, 1, NULL, 1, NULL, &d));
    NULL_FAILS("out", apus_dataset_create(context, &x, 1, &y, 1, NULL, NULL));
    NULL_FAILS("dataset", apus_dataset_set_sample_weights(context, NULL, NULL, 0));
    NULL_FAILS("weights", apus_dataset_set_sample_weights(context, dataset, NULL, 1));
    NULL_FAILS("n_weights", apus_dataset_set_sample_weights(context, dataset, &x, -1));
    NULL_FAILS("activation", apus_activation(context, NULL, &x, &out));
    NULL_FAILS("a ", apus_activation(context, "relu", NULL, &out));
    NULL_FAILS("out", apus_activation(context, "relu", &x, NULL));
    NULL_FAILS("path", apus_dataset_open_hdf5(context, NULL, "inputs=x", &d));
    NULL_FAILS("inputs", apus_dataset_open_hdf5(context, "x.h5", NULL, &d));
    NULL_FAILS("out", apus_dataset_open_hdf5(context, "x.h5", "inputs=x", NULL));
    NULL_FAILS("form", apus_dataset_from_callback(context, NULL, no_rows, NULL, &d));
    NULL_FAILS("callback", apus_dataset_from_callback(context, &form, NULL, NULL, &d));
    NULL_FAILS("out", apus_dataset_from_callback(context, &form, no_rows, NULL, NULL));
    NULL_FAILS("inputs", apus_dataset_from_callback(context, &form, no_rows, NULL, &d));
    NULL_FAILS("dataset", apus_dataset_info(context, NULL, NULL, 0, &needed));
    NULL_FAILS("needed", apus_dataset_info(context, dataset, NULL, 0, NULL));
    NULL_FAILS("model", apus_predict_dataset(context, NULL, dataset, 0, &out, 1));
    NULL_FAILS("dataset", apus_predict_dataset(context, network_model, NULL, 0, &out, 1));
    NULL_FAILS("outputs", apus_predict_dataset(context, network_model, dataset, 0, NULL, 1));
    NULL_FAILS("description", apus_metric_create(context, NULL, &m));
    NULL_FAILS("out", apus_metric_create(context, "auc", NULL));
    NULL_FAILS("metric", apus_metric_update(context, NULL, &y, &x, NULL));
    NULL_FAILS("targets", apus_metric_update(context, metric, NULL, &x, NULL));
    NULL_FAILS("outputs", apus_metric_update(context, metric, &y, NULL, NULL));
    NULL_FAILS("metric", apus_metric_result(context, NULL, &out));
    NULL_FAILS("metric", apus_metric_reset(context, NULL));
    NULL_FAILS("model", apus_trainer_create(context, NULL, TRAINER_PARAMETERS, &t));
    NULL_FAILS("out", apus_trainer_create(context, network_model, TRAINER_PARAMETERS, NULL));
    NULL_FAILS("trainer", apus_trainer_fit(context, NULL, dataset, NULL, NULL));
    NULL_FAILS("train", apus_trainer_fit(context, trainer, NULL, NULL, NULL));
    NULL_FAILS("trainer", apus_trainer_minimize(context, NULL, dataset, NULL, NULL, NULL, NULL, &minimum));
    NULL_FAILS("train", apus_trainer_minimize(context, trainer, NULL, NULL, NULL, NULL, NULL, &minimum));
    NULL_FAILS("result", apus_trainer_minimize(context, trainer, dataset, NULL, NULL, NULL, NULL, NULL));
    NULL_FAILS("trainer", apus_trainer_set_weight(context, NULL, "dense/bias", &x));
    NULL_FAILS("path", apus_trainer_set_weight(context, trainer, NULL, &x));
    NULL_FAILS("value", apus_trainer_set_weight(context, trainer, "dense/bias", NULL));
    NULL_FAILS("trainer", apus_trainer_evaluate(context, NULL, dataset, 0, values, 2));
    NULL_FAILS("dataset", apus_trainer_evaluate(context, trainer, NULL, 0, values, 2));
    NULL_FAILS("values", apus_trainer_evaluate(context, trainer, dataset, 0, NULL, 2));
    NULL_FAILS("trainer", apus_trainer_step(context, NULL, &x, 1, &y, 1, NULL, &loss));
    NULL_FAILS("inputs", apus_trainer_step(context, trainer, NULL, 1, &y, 1, NULL, &loss));
    NULL_FAILS("targets", apus_trainer_step(context, trainer, &x, 1, NULL, 1, NULL, &loss));
    NULL_FAILS("trainer", apus_trainer_forward(context, NULL, &x, 1, 0, NULL, 0));
    NULL_FAILS("inputs", apus_trainer_forward(context, trainer, NULL, 1, 0, NULL, 0));
    NULL_FAILS("trainer", apus_trainer_loss(context, NULL, &y, 1, NULL, &loss));
    NULL_FAILS("targets", apus_trainer_loss(context, trainer, NULL, 1, NULL, &loss));
    NULL_FAILS("trainer", apus_trainer_backward(context, NULL, NULL, 0, NULL, 0));
    NULL_FAILS("trainer", apus_trainer_apply(context, NULL, 0));
    NULL_FAILS("trainer", apus_trainer_zero_gradients(context, NULL));
    NULL_FAILS("trainer", apus_trainer_weight(context, NULL, "dense/bias", &out));
    NULL_FAILS("path", apus_trainer_weight(context, trainer, NULL, &out));
    NULL_FAILS("out", apus_trainer_weight(context, trainer, "dense/bias", NULL));
    NULL_FAILS("trainer", apus_trainer_gradient(context, NULL, "dense/bias", &out));
    OK(context, apus_trainer_forward(context, trainer, &x, 1, 1, NULL, 0));
    OK(context, apus_trainer_loss(context, trainer, &y, 1, NULL, &loss));
    OK(context, apus_trainer_backward(context, trainer, NULL, 0, NULL, 0));
    NULL_FAILS("path", apus_trainer_gradient(context, trainer, NULL, &out));
    NULL_FAILS("out", apus_trainer_gradient(context, trainer, "dense/bias", NULL));
    NULL_FAILS("trainer", apus_trainer_layer_output(context, NULL, "dense", 0, 0, &out));
    NULL_FAILS("layer", apus_trainer_layer_output(context, trainer, NULL, 0, 0, &out));
    FAILS(context, APUS_E_INVALID_ARGUMENT, apus_trainer_layer_output(context, trainer, "nobody", 0, 0, &out));
    NULL_FAILS("trainer", apus_trainer_set_learning_rate(context, NULL, 0.1));
    NULL_FAILS("trainer", apus_trainer_publish(context, NULL));
    NULL_FAILS("trainer", apus_trainer_refresh(context, NULL));
    NULL_FAILS("trainer", apus_trainer_save(context, NULL, scratch("null")));
    NULL_FAILS("path", apus_trainer_save(context, trainer, NULL));
    NULL_FAILS("path", apus_trainer_load(context, NULL, NULL, &t, NULL));
    NULL_FAILS("out", apus_trainer_load(context, scratch("null"), NULL, NULL, NULL));
    CHECK(!d && !t);
}

static void sessions_refuse_null(void)
{
    apus_array x = sample_xf(&s), out = APUS_ARRAY_2D(APUS_FLOAT32, probabilities, ROWS, CLASSES);
    apus_session *r = NULL;

    NULL_FAILS("model", apus_session_create(context, NULL, 1, &r));
    NULL_FAILS("out", apus_session_create(context, network_model, 1, NULL));
    NULL_FAILS("session", apus_session_run(context, NULL, &x, 1, &out, 1));
    NULL_FAILS("inputs", apus_session_run(context, session, NULL, 1, &out, 1));
    NULL_FAILS("outputs", apus_session_run(context, session, &x, 1, NULL, 1));
    CHECK(r == NULL);
}

/* After all of that, every handle still does its work. */
static void everything_is_usable_afterwards(void)
{
    apus_array x = sample_x(&s), xf = sample_xf(&s), label = sample_label(&s);
    double predicted[ROWS], values[2];
    apus_array out = APUS_ARRAY_1D(APUS_FLOAT64, predicted, ROWS);
    apus_array out2 = APUS_ARRAY_2D(APUS_FLOAT32, probabilities, ROWS, CLASSES);
    apus_model *model = NULL;
    double loss = -1;

    OK(context, apus_predict(context, regression, APUS_PREDICT, &x, &out));
    for (int i = 0; i < ROWS; i++) CHECK(fabs(predicted[i] - s.real[i]) < 0.02);
    OK(context, apus_trainer_step(context, trainer, &xf, 1, &label, 1, NULL, &loss));
    CHECK(loss > 0);
    OK(context, apus_trainer_fit(context, trainer, dataset, NULL, NULL));
    OK(context, apus_trainer_evaluate(context, trainer, dataset, 0, values, 2));
    OK(context, apus_session_run(context, session, &xf, 1, &out2, 1));
    OK(context, apus_network_add(context, network, "Dense", "units=2", NULL, 0, NULL));
    OK(context, apus_network_build(context, network, NULL, 0, &model));
    CHECK(strcmp(apus_last_error(context), "") == 0);
    apus_model_free(model);
}

int main(void)
{
    BEGIN("null_arguments");
    set_up();
    RUN(every_function_refuses_a_null_context);
    RUN(contexts_take_null_options_and_refuse_null_out);
    RUN(frees_accept_null);
    RUN(text_functions_refuse_null);
    RUN(random_functions_refuse_null);
    RUN(estimators_refuse_null);
    RUN(files_refuse_null);
    RUN(streams_refuse_null);
    RUN(networks_refuse_null);
    RUN(training_refuses_null);
    RUN(sessions_refuse_null);
    RUN(everything_is_usable_afterwards);
    tear_down();
    return END();
}
