/* Every function of chapters 8 to 14 with what no caller should pass: NULL for each pointer in turn, arrays and structs
 * that were never initialised, types, ranks and extents that do not exist, shapes whose size overflows; then with the
 * n-th allocation refused for every n; then with arguments drawn at random. An error with a message, never a trap, and
 * nothing lost.
 *
 * A function is one line of the table. Its letters describe its arrays, each of three or nine elements; its call takes
 * them and its other pointers from `slots`, by number, so that any can be NULL or spoiled.
 */
#define _POSIX_C_SOURCE 200809L
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

enum { MOST_ARRAYS = 6, ROOM = 64 };

typedef struct slots {
    apus_context *context;
    apus_array array[MOST_ARRAYS];
    double memory[MOST_ARRAYS][ROOM];
    int nulled; /* the pointer that is NULL; -1: none */
    int raw;    /* structs without their struct_size */
} slots;

/* Array k, and pointer k of another kind. */
#define A(k) (s->nulled == (k) ? NULL : &s->array[k])
#define P(k, pointer) (s->nulled == (k) ? NULL : (pointer))
#define STRUCT(type, name, macro)  \
    type name = macro;             \
    if (s->raw) name.struct_size = 0
#define CALL(name) static apus_status call_##name(slots *s)

/* -------------------------------------------------------------------- the caller's functions */

static int32_t scalar(void *user, double x, double *value)
{
    (void)user;
    *value = x * x * x + 2 * x - 1;
    return 0;
}
static int32_t slope(void *user, double x, double *value)
{
    (void)user;
    *value = 3 * x * x + 2;
    return 0;
}
static int32_t bell(void *user, double x, double *value)
{
    (void)user;
    *value = exp(-x * x / 2) / sqrt(2 * acos(-1.0));
    return 0;
}
static int32_t bowl(void *user, const double *x, int64_t n, double *value, double *gradient)
{
    (void)user;
    *value = 0;
    for (int64_t i = 0; i < n; i++) {
        *value += (double)(i + 1) * x[i] * x[i] + x[i];
        if (gradient) gradient[i] = 2 * (double)(i + 1) * x[i] + 1;
    }
    return 0;
}
static int32_t field(void *user, const double *x, int64_t n, double *y, int64_t m)
{
    (void)user;
    for (int64_t k = 0; k < m; k++) {
        y[k] = (double)k;
        for (int64_t i = 0; i < n; i++) y[k] += x[i];
    }
    return 0;
}

static const double point[3] = { 0.5, 0.25, 0.125 };
static const int32_t axis_0[1] = { 0 }, both_axes[2] = { 1, 0 };
static const int64_t nine[1] = { 9 }, three_by_three[2] = { 3, 3 };

/* -------------------------------------------------------------------- 8. Array arithmetic */

