/* Arrays as callers really have them, and as they must not be: every dtype, strides of every sign, broadcasts,
 * misaligned memory, wrong ranks and shapes, zero and one row, sizes whose product overflows. */
#define _POSIX_C_SOURCE 200809L
#include <unistd.h>

#include "check.h"

static sample s;
static apus_context *context;
static apus_model *regression, *network_model;

static void predict_real(const apus_array *x, double *predicted)
{
    apus_array out = APUS_ARRAY_1D(APUS_FLOAT64, predicted, ROWS);
    OK(context, apus_predict(context, regression, APUS_PREDICT, x, &out));
}

/* Whatever the layout, the numbers are the same, so the predictions are. */
static void expect_same(const apus_array *x)
{
    double dense[ROWS], other[ROWS];
    apus_array plain = sample_x(&s);
    predict_real(&plain, dense);
    predict_real(x, other);
    for (int i = 0; i < ROWS; i++) CHECK(fabs(dense[i] - other[i]) <= 1e-14 * fabs(dense[i]));
}

static void reads_fortran_order(void)
{
    double columns[COLUMNS][ROWS];
    apus_array x = APUS_ARRAY_2D(APUS_FLOAT64, columns, ROWS, COLUMNS);
    for (int i = 0; i < ROWS; i++)
        for (int j = 0; j < COLUMNS; j++) columns[j][i] = s.x[i * COLUMNS + j];
    x.flags = APUS_ARRAY_STRIDED;
    x.strides[0] = sizeof(double);
    x.strides[1] = ROWS * sizeof(double);
    expect_same(&x);
}

static void reads_negative_strides(void)
{
    double reversed[ROWS * COLUMNS];
    apus_array x = APUS_ARRAY_2D(APUS_FLOAT64, reversed + ROWS * COLUMNS - 1, ROWS, COLUMNS);
    for (int i = 0; i < ROWS * COLUMNS; i++) reversed[ROWS * COLUMNS - 1 - i] = s.x[i];
    x.flags = APUS_ARRAY_STRIDED;
    x.strides[0] = -COLUMNS * (int64_t)sizeof(double);
    x.strides[1] = -(int64_t)sizeof(double);
    expect_same(&x);
}

static void reads_broadcast_rows(void)
{
    double row[COLUMNS] = { 0.5, -0.25, 0.125, 1 }, predicted[ROWS];
    apus_array x = APUS_ARRAY_2D(APUS_FLOAT64, row, ROWS, COLUMNS);
    x.flags = APUS_ARRAY_STRIDED;
    x.strides[0] = 0;
    x.strides[1] = sizeof(double);
    predict_real(&x, predicted);
    for (int i = 1; i < ROWS; i++) CHECK(predicted[i] == predicted[0]);
}

static void reads_and_writes_misaligned_memory(void)
{
    unsigned char in[ROWS * COLUMNS * sizeof(double) + 1], bytes[ROWS * sizeof(double) + 3];
    double dense[ROWS], value;
    apus_array plain = sample_x(&s);
    apus_array x = APUS_ARRAY_2D(APUS_FLOAT64, in + 1, ROWS, COLUMNS);
    apus_array out = APUS_ARRAY_1D(APUS_FLOAT64, bytes + 3, ROWS);

    memcpy(in + 1, s.x, sizeof s.x);
    expect_same(&x);
    predict_real(&plain, dense);
    OK(context, apus_predict(context, regression, APUS_PREDICT, &x, &out));
    for (int i = 0; i < ROWS; i++) {
        memcpy(&value, bytes + 3 + i * (int)sizeof value, sizeof value);
        CHECK(fabs(value - dense[i]) <= 1e-14 * fabs(dense[i]));
    }
}

