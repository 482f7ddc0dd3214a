/* Derivatives, integrals and expectations through the C interface: values, the protocol of callbacks, outputs after
 * errors, and arguments that cannot be right. */
#define _POSIX_C_SOURCE 200809L
#include <unistd.h>

#include "check.h"

#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

static apus_context *context;

static int near(double a, double b, double tolerance) { return fabs(a - b) <= tolerance * (1 + fabs(b)); }

/* What the callbacks are told by their user pointer. */
typedef struct plan {
    int64_t calls;
    int64_t answer_at; /* the n-th call answers `answer` */
    int32_t answer;
    int64_t interrupt_at;
    unsigned fp_state;
} plan;

static int32_t follow(plan *p)
{
    if (!p) return 0;
    p->calls++;
#if defined(__x86_64__)
    p->fp_state = _mm_getcsr() & 0x8040;
#endif
    if (p->calls == p->interrupt_at) apus_interrupt(context);
    return p->calls == p->answer_at ? p->answer : 0;
}

static int32_t exponential(void *user, double x, double *value)
{
    *value = exp(x);
    return follow(user);
}
static int32_t logarithm(void *user, double x, double *value)
{
    *value = log(x);
    return follow(user);
}
static int32_t inverse(void *user, double x, double *value)
{
    *value = 1 / x;
    return follow(user);
}
static int32_t half(void *user, double x, double *value)
{
    (void)x;
    *value = 0.5;
    return follow(user);
}
static int32_t bell(void *user, double x, double *value)
{
    *value = exp(-x * x / 2) / sqrt(2 * acos(-1.0));
    return follow(user);
}
static int32_t square(void *user, double x, double *value)
{
    *value = x * x;
    return follow(user);
}
static int32_t silent(void *user, double x, double *value)
{
    (void)x;
    (void)value; /* writes nothing: what is there must not count as a value */
    return follow(user);
}
static int32_t field(void *user, const double *x, int64_t n, double *value, double *gradient)
{
    CHECK(gradient == NULL);
    *value = 0;
    for (int64_t i = 0; i < n; i++) *value += (double)(i + 1) * x[i] * x[i];
    return follow(user);
}
static int32_t polar(void *user, const double *x, int64_t n, double *y, int64_t m)
{
    CHECK(n == 2 && m == 2);
    y[0] = x[0] * cos(x[1]);
    y[1] = x[0] * sin(x[1]);
    return follow(user);
}

static void derivatives_are_found(void)
{
    double value = 0, error = 0, x[3] = { 1, -2, 0.5 }, gradient[3], errors[3], hessian[9], jacobian[4];
    const double at[2] = { 2, 0.5 }, direction[3] = { 0, 3, 4 };
    int64_t evaluations = 0;
    OK(context, apus_derivative(context, exponential, NULL, 1.0, NULL, &value, &error, &evaluations));
    CHECK(near(value, exp(1.0), 1e-12) && error > 0 && error < 1e-10 && evaluations > 2 && evaluations < 40);
    OK(context, apus_derivative(context, exponential, NULL, 1.0, "order=2", &value, NULL, NULL));
    CHECK(near(value, exp(1.0), 1e-9));
    OK(context, apus_derivative(context, logarithm, NULL, 1e-3, "{\"method\": \"richardson\"}", &value, NULL, NULL));
    CHECK(near(value, 1e3, 1e-11));
    OK(context, apus_derivative(context, exponential, NULL, 0.0, "method=forward step=1", &value, NULL, &evaluations));
    CHECK(near(value, exp(1.0) - 1, 1e-15) && evaluations == 2);

    OK(context, apus_gradient(context, field, NULL, x, 3, NULL, gradient, errors));
    CHECK(near(gradient[0], 2, 1e-12) && near(gradient[1], -8, 1e-12) && near(gradient[2], 3, 1e-12));
    OK(context, apus_gradient(context, field, NULL, x, 3, "side=backward", gradient, NULL));
    CHECK(near(gradient[0], 2, 1e-10) && near(gradient[1], -8, 1e-10) && near(gradient[2], 3, 1e-10));
    OK(context, apus_hessian(context, field, NULL, x, 3, NULL, hessian, NULL));
    for (int i = 0; i < 9; i++) CHECK(near(hessian[i], i % 4 == 0 ? 2 * (i / 4 + 1) : 0, 1e-9));
    OK(context, apus_directional_derivative(context, field, NULL, x, 3, direction, "normalize=true", &value, &error));
    CHECK(near(value, -8 * 0.6 + 3 * 0.8, 1e-11));
    OK(context, apus_jacobian(context, polar, NULL, at, 2, 2, NULL, jacobian, NULL));
    CHECK(near(jacobian[0], cos(0.5), 1e-12) && near(jacobian[1], -2 * sin(0.5), 1e-12));
    CHECK(near(jacobian[2], sin(0.5), 1e-12) && near(jacobian[3], 2 * cos(0.5), 1e-12));
    CHECK(x[0] == 1 && x[1] == -2 && x[2] == 0.5);
}

