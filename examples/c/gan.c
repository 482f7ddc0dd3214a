/* gan.c: two networks against each other. One draws digits out of noise, the other tells them from real ones.
 *
 *     ./gan [FOLDER]
 *
 * FOLDER (examples/data unless given) holds digits.csv, pictures of 8x8 pixels. The loop of two players is written on
 * the parts of a step. The generator has no loss of its own: it follows the gradient by the discriminator's input,
 * through a discriminator that stays as it is in that step. Writes gan.png, a sheet of what the generator draws.
 *
 * Goodfellow et al. 2014, arXiv:1406.2661; its second loss for the generator, which maximises log D(G(z)).
 */
#include "apus.h"
#include "table.h"

#include <math.h>

enum { SIDE = 8, PIXELS = SIDE * SIDE, NOISE = 24, BATCH = 64, EPOCHS = 300, SAMPLES = 160, SEED = 1 };
static const double LEARNING_RATE = 0.002;

static void check(apus_context *context, apus_status status, const char *doing)
{
    if (status == APUS_OK) return;
    fprintf(stderr, "%s: %s: %s\n", doing, apus_status_text(status), apus_last_error(context));
    exit(1);
}

/* ------------------------------------------------------------------ the players */

typedef struct player {
    apus_model *model;
    apus_trainer *trainer;
} player;

static player build(apus_context *context, const char *const (*layers)[2], int count)
{
    apus_network *network = NULL;
    player made = { NULL, NULL };

    check(context, apus_network_create(context, NULL, &network), "network");
    for (int i = 0; i < count; i++)
        check(context, apus_network_add(context, network, layers[i][0], layers[i][1], NULL, 0, NULL), layers[i][0]);
    check(context, apus_network_build(context, network, NULL, 0, &made.model), "build");
    apus_network_free(network);
    /* Of the trainer the loop uses the optimizer; its loss stays unused. */
    check(context,
          apus_trainer_create(context, made.model, "loss=mse optimizer=adam optimizer.beta_1=0.5", &made.trainer),
          "trainer");
    return made;
}

/* Binary cross-entropy of logits that should give the probability `real`, and its gradient by each logit. */
static double entropy(const float *logits, float real, float *gradient, int rows)
{
    double sum = 0;
    for (int i = 0; i < rows; i++) {
        const double z = (double)logits[i];
        sum += fmax(z, 0) - z * (double)real + log1p(exp(-fabs(z)));
        gradient[i] = (float)((1 / (1 + exp(-z)) - (double)real) / rows);
    }
    return sum / rows;
}

/* Shows a batch to the discriminator and adds to its gradients those of calling the batch real with that probability.
 * The gradients by the pictures go to by_pictures, which may be NULL. Returns the loss. */
static double judge(apus_context *context, player discriminator, apus_array *pictures, float real,
                    apus_array *by_pictures)
{
    float logits[BATCH], gradient[BATCH];
    apus_array out = APUS_ARRAY_2D(APUS_FLOAT32, logits, BATCH, 1);
    apus_array by_out = APUS_ARRAY_2D(APUS_FLOAT32, gradient, BATCH, 1);

    check(context, apus_trainer_forward(context, discriminator.trainer, pictures, 1, 1, &out, 1), "forward");
    const double loss = entropy(logits, real, gradient, BATCH);
    check(context, apus_trainer_backward(context, discriminator.trainer, &by_out, 1, by_pictures, by_pictures != NULL),
          "backward");
    return loss;
}