CALL(elementwise) { return apus_elementwise(s->context, P(3, "add"), A(0), A(1), A(2)); }
CALL(elementwise_scalar) { return apus_elementwise_scalar(s->context, P(2, "multiply"), A(0), 2, A(1)); }
CALL(where) { return apus_where(s->context, A(0), A(1), A(2), A(3)); }
CALL(copy) { return apus_copy(s->context, A(0), A(1)); }
CALL(view_transpose) { return apus_view_transpose(s->context, A(0), A(1)); }
CALL(view_permute) { return apus_view_permute(s->context, A(0), P(2, both_axes), 2, A(1)); }
CALL(view_reshape) { return apus_view_reshape(s->context, A(0), P(2, nine), 1, A(1)); }
CALL(view_slice) { return apus_view_slice(s->context, A(0), 0, 0, 2, 1, A(1)); }
CALL(view_broadcast) { return apus_view_broadcast(s->context, A(0), P(2, three_by_three), 2, A(1)); }
CALL(concatenate) { return apus_concatenate(s->context, A(0), 2, 0, A(2)); }
CALL(take) { return apus_take(s->context, A(0), A(1), 0, A(2)); }
CALL(matmul) { return apus_matmul(s->context, A(0), A(1), APUS_TRANSPOSE_A, A(2)); }
CALL(dot)
{
    double out;
    return apus_dot(s->context, A(0), A(1), P(2, &out));
}
CALL(outer) { return apus_outer(s->context, A(0), A(1), A(2)); }
CALL(cross) { return apus_cross(s->context, A(0), A(1), A(2)); }
CALL(reduce) { return apus_reduce(s->context, P(2, "sum"), A(0), P(3, axis_0), 1, A(1)); }
CALL(reduce_all)
{
    double out;
    return apus_reduce_all(s->context, P(1, "mean"), A(0), P(2, &out));
}
CALL(cumulative) { return apus_cumulative(s->context, P(2, "sum"), A(0), 1, A(1)); }
CALL(sort) { return apus_sort(s->context, A(0), 1, 1, A(1)); }
CALL(argsort) { return apus_argsort(s->context, A(0), 0, 0, A(1)); }
CALL(unique)
{
    int64_t n;
    return apus_unique(s->context, A(0), A(1), A(2), A(3), A(4), P(5, &n));
}
CALL(searchsorted) { return apus_searchsorted(s->context, A(0), A(1), 1, A(2)); }
CALL(unit_vectors) { return apus_unit_vectors(s->context, A(0), 1, A(1)); }

/* -------------------------------------------------------------------- 9. Functions, 10. linear algebra */

CALL(evaluate_grid) { return apus_evaluate_grid(s->context, P(3, field), NULL, A(0), 2, 1, A(2)); }

/* A number for each matrix of a stack, which random arrays can be. */
CALL(solve)
{
    double rcond[ROOM];
    return apus_solve(s->context, A(0), A(1), P(3, "positive_definite"), A(2), P(4, rcond));
}
CALL(inverse) { return apus_inverse(s->context, A(0), A(1)); }
CALL(pseudo_inverse)
{
    int64_t rank[ROOM];
    return apus_pseudo_inverse(s->context, A(0), -1, A(1), P(2, rank));
}
CALL(least_squares)
{
    int64_t rank[ROOM];
    return apus_least_squares(s->context, A(0), A(1), -1, A(2), NULL, P(4, rank), A(3));
}
CALL(determinant)
{
    double out[ROOM];
    return apus_determinant(s->context, A(0), P(1, out));
}
CALL(log_determinant)
{
    double sign[ROOM], out[ROOM];
    return apus_log_determinant(s->context, A(0), P(1, sign), P(2, out));
}
CALL(trace)
{
    double out[ROOM];
    return apus_trace(s->context, A(0), P(1, out));
}
CALL(matrix_rank)
{
    int64_t rank[ROOM];
    return apus_matrix_rank(s->context, A(0), -1, P(1, rank));
}
CALL(condition_number)
{
    double out[ROOM];
    return apus_condition_number(s->context, A(0), P(2, "1"), P(1, out));
}
CALL(matrix_norm)
{
    double out[ROOM];
    return apus_matrix_norm(s->context, A(0), P(2, "nuc"), P(1, out));
}
CALL(cholesky) { return apus_cholesky(s->context, A(0), 0, A(1)); }
CALL(lu) { return apus_lu(s->context, A(0), A(1), A(2), A(3)); }
CALL(qr) { return apus_qr(s->context, A(0), A(1), A(2), A(3)); }
CALL(svd) { return apus_svd(s->context, A(0), A(1), A(2), A(3)); }
CALL(eigh) { return apus_eigh(s->context, A(0), A(1), A(2)); }
CALL(eig) { return apus_eig(s->context, A(0), A(1), A(2), A(3), A(4)); }
CALL(matrix_power) { return apus_matrix_power(s->context, A(0), -3, A(1)); }
CALL(matrix_exponential) { return apus_matrix_exponential(s->context, A(0), A(1)); }

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

/* -------------------------------------------------------------------- the table */

/* m: 3 by 3, positive definite; v: 3, ascending; i: 3 indices; b: 3 by 3 truths. Written: M, V, I as those; J: 3 by 3
 * whole numbers; L: 6 by 3; E: 4 edges; s: one number; x: a view to be made, of which nothing is read but its size. */
