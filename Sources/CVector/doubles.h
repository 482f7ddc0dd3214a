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
// Shifts by n (0 to 63) bits to the right, with zeros.
APUS_INLINE apus_m8 apus_m8_shift_down(apus_m8 a, int64_t n) { return (apus_m8)((apus_l8)a >> (apus_l8)(uint64_t)n); }

// -(a b - c), rounded once where the processor can.
APUS_INLINE apus_d8 apus_d8_fnma(apus_d8 a, apus_d8 b, apus_d8 c) { return apus_d8_fma(-a, b, c); }

// What is missing from the rounded product p = a b, for products far from overflow and denormals.
APUS_INLINE apus_d8 apus_d8_product_rest(apus_d8 a, apus_d8 b, apus_d8 p) {
#if defined(__FMA__) || defined(__aarch64__)
    return __builtin_elementwise_fma(a, b, -p);
#else
    const apus_m8 upper = (apus_m8)(int64_t)0xFFFFFFFFF8000000;
    const apus_d8 a1 = (apus_d8)((apus_m8)a & upper), b1 = (apus_d8)((apus_m8)b & upper);
    const apus_d8 a2 = a - a1, b2 = b - b1;
    return ((a1 * b1 - p) + a1 * b2 + a2 * b1) + a2 * b2;
#endif
}

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

// x = m 2^k for positive finite x, denormal ones too: m from 3/4 to 3/2, and k.
#if !defined(__AVX512F__)
APUS_INLINE apus_m8 apus_d8_is_tiny(apus_d8 x) { return x < (apus_d8)0x1p-1022; }
APUS_INLINE apus_m8 apus_d8_raised_bits(apus_d8 x) {
    // The exponent, 1024 added to keep it positive, of x / (3/4) in the upper bits; denormal numbers made normal.
    const apus_d8 normal = apus_d8_is_tiny(x) ? x * (apus_d8)0x1p54 : x;
    return (apus_m8)((apus_l8)normal + (apus_l8)(uint64_t)(0x4000000000000000 - 0x3FE8000000000000));
}
APUS_INLINE apus_i16 apus_f16_is_tiny(apus_f16 x) { return x < (apus_f16)0x1p-126f; }
APUS_INLINE apus_i16 apus_f16_raised_bits(apus_f16 x) {
    const apus_f16 normal = apus_f16_is_tiny(x) ? x * (apus_f16)0x1p25f : x;
    return (apus_i16)((apus_u16)normal - (apus_u16)0x3F400000u);
}
#endif
APUS_INLINE apus_d8 apus_d8_mantissa(apus_d8 x) {
#if defined(__AVX512F__)
    return (apus_d8)_mm512_getmant_pd((__m512d)x, _MM_MANT_NORM_p75_1p5, _MM_MANT_SIGN_zero);
#else
    const apus_l8 fraction = (apus_l8)apus_d8_raised_bits(x) & (apus_l8)(uint64_t)0x000FFFFFFFFFFFFF;
    return (apus_d8)(fraction + (apus_l8)(uint64_t)0x3FE8000000000000);
#endif
}
APUS_INLINE apus_d8 apus_d8_exponent(apus_d8 x) {
#if defined(__AVX512F__)
    // Exponents count from mantissas of 1; from 3/2 on the mantissa above is the half.
    const __m512d m = _mm512_getmant_pd((__m512d)x, _MM_MANT_NORM_p75_1p5, _MM_MANT_SIGN_zero);
    const __m512d k = _mm512_getexp_pd((__m512d)x);
    return (apus_d8)_mm512_mask_add_pd(k, _mm512_cmp_pd_mask(m, _mm512_set1_pd(1.0), _CMP_LT_OQ), k,
                                       _mm512_set1_pd(1.0));
#else
    // In the low bits of 2^52 it becomes a double.
    const apus_l8 exponent = (apus_l8)apus_d8_raised_bits(x) >> (apus_l8)(uint64_t)52;
    const apus_d8 number = (apus_d8)(exponent | (apus_l8)(uint64_t)0x4330000000000000);
    return number - (apus_d8_is_tiny(x) ? (apus_d8)(0x1p52 + 1024 + 54) : (apus_d8)(0x1p52 + 1024));
#endif
}
APUS_INLINE apus_f16 apus_f16_mantissa(apus_f16 x) {
#if defined(__AVX512F__)
    return (apus_f16)_mm512_getmant_ps((__m512)x, _MM_MANT_NORM_p75_1p5, _MM_MANT_SIGN_zero);
#else
    const apus_u16 fraction = (apus_u16)apus_f16_raised_bits(x) & (apus_u16)0x007FFFFFu;
    return (apus_f16)(fraction + (apus_u16)0x3F400000u);
#endif
}
APUS_INLINE apus_f16 apus_f16_exponent(apus_f16 x) {
#if defined(__AVX512F__)
    const __m512 m = _mm512_getmant_ps((__m512)x, _MM_MANT_NORM_p75_1p5, _MM_MANT_SIGN_zero);
    const __m512 k = _mm512_getexp_ps((__m512)x);
    return (apus_f16)_mm512_mask_add_ps(k, _mm512_cmp_ps_mask(m, _mm512_set1_ps(1.0f), _CMP_LT_OQ), k,
                                        _mm512_set1_ps(1.0f));
#else
    const apus_f16 k = __builtin_convertvector(apus_f16_raised_bits(x) >> (apus_i16)23, apus_f16);
    return apus_f16_is_tiny(x) ? k - (apus_f16)25.0f : k;
#endif
}

