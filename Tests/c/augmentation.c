/* Augmentation of images and text: exact small cases, the same bits for any number of threads and split of a batch,
 * training, and what is refused. */
#define _POSIX_C_SOURCE 200809L
#include <unistd.h>

#include "check.h"

static apus_context *context;

enum { IMAGES = 40, SIDE = 8, CHANNELS = 3, PIXELS = SIDE * SIDE * CHANNELS };

static float images[IMAGES * PIXELS], changed[IMAGES * PIXELS], other[IMAGES * PIXELS];
static float targets[IMAGES * 4], mixed[IMAGES * 4];

#define STEPS "random_flip; random_rotation factor=0.1; random_zoom height_factor=0.2; random_contrast factor=0.3"

static apus_array batch(float *values, int64_t count)
{
    apus_array array = APUS_ARRAY_INIT;
    array.data = values;
    array.dtype = APUS_FLOAT32;
    array.ndim = 4;
    array.shape[0] = count;
    array.shape[1] = array.shape[2] = SIDE;
    array.shape[3] = CHANNELS;
    return array;
}

static void make_images(void)
{
    for (int i = 0; i < IMAGES * PIXELS; i++) images[i] = (float)(255 * spread((uint64_t)i));
    for (int i = 0; i < IMAGES * 4; i++) targets[i] = i / 4 % 4 == i % 4;
}

static apus_augmenter *make(const char *steps)
{
    apus_augmenter *augmenter = NULL;
    OK(context, apus_augmenter_create(context, steps, &augmenter));
    return augmenter;
}

static void flips_are_exact(void)
{
    apus_augmenter *augmenter = make("random_flip mode=horizontal probability=1");
    apus_array in = batch(images, IMAGES), out = batch(changed, IMAGES), shape = APUS_ARRAY_INIT;
    make_images();
    OK(context, apus_augmenter_output_shape(context, augmenter, &in, &shape));
    CHECK(shape.ndim == 4 && shape.shape[0] == IMAGES && shape.shape[3] == CHANNELS && shape.dtype == APUS_FLOAT32);
    OK(context, apus_augment(context, augmenter, &in, NULL, NULL, &out, NULL));
    int wrong = 0;
    for (int row = 0; row < IMAGES * SIDE; row++)
        for (int x = 0; x < SIDE; x++)
            for (int c = 0; c < CHANNELS; c++)
                wrong += changed[(row * SIDE + x) * CHANNELS + c] != images[(row * SIDE + SIDE - 1 - x) * CHANNELS + c];
    CHECK(wrong == 0);
    OK(context, apus_augment(context, augmenter, &out, NULL, NULL, &out, NULL));
    CHECK(memcmp(changed, images, sizeof images) == 0);
    apus_augmenter_free(augmenter);
}

static void threads_and_splits_do_not_change_a_bit(void)
{
    static const int32_t counts[] = { 1, 2, 3, 8 };
    make_images();
    for (int i = 0; i < 4; i++) {
        apus_context *own = new_context(counts[i], NULL);
        apus_augmenter *augmenter = NULL;
        apus_augment_options options = APUS_AUGMENT_OPTIONS_INIT;
        int64_t numbers[IMAGES];
        apus_array in = batch(images, IMAGES), out = batch(other, IMAGES);
        OK(own, apus_augmenter_create(own, STEPS, &augmenter));
        options.seeded = 1;
        options.seed = 11;
        options.epoch = 3;
        OK(own, apus_augment(own, augmenter, &in, NULL, &options, &out, NULL));
        if (i == 0) memcpy(changed, other, sizeof changed);
        CHECK(memcmp(changed, other, sizeof changed) == 0);
        /* The second half alone, and all in reverse. */
        in = batch(images + IMAGES / 2 * PIXELS, IMAGES / 2);
        out = batch(other, IMAGES / 2);
        options.first = IMAGES / 2;
        OK(own, apus_augment(own, augmenter, &in, NULL, &options, &out, NULL));
        CHECK(memcmp(other, changed + IMAGES / 2 * PIXELS, sizeof changed / 2) == 0);
        for (int j = 0; j < IMAGES; j++) numbers[j] = IMAGES - 1 - j;
        apus_array rows = APUS_ARRAY_1D(APUS_INT64, numbers, IMAGES);
        options.rows = &rows;
        in = batch(images, IMAGES);
        out = batch(other, IMAGES);
        OK(own, apus_augment(own, augmenter, &in, NULL, &options, &out, NULL));
        CHECK(memcmp(other, changed, sizeof changed) != 0);
        apus_augmenter_free(augmenter);
        apus_context_free(own);
    }
}

