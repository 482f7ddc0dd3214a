/* decompositions.c: a matrix taken apart, and what its parts say about it.
 *
 * Each figure has a second way to it, beside which it is printed.
 */
#include "apus.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static int failures;

static void check(apus_context *context, apus_status status, const char *doing)
{
    if (status == APUS_OK) return;
    fprintf(stderr, "%s: %s: %s\n", doing, apus_status_text(status), apus_last_error(context));
    exit(1);
}

static void compare(const char *what, double expected, double found, double tolerance)
{
    const int good = fabs(found - expected) <= tolerance;
    failures += !good;
    printf("  %-52s %14.9f  %14.9f  %s\n", what, expected, found, good ? "ok" : "DIFFERS");
}

static void heading(const char *text) { printf("\n%s\n  %-52s %14s  %14s\n", text, "", "expected", "found"); }

/* The greatest difference between a and left right, all 3 x 3. */
static double rest(const double *a, const double *left, const double *right, const int64_t *rows)
{
    double most = 0;
    for (int i = 0; i < 3; i++) {
        for (int j = 0; j < 3; j++) {
            double sum = 0;
            for (int k = 0; k < 3; k++) sum += left[3 * i + k] * right[3 * k + j];
            most = fmax(most, fabs(a[3 * (rows ? rows[i] : i) + j] - sum));
        }
    }
    return most;
}

static double matrix[9] = { 4, -2, 1, 3, 6, -4, 2, 1, 8 };

static void factors(apus_context *context)
{
    double l[9], u[9], q[9], r[9], left[9], s[3], vt[9];
    int64_t rows[3];
    apus_array a = APUS_ARRAY_2D(APUS_FLOAT64, matrix, 3, 3);
    apus_array lower = APUS_ARRAY_2D(APUS_FLOAT64, l, 3, 3), upper = APUS_ARRAY_2D(APUS_FLOAT64, u, 3, 3);
    apus_array orthogonal = APUS_ARRAY_2D(APUS_FLOAT64, q, 3, 3), triangle = APUS_ARRAY_2D(APUS_FLOAT64, r, 3, 3);
    apus_array us = APUS_ARRAY_2D(APUS_FLOAT64, left, 3, 3), values = APUS_ARRAY_1D(APUS_FLOAT64, s, 3);
    apus_array vs = APUS_ARRAY_2D(APUS_FLOAT64, vt, 3, 3), permutation = APUS_ARRAY_1D(APUS_INT64, rows, 3);
    double sign = 0, log_absolute = 0;

    check(context, apus_lu(context, &a, &lower, &upper, &permutation), "LU");
    check(context, apus_qr(context, &a, &orthogonal, &triangle, NULL), "QR");
    check(context, apus_svd(context, &a, &us, &values, &vs), "SVD");
    check(context, apus_log_determinant(context, &a, &sign, &log_absolute), "determinant");

    heading("Three ways to take a matrix apart");
    compare("rows of a less l u", 0, rest(matrix, l, u, rows), 1e-14);
    compare("a less q r", 0, rest(matrix, q, r, NULL), 1e-14);
    compare("log |det a| from the diagonal of r", log(r[0] * r[4] * r[8]), log_absolute, 1e-14);
    compare("and from the singular values", log(s[0]) + log(s[1]) + log(s[2]), log_absolute, 1e-14);
    compare("the sign of det a", 1, sign, 0);
    for (int i = 0; i < 3; i++) {
        for (int j = 0; j < 3; j++) left[3 * i + j] *= s[j];
    }
    compare("a less u diag(s) vt", 0, rest(matrix, left, vt, NULL), 1e-14);
}

static void measures(apus_context *context)
{
    static double flat[6] = { 1, 2, 3, 2, 4, 6 };
    double s[3], condition = 0, frobenius = 0, nuclear = 0, trace = 0;
    int64_t rank = 0;
    apus_array a = APUS_ARRAY_2D(APUS_FLOAT64, matrix, 3, 3), f = APUS_ARRAY_2D(APUS_FLOAT64, flat, 2, 3);
    apus_array values = APUS_ARRAY_1D(APUS_FLOAT64, s, 3);

    check(context, apus_svd(context, &a, NULL, &values, NULL), "singular values");
    check(context, apus_condition_number(context, &a, NULL, &condition), "condition");
    check(context, apus_matrix_norm(context, &a, "fro", &frobenius), "Frobenius norm");
    check(context, apus_matrix_norm(context, &a, "nuc", &nuclear), "nuclear norm");
    check(context, apus_trace(context, &a, &trace), "trace");
    check(context, apus_matrix_rank(context, &f, -1, &rank), "rank");

    heading("What the singular values say");
    compare("condition", s[0] / s[2], condition, 1e-13);
    compare("Frobenius norm", sqrt(s[0] * s[0] + s[1] * s[1] + s[2] * s[2]), frobenius, 1e-14);
    compare("nuclear norm", s[0] + s[1] + s[2], nuclear, 1e-14);
    compare("trace", 18, trace, 0);
    compare("rank of two rows, one twice the other", 1, (double)rank, 0);
}

/* e^(a t) of a rotation's generator is the rotation. */
static void rotation(apus_context *context)
{
    double generator[4] = { 0, -1.25, 1.25, 0 }, turned[4];
    apus_array a = APUS_ARRAY_2D(APUS_FLOAT64, generator, 2, 2), out = APUS_ARRAY_2D(APUS_FLOAT64, turned, 2, 2);

    check(context, apus_matrix_exponential(context, &a, &out), "exponential");
    heading("The exponential of a generator turns by its angle");
    compare("cosine", cos(1.25), turned[0], 1e-15);
    compare("sine", sin(1.25), turned[2], 1e-15);
}

int main(void)
{
    apus_context *context = NULL;

    if (apus_context_create(NULL, &context) != APUS_OK) return 1;
    factors(context);
    measures(context);
    rotation(context);
    apus_context_free(context);
    printf("\n%s\n", failures ? "Some figures differ." : "All figures agree.");
    return failures != 0;
}
