/* all_rows_at_once.c: a small network trained by a method of minimisation instead of steps over batches.
 *
 * One dense layer without an activation is a linear model, so least squares give each figure a second way.
 */
#include "apus.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static int failures;

static void check(apus_context *context, apus_status status, const char *doing)
{
    if (status == APUS_OK) return;
    fprintf(stderr, "%s: %s: %s\n", doing, apus_status_text(status), apus_last_error(context));
    exit(1);
}

static void compare(const char *what, double expected, double found, double tolerance)
{
    const int good = fabs(found - expected) <= tolerance;
    failures += !good;
    printf("  %-52s %14.9f  %14.9f  %s\n", what, expected, found, good ? "ok" : "DIFFERS");
}

static void heading(const char *text) { printf("\n%s\n  %-52s %14s  %14s\n", text, "", "expected", "found"); }


enum { ROWS = 40 };

int main(void)
{
    static float inputs[2 * ROWS], targets[ROWS];
    static double design[3 * ROWS];
    double solution[3];
    float kernel[2], bias[1];
    apus_array x = APUS_ARRAY_2D(APUS_FLOAT32, inputs, ROWS, 2), y = APUS_ARRAY_2D(APUS_FLOAT32, targets, ROWS, 1);
    apus_array right = APUS_ARRAY_1D(APUS_FLOAT32, targets, ROWS), a = APUS_ARRAY_2D(APUS_FLOAT64, design, ROWS, 3);
    apus_array best = APUS_ARRAY_1D(APUS_FLOAT64, solution, 3), k = APUS_ARRAY_2D(APUS_FLOAT32, kernel, 2, 1);
    apus_array b = APUS_ARRAY_1D(APUS_FLOAT32, bias, 1);
    apus_context *context = NULL;
    apus_network *network = NULL;
    apus_model *model = NULL;
    apus_trainer *trainer = NULL;
    apus_dataset *data = NULL;
    apus_minimum result = APUS_MINIMUM_INIT;

    if (apus_context_create(NULL, &context) != APUS_OK) return 1;
    for (int i = 0; i < ROWS; i++) {
        inputs[2 * i] = (float)sin(1.3 * i);
        inputs[2 * i + 1] = (float)cos(0.7 * i);
        targets[i] = (float)(2 - 3 * inputs[2 * i] + 0.5 * inputs[2 * i + 1] + 0.1 * sin(9.1 * i));
        design[3 * i] = inputs[2 * i];
        design[3 * i + 1] = inputs[2 * i + 1];
        design[3 * i + 2] = 1;
    }
    check(context, apus_network_create(context, NULL, &network), "network");
    check(context, apus_network_add(context, network, "Input", "shape=[2]", NULL, 0, NULL), "input");
    check(context, apus_network_add(context, network, "Dense", "units=1 name=line", NULL, 0, NULL), "layer");
    check(context, apus_network_build(context, network, NULL, 0, &model), "model");
    check(context, apus_dataset_create(context, &x, 1, &y, 1, NULL, &data), "data");
    check(context, apus_trainer_create(context, model, "loss=mse optimizer=sgd", &trainer), "trainer");
    check(context, apus_trainer_minimize(context, trainer, data, "BFGS", "gtol=1e-4", NULL, NULL, &result), "training");
    check(context, apus_model_attribute(context, model, "line/kernel", &k), "kernel");
    check(context, apus_model_attribute(context, model, "line/bias", &b), "bias");
    check(context, apus_least_squares(context, &a, &right, -1, &best, NULL, NULL, NULL), "least squares");

    printf("%lld iterations, %lld evaluations. %s\n", (long long)result.iterations,
           (long long)result.function_evaluations, result.message);
    heading("The weights, beside least squares");
    compare("of the first input", solution[0], kernel[0], 2e-4);
    compare("of the second", solution[1], kernel[1], 2e-4);
    compare("bias", solution[2], bias[0], 2e-4);

    apus_trainer_free(trainer);
    apus_dataset_free(data);
    apus_model_free(model);
    apus_network_free(network);
    apus_context_free(context);
    printf("\n%s\n", failures ? "Some figures differ." : "All figures agree.");
    return failures != 0;
}
