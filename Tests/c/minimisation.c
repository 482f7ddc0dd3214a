/* minimisation.c: functions of the caller minimised through the C API: results, stops, aborts and bad input. */
#define _POSIX_C_SOURCE 200809L
#include <unistd.h>

#include "check.h"

static double rosenbrock(const double *x, int64_t n, double *gradient)
{
    double sum = 0;
    if (gradient) memset(gradient, 0, (size_t)n * sizeof *gradient);
    for (int64_t i = 0; i + 1 < n; i++) {
        const double a = x[i + 1] - x[i] * x[i], b = 1 - x[i];
        sum += 100 * a * a + b * b;
        if (gradient) {
            gradient[i] += -400 * a * x[i] - 2 * b;
            gradient[i + 1] += 200 * a;
        }
    }
    return sum;
}

/* What a test's functions do and have seen. */
struct plan {
    int calls, iterations;
    int stop_call, abort_call;           /* the call that answers 1, or -1; 0 for none */
    int stop_iteration, abort_iteration; /* the same for the callback */
    int saw_gradient_null;
    double last_value;
};

static int32_t function(void *user, const double *x, int64_t n, double *value, double *gradient)
{
    struct plan *plan = user;
    plan->calls++;
    if (!gradient) plan->saw_gradient_null = 1;
    *value = rosenbrock(x, n, gradient);
    return plan->calls == plan->stop_call ? 1 : plan->calls == plan->abort_call ? -1 : 0;
}

static int32_t after(void *user, const apus_iteration *iteration)
{
    struct plan *plan = user;
    plan->iterations++;
    CHECK(iteration->struct_size >= sizeof *iteration);
    CHECK(iteration->iteration == plan->iterations && iteration->n == 2);
    CHECK(iteration->value == rosenbrock(iteration->x, 2, NULL));
    CHECK(iteration->gradient_norm >= 0 && iteration->step > 0 && iteration->function_evaluations == plan->calls);
    plan->last_value = iteration->value;
    return plan->iterations == plan->stop_iteration ? 1 : plan->iterations == plan->abort_iteration ? -7 : 0;
}

static apus_problem problem_of(struct plan *plan)
{
    apus_problem problem = APUS_PROBLEM_INIT;
    problem.n = 2;
    problem.user = plan;
    problem.function = function;
    return problem;
}

static const char *const methods[] = { NULL, "CG", "BFGS", "L-BFGS-B", "SGD", "Adam" };
enum { METHODS = sizeof methods / sizeof *methods, EXACT = 4 };

static void reaches_the_minimum(void)
{
    apus_context *context = new_context(1, NULL);
    for (int m = 0; m < EXACT; m++) {
        struct plan plan = { 0 };
        apus_problem problem = problem_of(&plan);
        apus_minimum result = APUS_MINIMUM_INIT;
        double x[2] = { -1.2, 1 }, gradient[2], inverse[4];
        result.gradient = gradient;
        result.inverse_hessian = inverse;
        OK(context, apus_minimize(context, methods[m], "gtol=1e-8", &problem, x, after, &plan, &result));
        CHECK(result.status == APUS_STOP_CONVERGED && result.gradient_norm <= 1e-8);
        CHECK(fabs(x[0] - 1) < 1e-7 && fabs(x[1] - 1) < 1e-7);
        CHECK(result.value == rosenbrock(x, 2, NULL));
        CHECK(fabs(gradient[0]) <= 1e-8 && fabs(gradient[1]) <= 1e-8);
        CHECK(result.function_evaluations == plan.calls && result.gradient_evaluations == plan.calls);
        CHECK(result.iterations == plan.iterations && result.hessian_evaluations == 0);
        CHECK(strlen(result.message) > 10 && strlen(result.message) < sizeof result.message);
        CHECK(m == 1 ? isnan(inverse[0]) : inverse[0] > 0);
        CHECK(!plan.saw_gradient_null);
        plan.calls = 0;
        x[0] = -1.2;
        x[1] = 1;
        OK(context, apus_minimize(context, methods[m], "gradient=central", &problem, x, NULL, NULL, &result));
        CHECK(fabs(x[0] - 1) < 1e-4 && plan.saw_gradient_null);
    }
    apus_context_free(context);
}