static void integrals_are_found(void)
{
    apus_integral result = APUS_INTEGRAL_INIT;
    const double lower[2] = { 0, 0 }, upper[2] = { 1, 2 };
    OK(context, apus_integrate(context, exponential, NULL, 0.0, 1.0, NULL, &result));
    CHECK(near(result.value, exp(1.0) - 1, 1e-15) && result.evaluations == 21 && result.subdivisions == 1);
    CHECK(result.error > 0 && result.error < 1e-10);
    OK(context, apus_integrate(context, bell, NULL, INFINITY, -INFINITY, NULL, &result));
    CHECK(near(result.value, -1, 1e-12));
    OK(context, apus_integrate(context, logarithm, NULL, 0.0, 1.0, "epsabs=1e-12 epsrel=1e-12", &result));
    CHECK(near(result.value, -1, 1e-12));
    OK(context, apus_integrate(context, square, NULL, 0.0, 3.0, "method=simpson intervals=2", &result));
    CHECK(result.value == 9 && result.evaluations == 3);
    OK(context, apus_integrate(context, inverse, NULL, 1.0, 1.0, NULL, &result));
    CHECK(result.value == 0 && result.evaluations == 0);
    OK(context, apus_integrate_box(context, field, NULL, lower, upper, 2, NULL, &result));
    CHECK(near(result.value, 2.0 / 3 + 16.0 / 3, 1e-13));
}

static void divergence_is_told_with_the_best_estimate(void)
{
    apus_integral result = APUS_INTEGRAL_INIT;
    FAILS_NAMING(context, APUS_E_NOT_CONVERGED, "converge", apus_integrate(context, inverse, NULL, 0, 1, NULL, &result));
    CHECK(result.evaluations > 0 && result.error > 0);
    result.value = 42;
    FAILS_NAMING(context, APUS_E_NOT_CONVERGED, "x = 0", apus_integrate(context, inverse, NULL, -1, 1, NULL, &result));
    CHECK(result.value == 42);
    FAILS(context, APUS_E_NOT_CONVERGED, apus_integrate(context, silent, NULL, 0, 1, NULL, &result));
    double value = 42;
    FAILS(context, APUS_E_NOT_CONVERGED, apus_derivative(context, silent, NULL, 0, NULL, &value, NULL, NULL));
    FAILS_NAMING(context, APUS_E_NOT_CONVERGED, "x = 0",
                 apus_derivative(context, logarithm, NULL, 0, NULL, &value, NULL, NULL));
    CHECK(value == 42);
}

