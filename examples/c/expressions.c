/* expressions.c: exact derivatives of formulas, and what they are good for.
 *
 * Newton's method finds the bottom of Rosenbrock's valley with Hessians that come from the expression itself; then a
 * small neural unit is written as a formula and its gradient is checked against a step by hand.
 */
#include "apus.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static void check(apus_context *context, apus_status status, const char *doing)
{
    if (status == APUS_OK) return;
    fprintf(stderr, "%s: %s: %s\n", doing, apus_status_text(status), apus_last_error(context));
    exit(1);
}

static apus_array scalar(double *value)
{
    apus_array array = APUS_ARRAY_INIT;
    array.dtype = APUS_FLOAT64;
    array.data = value;
    return array;
}

static void descend(apus_context *context)
{
    apus_expression *valley = NULL;
    int32_t x, y, f;
    double at[2] = { -1.2, 1 }, value, slope[2], unit[2], column[2];
    apus_array point[2] = { scalar(&at[0]), scalar(&at[1]) }, gradient[2] = { scalar(&slope[0]), scalar(&slope[1]) };
    apus_array direction[2] = { scalar(&unit[0]), scalar(&unit[1]) }, product[2] = { scalar(&column[0]), scalar(&column[1]) };
    apus_array out = scalar(&value);
    char formula[64];
    size_t needed;

    check(context, apus_expression_create(context, &valley), "expression");
    check(context, apus_expression_variable(context, valley, "x", NULL, 0, &x), "x");
    check(context, apus_expression_variable(context, valley, "y", NULL, 0, &y), "y");
    check(context, apus_expression_parse(context, valley, "100 * (y - x^2)^2 + (1 - x)^2", &f), "formula");
    check(context, apus_expression_text(context, valley, f, formula, sizeof formula, &needed), "text");
    printf("Newton's method on %s\n", formula);
    for (int step = 0; step <= 7; step++) {
        double hessian[2][2];
        check(context, apus_expression_gradient(context, valley, f, point, 2, NULL, &out, gradient, 2), "gradient");
        printf("  step %d: (%8.5f, %8.5f)  value %.3e  slope (%.1e, %.1e)\n", step, at[0], at[1], value, slope[0], slope[1]);
        for (int j = 0; j < 2; j++) {
            unit[0] = j == 0;
            unit[1] = j == 1;
            check(context, apus_expression_hessian_product(context, valley, f, point, 2, direction, product, 2), "hessian");
            hessian[0][j] = column[0];
            hessian[1][j] = column[1];
        }
        const double determinant = hessian[0][0] * hessian[1][1] - hessian[0][1] * hessian[1][0];
        at[0] -= (hessian[1][1] * slope[0] - hessian[0][1] * slope[1]) / determinant;
        at[1] -= (hessian[0][0] * slope[1] - hessian[1][0] * slope[0]) / determinant;
    }
    apus_expression_free(valley);
    if (fabs(at[0] - 1) + fabs(at[1] - 1) > 1e-12) exit(1);
}

static void unit(apus_context *context)
{
    apus_expression *e = NULL;
    const int64_t matrix[2] = { 2, 3 }, vector[1] = { 3 };
    double ws[6] = { 0.1, -0.2, 0.3, 0.4, 0.5, -0.6 }, vs[3] = { 1, 2, -1 }, target = 0.25, before, after, ignored[6];
    apus_array values[3] = { APUS_ARRAY_2D(APUS_FLOAT64, ws, 2, 3), APUS_ARRAY_1D(APUS_FLOAT64, vs, 3), scalar(&target) };
    apus_array gradients[3] = { APUS_ARRAY_2D(APUS_FLOAT64, ignored, 2, 3), APUS_ARRAY_INIT, APUS_ARRAY_INIT };
    apus_array out = scalar(&before);
    int32_t node;

    check(context, apus_expression_create(context, &e), "expression");
    check(context, apus_expression_variable(context, e, "W", matrix, 2, &node), "W");
    check(context, apus_expression_variable(context, e, "v", vector, 1, &node), "v");
    check(context, apus_expression_variable(context, e, "t", NULL, 0, &node), "t");
    check(context, apus_expression_parse(context, e, "(mean(sigmoid(W @ v)) - t)^2", &node), "formula");
    check(context, apus_expression_gradient(context, e, node, values, 3, NULL, &out, gradients, 3), "gradient");
    printf("\nThe loss of a unit is %.9f; its gradient by the weights:\n", before);
    for (int i = 0; i < 2; i++) printf("  %10.7f %10.7f %10.7f\n", ignored[3 * i], ignored[3 * i + 1], ignored[3 * i + 2]);
    ws[4] += 1e-6;
    out = scalar(&after);
    check(context, apus_expression_evaluate(context, e, node, values, 3, &out), "value");
    printf("Moving one weight by 0.000001 changes the loss by %.6e, as the gradient says: %.6e\n", after - before,
           1e-6 * ignored[4]);
    if (fabs(after - before - 1e-6 * ignored[4]) > 1e-11) exit(1);

    if (apus_expression_parse(context, e, "(mean(W @ v) - t", &node) == APUS_OK) exit(1);
    printf("\nA formula with a fault: %s\n", apus_last_error(context));
    apus_expression_free(e);
}

int main(void)
{
    apus_context *context = NULL;
    check(NULL, apus_context_create(NULL, &context), "context");
    descend(context);
    unit(context);
    apus_context_free(context);
    return 0;
}
