/* Linear algebra: exact small cases, stacks, strides, what may be NULL, faults that are named, and that a refused call
 * leaves its outputs as they were. */
#define _POSIX_C_SOURCE 200809L
#include <unistd.h>

#include "check.h"

static apus_context *context;
static char logged[512];
static int warnings_logged;

static void log_message(void *user, int32_t level, const char *message)
{
    (void)user;
    if (level == APUS_LOG_WARNING) warnings_logged++;
    snprintf(logged, sizeof logged, "%s", message);
}

#define VECTOR(name, ...)                                                    \
    double name##_data[] = { __VA_ARGS__ };                                  \
    apus_array name = APUS_ARRAY_1D(APUS_FLOAT64, name##_data, (int64_t)(sizeof name##_data / sizeof(double)))
#define MATRIX(name, rows, columns, ...)                                     \
    double name##_data[] = { __VA_ARGS__ };                                  \
    apus_array name = APUS_ARRAY_2D(APUS_FLOAT64, name##_data, rows, columns)

static int near(double a, double b) { return fabs(a - b) <= 1e-13 * (1 + fabs(b)); }

static void solves_three_equations(void)
{
    MATRIX(a, 3, 3, 2, 1, -1, -3, -1, 2, -2, 1, 2);
    VECTOR(b, 8, -11, -3);
    VECTOR(x, 0, 0, 0);
    double rcond = -1;
    OK(context, apus_solve(context, &a, &b, NULL, &x, &rcond));
    CHECK(near(x_data[0], 2) && near(x_data[1], 3) && near(x_data[2], -1));
    CHECK(rcond > 0.01 && rcond < 0.1);
    OK(context, apus_solve(context, &a, &b, "general", &b, NULL));
    CHECK(memcmp(b_data, x_data, sizeof b_data) == 0);
}

static void solves_with_what_is_known_of_the_matrix(void)
{
    static const char *const names[] = { "positive_definite", "symmetric", "lower_triangular", "upper_triangular" };
    for (int i = 0; i < 4; i++) {
        /* The half that is not read holds NaN. */
        MATRIX(a, 2, 2, 4, i == 3 ? 2 : NAN, i == 3 ? NAN : 2, 5);
        MATRIX(b, 2, 2, 8, 4, 9, 5);
        MATRIX(x, 2, 2, 0, 0, 0, 0);
        OK(context, apus_solve(context, &a, &b, names[i], &x, NULL));
        const double lower = i == 3 ? 0 : 2, upper = i == 2 ? 0 : 2;
        for (int c = 0; c < 2; c++) {
            CHECK(near(4 * x_data[c] + upper * x_data[2 + c], b_data[c]));
            CHECK(near(lower * x_data[c] + 5 * x_data[2 + c], b_data[2 + c]));
        }
    }
}

static void inverts_in_place_and_in_a_strided_array(void)
{
    MATRIX(a, 2, 2, 4, 7, 2, 6);
    double wide[8] = { 9, 9, 9, 9, 9, 9, 9, 9 };
    apus_array out = APUS_ARRAY_2D(APUS_FLOAT64, wide + 3, 2, 2);
    out.flags = APUS_ARRAY_STRIDED;
    /* Upside down, every second element. */
    out.data = wide + 4;
    out.strides[0] = -4 * (int64_t)sizeof(double);
    out.strides[1] = 2 * (int64_t)sizeof(double);
    OK(context, apus_inverse(context, &a, &out));
    CHECK(near(wide[4], 0.6) && near(wide[6], -0.7) && near(wide[0], -0.2) && near(wide[2], 0.4));
    CHECK(wide[1] == 9 && wide[3] == 9 && wide[5] == 9 && wide[7] == 9);
    OK(context, apus_inverse(context, &a, &a));
    CHECK(a_data[0] == wide[4] && a_data[1] == wide[6] && a_data[2] == wide[0] && a_data[3] == wide[2]);
}

static void numbers_of_a_stack_come_one_for_each_matrix(void)
{
    double data[12] = { 4, 7, 2, 6, 1, 2, 2, 4, 0, 1, 1, 0 };
    apus_array a = APUS_ARRAY_INIT;
    a.dtype = APUS_FLOAT64;
    a.ndim = 3;
    a.data = data;
    a.shape[0] = 3;
    a.shape[1] = a.shape[2] = 2;
    double out[3], sign[3], absolute[3];
    int64_t rank[3];
    OK(context, apus_determinant(context, &a, out));
    CHECK(near(out[0], 10) && out[1] == 0 && out[2] == -1);
    OK(context, apus_log_determinant(context, &a, sign, absolute));
    CHECK(sign[0] == 1 && sign[1] == 0 && sign[2] == -1);
    CHECK(near(absolute[0], log(10)) && absolute[1] == -INFINITY && absolute[2] == 0);
    OK(context, apus_trace(context, &a, out));
    CHECK(out[0] == 10 && out[1] == 5 && out[2] == 0);
    OK(context, apus_matrix_rank(context, &a, -1, rank));
    CHECK(rank[0] == 2 && rank[1] == 1 && rank[2] == 2);
    OK(context, apus_matrix_norm(context, &a, "1", out));
    CHECK(out[0] == 13 && out[1] == 6 && out[2] == 1);
    OK(context, apus_matrix_norm(context, &a, NULL, out));
    CHECK(near(out[1], 5) && near(out[2], 1));
    OK(context, apus_condition_number(context, &a, "inf", out));
    CHECK(near(out[0], 11 * 1.3) && out[1] == INFINITY && out[2] == 1);
}

static void factors_reproduce_small_matrices(void)
{
    MATRIX(a, 3, 3, 4, 12, -16, 12, 37, -43, -16, -43, 98);
    MATRIX(l, 3, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0);
    static const double wanted[9] = { 2, 0, 0, 6, 1, 0, -8, 5, 3 };
    OK(context, apus_cholesky(context, &a, 0, &l));
    for (int i = 0; i < 9; i++) CHECK(near(l_data[i], wanted[i]));
    OK(context, apus_cholesky(context, &a, 1, &l));
    for (int i = 0; i < 9; i++) CHECK(near(l_data[i], wanted[i % 3 * 3 + i / 3]));

    MATRIX(t, 2, 2, 1, 2, 3, 4);
    MATRIX(lower, 2, 2, 0, 0, 0, 0);
    MATRIX(upper, 2, 2, 0, 0, 0, 0);
    int32_t rows_data[2];
    apus_array rows = APUS_ARRAY_1D(APUS_INT32, rows_data, 2);
    OK(context, apus_lu(context, &t, &lower, &upper, &rows));
    CHECK(rows_data[0] == 1 && rows_data[1] == 0);
    CHECK(lower_data[0] == 1 && lower_data[1] == 0 && near(lower_data[2], 1.0 / 3) && lower_data[3] == 1);
    CHECK(upper_data[0] == 3 && upper_data[1] == 4 && upper_data[2] == 0 && near(upper_data[3], 2.0 / 3));
    OK(context, apus_lu(context, &t, NULL, NULL, NULL));

    MATRIX(h, 2, 2, 3, 1, 4, 2);
    MATRIX(q, 2, 2, 0, 0, 0, 0);
    MATRIX(r, 2, 2, 0, 0, 0, 0);
    OK(context, apus_qr(context, &h, &q, &r, NULL));
    CHECK(near(r_data[0], 5) && near(r_data[1], 2.2) && r_data[2] == 0 && near(r_data[3], 0.4));
    CHECK(near(q_data[0], 0.6) && near(q_data[2], 0.8) && near(q_data[1], -0.8) && near(q_data[3], 0.6));

    MATRIX(s23, 2, 3, 3, 2, 2, 2, 3, -2);
    VECTOR(s, 0, 0);
    OK(context, apus_svd(context, &s23, NULL, &s, NULL));
    CHECK(near(s_data[0], 5) && near(s_data[1], 3));
    float full_data[9];
    apus_array full = APUS_ARRAY_2D(APUS_FLOAT32, full_data, 3, 3);
    OK(context, apus_svd(context, &s23, NULL, &s, &full));
    double dot = 0;
    for (int i = 0; i < 3; i++) dot += (double)full_data[i] * (double)full_data[6 + i];
    CHECK(fabs(dot) < 1e-6);
}

static void eigenvalues_are_those_of_the_textbook(void)
{
    MATRIX(a, 2, 2, 2, NAN, 1, 2);
    VECTOR(values, 0, 0);
    MATRIX(vectors, 2, 2, 0, 0, 0, 0);
    OK(context, apus_eigh(context, &a, &values, &vectors));
    CHECK(near(values_data[0], 1) && near(values_data[1], 3));
    CHECK(near(fabs(vectors_data[0]), sqrt(0.5)) && vectors_data[0] * vectors_data[2] < 0);

    MATRIX(turn, 2, 2, 0, -1, 1, 0);
    VECTOR(im, 0, 0);
    MATRIX(vi, 2, 2, 0, 0, 0, 0);
    OK(context, apus_eig(context, &turn, &values, &im, &vectors, &vi));
    CHECK(fabs(values_data[0]) < 1e-15 && near(im_data[0], 1) && near(im_data[1], -1));
    /* a v = i v: -v1 = i v0. */
    CHECK(near(-vectors_data[2], -vi_data[0]) && near(-vi_data[2], vectors_data[0]));
    CHECK(vectors_data[0] == vectors_data[1] && vi_data[2] == -vi_data[3]);
}

static void functions_of_matrices(void)
{
    MATRIX(a, 2, 2, 1, 1, 1, 0);
    MATRIX(out, 2, 2, 0, 0, 0, 0);
    OK(context, apus_matrix_power(context, &a, 10, &out));
    CHECK(out_data[0] == 89 && out_data[1] == 55 && out_data[2] == 55 && out_data[3] == 34);
    OK(context, apus_matrix_power(context, &a, -1, &out));
    CHECK(near(out_data[0], 0) && near(out_data[1], 1) && near(out_data[3], -1));
    MATRIX(n, 2, 2, 0, 1, 0, 0);
    OK(context, apus_matrix_exponential(context, &n, &n));
    CHECK(n_data[0] == 1 && n_data[1] == 1 && n_data[2] == 0 && n_data[3] == 1);
}

static void least_squares_fits_a_line(void)
{
    MATRIX(a, 3, 2, 1, 0, 1, 1, 1, 2);
    VECTOR(b, 1, 3, 8);
    VECTOR(x, 0, 0);
    VECTOR(residual, 0);
    VECTOR(s, 0, 0);
    int64_t rank = 0;
    OK(context, apus_least_squares(context, &a, &b, -1, &x, &residual, &rank, &s));
    CHECK(near(x_data[0], 0.5) && near(x_data[1], 3.5) && near(residual_data[0], 1.5) && rank == 2);
    OK(context, apus_least_squares(context, &a, &b, 0.9, &x, NULL, NULL, NULL));
    MATRIX(p, 2, 3, 0, 0, 0, 0, 0, 0);
    OK(context, apus_pseudo_inverse(context, &a, -1, &p, &rank));
    CHECK(rank == 2 && near(p_data[0] + p_data[1] + p_data[2], 1) && near(p_data[3] + p_data[4] + p_data[5], 0));
}

static void singular_matrices_are_named_and_leave_the_output(void)
{
    MATRIX(a, 2, 2, 1, 2, 2, 4);
    VECTOR(b, 1, 2);
    VECTOR(x, 7, 7);
    MATRIX(out, 2, 2, 7, 7, 7, 7);
    double rcond = 7;
    FAILS_NAMING(context, APUS_E_NOT_CONVERGED, "pivot 1", apus_solve(context, &a, &b, NULL, &x, &rcond));
    FAILS_NAMING(context, APUS_E_NOT_CONVERGED, "pivot 1", apus_inverse(context, &a, &out));
    FAILS_NAMING(context, APUS_E_NOT_CONVERGED, "pivot 1", apus_matrix_power(context, &a, -2, &out));
    FAILS_NAMING(context, APUS_E_NOT_CONVERGED, "minor of order 2", apus_cholesky(context, &a, 0, &out));
    FAILS_NAMING(context, APUS_E_NOT_CONVERGED, "minor of order 2",
                 apus_solve(context, &a, &b, "positive_definite", &x, NULL));
    CHECK(x_data[0] == 7 && out_data[3] == 7 && rcond == 7);

    MATRIX(nearly, 2, 2, 1, 1, 1, 1 + DBL_EPSILON);
    warnings_logged = 0;
    OK(context, apus_solve(context, &nearly, &b, NULL, &x, &rcond));
    CHECK(warnings_logged == 1 && strstr(logged, "nearly singular") && rcond < DBL_EPSILON && rcond > 0);
    OK(context, apus_inverse(context, &nearly, &out));
    CHECK(warnings_logged == 2);
}

static void faults_are_named(void)
{
    MATRIX(a, 2, 2, 1, 2, NAN, 4);
    MATRIX(out, 2, 2, 7, 7, 7, 7);
    MATRIX(tall, 3, 2, 1, 2, 3, 4, 5, 6);
    VECTOR(v, 1, 2, 3);
    VECTOR(two, 1, 2);
    int32_t whole_data[4];
    apus_array whole = APUS_ARRAY_2D(APUS_INT32, whole_data, 2, 2);
    double number;

    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "NaN at row 1, column 0", apus_inverse(context, &a, &out));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "NaN at row 1, column 0", apus_svd(context, &a, NULL, &two, NULL));
    FAILS_NAMING(context, APUS_E_SHAPE, "square", apus_inverse(context, &tall, &out));
    FAILS_NAMING(context, APUS_E_SHAPE, "matrix", apus_determinant(context, &v, &number));
    a_data[2] = 5;
    FAILS_NAMING(context, APUS_E_SHAPE, "x must have shape (2,)", apus_solve(context, &a, &two, NULL, &v, NULL));
    FAILS_NAMING(context, APUS_E_SHAPE, "b must have 2 rows", apus_solve(context, &a, &v, NULL, &v, NULL));
    FAILS_NAMING(context, APUS_E_DTYPE, "float64 or float32", apus_inverse(context, &a, &whole));
    FAILS_NAMING(context, APUS_E_DTYPE, "permutation", apus_lu(context, &a, NULL, NULL, &two));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "'dense'", apus_solve(context, &a, &two, "dense", &two, NULL));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "norm must be", apus_matrix_norm(context, &a, "3", &number));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "norm must be", apus_condition_number(context, &a, "nuc", &number));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "rcond", apus_pseudo_inverse(context, &a, NAN, &out, NULL));
    FAILS_NAMING(context, APUS_E_NOT_CONVERGED, "overflows", apus_matrix_power(context, &a, INT64_MAX, &out));
    CHECK(out_data[0] == 7 && out_data[3] == 7);

    /* NULL. */
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "a ", apus_solve(context, NULL, &two, NULL, &two, NULL));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "b ", apus_solve(context, &a, NULL, NULL, &two, NULL));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "x ", apus_solve(context, &a, &two, NULL, NULL, NULL));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "out", apus_inverse(context, &a, NULL));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "out", apus_determinant(context, &a, NULL));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "sign", apus_log_determinant(context, &a, NULL, &number));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "rank", apus_matrix_rank(context, &a, -1, NULL));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "values", apus_eigh(context, &a, NULL, NULL));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "values_imaginary", apus_eig(context, &a, &two, NULL, NULL, NULL));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "s ", apus_svd(context, &a, NULL, NULL, NULL));
    FAILS(NULL, APUS_E_INVALID_ARGUMENT, apus_inverse(NULL, &a, &out));
}