static void writes_strided_output_and_nothing_between(void)
{
    double dense[ROWS], wide[ROWS * 3];
    apus_array x = sample_x(&s), out = APUS_ARRAY_1D(APUS_FLOAT64, wide + 1, ROWS);
    for (int i = 0; i < ROWS * 3; i++) wide[i] = -7;
    out.flags = APUS_ARRAY_STRIDED;
    out.strides[0] = 3 * sizeof(double);
    predict_real(&x, dense);
    OK(context, apus_predict(context, regression, APUS_PREDICT, &x, &out));
    for (int i = 0; i < ROWS; i++) {
        CHECK(wide[3 * i + 1] == dense[i]);
        CHECK(wide[3 * i] == -7 && wide[3 * i + 2] == -7);
    }
}

static void refuses_output_elements_that_share_memory(void)
{
    double one[1] = { -7 };
    apus_array x = sample_x(&s), out = APUS_ARRAY_1D(APUS_FLOAT64, one, ROWS);
    out.flags = APUS_ARRAY_STRIDED;
    out.strides[0] = 0;
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "out", apus_predict(context, regression, APUS_PREDICT, &x, &out));
    CHECK(one[0] == -7);
}

static void reads_every_dtype(void)
{
    float f[8];
    double d[8], expected[2], predicted[2];
    int32_t i32[8];
    int64_t i64[8];
    uint8_t u8[8], b[8];
    const struct { int32_t dtype; void *data; } views[] = { { APUS_FLOAT32, f }, { APUS_INT32, i32 },
                                                            { APUS_INT64, i64 }, { APUS_UINT8, u8 },
                                                            { APUS_BOOL, b } };
    apus_array out = APUS_ARRAY_1D(APUS_FLOAT64, expected, 2);

    for (int i = 0; i < 8; i++) {
        const int bit = (i * 5 + 1) % 3 == 0;
        d[i] = f[i] = (float)(i32[i] = (int32_t)(i64[i] = u8[i] = b[i] = (uint8_t)bit));
    }
    apus_array x = APUS_ARRAY_2D(APUS_FLOAT64, d, 2, COLUMNS);
    OK(context, apus_predict(context, regression, APUS_PREDICT, &x, &out));
    out.data = predicted;
    for (size_t k = 0; k < sizeof views / sizeof *views; k++) {
        x.dtype = views[k].dtype;
        x.data = views[k].data;
        OK(context, apus_predict(context, regression, APUS_PREDICT, &x, &out));
        CHECK(predicted[0] == expected[0] && predicted[1] == expected[1]);
    }
}

static void refuses_unknown_dtypes(void)
{
    static const int32_t unknown[] = { 0, 7, -1, 1000, INT32_MAX, INT32_MIN };
    double predicted[ROWS];
    apus_array out = APUS_ARRAY_1D(APUS_FLOAT64, predicted, ROWS);
    for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++) {
        apus_array x = sample_x(&s);
        x.dtype = unknown[i];
        FAILS_NAMING(context, APUS_E_DTYPE, "x", apus_predict(context, regression, APUS_PREDICT, &x, &out));
    }
    apus_array x = sample_x(&s);
    out.dtype = APUS_BOOL;
    FAILS_NAMING(context, APUS_E_DTYPE, "out", apus_predict(context, regression, APUS_PREDICT, &x, &out));
}

/* A whole number that the type cannot hold exactly is refused, not rounded. */
static void refuses_numbers_it_would_have_to_round(void)
{
    int64_t big[COLUMNS] = { 1, 2, 3, (INT64_C(1) << 53) + 1 };
    double predicted[1];
    apus_array x = APUS_ARRAY_2D(APUS_INT64, big, 1, COLUMNS), out = APUS_ARRAY_1D(APUS_FLOAT64, predicted, 1);
    FAILS_NAMING(context, APUS_E_DTYPE, "x", apus_predict(context, regression, APUS_PREDICT, &x, &out));
    big[3] = INT64_C(1) << 53;
    OK(context, apus_predict(context, regression, APUS_PREDICT, &x, &out));
}

