/* numerics_functions.h: a good call of each function of chapters 11 to 14 of the header. */
#ifndef NUMERICS_FUNCTIONS_H
#define NUMERICS_FUNCTIONS_H

#include "numerics_slots.h"

/* -------------------------------------------------------------------- 11. Calculus */

CALL(derivative)
{
    double value, error;
    int64_t evaluations;
    return apus_derivative(s->context, P(0, scalar), NULL, 0.5, P(2, "order=2"), P(1, &value), P(3, &error),
                           P(4, &evaluations));
}
CALL(gradient)
{
    double out[3], errors[3];
    return apus_gradient(s->context, P(0, bowl), NULL, P(1, point), 3, P(3, "method=central"), P(2, out), P(4, errors));
}
CALL(directional_derivative)
{
    double value, error;
    return apus_directional_derivative(s->context, P(0, bowl), NULL, P(1, point), 3, P(2, point), P(4, "normalize=true"),
                                       P(3, &value), P(5, &error));
}
CALL(jacobian)
{
    double out[6], errors[6];
    return apus_jacobian(s->context, P(0, field), NULL, P(1, point), 3, 2, NULL, P(2, out), P(3, errors));
}
CALL(hessian)
{
    double out[9], errors[9];
    return apus_hessian(s->context, P(0, bowl), NULL, P(1, point), 3, NULL, P(2, out), P(3, errors));
}
CALL(integrate)
{
    STRUCT(apus_integral, result, APUS_INTEGRAL_INIT);
    return apus_integrate(s->context, P(0, bell), NULL, 0, INFINITY, NULL, P(1, &result));
}
CALL(integrate_box)
{
    static const double lower[2] = { 0, 0 }, upper[2] = { 1, 1 };
    STRUCT(apus_integral, result, APUS_INTEGRAL_INIT);
    return apus_integrate_box(s->context, P(0, bowl), NULL, P(1, lower), P(2, upper), 2, NULL, P(3, &result));
}
CALL(integrate_samples) { return apus_integrate_samples(s->context, P(3, "simpson"), A(0), A(1), 1, 1, A(2)); }
CALL(cumulative_integral) { return apus_cumulative_integral(s->context, A(0), A(1), 1, 1, A(2)); }
CALL(expected_value)
{
    STRUCT(apus_integral, result, APUS_INTEGRAL_INIT);
    return apus_expected_value(s->context, P(0, bell), NULL, -INFINITY, INFINITY, P(2, scalar), NULL, NULL, P(1, &result));
}
CALL(variance_of_density)
{
    STRUCT(apus_integral, result, APUS_INTEGRAL_INIT);
    return apus_variance_of_density(s->context, P(0, bell), NULL, -INFINITY, INFINITY, NULL, P(1, &result));
}
CALL(probability)
{
    STRUCT(apus_integral, result, APUS_INTEGRAL_INIT);
    return apus_probability(s->context, P(0, bell), NULL, -INFINITY, INFINITY, -1, 1, NULL, P(1, &result));
}
CALL(discrete_moments)
{
    static const double probabilities[3] = { 0.25, 0.25, 0.5 };
    double mean, variance, entropy;
    return apus_discrete_moments(s->context, P(0, point), P(1, probabilities), 3, P(2, &mean), P(3, &variance),
                                 P(4, &entropy));
}

/* -------------------------------------------------------------------- 12. Expressions */

/* sum(x * x) of three numbers; the node of it. */
static apus_status make_expression(apus_context *context, apus_expression **out, int32_t *node)
{
    static const int64_t shape[1] = { 3 };
    apus_status status = apus_expression_create(context, out);
    if (!status) status = apus_expression_variable(context, *out, "x", shape, 1, node);
    if (!status) status = apus_expression_parse(context, *out, "sum(x * x)", node);
    return status;
}

/* `use` with an expression `e` and its node. */
#define WITH_EXPRESSION(use)                                                                  \
    apus_expression *e = NULL;                                                                \
    int32_t node = 0;                                                                         \
    apus_status status = s->context ? make_expression(s->context, &e, &node) : APUS_OK;       \
    if (!status) status = (use);                                                              \
    apus_expression_free(e);                                                                  \
    return status

