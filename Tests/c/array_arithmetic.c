/* Elementwise arithmetic, choices, copies, joins, selections and views through the C interface: values by hand, and every
 * kind of argument that must be refused. */
#define _POSIX_C_SOURCE 200809L
#include <unistd.h>

#include "check.h"

static apus_context *context;

static apus_array vector(int32_t dtype, void *data, int64_t n) { return (apus_array)APUS_ARRAY_1D(dtype, data, n); }

static apus_array strided(int32_t dtype, void *data, int64_t n, int64_t stride)
{
    apus_array a = APUS_ARRAY_1D(dtype, data, n);
    a.flags = APUS_ARRAY_STRIDED;
    a.strides[0] = stride;
    return a;
}

static void adds_with_broadcasting(void)
{
    double column[3] = { 10, 20, 30 }, row[2] = { 1, 2 }, sum[6];
    const double expected[6] = { 11, 12, 21, 22, 31, 32 };
    apus_array a = APUS_ARRAY_2D(APUS_FLOAT64, column, 3, 1), b = vector(APUS_FLOAT64, row, 2);
    apus_array out = APUS_ARRAY_2D(APUS_FLOAT64, sum, 3, 2);
    OK(context, apus_elementwise(context, "add", &a, &b, &out));
    CHECK(memcmp(sum, expected, sizeof sum) == 0);
    OK(context, apus_elementwise(context, "subtract", &b, &a, &out));
    CHECK(sum[0] == -9 && sum[5] == -28);
    OK(context, apus_elementwise_scalar(context, "power", &out, 2, &out));
    CHECK(sum[0] == 81 && sum[5] == 784);
}

static void a_scalar_takes_the_precision_of_the_array(void)
{
    float x[1] = { 1 }, y[1];
    double z[1], wide[1] = { 1 };
    apus_array a = vector(APUS_FLOAT32, x, 1), narrow = vector(APUS_FLOAT32, y, 1);
    apus_array d = vector(APUS_FLOAT64, wide, 1), out = vector(APUS_FLOAT64, z, 1);
    OK(context, apus_elementwise_scalar(context, "add", &a, 0.1, &narrow));
    CHECK(y[0] == 1.0f + 0.1f);
    OK(context, apus_elementwise_scalar(context, "add", &a, 0.1, &out));
    CHECK(z[0] == (double)(1.0f + 0.1f));
    OK(context, apus_elementwise_scalar(context, "add", &d, 0.1, &out));
    CHECK(z[0] == 1.1);
}

static void whole_numbers_are_read_exactly(void)
{
    int64_t large[2] = { INT64_C(9007199254740992), INT64_C(9007199254740993) };
    uint8_t small[2] = { 200, 255 };
    double out[2] = { -1, -1 };
    apus_array a = vector(APUS_INT64, large, 1), b = vector(APUS_UINT8, small, 2), o = vector(APUS_FLOAT64, out, 2);
    OK(context, apus_elementwise(context, "add", &a, &b, &o));
    CHECK(out[0] == 9007199254741192.0);
    a = vector(APUS_INT64, large, 2);
    out[0] = out[1] = -1;
    FAILS_NAMING(context, APUS_E_DTYPE, "9007199254740993", apus_elementwise(context, "add", &a, &b, &o));
    CHECK(out[0] == -1 && out[1] == -1);
}

static void comparisons_give_truths_of_several_types(void)
{
    float x[3] = { 1, 2, NAN };
    uint8_t t[3];
    double real[3];
    apus_array a = vector(APUS_FLOAT32, x, 3), truths = vector(APUS_BOOL, t, 3), reals = vector(APUS_FLOAT64, real, 3);
    OK(context, apus_elementwise_scalar(context, "less", &a, 2, &truths));
    CHECK(t[0] == 1 && t[1] == 0 && t[2] == 0);
    OK(context, apus_elementwise(context, "isnan", &a, NULL, &reals));
    CHECK(real[0] == 0 && real[1] == 0 && real[2] == 1);
    OK(context, apus_elementwise(context, "not_equal", &a, &a, &truths));
    CHECK(t[0] == 0 && t[2] == 1);
    apus_array narrow = vector(APUS_INT32, real, 3);
    FAILS_NAMING(context, APUS_E_DTYPE, "int32", apus_elementwise(context, "equal", &a, &a, &narrow));
}