static void refuses_wrong_ranks(void)
{
    static const int32_t ranks[] = { -1, 0, 1, 3, 8, 9, 100, INT32_MAX, INT32_MIN };
    double predicted[ROWS];
    for (size_t i = 0; i < sizeof ranks / sizeof *ranks; i++) {
        apus_array x = sample_x(&s), y = sample_real(&s), out = APUS_ARRAY_1D(APUS_FLOAT64, predicted, ROWS);
        apus_model *model = NULL;
        x.ndim = ranks[i];
        for (int k = 2; k < 8; k++) x.shape[k] = 1;
        const apus_status fit = apus_fit(context, "linear_regression", NULL, &x, &y, NULL, &model);
        CHECK(fit == APUS_E_SHAPE || fit == APUS_E_INVALID_ARGUMENT);
        CHECK(strstr(apus_last_error(context), "x"));
        CHECK(model == NULL);
        const apus_status predict = apus_predict(context, regression, APUS_PREDICT, &x, &out);
        CHECK(predict == APUS_E_SHAPE || predict == APUS_E_INVALID_ARGUMENT);
    }
}

static void refuses_shapes_that_do_not_match(void)
{
    double predicted[ROWS];
    apus_array x = sample_x(&s), y = sample_real(&s), out = APUS_ARRAY_1D(APUS_FLOAT64, predicted, ROWS);
    apus_model *model = NULL;

    y.shape[0] = ROWS - 1;
    FAILS_NAMING(context, APUS_E_SHAPE, "y", apus_fit(context, "linear_regression", NULL, &x, &y, NULL, &model));
    x.shape[1] = COLUMNS - 1;
    FAILS_NAMING(context, APUS_E_SHAPE, "x", apus_predict(context, regression, APUS_PREDICT, &x, &out));
    x.shape[1] = COLUMNS;
    out.shape[0] = ROWS - 1;
    FAILS_NAMING(context, APUS_E_SHAPE, "out", apus_predict(context, regression, APUS_PREDICT, &x, &out));
    out.shape[0] = ROWS + 1;
    FAILS_NAMING(context, APUS_E_SHAPE, "out", apus_predict(context, regression, APUS_PREDICT, &x, &out));

    apus_fit_options options = APUS_FIT_OPTIONS_INIT;
    apus_array weights = APUS_ARRAY_1D(APUS_FLOAT64, s.real, ROWS - 1);
    options.sample_weight = &weights;
    y.shape[0] = ROWS;
    FAILS_NAMING(context, APUS_E_SHAPE, "weight",
                 apus_fit(context, "linear_regression", NULL, &x, &y, &options, &model));
    CHECK(model == NULL);
}

static void refuses_no_rows_and_no_columns(void)
{
    double predicted[1];
    apus_array x = sample_x(&s), y = sample_real(&s), out = APUS_ARRAY_1D(APUS_FLOAT64, predicted, 0);
    apus_model *model = NULL;

    x.shape[0] = y.shape[0] = 0;
    FAILS_NAMING(context, APUS_E_SHAPE, "x", apus_fit(context, "linear_regression", NULL, &x, &y, NULL, &model));
    x.shape[0] = y.shape[0] = ROWS;
    x.shape[1] = 0;
    FAILS_NAMING(context, APUS_E_SHAPE, "x", apus_fit(context, "linear_regression", NULL, &x, &y, NULL, &model));
    CHECK(model == NULL);

    /* Predicting nothing is either nothing done or a clear error, but never a crash. */
    x.shape[0] = 0;
    x.shape[1] = COLUMNS;
    const apus_status none = apus_predict(context, regression, APUS_PREDICT, &x, &out);
    CHECK(none == APUS_OK || none == APUS_E_SHAPE);
}

static void fits_and_predicts_one_row(void)
{
    double predicted[1];
    apus_array x = sample_x(&s), y = sample_real(&s), out = APUS_ARRAY_1D(APUS_FLOAT64, predicted, 1);
    apus_model *model = NULL;

    x.shape[0] = y.shape[0] = 1;
    OK(context, apus_fit(context, "linear_regression", NULL, &x, &y, NULL, &model));
    OK(context, apus_predict(context, model, APUS_PREDICT, &x, &out));
    CHECK(fabs(predicted[0] - s.real[0]) < 1e-9);
    apus_model_free(model);
}