static void callbacks_stop_and_abort(void)
{
    const int32_t answers[] = { 1, 7, -1, INT32_MIN, INT32_MAX };
    double value = 42, gradient[2] = { 42, 42 }, hessian[4] = { 42, 42, 42, 42 }, x[2] = { 1, 2 };
    apus_integral result = APUS_INTEGRAL_INIT;
    result.value = 42;
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        for (int64_t at = 1; at < 7; at++) {
            plan p = { 0, at, answers[i], 0, 0 };
#define STOPS(call) (p.calls = 0, call)
            FAILS(context, APUS_E_INTERRUPTED,
                  STOPS(apus_derivative(context, exponential, &p, 0.0, NULL, &value, NULL, NULL)));
            CHECK(p.calls == at);
            FAILS(context, APUS_E_INTERRUPTED, STOPS(apus_gradient(context, field, &p, x, 2, NULL, gradient, NULL)));
            FAILS(context, APUS_E_INTERRUPTED, STOPS(apus_hessian(context, field, &p, x, 2, NULL, hessian, NULL)));
            FAILS(context, APUS_E_INTERRUPTED, STOPS(apus_jacobian(context, polar, &p, x, 2, 2, NULL, hessian, NULL)));
            FAILS(context, APUS_E_INTERRUPTED,
                  STOPS(apus_directional_derivative(context, field, &p, x, 2, x, NULL, &value, NULL)));
            FAILS(context, APUS_E_INTERRUPTED,
                  STOPS(apus_integrate(context, exponential, &p, 0.0, 1.0, NULL, &result)));
            FAILS(context, APUS_E_INTERRUPTED,
                  STOPS(apus_integrate(context, exponential, &p, 0.0, 1.0, "method=tanh_sinh", &result)));
            FAILS(context, APUS_E_INTERRUPTED, STOPS(apus_integrate_box(context, field, &p, x, x + 1, 1, NULL, &result)));
            FAILS(context, APUS_E_INTERRUPTED,
                  STOPS(apus_expected_value(context, bell, &p, -8, 8, NULL, NULL, NULL, &result)));
            FAILS(context, APUS_E_INTERRUPTED,
                  STOPS(apus_expected_value(context, bell, NULL, -8, 8, square, &p, NULL, &result)));
            FAILS(context, APUS_E_INTERRUPTED,
                  STOPS(apus_variance_of_density(context, bell, &p, -8, 8, NULL, &result)));
            CHECK(value == 42 && gradient[0] == 42 && hessian[0] == 42 && result.value == 42);
        }
    }
    plan p = { 0, 0, 0, 5, 0 };
    FAILS(context, APUS_E_INTERRUPTED, apus_integrate(context, exponential, &p, 0.0, 1.0, NULL, &result));
    CHECK(p.calls == 5);
}

static void callbacks_run_in_the_callers_floating_point_state(void)
{
#if defined(__x86_64__)
    const unsigned before = _mm_getcsr();
    for (unsigned state = 0; state <= 0x8040; state += 0x8040) {
        plan p = { 0, 0, 0, 0, 0 };
        double value;
        apus_integral result = APUS_INTEGRAL_INIT;
        _mm_setcsr((before & ~0x8040u) | state);
        OK(context, apus_derivative(context, exponential, &p, 0.0, NULL, &value, NULL, NULL));
        CHECK(p.fp_state == state && (_mm_getcsr() & 0x8040) == state);
        OK(context, apus_integrate(context, exponential, &p, 0.0, 1.0, NULL, &result));
        CHECK(p.fp_state == state && (_mm_getcsr() & 0x8040) == state);
    }
    _mm_setcsr(before);
#endif
    /* Denormal numbers survive. */
    apus_integral result = APUS_INTEGRAL_INIT;
    double values[2] = { 4e-320, 8e-320 }, out[1];
    apus_array y = APUS_ARRAY_1D(APUS_FLOAT64, values, 2), sum = APUS_ARRAY_INIT;
    sum.dtype = APUS_FLOAT64;
    sum.data = out;
    OK(context, apus_integrate_samples(context, "trapezoid", &y, NULL, 1.0, 0, &sum));
    CHECK(out[0] > 5.9e-320 && out[0] < 6.1e-320);
    (void)result;
}

