/* Products, reductions, sorting and grids from C: small cases with known answers, arrays of every layout, and what is
 * refused. */
#define _POSIX_C_SOURCE 200809L
#include <unistd.h>

#include "check.h"

static apus_context *context;

static apus_array vector(double *data, int64_t n) { return (apus_array)APUS_ARRAY_1D(APUS_FLOAT64, data, n); }
static apus_array matrix(double *data, int64_t rows, int64_t columns)
{
    return (apus_array)APUS_ARRAY_2D(APUS_FLOAT64, data, rows, columns);
}

static void multiplies_the_textbook_matrices(void)
{
    double a[] = { 1, 2, 3, 4, 5, 6 }, b[] = { 7, 8, 9, 10, 11, 12 }, c[4], d[9];
    apus_array va = matrix(a, 2, 3), vb = matrix(b, 3, 2), vc = matrix(c, 2, 2), vd = matrix(d, 3, 3);
    OK(context, apus_matmul(context, &va, &vb, 0, &vc));
    CHECK(c[0] == 58 && c[1] == 64 && c[2] == 139 && c[3] == 154);
    /* (a b)' = b' a' */
    OK(context, apus_matmul(context, &vb, &va, APUS_TRANSPOSE_A | APUS_TRANSPOSE_B, &vc));
    CHECK(c[0] == 58 && c[1] == 139 && c[2] == 64 && c[3] == 154);
    OK(context, apus_matmul(context, &va, &va, APUS_TRANSPOSE_A, &vd));
    CHECK(d[0] == 17 && d[4] == 29 && d[8] == 45 && d[2] == 27 && d[6] == 27);
}

static void multiplies_vectors(void)
{
    double a[] = { 1, 2, 3 }, b[] = { 4, 5, 6 }, m[] = { 1, 0, 0, 0, 2, 0 }, number, outer[9], cross[3], y[2];
    apus_array va = vector(a, 3), vb = vector(b, 3), vm = matrix(m, 2, 3), vo = matrix(outer, 3, 3);
    apus_array vc = vector(cross, 3), vy = vector(y, 2), vn = APUS_ARRAY_INIT;
    OK(context, apus_dot(context, &va, &vb, &number));
    CHECK(number == 32);
    vn.dtype = APUS_FLOAT64;
    vn.data = &number;
    OK(context, apus_matmul(context, &va, &vb, 0, &vn));
    CHECK(number == 32);
    OK(context, apus_outer(context, &va, &vb, &vo));
    CHECK(outer[0] == 4 && outer[5] == 12 && outer[8] == 18);
    OK(context, apus_cross(context, &va, &vb, &vc));
    CHECK(cross[0] == -3 && cross[1] == 6 && cross[2] == -3);
    OK(context, apus_matmul(context, &vm, &vb, 0, &vy));
    CHECK(y[0] == 4 && y[1] == 10);
}

static void gives_zeros_for_an_empty_inner_extent(void)
{
    double none[1], c[] = { 1, 2, 3, 4 };
    apus_array a = matrix(none, 2, 0), b = matrix(none, 0, 2), out = matrix(c, 2, 2);
    a.data = b.data = NULL;
    OK(context, apus_matmul(context, &a, &b, 0, &out));
    for (int i = 0; i < 4; i++) CHECK(c[i] == 0);
}

static void large_products_are_the_same_for_any_number_of_threads(void)
{
    enum { N = 210 };
    double *a = malloc(sizeof(double) * N * N), *one = malloc(sizeof(double) * N * N), *many = malloc(sizeof(double) * N * N);
    apus_context *single = new_context(1, NULL), *wide = new_context(5, NULL);
    apus_array va = matrix(a, N, N), vo = matrix(one, N, N), vm = matrix(many, N, N);
    double sums[2];
    for (int i = 0; i < N * N; i++) a[i] = 2 * spread((uint64_t)i) - 1;
    OK(single, apus_matmul(single, &va, &va, APUS_TRANSPOSE_B, &vo));
    OK(wide, apus_matmul(wide, &va, &va, APUS_TRANSPOSE_B, &vm));
    CHECK(memcmp(one, many, sizeof(double) * N * N) == 0);
    /* The product of a matrix and its transpose is symmetric, to rounding. */
    for (int i = 0; i < N; i++)
        for (int j = 0; j < i; j++) CHECK(fabs(one[i * N + j] - one[j * N + i]) <= N * DBL_EPSILON * N);
    OK(single, apus_reduce_all(single, "sum", &va, &sums[0]));
    OK(wide, apus_reduce_all(wide, "sum", &va, &sums[1]));
    CHECK(sums[0] == sums[1]);
    apus_context_free(single);
    apus_context_free(wide);
    free(a);
    free(one);
    free(many);
}

