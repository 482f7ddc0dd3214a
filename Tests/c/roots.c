/* Roots and minima of functions of one variable, and the methods with second derivatives, through the C API. */
#define _POSIX_C_SOURCE 200809L
#include <unistd.h>

#include "check.h"

static apus_context *context;

typedef struct probe {
    int calls;
    int answer_after; /* from this call on `answer` is returned; 0: never */
    int32_t answer;
    int kind;
} probe;

enum { CUBIC, COSINE, POLE, STEP, NOT_A_NUMBER, PARABOLA, LINE, CONSTANT, SQUARE_PLUS_ONE, BUSY, INTERRUPTS };

static int32_t function(void *user, double x, double *value)
{
    probe *p = user;
    p->calls++;
    if (p->answer_after && p->calls >= p->answer_after) return p->answer;
    switch (p->kind) {
    case CUBIC: *value = x * x * x - 2; break;
    case COSINE: *value = cos(x) - x; break;
    case POLE: *value = 1 / x; break;
    case STEP: *value = x < 1 ? -1 : 1; break;
    case NOT_A_NUMBER: *value = x == 0 ? -1 : x == 1 ? 1 : NAN; break;
    case PARABOLA: *value = (x - 0.7) * (x - 0.7) + 3; break;
    case LINE: *value = x; break;
    case SQUARE_PLUS_ONE: *value = x * x + 1; break;
    case INTERRUPTS:
        apus_interrupt(context);
        *value = x * x - 0.5;
        break;
    case BUSY: {
        apus_root r = APUS_ROOT_INIT;
        CHECK(apus_find_root(context, NULL, NULL, function, NULL, p, 0, 1, &r) == APUS_E_BUSY);
        *value = x - 0.25;
        break;
    }
    default: *value = 5;
    }
    return 0;
}

static int32_t slope(void *user, double x, double *value)
{
    const probe *p = user;
    *value = p->kind == CUBIC ? 3 * x * x : p->kind == COSINE ? -sin(x) - 1 : p->kind == SQUARE_PLUS_ONE ? 2 * x : 0;
    return 0;
}

static const char *const methods[] = { "brentq", "bisect", "newton", "secant" };

static void finds_roots(void)
{
    for (int m = 0; m < 4; m++) {
        probe p = { 0, 0, 0, CUBIC };
        apus_root r = APUS_ROOT_INIT;
        OK(context, apus_find_root(context, methods[m], NULL, function, slope, &p, 1, 2, &r));
        CHECK(r.status == APUS_STOP_CONVERGED && fabs(r.root - cbrt(2)) <= 2e-12);
        CHECK(r.value == r.root * r.root * r.root - 2);
        CHECK(r.message[0] && r.iterations > 0 && r.evaluations >= p.calls);
    }
    probe p = { 0, 0, 0, COSINE };
    apus_root r = APUS_ROOT_INIT;
    OK(context, apus_find_root(context, NULL, "xtol=1e-6", function, NULL, &p, 0, 1, &r));
    CHECK(fabs(r.root - 0.7390851332151607) <= 1e-6 && p.calls == r.evaluations);
}

static void a_bracket_must_change_sign(void)
{
    probe p = { 0, 0, 0, SQUARE_PLUS_ONE };
    apus_root r = APUS_ROOT_INIT;
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "f(2.0) = 5.0",
                 apus_find_root(context, "brentq", NULL, function, NULL, &p, 1, 2, &r));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "f(1.0) = 2.0",
                 apus_find_root(context, "bisect", NULL, function, NULL, &p, 1, 2, &r));
    CHECK(r.evaluations == 0 && r.message[0] == 0);
}

static void a_pole_is_named(void)
{
    probe p = { 0, 0, 0, POLE };
    apus_root r = APUS_ROOT_INIT;
    OK(context, apus_find_root(context, NULL, NULL, function, NULL, &p, -1, 2, &r));
    CHECK(fabs(r.root) < 1e-11 && fabs(r.value) > 1e10 && strstr(r.message, "pole"));
    p.kind = STEP;
    OK(context, apus_find_root(context, "bisect", NULL, function, NULL, &p, -1, 2.2, &r));
    CHECK(fabs(r.root - 1) < 1e-11 && fabs(r.value) == 1 && strstr(r.message, "jump"));
}