static void stops_and_keeps(void)
{
    apus_context *context = new_context(1, NULL);
    for (int m = 0; m < METHODS; m++) {
        struct plan plan = { 0 };
        apus_problem problem = problem_of(&plan);
        apus_minimum result = APUS_MINIMUM_INIT;
        double x[2] = { -1.2, 1 };
        const char *rate = m >= EXACT ? "learning_rate=1e-4" : NULL;
        plan.stop_iteration = 3;
        OK(context, apus_minimize(context, methods[m], rate, &problem, x, after, &plan, &result));
        CHECK(result.status == APUS_STOP_CALLBACK && result.iterations == 3);
        CHECK(result.value == rosenbrock(x, 2, NULL) && result.value < 24.2);

        struct plan function_stops = { 0 };
        function_stops.stop_call = 9;
        problem.user = &function_stops;
        OK(context, apus_minimize(context, methods[m], rate, &problem, x, NULL, NULL, &result));
        CHECK(result.status == APUS_STOP_CALLBACK && function_stops.calls == 9);
        CHECK(result.value == rosenbrock(x, 2, NULL));
    }
    apus_context_free(context);
}

static void aborts_leave_everything(void)
{
    apus_context *context = new_context(1, NULL);
    for (int m = 0; m < METHODS; m++) {
        struct plan plan = { 0 };
        apus_problem problem = problem_of(&plan);
        apus_minimum result = APUS_MINIMUM_INIT;
        double x[2] = { -1.2, 1 }, gradient[2] = { 7, 7 }, inverse[4] = { 7, 7, 7, 7 };
        result.gradient = gradient;
        result.inverse_hessian = inverse;
        result.value = 7;
        plan.abort_iteration = 2;
        FAILS_NAMING(context, APUS_E_INTERRUPTED, "-7",
                     apus_minimize(context, methods[m], NULL, &problem, x, after, &plan, &result));
        struct plan function_aborts = { 0 };
        function_aborts.abort_call = 5;
        problem.user = &function_aborts;
        FAILS_NAMING(context, APUS_E_INTERRUPTED, "function",
                     apus_minimize(context, methods[m], NULL, &problem, x, NULL, NULL, &result));
        CHECK(x[0] == -1.2 && x[1] == 1 && gradient[0] == 7 && inverse[3] == 7 && result.value == 7);
        /* An interrupt from outside, here from within the function. */
        apus_interrupt(context);
        FAILS(context, APUS_E_INTERRUPTED, apus_minimize(context, methods[m], NULL, &problem, x, NULL, NULL, &result));
        CHECK(x[0] == -1.2);
    }
    apus_context_free(context);
}

static int32_t undefined(void *user, const double *x, int64_t n, double *value, double *gradient)
{
    (void)x;
    *value = *(const double *)user;
    for (int64_t i = 0; gradient && i < n; i++) gradient[i] = 0.5;
    return 0;
}

static void bad_input_is_named(void)
{
    apus_context *context = new_context(1, NULL);
    struct plan plan = { 0 };
    apus_problem problem = problem_of(&plan), wrong;
    apus_minimum result = APUS_MINIMUM_INIT, bare;
    double x[2] = { -1.2, 1 }, low[2] = { 0, 2 }, high[2] = { 1, 1 }, bad[2] = { 0, NAN };
    memset(&bare, 0, sizeof bare);

    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "problem",
                 apus_minimize(context, NULL, NULL, NULL, x, NULL, NULL, &result));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "x",
                 apus_minimize(context, NULL, NULL, &problem, NULL, NULL, NULL, &result));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "result",
                 apus_minimize(context, NULL, NULL, &problem, x, NULL, NULL, NULL));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "APUS_MINIMUM_INIT",
                 apus_minimize(context, NULL, NULL, &problem, x, NULL, NULL, &bare));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "L-BFGS-B",
                 apus_minimize(context, "Steepest", NULL, &problem, x, NULL, NULL, &result));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "gtol",
                 apus_minimize(context, NULL, "gtol=-1", &problem, x, NULL, NULL, &result));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "colour",
                 apus_minimize(context, NULL, "colour=1", &problem, x, NULL, NULL, &result));
    wrong = problem;
    wrong.struct_size = 0;
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "problem",
                 apus_minimize(context, NULL, NULL, &wrong, x, NULL, NULL, &result));
    wrong = problem;
    wrong.function = NULL;
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "function",
                 apus_minimize(context, NULL, NULL, &wrong, x, NULL, NULL, &result));
    for (int i = 0; i < 3; i++) {
        wrong = problem;
        wrong.n = i == 0 ? 0 : i == 1 ? -5 : INT64_MAX;
        FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "problem->n",
                     apus_minimize(context, NULL, NULL, &wrong, x, NULL, NULL, &result));
    }
    wrong = problem;
    wrong.lower = low;
    wrong.upper = high;
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "index 1",
                 apus_minimize(context, NULL, NULL, &wrong, x, NULL, NULL, &result));
    low[1] = 0;
    FAILS_NAMING(context, APUS_E_UNSUPPORTED, "bounds",
                 apus_minimize(context, "BFGS", NULL, &wrong, x, NULL, NULL, &result));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "index 1",
                 apus_minimize(context, NULL, NULL, &problem, bad, NULL, NULL, &result));
    /* More numbers than any memory holds: refused before a third one is looked at. */
    wrong = problem;
    wrong.n = INT64_C(1) << 58;
    double step;
    FAILS(context, APUS_E_OUT_OF_MEMORY, apus_minimize(context, NULL, NULL, &wrong, x, NULL, NULL, &result));
    FAILS(context, APUS_E_OUT_OF_MEMORY, apus_line_search(context, NULL, &wrong, x, low, &step, &result));
    wrong.lower = low;
    FAILS(context, APUS_E_OUT_OF_MEMORY, apus_minimize(context, NULL, NULL, &wrong, x, NULL, NULL, &result));
    CHECK(plan.calls == 0);
    for (int i = 0; i < 2; i++) {
        double value = i ? INFINITY : NAN;
        problem.function = undefined;
        problem.user = &value;
        FAILS_NAMING(context, APUS_E_NOT_CONVERGED, "start",
                     apus_minimize(context, NULL, NULL, &problem, x, NULL, NULL, &result));
    }
    CHECK(x[0] == -1.2 && x[1] == 1);
    apus_context_free(context);
}