static void denormals_are_kept(void)
{
    double x[2] = { 5e-324, 1e-310 }, y[2];
    float f[2] = { 1e-40f, 1e-45f }, g[2];
    apus_array a = vector(APUS_FLOAT64, x, 2), b = vector(APUS_FLOAT64, y, 2);
    apus_array c = vector(APUS_FLOAT32, f, 2), d = vector(APUS_FLOAT32, g, 2);
    OK(context, apus_elementwise(context, "add", &a, &a, &b));
    CHECK(y[0] == 1e-323 && y[1] == 2e-310);
    OK(context, apus_elementwise(context, "expm1", &a, NULL, &b));
    CHECK(y[0] == x[0] && y[1] == x[1]);
    OK(context, apus_elementwise(context, "tanh", &c, NULL, &d));
    CHECK(g[0] == f[0] && g[1] == f[1]);
    OK(context, apus_elementwise(context, "log", &c, NULL, &d));
    CHECK(fabsf(g[0] + 92.1034f) < 1e-4f);
    x[0] = -740;
    OK(context, apus_elementwise(context, "exp", &a, NULL, &b));
    CHECK(y[0] > 0 && y[0] < DBL_MIN);
}

static void works_in_place_and_refuses_other_overlaps(void)
{
    double x[8] = { 0, 1, 2, 3, 4, 5, 6, 7 };
    apus_array a = vector(APUS_FLOAT64, x, 7), shifted = vector(APUS_FLOAT64, x + 1, 7);
    apus_array even = strided(APUS_FLOAT64, x, 4, 16), odd = strided(APUS_FLOAT64, x + 1, 4, 16);
    apus_array back = strided(APUS_FLOAT64, x + 6, 7, -8);
    apus_array bytes = vector(APUS_UINT8, x, 7);
    OK(context, apus_elementwise(context, "square", &a, NULL, &a));
    CHECK(x[0] == 0 && x[3] == 9 && x[6] == 36 && x[7] == 7);
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "shares memory", apus_elementwise(context, "exp", &a, NULL, &shifted));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "b", apus_elementwise(context, "add", &shifted, &back, &shifted));
    FAILS(context, APUS_E_INVALID_ARGUMENT, apus_elementwise(context, "isnan", &a, NULL, &bytes));
    OK(context, apus_elementwise(context, "add", &even, &odd, &even));
    CHECK(x[0] == 1 && x[1] == 1 && x[2] == 13 && x[6] == 43);
    OK(context, apus_elementwise(context, "negative", &back, NULL, &back));
    CHECK(x[0] == -1 && x[6] == -43);
}

static void misaligned_arrays_are_read_and_written(void)
{
    unsigned char memory[3][8 * 40 + 1];
    apus_array a = vector(APUS_FLOAT64, memory[0] + 1, 40), b = vector(APUS_FLOAT64, memory[1] + 1, 40);
    for (int i = 0; i < 40; i++) {
        const double value = i;
        memcpy(memory[0] + 1 + 8 * i, &value, 8);
    }
    OK(context, apus_elementwise_scalar(context, "multiply", &a, 3, &b));
    for (int i = 0; i < 40; i++) {
        double value;
        memcpy(&value, memory[1] + 1 + 8 * i, 8);
        CHECK(value == 3 * i);
    }
}

static void empty_arrays_are_fine(void)
{
    double unused[1] = { 7 };
    apus_array a = APUS_ARRAY_2D(APUS_FLOAT64, NULL, 0, 3), row = vector(APUS_FLOAT64, unused, 1);
    apus_array view = APUS_ARRAY_INIT;
    OK(context, apus_elementwise(context, "add", &a, &row, &a));
    OK(context, apus_where(context, &a, &a, &row, &a));
    OK(context, apus_copy(context, &row, &a));
    OK(context, apus_view_transpose(context, &a, &view));
    CHECK(view.shape[0] == 3 && view.shape[1] == 0 && view.data == NULL && unused[0] == 7);
}