static void samples_are_integrated_along_an_axis(void)
{
    double y[2][3] = { { 0, 1, 4 }, { 1, 1, 1 } }, x[3] = { 0, 1, 2 }, rows[2], columns[3], running[2][3], shorter[2][2];
    float narrow[2];
    apus_array ys = APUS_ARRAY_2D(APUS_FLOAT64, y, 2, 3), xs = APUS_ARRAY_1D(APUS_FLOAT64, x, 3);
    apus_array by_row = APUS_ARRAY_1D(APUS_FLOAT64, rows, 2), by_column = APUS_ARRAY_1D(APUS_FLOAT64, columns, 3);
    apus_array all = APUS_ARRAY_2D(APUS_FLOAT64, running, 2, 3), less = APUS_ARRAY_2D(APUS_FLOAT64, shorter, 2, 2);
    apus_array single = APUS_ARRAY_1D(APUS_FLOAT32, narrow, 2), turned = ys;
    OK(context, apus_integrate_samples(context, "simpson", &ys, &xs, 0, -1, &by_row));
    CHECK(near(rows[0], 8.0 / 3, 1e-15) && rows[1] == 2);
    OK(context, apus_integrate_samples(context, "trapezoid", &ys, NULL, 2, 0, &by_column));
    CHECK(columns[0] == 1 && columns[1] == 2 && columns[2] == 5);
    OK(context, apus_integrate_samples(context, "rectangle", &ys, NULL, 1, 1, &single));
    CHECK(narrow[0] == 1 && narrow[1] == 2);
    OK(context, apus_cumulative_integral(context, &ys, &xs, 0, 1, &all));
    CHECK(running[0][0] == 0 && running[0][1] == 0.5 && running[0][2] == 3 && running[1][2] == 2);
    OK(context, apus_cumulative_integral(context, &ys, NULL, 1, 1, &less));
    CHECK(shorter[0][0] == 0.5 && shorter[0][1] == 3 && shorter[1][1] == 2);
    turned.flags = APUS_ARRAY_STRIDED;
    turned.shape[0] = 3;
    turned.shape[1] = 2;
    turned.strides[0] = 8;
    turned.strides[1] = 24;
    OK(context, apus_integrate_samples(context, "simpson", &turned, &xs, 0, 0, &by_row));
    CHECK(near(rows[0], 8.0 / 3, 1e-15) && rows[1] == 2);

    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "rule", apus_integrate_samples(context, "boole", &ys, NULL, 1, 1, &by_row));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "axis", apus_integrate_samples(context, "simpson", &ys, NULL, 1, 2, &by_row));
    FAILS_NAMING(context, APUS_E_SHAPE, "out", apus_integrate_samples(context, "simpson", &ys, NULL, 1, 1, &by_column));
    FAILS_NAMING(context, APUS_E_SHAPE, "x", apus_integrate_samples(context, "simpson", &ys, &xs, 1, 0, &by_column));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "dx", apus_integrate_samples(context, "simpson", &ys, NULL, NAN, 1, &by_row));
    FAILS_NAMING(context, APUS_E_SHAPE, "out", apus_cumulative_integral(context, &ys, NULL, 1, 1, &by_row));
    apus_array scalar = APUS_ARRAY_INIT;
    scalar.dtype = APUS_FLOAT64;
    scalar.data = y;
    FAILS(context, APUS_E_SHAPE, apus_integrate_samples(context, "simpson", &scalar, NULL, 1, 0, &by_row));
    apus_array none = APUS_ARRAY_2D(APUS_FLOAT64, y, 2, 0);
    OK(context, apus_integrate_samples(context, "simpson", &none, NULL, 1, 1, &by_row));
    CHECK(rows[0] == 0 && rows[1] == 0);
}

static void expectations_are_found(void)
{
    apus_integral result = APUS_INTEGRAL_INIT;
    const double values[2] = { 0, 1 }, p[2] = { 0.3, 0.7 }, q[2] = { 0.3, 0.6 };
    double mean = 0, variance = 0, entropy = 0;
    OK(context, apus_expected_value(context, bell, NULL, -INFINITY, INFINITY, square, NULL, NULL, &result));
    CHECK(near(result.value, 1, 1e-9) && result.evaluations > 0);
    OK(context, apus_expected_value(context, half, NULL, 0, 2, NULL, NULL, NULL, &result));
    CHECK(near(result.value, 1, 1e-14));
    OK(context, apus_variance_of_density(context, half, NULL, 0, 2, NULL, &result));
    CHECK(near(result.value, 1.0 / 3, 1e-14));
    OK(context, apus_probability(context, bell, NULL, -INFINITY, INFINITY, -1, 1, NULL, &result));
    CHECK(near(result.value, 0.6826894921370859, 1e-12));
    OK(context, apus_probability(context, half, NULL, 0, 2, 5, 6, NULL, &result));
    CHECK(result.value == 0);
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "0.5", apus_expected_value(context, half, NULL, 0, 1, NULL, NULL, NULL, &result));
    OK(context, apus_expected_value(context, half, NULL, 0, 1, NULL, NULL, "normalize=true", &result));
    CHECK(near(result.value, 0.5, 1e-14));
    OK(context, apus_discrete_moments(context, values, p, 2, &mean, &variance, &entropy));
    CHECK(near(mean, 0.7, 1e-15) && near(variance, 0.21, 1e-15) && near(entropy, 0.6108643020548935, 1e-15));
    OK(context, apus_discrete_moments(context, values, p, 2, NULL, NULL, NULL));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "sum", apus_discrete_moments(context, values, q, 2, &mean, NULL, NULL));
    FAILS(context, APUS_E_INVALID_ARGUMENT, apus_discrete_moments(context, values, p, 0, &mean, NULL, NULL));
}

