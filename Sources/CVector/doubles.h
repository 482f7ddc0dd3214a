// Eight doubles at a time, by the manners of vector.h, and what the elementwise kernels need beyond it.
#ifndef APUS_DOUBLES_H
#define APUS_DOUBLES_H

#include <string.h>

#include "vector.h"

typedef int64_t apus_s8 __attribute__((ext_vector_type(8)));
typedef double apus_d8_anywhere __attribute__((ext_vector_type(8), aligned(8), may_alias));
typedef uint8_t apus_b16 __attribute__((ext_vector_type(16)));
typedef uint8_t apus_b8 __attribute__((ext_vector_type(8)));

// ---------------------------------------------------------------------------------------------------- memory

APUS_INLINE apus_d8 apus_d8_load(const double *p) { return *(const apus_d8_anywhere *)p; }
APUS_INLINE void apus_d8_store(double *p, apus_d8 x) { *(apus_d8_anywhere *)p = x; }

// The first n (0 to 7) elements from memory, the rest 0; stores the first n. Memory past them is not touched.
APUS_INLINE apus_d8 apus_d8_load_partial(const double *p, int64_t n) {
#if defined(__AVX512F__)
    return (apus_d8)_mm512_maskz_loadu_pd((__mmask8)((1u << n) - 1u), p);
#else
    apus_d8 x = (apus_d8)0.0;
    if (n > 0) x[0] = p[0];
    if (n > 1) x[1] = p[1];
    if (n > 2) x[2] = p[2];
    if (n > 3) x[3] = p[3];
    if (n > 4) x[4] = p[4];
    if (n > 5) x[5] = p[5];
    if (n > 6) x[6] = p[6];
    return x;
#endif
}
APUS_INLINE void apus_d8_store_partial(double *p, apus_d8 x, int64_t n) {
#if defined(__AVX512F__)
    _mm512_mask_storeu_pd(p, (__mmask8)((1u << n) - 1u), (__m512d)x);
#else
    if (n > 0) p[0] = x[0];
    if (n > 1) p[1] = x[1];
    if (n > 2) p[2] = x[2];
    if (n > 3) p[3] = x[3];
    if (n > 4) p[4] = x[4];
    if (n > 5) p[5] = x[5];
    if (n > 6) p[6] = x[6];
#endif
}

// Stores a mask's lanes as bytes, 1 where true: the first n (1 to 16, 1 to 8).
APUS_INLINE void apus_i16_store_truths(uint8_t *p, apus_i16 mask, int64_t n) {
    const apus_b16 bytes = __builtin_convertvector(mask, apus_b16) & (apus_b16)(uint8_t)1;
    if (n == 16) memcpy(p, &bytes, 16);
    else
        for (int64_t i = 0; i < n; i++) p[i] = bytes[i];
}
APUS_INLINE void apus_s8_store_truths(uint8_t *p, apus_s8 mask, int64_t n) {
    const apus_b8 bytes = __builtin_convertvector(mask, apus_b8) & (apus_b8)(uint8_t)1;
    if (n == 8) memcpy(p, &bytes, 8);
    else
        for (int64_t i = 0; i < n; i++) p[i] = bytes[i];
}

// Bytes as a mask, true where not 0: the first n (1 to 16, 1 to 8), the rest false.
APUS_INLINE apus_i16 apus_i16_load_truths(const uint8_t *p, int64_t n) {
    apus_b16 bytes = (apus_b16)(uint8_t)0;
    if (n == 16) memcpy(&bytes, p, 16);
    else
        for (int64_t i = 0; i < n; i++) bytes[i] = p[i];
    return __builtin_convertvector(bytes, apus_i16) != (apus_i16)0;
}
APUS_INLINE apus_s8 apus_s8_load_truths(const uint8_t *p, int64_t n) {
    apus_b8 bytes = (apus_b8)(uint8_t)0;
    if (n == 8) memcpy(&bytes, p, 8);
    else
        for (int64_t i = 0; i < n; i++) bytes[i] = p[i];
    return __builtin_convertvector(bytes, apus_s8) != (apus_s8)0;
}

// ---------------------------------------------------------------------------------------------------- arithmetic

APUS_INLINE apus_d8 apus_d8_subtract(apus_d8 a, apus_d8 b) { return a - b; }
APUS_INLINE apus_d8 apus_d8_multiply(apus_d8 a, apus_d8 b) { return a * b; }
APUS_INLINE apus_d8 apus_d8_divide(apus_d8 a, apus_d8 b) { return a / b; }
APUS_INLINE apus_d8 apus_d8_sqrt(apus_d8 a) { return __builtin_elementwise_sqrt(a); }

// Rounds to whole numbers.
APUS_INLINE apus_d8 apus_d8_floor(apus_d8 a) { return __builtin_elementwise_floor(a); }
APUS_INLINE apus_d8 apus_d8_ceil(apus_d8 a) { return __builtin_elementwise_ceil(a); }
APUS_INLINE apus_d8 apus_d8_trunc(apus_d8 a) { return __builtin_elementwise_trunc(a); }
APUS_INLINE apus_d8 apus_d8_round(apus_d8 a) { return __builtin_elementwise_roundeven(a); }
APUS_INLINE apus_f16 apus_f16_ceil(apus_f16 a) { return __builtin_elementwise_ceil(a); }
APUS_INLINE apus_f16 apus_f16_trunc(apus_f16 a) { return __builtin_elementwise_trunc(a); }