static void a_context_goes_on_to_other_numbers(void)
{
    apus_augmenter *augmenter = make("random_rotation factor=0.5");
    apus_array in = batch(images, IMAGES), out = batch(changed, IMAGES), again = batch(other, IMAGES);
    make_images();
    OK(context, apus_set_seed(context, 4));
    OK(context, apus_augment(context, augmenter, &in, NULL, NULL, &out, NULL));
    OK(context, apus_augment(context, augmenter, &in, NULL, NULL, &again, NULL));
    CHECK(memcmp(changed, other, sizeof changed) != 0);
    OK(context, apus_set_seed(context, 4));
    OK(context, apus_augment(context, augmenter, &in, NULL, NULL, &again, NULL));
    CHECK(memcmp(changed, other, sizeof changed) == 0);
    apus_augmenter_free(augmenter);
}

static void mixing_mixes_targets_too(void)
{
    apus_augmenter *augmenter = make("mix_up alpha=1");
    apus_array in = batch(images, IMAGES), out = batch(changed, IMAGES);
    apus_array y = APUS_ARRAY_2D(APUS_FLOAT32, targets, IMAGES, 4), z = APUS_ARRAY_2D(APUS_FLOAT32, mixed, IMAGES, 4);
    make_images();
    OK(context, apus_augment(context, augmenter, &in, &y, NULL, &out, &z));
    int soft = 0;
    for (int i = 0; i < IMAGES; i++) {
        float sum = 0;
        for (int j = 0; j < 4; j++) sum += mixed[4 * i + j];
        CHECK(fabsf(sum - 1) < 1e-6f);
        soft += mixed[4 * i + i % 4] < 0.999f;
    }
    CHECK(soft > IMAGES / 3);
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "targets",
                 apus_augment(context, augmenter, &in, NULL, NULL, &out, NULL));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "both",
                 apus_augment(context, augmenter, &in, &y, NULL, &out, NULL));
    y.shape[0] = IMAGES - 1;
    FAILS_NAMING(context, APUS_E_SHAPE, "rows", apus_augment(context, augmenter, &in, &y, NULL, &out, &z));
    apus_augmenter_free(augmenter);
}

static void components_are_learned_and_told(void)
{
    apus_augmenter *augmenter = make("pca_color_noise");
    apus_array in = batch(images, IMAGES), out = batch(changed, IMAGES), again = batch(other, IMAGES);
    apus_augment_options options = APUS_AUGMENT_OPTIONS_INIT;
    char text[4096];
    size_t needed = 0;
    make_images();
    FAILS(context, APUS_E_NOT_FITTED, apus_augment(context, augmenter, &in, NULL, NULL, &out, NULL));
    OK(context, apus_augmenter_fit(context, augmenter, &in));
    options.seeded = 1;
    OK(context, apus_augment(context, augmenter, &in, NULL, &options, &out, NULL));
    OK(context, apus_augmenter_config(context, augmenter, text, sizeof text, &needed));
    CHECK(strstr(text, "eigenvalues") != NULL);
    apus_augmenter *copy = make(text);
    OK(context, apus_augment(context, copy, &in, NULL, &options, &again, NULL));
    CHECK(memcmp(changed, other, sizeof changed) == 0);
    FAILS(context, APUS_E_BUFFER_TOO_SMALL, apus_augmenter_config(context, augmenter, text, 3, &needed));
    apus_augmenter_free(copy);
    apus_augmenter_free(augmenter);
}

static void bad_steps_are_named(void)
{
    static const char *const bad[] = {
        "", ";", "nobody", "random_flip mode=sideways", "random_rotation", "random_rotation factor=1.5",
        "random_rotation factor=[0.3,-0.3]", "random_rotation factor=nan", "random_rotation factor=1e999",
        "random_translation height_factor=0.1", "random_zoom height_factor=-1.5", "random_crop height=0 width=1",
        "random_crop height=9223372036854775807 width=1", "random_crop height=1 width=1 padding=-1",
        "random_flip probability=1.1", "random_flip probability=-0.1", "mix_up alpha=-1", "cutout height=2",
        "color_jitter hue=0.6", "random_erasing scale=[0.5,0.1]", "random_erasing ratio=[0,1]",
        "random_brightness factor=0.1 value_range=[1,0]", "pca_color_noise eigenvalues=[1]",
        "pca_color_noise eigenvalues=[-1] eigenvectors=[[1]]", "[", "{\"class_name\": 3}", "[[]]",
        "random_flip factor=1",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        apus_augmenter *augmenter = NULL;
        FAILS(context, APUS_E_INVALID_ARGUMENT, apus_augmenter_create(context, bad[i], &augmenter));
        CHECK(augmenter == NULL);
    }
    apus_augmenter *none = NULL;
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "steps", apus_augmenter_create(context, NULL, &none));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "out", apus_augmenter_create(context, "random_flip", NULL));
    CHECK(none == NULL);
    apus_augmenter_free(NULL);
    apus_text_augmenter_free(NULL);
}

