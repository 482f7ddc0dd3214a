/* mlp.c: dense layers all the way down, pixels - 500 - 200 - 100 - 10, on handwritten digits.
 *
 *     ./mlp [FOLDER]
 *
 * FOLDER (examples/data unless given) holds digits.csv, 1,797 pictures of 8x8 pixels, or else MNIST's four files as
 * they come out of gzip: train-images-idx3-ubyte, train-labels-idx1-ubyte and the two of t10k. Fifteen epochs of Adam
 * on batches of a thousand; then the held-out digits, which of them are taken for which, and how many three such
 * networks read right together.
 */
#include "apus.h"
#include "table.h"

#include <math.h>

static const char *const training = "loss=sparse_categorical_crossentropy optimizer=adam optimizer.learning_rate=0.01 "
                                    "metrics=accuracy";

enum { DIGITS = 10, HELD_OUT = 360, EPOCHS = 15, BATCH = 1000, SEED = 3 };

/* Pixels from 0 to 1; the last `held_out` of the rows are for judging. */
typedef struct pictures {
    int64_t rows, held_out, pixels;
    float *values;
    int32_t *digits;
} pictures;

static void check(apus_context *context, apus_status status, const char *doing)
{
    if (status == APUS_OK) return;
    fprintf(stderr, "%s: %s: %s\n", doing, apus_status_text(status), apus_last_error(context));
    exit(1);
}

static void *allocate(size_t count, size_t size)
{
    void *memory = calloc(count ? count : 1, size);
    if (memory) return memory;
    fprintf(stderr, "out of memory\n");
    exit(1);
}

/* ------------------------------------------------------------------ the table of 8x8 pictures */

static void read_table(apus_context *context, const char *path, pictures *p)
{
    table t;
    if (!table_read(&t, path)) exit(1);
    if (t.columns != 65 || t.rows <= HELD_OUT) {
        fprintf(stderr, "%s: expected 65 columns and more than %d rows\n", path, (int)HELD_OUT);
        exit(1);
    }
    p->rows = t.rows;
    p->held_out = HELD_OUT;
    p->pixels = 64;
    p->values = allocate((size_t)(t.rows * 64), sizeof *p->values);
    p->digits = allocate((size_t)t.rows, sizeof *p->digits);

    /* Neighbouring rows are by the same writers: a random order mixes them. */
    int64_t *order = allocate((size_t)t.rows, sizeof *order);
    apus_array permutation = APUS_ARRAY_1D(APUS_INT64, order, t.rows);
    check(context, apus_random_permutation(context, &permutation), "shuffle");
    for (int64_t i = 0; i < t.rows; i++) {
        const double *row = t.values + order[i] * t.columns;
        for (int j = 0; j < 64; j++) p->values[i * 64 + j] = (float)(row[j] / 16.0);
        p->digits[i] = (int32_t)row[64];
    }
    free(order);
    free(t.values);
}

/* ------------------------------------------------------------------ MNIST */

/* Opens FOLDER/name, whose head is a magic number (its last byte counts the extents) and the extents, big end first. */
static FILE *idx_open(const char *folder, const char *name, int extents, int64_t *extent)
{
    char path[1024];
    unsigned char head[16];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "rb");
    if (!file) return NULL;
    const size_t size = 4 + 4 * (size_t)extents;
    if (fread(head, 1, size, file) != size || head[0] || head[1] || head[2] != 8 || head[3] != extents) {
        fprintf(stderr, "%s: not an idx file of bytes with %d extents\n", path, extents);
        exit(1);
    }
    for (int i = 0; i < extents; i++) {
        const unsigned char *b = head + 4 + 4 * i;
        extent[i] = (int64_t)b[0] << 24 | (int64_t)b[1] << 16 | (int64_t)b[2] << 8 | (int64_t)b[3];
    }
    return file;
}