static void bounds_hold(void)
{
    apus_context *context = new_context(1, NULL);
    struct plan plan = { 0 };
    apus_problem problem = problem_of(&plan);
    apus_minimum result = APUS_MINIMUM_INIT;
    double x[2] = { 9, 9 }, low[2] = { -1, -INFINITY }, high[2] = { 0.5, 4 };
    problem.lower = low;
    problem.upper = high;
    OK(context, apus_minimize(context, NULL, NULL, &problem, x, NULL, NULL, &result));
    CHECK(result.status == APUS_STOP_CONVERGED && x[0] == 0.5 && fabs(x[1] - 0.25) < 1e-6);
    CHECK(result.gradient_norm <= 1e-5);
    apus_context_free(context);
}

static void line_searches(void)
{
    apus_context *context = new_context(1, NULL);
    struct plan plan = { 0 };
    apus_problem problem = problem_of(&plan);
    apus_minimum result = APUS_MINIMUM_INIT;
    const double x[2] = { -1.2, 1 };
    double d[2], step = -1, gradient[2], there[2];
    rosenbrock(x, 2, d);
    d[0] = -d[0];
    d[1] = -d[1];
    result.gradient = gradient;
    const double slope = -(d[0] * d[0] + d[1] * d[1]);
    OK(context, apus_line_search(context, NULL, &problem, x, d, &step, &result));
    there[0] = x[0] + step * d[0];
    there[1] = x[1] + step * d[1];
    CHECK(step > 0 && fabs(result.value - rosenbrock(there, 2, NULL)) < 1e-12);
    CHECK(result.value <= 24.2 + 1e-4 * step * slope);
    CHECK(fabs(gradient[0] * d[0] + gradient[1] * d[1]) <= 0.9 * fabs(slope));
    CHECK(result.function_evaluations == plan.calls);
    d[0] = -d[0];
    d[1] = -d[1];
    FAILS_NAMING(context, APUS_E_NOT_CONVERGED, "descend",
                 apus_line_search(context, NULL, &problem, x, d, &step, &result));
    CHECK(step == 0);
    step = 5;
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "direction",
                 apus_line_search(context, NULL, &problem, x, NULL, &step, &result));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "c1",
                 apus_line_search(context, "c1=0.95", &problem, x, d, &step, &result));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "step",
                 apus_line_search(context, NULL, &problem, x, d, NULL, &result));
    plan.calls = 0;
    plan.abort_call = 2;
    d[0] = -d[0];
    d[1] = -d[1];
    FAILS(context, APUS_E_INTERRUPTED, apus_line_search(context, NULL, &problem, x, d, &step, &result));
    CHECK(step == 5);
    apus_context_free(context);
}

int main(void)
{
    BEGIN("minimisation");
    RUN(reaches_the_minimum);
    RUN(stops_and_keeps);
    RUN(aborts_leave_everything);
    RUN(bad_input_is_named);
    RUN(bounds_hold);
    RUN(line_searches);
    return END();
}