/* Plays EPOCHS rounds over the pictures. `order` has room for a number for each, and ends as a random order. */
static void train(apus_context *context, player generator, player discriminator, const float *pixels, int64_t rows,
                  int64_t *order)
{
    static float noise[BATCH * NOISE], real[BATCH * PIXELS], fake[BATCH * PIXELS], gradient[BATCH * PIXELS];
    apus_array noises = APUS_ARRAY_2D(APUS_FLOAT32, noise, BATCH, NOISE);
    apus_array reals = APUS_ARRAY_2D(APUS_FLOAT32, real, BATCH, PIXELS);
    apus_array fakes = APUS_ARRAY_2D(APUS_FLOAT32, fake, BATCH, PIXELS);
    apus_array by_fakes = APUS_ARRAY_2D(APUS_FLOAT32, gradient, BATCH, PIXELS);
    apus_array orders = APUS_ARRAY_1D(APUS_INT64, order, rows);
    const int64_t batches = rows / BATCH;
    for (int epoch = 1; epoch <= EPOCHS; epoch++) {
        double telling = 0, fooling = 0;
        /* The rate falls to zero along a line, so that the two come to rest. */
        const double rate = LEARNING_RATE * (1 - (double)(epoch - 1) / EPOCHS);
        check(context, apus_trainer_set_learning_rate(context, generator.trainer, rate), "rate");
        check(context, apus_trainer_set_learning_rate(context, discriminator.trainer, rate), "rate");
        check(context, apus_random_permutation(context, &orders), "shuffle");
        for (int64_t batch = 0; batch < batches; batch++) {
            for (int i = 0; i < BATCH; i++)
                memcpy(real + i * PIXELS, pixels + order[batch * BATCH + i] * PIXELS, PIXELS * sizeof *real);
            check(context, apus_random_normal(context, 0, 1, &noises), "noise");
            check(context, apus_trainer_forward(context, generator.trainer, &noises, 1, 1, &fakes, 1), "forward");

            /* The discriminator: real ones are to be called real (a little less than surely), drawn ones not. */
            telling += judge(context, discriminator, &reals, 0.9f, NULL);
            telling += judge(context, discriminator, &fakes, 0, NULL);
            check(context, apus_trainer_apply(context, discriminator.trainer, 1), "apply");

            /* The generator: what would make the discriminator call its drawings real? The discriminator itself does
             * not learn from that; its gradients are dropped. */
            fooling += judge(context, discriminator, &fakes, 1, &by_fakes);
            check(context, apus_trainer_zero_gradients(context, discriminator.trainer), "drop");
            check(context, apus_trainer_backward(context, generator.trainer, &by_fakes, 1, NULL, 0), "backward");
            check(context, apus_trainer_apply(context, generator.trainer, 1), "apply");
        }
        if (epoch == 1 || epoch % (EPOCHS / 5) == 0)
            printf("epoch %3d  discriminator's loss %.3f  generator's loss %.3f\n", epoch,
                   telling / (2 * (double)batches), fooling / (double)batches);
    }
}

/* ------------------------------------------------------------------ how good the drawings are */

static double distance(const float *a, const float *b)
{
    double sum = 0;
    for (int j = 0; j < PIXELS; j++) sum += (double)(a[j] - b[j]) * (double)(a[j] - b[j]);
    return sqrt(sum);
}

/* The row of `pictures` nearest to one, but not row `except`. */
static int64_t nearest(const float *one, const float *pictures, int64_t rows, int64_t except, double *how_far)
{
    int64_t best = -1;
    for (int64_t i = 0; i < rows; i++) {
        const double d = distance(one, pictures + i * PIXELS);
        if (i == except || (best >= 0 && d >= *how_far)) continue;
        best = i;
        *how_far = d;
    }
    return best;
}

/* How far apart `count` pictures are: the mean distance of each to the nearest of the others. */
static double spread(const float *pictures, int count)
{
    double sum = 0, far = 0;
    for (int i = 0; i < count; i++) {
        nearest(pictures + i * PIXELS, pictures, count, i, &far);
        sum += far / count;
    }
    return sum;
}

/* A drawing should be about as far from the nearest real digit as another real digit is, and not a copy of it. The
 * drawings should differ from each other as real ones do, and all ten digits should be among them. Tells whether so. */
static int compare(const float *samples, const float *pixels, const table *t, const int64_t *order)
{
    static float some[SAMPLES * PIXELS]; /* as many real ones */
    double from_drawn = 0, from_real = 0, closest = HUGE_VAL, far = 0;
    int drawn_of[10] = { 0 }, least = SAMPLES;

    for (int i = 0; i < SAMPLES; i++) {
        const int64_t like = nearest(samples + i * PIXELS, pixels, t->rows, -1, &far);
        drawn_of[(int)t->values[like * t->columns + PIXELS]]++;
        from_drawn += far / SAMPLES;
        closest = fmin(closest, far);
        memcpy(some + i * PIXELS, pixels + order[i] * PIXELS, PIXELS * sizeof *some);
        nearest(some + i * PIXELS, pixels, t->rows, order[i], &far);
        from_real += far / SAMPLES;
    }
    const double apart = spread(samples, SAMPLES), apart_real = spread(some, SAMPLES);
    printf("To the nearest real digit:        %.2f from a drawn one (at least %.2f), %.2f from a real one\n",
           from_drawn, closest, from_real);
    printf("To the nearest of %d of a kind:  %.2f from a drawn one, %.2f from a real one\n", (int)SAMPLES, apart,
           apart_real);
    printf("Drawings most like a");
    for (int k = 0; k < 10; k++) {
        printf("%s %d: %d", k ? "," : "", k, drawn_of[k]);
        if (drawn_of[k] < least) least = drawn_of[k];
    }
    putchar('\n');
    return from_drawn < 1.35 * from_real && closest > 0.1 && apart > 0.8 * apart_real && least > 0;
}

