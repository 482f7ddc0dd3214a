/* Networks that are no chain: several inputs, layers called twice, models within models, extents of each batch. */
#define _POSIX_C_SOURCE 200809L
#include <math.h>
#include <string.h>
#include <unistd.h>

#include "check.h"

static apus_context *context;

/* Sequences of two features. */
static apus_array sequences(float *data, int64_t rows, int64_t steps)
{
    apus_array array = APUS_ARRAY_INIT;
    array.dtype = APUS_FLOAT32, array.data = data, array.ndim = 3;
    array.shape[0] = rows, array.shape[1] = steps, array.shape[2] = 2;
    return array;
}

/* Two inputs through one tower, then joined. */
static apus_model *siamese(apus_model *tower)
{
    apus_network *network;
    apus_model *model;
    int32_t left, right, first, second, joined, outputs;
    apus_array shape = APUS_ARRAY_INIT;
    OK(context, apus_network_create(context, "name=siamese", &network));
    OK(context, apus_network_add(context, network, "Input", "shape=[3] name=left", NULL, 0, &left));
    OK(context, apus_network_add(context, network, "Input", "shape=[3] name=right", NULL, 0, &right));
    if (tower) {
        OK(context, apus_network_add_model(context, network, tower, "name=tower", &left, 1, &first));
    } else {
        OK(context, apus_network_add(context, network, "Dense", "units=4 activation=tanh name=tower", &left, 1, &first));
    }
    OK(context, apus_network_call(context, network, first, &right, 1, &second));
    CHECK(first == 2 && second == 3);
    int32_t both[2] = {first, second};
    OK(context, apus_network_add(context, network, "Concatenate", NULL, both, 2, &joined));
    OK(context, apus_network_node_shape(context, network, joined, &outputs, &shape));
    CHECK(shape.ndim == 2 && shape.shape[0] == -1 && shape.shape[1] == 8 && outputs == 1);
    OK(context, apus_network_add(context, network, "Dense", "units=1 name=score", NULL, 0, NULL));
    OK(context, apus_network_build(context, network, NULL, 0, &model));
    apus_network_free(network);
    return model;
}

static void two_inputs_through_one_tower(void)
{
    apus_model *model = siamese(NULL);
    float a[6] = {1, 2, 3, 4, 5, 6}, b[6] = {1, 0, -1, 2, 0, 1}, out[2], target[2] = {1, -1};
    apus_array inputs[2] = {APUS_ARRAY_2D(APUS_FLOAT32, a, 2, 3), APUS_ARRAY_2D(APUS_FLOAT32, b, 2, 3)};
    apus_array output = APUS_ARRAY_2D(APUS_FLOAT32, out, 2, 1), targets = APUS_ARRAY_2D(APUS_FLOAT32, target, 2, 1);
    apus_session *session;
    OK(context, apus_session_create(context, model, 2, &session));
    OK(context, apus_session_run(context, session, inputs, 2, &output, 1));
    CHECK(isfinite(out[0]) && isfinite(out[1]));
    OK(context, apus_session_reset_states(context, session));
    apus_session_free(session);

    apus_trainer *trainer;
    double before, after = 0;
    OK(context, apus_trainer_create(context, model, "loss=mse optimizer=adam optimizer.learning_rate=0.05", &trainer));
    OK(context, apus_trainer_step(context, trainer, inputs, 2, &targets, 1, NULL, &before));
    for (int i = 0; i < 200; i++) OK(context, apus_trainer_step(context, trainer, inputs, 2, &targets, 1, NULL, &after));
    CHECK(after < before / 100);
    OK(context, apus_trainer_reset_states(context, trainer));

    /* What layers gave, by name: the shared tower twice. */
    float one[8], two[8];
    apus_array seen = APUS_ARRAY_INIT;
    FAILS(context, APUS_E_INVALID_ARGUMENT, apus_trainer_layer_output(context, trainer, "score", 0, 0, &seen));
    OK(context, apus_trainer_forward(context, trainer, inputs, 2, 0, &output, 1));
    OK(context, apus_trainer_layer_output(context, trainer, "score", 0, 0, &seen));
    CHECK(seen.ndim == 2 && seen.shape[0] == 2 && seen.shape[1] == 1 && seen.dtype == APUS_FLOAT32);
    apus_array scores = APUS_ARRAY_2D(APUS_FLOAT32, one, 2, 1);
    OK(context, apus_trainer_layer_output(context, trainer, "score", 0, 0, &scores));
    CHECK(one[0] == out[0] && one[1] == out[1]);
    apus_array first = APUS_ARRAY_2D(APUS_FLOAT32, one, 2, 4), second = APUS_ARRAY_2D(APUS_FLOAT32, two, 2, 4);
    OK(context, apus_trainer_layer_output(context, trainer, "tower", 0, 0, &first));
    OK(context, apus_trainer_layer_output(context, trainer, "tower", 1, 0, &second));
    CHECK(memcmp(one, two, sizeof one) != 0);
    FAILS(context, APUS_E_INVALID_ARGUMENT, apus_trainer_layer_output(context, trainer, "tower", 2, 0, &second));
    FAILS(context, APUS_E_INVALID_ARGUMENT, apus_trainer_layer_output(context, trainer, "tower", 0, -1, &second));
    apus_trainer_free(trainer);
    apus_model_free(model);
}