typedef struct entry {
    const char *name;
    apus_status (*call)(slots *);
    const char *arrays;
    int pointers;         /* arrays included */
    const char *optional; /* pointers that may be NULL */
    int has_struct;
} entry;

#define ENTRY(name, arrays, pointers, optional, has_struct) { #name, call_##name, arrays, pointers, optional, has_struct }

static const entry table[] = {
    ENTRY(elementwise, "mmM", 4, "", 0),
    ENTRY(elementwise_scalar, "mM", 3, "", 0),
    ENTRY(where, "bmmM", 4, "", 0),
    ENTRY(copy, "mM", 2, "", 0),
    ENTRY(view_transpose, "mx", 2, "", 0),
    ENTRY(view_permute, "mx", 3, "", 0),
    ENTRY(view_reshape, "mx", 3, "", 0),
    ENTRY(view_slice, "mx", 2, "", 0),
    ENTRY(view_broadcast, "vx", 3, "", 0),
    ENTRY(concatenate, "mmL", 3, "1", 0),
    ENTRY(take, "miM", 3, "", 0),
    ENTRY(matmul, "mmM", 3, "", 0),
    ENTRY(dot, "vv", 3, "", 0),
    ENTRY(outer, "vvM", 3, "", 0),
    ENTRY(cross, "vvV", 3, "", 0),
    ENTRY(reduce, "mV", 4, "", 0),
    ENTRY(reduce_all, "m", 3, "", 0),
    ENTRY(cumulative, "mM", 3, "", 0),
    ENTRY(sort, "mM", 2, "", 0),
    ENTRY(argsort, "mJ", 2, "", 0),
    ENTRY(unique, "vVIII", 6, "1234", 0),
    ENTRY(searchsorted, "vvI", 3, "", 0),
    ENTRY(unit_vectors, "mM", 2, "", 0),
    ENTRY(evaluate_grid, "vvM", 4, "1", 0),
    ENTRY(solve, "mvV", 5, "34", 0),
    ENTRY(inverse, "mM", 2, "", 0),
    ENTRY(pseudo_inverse, "mM", 3, "2", 0),
    ENTRY(least_squares, "mvVV", 5, "34", 0),
    ENTRY(determinant, "m", 2, "", 0),
    ENTRY(log_determinant, "m", 3, "", 0),
    ENTRY(trace, "m", 2, "", 0),
    ENTRY(matrix_rank, "m", 2, "", 0),
    ENTRY(condition_number, "m", 3, "2", 0),
    ENTRY(matrix_norm, "m", 3, "2", 0),
    ENTRY(cholesky, "mM", 2, "", 0),
    ENTRY(lu, "mMMI", 4, "123", 0),
    ENTRY(qr, "mMMI", 4, "123", 0),
    ENTRY(svd, "mMVM", 4, "13", 0),
    ENTRY(eigh, "mVM", 3, "2", 0),
    ENTRY(eig, "mVVMM", 5, "34", 0),
    ENTRY(matrix_power, "mM", 2, "", 0),
    ENTRY(matrix_exponential, "mM", 2, "", 0),
    ENTRY(derivative, "", 5, "234", 0),
    ENTRY(gradient, "", 5, "34", 0),
    ENTRY(directional_derivative, "", 6, "45", 0),
    ENTRY(jacobian, "", 4, "3", 0),
    ENTRY(hessian, "", 4, "3", 0),
    ENTRY(integrate, "", 2, "", 1),
    ENTRY(integrate_box, "", 4, "", 1),
    ENTRY(integrate_samples, "mvV", 4, "1", 0),
    ENTRY(cumulative_integral, "mvM", 3, "1", 0),
    ENTRY(expected_value, "", 3, "2", 1),
    ENTRY(variance_of_density, "", 2, "", 1),
    ENTRY(probability, "", 2, "", 1),
    ENTRY(discrete_moments, "", 5, "234", 0),
    ENTRY(expression_create, "", 1, "", 0),
    ENTRY(expression_variable, "", 4, "", 0),
    ENTRY(expression_constant, "m", 3, "", 0),
    ENTRY(expression_apply, "", 4, "", 0),
    ENTRY(expression_parse, "", 3, "", 0),
    ENTRY(expression_shape, "x", 2, "", 0),
    ENTRY(expression_evaluate, "vs", 3, "", 0),
    ENTRY(expression_gradient, "vsV", 4, "1", 0),
    ENTRY(expression_hessian_product, "vvV", 4, "", 0),
    ENTRY(expression_text, "", 3, "", 0),
    ENTRY(statistic, "mV", 4, "", 0),
    ENTRY(quantile, "mM", 3, "", 0),
    ENTRY(covariance, "mMv", 3, "2", 0),
    ENTRY(correlation, "mM", 3, "2", 0),
    ENTRY(ranks, "mM", 3, "2", 0),
    ENTRY(histogram, "vvVE", 4, "13", 0),
    ENTRY(histogram_bins, "v", 3, "2", 0),
    ENTRY(moments_add, "vv", 3, "1", 1),
    ENTRY(moments_merge, "", 2, "", 1),
    ENTRY(moments_statistic, "", 3, "", 1),
    ENTRY(distribution, "vV", 5, "4", 0),
    ENTRY(distribution_moments, "", 6, "12345", 0),
    ENTRY(random_distribution, "V", 3, "2", 0),
    ENTRY(random_choice, "Ip", 2, "1", 0),
    ENTRY(minimize, "", 6, "45", 1),
    ENTRY(minimize_scalar, "", 4, "3", 1),
    ENTRY(line_search, "", 6, "", 1),
    ENTRY(find_root, "", 4, "2", 1),
};
enum { FUNCTIONS = sizeof table / sizeof *table };

