/* quickstart.c: learns to read handwritten digits, and keeps what it learned in a file that Keras opens.
 *
 *     cc quickstart.c $(pkg-config --cflags --libs apus) -o quickstart
 *     ./quickstart examples/data/digits.csv
 *
 * Of the 1,797 pictures of 8x8 pixels, 360 are held out: the network never sees them while it learns, and is judged
 * by them in the end. Writes digits.h5, and digits_predictions.csv with the held-out pictures and what the network
 * says about each.
 */
#define _POSIX_C_SOURCE 200809L

#include "apus.h"
#include "table.h"

#include <math.h>
#include <stdlib.h>
#include <unistd.h>

enum { PIXELS = 64, DIGITS = 10, HELD_OUT = 360, EPOCHS = 60, BATCH = 32, SEED = 5 };

/* Every fallible call returns a status; the context has the words for it. */
static void check(apus_context *context, apus_status status, const char *doing)
{
    if (status == APUS_OK) return;
    fprintf(stderr, "%s: %s: %s\n", doing, apus_status_text(status), apus_last_error(context));
    exit(1);
}

/* Called after every batch and every epoch: a bar on a terminal, a plain line now and then otherwise. */
static int32_t show_progress(void *user, const apus_progress *p)
{
    static double drawn = 0;
    const int terminal = *(const int *)user;
    const int epoch_done = p->stage == APUS_PROGRESS_EPOCH;
    const double part = (double)(p->epoch - 1) / (double)p->epochs +
                        (epoch_done ? 1.0 : (double)p->batch / (double)p->batches) / (double)p->epochs;
    const double accuracy = p->n_metrics > 0 ? p->metrics[0] : NAN;

    if (terminal) {
        const int width = 30, full = (int)(part * width);
        const int finished = epoch_done && p->epoch == p->epochs;
        char bar[31];
        if (!finished && p->seconds - drawn < 0.04) return 0;
        drawn = p->seconds;
        for (int i = 0; i < width; i++) bar[i] = i < full ? '=' : i == full ? '>' : ' ';
        bar[width] = 0;
        printf("\r  [%s] %3.0f %%  loss %.4f  accuracy %5.1f %%  %8.0f samples/s  %4.1f s left ", bar, 100 * part,
               p->loss, 100 * accuracy, p->samples_per_second, part > 0 ? p->seconds / part - p->seconds : 0.0);
        if (finished) putchar('\n');
        fflush(stdout);
    } else if (epoch_done && (p->epoch == 1 || p->epoch % 10 == 0)) {
        printf("  epoch %2lld/%lld  loss %.4f  accuracy %5.1f %%", (long long)p->epoch, (long long)p->epochs, p->loss,
               100 * accuracy);
        if (p->has_validation)
            printf("  held out: loss %.4f  accuracy %5.1f %%", p->validation_loss, 100 * p->validation_metrics[0]);
        printf("  %8.0f samples/s\n", p->samples_per_second);
    }
    return 0;
}

/* Puts the rows in a random order and takes pixels and digits apart. */
static void prepare(apus_context *context, const table *t, float *pixels, int32_t *digits)
{
    int64_t *order = malloc((size_t)t->rows * sizeof *order);
    apus_array permutation = APUS_ARRAY_1D(APUS_INT64, order, t->rows);

    check(context, order ? apus_random_permutation(context, &permutation) : APUS_E_OUT_OF_MEMORY, "shuffle");
    for (int64_t i = 0; i < t->rows; i++) {
        const double *row = t->values + order[i] * t->columns;
        for (int j = 0; j < PIXELS; j++) pixels[i * PIXELS + j] = (float)(row[j] / 16.0);
        digits[i] = (int32_t)row[PIXELS];
    }
    free(order);
}

static apus_model *build(apus_context *context)
{
    apus_network *network = NULL;
    apus_model *model = NULL;

    check(context, apus_network_create(context, NULL, &network), "network");
    check(context, apus_network_add(context, network, "Input", "shape=[64]", NULL, 0, NULL), "input");
    check(context, apus_network_add(context, network, "Dense", "units=256 activation=relu", NULL, 0, NULL), "layer 1");
    check(context, apus_network_add(context, network, "Dropout", "rate=0.3", NULL, 0, NULL), "dropout 1");
    check(context, apus_network_add(context, network, "Dense", "units=128 activation=relu", NULL, 0, NULL), "layer 2");
    check(context, apus_network_add(context, network, "Dropout", "rate=0.3", NULL, 0, NULL), "dropout 2");
    check(context, apus_network_add(context, network, "Dense", "units=10 activation=softmax", NULL, 0, NULL),
          "layer 3");
    check(context, apus_network_build(context, network, NULL, 0, &model), "build");
    apus_network_free(network);
    return model;
}

