/* wide_training.h: a training that two threads work at. */
#ifndef WIDE_TRAINING_H
#define WIDE_TRAINING_H

#include "check.h"

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

#endif
