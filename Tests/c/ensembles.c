/* One network of several: averages, votes, averages of weights; a trainer without a loss; a batch that is measured. */
#define _POSIX_C_SOURCE 200809L
#include <limits.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

#include "check.h"

static apus_context *context;

static apus_model *dense(const char *shape, const char *layer)
{
    apus_network *network;
    apus_model *model;
    OK(context, apus_network_create(context, NULL, &network));
    OK(context, apus_network_add(context, network, "Input", shape, NULL, 0, NULL));
    OK(context, apus_network_add(context, network, "Dense", layer, NULL, 0, NULL));
    OK(context, apus_network_build(context, network, NULL, 0, &model));
    apus_network_free(network);
    return model;
}

static void outputs_are_averaged_or_counted(void)
{
    const apus_model *models[3];
    apus_model *mean, *weighted, *majority, *again;
    float x[8] = {1, 2, -1, 0, 3, -2, 0.5f, 1}, y[3][12], out[12];
    apus_array input = APUS_ARRAY_2D(APUS_FLOAT32, x, 4, 2), output = APUS_ARRAY_2D(APUS_FLOAT32, out, 4, 3);
    for (int i = 0; i < 3; i++) {
        apus_array one = APUS_ARRAY_2D(APUS_FLOAT32, y[i], 4, 3);
        models[i] = dense("shape=[2]", "units=3 activation=softmax");
        OK(context, apus_predict(context, models[i], APUS_PREDICT, &input, &one));
    }
    OK(context, apus_network_ensemble(context, models, 3, NULL, &mean));
    OK(context, apus_predict(context, mean, APUS_PREDICT, &input, &output));
    for (int i = 0; i < 12; i++) CHECK(fabsf(out[i] - (y[0][i] + y[1][i] + y[2][i]) / 3) < 1e-6f);

    OK(context, apus_network_ensemble(context, models, 3, "vote=soft weights=[2,0,2]", &weighted));
    OK(context, apus_predict(context, weighted, APUS_PREDICT, &input, &output));
    for (int i = 0; i < 12; i++) CHECK(fabsf(out[i] - (y[0][i] + y[2][i]) / 2) < 1e-6f);

    OK(context, apus_network_ensemble(context, models, 3, "{\"vote\": \"majority\", \"name\": \"jury\"}", &majority));
    OK(context, apus_predict(context, majority, APUS_PREDICT, &input, &output));
    for (int row = 0; row < 4; row++) {
        float votes[3] = {0, 0, 0};
        for (int i = 0; i < 3; i++) {
            int best = 0;
            for (int k = 1; k < 3; k++) if (y[i][3 * row + k] > y[i][3 * row + best]) best = k;
            votes[best] += 1;
        }
        for (int k = 0; k < 3; k++) CHECK(fabsf(out[3 * row + k] - votes[k] / 3) < 1e-6f);
    }

    /* to a file and back */
    const char *path = scratch("jury.h5");
    float back[12];
    apus_array second = APUS_ARRAY_2D(APUS_FLOAT32, back, 4, 3);
    OK(context, apus_model_save(context, majority, path, NULL));
    OK(context, apus_model_load(context, path, NULL, &again));
    OK(context, apus_predict(context, again, APUS_PREDICT, &input, &second));
    CHECK(memcmp(out, back, sizeof out) == 0);
    remove(path);

    /* the members may go */
    for (int i = 0; i < 3; i++) apus_model_free((apus_model *)models[i]);
    OK(context, apus_predict(context, mean, APUS_PREDICT, &input, &output));
    apus_model_free(mean);
    apus_model_free(weighted);
    apus_model_free(majority);
    apus_model_free(again);
}