static void bad_arrays_are_named(void)
{
    apus_augmenter *augmenter = make(STEPS), *crop = make("random_crop height=4 width=9");
    apus_augmenter *jitter = make("color_jitter hue=0.1"), *pca = make("pca_color_noise");
    apus_array in = batch(images, IMAGES), out = batch(changed, IMAGES), bad;
    apus_augment_options options = APUS_AUGMENT_OPTIONS_INIT;
    make_images();
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "augmenter",
                 apus_augment(context, NULL, &in, NULL, NULL, &out, NULL));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "images",
                 apus_augment(context, augmenter, NULL, NULL, NULL, &out, NULL));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "out",
                 apus_augment(context, augmenter, &in, NULL, NULL, NULL, NULL));
    FAILS_NAMING(context, APUS_E_SHAPE, "larger", apus_augment(context, crop, &in, NULL, NULL, &out, NULL));
    bad = in;
    bad.ndim = 3;
    FAILS(context, APUS_E_SHAPE, apus_augment(context, augmenter, &bad, NULL, NULL, &out, NULL));
    bad = in;
    bad.shape[1] = INT64_MAX;
    bad.shape[2] = INT64_MAX;
    FAILS(context, APUS_E_SHAPE, apus_augment(context, augmenter, &bad, NULL, NULL, &out, NULL));
    bad = in;
    bad.shape[3] = 1;
    FAILS_NAMING(context, APUS_E_SHAPE, "3 channels", apus_augment(context, jitter, &bad, NULL, NULL, &out, NULL));
    bad = in;
    bad.dtype = APUS_FLOAT64;
    FAILS_NAMING(context, APUS_E_DTYPE, "images", apus_augment(context, augmenter, &bad, NULL, NULL, &out, NULL));
    bad = out;
    bad.dtype = APUS_INT32;
    FAILS_NAMING(context, APUS_E_DTYPE, "out", apus_augment(context, augmenter, &in, NULL, NULL, &bad, NULL));
    bad = out;
    bad.shape[0] = 1;
    FAILS_NAMING(context, APUS_E_SHAPE, "out", apus_augment(context, augmenter, &in, NULL, NULL, &bad, NULL));
    in = batch(images, 10);
    bad = batch(images + 5, 10);
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "overlaps",
                 apus_augment(context, augmenter, &in, NULL, NULL, &bad, NULL));
    options.struct_size = 4;
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "struct_size",
                 apus_augment(context, augmenter, &in, NULL, &options, &out, NULL));
    options.struct_size = sizeof options;
    options.first = INT64_MIN;
    out = batch(changed, 10);
    OK(context, apus_augment(context, augmenter, &in, NULL, &options, &out, NULL));
    options.first = INT64_MAX;
    options.epoch = options.seed = UINT64_MAX;
    OK(context, apus_augment(context, augmenter, &in, NULL, &options, &out, NULL));
    int64_t three[3] = { INT64_MIN, -1, INT64_MAX };
    apus_array rows = APUS_ARRAY_1D(APUS_INT64, three, 3);
    options.rows = &rows;
    FAILS_NAMING(context, APUS_E_SHAPE, "rows", apus_augment(context, augmenter, &in, NULL, &options, &out, NULL));
    in = batch(images, 3);
    out = batch(changed, 3);
    OK(context, apus_augment(context, augmenter, &in, NULL, &options, &out, NULL));
    images[PIXELS + 1] = NAN;
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "row 1 holds",
                 apus_augment(context, augmenter, &in, NULL, NULL, &out, NULL));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "row 1 holds", apus_augmenter_fit(context, pca, &in));
    images[PIXELS + 1] = INFINITY;
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "row 1 holds",
                 apus_augment(context, augmenter, &in, NULL, NULL, &out, NULL));
    in = batch(images, 0);
    out = batch(changed, 0);
    OK(context, apus_augment(context, augmenter, &in, NULL, NULL, &out, NULL));
    FAILS(context, APUS_E_SHAPE, apus_augmenter_fit(context, pca, &in));
    /* As large as float32 goes: no trap, whatever comes of it. */
    for (int i = 0; i < PIXELS; i++) images[i] = i % 2 ? FLT_MAX : -FLT_MAX;
    in = batch(images, 1);
    out = batch(changed, 1);
    OK(context, apus_augment(context, augmenter, &in, NULL, NULL, &out, NULL));
    unsigned char bytes[PIXELS];
    apus_array eight = out;
    eight.dtype = APUS_UINT8;
    eight.data = bytes;
    OK(context, apus_augment(context, augmenter, &in, NULL, NULL, &eight, NULL));
    apus_augmenter_free(augmenter);
    apus_augmenter_free(crop);
    apus_augmenter_free(jitter);
    apus_augmenter_free(pca);
}