static void refuses_sizes_that_overflow(void)
{
    static const int64_t sizes[][2] = {
        { INT64_MAX, INT64_MAX }, { INT64_MAX, 1 }, { 1, INT64_MAX }, { INT64_C(1) << 32, INT64_C(1) << 32 },
        { INT64_C(1) << 61, 4 },  { -1, 4 },        { 4, -1 },        { INT64_MIN, INT64_MIN },
        { INT64_MAX / 8, 8 },     { INT64_C(1) << 40, INT64_C(1) << 22 },
    };
    double predicted[ROWS];
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        apus_array x = sample_x(&s), y = sample_real(&s), out = APUS_ARRAY_1D(APUS_FLOAT64, predicted, ROWS);
        apus_array described = APUS_ARRAY_INIT;
        apus_model *model = NULL;
        x.shape[0] = y.shape[0] = sizes[i][0];
        x.shape[1] = sizes[i][1];
        CHECK(apus_fit(context, "linear_regression", NULL, &x, &y, NULL, &model) != APUS_OK);
        CHECK(apus_last_error(context)[0] != 0);
        CHECK(model == NULL);
        CHECK(apus_predict(context, regression, APUS_PREDICT, &x, &out) != APUS_OK);
        CHECK(apus_last_error(context)[0] != 0);
        if (sizes[i][1] != COLUMNS)
            CHECK(apus_model_output_shape(context, regression, APUS_PREDICT, &x, &described) != APUS_OK);
        out.shape[0] = sizes[i][0];
        CHECK(apus_random_uniform(context, 0, 1, &x) != APUS_OK);
    }
    /* Strides that reach beyond any address. */
    apus_array x = sample_x(&s), out = APUS_ARRAY_1D(APUS_FLOAT64, predicted, ROWS);
    x.flags = APUS_ARRAY_STRIDED;
    x.strides[0] = INT64_MAX / 2;
    x.strides[1] = 8;
    FAILS_NAMING(context, APUS_E_SHAPE, "x", apus_predict(context, regression, APUS_PREDICT, &x, &out));
    x.strides[0] = INT64_MIN;
    FAILS_NAMING(context, APUS_E_SHAPE, "x", apus_predict(context, regression, APUS_PREDICT, &x, &out));
}

static void refuses_structs_too_short_to_be_any(void)
{
    static const uint32_t wrong[] = { 0, 1, 8, 31 };
    double predicted[ROWS];
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        apus_array x = sample_x(&s), out = APUS_ARRAY_1D(APUS_FLOAT64, predicted, ROWS);
        apus_context_options options = APUS_CONTEXT_OPTIONS_INIT;
        apus_context *c = NULL;
        x.struct_size = wrong[i];
        FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "struct_size",
                     apus_predict(context, regression, APUS_PREDICT, &x, &out));
        options.struct_size = wrong[i];
        FAILS(NULL, APUS_E_INVALID_ARGUMENT, apus_context_create(&options, &c));
        CHECK(c == NULL);
    }
}

