/* What looks on during a fit: early stopping, checkpoints of the best, logs, learning rates; accumulated gradients;
 * all rows at once; options of programs that were built against version 1.0. */
#define _POSIX_C_SOURCE 200809L
#include <stddef.h>
#include <unistd.h>

#include "check.h"

static apus_context *context;
static apus_dataset *train, *validation;
static char checkpoint[64], record[64];

/* y = w x from w = 1 and one row x = 1, y = 0 with rate 1/4: w after each epoch is 1/2, 1/4, 1/8, ... */
static apus_trainer *make(const char *parameters)
{
    static float one[1] = {1};
    apus_array kernel = APUS_ARRAY_2D(APUS_FLOAT32, one, 1, 1);
    apus_network *network;
    apus_model *model;
    apus_trainer *trainer = NULL;
    OK(context, apus_network_create(context, NULL, &network));
    OK(context, apus_network_add(context, network, "Input", "shape=[1]", NULL, 0, NULL));
    OK(context, apus_network_add(context, network, "Dense", "units=1 use_bias=false", NULL, 0, NULL));
    OK(context, apus_network_build(context, network, NULL, 0, &model));
    OK(context, apus_trainer_create(context, model, parameters, &trainer));
    OK(context, apus_trainer_set_weight(context, trainer, "dense/kernel", &kernel));
    apus_network_free(network);
    apus_model_free(model);
    return trainer;
}

static float weight(apus_trainer *trainer)
{
    float value[1] = {-1};
    apus_array kernel = APUS_ARRAY_2D(APUS_FLOAT32, value, 1, 1);
    OK(context, apus_trainer_weight(context, trainer, "dense/kernel", &kernel));
    return value[0];
}

#define SGD "loss=mse optimizer=sgd optimizer.learning_rate=0.25"

static void stops_early_with_the_best_weights(void)
{
    apus_trainer *trainer = make(SGD), *loaded = NULL;
    apus_fit_options options = APUS_FIT_OPTIONS_INIT;
    char callbacks[400], history[1000], line[100] = "";
    size_t needed;
    options.epochs = 50;
    snprintf(callbacks, sizeof callbacks,
             "early_stopping=val_loss early_stopping.patience=3 early_stopping.restore_best_weights=true "
             "model_checkpoint=%s model_checkpoint.save_best_only=true csv_logger=%s", checkpoint, record);
    options.callbacks = callbacks;
    OK(context, apus_trainer_fit(context, trainer, train, validation, &options));
    CHECK(weight(trainer) == 0.25f);
    OK(context, apus_trainer_history(context, trainer, history, sizeof history, &needed));
    CHECK(strcmp(history, "{\"loss\": [1.0, 0.25, 0.0625, 0.015625, 0.00390625], "
                          "\"val_loss\": [0.0625, 0.0, 0.015625, 0.03515625, 0.0478515625]}") == 0);

    OK(context, apus_trainer_load(context, checkpoint, NULL, &loaded, NULL));
    CHECK(weight(loaded) == 0.25f);
    options.callbacks = NULL, options.epochs = 1;
    OK(context, apus_trainer_fit(context, loaded, train, validation, &options));
    CHECK(weight(loaded) == 0.125f);

    FILE *file = fopen(record, "r");
    int lines = 0;
    CHECK(file != NULL);
    while (file && fgets(line, sizeof line, file))
        if (lines++ == 0) CHECK(strcmp(line, "epoch,loss,val_loss\n") == 0);
    CHECK(lines == 6 && strcmp(line, "4,0.00390625,0.0478515625\n") == 0);
    if (file) fclose(file);
    apus_trainer_free(loaded);
    apus_trainer_free(trainer);
}

static void a_plateau_lowers_the_learning_rate(void)
{
    apus_trainer *trainer = make(SGD);
    apus_fit_options options = APUS_FIT_OPTIONS_INIT;
    options.epochs = 3;
    options.callbacks = "{\"reduce_lr_on_plateau\": {\"monitor\": \"loss\", \"mode\": \"max\", "
                        "\"patience\": 1, \"factor\": 0.5}}";
    OK(context, apus_trainer_fit(context, trainer, train, NULL, &options));
    /* 1/2, 1/4, then with half the rate 3/16. */
    CHECK(weight(trainer) == 0.1875f);
    apus_trainer_free(trainer);
}

static void bad_callbacks_change_nothing(void)
{
    apus_trainer *trainer = make(SGD);
    apus_fit_options options = APUS_FIT_OPTIONS_INIT;
    static const char *const bad[][2] = {
        {"banana=3", "banana"}, {"early_stopping=val_loss", "val_loss"}, {"early_stopping", "name=value"},
        {"early_stopping=loss early_stopping.patience=-1", "patience"}, {"model_checkpoint=true", "filepath"},
        {"terminate_on_nan=7", "TerminateOnNaN"}, {"{\"csv_logger\": {}}", "filename"},
        {"learning_rate_scheduler=true", "schedule"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        options.callbacks = bad[i][0];
        FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, bad[i][1],
                     apus_trainer_fit(context, trainer, train, NULL, &options));
    }
    options.callbacks = "csv_logger=/no/such/folder/log.csv";
    FAILS_NAMING(context, APUS_E_IO, "/no/such/folder", apus_trainer_fit(context, trainer, train, NULL, &options));
    options.callbacks = "model_checkpoint=/no/such/folder/c.h5";
    FAILS_NAMING(context, APUS_E_IO, "/no/such/folder", apus_trainer_fit(context, trainer, train, NULL, &options));
    CHECK(weight(trainer) == 1.0f);
    apus_trainer_free(trainer);
}