static const char *const minimizers[] = { NULL, "CG", "BFGS", "Newton", "Newton-CG", "trust-exact", "trust-ncg",
                                          "Nelder-Mead", "SGD", "Adam" };
enum { MINIMIZERS = sizeof minimizers / sizeof *minimizers };

static int is_optional(const entry *e, int pointer) { return strchr(e->optional, '0' + pointer) != NULL && pointer < 10; }
static int is_view(const entry *e, int array) { return e->arrays[array] == 'x'; }

/* Fresh arrays for a function. */
static void fill(slots *s, const entry *e, apus_context *context)
{
    static const double matrix[9] = { 4, 1, 0.5, 1, 3, 0.25, 0.5, 0.25, 2 }, ascending[3] = { 0.2, 0.3, 0.5 };
    static const double probabilities[3] = { 0.2, 0.3, 0.5 };
    memset(s, 0, sizeof *s);
    s->context = context;
    s->nulled = -1;
    for (int k = 0; e->arrays[k]; k++) {
        double *memory = s->memory[k];
        int64_t *whole = (int64_t *)memory;
        uint8_t *truths = (uint8_t *)memory;
        apus_array *a = &s->array[k];
        switch (e->arrays[k]) {
        case 'm': memcpy(memory, matrix, sizeof matrix); /* fallthrough */
        case 'M': *a = (apus_array)APUS_ARRAY_2D(APUS_FLOAT64, memory, 3, 3); break;
        case 'v': memcpy(memory, ascending, sizeof ascending); /* fallthrough */
        case 'V': *a = (apus_array)APUS_ARRAY_1D(APUS_FLOAT64, memory, 3); break;
        case 'p':
            memcpy(memory, probabilities, sizeof probabilities);
            *a = (apus_array)APUS_ARRAY_1D(APUS_FLOAT64, memory, 3);
            break;
        case 'i':
            for (int i = 0; i < 3; i++) whole[i] = 2 - i; /* fallthrough */
        case 'I': *a = (apus_array)APUS_ARRAY_1D(APUS_INT64, memory, 3); break;
        case 'b':
            for (int i = 0; i < 9; i++) truths[i] = (uint8_t)(i & 1);
            *a = (apus_array)APUS_ARRAY_2D(APUS_BOOL, memory, 3, 3);
            break;
        case 'J': *a = (apus_array)APUS_ARRAY_2D(APUS_INT64, memory, 3, 3); break;
        case 'L': *a = (apus_array)APUS_ARRAY_2D(APUS_FLOAT64, memory, 6, 3); break;
        case 'E': *a = (apus_array)APUS_ARRAY_1D(APUS_FLOAT64, memory, 4); break;
        case 's':
            *a = (apus_array)APUS_ARRAY_INIT;
            a->dtype = APUS_FLOAT64;
            a->data = memory;
            break;
        default: *a = (apus_array)APUS_ARRAY_INIT;
        }
    }
}