/* ------------------------------------------------------------------ a PNG picture, and one of letters */

static void put32(unsigned char *at, uint32_t value)
{
    for (int i = 0; i < 4; i++) at[i] = (unsigned char)(value >> (24 - 8 * i));
}

static void png_chunk(FILE *file, const char *type, const unsigned char *bytes, size_t size)
{
    unsigned char word[4];
    uint32_t crc = 0xffffffffu;
    for (size_t i = 0; i < size + 4; i++) {
        crc ^= i < 4 ? (unsigned char)type[i] : bytes[i - 4];
        for (int bit = 0; bit < 8; bit++) crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
    }
    put32(word, (uint32_t)size);
    fwrite(word, 1, 4, file);
    fwrite(type, 1, 4, file);
    if (size) fwrite(bytes, 1, size, file);
    put32(word, crc ^ 0xffffffffu);
    fwrite(word, 1, 4, file);
}

/* Grey values 0 to 255, row by row, in zlib blocks that are stored as they are: one block for each row. */
static int png_write(const char *path, const unsigned char *grey, uint32_t width, uint32_t height)
{
    static const unsigned char signature[8] = { 137, 'P', 'N', 'G', 13, 10, 26, 10 };
    const size_t line = (size_t)width + 1, size = 2 + height * (5 + line) + 4; /* a line begins with its filter, 0 */
    unsigned char head[13] = { 0 };
    unsigned char *data = malloc(size), *at = data;
    FILE *file = line <= 0xffff && data ? fopen(path, "wb") : NULL;
    uint32_t a = 1, b = 0; /* Adler-32 */

    if (!file) {
        free(data);
        return 0;
    }
    *at++ = 0x78;
    *at++ = 0x01;
    for (uint32_t y = 0; y < height; y++) {
        *at++ = y + 1 == height; /* the last block? */
        *at++ = (unsigned char)(line & 255);
        *at++ = (unsigned char)(line >> 8);
        *at++ = (unsigned char)(~line & 255);
        *at++ = (unsigned char)(~line >> 8 & 255);
        for (size_t x = 0; x < line; x++) {
            *at = x ? grey[y * (size_t)width + x - 1] : 0;
            a = (a + *at++) % 65521;
            b = (b + a) % 65521;
        }
    }
    put32(at, b << 16 | a);
    put32(head, width);
    put32(head + 4, height);
    head[8] = 8; /* bits; the zeros: grey, deflate, filters by line, no interlace */
    fwrite(signature, 1, sizeof signature, file);
    png_chunk(file, "IHDR", head, sizeof head);
    png_chunk(file, "IDAT", data, size);
    png_chunk(file, "IEND", NULL, 0);
    free(data);
    const int failed = ferror(file);
    return fclose(file) == 0 && !failed;
}

/* Ink from 0 to `most`; none for what is no number. */
static int ink(float shade, int most)
{
    return shade > 0 ? (int)((shade < 1 ? shade : 1) * (float)most + 0.5f) : 0;
}

/* A sheet of 16 pictures a row, each pixel a square, dark ink on white with a thin margin. */
static int draw_sheet(const char *path, const float *samples)
{
    enum { ZOOM = 5, CELL = SIDE * ZOOM + 6, ACROSS = 16, DOWN = SAMPLES / ACROSS };
    static unsigned char grey[DOWN * CELL * ACROSS * CELL];
    memset(grey, 255, sizeof grey);
    for (int y = 0; y < DOWN * CELL; y++)
        for (int x = 0; x < ACROSS * CELL; x++) {
            const int i = y % CELL - 3, j = x % CELL - 3;
            if (i < 0 || j < 0 || i >= SIDE * ZOOM || j >= SIDE * ZOOM) continue;
            const float *sample = samples + (y / CELL * ACROSS + x / CELL) * PIXELS;
            grey[y * ACROSS * CELL + x] = (unsigned char)(255 - ink(sample[i / ZOOM * SIDE + j / ZOOM], 255));
        }
    return png_write(path, grey, ACROSS * CELL, DOWN * CELL);
}