static void refuses_wrong_arguments(void)
{
    double x[6] = { 0 }, y[6];
    float f[6];
    apus_array a = vector(APUS_FLOAT64, x, 6), out = vector(APUS_FLOAT64, y, 6), narrow = vector(APUS_FLOAT32, f, 6);
    apus_array four = vector(APUS_FLOAT64, y, 4), broken = a;
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "'plus'; there are add", apus_elementwise(context, "plus", &a, &a, &out));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "operation", apus_elementwise(context, NULL, &a, &a, &out));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "UTF-8", apus_elementwise(context, "\xff", &a, &a, &out));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "a must not be NULL", apus_elementwise(context, "exp", NULL, NULL, &out));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "out must not be NULL", apus_elementwise(context, "exp", &a, NULL, NULL));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "two arrays", apus_elementwise(context, "add", &a, NULL, &out));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "one array", apus_elementwise(context, "exp", &a, &a, &out));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "one array", apus_elementwise_scalar(context, "exp", &a, 1, &out));
    FAILS_NAMING(context, APUS_E_SHAPE, "(6,)", apus_elementwise(context, "add", &a, &a, &four));
    FAILS_NAMING(context, APUS_E_SHAPE, "broadcast", apus_elementwise(context, "add", &a, &four, &out));
    FAILS_NAMING(context, APUS_E_DTYPE, "float32", apus_elementwise(context, "exp", &a, NULL, &narrow));
    broken.struct_size = 0;
    FAILS(context, APUS_E_INVALID_ARGUMENT, apus_elementwise(context, "exp", &broken, NULL, &out));
    broken = a;
    broken.dtype = 99;
    FAILS(context, APUS_E_DTYPE, apus_elementwise(context, "exp", &broken, NULL, &out));
    broken = a;
    broken.shape[0] = INT64_MAX;
    FAILS(context, APUS_E_SHAPE, apus_elementwise(context, "exp", &broken, NULL, &out));
    broken.shape[0] = -1;
    FAILS(context, APUS_E_SHAPE, apus_elementwise(context, "exp", &broken, NULL, &out));
    CHECK(apus_elementwise(NULL, "exp", &a, NULL, &out) == APUS_E_INVALID_ARGUMENT);
    apus_interrupt(context);
    y[0] = 5;
    FAILS(context, APUS_E_INTERRUPTED, apus_elementwise(context, "exp", &a, NULL, &out));
    CHECK(y[0] == 5);
}

static void chooses_between_arrays(void)
{
    int32_t condition[3] = { 0, -3, 1 };
    float a[1] = { 1 };
    double b[3] = { 10, 20, 30 }, chosen[3];
    float narrow[3];
    apus_array c = vector(APUS_INT32, condition, 3), x = vector(APUS_FLOAT32, a, 1), y = vector(APUS_FLOAT64, b, 3);
    apus_array out = vector(APUS_FLOAT64, chosen, 3), bad = vector(APUS_FLOAT32, narrow, 3);
    OK(context, apus_where(context, &c, &x, &y, &out));
    CHECK(chosen[0] == 10 && chosen[1] == 1 && chosen[2] == 1);
    FAILS_NAMING(context, APUS_E_DTYPE, "narrower than b", apus_where(context, &c, &x, &y, &bad));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "condition", apus_where(context, NULL, &x, &y, &out));
}

static void copies_convert_on_purpose(void)
{
    double x[4] = { 1, -2, 300, 0.1 };
    float f[4];
    int64_t whole[4];
    uint8_t bytes[4];
    apus_array a = vector(APUS_FLOAT64, x, 4), narrow = vector(APUS_FLOAT32, f, 4);
    apus_array three = vector(APUS_FLOAT64, x, 3), integers = vector(APUS_INT64, whole, 3);
    apus_array small = vector(APUS_UINT8, bytes, 3), one = vector(APUS_FLOAT64, x, 1), all = vector(APUS_INT64, whole, 4);
    OK(context, apus_copy(context, &a, &narrow));
    CHECK(f[3] == 0.1f);
    OK(context, apus_copy(context, &three, &integers));
    CHECK(whole[0] == 1 && whole[1] == -2 && whole[2] == 300);
    FAILS_NAMING(context, APUS_E_DTYPE, "uint8, which cannot hold -2", apus_copy(context, &three, &small));
    FAILS_NAMING(context, APUS_E_DTYPE, "0.1", apus_copy(context, &a, &all));
    OK(context, apus_copy(context, &one, &all));
    CHECK(whole[0] == 1 && whole[3] == 1);
    FAILS(context, APUS_E_SHAPE, apus_copy(context, &a, &one));
}

