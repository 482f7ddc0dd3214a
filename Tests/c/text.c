/* Text out goes to the caller's buffer: the size is told, nothing is written where it does not fit, and what comes is
 * whole. Also the catalog, the build information, and structs of later programs. */
#define _POSIX_C_SOURCE 200809L
#include <unistd.h>

#include "check.h"

static sample s;
static apus_context *context;
static apus_model *regression, *network;
static apus_trainer *trainer;

typedef apus_status (*text_call)(char *buffer, size_t capacity, size_t *needed);

static apus_status build_info(char *b, size_t c, size_t *n) { return apus_build_info(context, b, c, n); }
static apus_status catalog(char *b, size_t c, size_t *n) { return apus_catalog(context, b, c, n); }
static apus_status info(char *b, size_t c, size_t *n) { return apus_model_info(context, regression, b, c, n); }
static apus_status network_info(char *b, size_t c, size_t *n) { return apus_model_info(context, network, b, c, n); }
static apus_status to_json(char *b, size_t c, size_t *n) { return apus_model_to_json(context, network, b, c, n); }
static apus_status metric_names(char *b, size_t c, size_t *n) { return apus_trainer_metric_names(context, trainer, b, c, n); }
static apus_status history(char *b, size_t c, size_t *n) { return apus_trainer_history(context, trainer, b, c, n); }

static const struct { const char *name; text_call call; const char *holds; } calls[] = {
    { "build_info", build_info, APUS_VERSION_STRING },
    { "catalog", catalog, "linear_regression" },
    { "model_info", info, "linear_regression" },
    { "model_info of a network", network_info, "dense" },
    { "model_to_json", to_json, "Dense" },
    { "metric_names", metric_names, "accuracy" },
    { "history", history, "loss" },
};

/* Brackets match outside of quoted text, and the whole is one object or array. */
static int looks_like_json(const char *text)
{
    int depth = 0, quoted = 0;
    if (*text != '{' && *text != '[') return 0;
    for (const char *c = text; *c; c++) {
        if (quoted) {
            if (*c == '\\' && c[1]) c++;
            else if (*c == '"') quoted = 0;
        } else if (*c == '"') quoted = 1;
        else if (*c == '{' || *c == '[') depth++;
        else if (*c == '}' || *c == ']') {
            if (--depth < 0) return 0;
            if (depth == 0 && c[1]) return 0;
        }
    }
    return depth == 0 && !quoted;
}

static void text_comes_whole_or_not_at_all(void)
{
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        size_t needed = 0, again = 0;
        OK(context, calls[i].call(NULL, 0, &needed));
        CHECK(needed > 2);
        char *text = malloc(needed + 8);
        memset(text, 0x55, needed + 8);
        for (size_t capacity = 0; capacity < needed; capacity += capacity < 4 || capacity + 5 > needed ? 1 : needed / 5) {
            FAILS(context, APUS_E_BUFFER_TOO_SMALL, calls[i].call(text, capacity, &again));
            CHECK(again == needed);
            for (size_t k = 0; k < needed + 8; k++) CHECK(text[k] == 0x55);
        }
        OK(context, calls[i].call(text, needed, &again));
        CHECK(again == needed && text[needed - 1] == 0 && strlen(text) == needed - 1);
        for (size_t k = needed; k < needed + 8; k++) CHECK(text[k] == 0x55);
        OK(context, calls[i].call(text, needed + 8, &again));
        CHECK(again == needed);
        if (!strstr(text, calls[i].holds) || !looks_like_json(text)) {
            check_failures++;
            printf("    %s: %.200s\n", calls[i].name, text);
        }
        free(text);
    }
}

static void the_catalog_lists_this_release(void)
{
    static const char *const all[] = {
        "linear_regression", "logistic_regression", "mean_normalizer", "standard_scaler", "min_max_scaler", "pipeline",
        "Input", "Dense", "Activation", "Dropout", "Flatten",
        "linear", "relu", "leaky_relu", "elu", "sigmoid", "tanh", "softmax",
        "mean_squared_error", "mean_absolute_error", "huber", "binary_crossentropy", "categorical_crossentropy",
        "sparse_categorical_crossentropy", "learning_rate", "momentum", "nesterov",
        "glorot_uniform", "he_normal", "lecun_normal", "truncated_normal", "zeros", "ones",
    };
    size_t needed = 0;
    OK(context, apus_catalog(context, NULL, 0, &needed));
    char *text = malloc(needed);
    OK(context, apus_catalog(context, text, needed, &needed));
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        if (!strstr(text, all[i])) {
            check_failures++;
            printf("    the catalog lacks %s\n", all[i]);
        }
    }
    free(text);
}

static void json_makes_the_same_network(void)
{
    size_t needed = 0, again = 0;
    apus_model *made = NULL;
    OK(context, apus_model_to_json(context, network, NULL, 0, &needed));
    char *text = malloc(needed), *second = malloc(needed);
    OK(context, apus_model_to_json(context, network, text, needed, &needed));
    OK(context, apus_network_from_json(context, text, &made));
    OK(context, apus_model_to_json(context, made, second, needed, &again));
    CHECK(again == needed && strcmp(text, second) == 0);
    apus_model_free(made);
    free(second);
    free(text);
}