static void divergence_fails_or_ends_a_fit(void)
{
    apus_trainer *trainer = make("loss=mse optimizer=sgd optimizer.learning_rate=1e10");
    apus_fit_options options = APUS_FIT_OPTIONS_INIT;
    options.epochs = 20;
    FAILS_NAMING(context, APUS_E_NOT_CONVERGED, "diverged", apus_trainer_fit(context, trainer, train, NULL, &options));
    CHECK(weight(trainer) == 1.0f);
    options.callbacks = "terminate_on_nan=true";
    OK(context, apus_trainer_fit(context, trainer, train, NULL, &options));
    CHECK(weight(trainer) != 1.0f);
    apus_trainer_free(trainer);
}

static void accumulated_steps_are_one(void)
{
    apus_trainer *trainer = make(SGD " optimizer.gradient_accumulation_steps=2");
    float x[1] = {1}, y[2] = {0, 0.5f};
    apus_array inputs = APUS_ARRAY_2D(APUS_FLOAT32, x, 1, 1), first = APUS_ARRAY_2D(APUS_FLOAT32, y, 1, 1);
    apus_array second = APUS_ARRAY_2D(APUS_FLOAT32, y + 1, 1, 1);
    OK(context, apus_trainer_step(context, trainer, &inputs, 1, &first, 1, NULL, NULL));
    CHECK(weight(trainer) == 1.0f);
    OK(context, apus_trainer_step(context, trainer, &inputs, 1, &second, 1, NULL, NULL));
    /* The mean of the gradients 2 and 1. */
    CHECK(weight(trainer) == 0.625f);
    apus_trainer_free(trainer);
}

static void options_of_version_1_0_are_taken(void)
{
    apus_trainer *trainer = make(SGD);
    apus_fit_options options = APUS_FIT_OPTIONS_INIT;
    options.struct_size = offsetof(apus_fit_options, callbacks);
    options.callbacks = "banana=1"; /* beyond the struct, so that it is not read */
    options.epochs = 1;
    OK(context, apus_trainer_fit(context, trainer, train, NULL, &options));
    CHECK(weight(trainer) == 0.5f);
    options.struct_size--;
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "struct_size",
                 apus_trainer_fit(context, trainer, train, NULL, &options));
    apus_trainer_free(trainer);
}

static void all_rows_at_once(void)
{
    apus_trainer *trainer = make(SGD);
    apus_minimum result = APUS_MINIMUM_INIT;
    double gradient[1] = {9}, inverse[1] = {9};
    result.gradient = gradient, result.inverse_hessian = inverse;
    OK(context, apus_trainer_minimize(context, trainer, validation, "BFGS", "gtol=1e-6", NULL, NULL, &result));
    /* (w - 1/4)^2: the second derivative is 2. */
    CHECK(fabsf(weight(trainer) - 0.25f) < 1e-6f && result.value < 1e-12 && result.status == APUS_STOP_CONVERGED);
    CHECK(fabs(gradient[0]) < 1e-6 && fabs(inverse[0] - 0.5) < 1e-3);
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "banana",
                 apus_trainer_minimize(context, trainer, train, "banana", NULL, NULL, NULL, &result));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "gtol",
                 apus_trainer_minimize(context, trainer, train, "CG", "gtol=-1", NULL, NULL, &result));
    CHECK(fabsf(weight(trainer) - 0.25f) < 1e-6f);
    apus_trainer_free(trainer);
}

static void a_weight_must_have_its_shape(void)
{
    apus_trainer *trainer = make(SGD);
    float values[2] = {3, 4};
    apus_array two = APUS_ARRAY_1D(APUS_FLOAT32, values, 2);
    FAILS_NAMING(context, APUS_E_SHAPE, "(1, 1)", apus_trainer_set_weight(context, trainer, "dense/kernel", &two));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "banana", apus_trainer_set_weight(context, trainer, "banana", &two));
    CHECK(weight(trainer) == 1.0f);
    apus_trainer_free(trainer);
}

int main(void)
{
    float one[1] = {1}, zero[1] = {0}, quarter[1] = {0.25f};
    apus_array x = APUS_ARRAY_2D(APUS_FLOAT32, one, 1, 1), y = APUS_ARRAY_2D(APUS_FLOAT32, zero, 1, 1);
    apus_array z = APUS_ARRAY_2D(APUS_FLOAT32, quarter, 1, 1);
    BEGIN("fit_callbacks");
    snprintf(checkpoint, sizeof checkpoint, "/tmp/apus-fit-%ld.h5", (long)getpid());
    snprintf(record, sizeof record, "/tmp/apus-fit-%ld.csv", (long)getpid());
    context = new_context(2, NULL);
    OK(context, apus_dataset_create(context, &x, 1, &y, 1, NULL, &train));
    OK(context, apus_dataset_create(context, &x, 1, &z, 1, NULL, &validation));
    RUN(stops_early_with_the_best_weights);
    RUN(a_plateau_lowers_the_learning_rate);
    RUN(bad_callbacks_change_nothing);
    RUN(divergence_fails_or_ends_a_fit);
    RUN(accumulated_steps_are_one);
    RUN(options_of_version_1_0_are_taken);
    RUN(all_rows_at_once);
    RUN(a_weight_must_have_its_shape);
    apus_dataset_free(train);
    apus_dataset_free(validation);
    apus_context_free(context);
    unlink(checkpoint);
    unlink(record);
    return END();
}
