/* cnn.c: a small convolutional network on pictures of 8x8 pixels, that stops when it no longer gets better.
 *
 *     ./cnn [FOLDER]
 *
 * FOLDER (examples/data unless given) holds digits.csv. Its pictures are dealt in three parts: most are for training,
 * some tell when to stop, and the rest are looked at once, in the end. Writes cnn.h5, which Keras opens too, and reads
 * it back.
 */
#include "apus.h"
#include "table.h"

#include <math.h>

enum { SIDE = 8, PIXELS = SIDE * SIDE, DIGITS = 10, WATCHED = 240, HELD_OUT = 360, EPOCHS = 40, BATCH = 32, SEED = 1 };

static void check(apus_context *context, apus_status status, const char *doing)
{
    if (status == APUS_OK) return;
    fprintf(stderr, "%s: %s: %s\n", doing, apus_status_text(status), apus_last_error(context));
    exit(1);
}

/* Sixty-four pixels from 0 to 16 and a digit. */
static int is_picture(const double *row)
{
    for (int j = 0; j < PIXELS; j++)
        if (!(row[j] >= 0 && row[j] <= 16)) return 0;
    return row[PIXELS] >= 0 && row[PIXELS] < DIGITS;
}

/* Puts the rows in a random order and takes pixels and digits apart. */
static void prepare(apus_context *context, const table *t, float *pixels, int32_t *digits)
{
    int64_t *order = malloc((size_t)t->rows * sizeof *order);
    apus_array permutation = APUS_ARRAY_1D(APUS_INT64, order, t->rows);

    check(context, order ? apus_random_permutation(context, &permutation) : APUS_E_OUT_OF_MEMORY, "shuffle");
    for (int64_t i = 0; i < t->rows; i++) {
        const double *row = t->values + order[i] * t->columns;
        if (!is_picture(row)) {
            fprintf(stderr, "row %lld is no picture of a digit\n", (long long)order[i] + 1);
            exit(1);
        }
        for (int j = 0; j < PIXELS; j++) pixels[i * PIXELS + j] = (float)(row[j] / 16.0);
        digits[i] = (int32_t)row[PIXELS];
    }
    free(order);
}

/* Pictures are rows by height by width by channels, and there is one channel. */
static apus_array pictures(float *pixels, int64_t rows)
{
    apus_array array = { sizeof(apus_array), APUS_FLOAT32, 4, 0, pixels, { rows, SIDE, SIDE, 1 }, { 0 } };
    return array;
}

static apus_model *build(apus_context *context)
{
    static const char *const layers[][2] = {
        { "Input", "shape=[8,8,1]" },
        { "Conv2D", "filters=32 kernel_size=3 padding=same activation=relu" },
        { "MaxPooling2D", "pool_size=2" },
        { "Conv2D", "filters=64 kernel_size=3 padding=same activation=relu" },
        { "MaxPooling2D", "pool_size=2" },
        { "Flatten", "" },
        { "Dense", "units=128 activation=relu" },
        { "Dropout", "rate=0.5" },
        { "Dense", "units=10 activation=softmax" },
    };
    apus_network *network = NULL;
    apus_model *model = NULL;

    check(context, apus_network_create(context, "name=digits", &network), "network");
    for (size_t i = 0; i < sizeof layers / sizeof *layers; i++)
        check(context, apus_network_add(context, network, layers[i][0], layers[i][1], NULL, 0, NULL), layers[i][0]);
    check(context, apus_network_build(context, network, NULL, 0, &model), "build");
    apus_network_free(network);
    return model;
}

/* Keeps the number of epochs, since early stopping decides it. */
static int32_t show_progress(void *user, const apus_progress *p)
{
    *(int64_t *)user = p->epoch;
    if (p->epoch == 1 || p->epoch % 5 == 0)
        printf("  epoch %2lld  loss %.4f  accuracy %5.1f %%  watched: loss %.4f  accuracy %5.1f %%\n",
               (long long)p->epoch, p->loss, 100 * p->metrics[0], p->validation_loss, 100 * p->validation_metrics[0]);
    return 0;
}