static void weights_are_averaged(void)
{
    const apus_model *models[2] = {dense("shape=[2]", "units=3"), dense("shape=[2]", "units=3")};
    apus_model *soup;
    float a[6], b[6], mean[6];
    apus_array first = APUS_ARRAY_2D(APUS_FLOAT32, a, 2, 3), second = APUS_ARRAY_2D(APUS_FLOAT32, b, 2, 3);
    apus_array third = APUS_ARRAY_2D(APUS_FLOAT32, mean, 2, 3);
    OK(context, apus_network_ensemble(context, models, 2, "how=weights", &soup));
    OK(context, apus_model_attribute(context, models[0], "dense/kernel", &first));
    OK(context, apus_model_attribute(context, models[1], "dense/kernel", &second));
    OK(context, apus_model_attribute(context, soup, "dense/kernel", &third));
    for (int i = 0; i < 6; i++) CHECK(fabsf(mean[i] - (a[i] + b[i]) / 2) < 1e-6f);
    apus_model_free(soup);
    for (int i = 0; i < 2; i++) apus_model_free((apus_model *)models[i]);
}

static void what_does_not_fit_is_named(void)
{
    sample s;
    make_sample(&s);
    apus_model *three = dense("shape=[2]", "units=3"), *two = dense("shape=[2]", "units=2");
    apus_model *wide = dense("shape=[5]", "units=3"), *bent = dense("shape=[2]", "units=3 activation=relu");
    apus_model *line = sample_regression(context, &s), *out = NULL;
    const apus_model *models[3] = {three, three, NULL};
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "out", apus_network_ensemble(context, models, 2, NULL, NULL));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "models", apus_network_ensemble(context, NULL, 2, NULL, &out));
    int32_t counts[] = {0, -1, 4097, INT32_MAX, INT32_MIN};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "n_models",
                     apus_network_ensemble(context, models, counts[i], NULL, &out));
    }
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "models[2]", apus_network_ensemble(context, models, 3, NULL, &out));
    models[2] = line;
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "models[2]", apus_network_ensemble(context, models, 3, NULL, &out));
    models[2] = two;
    FAILS_NAMING(context, APUS_E_SHAPE, "output 0 of models[2]", apus_network_ensemble(context, models, 3, NULL, &out));
    models[2] = wide;
    FAILS_NAMING(context, APUS_E_SHAPE, "input 0 of models[2]", apus_network_ensemble(context, models, 3, NULL, &out));
    models[2] = bent;
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "activation",
                 apus_network_ensemble(context, models, 3, "how=weights", &out));
    const char *wrong[] = {
        "vote=banana", "weights=[1]", "weights=[1,1,-1]", "weights=[0,0,0]", "weights=[1e300,1,1]", "weights=3",
        "weights=[\"a\",1,1]", "threshold=null", "how=averages", "how=weights vote=hard", "name=3", "banana=1", "{",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        FAILS(context, APUS_E_INVALID_ARGUMENT, apus_network_ensemble(context, models, 3, wrong[i], &out));
    }
    FAILS(NULL, APUS_E_INVALID_ARGUMENT, apus_network_ensemble(NULL, models, 3, NULL, &out));
    CHECK(out == NULL);
    apus_model *all[] = {three, two, wide, bent, line};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) apus_model_free(all[i]);
}

