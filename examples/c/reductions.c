/* reductions.c: what many numbers come to. A class's marks, a rotation, a long sum, a landscape on a grid.
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
    printf("  %-50s %16.9g  %16.9g  %s\n", what, expected, found, good ? "ok" : "DIFFERS");
}

static void heading(const char *text) { printf("\n%s\n  %-50s %16s  %16s\n", text, "", "expected", "found"); }

/* Rows are pupils, columns are exams. */
static void marks_of_a_class(apus_context *context)
{
    static const char *const exams[] = { "algebra", "geometry", "physics" };
    double marks[] = { 71, 64, 90, 55, 80, 62, 88, 93, 79, 64, 71, 55, 96, 58, 84 };
    double means[3], best[5], distinct[15];
    int64_t order[15], n;
    int32_t along_pupils = 0, along_exams = 1;
    apus_array table = APUS_ARRAY_2D(APUS_FLOAT64, marks, 5, 3), mean = APUS_ARRAY_1D(APUS_FLOAT64, means, 3);
    apus_array top = APUS_ARRAY_1D(APUS_FLOAT64, best, 5), places = APUS_ARRAY_2D(APUS_INT64, order, 5, 3);
    apus_array values = APUS_ARRAY_1D(APUS_FLOAT64, distinct, 15);

    heading("Five pupils, three exams");
    check(context, apus_reduce(context, "mean", &table, &along_pupils, 1, &mean), "mean");
    for (int e = 0; e < 3; e++) {
        double sum = 0;
        char what[64];
        for (int p = 0; p < 5; p++) sum += marks[3 * p + e];
        snprintf(what, sizeof what, "mean mark in %s", exams[e]);
        compare(what, sum / 5, means[e], 1e-12);
    }
    check(context, apus_reduce(context, "max", &table, &along_exams, 1, &top), "max");
    compare("best mark of the third pupil", 93, best[2], 0);
    check(context, apus_argsort(context, &table, 0, 1, &places), "argsort");
    compare("who leads in algebra (counted from 0)", 4, (double)order[0], 0);
    check(context, apus_unique(context, &table, &values, NULL, NULL, NULL, &n), "unique");
    compare("how many different marks there are", 12, (double)n, 0);
}

/* A rotation keeps lengths, and its transpose is its inverse. */
static void a_rotation(apus_context *context)
{
    const double angle = 0.7, c = cos(angle), s = sin(angle);
    double rotation[] = { c, -s, 0, s, c, 0, 0, 0, 1 }, points[] = { 3, 4, 12, 1e200, 0, 1e200 }, turned[6], back[9];
    double lengths[2], axis[3], first[] = { 1, 0, 0 }, second[] = { 0, 1, 0 };
    int32_t along = 1;
    apus_array r = APUS_ARRAY_2D(APUS_FLOAT64, rotation, 3, 3), x = APUS_ARRAY_2D(APUS_FLOAT64, points, 2, 3);
    apus_array y = APUS_ARRAY_2D(APUS_FLOAT64, turned, 2, 3), identity = APUS_ARRAY_2D(APUS_FLOAT64, back, 3, 3);
    apus_array length = APUS_ARRAY_1D(APUS_FLOAT64, lengths, 2), up = APUS_ARRAY_1D(APUS_FLOAT64, axis, 3);
    apus_array e1 = APUS_ARRAY_1D(APUS_FLOAT64, first, 3), e2 = APUS_ARRAY_1D(APUS_FLOAT64, second, 3);

    heading("A rotation about the third axis");
    check(context, apus_matmul(context, &x, &r, APUS_TRANSPOSE_B, &y), "matmul");
    check(context, apus_reduce(context, "norm_2", &y, &along, 1, &length), "norm_2");
    compare("length of the point (3, 4, 12), turned", 13, lengths[0], 1e-14);
    compare("length of (1e200, 0, 1e200), over 1e200", sqrt(2), lengths[1] / 1e200, 1e-14);
    check(context, apus_matmul(context, &r, &r, APUS_TRANSPOSE_B, &identity), "matmul");
    compare("trace of rotation times transpose", 3, back[0] + back[4] + back[8], 1e-15);
    check(context, apus_cross(context, &e1, &e2, &up), "cross");
    compare("third component of first axis x second axis", 1, axis[2], 0);
}

