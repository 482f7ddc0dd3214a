/* calculus.c: slopes and areas of functions that can only be evaluated.
 *
 * A stone is thrown; the program knows its height as a function of time, nothing else. Then a pendulum, whose period
 * is an integral with an infinite end, and a bus that comes late.
 */
#include "apus.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static const double GRAVITY = 9.81, SPEED = 20.0;

static void check(apus_context *context, apus_status status, const char *doing)
{
    if (status == APUS_OK) return;
    fprintf(stderr, "%s: %s: %s\n", doing, apus_status_text(status), apus_last_error(context));
    exit(1);
}

/* Ends the program when a figure is not what it must be. */
static void expect(const char *what, double found, double exact, double tolerance)
{
    if (fabs(found - exact) <= tolerance) return;
    fprintf(stderr, "%s: found %.15g, expected %.15g\n", what, found, exact);
    exit(1);
}

static int32_t height(void *user, double t, double *value)
{
    (void)user;
    *value = SPEED * t - GRAVITY / 2 * t * t;
    return 0;
}

/* sqrt is NaN left of 0: a border. */
static int32_t root(void *user, double x, double *value)
{
    (void)user;
    *value = sqrt(x);
    return 0;
}

/* The integrand of a pendulum's period, let go at the amplitude *user; it is infinite at the turning point. */
static int32_t pendulum(void *user, double angle, double *value)
{
    const double amplitude = *(const double *)user;
    *value = 1 / sqrt(2 * (cos(angle) - cos(amplitude)));
    return 0;
}

/* Minutes late: exponential, 3 on average. */
static int32_t lateness(void *user, double t, double *value)
{
    (void)user;
    *value = exp(-t / 3) / 3;
    return 0;
}

static int32_t hill(void *user, const double *x, int64_t n, double *value, double *gradient)
{
    (void)user;
    (void)n;
    (void)gradient; /* always NULL here: Apus takes differences */
    *value = 100 * exp(-(x[0] * x[0] + 2 * x[1] * x[1]) / 8);
    return 0;
}

int main(void)
{
    apus_context *context = NULL;
    apus_integral integral = APUS_INTEGRAL_INIT;
    double slope, error, gradient[2], hessian[4];
    const double here[2] = { 1, 1 };
    int64_t evaluations;
    check(NULL, apus_context_create(NULL, &context), "context");

    printf("A stone thrown up at %.0f m/s\n", SPEED);
    for (int t = 0; t <= 4; t++) {
        check(context, apus_derivative(context, height, NULL, t, NULL, &slope, &error, &evaluations), "speed");
        printf("  after %d s it moves at %6.2f m/s   (error below %.0e, %d evaluations)\n", t, slope, error,
               (int)evaluations);
        expect("speed", slope, SPEED - GRAVITY * t, 1e-9);
    }

    check(context, apus_derivative(context, root, NULL, 1e-6, NULL, &slope, NULL, NULL), "root");
    printf("\nThe slope of sqrt at 0.000001, close to its border: %.9g\n", slope);
    expect("slope", slope, 500, 1e-7);

    check(context, apus_gradient(context, hill, NULL, here, 2, NULL, gradient, NULL), "gradient");
    check(context, apus_hessian(context, hill, NULL, here, 2, NULL, hessian, NULL), "hessian");
    printf("\nOn a hill the steepest way up is (%.3f, %.3f); curvatures %.3f, %.3f, mixed %.3f\n", gradient[0], gradient[1],
           hessian[0], hessian[3], hessian[1]);
    expect("gradient", gradient[1], 2 * gradient[0], 1e-9);

    printf("\nA pendulum's period grows with its amplitude\n");
    for (int degrees = 10; degrees <= 170; degrees += 40) {
        double amplitude = degrees * acos(-1.0) / 180;
        check(context, apus_integrate(context, pendulum, &amplitude, 0, amplitude, NULL, &integral), "period");
        printf("  %3d degrees: %.9f of a small swing's   (%d evaluations)\n", degrees, integral.value * 2 / acos(-1.0),
               (int)integral.evaluations);
        if (degrees == 90) expect("period", integral.value * 2 / acos(-1.0), 1.180340599016096, 1e-8);
    }

    check(context, apus_probability(context, lateness, NULL, 0, INFINITY, 5, INFINITY, NULL, &integral), "late");
    printf("\nThe bus is more than 5 minutes late with probability %.6f\n", integral.value);
    expect("probability", integral.value, exp(-5.0 / 3), 1e-9);
    check(context, apus_variance_of_density(context, lateness, NULL, 0, INFINITY, NULL, &integral), "variance");
    expect("variance", integral.value, 9, 1e-6);

    printf("\nWhat has no area says so: ");
    if (apus_integrate(context, pendulum, &(double){ 0 }, -1, 1, NULL, &integral) != APUS_E_NOT_CONVERGED) return 1;
    printf("%s\n", apus_last_error(context));
    apus_context_free(context);
    return 0;
}
