/* Weights into and out of networks that there are: what is loaded, what is skipped, and that a failure changes
 * nothing. */
#define _POSIX_C_SOURCE 200809L
#include <unistd.h>

#include "check.h"

static apus_context *context;

/* 3 inputs, "body" of 4 units, and a last layer of any name and size. */
static apus_model *network(const char *last, int units)
{
    apus_network *network = NULL;
    apus_model *model = NULL;
    char parameters[64];
    snprintf(parameters, sizeof parameters, "name=%s units=%d", last, units);
    OK(context, apus_network_create(context, NULL, &network));
    OK(context, apus_network_add(context, network, "Input", "shape=[3]", NULL, 0, NULL));
    OK(context, apus_network_add(context, network, "Dense", "name=body units=4", NULL, 0, NULL));
    OK(context, apus_network_add(context, network, "Dense", parameters, NULL, 0, NULL));
    OK(context, apus_network_build(context, network, NULL, 0, &model));
    apus_network_free(network);
    return model;
}

/* The first number of a weight. */
static float first(const apus_model *model, const char *path)
{
    float values[64] = { 0 };
    apus_array out = APUS_ARRAY_1D(APUS_FLOAT32, NULL, 0);
    OK(context, apus_model_attribute(context, model, path, &out));
    out.data = values;
    OK(context, apus_model_attribute(context, model, path, &out));
    return values[0];
}

static void weights_go_out_and_in(void)
{
    const char *path = scratch("all.h5");
    apus_model *from = network("head", 2), *to = network("other", 2);
    int64_t loaded = -1;
    CHECK(first(from, "body/kernel") != first(to, "body/kernel"));
    OK(context, apus_model_save_weights(context, from, path, NULL));
    OK(context, apus_model_load_weights(context, to, path, NULL, NULL, &loaded, NULL, 0, NULL));
    CHECK(loaded == 4);
    CHECK(first(from, "body/kernel") == first(to, "body/kernel"));
    CHECK(first(from, "head/kernel") == first(to, "other/kernel"));
    /* A whole model's file serves as well. */
    apus_model *third = network("third", 2);
    OK(context, apus_model_save(context, from, path, "deflate=4 fletcher32=true"));
    OK(context, apus_model_load_weights(context, third, path, "", NULL, NULL, NULL, 0, NULL));
    CHECK(first(from, "head/kernel") == first(third, "third/kernel"));
    remove(path);
    apus_model_free(from);
    apus_model_free(to);
    apus_model_free(third);
}

static void names_pair_layers_and_a_report_tells_which(void)
{
    const char *path = scratch("named.h5");
    apus_model *from = network("head", 2), *to = network("other", 3);
    const float before = first(to, "other/kernel");
    char report[512];
    size_t needed = 0;
    int64_t loaded = 0;
    OK(context, apus_model_save_weights(context, from, path, NULL));
    /* A trial says what would be, and changes nothing. */
    OK(context, apus_model_load_weights(context, to, path, "by_name=true", NULL, &loaded, NULL, 0, &needed));
    CHECK(loaded == 2 && needed > 1 && needed <= sizeof report);
    CHECK(first(from, "body/kernel") != first(to, "body/kernel"));
    /* Nor does a report without room. */
    FAILS(context, APUS_E_BUFFER_TOO_SMALL,
          apus_model_load_weights(context, to, path, "by_name=true", NULL, NULL, report, needed - 1, &needed));
    CHECK(first(from, "body/kernel") != first(to, "body/kernel"));
    OK(context, apus_model_load_weights(context, to, path, "by_name=true", NULL, &loaded, report, needed, &needed));
    CHECK(loaded == 2 && first(from, "body/kernel") == first(to, "body/kernel"));
    CHECK(first(to, "other/kernel") == before);
    CHECK(strstr(report, "\"loaded\": [\"body/kernel\", \"body/bias\"]") != NULL);
    CHECK(strstr(report, "\"untouched\": [\"other/kernel\", \"other/bias\"]") != NULL);
    CHECK(strstr(report, "\"unused\": [\"head\"]") != NULL);
    remove(path);
    apus_model_free(from);
    apus_model_free(to);
}

static void what_does_not_fit_fails_or_is_skipped(void)
{
    const char *path = scratch("unfit.h5");
    apus_model *from = network("head", 2), *to = network("head", 3);
    const float body = first(to, "body/kernel"), head = first(to, "head/kernel");
    char report[1024];
    size_t needed = 0;
    int64_t loaded = 0;
    OK(context, apus_model_save_weights(context, from, path, NULL));
    FAILS_NAMING(context, APUS_E_SHAPE, "head/kernel",
                 apus_model_load_weights(context, to, path, NULL, NULL, NULL, NULL, 0, NULL));
    CHECK(first(to, "body/kernel") == body);
    OK(context, apus_model_load_weights(context, to, path, "skip_mismatch=true", NULL, &loaded, report, sizeof report,
                                        &needed));
    CHECK(loaded == 2 && first(to, "body/kernel") == first(from, "body/kernel") && first(to, "head/kernel") == head);
    CHECK(strstr(report, "\"weight\": \"head/kernel\"") != NULL);
    remove(path);
    apus_model_free(from);
    apus_model_free(to);
}

