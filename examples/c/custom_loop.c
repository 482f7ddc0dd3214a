/* custom_loop.c: a training loop of one's own, out of the parts of a step.
 *
 * The loss here is none that Apus knows: the quantile ("pinball") loss, whose minimum is not the middle of what may
 * come but its 90th percentile. All that a loss of one's own needs is its gradient by the network's output.
 */
#include "apus.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { ROWS = 4096, BATCH = 128, EPOCHS = 60 };
static const float QUANTILE = 0.9f;

static void check(apus_context *context, apus_status status, const char *doing)
{
    if (status == APUS_OK) return;
    fprintf(stderr, "%s: %s: %s\n", doing, apus_status_text(status), apus_last_error(context));
    exit(1);
}

/* Loss of a batch, and its gradient by each output. */
static double quantile_loss(const float *output, const float *target, float *gradient, int rows)
{
    double sum = 0;
    for (int i = 0; i < rows; i++) {
        const float miss = target[i] - output[i];
        sum += miss > 0 ? QUANTILE * miss : (QUANTILE - 1) * miss;
        gradient[i] = (miss > 0 ? -QUANTILE : 1 - QUANTILE) / (float)rows;
    }
    return sum / rows;
}

int main(void)
{
    static float x[ROWS], noise[ROWS], y[ROWS], output[BATCH], gradient[BATCH], all[ROWS];
    apus_array xs = APUS_ARRAY_2D(APUS_FLOAT32, x, ROWS, 1), noises = APUS_ARRAY_1D(APUS_FLOAT32, noise, ROWS);
    apus_array alls = APUS_ARRAY_2D(APUS_FLOAT32, all, ROWS, 1);
    apus_context_options options = APUS_CONTEXT_OPTIONS_INIT;
    apus_context *context = NULL;
    apus_network *network = NULL;
    apus_model *model = NULL;
    apus_trainer *trainer = NULL;

    options.seed = 11;
    check(NULL, apus_context_create(&options, &context), "context");
    check(context, apus_random_uniform(context, -1.0, 1.0, &xs), "data");
    check(context, apus_random_normal(context, 0.0, 1.0, &noises), "data");
    /* A wave, with noise that grows to the right. */
    for (int i = 0; i < ROWS; i++) y[i] = sinf(3 * x[i]) + (0.2f + 0.1f * x[i]) * noise[i];

    check(context, apus_network_create(context, NULL, &network), "network");
    check(context, apus_network_add(context, network, "Input", "shape=[1]", NULL, 0, NULL), "input");
    check(context, apus_network_add(context, network, "Dense", "units=32 activation=tanh", NULL, 0, NULL), "layer 1");
    check(context, apus_network_add(context, network, "Dense", "units=32 activation=tanh", NULL, 0, NULL), "layer 2");
    check(context, apus_network_add(context, network, "Dense", "units=1", NULL, 0, NULL), "layer 3");
    check(context, apus_network_build(context, network, NULL, 0, &model), "build");
    /* Of the trainer the loop uses the optimizer; its loss stays unused. */
    check(context,
          apus_trainer_create(context, model, "loss=mse optimizer=adam optimizer.learning_rate=0.003", &trainer),
          "trainer");

    for (int epoch = 1; epoch <= EPOCHS; epoch++) {
        double loss = 0;
        for (int at = 0; at < ROWS; at += BATCH) {
            apus_array in = APUS_ARRAY_2D(APUS_FLOAT32, x + at, BATCH, 1);
            apus_array out = APUS_ARRAY_2D(APUS_FLOAT32, output, BATCH, 1);
            apus_array by_output = APUS_ARRAY_2D(APUS_FLOAT32, gradient, BATCH, 1);
            check(context, apus_trainer_forward(context, trainer, &in, 1, 1, &out, 1), "forward");
            loss += quantile_loss(output, y + at, gradient, BATCH) * BATCH / ROWS;
            check(context, apus_trainer_backward(context, trainer, &by_output, 1, NULL, 0), "backward");
            check(context, apus_trainer_apply(context, trainer, 1.0), "apply");
        }
        if (epoch % 15 == 0) printf("epoch %2d  quantile loss %.4f\n", epoch, loss);
    }

    check(context, apus_trainer_publish(context, trainer), "publish");
    check(context, apus_predict(context, model, APUS_PREDICT, &xs, &alls), "predict");
    int below = 0;
    for (int i = 0; i < ROWS; i++) below += y[i] <= all[i];
    const double part = (double)below / ROWS;
    printf("%.1f %% of the values lie below the prediction; %.0f %% were asked for\n", 100 * part,
           100 * (double)QUANTILE);

    apus_trainer_free(trainer);
    apus_model_free(model);
    apus_network_free(network);
    apus_context_free(context);
    return fabs(part - (double)QUANTILE) < 0.03 ? 0 : 1;
}