static apus_context *context;
static slots work;

static void complain(const entry *e, const char *what, int which, apus_status status)
{
    check_failures++;
    if (check_failures <= 40)
        printf("    apus_%s, %s %d: %s: %s\n", e->name, what, which, apus_status_text(status),
               apus_last_error(work.context));
}

/* The call must fail with a message. */
static void refused(const entry *e, slots *s, const char *what, int which)
{
    const apus_status status = e->call(s);
    if (status <= APUS_OK || status > APUS_E_BUSY || status == APUS_E_INTERNAL || !apus_last_error(context)[0])
        complain(e, what, which, status);
}

static void the_table_is_right(void)
{
    for (int f = 0; f < FUNCTIONS; f++) {
        fill(&work, &table[f], context);
        const apus_status status = table[f].call(&work);
        if (status) complain(&table[f], "as it should be", 0, status);
    }
    for (int m = 0; m < MINIMIZERS; m++) {
        fill(&work, &table[0], context);
        method = minimizers[m];
        OK(context, call_minimize(&work));
    }
    method = NULL;
}

static void every_function_refuses_a_null_context(void)
{
    for (int f = 0; f < FUNCTIONS; f++) {
        fill(&work, &table[f], NULL);
        const apus_status status = table[f].call(&work);
        if (status != APUS_E_INVALID_ARGUMENT) complain(&table[f], "no context", 0, status);
    }
}

static void every_pointer_may_be_null(void)
{
    for (int f = 0; f < FUNCTIONS; f++) {
        const entry *e = &table[f];
        for (int pointer = 0; pointer < e->pointers; pointer++) {
            fill(&work, e, context);
            work.nulled = pointer;
            const apus_status status = e->call(&work);
            const apus_status expected = is_optional(e, pointer) ? APUS_OK : APUS_E_INVALID_ARGUMENT;
            if (status != expected || (status && !apus_last_error(context)[0])) complain(e, "NULL pointer", pointer, status);
        }
    }
}

static void structs_without_their_size_are_refused(void)
{
    for (int f = 0; f < FUNCTIONS; f++) {
        const entry *e = &table[f];
        if (e->has_struct) {
            fill(&work, e, context);
            work.raw = 1;
            refused(e, &work, "struct", 0);
        }
        for (int k = 0; e->arrays[k]; k++) {
            fill(&work, e, context);
            work.array[k].struct_size = 0;
            refused(e, &work, "struct_size of array", k);
        }
    }
}

static void arrays_that_cannot_be_are_refused(void)
{
    for (int f = 0; f < FUNCTIONS; f++) {
        const entry *e = &table[f];
        for (int k = 0; e->arrays[k]; k++) {
            if (is_view(e, k)) continue;
            for (int fault = 0; fault < 9; fault++) {
                static const char *const faults[] = { "dtype 0 of array", "dtype 99 of array", "ndim -1 of array",
                                                      "ndim 9 of array", "extent -1 of array", "size overflow of array",
                                                      "byte overflow of array", "stride overflow of array",
                                                      "flags of array" };
                fill(&work, e, context);
                apus_array *a = &work.array[k];
                if (a->ndim == 0 && (fault == 4 || fault == 7)) continue;
                switch (fault) {
                case 0: a->dtype = 0; break;
                case 1: a->dtype = 99; break;
                case 2: a->ndim = -1; break;
                case 3: a->ndim = 9; break;
                case 4: a->shape[0] = -1; break;
                case 5:
                    a->ndim = 3;
                    for (int i = 0; i < 3; i++) a->shape[i] = INT64_C(1) << 40;
                    break;
                case 6:
                    a->ndim = 1;
                    a->shape[0] = INT64_MAX;
                    break;
                case 7:
                    a->flags = APUS_ARRAY_STRIDED;
                    a->strides[0] = INT64_MIN;
                    break;
                default: a->flags = 0x80000000u;
                }
                refused(e, &work, faults[fault], k);
            }
        }
    }
}