static void reduces_along_axes(void)
{
    double a[] = { 3, 1, 2, 6, 5, 4 }, rows[2], columns[3], all;
    int64_t place[3];
    unsigned char truth[2];
    int32_t first = 0, last = -1, both[] = { 0, 1 };
    apus_array va = matrix(a, 2, 3), vr = vector(rows, 2), kept = matrix(rows, 2, 1), vc = vector(columns, 3);
    apus_array vp = APUS_ARRAY_1D(APUS_INT64, place, 3), vt = APUS_ARRAY_1D(APUS_BOOL, truth, 2), vn = APUS_ARRAY_INIT;
    OK(context, apus_reduce(context, "sum", &va, &last, 1, &vr));
    CHECK(rows[0] == 6 && rows[1] == 15);
    OK(context, apus_reduce(context, "mean", &va, &last, 1, &kept));
    CHECK(rows[0] == 2 && rows[1] == 5);
    OK(context, apus_reduce(context, "max", &va, &first, 1, &vc));
    CHECK(columns[0] == 6 && columns[1] == 5 && columns[2] == 4);
    OK(context, apus_reduce(context, "argmin", &va, &first, 1, &vp));
    CHECK(place[0] == 0 && place[1] == 0 && place[2] == 0);
    OK(context, apus_reduce(context, "all", &va, &last, 1, &vt));
    CHECK(truth[0] == 1 && truth[1] == 1);
    vn.dtype = APUS_FLOAT64;
    vn.data = &all;
    OK(context, apus_reduce(context, "product", &va, both, 2, &vn));
    CHECK(all == 720);
    OK(context, apus_reduce_all(context, "argmax", &va, &all));
    CHECK(all == 3);
}

static void norms_do_not_overflow(void)
{
    double large[] = { 3e300, 4e300 }, small[] = { 3e-320, 4e-320 }, norm;
    apus_array vl = vector(large, 2), vs = vector(small, 2);
    OK(context, apus_reduce_all(context, "norm_2", &vl, &norm));
    CHECK(norm == 5e300);
    OK(context, apus_reduce_all(context, "norm_2", &vs, &norm));
    CHECK(fabs(norm - 5e-320) <= 5e-324);
    OK(context, apus_unit_vectors(context, &vl, 0, &vl));
    CHECK(fabs(large[0] - 0.6) <= 2e-16 && fabs(large[1] - 0.8) <= 2e-16);
}

static void sorts_in_place_with_nan_last(void)
{
    double x[] = { 2, NAN, -1, 0, 7 };
    int32_t order[5];
    apus_array vx = vector(x, 5), vo = APUS_ARRAY_1D(APUS_INT32, order, 5);
    OK(context, apus_argsort(context, &vx, 0, 1, &vo));
    CHECK(order[0] == 4 && order[1] == 0 && order[2] == 3 && order[3] == 2 && order[4] == 1);
    OK(context, apus_sort(context, &vx, -1, 0, &vx));
    CHECK(x[0] == -1 && x[1] == 0 && x[2] == 2 && x[3] == 7 && isnan(x[4]));
}

