/* linear_algebra.c: a bridge of springs, solved; its vibrations; a parabola through noisy points; and what happens to a
 * matrix that cannot be inverted. */
#include "apus.h"

#include <math.h>
#include <stdio.h>

enum { NODES = 5 };

static apus_context *context;
static int failures;

static void check(apus_status status, const char *what)
{
    if (status == APUS_OK) return;
    fprintf(stderr, "%s: %s: %s\n", what, apus_status_text(status), apus_last_error(context));
    failures++;
}

static void agree(double value, double expected, const char *what)
{
    if (fabs(value - expected) <= 1e-12 * (1 + fabs(expected))) return;
    fprintf(stderr, "%s is %.17g, expected %.17g\n", what, value, expected);
    failures++;
}

/* Five masses in a row between two walls, springs of stiffness 1: K has 2 on the diagonal, -1 beside it. */
static void springs(void)
{
    double k[NODES * NODES] = { 0 }, load[NODES] = { 0, 0, 1, 0, 0 }, bend[NODES], rcond;
    for (int i = 0; i < NODES; i++) {
        k[i * NODES + i] = 2;
        if (i > 0) k[i * NODES + i - 1] = k[(i - 1) * NODES + i] = -1;
    }
    apus_array a = APUS_ARRAY_2D(APUS_FLOAT64, k, NODES, NODES);
    apus_array b = APUS_ARRAY_1D(APUS_FLOAT64, load, NODES), x = APUS_ARRAY_1D(APUS_FLOAT64, bend, NODES);

    check(apus_solve(context, &a, &b, "positive_definite", &x, &rcond), "solve");
    printf("Five springs, a weight in the middle. They give way by\n   ");
    for (int i = 0; i < NODES; i++) printf(" %.3f", bend[i]);
    printf("   (reciprocal condition %.3f)\n", rcond);
    agree(bend[2], 1.5, "the middle");

    double squares[NODES], modes[NODES * NODES];
    apus_array values = APUS_ARRAY_1D(APUS_FLOAT64, squares, NODES);
    apus_array vectors = APUS_ARRAY_2D(APUS_FLOAT64, modes, NODES, NODES);
    const double pi = acos(-1.0);
    check(apus_eigh(context, &a, &values, &vectors), "eigh");
    printf("They swing with the frequencies\n   ");
    for (int i = 0; i < NODES; i++) {
        printf(" %.4f", sqrt(squares[i]));
        agree(squares[i], 2 - 2 * cos((i + 1) * pi / (NODES + 1)), "an eigenvalue");
    }
    double determinant;
    check(apus_determinant(context, &a, &determinant), "determinant");
    printf("\nDeterminant %.0f\n\n", determinant);
    agree(determinant, NODES + 1, "the determinant");
}

/* height = c0 + c1 t + c2 t^2 through seven measurements of a thrown ball. */
static void ball(void)
{
    static const double noise[7] = { 0.02, -0.03, 0.01, 0.0, -0.01, 0.03, -0.02 };
    double t[7][3], height[7], c[3], residual[1];
    for (int i = 0; i < 7; i++) {
        const double s = 0.25 * i;
        t[i][0] = 1;
        t[i][1] = s;
        t[i][2] = s * s;
        height[i] = 1.5 + 8.0 * s - 4.905 * s * s + noise[i];
    }
    apus_array a = APUS_ARRAY_2D(APUS_FLOAT64, t, 7, 3), b = APUS_ARRAY_1D(APUS_FLOAT64, height, 7);
    apus_array x = APUS_ARRAY_1D(APUS_FLOAT64, c, 3), r = APUS_ARRAY_1D(APUS_FLOAT64, residual, 1);
    int64_t rank = 0;
    check(apus_least_squares(context, &a, &b, -1, &x, &r, &rank, NULL), "least_squares");
    printf("A ball thrown at %.2f m with %.2f m/s; gravity comes out as %.2f m/s^2 (rank %d, residual %.4f)\n\n", c[0],
           c[1], -2 * c[2], (int)rank, residual[0]);
    if (rank != 3 || fabs(c[0] - 1.5) > 0.05 || fabs(c[2] + 4.905) > 0.1) failures++;
}

/* The weather of a small town: sunny, cloudy, rain; tomorrow's depends on today's. A hundred days at once. */
static void weather(void)
{
    double p[9] = { 0.8, 0.15, 0.05, 0.3, 0.4, 0.3, 0.2, 0.4, 0.4 }, later[9];
    apus_array a = APUS_ARRAY_2D(APUS_FLOAT64, p, 3, 3), out = APUS_ARRAY_2D(APUS_FLOAT64, later, 3, 3);
    check(apus_matrix_power(context, &a, 100, &out), "matrix_power");
    printf("In the long run: %.1f %% sun, %.1f %% clouds, %.1f %% rain\n\n", 100 * later[0], 100 * later[1],
           100 * later[2]);
    agree(later[0], later[3], "tomorrow's sun");
    agree(later[0] + later[1] + later[2], 1, "the sum of chances");
}

static void refusals(void)
{
    double values[4] = { 1, 2, 2, 4 }, result[4];
    apus_array a = APUS_ARRAY_2D(APUS_FLOAT64, values, 2, 2), out = APUS_ARRAY_2D(APUS_FLOAT64, result, 2, 2);
    if (apus_inverse(context, &a, &out) != APUS_E_NOT_CONVERGED) failures++;
    printf("1 2 / 2 4 has no inverse:  %s\n", apus_last_error(context));
    if (apus_cholesky(context, &a, 0, &out) != APUS_E_NOT_CONVERGED) failures++;
    printf("nor a Cholesky factor:     %s\n", apus_last_error(context));
    int64_t rank = 0;
    check(apus_pseudo_inverse(context, &a, -1, &out, &rank), "pseudo_inverse");
    printf("but a pseudo-inverse:      %.2f %.2f / %.2f %.2f (rank %d)\n", result[0], result[1], result[2], result[3],
           (int)rank);
    agree(result[0], 0.04, "the pseudo-inverse");
}

int main(void)
{
    if (apus_context_create(NULL, &context) != APUS_OK) return 1;
    springs();
    ball();
    weather();
    refusals();
    apus_context_free(context);
    return failures != 0;
}
