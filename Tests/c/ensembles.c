/* One network of several: averages, votes, averages of weights. */
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

int main(void)
{
    BEGIN("ensembles");
    context = new_context(2, NULL);
    RUN(outputs_are_averaged_or_counted);
    RUN(weights_are_averaged);
    RUN(what_does_not_fit_is_named);
    apus_context_free(context);
    return END();
}
