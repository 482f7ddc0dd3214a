/* roots.c: where a function of one variable is zero, where it is lowest, and a walk off a saddle.
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
    printf("  %-46s %14.10f  %14.10f  %s\n", what, expected, found, good ? "ok" : "DIFFERS");
}

static void heading(const char *text, const char *expected)
{
    printf("\n%s\n  %-46s %14s  %14s\n", text, "", expected, "found");
}

/* Kepler's equation M = E - e sin E gives the eccentric anomaly E of an orbit at the time M. */
typedef struct orbit {
    double mean_anomaly, eccentricity;
} orbit;

static int32_t kepler(void *user, double anomaly, double *value)
{
    const orbit *o = user;
    *value = anomaly - o->eccentricity * sin(anomaly) - o->mean_anomaly;
    return 0;
}

static int32_t kepler_slope(void *user, double anomaly, double *value)
{
    const orbit *o = user;
    *value = 1 - o->eccentricity * cos(anomaly);
    return 0;
}

static void kepler_equation(apus_context *context)
{
    static const char *const methods[] = { "brentq", "bisect", "newton", "secant" };
    const double anomaly = 1.25;
    orbit halley = { 0, 0.967 };

    halley.mean_anomaly = anomaly - halley.eccentricity * sin(anomaly);
    heading("Kepler's equation for the orbit of Halley's comet", "put in");
    for (int i = 0; i < 4; i++) {
        char what[64];
        apus_root root = APUS_ROOT_INIT;
        check(context, apus_find_root(context, methods[i], NULL, kepler, kepler_slope, &halley, 0, 3, &root), methods[i]);
        snprintf(what, sizeof what, "%s, %lld evaluations", methods[i], (long long)root.evaluations);
        compare(what, anomaly, root.root, 1e-11);
    }
}

static int32_t reciprocal(void *user, double x, double *value)
{
    (void)user;
    *value = 1 / (x - 1);
    return 0;
}

static void a_pole(apus_context *context)
{
    apus_root root = APUS_ROOT_INIT;
    check(context, apus_find_root(context, "brentq", NULL, reciprocal, NULL, NULL, 0.5, 3, &root), "1 / (x - 1)");
    printf("\n1 / (x - 1) changes sign, but has no root:\n  %s\n", root.message);
    failures += !(fabs(root.root - 1) < 1e-11 && fabs(root.value) > 1e9);

    const apus_status status = apus_find_root(context, "brentq", NULL, reciprocal, NULL, NULL, 2, 3, &root);
    printf("Between 2 and 3 it does not even do that:\n  %s\n", apus_last_error(context));
    failures += status != APUS_E_INVALID_ARGUMENT;
}

/* The tin of a litre with the least sheet: a cylinder of radius r. */
static int32_t sheet(void *user, double radius, double *area)
{
    const double pi = acos(-1.0), litre = 1000;
    (void)user;
    *area = radius > 0 ? 2 * pi * radius * radius + 2 * litre / radius : INFINITY;
    return 0;
}

static void a_tin(apus_context *context)
{
    static const char *const methods[] = { "brent", "golden", "bounded" };
    const double radius = cbrt(500 / acos(-1.0));

    heading("The radius, in cm, of the tin of one litre with the least sheet", "exact");
    for (int i = 0; i < 3; i++) {
        char what[64];
        double x = 0;
        apus_minimum minimum = APUS_MINIMUM_INIT;
        check(context, apus_minimize_scalar(context, methods[i], NULL, sheet, NULL, 1, 20, &x, &minimum), methods[i]);
        snprintf(what, sizeof what, "%s, %lld evaluations", methods[i], (long long)minimum.function_evaluations);
        compare(what, radius, x, 1e-6);
    }
}

/* x^2 - y^2 + y^4 has no slope at (0, 0), which is a saddle; its minima are -1/4 at y^2 = 1/2. */
static int32_t saddle(void *user, const double *x, int64_t n, double *value, double *gradient)
{
    (void)user, (void)n;
    *value = x[0] * x[0] - x[1] * x[1] + pow(x[1], 4);
    if (gradient) {
        gradient[0] = 2 * x[0];
        gradient[1] = -2 * x[1] + 4 * pow(x[1], 3);
    }
    return 0;
}

static int32_t saddle_hessian(void *user, const double *x, int64_t n, double *hessian)
{
    (void)user, (void)n;
    hessian[0] = 2;
    hessian[1] = hessian[2] = 0;
    hessian[3] = -2 + 12 * x[1] * x[1];
    return 0;
}

static void off_a_saddle(apus_context *context)
{
    static const char *const methods[] = { "L-BFGS-B", "trust-exact", "Newton" };

    heading("x^2 - y^2 + y^4 from its saddle (0, 0)", "minimum");
    for (int i = 0; i < 3; i++) {
        char what[64];
        double x[2] = { 0, 0 };
        apus_problem problem = APUS_PROBLEM_INIT;
        apus_minimum minimum = APUS_MINIMUM_INIT;
        problem.n = 2;
        problem.function = saddle;
        problem.hessian = saddle_hessian;
        check(context, apus_minimize(context, methods[i], "gtol=1e-8", &problem, x, NULL, NULL, &minimum), methods[i]);
        if (i == 0) {
            printf("  %s sees no slope and stays at (%g, %g).\n", methods[i], x[0], x[1]);
            continue;
        }
        snprintf(what, sizeof what, "%s, at (%.3f, %.3f)", methods[i], x[0], x[1]);
        compare(what, -0.25, minimum.value, 1e-12);
    }
}

int main(void)
{
    apus_context *context = NULL;
    check(NULL, apus_context_create(NULL, &context), "context");
    kepler_equation(context);
    a_pole(context);
    a_tin(context);
    off_a_saddle(context);
    apus_context_free(context);
    if (failures) fprintf(stderr, "%d figures differ\n", failures);
    return failures > 0;
}
