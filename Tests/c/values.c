/* Values that cannot be right: NaN and infinity, labels out of range, unknown kinds, parameters that do not exist or
 * are out of range, JSON that is not. Each is refused with a message that names what was wrong. */
#define _POSIX_C_SOURCE 200809L
#include <unistd.h>

#include "check.h"

static sample s;
static apus_context *context;

static apus_status fit(const char *kind, const char *parameters)
{
    apus_array x = sample_x(&s), y = sample_real(&s);
    apus_model *model = NULL;
    const apus_status status = apus_fit(context, kind, parameters, &x, &y, NULL, &model);
    CHECK(status == APUS_OK || model == NULL);
    apus_model_free(model);
    return status;
}

static void refuses_values_that_are_not_finite(void)
{
    static const char *const kinds[] = { "linear_regression", "standard_scaler", "min_max_scaler", "mean_normalizer" };
    const double wrong[] = { NAN, INFINITY, -INFINITY };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
            apus_array x = sample_x(&s), y = sample_real(&s);
            apus_model *model = NULL;
            const double kept = s.x[17];
            s.x[17] = wrong[i];
            FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "x",
                         apus_fit(context, kinds[k], NULL, &x, k == 0 ? &y : NULL, NULL, &model));
            s.x[17] = kept;
        }
        apus_array x = sample_x(&s), y = sample_real(&s);
        apus_model *model = NULL;
        const double kept = s.real[5];
        s.real[5] = wrong[i];
        FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "y",
                     apus_fit(context, "linear_regression", NULL, &x, &y, NULL, &model));
        s.real[5] = kept;

        apus_fit_options options = APUS_FIT_OPTIONS_INIT;
        double weights[ROWS];
        apus_array w = APUS_ARRAY_1D(APUS_FLOAT64, weights, ROWS);
        for (int r = 0; r < ROWS; r++) weights[r] = 1;
        weights[3] = wrong[i];
        options.sample_weight = &w;
        FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "weight",
                     apus_fit(context, "linear_regression", NULL, &x, &y, &options, &model));
        weights[3] = -1;
        FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "weight",
                     apus_fit(context, "linear_regression", NULL, &x, &y, &options, &model));
        CHECK(model == NULL);
    }
}

static void refuses_labels_out_of_range(void)
{
    apus_model *model = sample_network(context);
    apus_trainer *trainer = sample_trainer(context, model);
    apus_array x = sample_xf(&s), y = sample_label(&s);
    static const int32_t wrong[] = { -1, CLASSES, INT32_MAX, INT32_MIN };
    apus_dataset *dataset = NULL;
    double before = 0, after = 0, values[2];

    OK(context, apus_dataset_create(context, &x, 1, &y, 1, NULL, &dataset));
    OK(context, apus_trainer_evaluate(context, trainer, dataset, 0, values, 2));
    before = values[0];
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        const int32_t kept = s.label[9];
        s.label[9] = wrong[i];
        FAILS(context, APUS_E_INVALID_ARGUMENT, apus_trainer_step(context, trainer, &x, 1, &y, 1, NULL, NULL));
        FAILS(context, APUS_E_INVALID_ARGUMENT, apus_trainer_fit(context, trainer, dataset, NULL, NULL));
        s.label[9] = kept;
    }
    OK(context, apus_trainer_evaluate(context, trainer, dataset, 0, values, 2));
    after = values[0];
    CHECK(before == after);
    apus_dataset_free(dataset);
    apus_trainer_free(trainer);
    apus_model_free(model);
}

static void refuses_a_single_class(void)
{
    int32_t same[ROWS] = { 0 };
    apus_array x = sample_x(&s), y = APUS_ARRAY_1D(APUS_INT32, same, ROWS);
    apus_model *model = NULL;
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "y",
                 apus_fit(context, "logistic_regression", NULL, &x, &y, NULL, &model));
    CHECK(model == NULL);
}