static void arguments_that_cannot_be_right_are_refused(void)
{
    double value = 42, x[2] = { 1, 2 };
    apus_integral result = APUS_INTEGRAL_INIT, bare = { 0, 0, 0, 0, 0, 0 };
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "f", apus_derivative(context, NULL, NULL, 0, NULL, &value, NULL, NULL));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "value", apus_derivative(context, exponential, NULL, 0, NULL, NULL, NULL, NULL));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "x", apus_derivative(context, exponential, NULL, INFINITY, NULL, &value, NULL, NULL));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "order", apus_derivative(context, exponential, NULL, 0, "order=3", &value, NULL, NULL));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "method", apus_derivative(context, exponential, NULL, 0, "method=magic", &value, NULL, NULL));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "step", apus_derivative(context, exponential, NULL, 0, "step=-1", &value, NULL, NULL));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "steps", apus_derivative(context, exponential, NULL, 0, "steps=1", &value, NULL, NULL));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "x", apus_gradient(context, field, NULL, NULL, 2, NULL, x, NULL));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "n", apus_gradient(context, field, NULL, x, 0, NULL, &value, NULL));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "n", apus_gradient(context, field, NULL, x, -5, NULL, &value, NULL));
    FAILS(context, APUS_E_SHAPE, apus_gradient(context, field, NULL, x, INT64_MAX, NULL, &value, NULL));
    FAILS(context, APUS_E_SHAPE, apus_hessian(context, field, NULL, x, INT64_MAX / 1024, NULL, &value, NULL));
    FAILS(context, APUS_E_SHAPE, apus_jacobian(context, polar, NULL, x, INT64_MAX / 1024, INT64_MAX / 1024, NULL, &value, NULL));
    FAILS(context, APUS_E_OUT_OF_MEMORY, apus_jacobian(context, polar, NULL, x, 1, INT64_C(1) << 55, NULL, &value, NULL));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "result", apus_integrate(context, exponential, NULL, 0, 1, NULL, NULL));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "struct_size", apus_integrate(context, exponential, NULL, 0, 1, NULL, &bare));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "limit", apus_integrate(context, exponential, NULL, NAN, 1, NULL, &result));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "points", apus_integrate(context, exponential, NULL, 0, 1, "points=[2]", &result));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "points", apus_integrate(context, exponential, NULL, 0, 1, "points=3", &result));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "points", apus_integrate(context, exponential, NULL, 0, 1, "points=[\"a\"]", &result));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "limit", apus_integrate(context, exponential, NULL, 0, 1, "limit=0", &result));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "even", apus_integrate(context, exponential, NULL, 0, 1, "method=simpson intervals=3", &result));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "n", apus_integrate_box(context, field, NULL, x, x, 7, NULL, &result));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "from", apus_probability(context, bell, NULL, -9, 9, 1, 0, NULL, &result));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "support", apus_probability(context, bell, NULL, 9, -9, 0, 1, NULL, &result));
    CHECK(apus_derivative(NULL, exponential, NULL, 0, NULL, &value, NULL, NULL) == APUS_E_INVALID_ARGUMENT);
    CHECK(value == 42 && x[0] == 1 && x[1] == 2);
}

static void no_memory_leaks_when_allocation_fails(void)
{
    counting c;
    double x[2] = { 1, 2 }, hessian[4];
    apus_integral result = APUS_INTEGRAL_INIT;
    counting_init(&c);
    apus_context *own = new_context(1, &c.allocator);
    for (int64_t at = 1; at < 40; at++) {
        c.calls = 0;
        c.refuse_at = at;
        apus_status status = apus_hessian(own, field, NULL, x, 2, NULL, hessian, NULL);
        CHECK(status == APUS_OK || status == APUS_E_OUT_OF_MEMORY);
        c.calls = 0;
        status = apus_integrate(own, bell, NULL, -INFINITY, INFINITY, "limit=500", &result);
        CHECK(status == APUS_OK || status == APUS_E_OUT_OF_MEMORY);
        CHECK(c.live == 0);
    }
    apus_context_free(own);
    CHECK(c.live == 0 && c.mismatches == 0 && c.refused > 5);
}

int main(void)
{
    BEGIN("calculus");
    context = new_context(1, NULL);
    RUN(derivatives_are_found);
    RUN(integrals_are_found);
    RUN(divergence_is_told_with_the_best_estimate);
    RUN(callbacks_stop_and_abort);
    RUN(callbacks_run_in_the_callers_floating_point_state);
    RUN(samples_are_integrated_along_an_axis);
    RUN(expectations_are_found);
    RUN(arguments_that_cannot_be_right_are_refused);
    RUN(no_memory_leaks_when_allocation_fails);
    apus_context_free(context);
    return END();
}
