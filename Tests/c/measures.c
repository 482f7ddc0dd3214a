/* What training measures: losses and metrics of several outputs, class and step weights, metrics by themselves. */
#define _POSIX_C_SOURCE 200809L
#include <unistd.h>

#include "check.h"

#include <stddef.h>

static sample s;
static apus_context *context;

/* 4 - 6, then two outputs: "size" of one column, "kind" of three. */
static apus_model *two_outputs(void)
{
    apus_network *network = NULL;
    apus_model *model = NULL;
    int32_t in, hidden, outputs[2];
    OK(context, apus_network_create(context, NULL, &network));
    OK(context, apus_network_add(context, network, "Input", "shape=[4]", NULL, 0, &in));
    OK(context, apus_network_add(context, network, "Dense", "units=6 activation=tanh", &in, 1, &hidden));
    OK(context, apus_network_add(context, network, "Dense", "units=1 name=size", &hidden, 1, &outputs[0]));
    OK(context,
       apus_network_add(context, network, "Dense", "units=3 activation=softmax name=kind", &hidden, 1, &outputs[1]));
    OK(context, apus_network_build(context, network, outputs, 2, &model));
    apus_network_free(network);
    return model;
}

static const char parameters[] =
    "{\"loss\": {\"kind\": \"sparse_categorical_crossentropy\", \"size\": \"mse\"}, \"optimizer\": \"sgd\","
    " \"loss_weights\": [0.5, 2], \"metrics\": [\"mae\", [\"accuracy\", {\"class_name\": \"F1Score\"}]],"
    " \"weighted_metrics\": {\"size\": [\"mae\"]}}";

static void each_output_has_its_names_and_values(void)
{
    apus_model *model = two_outputs();
    apus_trainer *trainer = NULL;
    apus_dataset *data = NULL;
    apus_array x = sample_xf(&s), y[2], weights[2] = { APUS_ARRAY_INIT, APUS_ARRAY_INIT };
    float first[ROWS];
    char names[256];
    size_t needed;
    double v[9];
    y[0] = (apus_array)APUS_ARRAY_1D(APUS_FLOAT32, s.realf, ROWS);
    y[1] = sample_label(&s);
    OK(context, apus_trainer_create(context, model, parameters, &trainer));
    OK(context, apus_trainer_metric_names(context, trainer, names, sizeof names, &needed));
    CHECK(strcmp(names, "[\"loss\", \"size_loss\", \"kind_loss\", \"size_mae\", \"kind_accuracy\", \"kind_f1_score[0]\", "
                        "\"kind_f1_score[1]\", \"kind_f1_score[2]\", \"size_weighted_mae\"]") == 0);
    OK(context, apus_dataset_create(context, &x, 1, y, 2, NULL, &data));
    OK(context, apus_trainer_evaluate(context, trainer, data, 7, v, 9));
    CHECK(fabs(v[0] - (0.5 * v[1] + 2 * v[2])) < 1e-9);
    CHECK(v[8] == v[3]);

    /* Only the first half of the first output counts. */
    for (int i = 0; i < ROWS; i++) first[i] = i < ROWS / 2 ? 2.0f : 0.0f;
    weights[0] = (apus_array)APUS_ARRAY_1D(APUS_FLOAT32, first, ROWS);
    OK(context, apus_dataset_set_sample_weights(context, data, weights, 2));
    double half[9], w[9];
    OK(context, apus_trainer_evaluate(context, trainer, data, 7, half, 9));
    x.shape[0] = y[0].shape[0] = y[1].shape[0] = ROWS / 2;
    apus_dataset *part = NULL;
    OK(context, apus_dataset_create(context, &x, 1, y, 2, NULL, &part));
    OK(context, apus_trainer_evaluate(context, trainer, part, 7, w, 9));
    CHECK(fabs(half[1] - w[1]) < 1e-5 * w[1]);
    CHECK(half[2] == v[2] && half[3] == v[3]);
    CHECK(fabs(half[8] - w[3]) < 1e-6 * w[3]);

    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "n_values",
                 apus_trainer_evaluate(context, trainer, data, 7, v, 2));
    OK(context, apus_dataset_set_sample_weights(context, data, NULL, 0));
    OK(context, apus_trainer_evaluate(context, trainer, data, 7, w, 9));
    CHECK(memcmp(v, w, sizeof v) == 0);
    apus_dataset_free(part);
    apus_dataset_free(data);
    apus_trainer_free(trainer);
    apus_model_free(model);
}