/* The training part, then the t10k part. Returns 0 when the folder has no such files. */
static int read_mnist(const char *folder, pictures *p)
{
    static const char *const image_files[] = { "train-images-idx3-ubyte", "t10k-images-idx3-ubyte" };
    static const char *const label_files[] = { "train-labels-idx1-ubyte", "t10k-labels-idx1-ubyte" };
    FILE *images[2], *labels[2];
    int64_t extents[2][3] = { { 0 } }, counts[2] = { 0 };

    for (int i = 0; i < 2; i++) {
        images[i] = idx_open(folder, image_files[i], 3, extents[i]);
        if (i == 0 && !images[i]) return 0;
        labels[i] = idx_open(folder, label_files[i], 1, &counts[i]);
        if (!images[i] || !labels[i] || counts[i] != extents[i][0] || counts[i] < 1 || extents[i][1] != 28 ||
            extents[i][2] != 28) {
            fprintf(stderr, "%s: expected 28x28 pictures in %s, and as many digits in %s\n", folder, image_files[i],
                    label_files[i]);
            exit(1);
        }
    }
    p->rows = counts[0] + counts[1];
    p->held_out = counts[1];
    p->pixels = 28 * 28;
    p->values = allocate((size_t)(p->rows * p->pixels), sizeof *p->values);
    p->digits = allocate((size_t)p->rows, sizeof *p->digits);
    for (int64_t i = 0; i < p->rows; i++) {
        const int part = i >= counts[0];
        unsigned char row[28 * 28];
        const int digit = fgetc(labels[part]);
        if (fread(row, 1, sizeof row, images[part]) != sizeof row || digit < 0 || digit >= DIGITS) {
            fprintf(stderr, "%s: picture %lld is cut off or no digit\n", folder, (long long)i + 1);
            exit(1);
        }
        for (int j = 0; j < 28 * 28; j++) p->values[i * 28 * 28 + j] = (float)row[j] / 255.0f;
        p->digits[i] = digit;
    }
    for (int i = 0; i < 2; i++) {
        fclose(images[i]);
        fclose(labels[i]);
    }
    return 1;
}

/* ------------------------------------------------------------------ the network */

static apus_model *build(apus_context *context, int64_t pixels)
{
    static const char *const layers[] = { "units=500 activation=relu", "units=200 activation=relu",
                                          "units=100 activation=relu", "units=10 activation=softmax" };
    char shape[32];
    apus_network *network = NULL;
    apus_model *model = NULL;

    snprintf(shape, sizeof shape, "shape=[%lld]", (long long)pixels);
    check(context, apus_network_create(context, NULL, &network), "network");
    check(context, apus_network_add(context, network, "Input", shape, NULL, 0, NULL), "input");
    for (int i = 0; i < 4; i++)
        check(context, apus_network_add(context, network, "Dense", layers[i], NULL, 0, NULL), layers[i]);
    check(context, apus_network_build(context, network, NULL, 0, &model), "build");
    apus_network_free(network);
    return model;
}

static int32_t show_progress(void *user, const apus_progress *p)
{
    (void)user;
    if (p->stage == APUS_PROGRESS_EPOCH && (p->epoch == 1 || p->epoch % 5 == 0))
        printf("  epoch %2lld  loss %.4f  accuracy %5.1f %%\n", (long long)p->epoch, p->loss, 100 * p->metrics[0]);
    return 0;
}

/* Prints who is taken for whom. Returns how many digits lie on the diagonal. */
static double print_confusion(apus_context *context, const apus_array *truth, const apus_array *probabilities)
{
    double counts[DIGITS][DIGITS], right = 0;
    apus_array matrix = APUS_ARRAY_2D(APUS_FLOAT64, counts, DIGITS, DIGITS);
    apus_metric *metric = NULL;

    check(context, apus_metric_create(context, "confusion_matrix", &metric), "metric");
    check(context, apus_metric_update(context, metric, truth, probabilities, NULL), "metric");
    check(context, apus_metric_result(context, metric, &matrix), "metric");
    apus_metric_free(metric);

    printf("\n   taken for ");
    for (int k = 0; k < DIGITS; k++) printf("%5d", k);
    putchar('\n');
    for (int i = 0; i < DIGITS; i++) {
        printf("  a %d        ", i);
        for (int k = 0; k < DIGITS; k++)
            if (counts[i][k] > 0) printf("%5.0f", counts[i][k]);
            else printf("    .");
        putchar('\n');
        right += counts[i][i];
    }
    return right;
}

/* The share that three networks read right by the mean of their probabilities: the first, and two that are trained
 * alike from other weights. */