static void failures_fill_the_result(void)
{
    probe p = { 0, 0, 0, CUBIC };
    apus_root r = APUS_ROOT_INIT;
    FAILS_NAMING(context, APUS_E_NOT_CONVERGED, "3 iterations",
                 apus_find_root(context, NULL, "maxiter=3", function, NULL, &p, 0, 9, &r));
    CHECK(r.status == APUS_STOP_ITERATIONS && r.iterations == 3 && r.root > 0 && r.root < 9);
    FAILS_NAMING(context, APUS_E_NOT_CONVERGED, "derivative",
                 apus_find_root(context, "newton", NULL, function, slope, &p, 0, 0, &r));
    CHECK(r.status == APUS_STOP_NOT_FINITE && r.root == 0 && r.value == -2);
    p.kind = NOT_A_NUMBER;
    FAILS_NAMING(context, APUS_E_NOT_CONVERGED, "not a number",
                 apus_find_root(context, NULL, NULL, function, NULL, &p, 0, 1, &r));
    CHECK(r.status == APUS_STOP_NOT_FINITE && fabs(r.value) == 1);
    p.kind = CONSTANT;
    FAILS(context, APUS_E_NOT_CONVERGED, apus_find_root(context, "secant", NULL, function, NULL, &p, 0, 1, &r));
    CHECK(r.value == 5);
    p.kind = SQUARE_PLUS_ONE;
    FAILS(context, APUS_E_NOT_CONVERGED, apus_find_root(context, "newton", NULL, function, slope, &p, 0.3, 0, &r));
    CHECK(r.iterations <= 100);
}

static void answers_of_the_function_are_heeded(void)
{
    for (int m = 0; m < 4; m++) {
        probe p = { 0, 4, 1, CUBIC };
        apus_root r = APUS_ROOT_INIT;
        OK(context, apus_find_root(context, methods[m], NULL, function, slope, &p, 1, 2, &r));
        CHECK(r.status == APUS_STOP_CALLBACK && r.root >= 1 && r.root <= 2);
        p = (probe){ 0, 2, -7, CUBIC };
        r = (apus_root)APUS_ROOT_INIT;
        FAILS_NAMING(context, APUS_E_INTERRUPTED, "-7",
                     apus_find_root(context, methods[m], NULL, function, slope, &p, 1, 2, &r));
        CHECK(r.evaluations == 0);
    }
    probe p = { 0, 0, 0, BUSY };
    apus_root r = APUS_ROOT_INIT;
    OK(context, apus_find_root(context, NULL, NULL, function, NULL, &p, 0, 1, &r));
    apus_interrupt(context);
    FAILS(context, APUS_E_INTERRUPTED, apus_find_root(context, NULL, NULL, function, NULL, &p, 0, 1, &r));
}

static void an_interrupt_ends_a_search(void)
{
    for (int m = 0; m < 4; m++) {
        probe p = { 0, 0, 0, INTERRUPTS };
        apus_root r = APUS_ROOT_INIT;
        FAILS(context, APUS_E_INTERRUPTED, apus_find_root(context, methods[m], NULL, function, slope, &p, 0, 1, &r));
        CHECK(p.calls == 1);
    }
    probe p = { 0, 0, 0, INTERRUPTS };
    apus_minimum r = APUS_MINIMUM_INIT;
    double x = 3;
    FAILS(context, APUS_E_INTERRUPTED, apus_minimize_scalar(context, NULL, NULL, function, &p, 0, 1, &x, &r));
    CHECK(p.calls == 1 && x == 3);
}

static void bad_arguments_of_roots_are_refused(void)
{
    probe p = { 0, 0, 0, CUBIC };
    apus_root r = APUS_ROOT_INIT, raw = APUS_ROOT_INIT;
    raw.struct_size = 8;
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "result",
                 apus_find_root(context, NULL, NULL, function, NULL, &p, 1, 2, NULL));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "struct_size",
                 apus_find_root(context, NULL, NULL, function, NULL, &p, 1, 2, &raw));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "f must",
                 apus_find_root(context, NULL, NULL, NULL, NULL, &p, 1, 2, &r));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "derivative",
                 apus_find_root(context, "newton", NULL, function, NULL, &p, 1, 2, &r));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "regula",
                 apus_find_root(context, "regula", NULL, function, NULL, &p, 1, 2, &r));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "xtol",
                 apus_find_root(context, NULL, "xtol=-1", function, NULL, &p, 1, 2, &r));
    const double bad[] = { NAN, INFINITY, -INFINITY };
    for (int i = 0; i < 3; i++)
        for (int m = 0; m < 4; m++) {
            FAILS(context, APUS_E_INVALID_ARGUMENT,
                  apus_find_root(context, methods[m], NULL, function, slope, &p, bad[i], 2, &r));
        }
}

static const char *const searches[] = { "brent", "golden", "bounded" };