static void class_weights_are_checked(void)
{
    apus_model *model = sample_network(context), *two = two_outputs();
    apus_trainer *trainer = NULL, *both = NULL;
    apus_dataset *data = NULL;
    apus_fit_options options = APUS_FIT_OPTIONS_INIT;
    apus_array x = sample_xf(&s), y = sample_label(&s);
    float weights[3] = { 1, -1, 2 };
    apus_array w = APUS_ARRAY_1D(APUS_FLOAT32, weights, 3), flat = APUS_ARRAY_2D(APUS_FLOAT32, weights, 1, 3);
    OK(context, apus_trainer_create(context, model, TRAINER_PARAMETERS, &trainer));
    OK(context, apus_trainer_create(context, two, parameters, &both));
    OK(context, apus_dataset_create(context, &x, 1, &y, 1, NULL, &data));
    options.class_weight = &w;
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "class 1", apus_trainer_fit(context, trainer, data, NULL, &options));
    weights[1] = 0;
    OK(context, apus_trainer_fit(context, trainer, data, NULL, &options));
    options.class_weight = &flat;
    FAILS(context, APUS_E_SHAPE, apus_trainer_fit(context, trainer, data, NULL, &options));

    /* A program of 1.0 has options without what came later: what lies behind them is not read. */
    options.class_weight = (const apus_array *)(uintptr_t)16;
    options.struct_size = (uint32_t)offsetof(apus_fit_options, callbacks);
    OK(context, apus_trainer_fit(context, trainer, data, NULL, &options));
    options.struct_size--;
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "struct_size",
                 apus_trainer_fit(context, trainer, data, NULL, &options));

    apus_model *regression = NULL;
    apus_array real = sample_real(&s);
    options = (apus_fit_options)APUS_FIT_OPTIONS_INIT;
    options.class_weight = &w;
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "class_weight",
                 apus_fit(context, "linear_regression", NULL, &x, &real, &options, &regression));
    apus_dataset_free(data);
    apus_trainer_free(trainer);
    apus_trainer_free(both);
    apus_model_free(model);
    apus_model_free(two);
}

static void metrics_stand_by_themselves(void)
{
    apus_metric *metric = NULL;
    float y[4] = { 0, 1, 1, 0 }, p[8] = { 0.2f, 0.9f, 0.4f, 0.6f, 0, 0, 0, 0 }, weight[2] = { 1, 3 };
    double value;
    apus_array targets = APUS_ARRAY_1D(APUS_FLOAT32, y, 4), outputs = APUS_ARRAY_1D(APUS_FLOAT32, p, 4);
    apus_array out = APUS_ARRAY_INIT;
    OK(context, apus_metric_create(context, "{\"class_name\": \"Precision\", \"config\": {}}", &metric));
    FAILS(context, APUS_E_NOT_FITTED, apus_metric_result(context, metric, &out));
    OK(context, apus_metric_update(context, metric, &targets, &outputs, NULL));
    OK(context, apus_metric_result(context, metric, &out));
    CHECK(out.ndim == 0 && out.dtype == APUS_FLOAT64);
    out.data = &value;
    OK(context, apus_metric_result(context, metric, &out));
    CHECK(value == 0.5);

    /* More of it, of other shapes, and from the start. */
    apus_array pairs = APUS_ARRAY_2D(APUS_FLOAT32, p, 2, 2), pair_targets = APUS_ARRAY_2D(APUS_FLOAT32, y, 2, 2);
    apus_array weights = APUS_ARRAY_1D(APUS_FLOAT32, weight, 2), wrong = APUS_ARRAY_1D(APUS_FLOAT32, y, 3);
    FAILS_NAMING(context, APUS_E_SHAPE, "agree", apus_metric_update(context, metric, &pair_targets, &pairs, NULL));
    FAILS_NAMING(context, APUS_E_SHAPE, "targets", apus_metric_update(context, metric, &wrong, &outputs, NULL));
    FAILS_NAMING(context, APUS_E_SHAPE, "sample_weight",
                 apus_metric_update(context, metric, &targets, &outputs, &weights));
    OK(context, apus_metric_reset(context, metric));
    OK(context, apus_metric_result(context, metric, &out));
    CHECK(value == 0);
    apus_metric_free(metric);

    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "beauty", apus_metric_create(context, "beauty", &metric));
    FAILS(context, APUS_E_INVALID_ARGUMENT, apus_metric_create(context, "{\"class_name\": ", &metric));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "num_classes",
                 apus_metric_create(context, "{\"class_name\": \"MeanIoU\", \"config\": {}}", &metric));
}

int main(void)
{
    BEGIN("measures");
    make_sample(&s);
    context = new_context(2, NULL);
    RUN(each_output_has_its_names_and_values);
    RUN(class_weights_are_checked);
    RUN(metrics_stand_by_themselves);
    apus_context_free(context);
    return END();
}