static void some_layers_alone_take_part(void)
{
    const char *path = scratch("some.h5");
    apus_model *from = network("head", 2), *to = network("head", 2);
    const float body = first(to, "body/kernel");
    int64_t loaded = 0;
    OK(context, apus_model_save_weights(context, from, path, NULL));
    OK(context, apus_model_load_weights(context, to, path, "{\"layers\": [\"he*\"]}", NULL, &loaded, NULL, 0, NULL));
    CHECK(loaded == 2 && first(to, "body/kernel") == body && first(to, "head/kernel") == first(from, "head/kernel"));
    OK(context, apus_model_load_weights(context, to, path, "layers=body", NULL, &loaded, NULL, 0, NULL));
    CHECK(loaded == 2 && first(to, "body/kernel") == first(from, "body/kernel"));
    OK(context, apus_model_load_weights(context, to, path, "layers=[]", NULL, &loaded, NULL, 0, NULL));
    CHECK(loaded == 0);
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "nobody",
                 apus_model_load_weights(context, to, path, "layers=[\"nobody\"]", NULL, NULL, NULL, 0, NULL));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "layers",
                 apus_model_load_weights(context, to, path, "layers=[1]", NULL, NULL, NULL, 0, NULL));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "by_names",
                 apus_model_load_weights(context, to, path, "by_names=true", NULL, NULL, NULL, 0, NULL));
    remove(path);
    apus_model_free(from);
    apus_model_free(to);
}

static void a_trainer_takes_what_was_loaded(void)
{
    const char *path = scratch("trained.h5");
    apus_model *from = network("head", 2), *to = network("head", 2);
    apus_trainer *trainer = NULL;
    OK(context, apus_trainer_create(context, to, "loss=mse optimizer=adam", &trainer));
    OK(context, apus_model_save_weights(context, from, path, NULL));
    OK(context, apus_model_load_weights(context, to, path, NULL, NULL, NULL, NULL, 0, NULL));
    OK(context, apus_trainer_refresh(context, trainer));
    float values[12];
    apus_array out = APUS_ARRAY_2D(APUS_FLOAT32, values, 3, 4);
    OK(context, apus_trainer_weight(context, trainer, "body/kernel", &out));
    CHECK(values[0] == first(from, "body/kernel"));
    remove(path);
    apus_trainer_free(trainer);
    apus_model_free(from);
    apus_model_free(to);
}

static void keras_3s_tree_carries_weights_too(void)
{
    const char *path = scratch("tree.weights.h5");
    apus_model *from = network("head", 2), *to = network("other", 2), *unlike = network("other", 3);
    const float before = first(unlike, "body/kernel");
    int64_t loaded = 0;
    OK(context, apus_model_save_weights(context, from, path, "deflate=1"));
    OK(context, apus_model_load_weights(context, to, path, NULL, NULL, &loaded, NULL, 0, NULL));
    CHECK(loaded == 4 && first(from, "head/kernel") == first(to, "other/kernel"));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "by_name",
                 apus_model_load_weights(context, to, path, "by_name=true", NULL, NULL, NULL, 0, NULL));
    FAILS_NAMING(context, APUS_E_SHAPE, "other",
                 apus_model_load_weights(context, unlike, path, NULL, NULL, NULL, NULL, 0, NULL));
    CHECK(first(unlike, "body/kernel") == before);
    OK(context, apus_model_load_weights(context, unlike, path, "skip_mismatch=true", NULL, &loaded, NULL, 0, NULL));
    CHECK(loaded == 2 && first(unlike, "body/kernel") == first(from, "body/kernel"));
    remove(path);
    apus_model_free(from);
    apus_model_free(to);
    apus_model_free(unlike);
}

static void other_files_and_models_are_refused(void)
{
    const char *path = scratch("none.h5");
    apus_model *model = network("head", 2), *line = NULL;
    double xs[] = { 0, 1, 2, 3 }, ys[] = { 1, 2, 3, 4 };
    apus_array x = APUS_ARRAY_2D(APUS_FLOAT64, xs, 4, 1), y = APUS_ARRAY_1D(APUS_FLOAT64, ys, 4);
    OK(context, apus_fit(context, "linear_regression", NULL, &x, &y, NULL, &line));
    FAILS(context, APUS_E_IO, apus_model_load_weights(context, model, path, NULL, NULL, NULL, NULL, 0, NULL));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "network", apus_model_save_weights(context, line, path, NULL));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "network",
                 apus_model_load_weights(context, line, path, NULL, NULL, NULL, NULL, 0, NULL));
    OK(context, apus_model_save(context, line, path, NULL));
    FAILS(context, APUS_E_UNSUPPORTED, apus_model_load_weights(context, model, path, NULL, NULL, NULL, NULL, 0, NULL));
    FAILS(context, APUS_E_INVALID_ARGUMENT, apus_model_save_weights(context, model, path, "deflate=10"));
    FAILS_NAMING(context, APUS_E_UNSUPPORTED, "archive",
                 apus_model_save_weights(context, model, scratch("weights.keras"), NULL));
    FILE *file = fopen(path, "wb");
    CHECK(file && fputs("no file of weights", file) >= 0 && fclose(file) == 0);
    FAILS(context, APUS_E_CORRUPT, apus_model_load_weights(context, model, path, NULL, NULL, NULL, NULL, 0, NULL));
    remove(path);
    apus_model_free(model);
    apus_model_free(line);
}

int main(void)
{
    BEGIN("weights");
    context = new_context(1, NULL);
    RUN(weights_go_out_and_in);
    RUN(names_pair_layers_and_a_report_tells_which);
    RUN(what_does_not_fit_fails_or_is_skipped);
    RUN(some_layers_alone_take_part);
    RUN(a_trainer_takes_what_was_loaded);
    RUN(keras_3s_tree_carries_weights_too);
    RUN(other_files_and_models_are_refused);
    apus_context_free(context);
    return END();
}