static void write_predictions(const char *path, const float *pixels, const float *probabilities, int64_t rows)
{
    FILE *file = fopen(path, "w");
    if (!file) {
        perror(path);
        exit(1);
    }
    for (int j = 0; j < PIXELS; j++) fprintf(file, "pixel_%d_%d,", j / 8, j % 8);
    for (int k = 0; k < DIGITS; k++) fprintf(file, "digit_%d%c", k, k + 1 < DIGITS ? ',' : '\n');
    for (int64_t i = 0; i < rows; i++) {
        for (int j = 0; j < PIXELS; j++) fprintf(file, "%.9g,", (double)pixels[i * PIXELS + j]);
        for (int k = 0; k < DIGITS; k++)
            fprintf(file, "%.9g%c", (double)probabilities[i * DIGITS + k], k + 1 < DIGITS ? ',' : '\n');
    }
    if (fclose(file) != 0) {
        perror(path);
        exit(1);
    }
}

int main(int argc, char **argv)
{
    const char *path = argc > 1 ? argv[1] : "examples/data/digits.csv";
    int terminal = isatty(STDOUT_FILENO);
    apus_context_options options = APUS_CONTEXT_OPTIONS_INIT;
    apus_context *context = NULL;
    table t;

    options.seed = SEED;
    if (apus_context_create(&options, &context) != APUS_OK) return 1;
    if (!table_read(&t, path)) return 1;
    if (t.columns != PIXELS + 1 || t.rows <= HELD_OUT) {
        fprintf(stderr, "%s: expected %d columns and more than %d rows\n", path, PIXELS + 1, (int)HELD_OUT);
        return 1;
    }

    /* The data: borrowed by the datasets below, so it stays until they are freed. */
    const int64_t rows = t.rows - HELD_OUT;
    float *pixels = malloc((size_t)t.rows * PIXELS * sizeof *pixels);
    int32_t *digits = malloc((size_t)t.rows * sizeof *digits);
    if (!pixels || !digits) return 1;
    prepare(context, &t, pixels, digits);

    apus_array x = APUS_ARRAY_2D(APUS_FLOAT32, pixels, rows, PIXELS);
    apus_array y = APUS_ARRAY_1D(APUS_INT32, digits, rows);
    apus_array held_x = APUS_ARRAY_2D(APUS_FLOAT32, pixels + rows * PIXELS, HELD_OUT, PIXELS);
    apus_array held_y = APUS_ARRAY_1D(APUS_INT32, digits + rows, HELD_OUT);
    apus_dataset *train = NULL, *held_out = NULL;
    check(context, apus_dataset_create(context, &x, 1, &y, 1, NULL, &train), "training data");
    check(context, apus_dataset_create(context, &held_x, 1, &held_y, 1, NULL, &held_out), "held-out data");

    /* The network, and what trains it. */
    apus_model *model = build(context);
    apus_trainer *trainer = NULL;
    check(context,
          apus_trainer_create(context, model,
                              "loss=sparse_categorical_crossentropy optimizer=adam optimizer.learning_rate=0.001 "
                              "metrics=accuracy",
                              &trainer),
          "trainer");

    printf("Apus %s learns %lld handwritten digits; %d more are held out.\n", apus_version(), (long long)rows,
           (int)HELD_OUT);
    apus_fit_options fit = APUS_FIT_OPTIONS_INIT;
    fit.epochs = EPOCHS;
    fit.batch_size = BATCH;
    fit.progress = show_progress;
    fit.progress_user = &terminal;
    fit.progress_every_batch = terminal;
    check(context, apus_trainer_fit(context, trainer, train, held_out, &fit), "training");

    /* What it is worth on digits that it never saw. */
    double values[2]; /* loss, accuracy */
    check(context, apus_trainer_evaluate(context, trainer, held_out, 0, values, 2), "evaluation");
    printf("Held-out digits read right: %.1f %% (%.0f of %d).\n", 100 * values[1], values[1] * HELD_OUT,
           (int)HELD_OUT);

    float *probabilities = malloc((size_t)HELD_OUT * DIGITS * sizeof *probabilities);
    if (!probabilities) return 1;
    apus_array out = APUS_ARRAY_2D(APUS_FLOAT32, probabilities, HELD_OUT, DIGITS);
    check(context, apus_predict(context, model, APUS_PREDICT, &held_x, &out), "prediction");

    check(context, apus_model_save(context, model, "digits.h5", NULL), "saving");
    write_predictions("digits_predictions.csv", pixels + rows * PIXELS, probabilities, HELD_OUT);
    printf("Saved digits.h5.\n");

    const int good = values[1] >= 0.97;
    if (!good) fprintf(stderr, "expected at least 97 %%\n");

    free(probabilities);
    apus_trainer_free(trainer);
    apus_model_free(model);
    apus_dataset_free(train);
    apus_dataset_free(held_out);
    apus_context_free(context);
    free(pixels);
    free(digits);
    free(t.values);
    return good ? 0 : 1;
}
