/* minimisation.c: the lowest point of a function, four ways.
 *
 * A chain of 30 equal links hangs between two nails 2 apart; its shape is the one of least energy. The unknowns are the
 * heights of the 29 joints, the energy is gravity plus springs that hold the links, and a shelf under the chain is a
 * bound on each height. Where it hangs free the answer is known: each joint's forces cancel.
 */
#include "apus.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { JOINTS = 29 };
static const double WEIGHT = 0.3, STIFFNESS = 40.0;

static void check(apus_context *context, apus_status status, const char *doing)
{
    if (status == APUS_OK) return;
    fprintf(stderr, "%s: %s: %s\n", doing, apus_status_text(status), apus_last_error(context));
    exit(1);
}

/* The energy of heights y, the nails at height 0, and its gradient where it is wanted. */
static int32_t energy(void *user, const double *y, int64_t n, double *value, double *gradient)
{
    (void)user;
    double sum = 0;
    for (int64_t i = 0; i < n; i++) {
        sum += WEIGHT * y[i];
        if (gradient) gradient[i] = WEIGHT;
    }
    for (int64_t i = 0; i <= n; i++) {
        const double left = i > 0 ? y[i - 1] : 0, right = i < n ? y[i] : 0, rise = right - left;
        sum += 0.5 * STIFFNESS * rise * rise;
        if (gradient && i > 0) gradient[i - 1] -= STIFFNESS * rise;
        if (gradient && i < n) gradient[i] += STIFFNESS * rise;
    }
    *value = sum;
    return 0;
}

/* Prints the first iterations and a dot for each later one. */
static int32_t watch(void *user, const apus_iteration *iteration)
{
    (void)user;
    if (iteration->iteration <= 3)
        printf("  iteration %lld: energy %.6f, gradient %.1e\n", (long long)iteration->iteration, iteration->value,
               iteration->gradient_norm);
    else if (iteration->iteration == 4)
        printf("  ...\n");
    return 0;
}

static void draw(const double *y)
{
    for (int row = 0; row <= 6; row++) {
        char line[JOINTS + 3] = { 0 };
        for (int i = 0; i < JOINTS + 2; i++) {
            const double height = i == 0 || i > JOINTS ? 0 : y[i - 1];
            line[i] = (int)floor(-height * 7 + 0.5) == row ? (i == 0 || i > JOINTS ? '+' : 'o') : ' ';
        }
        printf("    %s\n", line);
    }
}

int main(void)
{
    static const struct {
        const char *name, *parameters;
    } methods[] = {
        { "CG", "gtol=1e-9" },
        { "BFGS", "gtol=1e-9" },
        { "L-BFGS-B", "gtol=1e-9" },
        { "SGD", "learning_rate=0.012 momentum=0.9 gtol=1e-9" },
    };
    apus_context *context = NULL;
    apus_problem problem = APUS_PROBLEM_INIT;
    double y[JOINTS], shelf[JOINTS];
    int status = 0;

    check(NULL, apus_context_create(NULL, &context), "context");
    problem.n = JOINTS;
    problem.function = energy;
    printf("method    iterations  evaluations   energy        furthest from the answer\n");
    for (size_t m = 0; m < sizeof methods / sizeof *methods; m++) {
        apus_minimum result = APUS_MINIMUM_INIT;
        double worst = 0;
        for (int i = 0; i < JOINTS; i++) y[i] = 0;
        check(context,
              apus_minimize(context, methods[m].name, methods[m].parameters, &problem, y, NULL, NULL, &result),
              methods[m].name);
        /* The forces cancel on a parabola: y_i = -w i (n + 1 - i) / 2k. */
        for (int i = 1; i <= JOINTS; i++)
            worst = fmax(worst, fabs(y[i - 1] + WEIGHT * i * (JOINTS + 1 - i) / (2 * STIFFNESS)));
        printf("%-9s %10lld  %11lld   %.9f  %.1e\n", methods[m].name, (long long)result.iterations,
               (long long)result.function_evaluations, result.value, worst);
        if (result.status != APUS_STOP_CONVERGED || worst > 1e-6) status = 1;
    }
    draw(y);

    printf("\nNow with a shelf at -0.6 under it (L-BFGS-B with bounds, gradient from differences):\n");
    for (int i = 0; i < JOINTS; i++) {
        y[i] = 0;
        shelf[i] = -0.6;
    }
    problem.lower = shelf;
    apus_minimum result = APUS_MINIMUM_INIT;
    check(context,
          apus_minimize(context, "L-BFGS-B", "gradient=central gtol=1e-6", &problem, y, watch, NULL, &result),
          "the shelf");
    int resting = 0;
    for (int i = 0; i < JOINTS; i++) {
        if (y[i] < -0.6) status = 1;
        resting += y[i] == -0.6;
    }
    printf("  %s\n  %d joints rest on the shelf.\n", result.message, resting);
    draw(y);
    if (result.status != APUS_STOP_CONVERGED || resting < 3) status = 1;

    double direction[JOINTS], step = 0;
    for (int i = 0; i < JOINTS; i++) {
        y[i] = 0;
        direction[i] = -1;
    }
    problem.lower = NULL;
    check(context, apus_line_search(context, "c2=0.1", &problem, y, direction, &step, &result), "line search");
    printf("\nLet down as a whole, the flat chain sinks by %.4f.\n", step);
    /* The energy falls along the direction by w n s less k s^2 at the two ends. */
    if (fabs(step - WEIGHT * JOINTS / (2 * STIFFNESS)) > 0.1 * step) status = 1;
    apus_context_free(context);
    return status;
}