static void minimises_functions_of_one_variable(void)
{
    for (int m = 0; m < 3; m++) {
        probe p = { 0, 0, 0, PARABOLA };
        apus_minimum r = APUS_MINIMUM_INIT;
        double x = 0, gradient = 0;
        r.gradient = &gradient;
        OK(context, apus_minimize_scalar(context, searches[m], NULL, function, &p, 0, 1, &x, &r));
        CHECK(r.status == APUS_STOP_CONVERGED && fabs(x - 0.7) < 1e-7 && fabs(r.value - 3) < 1e-14);
        CHECK(r.function_evaluations == p.calls && isnan(r.gradient_norm) && isnan(gradient) && r.message[0]);

        p = (probe){ 0, 5, 1, PARABOLA };
        OK(context, apus_minimize_scalar(context, searches[m], NULL, function, &p, 0, 1, &x, &r));
        CHECK(r.status == APUS_STOP_CALLBACK && r.value == (x - 0.7) * (x - 0.7) + 3);
        p = (probe){ 0, 1, 1, PARABOLA };
        x = -77;
        FAILS(context, APUS_E_INTERRUPTED, apus_minimize_scalar(context, searches[m], NULL, function, &p, 0, 1, &x, &r));
        p = (probe){ 0, 3, -3, PARABOLA };
        FAILS_NAMING(context, APUS_E_INTERRUPTED, "-3",
                     apus_minimize_scalar(context, searches[m], NULL, function, &p, 0, 1, &x, &r));
        CHECK(x == -77);
    }
}

static void a_line_has_no_minimum(void)
{
    for (int m = 0; m < 2; m++) {
        probe p = { 0, 0, 0, LINE };
        apus_minimum r = APUS_MINIMUM_INIT;
        double x = 0;
        OK(context, apus_minimize_scalar(context, searches[m], NULL, function, &p, 0, 1, &x, &r));
        CHECK(r.status == APUS_STOP_UNBOUNDED && r.value == x && x < -1e100 && p.calls < 2000);
    }
}

static void bad_arguments_of_searches_are_refused(void)
{
    probe p = { 0, 0, 0, PARABOLA };
    apus_minimum r = APUS_MINIMUM_INIT, raw = APUS_MINIMUM_INIT;
    double x = 4;
    raw.struct_size = 0;
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "f must",
                 apus_minimize_scalar(context, NULL, NULL, NULL, &p, 0, 1, &x, &r));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "x must",
                 apus_minimize_scalar(context, NULL, NULL, function, &p, 0, 1, NULL, &r));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "result",
                 apus_minimize_scalar(context, NULL, NULL, function, &p, 0, 1, &x, NULL));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "struct_size",
                 apus_minimize_scalar(context, NULL, NULL, function, &p, 0, 1, &x, &raw));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "brent, golden, bounded",
                 apus_minimize_scalar(context, "silver", NULL, function, &p, 0, 1, &x, &r));
    FAILS(context, APUS_E_INVALID_ARGUMENT, apus_minimize_scalar(context, NULL, NULL, function, &p, 1, 1, &x, &r));
    FAILS(context, APUS_E_INVALID_ARGUMENT, apus_minimize_scalar(context, "bounded", NULL, function, &p, 1, 0, &x, &r));
    FAILS(context, APUS_E_INVALID_ARGUMENT, apus_minimize_scalar(context, NULL, NULL, function, &p, NAN, 1, &x, &r));
    FAILS(context, APUS_E_INVALID_ARGUMENT,
          apus_minimize_scalar(context, NULL, "middle=3", function, &p, 0, 1, &x, &r));
    p.kind = NOT_A_NUMBER;
    FAILS(context, APUS_E_NOT_CONVERGED, apus_minimize_scalar(context, NULL, NULL, function, &p, 2, 3, &x, &r));
    CHECK(x == 4);
}

/* -------------------------------------------------------------------- second derivatives */

static int32_t rosenbrock(void *user, const double *x, int64_t n, double *value, double *gradient)
{
    (void)user;
    *value = 0;
    for (int64_t i = 0; gradient && i < n; i++) gradient[i] = 0;
    for (int64_t i = 0; i + 1 < n; i++) {
        const double a = x[i + 1] - x[i] * x[i], b = 1 - x[i];
        *value += 100 * a * a + b * b;
        if (!gradient) continue;
        gradient[i] += -400 * a * x[i] - 2 * b;
        gradient[i + 1] += 200 * a;
    }
    return 0;
}

static int hessian_calls;