// ---------------------------------------------------------------------------------------------------- choice

APUS_INLINE apus_s8 apus_d8_less(apus_d8 a, apus_d8 b) { return a < b; }
APUS_INLINE apus_s8 apus_d8_less_equal(apus_d8 a, apus_d8 b) { return a <= b; }
APUS_INLINE apus_s8 apus_d8_equal(apus_d8 a, apus_d8 b) { return a == b; }
APUS_INLINE apus_d8 apus_d8_select(apus_s8 mask, apus_d8 x, apus_d8 y) { return mask ? x : y; }

// True where a and b differ, and where either is NaN.
APUS_INLINE apus_s8 apus_d8_not_equal(apus_d8 a, apus_d8 b) { return a != b; }
APUS_INLINE apus_i16 apus_f16_not_equal(apus_f16 a, apus_f16 b) { return a != b; }

APUS_INLINE apus_s8 apus_s8_and(apus_s8 a, apus_s8 b) { return a & b; }
APUS_INLINE apus_s8 apus_s8_or(apus_s8 a, apus_s8 b) { return a | b; }
APUS_INLINE apus_s8 apus_s8_xor(apus_s8 a, apus_s8 b) { return a ^ b; }
APUS_INLINE apus_i16 apus_i16_xor(apus_i16 a, apus_i16 b) { return a ^ b; }
APUS_INLINE apus_s8 apus_s8_not(apus_s8 a) { return ~a; }
APUS_INLINE apus_i16 apus_i16_not(apus_i16 a) { return ~a; }
APUS_INLINE apus_i16 apus_i16_select(apus_i16 mask, apus_i16 x, apus_i16 y) { return mask ? x : y; }
APUS_INLINE int apus_s8_any(apus_s8 a) {
#if defined(__AVX512F__)
    return _mm512_test_epi64_mask((__m512i)a, (__m512i)a) != 0;
#else
    const apus_s8 b = a;
    return ((b[0] | b[1] | b[2] | b[3]) | (b[4] | b[5] | b[6] | b[7])) != 0;
#endif
}

// ---------------------------------------------------------------------------------------------------- integers

APUS_INLINE apus_s8 apus_d8_bits(apus_d8 a) { return (apus_s8)a; }
APUS_INLINE apus_d8 apus_s8_as_doubles(apus_s8 a) { return (apus_d8)a; }
APUS_INLINE apus_s8 apus_s8_set(int64_t a) { return (apus_s8)a; }
// Wraps round.
APUS_INLINE apus_s8 apus_s8_add(apus_s8 a, apus_s8 b) { return (apus_s8)((apus_l8)a + (apus_l8)b); }
APUS_INLINE apus_s8 apus_s8_subtract(apus_s8 a, apus_s8 b) { return (apus_s8)((apus_l8)a - (apus_l8)b); }
// Shifts by n (0 to 63) bits: left with zeros, right with zeros.
APUS_INLINE apus_s8 apus_s8_shift_left(apus_s8 a, int64_t n) { return (apus_s8)((apus_l8)a << (apus_l8)(uint64_t)n); }
APUS_INLINE apus_s8 apus_s8_shift_right(apus_s8 a, int64_t n) { return (apus_s8)((apus_l8)a >> (apus_l8)(uint64_t)n); }

// table[index & mask]
APUS_INLINE apus_d8 apus_d8_gather(const double *table, apus_s8 index) {
#if defined(__AVX512F__)
    return (apus_d8)_mm512_i64gather_pd((__m512i)index, table, 8);
#else
    apus_d8 x;
    for (int i = 0; i < 8; i++) x[i] = table[index[i]];
    return x;
#endif
}

// a 2^n, rounded once, for whole n in [-2000, 2000] and a of about 1; n_bits is n as integers.
APUS_INLINE apus_d8 apus_d8_scale(apus_d8 a, apus_d8 n, apus_s8 n_bits) {
#if defined(__AVX512F__)
    (void)n_bits;
    return (apus_d8)_mm512_scalef_pd((__m512d)a, (__m512d)n);
#else
    // Two factors: only the second product can leave the normal numbers.
    (void)n;
    const apus_l8 biased = (apus_l8)n_bits + (apus_l8)(uint64_t)2046;
    const apus_l8 half = biased >> (apus_l8)(uint64_t)1;
    return a * (apus_d8)(half << (apus_l8)(uint64_t)52) * (apus_d8)((biased - half) << (apus_l8)(uint64_t)52);
#endif
}

// Sixteen floats of two halves in double precision, rounded to nearest.
APUS_INLINE apus_f16 apus_f16_from_doubles(apus_d8 low, apus_d8 high) {
    apus_f16 x;
    x.lo = __builtin_convertvector(low, apus_f8);
    x.hi = __builtin_convertvector(high, apus_f8);
    return x;
}

#endif