static void networks_refuse_wrong_arrays(void)
{
    float out_values[ROWS * CLASSES];
    apus_array x = sample_xf(&s), label = sample_label(&s);
    apus_array out = APUS_ARRAY_2D(APUS_FLOAT32, out_values, ROWS, CLASSES);
    apus_trainer *trainer = sample_trainer(context, network_model);
    apus_session *session = NULL;
    double loss = -1;

    OK(context, apus_session_create(context, network_model, ROWS, &session));
    x.shape[1] = COLUMNS - 1;
    FAILS(context, APUS_E_SHAPE, apus_predict(context, network_model, APUS_PREDICT, &x, &out));
    FAILS(context, APUS_E_SHAPE, apus_session_run(context, session, &x, 1, &out, 1));
    FAILS(context, APUS_E_SHAPE, apus_trainer_step(context, trainer, &x, 1, &label, 1, NULL, &loss));
    x.shape[1] = COLUMNS;
    label.shape[0] = ROWS - 1;
    FAILS(context, APUS_E_SHAPE, apus_trainer_step(context, trainer, &x, 1, &label, 1, NULL, &loss));
    label.shape[0] = ROWS;
    out.shape[1] = CLASSES + 1;
    FAILS(context, APUS_E_SHAPE, apus_predict(context, network_model, APUS_PREDICT, &x, &out));
    FAILS(context, APUS_E_SHAPE, apus_session_run(context, session, &x, 1, &out, 1));
    out.shape[1] = CLASSES;
    const apus_array many_x[3] = { x, x, x }, many_labels[3] = { label, label, label };
    apus_array many_out[3] = { out, out, out };
    FAILS(context, APUS_E_INVALID_ARGUMENT, apus_session_run(context, session, many_x, 2, &out, 1));
    FAILS(context, APUS_E_INVALID_ARGUMENT, apus_session_run(context, session, &x, 0, &out, 1));
    FAILS(context, APUS_E_INVALID_ARGUMENT, apus_session_run(context, session, &x, -1, &out, 1));
    FAILS(context, APUS_E_INVALID_ARGUMENT, apus_session_run(context, session, &x, 1, many_out, 2));
    FAILS(context, APUS_E_INVALID_ARGUMENT, apus_trainer_step(context, trainer, &x, 1, many_labels, 3, NULL, &loss));
    apus_session *small = NULL;
    OK(context, apus_session_create(context, network_model, 2, &small));
    CHECK(apus_session_run(context, small, &x, 1, &out, 1) != APUS_OK);
    FAILS(context, APUS_E_INVALID_ARGUMENT, apus_session_create(context, network_model, 0, &session));
    FAILS(context, APUS_E_INVALID_ARGUMENT, apus_session_create(context, network_model, -5, &session));
    CHECK(apus_session_create(context, network_model, INT64_MAX, &session) != APUS_OK);
    CHECK(loss == -1);
    /* The trainer was told nothing that it could remember. */
    OK(context, apus_trainer_step(context, trainer, &x, 1, &label, 1, NULL, &loss));
    apus_session_free(small);
    apus_session_free(session);
    apus_trainer_free(trainer);
}

static void networks_read_strided_input(void)
{
    float dense[ROWS * CLASSES], other[ROWS * CLASSES];
    apus_array x = sample_xf(&s), out = APUS_ARRAY_2D(APUS_FLOAT32, dense, ROWS, CLASSES);
    OK(context, apus_predict(context, network_model, APUS_PREDICT, &x, &out));
    float columns[COLUMNS][ROWS];
    for (int i = 0; i < ROWS; i++)
        for (int j = 0; j < COLUMNS; j++) columns[j][i] = s.xf[i * COLUMNS + j];
    x = (apus_array)APUS_ARRAY_2D(APUS_FLOAT32, columns, ROWS, COLUMNS);
    x.flags = APUS_ARRAY_STRIDED;
    x.strides[0] = sizeof(float);
    x.strides[1] = ROWS * sizeof(float);
    out.data = other;
    OK(context, apus_predict(context, network_model, APUS_PREDICT, &x, &out));
    CHECK(memcmp(dense, other, sizeof dense) == 0);
}

int main(void)
{
    BEGIN("arrays");
    make_sample(&s);
    context = new_context(2, NULL);
    regression = sample_regression(context, &s);
    network_model = sample_network(context);
    RUN(reads_fortran_order);
    RUN(reads_negative_strides);
    RUN(reads_broadcast_rows);
    RUN(reads_and_writes_misaligned_memory);
    RUN(writes_strided_output_and_nothing_between);
    RUN(refuses_output_elements_that_share_memory);
    RUN(reads_every_dtype);
    RUN(refuses_unknown_dtypes);
    RUN(refuses_numbers_it_would_have_to_round);
    RUN(refuses_wrong_ranks);
    RUN(refuses_shapes_that_do_not_match);
    RUN(refuses_no_rows_and_no_columns);
    RUN(fits_and_predicts_one_row);
    RUN(refuses_sizes_that_overflow);
    RUN(refuses_structs_too_short_to_be_any);
    RUN(networks_refuse_wrong_arrays);
    RUN(networks_read_strided_input);
    apus_model_free(regression);
    apus_model_free(network_model);
    apus_context_free(context);
    return END();
}