static int32_t rosenbrock_hessian(void *user, const double *x, int64_t n, double *hessian)
{
    hessian_calls++;
    memset(hessian, 0, (size_t)(n * n) * sizeof *hessian);
    for (int64_t i = 0; i + 1 < n; i++) {
        hessian[i * n + i] += 1200 * x[i] * x[i] - 400 * x[i + 1] + 2;
        hessian[(i + 1) * n + i + 1] += 200;
        hessian[i * n + i + 1] = hessian[(i + 1) * n + i] = -400 * x[i];
    }
    return user ? *(const int32_t *)user : 0;
}

static int32_t rosenbrock_product(void *user, const double *x, int64_t n, const double *v, double *product)
{
    for (int64_t i = 0; i < n; i++) product[i] = 0;
    for (int64_t i = 0; i + 1 < n; i++) {
        product[i] += (1200 * x[i] * x[i] - 400 * x[i + 1] + 2) * v[i] - 400 * x[i] * v[i + 1];
        product[i + 1] += 200 * v[i + 1] - 400 * x[i] * v[i];
    }
    return user ? *(const int32_t *)user : 0;
}

static const char *const second_order[] = { "Newton", "Newton-CG", "trust-exact", "trust-ncg" };

static void second_derivatives_come_from_where_they_are(void)
{
    for (int m = 0; m < 4; m++)
        for (int given = 0; given < 3; given++) {
            apus_problem problem = APUS_PROBLEM_INIT;
            apus_minimum r = APUS_MINIMUM_INIT;
            double x[5] = { 1.3, 0.7, 0.8, 1.9, 1.2 }, gradient[5];
            problem.n = 5;
            problem.function = rosenbrock;
            if (given == 1) problem.hessian = rosenbrock_hessian;
            if (given == 2) problem.hessian_product = rosenbrock_product;
            r.gradient = gradient;
            hessian_calls = 0;
            OK(context, apus_minimize(context, second_order[m], "gtol=1e-6 maxiter=2000", &problem, x, NULL, NULL, &r));
            CHECK(r.status == APUS_STOP_CONVERGED && r.gradient_norm <= 1e-6);
            for (int i = 0; i < 5; i++) CHECK(fabs(x[i] - 1) < 1e-5 && fabs(gradient[i]) <= 1e-6);
            CHECK((r.hessian_evaluations == 0) == (given == 0));
            if (given == 1) CHECK(hessian_calls == r.hessian_evaluations);
        }
}

static void answers_of_the_hessian_are_heeded(void)
{
    for (int m = 0; m < 4; m++)
        for (int product = 0; product < 2; product++) {
            apus_problem problem = APUS_PROBLEM_INIT;
            apus_minimum r = APUS_MINIMUM_INIT;
            double x[2] = { -1.2, 1 };
            int32_t answer = 1;
            problem.n = 2;
            problem.user = &answer;
            problem.function = rosenbrock;
            if (product) problem.hessian_product = rosenbrock_product;
            else problem.hessian = rosenbrock_hessian;
            OK(context, apus_minimize(context, second_order[m], NULL, &problem, x, NULL, NULL, &r));
            CHECK(r.status == APUS_STOP_CALLBACK && r.value <= 24.2 + 1e-12);
            answer = -5;
            x[0] = -1.2;
            x[1] = 1;
            FAILS_NAMING(context, APUS_E_INTERRUPTED, "-5",
                         apus_minimize(context, second_order[m], NULL, &problem, x, NULL, NULL, &r));
            CHECK(x[0] == -1.2 && x[1] == 1);
        }
}

static void bounds_are_not_for_newton(void)
{
    const double lower[2] = { 0, 0 };
    for (int m = 0; m < 4; m++) {
        apus_problem problem = APUS_PROBLEM_INIT;
        apus_minimum r = APUS_MINIMUM_INIT;
        double x[2] = { 2, 2 };
        problem.n = 2;
        problem.function = rosenbrock;
        problem.lower = lower;
        FAILS_NAMING(context, APUS_E_UNSUPPORTED, "Nelder-Mead",
                     apus_minimize(context, second_order[m], NULL, &problem, x, NULL, NULL, &r));
    }
}

int main(void)
{
    BEGIN("roots");
    context = new_context(1, NULL);
    RUN(finds_roots);
    RUN(a_bracket_must_change_sign);
    RUN(a_pole_is_named);
    RUN(failures_fill_the_result);
    RUN(answers_of_the_function_are_heeded);
    RUN(an_interrupt_ends_a_search);
    RUN(bad_arguments_of_roots_are_refused);
    RUN(minimises_functions_of_one_variable);
    RUN(a_line_has_no_minimum);
    RUN(bad_arguments_of_searches_are_refused);
    RUN(second_derivatives_come_from_where_they_are);
    RUN(answers_of_the_hessian_are_heeded);
    RUN(bounds_are_not_for_newton);
    apus_context_free(context);
    return END();
}