static void finds_distinct_values(void)
{
    double x[] = { 3, 1, 3, 2, 1, 3 }, values[3];
    int64_t first[3], inverse[6], counts[3], n = -1;
    apus_array vx = matrix(x, 2, 3), vv = vector(values, 3), vf = APUS_ARRAY_1D(APUS_INT64, first, 3);
    apus_array vi = APUS_ARRAY_2D(APUS_INT64, inverse, 2, 3), vc = APUS_ARRAY_1D(APUS_INT64, counts, 3);
    apus_array small = vector(values, 2);
    OK(context, apus_unique(context, &vx, &vv, &vf, &vi, &vc, &n));
    CHECK(n == 3 && values[0] == 1 && values[2] == 3 && first[0] == 1 && first[1] == 3 && counts[2] == 3);
    for (int i = 0; i < 6; i++) CHECK(values[inverse[i]] == x[i]);
    OK(context, apus_unique(context, &vx, NULL, NULL, NULL, NULL, &n));
    CHECK(n == 3);
    n = -1;
    values[0] = 99;
    FAILS_NAMING(context, APUS_E_BUFFER_TOO_SMALL, "3", apus_unique(context, &vx, &small, NULL, NULL, NULL, &n));
    CHECK(n == 3 && values[0] == 99);
}

static void searches_and_runs(void)
{
    double sorted[] = { 1, 2, 2, 4 }, values[] = { 2, 0, 9 }, x[] = { 1, 2, 3, 4 };
    int64_t place[3];
    apus_array vs = vector(sorted, 4), vv = vector(values, 3), vp = APUS_ARRAY_1D(APUS_INT64, place, 3);
    apus_array vx = vector(x, 4);
    OK(context, apus_searchsorted(context, &vs, &vv, 0, &vp));
    CHECK(place[0] == 1 && place[1] == 0 && place[2] == 4);
    OK(context, apus_searchsorted(context, &vs, &vv, 1, &vp));
    CHECK(place[0] == 3);
    OK(context, apus_cumulative(context, "sum", &vx, 0, &vx));
    CHECK(x[0] == 1 && x[1] == 3 && x[2] == 6 && x[3] == 10);
}

static int calls;

static int32_t field(void *user, const double *x, int64_t n, double *y, int64_t m)
{
    calls++;
    if (user && calls == *(int *)user) return *((int *)user + 1);
    y[0] = x[0] + 10 * x[1];
    if (m > 1) y[1] = x[0] < 1.5 ? NAN : x[0] * x[1];
    return (int32_t)(n - 2);
}

static void evaluates_a_field_on_a_grid(void)
{
    double x[] = { 1, 2 }, out[12], scalar[6];
    float y[] = { 3, 4, 5 };
    int stop[] = { 4, 1 }, abort_[] = { 4, -7 };
    apus_array axes[] = { APUS_ARRAY_1D(APUS_FLOAT64, NULL, 2), APUS_ARRAY_1D(APUS_FLOAT32, NULL, 3) };
    apus_array vo = APUS_ARRAY_INIT, vs = APUS_ARRAY_2D(APUS_FLOAT64, NULL, 2, 3);
    axes[0].data = x;
    axes[1].data = y;
    vo.dtype = APUS_FLOAT64;
    vo.ndim = 3;
    vo.shape[0] = 2;
    vo.shape[1] = 3;
    vo.shape[2] = 2;
    vo.data = out;
    vs.data = scalar;
    calls = 0;
    OK(context, apus_evaluate_grid(context, field, NULL, axes, 2, 2, &vo));
    CHECK(calls == 6 && out[0] == 31 && isnan(out[1]) && out[10] == 52 && out[11] == 10);
    OK(context, apus_evaluate_grid(context, field, NULL, axes, 2, 1, &vs));
    CHECK(scalar[0] == 31 && scalar[1] == 41 && scalar[5] == 52);
    calls = 0;
    out[0] = -1;
    FAILS_NAMING(context, APUS_E_INTERRUPTED, "stopped", apus_evaluate_grid(context, field, stop, axes, 2, 2, &vo));
    calls = 0;
    FAILS_NAMING(context, APUS_E_INTERRUPTED, "-7", apus_evaluate_grid(context, field, abort_, axes, 2, 2, &vo));
    CHECK(calls == 4 && out[0] == -1);
    FAILS(context, APUS_E_SHAPE, apus_evaluate_grid(context, field, NULL, axes, 2, 3, &vo));
    FAILS(context, APUS_E_INVALID_ARGUMENT, apus_evaluate_grid(context, field, NULL, axes, 2, 0, &vo));
    FAILS(context, APUS_E_INVALID_ARGUMENT, apus_evaluate_grid(context, field, NULL, axes, 0, 1, &vo));
    FAILS(context, APUS_E_INVALID_ARGUMENT, apus_evaluate_grid(context, NULL, NULL, axes, 2, 2, &vo));
}

