// The kernels of array reductions in double precision and of sorting, part of the table in kernels.h.
//
// Elements are float32 or float64; every float32 is widened first, so that its square, its sum with others and its
// product with another are in double precision. Orders of summation depend on counts alone.
#ifndef APUS_REDUCTIONS_H
#define APUS_REDUCTIONS_H

#include <stdint.h>

#if defined(__clang__)
#pragma clang assume_nonnull begin
#endif

#define APUS_R_SUM 0
#define APUS_R_SUM_ABSOLUTE 1
#define APUS_R_SUM_SQUARES 2
#define APUS_R_PRODUCT 3
#define APUS_R_COUNT 4  // of elements that are not 0
#define APUS_R_MIN 5    // a NaN wins here and below
#define APUS_R_MAX 6
#define APUS_R_MAX_ABSOLUTE 7

typedef struct apus_reduction_kernels {
    // A run of elements to one number: in 64 lanes, folded half onto half, so no chain is longer than count / 64 + 6.
    double (*run_floats)(int32_t code, const float *x, int64_t count);
    double (*run_doubles)(int32_t code, const double *x, int64_t count);
    // total[c] joined with x[r * stride + c] of all rows: eight rows are folded, then joined to the total.
    void (*rows_floats)(int32_t code, const float *x, int64_t rows, int64_t columns, int64_t stride, double *total);
    void (*rows_doubles)(int32_t code, const double *x, int64_t rows, int64_t columns, int64_t stride, double *total);
    // total[c] joined with other[c]: totals add up, multiply, or the lesser or greater stays.
    void (*join)(int32_t code, const double *other, int64_t count, double *total);
    // Where x[r * stride + c] is less (APUS_R_MIN) or greater (APUS_R_MAX) than best[c], or the first NaN, it becomes
    // best[c] and first + r becomes row[c].
    void (*best_floats)(int32_t code, const float *x, int64_t rows, int64_t columns, int64_t stride, double first,
                        double *best, double *row);
    void (*best_doubles)(int32_t code, const double *x, int64_t rows, int64_t columns, int64_t stride, double first,
                         double *best, double *row);
    // Where the first least (APUS_R_MIN) or greatest (APUS_R_MAX) of at least one element stands, or the first NaN,
    // which becomes best.
    int64_t (*first_best_floats)(int32_t code, const float *x, int64_t count, double *best);
    int64_t (*first_best_doubles)(int32_t code, const double *x, int64_t count, double *best);
    // The sum of x[i] y[i], in lanes as above.
    double (*dot_floats)(const float *x, const float *y, int64_t count);
    double (*dot_doubles)(const double *x, const double *y, int64_t count);

    // Sorts numbers that are not NaN, with room for as many in `other`, into `other` or in place. Which of two zeros is
    // which may be lost.
    void (*sort_floats)(float *values, float *other, int64_t count, int32_t to_other);
    void (*sort_doubles)(double *values, double *other, int64_t count, int32_t to_other);
    // Moves the values less than one of them to the front of `other`, the rest behind; how many were less. 0 when there are
    // few, or none less than the one tried: `values` are then as they were.
    int64_t (*split_floats)(const float *values, float *other, int64_t count);
    int64_t (*split_doubles)(const double *values, double *other, int64_t count);
    // Whether a value is NaN or -0.
    int32_t (*any_special_floats)(const float *values, int64_t count);
    int32_t (*any_special_doubles)(const double *values, int64_t count);
    // Moves the first of equal neighbours of sorted numbers to the front; how many they are.
    int64_t (*distinct_floats)(float *values, int64_t count);
    int64_t (*distinct_doubles)(double *values, int64_t count);
} apus_reduction_kernels;

#if defined(__clang__)
#pragma clang assume_nonnull end
#endif

#endif