static void views_describe_the_same_memory(void)
{
    double x[24];
    apus_array a = APUS_ARRAY_2D(APUS_FLOAT64, x, 4, 6), v = APUS_ARRAY_INIT, w = APUS_ARRAY_INIT;
    const int32_t swap[2] = { -1, 0 }, twice[2] = { 0, 0 };
    const int64_t three[3] = { 2, -1, 3 }, wrong[1] = { 23 }, large[3] = { 5, 4, 6 }, negative[1] = { -3 };
    const int64_t overflow[3] = { INT64_MAX / 2, 4, 6 };
    for (int i = 0; i < 24; i++) x[i] = i;
    OK(context, apus_view_transpose(context, &a, &v));
    CHECK(v.ndim == 2 && v.shape[0] == 6 && v.shape[1] == 4 && v.strides[0] == 8 && v.strides[1] == 48 && v.data == x);
    OK(context, apus_view_permute(context, &a, swap, 2, &w));
    CHECK(memcmp(&v, &w, sizeof v) == 0);
    OK(context, apus_view_reshape(context, &a, three, 3, &w));
    CHECK(w.ndim == 3 && w.shape[1] == 4 && w.strides[0] == 96);
    FAILS_NAMING(context, APUS_E_SHAPE, "without a copy", apus_view_reshape(context, &v, three, 3, &w));
    FAILS_NAMING(context, APUS_E_SHAPE, "24 elements", apus_view_reshape(context, &a, wrong, 1, &w));
    FAILS(context, APUS_E_SHAPE, apus_view_reshape(context, &a, negative, 1, &w));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "twice", apus_view_permute(context, &a, twice, 2, &w));
    FAILS(context, APUS_E_SHAPE, apus_view_permute(context, &a, swap, 1, &w));
    FAILS(context, APUS_E_SHAPE, apus_view_permute(context, &a, NULL, -1, &w));

    OK(context, apus_view_slice(context, &a, 1, -1, INT64_MIN, -2, &v));
    CHECK(v.shape[1] == 3 && v.strides[1] == -16 && v.data == x + 5);
    OK(context, apus_view_slice(context, &v, 0, 1, 3, 1, &v));
    CHECK(v.shape[0] == 2 && v.shape[1] == 3 && ((double *)v.data)[0] == 11);
    OK(context, apus_view_slice(context, &a, 0, 2, 2, 1, &v));
    CHECK(v.shape[0] == 0);
    OK(context, apus_view_slice(context, &a, 0, INT64_MIN, INT64_MAX, INT64_MAX, &v));
    CHECK(v.shape[0] == 1);
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "step", apus_view_slice(context, &a, 0, 0, 2, 0, &v));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "axis", apus_view_slice(context, &a, 2, 0, 2, 1, &v));

    OK(context, apus_view_broadcast(context, &a, large, 3, &v));
    CHECK(v.strides[0] == 0 && v.strides[1] == 48 && v.shape[0] == 5);
    FAILS(context, APUS_E_SHAPE, apus_view_broadcast(context, &a, three, 3, &v));
    FAILS(context, APUS_E_SHAPE, apus_view_broadcast(context, &a, wrong, 1, &v));
    FAILS(context, APUS_E_SHAPE, apus_view_broadcast(context, &a, overflow, 3, &v));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "view", apus_view_transpose(context, &a, NULL));
    memset(&w, 0, sizeof w);
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "view", apus_view_transpose(context, &a, &w));
}

static void joins_arrays(void)
{
    int32_t first[4] = { 1, 2, 3, 4 }, second[2] = { 5, 6 };
    int64_t joined[6];
    apus_array arrays[2] = { APUS_ARRAY_2D(APUS_INT32, first, 2, 2), APUS_ARRAY_2D(APUS_INT32, second, 2, 1) };
    apus_array out = APUS_ARRAY_2D(APUS_INT64, joined, 2, 3), small = APUS_ARRAY_2D(APUS_UINT8, joined, 2, 3);
    const int64_t expected[6] = { 1, 2, 5, 3, 4, 6 };
    OK(context, apus_concatenate(context, arrays, 2, 1, &out));
    CHECK(memcmp(joined, expected, sizeof joined) == 0);
    OK(context, apus_concatenate(context, arrays, 2, -1, &out));
    FAILS_NAMING(context, APUS_E_SHAPE, "arrays[1]", apus_concatenate(context, arrays, 2, 0, &out));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "axis", apus_concatenate(context, arrays, 2, 5, &out));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "n must be", apus_concatenate(context, arrays, 0, 0, &out));
    FAILS_NAMING(context, APUS_E_DTYPE, "narrower", apus_concatenate(context, arrays, 2, 1, &small));
    FAILS(context, APUS_E_INVALID_ARGUMENT, apus_concatenate(context, NULL, 2, 1, &out));
    arrays[1] = out;
    arrays[0].shape[1] = 0;
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "shares memory", apus_concatenate(context, arrays, 2, 1, &out));
}