static void print_samples(const float *samples, int count)
{
    for (int i = 0; i < SIDE; i++) {
        for (int k = 0; k < count; k++) {
            printf("  ");
            for (int j = 0; j < SIDE; j++) {
                const char letter = " .:-=+*#%@"[ink(samples[k * PIXELS + i * SIDE + j], 9)];
                putchar(letter);
                putchar(letter);
            }
        }
        putchar('\n');
    }
    putchar('\n');
}

int main(int argc, char **argv)
{
    static const char *const generator_layers[][2] = {
        { "Input", "shape=[24]" }, /* NOISE */
        { "Dense", "units=128" },
        { "BatchNormalization", "momentum=0.9" },
        { "LeakyReLU", "negative_slope=0.2" },
        { "Dense", "units=128" },
        { "BatchNormalization", "momentum=0.9" },
        { "LeakyReLU", "negative_slope=0.2" },
        { "Dense", "units=64 activation=sigmoid" },
    };
    static const char *const discriminator_layers[][2] = {
        { "Input", "shape=[64]" }, /* PIXELS */
        { "Dense", "units=128" },
        { "LeakyReLU", "negative_slope=0.2" },
        { "Dropout", "rate=0.2" },
        { "Dense", "units=128" },
        { "LeakyReLU", "negative_slope=0.2" },
        { "Dropout", "rate=0.2" },
        { "Dense", "units=1" },
    };
    static float latent[SAMPLES * NOISE], samples[SAMPLES * PIXELS];
    apus_array latents = APUS_ARRAY_2D(APUS_FLOAT32, latent, SAMPLES, NOISE);
    apus_array drawn = APUS_ARRAY_2D(APUS_FLOAT32, samples, SAMPLES, PIXELS);
    apus_context_options options = APUS_CONTEXT_OPTIONS_INIT;
    apus_context *context = NULL;
    char path[1024];
    table t;

    snprintf(path, sizeof path, "%s/digits.csv", argc > 1 ? argv[1] : "examples/data");
    if (!table_read(&t, path)) return 1;
    if (t.columns != PIXELS + 1 || t.rows < SAMPLES) {
        fprintf(stderr, "%s: expected %d columns and at least %d rows\n", path, PIXELS + 1, (int)SAMPLES);
        return 1;
    }
    float *pixels = malloc((size_t)t.rows * PIXELS * sizeof *pixels);
    int64_t *order = malloc((size_t)t.rows * sizeof *order);
    if (!pixels || !order) return 1;
    for (int64_t i = 0; i < t.rows; i++) {
        const double *row = t.values + i * t.columns;
        if (!(row[PIXELS] >= 0 && row[PIXELS] <= 9)) {
            fprintf(stderr, "%s: row %lld is no digit\n", path, (long long)i + 1);
            return 1;
        }
        for (int j = 0; j < PIXELS; j++) pixels[i * PIXELS + j] = (float)(row[j] / 16.0);
    }

    options.seed = SEED;
    options.threads = 1; /* the networks are too small to share out */
    check(NULL, apus_context_create(&options, &context), "context");
    player generator = build(context, generator_layers, sizeof generator_layers / sizeof *generator_layers);
    player discriminator =
        build(context, discriminator_layers, sizeof discriminator_layers / sizeof *discriminator_layers);

    train(context, generator, discriminator, pixels, t.rows, order);
    check(context, apus_trainer_publish(context, generator.trainer), "publish");
    check(context, apus_random_normal(context, 0, 1, &latents), "noise");
    check(context, apus_predict(context, generator.model, APUS_PREDICT, &latents, &drawn), "drawing");
    putchar('\n');
    print_samples(samples, 6);
    print_samples(samples + 6 * PIXELS, 6);

    const int good = compare(samples, pixels, &t, order);
    const int written = draw_sheet("gan.png", samples);
    if (written) printf("Wrote gan.png.\n");
    else perror("gan.png");
    if (!good) fprintf(stderr, "expected drawings of all ten digits, as different and nearly as good as real ones\n");

    apus_trainer_free(generator.trainer);
    apus_trainer_free(discriminator.trainer);
    apus_model_free(generator.model);
    apus_model_free(discriminator.model);
    apus_context_free(context);
    free(pixels);
    free(order);
    free(t.values);
    return good && written ? 0 : 1;
}