/* Whether an array may come without memory: gradients and products that are not wanted, directions that are zero. */
static int may_lack_memory(const entry *e, int k)
{
    return (e->call == call_expression_gradient && k == 2) || (e->call == call_expression_hessian_product && k > 0);
}

/* Arrays of another rank, of no elements, without memory, or of numbers that are not finite: any answer but a defect. */
static void strange_arrays_are_survived(void)
{
    for (int f = 0; f < FUNCTIONS; f++) {
        const entry *e = &table[f];
        for (int k = 0; e->arrays[k]; k++) {
            if (is_view(e, k)) continue;
            for (int kind = 0; kind < 8; kind++) {
                static const double strange[] = { NAN, INFINITY, -INFINITY, DBL_MAX, 4.9e-324 };
                fill(&work, e, context);
                apus_array *a = &work.array[k];
                switch (kind) {
                case 0: a->ndim = 0; break;
                case 1:
                    for (int i = 0; i < a->ndim; i++) a->shape[i] = 0;
                    break;
                case 2: a->data = NULL; break;
                default:
                    if (a->dtype == APUS_FLOAT64)
                        for (int i = 0; i < ROOM; i++) work.memory[k][i] = strange[kind - 3];
                }
                const apus_status status = e->call(&work);
                if (status < APUS_OK || status > APUS_E_BUSY || status == APUS_E_INTERNAL ||
                    (kind == 2 && status == APUS_OK && !may_lack_memory(e, k)))
                    complain(e, kind == 2 ? "array without memory" : "strange array", 10 * k + kind, status);
            }
        }
    }
}

static counting memory;

static int64_t refuse_each(const entry *e, apus_context *counted)
{
    int64_t n = 1;
    for (; n < 10000; n++) {
        const int64_t live = memory.live, bytes = memory.bytes, refused_before = memory.refused;
        fill(&work, e, counted);
        memory.calls = 0;
        memory.refuse_at = n;
        const apus_status status = e->call(&work);
        memory.refuse_at = 0;
        if (memory.live != live || memory.bytes != bytes) {
            check_failures++;
            printf("    apus_%s: refusing allocation %lld loses %lld blocks\n", e->name, (long long)n,
                   (long long)(memory.live - live));
        }
        if (memory.refused == refused_before) {
            if (status) complain(e, "after refusals", (int)n, status);
            break;
        }
        if (status != APUS_OK && status != APUS_E_OUT_OF_MEMORY) complain(e, "refused allocation", (int)n, status);
    }
    CHECK(n < 10000);
    return n - 1;
}

static void allocations_that_fail_lose_nothing(void)
{
    int64_t total = 0;
    counting_init(&memory);
    apus_context *counted = new_context(2, &memory.allocator);
    for (int f = 0; f < FUNCTIONS; f++) total += refuse_each(&table[f], counted);
    for (int m = 0; m < MINIMIZERS; m++) {
        static const entry minimise = ENTRY(minimize, "", 6, "45", 1);
        method = minimizers[m];
        total += refuse_each(&minimise, counted);
    }
    method = NULL;
    apus_context_free(counted);
    CHECK(memory.live == 0 && memory.bytes == 0 && memory.mismatches == 0);
    CHECK(total > 50);
    printf("    %lld allocations, each refused once\n", (long long)total);
}

/* -------------------------------------------------------------------- random calls */

static uint64_t state;