static void a_model_within_a_model(void)
{
    apus_network *network;
    apus_model *tower;
    OK(context, apus_network_create(context, NULL, &network));
    OK(context, apus_network_add(context, network, "Input", "shape=[3]", NULL, 0, NULL));
    OK(context, apus_network_add(context, network, "Dense", "units=4 activation=tanh", NULL, 0, NULL));
    OK(context, apus_network_build(context, network, NULL, 0, &tower));
    apus_network_free(network);
    apus_model *model = siamese(tower);
    float inner[12], outer[12];
    apus_array from = APUS_ARRAY_2D(APUS_FLOAT32, inner, 3, 4), to = APUS_ARRAY_2D(APUS_FLOAT32, outer, 3, 4);
    OK(context, apus_model_attribute(context, tower, "dense/kernel", &from));
    OK(context, apus_model_attribute(context, model, "tower/dense/kernel", &to));
    for (int i = 0; i < 12; i++) CHECK(inner[i] == outer[i]);

    /* to a file and back */
    char *bytes = NULL;
    size_t size = 0;
    apus_model *again;
    OK(context, apus_model_save_memory(context, model, NULL, NULL, 0, &size));
    bytes = malloc(size);
    CHECK(bytes != NULL);
    OK(context, apus_model_save_memory(context, model, NULL, bytes, size, &size));
    OK(context, apus_model_load_memory(context, bytes, size, NULL, &again));
    free(bytes);
    float back[12];
    apus_array third = APUS_ARRAY_2D(APUS_FLOAT32, back, 3, 4);
    OK(context, apus_model_attribute(context, again, "tower/dense/kernel", &third));
    for (int i = 0; i < 12; i++) CHECK(inner[i] == back[i]);
    apus_model_free(again);
    apus_model_free(model);
    apus_model_free(tower);
}