static void the_version_is_the_headers(void)
{
    CHECK(strcmp(apus_version(), APUS_VERSION_STRING) == 0);
}

static void a_message_is_gone_after_a_success(void)
{
    size_t needed = 0;
    CHECK(apus_set_seed(context, 7) == APUS_OK);
    CHECK(strcmp(apus_last_error(context), "") == 0);
    CHECK(apus_catalog(context, NULL, 0, NULL) != APUS_OK);
    CHECK(apus_last_error(context)[0]);
    CHECK(apus_catalog(context, NULL, 0, &needed) == APUS_OK);
    CHECK(strcmp(apus_last_error(context), "") == 0);
}

/* A program of tomorrow passes a longer struct: what this version knows of it is read. */
static void longer_structs_are_served(void)
{
    struct { apus_array array; uint64_t more[2]; } longer;
    double predicted[ROWS], again[ROWS];
    apus_array x = sample_x(&s), out = APUS_ARRAY_1D(APUS_FLOAT64, predicted, ROWS);
    memset(&longer, 0, sizeof longer);
    longer.array = x;
    longer.array.struct_size = sizeof longer;
    OK(context, apus_predict(context, regression, APUS_PREDICT, &x, &out));
    out.data = again;
    OK(context, apus_predict(context, regression, APUS_PREDICT, &longer.array, &out));
    CHECK(memcmp(predicted, again, sizeof predicted) == 0);
}

static void attributes_tell_their_shape_first(void)
{
    apus_array out = APUS_ARRAY_INIT;
    double coefficients[COLUMNS];
    float narrow[COLUMNS];
    OK(context, apus_model_attribute(context, regression, "coef_", &out));
    CHECK(out.dtype == APUS_FLOAT64);
    CHECK(out.ndim >= 1 && out.shape[out.ndim - 1] == COLUMNS);
    out.data = coefficients;
    OK(context, apus_model_attribute(context, regression, "coef_", &out));
    for (int j = 0; j < COLUMNS; j++) CHECK(fabs(coefficients[j] - (j + 1)) < 0.02);
    out.dtype = APUS_FLOAT32;
    out.data = narrow;
    OK(context, apus_model_attribute(context, regression, "coef_", &out));
    for (int j = 0; j < COLUMNS; j++) CHECK(narrow[j] == (float)coefficients[j]);
    out.shape[out.ndim - 1] = COLUMNS - 1;
    FAILS(context, APUS_E_SHAPE, apus_model_attribute(context, regression, "coef_", &out));
}

static void random_numbers_follow_the_seed(void)
{
    double first[64], second[64];
    int64_t order[200];
    char seen[200] = { 0 };
    apus_array out = APUS_ARRAY_1D(APUS_FLOAT64, first, 64), permutation = APUS_ARRAY_1D(APUS_INT64, order, 200);
    OK(context, apus_set_seed(context, 99));
    OK(context, apus_random_uniform(context, -2, 3, &out));
    for (int i = 0; i < 64; i++) CHECK(first[i] >= -2 && first[i] < 3);
    out.data = second;
    OK(context, apus_random_uniform(context, -2, 3, &out));
    CHECK(memcmp(first, second, sizeof first) != 0);
    OK(context, apus_set_seed(context, 99));
    OK(context, apus_random_uniform(context, -2, 3, &out));
    CHECK(memcmp(first, second, sizeof first) == 0);
    OK(context, apus_random_permutation(context, &permutation));
    for (int i = 0; i < 200; i++) {
        CHECK(order[i] >= 0 && order[i] < 200 && !seen[order[i]]);
        if (order[i] >= 0 && order[i] < 200) seen[order[i]] = 1;
    }
}

int main(void)
{
    BEGIN("text");
    make_sample(&s);
    context = new_context(1, NULL);
    regression = sample_regression(context, &s);
    network = sample_network(context);
    trainer = sample_trainer(context, network);
    apus_array x = sample_xf(&s), y = sample_label(&s);
    apus_dataset *dataset = NULL;
    OK(context, apus_dataset_create(context, &x, 1, &y, 1, NULL, &dataset));
    OK(context, apus_trainer_fit(context, trainer, dataset, NULL, NULL));
    RUN(text_comes_whole_or_not_at_all);
    RUN(the_catalog_lists_this_release);
    RUN(json_makes_the_same_network);
    RUN(the_version_is_the_headers);
    RUN(a_message_is_gone_after_a_success);
    RUN(longer_structs_are_served);
    RUN(attributes_tell_their_shape_first);
    RUN(random_numbers_follow_the_seed);
    apus_dataset_free(dataset);
    apus_trainer_free(trainer);
    apus_model_free(network);
    apus_model_free(regression);
    apus_context_free(context);
    return END();
}