static void refuses_unknown_kinds(void)
{
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "nonsense", fit("nonsense", NULL));
    FAILS(context, APUS_E_INVALID_ARGUMENT, fit("", NULL));
    FAILS(context, APUS_E_INVALID_ARGUMENT, fit("Linear_Regression", NULL));
    FAILS(context, APUS_E_INVALID_ARGUMENT, fit("\xff\xfe\x80", NULL));
}

static void refuses_unknown_parameters_and_values(void)
{
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "colour", fit("linear_regression", "colour=red"));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "solver", fit("linear_regression", "solver=magic"));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "max_iter", fit("linear_regression", "solver=gd max_iter=0"));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "max_iter", fit("linear_regression", "solver=gd max_iter=-3"));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "max_iter", fit("linear_regression", "solver=gd max_iter=1.5"));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "max_iter", fit("linear_regression", "solver=gd max_iter=many"));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "max_iter",
                 fit("linear_regression", "solver=gd max_iter=99999999999999999999999"));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "learning_rate", fit("linear_regression", "learning_rate=-1"));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "learning_rate", fit("linear_regression", "learning_rate=nan"));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "learning_rate", fit("linear_regression", "learning_rate=1e999"));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "fit_intercept", fit("linear_regression", "fit_intercept=perhaps"));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "C", fit("logistic_regression", "C=0"));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "penalty", fit("logistic_regression", "penalty=l7"));
    OK(context, fit("linear_regression", "fit_intercept=false"));
    OK(context, fit("linear_regression", "{\"fit_intercept\": false}"));
    OK(context, fit("linear_regression", "  fit_intercept=false  "));
    OK(context, fit("linear_regression", "{}"));
}

static void refuses_malformed_parameters(void)
{
    static const char *const wrong[] = {
        "=", "=5", "fit_intercept", "fit_intercept=", "fit_intercept==true", "{", "}", "{\"fit_intercept\"}",
        "{\"fit_intercept\": }", "{\"fit_intercept\": true", "{\"fit_intercept\": true}}", "{fit_intercept: true}",
        "{\"fit_intercept\": true,}", "[1, 2]", "{\"fit_intercept\": tru}", "{\"\\ud800\": 1}", "{\"a\": \"\\q\"}",
        "{\"a\": \"\x01\"}", "{\"a\": 01}", "{\"a\": 1e}", "{\"a\": -}", "{\"a\": .5}", "\xc3\x28=1", "{\"\xff\": 1}",
        "{\"fit_intercept\": true, \"fit_intercept\": false}", "fit_intercept=true fit_intercept=false",
        "{\"fit_intercept\": {}}", "{\"fit_intercept\": []}", "{\"fit_intercept\": null, \"solver\": 3}",
        "solver=\"", "solver=\"svd", "solver=[", "solver=[1,", "a.b=3", "{\"fit_intercept\": \"true\"} trailing",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        const apus_status status = fit("linear_regression", wrong[i]);
        if (status != APUS_E_INVALID_ARGUMENT || !apus_last_error(context)[0]) {
            check_failures++;
            printf("    accepted, or refused otherwise than as invalid (%s): %s\n", apus_status_text(status), wrong[i]);
        }
    }
}

/* Nesting that would exhaust a recursive reader's stack. */
static void refuses_deep_nesting(void)
{
    enum { DEPTH = 200000 };
    char *deep = malloc(2 * DEPTH + 64);
    apus_model *model = NULL;
    strcpy(deep, "{\"a\": ");
    char *at = deep + strlen(deep);
    memset(at, '[', DEPTH);
    memset(at + DEPTH, ']', DEPTH);
    strcpy(at + 2 * DEPTH, "}");
    CHECK(fit("linear_regression", deep) != APUS_OK);
    CHECK(apus_network_from_json(context, deep, &model) != APUS_OK);
    for (int i = 0; i < DEPTH - 8; i++) deep[i] = "{\"a\":"[i % 5];
    deep[DEPTH - 8] = 0;
    CHECK(fit("linear_regression", deep) != APUS_OK);
    CHECK(apus_network_from_json(context, deep, &model) != APUS_OK);
    CHECK(model == NULL);
    free(deep);
}

