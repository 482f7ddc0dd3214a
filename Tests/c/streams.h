/* streams.h: what the tests of data that is not all in memory have in common. */
#ifndef STREAMS_H
#define STREAMS_H

#include "check.h"

enum { FEW = 1003, NARROW = 6 };
static apus_context *context;
static float fx[FEW * NARROW], fy[FEW];

/* Rows of columns in [-1, 1), and a target that four of them tell. */
static void fill_rows(int rows, int columns, float *x, float *y)
{
    for (int i = 0; i < rows; i++) {
        double sum = 0;
        for (int j = 0; j < columns; j++) {
            x[i * columns + j] = (float)(2 * spread((uint64_t)i * (uint64_t)columns + (uint64_t)j) - 1);
            if (j < 4) sum += (j + 1) * x[i * columns + j];
        }
        y[i] = (float)(sum + 0.5);
    }
}

static apus_trainer *make_trainer(apus_context *own, int columns, const char *more)
{
    apus_network *network = NULL;
    apus_model *model = NULL;
    apus_trainer *trainer = NULL;
    char text[200];
    OK(own, apus_set_seed(own, 11));
    OK(own, apus_network_create(own, NULL, &network));
    snprintf(text, sizeof text, "shape=[%d]", columns);
    OK(own, apus_network_add(own, network, "Input", text, NULL, 0, NULL));
    OK(own, apus_network_add(own, network, "Dense", "units=4 activation=tanh", NULL, 0, NULL));
    OK(own, apus_network_add(own, network, "Dense", "units=1", NULL, 0, NULL));
    OK(own, apus_network_build(own, network, NULL, 0, &model));
    snprintf(text, sizeof text, "loss=mse metrics=mae optimizer=adam optimizer.learning_rate=0.01 %s", more);
    OK(own, apus_trainer_create(own, model, text, &trainer));
    apus_model_free(model);
    apus_network_free(network);
    return trainer;
}

static void weights(apus_context *own, apus_trainer *trainer, int columns, float *out)
{
    apus_array kernel = APUS_ARRAY_2D(APUS_FLOAT32, out, columns, 4);
    OK(own, apus_trainer_weight(own, trainer, "dense/kernel", &kernel));
}

#endif