static void takes_elements(void)
{
    float x[6] = { 0, 1, 2, 3, 4, 5 };
    int32_t places[4] = { 2, -1, 0, 1 }, outside[1] = { 3 };
    double taken[8];
    apus_array a = APUS_ARRAY_2D(APUS_FLOAT32, x, 2, 3), at = APUS_ARRAY_2D(APUS_INT32, places, 2, 2);
    apus_array out = APUS_ARRAY_INIT, bad = vector(APUS_INT32, outside, 1), real = vector(APUS_FLOAT32, x, 1);
    const double expected[8] = { 2, 2, 0, 1, 5, 5, 3, 4 };
    out.dtype = APUS_FLOAT64;
    out.ndim = 3;
    out.data = taken;
    out.shape[0] = out.shape[1] = out.shape[2] = 2;
    OK(context, apus_take(context, &a, &at, 1, &out));
    CHECK(memcmp(taken, expected, sizeof taken) == 0);
    FAILS(context, APUS_E_SHAPE, apus_take(context, &a, &at, 0, &out));
    out = (apus_array)APUS_ARRAY_2D(APUS_FLOAT64, taken, 2, 1);
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "indices holds 3", apus_take(context, &a, &bad, 1, &out));
    FAILS_NAMING(context, APUS_E_DTYPE, "int64 or int32", apus_take(context, &a, &real, 1, &out));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "axis", apus_take(context, &a, &bad, -3, &out));
}

/* The same bits on one thread and on three, for every operation of the catalog's kinds. */
static void threads_do_not_change_a_bit(void)
{
    enum { N = 300000 };
    static const char *const names[] = { "add", "divide", "power", "hypot", "exp", "log", "sin", "tanh", "erf", "gammaln" };
    double *x = malloc(4 * N * sizeof *x), *y = x + N, *one = y + N, *three = one + N;
    apus_context *single = new_context(1, NULL), *many = new_context(3, NULL);
    apus_array a = vector(APUS_FLOAT64, x, N), b = vector(APUS_FLOAT64, y, N);
    apus_array first = vector(APUS_FLOAT64, one, N), second = vector(APUS_FLOAT64, three, N);
    for (int i = 0; i < N; i++) {
        x[i] = 5 * spread((uint64_t)i);
        y[i] = 9 * spread((uint64_t)i + N) - 4;
    }
    for (size_t k = 0; k < sizeof names / sizeof *names; k++) {
        const apus_array *other = k < 4 ? &b : NULL;
        OK(single, apus_elementwise(single, names[k], &a, other, &first));
        OK(many, apus_elementwise(many, names[k], &a, other, &second));
        CHECK(memcmp(one, three, N * sizeof *one) == 0);
    }
    apus_context_free(single);
    apus_context_free(many);
    free(x);
}

static void a_refusing_allocator_is_an_error(void)
{
    counting c;
    int64_t places[2] = { 0, 1 };
    double x[2] = { 1, 2 }, taken[2] = { 0, 0 };
    apus_array a = vector(APUS_FLOAT64, x, 2), at = vector(APUS_INT64, places, 2), out = vector(APUS_FLOAT64, taken, 2);
    counting_init(&c);
    apus_context *strict = new_context(1, &c.allocator);
    for (int64_t call = 1; call <= 2; call++) {
        c.calls = 0;
        c.refuse_at = call;
        FAILS(strict, APUS_E_OUT_OF_MEMORY, apus_take(strict, &a, &at, 0, &out));
        CHECK(taken[0] == 0);
    }
    c.refuse_at = 0;
    OK(strict, apus_take(strict, &a, &at, 0, &out));
    CHECK(taken[1] == 2);
    apus_context_free(strict);
    CHECK(c.live == 0);
}

int main(void)
{
    BEGIN("array_arithmetic");
    context = new_context(2, NULL);
    RUN(adds_with_broadcasting);
    RUN(a_scalar_takes_the_precision_of_the_array);
    RUN(whole_numbers_are_read_exactly);
    RUN(comparisons_give_truths_of_several_types);
    RUN(denormals_are_kept);
    RUN(works_in_place_and_refuses_other_overlaps);
    RUN(misaligned_arrays_are_read_and_written);
    RUN(empty_arrays_are_fine);
    RUN(refuses_wrong_arguments);
    RUN(chooses_between_arrays);
    RUN(copies_convert_on_purpose);
    RUN(views_describe_the_same_memory);
    RUN(joins_arrays);
    RUN(takes_elements);
    RUN(threads_do_not_change_a_bit);
    RUN(a_refusing_allocator_is_an_error);
    apus_context_free(context);
    return END();
}