/* Ten million tenths in float32: a running float sum stops growing at a few millions. */
static void a_long_sum(apus_context *context)
{
    const int64_t n = 10000000;
    float *tenths = malloc((size_t)n * sizeof *tenths), naive = 0;
    double sum;
    apus_array x = APUS_ARRAY_1D(APUS_FLOAT32, NULL, n);

    if (!tenths) exit(1);
    x.data = tenths;
    for (int64_t i = 0; i < n; i++) tenths[i] = 0.1f;
    for (int64_t i = 0; i < n; i++) naive += tenths[i];
    heading("Ten million times 0.1f");
    check(context, apus_reduce_all(context, "sum", &x, &sum), "sum");
    compare("the sum", (double)n * (double)0.1f, sum, 1e-7);
    printf("  %-50s %16s  %16.9g\n", "(a plain loop over floats says)", "", (double)naive);
    free(tenths);
}

/* Himmelblau's function has four minima of 0 and, between them, a hill of 181.6 near (-0.27, -0.92). */
static int32_t himmelblau(void *user, const double *p, int64_t n, double *y, int64_t m)
{
    const double a = p[0] * p[0] + p[1] - 11, b = p[0] + p[1] * p[1] - 7;
    (void)user;
    (void)n;
    (void)m;
    y[0] = a * a + b * b;
    return 0;
}

static void a_landscape(apus_context *context)
{
    enum { N = 121 };
    static double x[N], z[N * N];
    double lowest, place, inside[41 * 41], hill;
    apus_array axes[] = { APUS_ARRAY_1D(APUS_FLOAT64, NULL, N), APUS_ARRAY_1D(APUS_FLOAT64, NULL, N) };
    apus_array heights = APUS_ARRAY_2D(APUS_FLOAT64, NULL, N, N), centre = APUS_ARRAY_2D(APUS_FLOAT64, NULL, 41, 41);
    apus_array window = APUS_ARRAY_INIT;

    for (int i = 0; i < N; i++) x[i] = -6 + 0.1 * i;
    axes[0].data = axes[1].data = x;
    heights.data = z;
    centre.data = inside;
    heading("Himmelblau's function on a grid of 121 x 121");
    check(context, apus_evaluate_grid(context, himmelblau, NULL, axes, 2, 1, &heights), "evaluate_grid");
    check(context, apus_reduce_all(context, "min", &heights, &lowest), "min");
    check(context, apus_reduce_all(context, "argmin", &heights, &place), "argmin");
    compare("the lowest point of the grid", 0, lowest, 1e-20);
    compare("its x", 3, x[(int)place / N], 1e-12);
    compare("its y", 2, x[(int)place % N], 1e-12);
    /* The part from -2 to 2 of both axes, as a view. */
    check(context, apus_view_slice(context, &heights, 0, 40, 81, 1, &window), "view_slice");
    check(context, apus_view_slice(context, &window, 1, 40, 81, 1, &window), "view_slice");
    check(context, apus_copy(context, &window, &centre), "copy");
    check(context, apus_reduce_all(context, "max", &centre, &hill), "max");
    compare("the hill between the minima", 181.6, hill, 0.1);
}

int main(void)
{
    apus_context *context = NULL;
    if (apus_context_create(NULL, &context) != APUS_OK) return 1;
    marks_of_a_class(context);
    a_rotation(context);
    a_long_sum(context);
    a_landscape(context);
    apus_context_free(context);
    printf("\n%s\n", failures ? "Some figures differ." : "Every figure agrees.");
    return failures != 0;
}
