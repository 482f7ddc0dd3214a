/* augmentation.c: a digit, a little turned and shifted; a sentence in other words.
 *
 *   augmentation [examples/data]
 *
 * Draws four copies of each of three handwritten digits as text, and rewrites a sentence by its words' numbers. The
 * same seed gives the same copies, which is checked.
 */
#include "apus.h"
#include "table.h"

#include <string.h>

enum { SIDE = 8, PIXELS = SIDE * SIDE, DIGITS = 3, COPIES = 4, WIDTH = 12 };

static int failures;

static void check(apus_context *context, apus_status status, const char *doing)
{
    if (status == APUS_OK) return;
    fprintf(stderr, "%s: %s: %s\n", doing, apus_status_text(status), apus_last_error(context));
    exit(1);
}

static void expect(const char *what, int good)
{
    failures += !good;
    printf("  %-60s %s\n", what, good ? "ok" : "DIFFERS");
}

static apus_array pictures_in(float *values)
{
    apus_array array = APUS_ARRAY_INIT;
    array.data = values;
    array.dtype = APUS_FLOAT32;
    array.ndim = 4;
    array.shape[0] = DIGITS;
    array.shape[1] = array.shape[2] = SIDE;
    array.shape[3] = 1;
    return array;
}

/* One line of a picture: two characters for each pixel, dark where there is ink. */
static void draw(const float *line)
{
    static const char shades[] = " .:-=+*#%@";
    for (int x = 0; x < SIDE; x++) {
        const int level = (int)(line[x] * 10 / 16.001f);
        printf("%c%c", shades[level < 0 ? 0 : level > 9 ? 9 : level], shades[level < 0 ? 0 : level > 9 ? 9 : level]);
    }
}

static void digits(apus_context *context, const char *folder)
{
    static float copies[1 + COPIES][DIGITS * PIXELS], again[DIGITS * PIXELS];
    apus_augmenter *augmenter = NULL;
    apus_augment_options options = APUS_AUGMENT_OPTIONS_INIT;
    char path[1024];
    table t;

    snprintf(path, sizeof path, "%s/digits.csv", folder);
    if (!table_read(&t, path)) exit(1);
    for (int digit = 0; digit < DIGITS; digit++)
        for (int pixel = 0; pixel < PIXELS; pixel++)
            copies[0][digit * PIXELS + pixel] = (float)t.values[(1 + digit) * t.columns + pixel];
    free(t.values);

    check(context,
          apus_augmenter_create(context,
                                "random_rotation factor=0.06 fill_mode=constant;"
                                "random_translation height_factor=0.1 width_factor=0.1 fill_mode=constant;"
                                "random_shear x_factor=0.2 fill_mode=constant",
                                &augmenter),
          "making an augmenter");
    apus_array in = pictures_in(copies[0]);
    options.seeded = 1;
    options.seed = 7;
    for (int copy = 1; copy <= COPIES; copy++) {
        apus_array out = pictures_in(copies[copy]);
        options.epoch = (uint64_t)copy;
        check(context, apus_augment(context, augmenter, &in, NULL, &options, &out, NULL), "augmenting");
    }
    printf("Digits, and four copies of each\n");
    for (int digit = 0; digit < DIGITS; digit++)
        for (int y = 0; y < SIDE; y++) {
            printf("  ");
            for (int copy = 0; copy <= COPIES; copy++) {
                draw(copies[copy] + digit * PIXELS + y * SIDE);
                printf(copy ? "  " : "   |   ");
            }
            printf("\n");
        }
    apus_array out = pictures_in(again);
    options.epoch = 1;
    check(context, apus_augment(context, augmenter, &in, NULL, &options, &out, NULL), "augmenting again");
    expect("the same seed and epoch give the same copies", memcmp(again, copies[1], sizeof again) == 0);
    expect("another epoch gives others", memcmp(again, copies[2], sizeof again) != 0);
    apus_augmenter_free(augmenter);
}

static void sentence(apus_context *context)
{
    static const char *const words[] = { "", "the", "big", "dog", "sleeps", "in", "old", "house",
                                         "large", "huge", "hound", "home", "ancient" };
    /* Synonyms of word w are ids[offsets[w]] up to ids[offsets[w + 1]]: big: large, huge; dog: hound; ... */
    int64_t offsets[] = { 0, 0, 0, 2, 3, 3, 3, 4, 5 }, ids[] = { 8, 9, 10, 12, 11 };
    int64_t text[WIDTH] = { 1, 2, 3, 4, 5, 1, 6, 7 }, changed[WIDTH];
    apus_text_augmenter *augmenter = NULL;
    apus_augment_options options = APUS_AUGMENT_OPTIONS_INIT;
    apus_array table = APUS_ARRAY_1D(APUS_INT64, offsets, 9), synonyms = APUS_ARRAY_1D(APUS_INT64, ids, 5);
    apus_array in = APUS_ARRAY_2D(APUS_INT64, text, 1, WIDTH), out = APUS_ARRAY_2D(APUS_INT64, changed, 1, WIDTH);
    int known = 1;

    check(context,
          apus_text_augmenter_create(
              context, "synonym_replacement rate=0.3; random_insertion rate=0.1; random_deletion rate=0.1", &augmenter),
          "making an augmenter of text");
    check(context, apus_text_augmenter_set_synonyms(context, augmenter, &table, &synonyms), "setting synonyms");
    printf("\nA sentence in other words\n");
    options.seeded = 1;
    for (int copy = 0; copy < 5; copy++) {
        options.epoch = (uint64_t)copy;
        check(context, apus_augment_tokens(context, augmenter, &in, NULL, 0, &options, &out, NULL), "augmenting text");
        printf(" ");
        for (int i = 0; i < WIDTH && changed[i] != 0; i++) {
            known &= changed[i] > 0 && changed[i] <= 12;
            if (known) printf(" %s", words[changed[i]]);
        }
        printf("\n");
    }
    expect("every word is one of ours", known);
    apus_text_augmenter_free(augmenter);
}

int main(int argc, char **argv)
{
    apus_context *context = NULL;
    const apus_status status = apus_context_create(NULL, &context);
    if (status != APUS_OK) {
        fprintf(stderr, "no context: %s\n", apus_status_text(status));
        return 1;
    }
    digits(context, argc > 1 ? argv[1] : "examples/data");
    sentence(context);
    apus_context_free(context);
    return failures != 0;
}