static void refuses_long_text(void)
{
    enum { LONG = 4 << 20 };
    char *text = malloc(LONG + 1);
    memset(text, 'a', LONG);
    text[LONG] = 0;
    CHECK(fit(text, NULL) == APUS_E_INVALID_ARGUMENT);
    CHECK(fit("linear_regression", text) == APUS_E_INVALID_ARGUMENT);
    CHECK(strlen(apus_last_error(context)) > 0);
    free(text);
}

static void refuses_layers_that_cannot_be(void)
{
    static const char *const wrong[][2] = {
        { "Dense", "units=0" }, { "Dense", "units=-4" }, { "Dense", "units=2.5" }, { "Dense", NULL }, { "Dense", "" },
        { "Dense", "units=4 activation=spin" }, { "Dense", "units=4 colour=red" },
        { "Dense", "units=4 kernel_initializer=nobody" }, { "Dense", "units=9223372036854775807" },
        { "Dropout", "rate=1.5" }, { "Dropout", "rate=-0.1" }, { "Dropout", "rate=nan" }, { "Activation", NULL },
        { "Activation", "activation=spin" }, { "Input", "shape=[-1]" }, { "Input", "shape=[0]" },
        { "Input", "shape=[9223372036854775807, 9223372036854775807]" }, { "Input", "shape=4.5" },
        { "Dance", "units=4" }, { "", NULL },
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        apus_network *network = NULL;
        apus_model *model = NULL;
        OK(context, apus_network_create(context, NULL, &network));
        if (strcmp(wrong[i][0], "Input")) OK(context, apus_network_add(context, network, "Input", "shape=[4]", NULL, 0, NULL));
        apus_status status = apus_network_add(context, network, wrong[i][0], wrong[i][1], NULL, 0, NULL);
        /* A size that only memory forbids may be found when the weights are made. */
        if (!status) status = apus_network_build(context, network, NULL, 0, &model);
        if (status == APUS_OK || model || !apus_last_error(context)[0]) {
            check_failures++;
            printf("    accepted: %s %s\n", wrong[i][0], wrong[i][1] ? wrong[i][1] : "NULL");
        }
        apus_model_free(model);
        apus_network_free(network);
    }
}

static void refuses_graphs_that_cannot_be(void)
{
    apus_network *network = NULL;
    apus_model *model = NULL;
    int32_t node = -1;
    static const int32_t nowhere[] = { 5 }, negative[] = { -1 }, two[] = { 0, 0 };

    OK(context, apus_network_create(context, NULL, &network));
    CHECK(apus_network_build(context, network, NULL, 0, &model) != APUS_OK);
    CHECK(apus_network_add(context, network, "Dense", "units=3", NULL, 0, &node) != APUS_OK);
    OK(context, apus_network_add(context, network, "Input", "shape=[4]", NULL, 0, &node));
    CHECK(node == 0);
    FAILS(context, APUS_E_INVALID_ARGUMENT, apus_network_add(context, network, "Dense", "units=3", nowhere, 1, &node));
    FAILS(context, APUS_E_INVALID_ARGUMENT, apus_network_add(context, network, "Dense", "units=3", negative, 1, &node));
    FAILS_NAMING(context, APUS_E_SHAPE, "input", apus_network_add(context, network, "Dense", "units=3", two, 2, &node));
    FAILS(context, APUS_E_INVALID_ARGUMENT, apus_network_add(context, network, "Dense", "units=3", two, -1, &node));
    FAILS(context, APUS_E_INVALID_ARGUMENT, apus_network_build(context, network, nowhere, 1, &model));
    FAILS(context, APUS_E_INVALID_ARGUMENT, apus_network_build(context, network, negative, 1, &model));
    CHECK(node == 0 && model == NULL);
    OK(context, apus_network_add(context, network, "Dense", "units=3", NULL, 0, &node));
    CHECK(node == 1);
    OK(context, apus_network_build(context, network, NULL, 0, &model));
    apus_model_free(model);
    apus_network_free(network);
}

