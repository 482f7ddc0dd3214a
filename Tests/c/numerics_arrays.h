/* numerics_arrays.h: a good call of each function of chapters 8 to 10 of the header. */
#ifndef NUMERICS_ARRAYS_H
#define NUMERICS_ARRAYS_H

#include "numerics_slots.h"

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

#endif