static void refuses_what_does_not_fit(void)
{
    double a[6] = { 0 }, out[6], number;
    float narrow[6];
    int32_t axis = 2, one = 1, twice[] = { 0, -2 };
    apus_array va = matrix(a, 2, 3), vo = vector(out, 3), vn = APUS_ARRAY_1D(APUS_FLOAT32, narrow, 3), same = vector(a, 3);
    apus_array square = matrix(out, 2, 2), huge = matrix(a, INT64_MAX / 8, 2);
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "median", apus_reduce(context, "median", &va, NULL, 0, &vo));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "axis is 2", apus_reduce(context, "sum", &va, &axis, 1, &vo));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "twice", apus_reduce(context, "sum", &va, twice, 2, &vo));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "n_axes", apus_reduce(context, "sum", &va, twice, 99, &vo));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "axes", apus_reduce(context, "sum", &va, NULL, 1, &vo));
    FAILS_NAMING(context, APUS_E_SHAPE, "(2,)", apus_reduce(context, "sum", &va, &one, 1, &vo));
    FAILS_NAMING(context, APUS_E_DTYPE, "float64", apus_reduce(context, "sum", &va, twice, 1, &vn));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "shares", apus_reduce(context, "sum", &va, twice, 1, &same));
    FAILS(context, APUS_E_INVALID_ARGUMENT, apus_reduce_all(context, "sum", &va, NULL));
    FAILS(context, APUS_E_INVALID_ARGUMENT, apus_reduce_all(context, NULL, &va, &number));
    FAILS_NAMING(context, APUS_E_SHAPE, "inner extents", apus_matmul(context, &va, &va, 0, &square));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "flags", apus_matmul(context, &va, &va, 8, &square));
    FAILS_NAMING(context, APUS_E_SHAPE, "overflows", apus_matmul(context, &huge, &square, 0, &square));
    FAILS_NAMING(context, APUS_E_DTYPE, "out", apus_argsort(context, &va, 0, 0, &va));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "axis", apus_sort(context, &va, 5, 0, &va));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "operation", apus_cumulative(context, "mean", &va, 0, &va));
    FAILS_NAMING(context, APUS_E_SHAPE, "3 elements", apus_cross(context, &square, &square, &square));
    FAILS(context, APUS_E_INVALID_ARGUMENT, apus_unique(context, &va, NULL, NULL, NULL, NULL, NULL));
}

static void interrupts_at_once(void)
{
    enum { N = 400 };
    double *a = calloc((size_t)N * N, sizeof(double)), *out = calloc((size_t)N * N, sizeof(double)), sum;
    apus_array va = matrix(a, N, N), vo = matrix(out, N, N);
    apus_interrupt(context);
    FAILS(context, APUS_E_INTERRUPTED, apus_matmul(context, &va, &va, 0, &vo));
    apus_interrupt(context);
    FAILS(context, APUS_E_INTERRUPTED, apus_reduce_all(context, "sum", &va, &sum));
    apus_interrupt(context);
    FAILS(context, APUS_E_INTERRUPTED, apus_sort(context, &va, 0, 0, &vo));
    OK(context, apus_reduce_all(context, "sum", &va, &sum));
    CHECK(sum == 0);
    free(a);
    free(out);
}

int main(void)
{
    BEGIN("reductions");
    context = new_context(2, NULL);
    RUN(multiplies_the_textbook_matrices);
    RUN(multiplies_vectors);
    RUN(gives_zeros_for_an_empty_inner_extent);
    RUN(large_products_are_the_same_for_any_number_of_threads);
    RUN(reduces_along_axes);
    RUN(norms_do_not_overflow);
    RUN(sorts_in_place_with_nan_last);
    RUN(finds_distinct_values);
    RUN(searches_and_runs);
    RUN(evaluates_a_field_on_a_grid);
    RUN(refuses_what_does_not_fit);
    RUN(interrupts_at_once);
    apus_context_free(context);
    return END();
}