static void refuses_trainers_that_cannot_be(void)
{
    static const char *const wrong[] = {
        "loss=hope", "loss=mse optimizer=luck", "loss=mse optimizer=sgd optimizer.momentum=-1",
        "loss=mse optimizer=sgd optimizer.learning_rate=-0.1", "loss=mse optimizer=adam optimizer.beta_1=1.5",
        "loss=mse metrics=beauty", "loss=mse colour=red", "{\"loss\": 3}", "{\"loss\": \"mse\", \"optimizer\": []}",
        "{\"loss\"", "optimizer=adam optimizer.learning_rate=nan loss=mse",
    };
    apus_model *model = sample_network(context);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        apus_trainer *trainer = NULL;
        const apus_status status = apus_trainer_create(context, model, wrong[i], &trainer);
        const int refused = status == APUS_E_INVALID_ARGUMENT;
        if (!refused || trainer || !apus_last_error(context)[0]) {
            check_failures++;
            printf("    accepted, or refused for another reason (%s): %s\n", apus_status_text(status), wrong[i]);
        }
        apus_trainer_free(trainer);
    }
    apus_model *regression = sample_regression(context, &s);
    apus_trainer *trainer = NULL;
    CHECK(apus_trainer_create(context, regression, TRAINER_PARAMETERS, &trainer) != APUS_OK && !trainer);
    apus_model_free(regression);
    apus_model_free(model);
}

static void refuses_keras_configurations_that_cannot_be(void)
{
    static const char *const wrong[] = {
        "", "{", "[]", "{}", "null", "3", "\"Sequential\"", "{\"class_name\": \"Sequential\"}",
        "{\"class_name\": 3, \"config\": {}}", "{\"class_name\": \"Sequential\", \"config\": []}",
        "{\"class_name\": \"Sequential\", \"config\": {\"layers\": {}}}",
        "{\"class_name\": \"Sequential\", \"config\": {\"name\": \"s\", \"layers\": [{\"class_name\": \"Dense\"}]}}",
        "{\"class_name\": \"Elsewhere\", \"module\": \"os\", \"config\": {\"layers\": []}}",
        "{\"class_name\": \"Functional\", \"config\": {\"layers\": [], \"input_layers\": 1, \"output_layers\": 2}}",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        apus_model *model = NULL;
        const apus_status status = apus_network_from_json(context, wrong[i], &model);
        if (status == APUS_OK || model || !apus_last_error(context)[0]) {
            check_failures++;
            printf("    accepted: %s\n", wrong[i]);
        }
        apus_model_free(model);
    }
}

static void refuses_unknown_attributes_and_predictions(void)
{
    apus_model *model = sample_regression(context, &s);
    apus_array x = sample_x(&s), out = APUS_ARRAY_INIT;
    double values[ROWS];
    apus_array y = APUS_ARRAY_1D(APUS_FLOAT64, values, ROWS);

    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "beauty_", apus_model_attribute(context, model, "beauty_", &out));
    FAILS(context, APUS_E_INVALID_ARGUMENT, apus_model_attribute(context, model, "", &out));
    CHECK(apus_predict(context, model, APUS_PROBABILITIES, &x, &y) == APUS_E_UNSUPPORTED);
    CHECK(apus_predict(context, model, APUS_INVERSE_TRANSFORM, &x, &y) == APUS_E_UNSUPPORTED);
    FAILS(context, APUS_E_INVALID_ARGUMENT, apus_predict(context, model, 99, &x, &y));
    FAILS(context, APUS_E_INVALID_ARGUMENT, apus_predict(context, model, -1, &x, &y));
    /* A regression keeps its cost history only when it went down step by step. */
    CHECK(apus_model_attribute(context, model, "loss_curve_", &out) != APUS_OK);
    apus_model_free(model);
}