static double jury_accuracy(apus_context *context, const apus_model *first, int64_t pixels, const apus_dataset *train,
                            const apus_dataset *held_out, const apus_fit_options *fit)
{
    const apus_model *members[3] = { first };
    apus_model *others[2], *jury = NULL;
    apus_trainer *trainer = NULL;
    double values[2]; /* loss, accuracy */

    for (int i = 0; i < 2; i++) {
        members[i + 1] = others[i] = build(context, pixels);
        check(context, apus_trainer_create(context, others[i], training, &trainer), "trainer");
        check(context, apus_trainer_fit(context, trainer, train, NULL, fit), "training");
        apus_trainer_free(trainer);
    }
    check(context, apus_network_ensemble(context, members, 3, "vote=mean", &jury), "ensemble");
    check(context, apus_trainer_create(context, jury, training, &trainer), "trainer");
    check(context, apus_trainer_evaluate(context, trainer, held_out, BATCH, values, 2), "evaluation");
    apus_trainer_free(trainer);
    apus_model_free(jury);
    for (int i = 0; i < 2; i++) apus_model_free(others[i]);
    return values[1];
}

int main(int argc, char **argv)
{
    const char *folder = argc > 1 ? argv[1] : "examples/data";
    apus_context_options options = APUS_CONTEXT_OPTIONS_INIT;
    apus_fit_options fit = APUS_FIT_OPTIONS_INIT;
    apus_context *context = NULL;
    apus_trainer *trainer = NULL;
    apus_dataset *train = NULL, *held_out = NULL;
    pictures p;

    options.seed = SEED;
    check(NULL, apus_context_create(&options, &context), "context");
    if (!read_mnist(folder, &p)) {
        char path[1024];
        snprintf(path, sizeof path, "%s/digits.csv", folder);
        read_table(context, path, &p);
    }

    const int64_t rows = p.rows - p.held_out;
    apus_array x = APUS_ARRAY_2D(APUS_FLOAT32, p.values, rows, p.pixels);
    apus_array y = APUS_ARRAY_1D(APUS_INT32, p.digits, rows);
    apus_array held_x = APUS_ARRAY_2D(APUS_FLOAT32, p.values + rows * p.pixels, p.held_out, p.pixels);
    apus_array held_y = APUS_ARRAY_1D(APUS_INT32, p.digits + rows, p.held_out);
    check(context, apus_dataset_create(context, &x, 1, &y, 1, NULL, &train), "training data");
    check(context, apus_dataset_create(context, &held_x, 1, &held_y, 1, NULL, &held_out), "held-out data");

    apus_model *model = build(context, p.pixels);
    check(context, apus_trainer_create(context, model, training, &trainer), "trainer");
    printf("%lld-500-200-100-10 learns %lld digits; %lld more are held out.\n", (long long)p.pixels, (long long)rows,
           (long long)p.held_out);
    fit.epochs = EPOCHS;
    fit.batch_size = rows < BATCH ? rows : BATCH;
    fit.progress = show_progress;
    check(context, apus_trainer_fit(context, trainer, train, NULL, &fit), "training");

    double values[2]; /* loss, accuracy */
    float *probabilities = allocate((size_t)(p.held_out * DIGITS), sizeof *probabilities);
    apus_array out = APUS_ARRAY_2D(APUS_FLOAT32, probabilities, p.held_out, DIGITS);
    check(context, apus_trainer_evaluate(context, trainer, held_out, BATCH, values, 2), "evaluation");
    check(context, apus_predict(context, model, APUS_PREDICT, &held_x, &out), "prediction");
    const double right = print_confusion(context, &held_y, &out);
    printf("\nHeld-out digits read right: %.1f %% (%.0f of %lld).\n", 100 * values[1], right, (long long)p.held_out);
    fit.progress = NULL;
    const double jury = jury_accuracy(context, model, p.pixels, train, held_out, &fit);
    printf("Three such networks together: %.1f %%.\n", 100 * jury);

    const int agree = fabs(right - values[1] * (double)p.held_out) < 0.5;
    const int good = values[1] >= 0.94 && jury >= 0.94;
    if (!agree) fprintf(stderr, "the table and the accuracy disagree\n");
    if (!good) fprintf(stderr, "expected at least 94 %%\n");

    free(probabilities);
    apus_trainer_free(trainer);
    apus_model_free(model);
    apus_dataset_free(train);
    apus_dataset_free(held_out);
    apus_context_free(context);
    free(p.values);
    free(p.digits);
    return agree && good ? 0 : 1;
}
