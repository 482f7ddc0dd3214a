// What the elementwise kernels need beyond vector.h: truths as bytes, tables, rounding, exact scaling.
#ifndef APUS_DOUBLES_H
#define APUS_DOUBLES_H

#include <string.h>

#include "vector.h"

typedef uint8_t apus_b16 __attribute__((ext_vector_type(16)));
typedef uint8_t apus_b8 __attribute__((ext_vector_type(8)));

// ---------------------------------------------------------------------------------------------------- memory

// Stores a mask's lanes as bytes, 1 where true: the first n (1 to 16, 1 to 8).
APUS_INLINE void apus_i16_store_truths(uint8_t *p, apus_i16 mask, int64_t n) {
    const apus_b16 bytes = __builtin_convertvector(mask, apus_b16) & (apus_b16)(uint8_t)1;
    if (n == 16) memcpy(p, &bytes, 16);
    else
        for (int64_t i = 0; i < n; i++) p[i] = bytes[i];
}
APUS_INLINE void apus_m8_store_truths(uint8_t *p, apus_m8 mask, int64_t n) {
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
APUS_INLINE apus_m8 apus_m8_load_truths(const uint8_t *p, int64_t n) {
    apus_b8 bytes = (apus_b8)(uint8_t)0;
    if (n == 8) memcpy(&bytes, p, 8);
    else
        for (int64_t i = 0; i < n; i++) bytes[i] = p[i];
    return __builtin_convertvector(bytes, apus_m8) != (apus_m8)0;
}

// ---------------------------------------------------------------------------------------------------- arithmetic


// Rounds to whole numbers.
APUS_INLINE apus_d8 apus_d8_ceil(apus_d8 a) { return __builtin_elementwise_ceil(a); }
APUS_INLINE apus_d8 apus_d8_trunc(apus_d8 a) { return __builtin_elementwise_trunc(a); }
APUS_INLINE apus_f16 apus_f16_ceil(apus_f16 a) { return __builtin_elementwise_ceil(a); }
APUS_INLINE apus_f16 apus_f16_trunc(apus_f16 a) { return __builtin_elementwise_trunc(a); }

// ---------------------------------------------------------------------------------------------------- choice


// True where a and b differ, and where either is NaN.
APUS_INLINE apus_m8 apus_d8_not_equal(apus_d8 a, apus_d8 b) { return a != b; }
APUS_INLINE apus_i16 apus_f16_not_equal(apus_f16 a, apus_f16 b) { return a != b; }

APUS_INLINE apus_m8 apus_m8_xor(apus_m8 a, apus_m8 b) { return a ^ b; }
APUS_INLINE apus_i16 apus_i16_xor(apus_i16 a, apus_i16 b) { return a ^ b; }
APUS_INLINE apus_m8 apus_m8_not(apus_m8 a) { return ~a; }
APUS_INLINE apus_i16 apus_i16_not(apus_i16 a) { return ~a; }
APUS_INLINE apus_i16 apus_i16_select(apus_i16 mask, apus_i16 x, apus_i16 y) { return mask ? x : y; }
// ---------------------------------------------------------------------------------------------------- integers

APUS_INLINE apus_m8 apus_m8_subtract(apus_m8 a, apus_m8 b) { return (apus_m8)((apus_l8)a - (apus_l8)b); }

// table[index] for each lane.
APUS_INLINE apus_d8 apus_d8_gather(const double *table, apus_m8 index) {
#if defined(__AVX512F__)
    return (apus_d8)_mm512_i64gather_pd((__m512i)index, table, 8);
#else
    apus_d8 x;
    for (int i = 0; i < 8; i++) x[i] = table[index[i]];
    return x;
#endif
}

// a 2^n, rounded once, for whole n in [-2000, 2000] and a of about 1; n_bits is n as integers.
APUS_INLINE apus_d8 apus_d8_scale(apus_d8 a, apus_d8 n, apus_m8 n_bits) {
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

#endif