static void training_augments_its_batches(void)
{
    apus_array x = batch(images, IMAGES), y = APUS_ARRAY_2D(APUS_FLOAT32, targets, IMAGES, 4);
    apus_network *network = NULL;
    apus_model *model = NULL;
    apus_trainer *trainer = NULL;
    apus_dataset *data = NULL;
    apus_augmenter *augmenter = make(STEPS "; mix_up"), *crop = make("random_crop height=4 width=4");
    double loss[1];
    make_images();
    OK(context, apus_network_create(context, NULL, &network));
    OK(context, apus_network_add(context, network, "Input", "shape=[8,8,3]", NULL, 0, NULL));
    OK(context, apus_network_add(context, network, "Rescaling", "scale=0.004", NULL, 0, NULL));
    OK(context, apus_network_add(context, network, "Flatten", NULL, NULL, 0, NULL));
    OK(context, apus_network_add(context, network, "Dense", "units=4 activation=softmax", NULL, 0, NULL));
    OK(context, apus_network_build(context, network, NULL, 0, &model));
    OK(context, apus_trainer_create(context, model, "loss=categorical_crossentropy optimizer=adam", &trainer));
    OK(context, apus_dataset_create(context, &x, 1, &y, 1, NULL, &data));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "dataset",
                 apus_dataset_set_augmentation(context, NULL, augmenter, 0));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "input", apus_dataset_set_augmentation(context, data, augmenter, 1));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "input",
                 apus_dataset_set_augmentation(context, data, augmenter, INT32_MIN));
    FAILS_NAMING(context, APUS_E_SHAPE, "kept", apus_dataset_set_augmentation(context, data, crop, 0));
    OK(context, apus_dataset_set_augmentation(context, data, augmenter, 0));
    apus_augmenter_free(augmenter);
    apus_augmenter_free(crop);
    memcpy(other, images, sizeof images);
    OK(context, apus_trainer_fit(context, trainer, data, NULL, NULL));
    CHECK(memcmp(other, images, sizeof images) == 0);
    OK(context, apus_trainer_evaluate(context, trainer, data, 0, loss, 1));
    CHECK(isfinite(loss[0]));
    OK(context, apus_dataset_set_augmentation(context, data, NULL, 0));
    OK(context, apus_trainer_fit(context, trainer, data, NULL, NULL));
    apus_dataset_free(data);
    apus_trainer_free(trainer);
    apus_model_free(model);
    apus_network_free(network);
}