int main(int argc, char **argv)
{
    char path[1024];
    apus_context_options options = APUS_CONTEXT_OPTIONS_INIT;
    apus_fit_options fit = APUS_FIT_OPTIONS_INIT;
    apus_context *context = NULL;
    apus_trainer *trainer = NULL;
    apus_dataset *train = NULL, *watched = NULL, *held_out = NULL;
    table t;

    snprintf(path, sizeof path, "%s/digits.csv", argc > 1 ? argv[1] : "examples/data");
    if (!table_read(&t, path)) return 1;
    if (t.columns != PIXELS + 1 || t.rows <= WATCHED + HELD_OUT) {
        fprintf(stderr, "%s: expected %d columns and more than %d rows\n", path, PIXELS + 1, WATCHED + HELD_OUT);
        return 1;
    }
    float *pixels = malloc((size_t)t.rows * PIXELS * sizeof *pixels);
    int32_t *digits = malloc((size_t)t.rows * sizeof *digits);
    if (!pixels || !digits) return 1;
    options.seed = SEED;
    check(NULL, apus_context_create(&options, &context), "context");
    prepare(context, &t, pixels, digits);

    const int64_t rows = t.rows - WATCHED - HELD_OUT, last = t.rows - HELD_OUT;
    apus_array x = pictures(pixels, rows), y = APUS_ARRAY_1D(APUS_INT32, digits, rows);
    apus_array watched_x = pictures(pixels + rows * PIXELS, WATCHED);
    apus_array watched_y = APUS_ARRAY_1D(APUS_INT32, digits + rows, WATCHED);
    apus_array held_x = pictures(pixels + last * PIXELS, HELD_OUT);
    apus_array held_y = APUS_ARRAY_1D(APUS_INT32, digits + last, HELD_OUT);
    check(context, apus_dataset_create(context, &x, 1, &y, 1, NULL, &train), "training data");
    check(context, apus_dataset_create(context, &watched_x, 1, &watched_y, 1, NULL, &watched), "watched data");
    check(context, apus_dataset_create(context, &held_x, 1, &held_y, 1, NULL, &held_out), "held-out data");

    apus_model *model = build(context);
    check(context,
          apus_trainer_create(context, model,
                              "loss=sparse_categorical_crossentropy optimizer=adam optimizer.learning_rate=0.002 "
                              "metrics=accuracy",
                              &trainer),
          "trainer");

    /* The loss over the watched pictures decides: five epochs without a new best one end it, and the best is kept. */
    int64_t epochs = 0;
    fit.epochs = EPOCHS;
    fit.batch_size = BATCH;
    fit.callbacks = "early_stopping=val_loss early_stopping.patience=5 early_stopping.restore_best_weights=true";
    fit.progress = show_progress;
    fit.progress_user = &epochs;
    printf("A convolutional network learns %lld digits, %d are watched, %d more are held out.\n", (long long)rows,
           (int)WATCHED, (int)HELD_OUT);
    check(context, apus_trainer_fit(context, trainer, train, watched, &fit), "training");
    printf("Stopped after epoch %lld of at most %d.\n", (long long)epochs, (int)EPOCHS);

    double values[2]; /* loss, accuracy */
    check(context, apus_trainer_evaluate(context, trainer, held_out, 0, values, 2), "evaluation");
    printf("Held-out digits read right: %.1f %% (%.0f of %d).\n", 100 * values[1], values[1] * HELD_OUT,
           (int)HELD_OUT);

    /* To a file and back: the same network, to the bit. */
    static float before[HELD_OUT][DIGITS], after[HELD_OUT][DIGITS];
    apus_array out_before = APUS_ARRAY_2D(APUS_FLOAT32, before, HELD_OUT, DIGITS);
    apus_array out_after = APUS_ARRAY_2D(APUS_FLOAT32, after, HELD_OUT, DIGITS);
    apus_model *loaded = NULL;
    check(context, apus_predict(context, model, APUS_PREDICT, &held_x, &out_before), "prediction");
    check(context, apus_model_save(context, model, "cnn.h5", NULL), "saving");
    check(context, apus_model_load(context, "cnn.h5", NULL, &loaded), "loading");
    check(context, apus_predict(context, loaded, APUS_PREDICT, &held_x, &out_after), "prediction");
    const int same = memcmp(before, after, sizeof before) == 0;
    printf("Saved cnn.h5; read back, it says %s.\n", same ? "the same of every picture" : "something else");

    /* What it was least sure of. */
    int doubtful = 0;
    float sure = 1;
    for (int i = 0; i < HELD_OUT; i++) {
        float most = 0;
        for (int k = 0; k < DIGITS; k++) most = fmaxf(most, after[i][k]);
        if (most < sure) {
            sure = most;
            doubtful = i;
        }
    }
    printf("\nThe held-out picture it is least sure of, a %d, and how sure:\n\n", (int)digits[last + doubtful]);
    for (int i = 0; i < DIGITS; i++) {
        printf("    ");
        for (int j = 0; j < SIDE; j++) {
            const float shade = i < SIDE ? pixels[(last + doubtful) * PIXELS + i * SIDE + j] : 0;
            const char ink = " .:-=+*#%@"[(int)(9 * shade)];
            putchar(ink);
            putchar(ink);
        }
        printf("    %d: %3.0f %%\n", i, 100 * (double)after[doubtful][i]);
    }

    const int good = values[1] >= 0.97, stopped = epochs < EPOCHS;
    if (!good) fprintf(stderr, "expected at least 97 %%\n");
    if (!stopped) fprintf(stderr, "expected to stop early\n");

    apus_model_free(loaded);
    apus_trainer_free(trainer);
    apus_model_free(model);
    apus_dataset_free(train);
    apus_dataset_free(watched);
    apus_dataset_free(held_out);
    apus_context_free(context);
    free(pixels);
    free(digits);
    free(t.values);
    return good && stopped && same ? 0 : 1;
}