// The logarithm's value for positive finite x; -infinity for 0, NaN below, infinity and NaN for themselves.
APUS_INLINE apus_d8 apus_d8_whole_logarithm(apus_d8 x, apus_d8 value) {
#if defined(__AVX512F__)
    // Classes of x in fours: quiet NaN (x), signalling NaN (x made quiet), 0 (-infinity), 1 (value), -infinity (NaN), infinity
    // (x), negative (NaN), positive (value).
    const __m512i table = _mm512_set1_epi64(0x03130421);
    return (apus_d8)_mm512_fixupimm_pd((__m512d)value, (__m512d)x, table, 0);
#else
    const apus_d8 negative = x < (apus_d8)0.0 ? (apus_d8)__builtin_nan("") : x;
    const apus_d8 special = x == (apus_d8)0.0 ? (apus_d8)-__builtin_inf() : negative;
    return (x > (apus_d8)0.0) & (x < (apus_d8)__builtin_inf()) ? value : special;
#endif
}
APUS_INLINE apus_f16 apus_f16_whole_logarithm(apus_f16 x, apus_f16 value) {
#if defined(__AVX512F__)
    const __m512i table = _mm512_set1_epi32(0x03130421);
    return (apus_f16)_mm512_fixupimm_ps((__m512)value, (__m512)x, table, 0);
#else
    const apus_f16 negative = x < (apus_f16)0.0f ? (apus_f16)__builtin_nanf("") : x;
    const apus_f16 special = x == (apus_f16)0.0f ? (apus_f16)-__builtin_inff() : negative;
    return (x > (apus_f16)0.0f) & (x < (apus_f16)__builtin_inff()) ? value : special;
#endif
}

// The C library's sine and cosine for the lanes of a mask, y elsewhere: for arguments whose reduction takes more than the
// kernels do.
APUS_INLINE apus_d8 apus_d8_library_sine(apus_m8 mask, apus_d8 x, apus_d8 y) {
    for (int i = 0; i < 8; i++)
        if (mask[i]) y[i] = __builtin_sin(x[i]);
    return y;
}
APUS_INLINE apus_d8 apus_d8_library_cosine(apus_m8 mask, apus_d8 x, apus_d8 y) {
    for (int i = 0; i < 8; i++)
        if (mask[i]) y[i] = __builtin_cos(x[i]);
    return y;
}

#endif
