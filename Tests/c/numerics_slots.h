/* numerics_slots.h: what the calls of numerics_arrays.h and numerics_functions.h take their arguments from, and the
 * functions that they hand to the library. */
#ifndef NUMERICS_SLOTS_H
#define NUMERICS_SLOTS_H

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

#endif
