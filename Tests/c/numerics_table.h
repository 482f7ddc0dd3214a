/* numerics_table.h: every function of chapters 8 to 14, a line each. Its letters describe its arrays, each of three or nine
 * elements; its call takes them and its other pointers from `slots`, by number, so that any can be NULL or spoiled. */
#ifndef NUMERICS_TABLE_H
#define NUMERICS_TABLE_H

#include "numerics_arrays.h"
#include "numerics_functions.h"

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

#endif