CALL(expression_create)
{
    apus_expression *e = NULL;
    const apus_status status = apus_expression_create(s->context, P(0, &e));
    CHECK((status == APUS_OK) == (e != NULL));
    apus_expression_free(e);
    return status;
}
CALL(expression_variable)
{
    WITH_EXPRESSION(apus_expression_variable(s->context, P(0, e), P(1, "y"), P(2, three_by_three), 2, P(3, &node)));
}
CALL(expression_constant) { WITH_EXPRESSION(apus_expression_constant(s->context, P(1, e), A(0), P(2, &node))); }
CALL(expression_apply)
{
    int32_t input = 0;
    WITH_EXPRESSION(apus_expression_apply(s->context, P(0, e), P(1, "exp"), P(2, &input), 1, NULL, P(3, &node)));
}
CALL(expression_parse) { WITH_EXPRESSION(apus_expression_parse(s->context, P(0, e), P(1, "x + 1"), P(2, &node))); }
CALL(expression_shape) { WITH_EXPRESSION(apus_expression_shape(s->context, P(1, e), node, A(0))); }
CALL(expression_evaluate) { WITH_EXPRESSION(apus_expression_evaluate(s->context, P(2, e), node, A(0), 1, A(1))); }
CALL(expression_gradient)
{
    WITH_EXPRESSION(apus_expression_gradient(s->context, P(3, e), node, A(0), 1, NULL, A(1), A(2), 1));
}
CALL(expression_hessian_product)
{
    WITH_EXPRESSION(apus_expression_hessian_product(s->context, P(3, e), node, A(0), 1, A(1), A(2), 1));
}
CALL(expression_text)
{
    char text[200];
    size_t needed;
    WITH_EXPRESSION(apus_expression_text(s->context, P(0, e), node, P(1, text), sizeof text, P(2, &needed)));
}

/* -------------------------------------------------------------------- 13. Statistics */

CALL(statistic) { return apus_statistic(s->context, P(2, "std"), NULL, A(0), NULL, P(3, axis_0), 1, A(1)); }
CALL(quantile) { return apus_quantile(s->context, A(0), P(2, point), 3, NULL, 0, A(1)); }
CALL(covariance) { return apus_covariance(s->context, A(0), 1, A(2), A(1)); }
CALL(correlation) { return apus_correlation(s->context, A(0), P(2, "kendall"), A(1)); }
CALL(ranks) { return apus_ranks(s->context, A(0), P(2, "min"), 0, A(1)); }
CALL(histogram) { return apus_histogram(s->context, A(0), A(1), 0, 0, 0, 0, A(2), A(3)); }
CALL(histogram_bins)
{
    int64_t bins;
    return apus_histogram_bins(s->context, A(0), P(2, "fd"), P(1, &bins));
}
CALL(moments_add)
{
    STRUCT(apus_moments, moments, APUS_MOMENTS_INIT);
    return apus_moments_add(s->context, P(2, &moments), A(0), A(1));
}
CALL(moments_merge)
{
    STRUCT(apus_moments, moments, APUS_MOMENTS_INIT);
    const apus_moments other = APUS_MOMENTS_INIT;
    return apus_moments_merge(s->context, P(0, &moments), P(1, &other));
}
CALL(moments_statistic)
{
    double out;
    STRUCT(apus_moments, moments, APUS_MOMENTS_INIT);
    return apus_moments_statistic(s->context, P(0, &moments), P(1, "sum"), 0, P(2, &out));
}
CALL(distribution) { return apus_distribution(s->context, P(2, "normal"), P(4, "loc=1 scale=2"), P(3, "cdf"), A(0), A(1)); }
CALL(distribution_moments)
{
    double mean, variance, skewness, kurtosis;
    return apus_distribution_moments(s->context, P(0, "normal"), P(1, "loc=1 scale=2"), P(2, &mean), P(3, &variance),
                                     P(4, &skewness), P(5, &kurtosis));
}
CALL(random_distribution) { return apus_random_distribution(s->context, P(1, "exponential"), P(2, "scale=2"), A(0)); }
CALL(random_choice) { return apus_random_choice(s->context, 3, 0, A(1), A(0)); }

/* -------------------------------------------------------------------- 14. Minimisation and roots */

static const char *method; /* of the call that follows */

CALL(minimize)
{
    double x[3] = { 1, 2, 3 }, gradient[3], inverse[9];
    STRUCT(apus_problem, problem, APUS_PROBLEM_INIT);
    STRUCT(apus_minimum, result, APUS_MINIMUM_INIT);
    problem.n = 3;
    problem.function = P(3, bowl);
    result.gradient = P(4, gradient);
    result.inverse_hessian = P(5, inverse);
    return apus_minimize(s->context, method, "maxiter=20", P(0, &problem), P(1, x), NULL, NULL, P(2, &result));
}
CALL(minimize_scalar)
{
    double x;
    STRUCT(apus_minimum, result, APUS_MINIMUM_INIT);
    return apus_minimize_scalar(s->context, P(3, "bounded"), NULL, P(0, scalar), NULL, -1, 1, P(1, &x), P(2, &result));
}
CALL(line_search)
{
    static const double down[3] = { -2, -2, -2 };
    double step;
    STRUCT(apus_problem, problem, APUS_PROBLEM_INIT);
    STRUCT(apus_minimum, result, APUS_MINIMUM_INIT);
    problem.n = 3;
    problem.function = P(5, bowl);
    return apus_line_search(s->context, NULL, P(0, &problem), P(1, point), P(2, down), P(3, &step), P(4, &result));
}
CALL(find_root)
{
    STRUCT(apus_root, result, APUS_ROOT_INIT);
    return apus_find_root(s->context, P(2, "newton"), NULL, P(0, scalar), P(3, slope), NULL, 0, 1, P(1, &result));
}

#endif