static void a_trainer_without_a_loss_takes_gradients(void)
{
    apus_model *model = dense("shape=[2]", "units=1");
    apus_trainer *trainer;
    apus_dataset *data;
    float x[4] = {1, 2, 3, 4}, y[2] = {0, 1}, ones[2] = {1, 1}, bias[1];
    double value;
    apus_array input = APUS_ARRAY_2D(APUS_FLOAT32, x, 2, 2), target = APUS_ARRAY_2D(APUS_FLOAT32, y, 2, 1);
    apus_array gradient = APUS_ARRAY_2D(APUS_FLOAT32, ones, 2, 1), out = APUS_ARRAY_1D(APUS_FLOAT32, bias, 1);
    OK(context, apus_trainer_create(context, model, "optimizer=sgd optimizer.learning_rate=0.25", &trainer));
    OK(context, apus_trainer_forward(context, trainer, &input, 1, 1, NULL, 0));
    OK(context, apus_trainer_backward(context, trainer, &gradient, 1, NULL, 0));
    OK(context, apus_trainer_apply(context, trainer, 0));
    OK(context, apus_trainer_weight(context, trainer, "dense/bias", &out));
    CHECK(bias[0] == -0.5f);
    OK(context, apus_dataset_create(context, &input, 1, &target, 1, NULL, &data));
    const char *why = "has no loss";
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, why, apus_trainer_fit(context, trainer, data, NULL, NULL));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, why, apus_trainer_evaluate(context, trainer, data, 0, &value, 1));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, why,
                 apus_trainer_step(context, trainer, &input, 1, &target, 1, NULL, &value));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, why,
                 apus_trainer_train_on_batch(context, trainer, data, NULL, &value, 1));
    OK(context, apus_trainer_forward(context, trainer, &input, 1, 0, NULL, 0));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, why, apus_trainer_loss(context, trainer, &target, 1, NULL, &value));
    apus_trainer_free(trainer);
    trainer = NULL;
    FAILS(context, APUS_E_INVALID_ARGUMENT, apus_trainer_create(context, model, "optimizer=sgd metrics=mae", &trainer));
    CHECK(trainer == NULL);
    apus_dataset_free(data);
    apus_model_free(model);
}

static void a_batch_is_measured_as_it_is_trained_on(void)
{
    apus_model *model = dense("shape=[2]", "units=2 activation=softmax");
    apus_trainer *trainer;
    apus_dataset *data;
    float x[8] = {1, 2, 3, 4, -1, 0, 2, 1}, weight[2] = {1, 3}, minus[1] = {-1};
    int64_t y[4] = {0, 1, 0, 1};
    double values[2], before[2];
    apus_array input = APUS_ARRAY_2D(APUS_FLOAT32, x, 4, 2), target = APUS_ARRAY_1D(APUS_INT64, y, 4);
    apus_array weights = APUS_ARRAY_1D(APUS_FLOAT32, weight, 2), wrong = APUS_ARRAY_1D(APUS_FLOAT32, minus, 1);
    OK(context, apus_dataset_create(context, &input, 1, &target, 1, NULL, &data));
    OK(context, apus_trainer_create(context, model,
        "loss=sparse_categorical_crossentropy optimizer=sgd optimizer.learning_rate=0.1 metrics=accuracy", &trainer));
    OK(context, apus_trainer_evaluate(context, trainer, data, 4, before, 2));
    OK(context, apus_trainer_train_on_batch(context, trainer, data, NULL, values, 2));
    CHECK(fabs(values[0] - before[0]) < 1e-5 && values[1] == before[1]);
    for (int i = 0; i < 200; i++) OK(context, apus_trainer_train_on_batch(context, trainer, data, &weights, values, 2));
    CHECK(values[0] < before[0]);
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "n_values",
                 apus_trainer_train_on_batch(context, trainer, data, NULL, values, 1));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "class_weight",
                 apus_trainer_train_on_batch(context, trainer, data, &wrong, values, 2));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "values",
                 apus_trainer_train_on_batch(context, trainer, data, NULL, NULL, 2));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "dataset",
                 apus_trainer_train_on_batch(context, trainer, NULL, NULL, values, 2));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "trainer",
                 apus_trainer_train_on_batch(context, NULL, data, NULL, values, 2));
    FAILS(NULL, APUS_E_INVALID_ARGUMENT, apus_trainer_train_on_batch(NULL, trainer, data, NULL, values, 2));
    apus_trainer_free(trainer);
    apus_dataset_free(data);
    apus_model_free(model);
}

int main(void)
{
    BEGIN("ensembles");
    context = new_context(2, NULL);
    RUN(outputs_are_averaged_or_counted);
    RUN(weights_are_averaged);
    RUN(what_does_not_fit_is_named);
    RUN(a_trainer_without_a_loss_takes_gradients);
    RUN(a_batch_is_measured_as_it_is_trained_on);
    apus_context_free(context);
    return END();
}