static void refuses_random_ranges_that_are_none(void)
{
    float values[4];
    int64_t whole[4];
    apus_array out = APUS_ARRAY_1D(APUS_FLOAT32, values, 4), integers = APUS_ARRAY_1D(APUS_INT64, whole, 4);
    FAILS(context, APUS_E_INVALID_ARGUMENT, apus_random_uniform(context, 1, 0, &out));
    FAILS(context, APUS_E_INVALID_ARGUMENT, apus_random_uniform(context, NAN, 1, &out));
    FAILS(context, APUS_E_INVALID_ARGUMENT, apus_random_uniform(context, 0, INFINITY, &out));
    FAILS(context, APUS_E_INVALID_ARGUMENT, apus_random_normal(context, 0, -1, &out));
    FAILS(context, APUS_E_INVALID_ARGUMENT, apus_random_normal(context, NAN, 1, &out));
    FAILS(context, APUS_E_INVALID_ARGUMENT, apus_random_integers(context, 5, 5, &integers));
    FAILS(context, APUS_E_INVALID_ARGUMENT, apus_random_integers(context, 5, 2, &integers));
    OK(context, apus_random_integers(context, INT64_MIN, INT64_MAX, &integers));
    integers.dtype = APUS_UINT8;
    FAILS(context, APUS_E_DTYPE, apus_random_integers(context, 0, 9, &integers));
    out.dtype = APUS_INT32;
    FAILS(context, APUS_E_DTYPE, apus_random_uniform(context, 0, 1, &out));
}

static void refuses_context_options_out_of_range(void)
{
    apus_context *c = NULL;
    apus_context_options options = APUS_CONTEXT_OPTIONS_INIT;
    options.threads = -1;
    CHECK(apus_context_create(&options, &c) == APUS_E_INVALID_ARGUMENT && !c);
    options.threads = 1025;
    CHECK(apus_context_create(&options, &c) == APUS_E_INVALID_ARGUMENT && !c);
    options.threads = 1;
    options.instruction_set = 99;
    CHECK(apus_context_create(&options, &c) == APUS_E_INVALID_ARGUMENT && !c);
    options.instruction_set = -1;
    CHECK(apus_context_create(&options, &c) == APUS_E_INVALID_ARGUMENT && !c);
    apus_allocator half = APUS_ALLOCATOR_INIT;
    options.instruction_set = 0;
    options.allocator = &half;
    CHECK(apus_context_create(&options, &c) == APUS_E_INVALID_ARGUMENT && !c);
}

static void keeps_to_the_memory_limit(void)
{
    apus_context_options options = APUS_CONTEXT_OPTIONS_INIT;
    apus_context *small = NULL;
    apus_array x = sample_x(&s), y = sample_real(&s);
    apus_model *model = NULL;
    options.memory_limit = 64;
    OK(NULL, apus_context_create(&options, &small));
    FAILS_NAMING(small, APUS_E_LIMIT, "64", apus_fit(small, "linear_regression", NULL, &x, &y, NULL, &model));
    CHECK(model == NULL);
    apus_context_free(small);
}

static void names_every_status(void)
{
    for (apus_status status = APUS_OK; status <= APUS_E_BUSY; status++) CHECK(strlen(apus_status_text(status)) > 0);
    CHECK(strlen(apus_status_text(12345)) > 0);
    CHECK(strlen(apus_status_text(-1)) > 0);
}

int main(void)
{
    BEGIN("values");
    make_sample(&s);
    context = new_context(1, NULL);
    RUN(refuses_values_that_are_not_finite);
    RUN(refuses_labels_out_of_range);
    RUN(refuses_a_single_class);
    RUN(refuses_unknown_kinds);
    RUN(refuses_unknown_parameters_and_values);
    RUN(refuses_malformed_parameters);
    RUN(refuses_deep_nesting);
    RUN(refuses_long_text);
    RUN(refuses_layers_that_cannot_be);
    RUN(refuses_graphs_that_cannot_be);
    RUN(refuses_trainers_that_cannot_be);
    RUN(refuses_keras_configurations_that_cannot_be);
    RUN(refuses_unknown_attributes_and_predictions);
    RUN(refuses_random_ranges_that_are_none);
    RUN(refuses_context_options_out_of_range);
    RUN(keeps_to_the_memory_limit);
    RUN(names_every_status);
    apus_context_free(context);
    return END();
}