static void text_is_changed_within_its_width(void)
{
    int32_t text[] = { 1, 2, 3, 0, 0, 0, 4, 1 }, out[8];
    int64_t offsets[] = { 0, 0, 2 }, ids[] = { 7, 8 };
    unsigned char mask[8];
    float vectors[] = { 1, 0, 0, 1, 1, 0.1f, 0, -1, 1, 1 };
    apus_array tokens = APUS_ARRAY_2D(APUS_INT32, text, 2, 4), result = APUS_ARRAY_2D(APUS_INT32, out, 2, 4);
    apus_array marks = APUS_ARRAY_2D(APUS_BOOL, mask, 2, 4), table = APUS_ARRAY_1D(APUS_INT64, offsets, 3);
    apus_array words = APUS_ARRAY_1D(APUS_INT64, ids, 2), matrix = APUS_ARRAY_2D(APUS_FLOAT32, vectors, 5, 2);
    apus_text_augmenter *augmenter = NULL;
    apus_augment_options options = APUS_AUGMENT_OPTIONS_INIT;
    options.seeded = 1;

    OK(context, apus_text_augmenter_create(context, "synonym_replacement rate=1", &augmenter));
    FAILS(context, APUS_E_NOT_FITTED, apus_augment_tokens(context, augmenter, &tokens, NULL, 0, NULL, &result, NULL));
    OK(context, apus_text_augmenter_set_synonyms(context, augmenter, &table, &words));
    OK(context, apus_augment_tokens(context, augmenter, &tokens, NULL, 0, &options, &result, &marks));
    CHECK((out[0] == 7 || out[0] == 8) && out[1] == 2 && out[2] == 3 && out[3] == 0);
    CHECK(out[4] == 0 && out[5] == 0 && out[6] == 4 && (out[7] == 7 || out[7] == 8));
    CHECK(mask[0] && mask[1] && mask[2] && !mask[3] && !mask[4] && !mask[5] && mask[6] && mask[7]);
    ids[0] = ids[1] = INT64_MAX;
    OK(context, apus_text_augmenter_set_synonyms(context, augmenter, &table, &words));
    FAILS(context, APUS_E_DTYPE, apus_augment_tokens(context, augmenter, &tokens, NULL, 0, NULL, &result, NULL));
    offsets[1] = INT64_MAX;
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "offsets",
                 apus_text_augmenter_set_synonyms(context, augmenter, &table, &words));
    offsets[1] = INT64_MIN;
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "offsets",
                 apus_text_augmenter_set_synonyms(context, augmenter, &table, &words));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "ids",
                 apus_text_augmenter_set_synonyms(context, augmenter, &table, NULL));
    FAILS_NAMING(context, APUS_E_DTYPE, "int32 or int64",
                 apus_text_augmenter_set_synonyms(context, augmenter, &matrix, &words));
    apus_text_augmenter_free(augmenter);

    OK(context, apus_text_augmenter_create(context, "embedding_replacement rate=1", &augmenter));
    FAILS(context, APUS_E_NOT_FITTED, apus_augment_tokens(context, augmenter, &tokens, NULL, 0, NULL, &result, NULL));
    OK(context, apus_text_augmenter_set_embeddings(context, augmenter, &matrix));
    OK(context, apus_augment_tokens(context, augmenter, &tokens, NULL, 0, &options, &result, NULL));
    CHECK(out[0] == 4 && out[1] == 4 && out[6] == 2 && out[7] == 4);
    vectors[3] = NAN;
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "row 1",
                 apus_text_augmenter_set_embeddings(context, augmenter, &matrix));
    FAILS_NAMING(context, APUS_E_DTYPE, "embeddings", apus_text_augmenter_set_embeddings(context, augmenter, &result));
    FAILS_NAMING(context, APUS_E_SHAPE, "embeddings", apus_text_augmenter_set_embeddings(context, augmenter, &words));

    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "tokens",
                 apus_augment_tokens(context, augmenter, NULL, NULL, 0, NULL, &result, NULL));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "out",
                 apus_augment_tokens(context, augmenter, &tokens, NULL, 0, NULL, NULL, NULL));
    FAILS_NAMING(context, APUS_E_DTYPE, "padding",
                 apus_augment_tokens(context, augmenter, &tokens, NULL, INT64_MAX, NULL, &result, NULL));
    FAILS_NAMING(context, APUS_E_DTYPE, "mask",
                 apus_augment_tokens(context, augmenter, &tokens, &result, 0, NULL, &result, NULL));
    FAILS_NAMING(context, APUS_E_DTYPE, "out",
                 apus_augment_tokens(context, augmenter, &tokens, NULL, 0, NULL, &marks, NULL));
    marks.shape[1] = 3;
    FAILS_NAMING(context, APUS_E_SHAPE, "mask",
                 apus_augment_tokens(context, augmenter, &tokens, &marks, 0, NULL, &result, NULL));
    tokens.ndim = 1;
    FAILS(context, APUS_E_SHAPE, apus_augment_tokens(context, augmenter, &tokens, NULL, 0, NULL, &result, NULL));
    apus_text_augmenter_free(augmenter);
    augmenter = NULL;
    FAILS(context, APUS_E_INVALID_ARGUMENT, apus_text_augmenter_create(context, "random_flip", &augmenter));
    FAILS(context, APUS_E_INVALID_ARGUMENT, apus_text_augmenter_create(context, "random_swap rate=2", &augmenter));
    FAILS(context, APUS_E_INVALID_ARGUMENT, apus_text_augmenter_create(context, "random_swap", NULL));
    CHECK(augmenter == NULL);
}

int main(void)
{
    BEGIN("augmentation");
    context = new_context(2, NULL);
    RUN(flips_are_exact);
    RUN(threads_and_splits_do_not_change_a_bit);
    RUN(a_context_goes_on_to_other_numbers);
    RUN(mixing_mixes_targets_too);
    RUN(components_are_learned_and_told);
    RUN(bad_steps_are_named);
    RUN(bad_arrays_are_named);
    RUN(training_augments_its_batches);
    RUN(text_is_changed_within_its_width);
    apus_context_free(context);
    return END();
}