static void extents_of_each_batch(void)
{
    apus_network *network;
    apus_model *model;
    apus_session *session;
    OK(context, apus_network_create(context, NULL, &network));
    OK(context, apus_network_add(context, network, "Input", "shape=[null, 2]", NULL, 0, NULL));
    OK(context, apus_network_add(context, network, "GlobalAveragePooling1D", NULL, NULL, 0, NULL));
    OK(context, apus_network_build(context, network, NULL, 0, &model));
    apus_network_free(network);
    OK(context, apus_session_create(context, model, 1, &session));
    float x[10] = {1, 10, 2, 20, 3, 30, 4, 40, 5, 50}, y[2];
    apus_array out = APUS_ARRAY_2D(APUS_FLOAT32, y, 1, 2);
    for (int64_t steps = 1; steps <= 5; steps++) {
        apus_array in = sequences(x, 1, steps), described = APUS_ARRAY_INIT;
        OK(context, apus_session_run(context, session, &in, 1, &out, 1));
        CHECK(y[0] == (float)(steps + 1) / 2 && y[1] == 5 * (float)(steps + 1));
        OK(context, apus_model_output_shape(context, model, APUS_PREDICT, &in, &described));
        CHECK(described.ndim == 2 && described.shape[1] == 2);
        OK(context, apus_predict(context, model, APUS_PREDICT, &in, &out));
    }
    apus_array none = sequences(x, 1, 0), flat = APUS_ARRAY_2D(APUS_FLOAT32, x, 1, 2);
    FAILS(context, APUS_E_SHAPE, apus_session_run(context, session, &none, 1, &out, 1));
    FAILS_NAMING(context, APUS_E_SHAPE, "(rows, any, 2)", apus_session_run(context, session, &flat, 1, &out, 1));
    apus_session_free(session);
    apus_model_free(model);
}

static void what_does_not_go_together_is_named(void)
{
    apus_network *network;
    int32_t a, b, node = 77, pair[2];
    OK(context, apus_network_create(context, NULL, &network));
    FAILS(context, APUS_E_INVALID_ARGUMENT, apus_network_node_shape(context, network, 0, NULL, NULL));
    OK(context, apus_network_add(context, network, "Input", "shape=[3]", NULL, 0, &a));
    OK(context, apus_network_add(context, network, "Input", "shape=[4]", NULL, 0, &b));
    pair[0] = a, pair[1] = b;
    FAILS_NAMING(context, APUS_E_SHAPE, "layer 'add'", apus_network_add(context, network, "Add", NULL, pair, 2, &node));
    FAILS_NAMING(context, APUS_E_SHAPE, "one input, got 2", apus_network_add(context, network, "Dense", "units=2", pair, 2, &node));
    FAILS(context, APUS_E_INVALID_ARGUMENT, apus_network_call(context, network, -1, pair, 1, &node));
    FAILS(context, APUS_E_INVALID_ARGUMENT, apus_network_call(context, network, 9, pair, 1, &node));
    FAILS(context, APUS_E_INVALID_ARGUMENT, apus_network_call(context, network, a, pair, 1, &node));
    FAILS(context, APUS_E_INVALID_ARGUMENT, apus_network_call(context, network, a, NULL, 0, &node));
    FAILS(context, APUS_E_INVALID_ARGUMENT, apus_network_call(context, network, a, NULL, 1, &node));
    FAILS(context, APUS_E_INVALID_ARGUMENT, apus_network_call(context, NULL, a, pair, 1, &node));
    FAILS(context, APUS_E_INVALID_ARGUMENT, apus_network_add_model(context, network, NULL, NULL, pair, 1, &node));
    FAILS(context, APUS_E_INVALID_ARGUMENT, apus_network_add_model(context, NULL, NULL, NULL, pair, 1, &node));
    FAILS(context, APUS_E_INVALID_ARGUMENT, apus_network_node_shape(context, NULL, 0, NULL, NULL));
    FAILS(context, APUS_E_INVALID_ARGUMENT, apus_session_reset_states(context, NULL));
    FAILS(context, APUS_E_INVALID_ARGUMENT, apus_trainer_reset_states(context, NULL));
    FAILS(NULL, APUS_E_INVALID_ARGUMENT, apus_network_call(NULL, network, a, pair, 1, &node));
    FAILS(NULL, APUS_E_INVALID_ARGUMENT, apus_network_node_shape(NULL, network, 0, NULL, NULL));
    CHECK(node == 77);
    apus_network_free(network);
}

int main(void)
{
    BEGIN("graphs");
    context = new_context(2, NULL);
    RUN(two_inputs_through_one_tower);
    RUN(a_model_within_a_model);
    RUN(extents_of_each_batch);
    RUN(what_does_not_go_together_is_named);
    apus_context_free(context);
    return END();
}