static void sizes_beyond_counts_are_refused(void)
{
    double one = 1, number;
    apus_array a = APUS_ARRAY_2D(APUS_FLOAT64, &one, (int64_t)1 << 31, 1), s = APUS_ARRAY_1D(APUS_FLOAT64, &one, 1);
    a.flags = APUS_ARRAY_STRIDED;
    FAILS_NAMING(context, APUS_E_LIMIT, "2147483647", apus_svd(context, &a, NULL, &s, NULL));
    /* Orders whose squares, or whose workspaces, are too large. */
    a.shape[0] = a.shape[1] = (int64_t)1 << 29;
    FAILS(context, APUS_E_OUT_OF_MEMORY, apus_determinant(context, &a, &number));
    a.shape[0] = a.shape[1] = 40000;
    /* Never touched. */
    apus_array values = APUS_ARRAY_1D(APUS_FLOAT64, &one, 40000);
    apus_array vectors = APUS_ARRAY_2D(APUS_FLOAT64, &one, 40000, 40000);
    FAILS_NAMING(context, APUS_E_LIMIT, "workspace", apus_svd(context, &a, &vectors, &values, NULL));
    FAILS_NAMING(context, APUS_E_LIMIT, "workspace", apus_eigh(context, &a, &values, &vectors));
    CHECK(one == 1);
}

