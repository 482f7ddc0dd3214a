/* fields.c: derivatives of maps, areas and volumes, expectations, and an exact derivative from a graph of operations.
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

/* Polar coordinates to those of the plane. */
static int32_t plane(void *user, const double *x, int64_t n, double *y, int64_t m)
{
    (void)user, (void)n, (void)m;
    y[0] = x[0] * cos(x[1]);
    y[1] = x[0] * sin(x[1]);
    return 0;
}

static int32_t hill(void *user, const double *x, int64_t n, double *value, double *gradient)
{
    (void)user, (void)n, (void)gradient;
    *value = exp(-x[0] * x[0] - 2 * x[1] * x[1]);
    return 0;
}

static int32_t exponential(void *user, double x, double *value)
{
    const double *rate = user;
    *value = *rate * exp(-*rate * x);
    return 0;
}

static void derivatives(apus_context *context)
{
    const double polar[2] = { 2, 0.75 }, place[2] = { 0.5, 0.25 }, towards[2] = { 3, 4 };
    double jacobian[4], slope = 0, height = 0;

    check(context, apus_jacobian(context, plane, NULL, polar, 2, 2, NULL, jacobian, NULL), "Jacobian");
    check(context, apus_directional_derivative(context, hill, NULL, place, 2, towards, "normalize=true", &slope, NULL),
          "slope");
    hill(NULL, place, 2, &height, NULL);

    heading("Derivatives");
    compare("the Jacobian's determinant is the radius", 2, jacobian[0] * jacobian[3] - jacobian[1] * jacobian[2],
            1e-10);
    compare("slope of a hill towards (3, 4)", height * (-2 * 0.5 * 0.6 - 4 * 0.25 * 0.8), slope, 1e-10);
}

static void integrals(apus_context *context)
{
    const double lower[2] = { -INFINITY, -INFINITY }, upper[2] = { INFINITY, INFINITY };
    double samples[9], exact[9], running[9], area = 0;
    apus_array y = APUS_ARRAY_1D(APUS_FLOAT64, samples, 9), out = APUS_ARRAY_INIT;
    apus_array sums = APUS_ARRAY_1D(APUS_FLOAT64, running, 9);
    apus_integral volume = APUS_INTEGRAL_INIT;

    for (int i = 0; i < 9; i++) {
        const double x = i / 4.0;
        samples[i] = x * x * x - x;
        exact[i] = x * x * x * x / 4 - x * x / 2;
    }
    out.dtype = APUS_FLOAT64;
    out.data = &area;
    check(context, apus_integrate_box(context, hill, NULL, lower, upper, 2, NULL, &volume), "volume");
    check(context, apus_integrate_samples(context, "simpson", &y, NULL, 0.25, 0, &out), "area");
    check(context, apus_cumulative_integral(context, &y, NULL, 0.25, 0, &sums), "running area");

    heading("Integrals");
    compare("under the hill: pi / sqrt(2)", acos(-1) / sqrt(2), volume.value, 1e-7);
    compare("Simpson's rule is exact for cubics", exact[8], area, 1e-14);
    /* h^2 / 12 (f'(2) - f'(0)), all of the error for a cubic */
    compare("trapezoids are not", exact[8] + 0.0625 / 12 * 12, running[8], 1e-13);
}

static void expectations(apus_context *context)
{
    static const double faces[6] = { 1, 2, 3, 4, 5, 6 };
    static const double fair[6] = { 1 / 6., 1 / 6., 1 / 6., 1 / 6., 1 / 6., 1 / 6. };
    double rate = 0.25, mean = 0, variance = 0, entropy = 0;
    apus_integral wait = APUS_INTEGRAL_INIT;

    check(context, apus_expected_value(context, exponential, &rate, 0, INFINITY, NULL, NULL, NULL, &wait), "mean");
    check(context, apus_discrete_moments(context, faces, fair, 6, &mean, &variance, &entropy), "die");

    heading("Expectations");
    compare("wait for what comes 0.25 times an hour", 4, wait.value, 1e-6);
    compare("mean of a die", 3.5, mean, 1e-14);
    compare("its variance", 35.0 / 12, variance, 1e-14);
    compare("its entropy", log(6), entropy, 1e-14);
}

/* |A x - b|^2 / 2 node by node; its gradient is A^T (A x - b). */
static void graph(apus_context *context)
{
    static const int64_t two[1] = { 2 };
    double a[6] = { 1, 2, 3, 4, 5, 6 }, b[3] = { 1, 0, -1 }, at[2] = { 0.5, -0.25 }, gradient[2], value = 0, rest[3];
    apus_array matrix = APUS_ARRAY_2D(APUS_FLOAT64, a, 3, 2), right = APUS_ARRAY_1D(APUS_FLOAT64, b, 3);
    apus_array point = APUS_ARRAY_1D(APUS_FLOAT64, at, 2), slopes = APUS_ARRAY_1D(APUS_FLOAT64, gradient, 2);
    apus_array result = APUS_ARRAY_INIT, shape = APUS_ARRAY_INIT;
    apus_expression *e = NULL;
    int32_t x = 0, operands[2], residual = 0, node = 0;

    check(context, apus_expression_create(context, &e), "expression");
    check(context, apus_expression_variable(context, e, "x", two, 1, &x), "variable");
    check(context, apus_expression_constant(context, e, &matrix, &operands[0]), "matrix");
    operands[1] = x;
    check(context, apus_expression_apply(context, e, "matmul", operands, 2, NULL, &operands[0]), "product");
    check(context, apus_expression_constant(context, e, &right, &operands[1]), "right side");
    check(context, apus_expression_apply(context, e, "subtract", operands, 2, NULL, &residual), "difference");
    check(context, apus_expression_shape(context, e, residual, &shape), "shape");
    operands[0] = operands[1] = residual;
    check(context, apus_expression_apply(context, e, "matmul", operands, 2, NULL, &operands[0]), "square");
    result.dtype = APUS_FLOAT64;
    value = 0.5;
    result.data = &value;
    check(context, apus_expression_constant(context, e, &result, &operands[1]), "half");
    check(context, apus_expression_apply(context, e, "multiply", operands, 2, NULL, &node), "half of it");
    check(context, apus_expression_gradient(context, e, node, &point, 1, NULL, &result, &slopes, 1), "gradient");
    for (int i = 0; i < 3; i++) rest[i] = a[2 * i] * at[0] + a[2 * i + 1] * at[1] - b[i];

    heading("Least squares as a graph of operations");
    compare("residuals", 3, (double)shape.shape[0], 0);
    compare("value", (rest[0] * rest[0] + rest[1] * rest[1] + rest[2] * rest[2]) / 2, value, 1e-15);
    compare("d / d x[0]", a[0] * rest[0] + a[2] * rest[1] + a[4] * rest[2], gradient[0], 1e-15);
    compare("d / d x[1]", a[1] * rest[0] + a[3] * rest[1] + a[5] * rest[2], gradient[1], 1e-15);
    apus_expression_free(e);
}

int main(void)
{
    apus_context *context = NULL;

    if (apus_context_create(NULL, &context) != APUS_OK) return 1;
    derivatives(context);
    integrals(context);
    expectations(context);
    graph(context);
    apus_context_free(context);
    printf("\n%s\n", failures ? "Some figures differ." : "All figures agree.");
    return failures != 0;
}