static uint64_t draw(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state * 0x2545F4914F6CDD1Du;
}
static int64_t below(int64_t n) { return n > 0 ? (int64_t)(draw() % (uint64_t)n) : 0; }
static int chance(int percent) { return below(100) < percent; }

/* Another type, rank, extents or strides; the elements stay within the memory, so that the call may read them. */
static void spoil(apus_array *a, double *room)
{
    static const int32_t dtypes[] = { APUS_FLOAT32, APUS_FLOAT64, APUS_INT32, APUS_INT64, APUS_UINT8, APUS_BOOL };
    if (chance(40)) a->dtype = dtypes[below(6)];
    if (chance(40)) {
        a->ndim = (int32_t)below(4);
        for (int i = 0; i < a->ndim; i++) a->shape[i] = below(5);
        a->flags = 0;
    }
    if (chance(30) && a->ndim > 0 && a->ndim < 4) {
        /* At most 4 steps of 16 bytes along each of 3 dimensions, from the middle: within 512 bytes. */
        a->flags = APUS_ARRAY_STRIDED;
        a->data = room + ROOM / 2;
        for (int i = 0; i < a->ndim; i++) {
            if (a->shape[i] > 4) a->shape[i] = 4;
            a->strides[i] = 8 * (below(5) - 2);
        }
    }
    if (chance(20))
        for (int i = 0; i < ROOM; i++) {
            static const double odd[] = { NAN, INFINITY, -1, 0, 1e300, 1e-320, 2, 0.5 };
            room[i] = odd[below(8)];
        }
}

static int calls_from(uint64_t seed, int calls)
{
    state = seed * 0x9E3779B97F4A7C15u + 1;
    check_failures = 0;
    apus_context_options options = APUS_CONTEXT_OPTIONS_INIT;
    options.threads = 1 + (int32_t)(seed & 1);
    options.memory_limit = 64 << 20;
    if (apus_context_create(&options, &context)) return 1;
    for (int i = 0; i < calls; i++) {
        const entry *e = &table[below(FUNCTIONS)];
        fill(&work, e, context);
        method = minimizers[below(MINIMIZERS)];
        for (int k = 0; e->arrays[k]; k++)
            if (!is_view(e, k)) spoil(&work.array[k], work.memory[k]);
        if (chance(10)) work.nulled = (int)below(e->pointers);
        if (chance(3)) work.raw = 1;
        const apus_status status = e->call(&work);
        if (status < APUS_OK || status > APUS_E_BUSY || status == APUS_E_INTERNAL) complain(e, "random call", i, status);
    }
    apus_context_free(context);
    return check_failures > 0;
}

static int rounds = 8, calls = 4000;
static uint64_t first_seed = 1;

static void survives_random_calls(void)
{
    for (int round = 0; round < rounds; round++) {
        const uint64_t seed = first_seed + (uint64_t)round;
        int status = 0;
        fflush(stdout);
        const pid_t child = fork();
        if (child == 0) {
            alarm(120);
            _exit(calls_from(seed, calls));
        }
        CHECK(child > 0 && waitpid(child, &status, 0) == child);
        if (status) {
            check_failures++;
            printf("    seed %llu: %s %d\n", (unsigned long long)seed, WIFSIGNALED(status) ? "signal" : "status",
                   WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
        }
    }
}

int main(int argc, char **argv)
{
    BEGIN("numerics_bad_input");
    if (argc > 1) rounds = atoi(argv[1]);
    if (argc > 2) calls = atoi(argv[2]);
    if (argc > 3) first_seed = strtoull(argv[3], NULL, 10);
    context = new_context(1, NULL);
    RUN(the_table_is_right);
    RUN(every_function_refuses_a_null_context);
    RUN(every_pointer_may_be_null);
    RUN(structs_without_their_size_are_refused);
    RUN(arrays_that_cannot_be_are_refused);
    RUN(strange_arrays_are_survived);
    RUN(allocations_that_fail_lose_nothing);
    apus_context_free(context);
    context = NULL;
    RUN(survives_random_calls);
    return END();
}