static void an_interrupt_stops_the_next_call(void)
{
    MATRIX(a, 2, 2, 4, 7, 2, 6);
    MATRIX(out, 2, 2, 7, 7, 7, 7);
    apus_interrupt(context);
    FAILS(context, APUS_E_INTERRUPTED, apus_inverse(context, &a, &out));
    CHECK(out_data[0] == 7);
    OK(context, apus_inverse(context, &a, &out));
}

static void every_refused_allocation_is_an_error_and_loses_nothing(void)
{
    enum { COUNT = 30, N = 12 };
    static double data[COUNT * N * N], out_data[COUNT * N * N];
    for (int i = 0; i < COUNT * N * N; i++) data[i] = spread((uint64_t)i) + (i % (N * N) % (N + 1) == 0 ? N : 0);
    apus_array a = APUS_ARRAY_INIT;
    a.dtype = APUS_FLOAT64;
    a.ndim = 3;
    a.data = data;
    a.shape[0] = COUNT;
    a.shape[1] = a.shape[2] = N;
    apus_array out = a;
    out.data = out_data;
    for (int64_t refused = 1; refused < 12; refused++) {
        counting c;
        counting_init(&c);
        apus_context *other = new_context(2, &c.allocator);
        c.refuse_at = c.calls + refused;
        int failed = 0;
        failed += apus_inverse(other, &a, &out) == APUS_E_OUT_OF_MEMORY;
        failed += apus_matrix_exponential(other, &a, &out) == APUS_E_OUT_OF_MEMORY;
        failed += apus_pseudo_inverse(other, &a, -1, &out, NULL) == APUS_E_OUT_OF_MEMORY;
        failed += apus_qr(other, &a, &out, NULL, NULL) == APUS_E_OUT_OF_MEMORY;
        CHECK(failed == (c.refused > 0));
        apus_context_free(other);
        CHECK(c.live == 0 && c.mismatches == 0);
    }
}

int main(void)
{
    BEGIN("linear_algebra");
    apus_context_options options = APUS_CONTEXT_OPTIONS_INIT;
    options.threads = 2;
    options.log = log_message;
    OK(NULL, apus_context_create(&options, &context));
    RUN(solves_three_equations);
    RUN(solves_with_what_is_known_of_the_matrix);
    RUN(inverts_in_place_and_in_a_strided_array);
    RUN(numbers_of_a_stack_come_one_for_each_matrix);
    RUN(factors_reproduce_small_matrices);
    RUN(eigenvalues_are_those_of_the_textbook);
    RUN(functions_of_matrices);
    RUN(least_squares_fits_a_line);
    RUN(singular_matrices_are_named_and_leave_the_output);
    RUN(faults_are_named);
    RUN(sizes_beyond_counts_are_refused);
    RUN(an_interrupt_stops_the_next_call);
    RUN(every_refused_allocation_is_an_error_and_loses_nothing);
    apus_context_free(context);
    return END();
}
