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
#if defined(__AVX512BW__) && defined(__AVX512DQ__) && defined(__AVX512VL__)
    const __m128i truths = _mm_maskz_set1_epi8(_mm512_movepi32_mask((__m512i)mask), 1);
    _mm_mask_storeu_epi8(p, (__mmask16)((1u << n) - 1u), truths);
#else
    const apus_b16 bytes = __builtin_convertvector(mask, apus_b16) & (apus_b16)(uint8_t)1;
    if (n == 16) memcpy(p, &bytes, 16);
    else
        for (int64_t i = 0; i < n; i++) p[i] = bytes[i];
#endif
}
APUS_INLINE void apus_m8_store_truths(uint8_t *p, apus_m8 mask, int64_t n) {
#if defined(__AVX512BW__) && defined(__AVX512DQ__) && defined(__AVX512VL__)
    const __m128i truths = _mm_maskz_set1_epi8(_mm512_movepi64_mask((__m512i)mask), 1);
    _mm_mask_storeu_epi8(p, (__mmask16)((1u << n) - 1u), truths);
#else
    const apus_b8 bytes = __builtin_convertvector(mask, apus_b8) & (apus_b8)(uint8_t)1;
    if (n == 8) memcpy(p, &bytes, 8);
    else
        for (int64_t i = 0; i < n; i++) p[i] = bytes[i];
#endif
}

// Stores the lanes of masks one after the other: 64 bytes, 1 where true.
APUS_INLINE void apus_i16_store_64_truths(uint8_t *p, apus_i16 a, apus_i16 b, apus_i16 c, apus_i16 d) {
#if defined(__AVX512BW__) && defined(__AVX512DQ__)
    const uint64_t low = _mm512_movepi32_mask((__m512i)a) | (uint32_t)_mm512_movepi32_mask((__m512i)b) << 16;
    const uint64_t high = _mm512_movepi32_mask((__m512i)c) | (uint32_t)_mm512_movepi32_mask((__m512i)d) << 16;
    _mm512_storeu_si512(p, _mm512_maskz_set1_epi8(low | high << 32, 1));
#else
    apus_i16_store_truths(p, a, 16);
    apus_i16_store_truths(p + 16, b, 16);
    apus_i16_store_truths(p + 32, c, 16);
    apus_i16_store_truths(p + 48, d, 16);
#endif
}
// The same for 32 bytes.
APUS_INLINE void apus_m8_store_32_truths(uint8_t *p, apus_m8 a, apus_m8 b, apus_m8 c, apus_m8 d) {
#if defined(__AVX512BW__) && defined(__AVX512DQ__)
    const uint32_t low = _mm512_movepi64_mask((__m512i)a) | (uint32_t)_mm512_movepi64_mask((__m512i)b) << 8;
    const uint32_t high = _mm512_movepi64_mask((__m512i)c) | (uint32_t)_mm512_movepi64_mask((__m512i)d) << 8;
    _mm256_storeu_si256((__m256i *)p, _mm256_maskz_set1_epi8(low | high << 16, 1));
#else
    apus_m8_store_truths(p, a, 8);
    apus_m8_store_truths(p + 8, b, 8);
    apus_m8_store_truths(p + 16, c, 8);
    apus_m8_store_truths(p + 24, d, 8);
#endif
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

// Whether any lane of either is NaN.
APUS_INLINE int32_t apus_f16_any_nan(apus_f16 a, apus_f16 b) {
#if defined(__AVX512F__)
    return _mm512_cmp_ps_mask((__m512)a, (__m512)b, _CMP_UNORD_Q);
#elif defined(__AVX2__)
    const __m256 low = _mm256_cmp_ps((__m256)a.lo, (__m256)b.lo, _CMP_UNORD_Q);
    return _mm256_movemask_ps(_mm256_or_ps(low, _mm256_cmp_ps((__m256)a.hi, (__m256)b.hi, _CMP_UNORD_Q)));
#else
    const apus_u16 unordered = (apus_u16)((a != a) | (b != b));
    return __builtin_reduce_or(unordered) != 0;
#endif
}
APUS_INLINE int32_t apus_d8_any_nan(apus_d8 a, apus_d8 b) {
#if defined(__AVX512F__)
    return _mm512_cmp_pd_mask((__m512d)a, (__m512d)b, _CMP_UNORD_Q);
#elif defined(__AVX2__)
    const __m256d low = _mm256_cmp_pd((__m256d)a.lo, (__m256d)b.lo, _CMP_UNORD_Q);
    return _mm256_movemask_pd(_mm256_or_pd(low, _mm256_cmp_pd((__m256d)a.hi, (__m256d)b.hi, _CMP_UNORD_Q)));
#else
    const apus_l8 unordered = (apus_l8)((a != a) | (b != b));
    return __builtin_reduce_or(unordered) != 0;
#endif
}

// The least and the greatest lane, none of them NaN.
#define APUS_FOLD(a, better)                                                                            \
    const __typeof__(a.lo) half = better(a.lo, a.hi);                                                    \
    const __typeof__(half.lo) quarter = better(half.lo, half.hi);
#define APUS_LESSER(a, b) ((a) < (b) ? (a) : (b))
#define APUS_GREATER(a, b) ((a) > (b) ? (a) : (b))
APUS_INLINE double apus_d8_least(apus_d8 a) {
    APUS_FOLD(a, APUS_LESSER)
    return APUS_LESSER(quarter[0], quarter[1]);
}
APUS_INLINE double apus_d8_greatest(apus_d8 a) {
    APUS_FOLD(a, APUS_GREATER)
    return APUS_GREATER(quarter[0], quarter[1]);
}
APUS_INLINE float apus_f16_least(apus_f16 a) {
    APUS_FOLD(a, APUS_LESSER)
    const float first = APUS_LESSER(quarter[0], quarter[1]), second = APUS_LESSER(quarter[2], quarter[3]);
    return APUS_LESSER(first, second);
}
APUS_INLINE float apus_f16_greatest(apus_f16 a) {
    APUS_FOLD(a, APUS_GREATER)
    const float first = APUS_GREATER(quarter[0], quarter[1]), second = APUS_GREATER(quarter[2], quarter[3]);
    return APUS_GREATER(first, second);
}

// The first true lane; 16 or 8 where there is none.
APUS_INLINE int64_t apus_i16_first_true(apus_i16 mask) {
#if defined(__AVX512DQ__)
    return __builtin_ctz((uint32_t)_mm512_movepi32_mask((__m512i)mask) | 1u << 16);
#elif defined(__AVX2__)
    const uint32_t low = (uint32_t)_mm256_movemask_ps((__m256)mask.lo);
    return __builtin_ctz(low | (uint32_t)_mm256_movemask_ps((__m256)mask.hi) << 8 | 1u << 16);
#else
    int64_t i = 0;
    while (i < 16 && !mask[i]) i++;
    return i;
#endif
}
APUS_INLINE int64_t apus_m8_first_true(apus_m8 mask) {
#if defined(__AVX512DQ__)
    return __builtin_ctz((uint32_t)_mm512_movepi64_mask((__m512i)mask) | 1u << 8);
#elif defined(__AVX2__)
    const uint32_t low = (uint32_t)_mm256_movemask_pd((__m256d)mask.lo);
    return __builtin_ctz(low | (uint32_t)_mm256_movemask_pd((__m256d)mask.hi) << 4 | 1u << 8);
#else
    int64_t i = 0;
    while (i < 8 && !mask[i]) i++;
    return i;
#endif
}

APUS_INLINE apus_m8 apus_m8_xor(apus_m8 a, apus_m8 b) { return a ^ b; }
APUS_INLINE apus_i16 apus_i16_xor(apus_i16 a, apus_i16 b) { return a ^ b; }
APUS_INLINE apus_m8 apus_m8_not(apus_m8 a) { return ~a; }
APUS_INLINE apus_i16 apus_i16_not(apus_i16 a) { return ~a; }
APUS_INLINE apus_i16 apus_i16_select(apus_i16 mask, apus_i16 x, apus_i16 y) { return mask ? x : y; }

// Whether any lane is true.
APUS_INLINE int32_t apus_i16_any(apus_i16 a) {
#if defined(__AVX512DQ__)
    return _mm512_movepi32_mask((__m512i)a) != 0;
#else
    const apus_l8 pairs = (apus_l8)a;
    const uint64_t c0 = pairs[0] | pairs[4], c1 = pairs[1] | pairs[5], c2 = pairs[2] | pairs[6], c3 = pairs[3] | pairs[7];
    return (c0 | c2 | c1 | c3) != 0;
#endif
}

// ---------------------------------------------------------------------------------------------------- integers

APUS_INLINE apus_m8 apus_m8_subtract(apus_m8 a, apus_m8 b) { return (apus_m8)((apus_l8)a - (apus_l8)b); }
// Shifts by n (0 to 63) bits to the right, with zeros.
APUS_INLINE apus_m8 apus_m8_shift_down(apus_m8 a, int64_t n) { return (apus_m8)((apus_l8)a >> (apus_l8)(uint64_t)n); }

// -(a b - c), rounded once where the processor can.
APUS_INLINE apus_f16 apus_f16_fnma(apus_f16 a, apus_f16 b, apus_f16 c) { return apus_f16_fma(-a, b, c); }
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

// 1 / a to 26 bits or more for what only corrects; infinity of 0 or NaN.
APUS_INLINE apus_d8 apus_d8_rough_inverse(apus_d8 a) {
#if defined(__AVX512F__)
    const apus_d8 y = (apus_d8)_mm512_rcp14_pd((__m512d)a);
    return y * apus_d8_fnma(a, y, (apus_d8)2.0);
#else
    return (apus_d8)1.0 / a;
#endif
}

#if defined(__AVX512F__)
// 1 / sqrt(a) to 40 bits, 0 of 0: a cubic step from 14 bits.
APUS_INLINE apus_d8 apus_d8_inverse_root(apus_d8 a) {
    const __mmask8 some = _mm512_cmp_pd_mask((__m512d)a, _mm512_setzero_pd(), _CMP_NEQ_UQ);
    const apus_d8 rough = (apus_d8)_mm512_maskz_rsqrt14_pd(some, (__m512d)a);
    const apus_d8 e = apus_d8_fnma(a * rough, rough, (apus_d8)1.0);
    return apus_d8_fma(rough * e, apus_d8_fma(e, (apus_d8)0.375, (apus_d8)0.5), rough);
}
#endif
// The root of a, within 0.51 ulp, for a that is 0, NaN, below 0 (NaN) or from 2^-1000 to 2^1000.
APUS_INLINE apus_d8 apus_d8_near_sqrt(apus_d8 a) {
#if defined(__AVX512F__)
    const apus_d8 inverse = apus_d8_inverse_root(a), near = a * inverse;
    return apus_d8_fma(apus_d8_fnma(near, near, a), inverse * (apus_d8)0.5, near);
#else
    return __builtin_elementwise_sqrt(a);
#endif
}
// What that root lacks.
APUS_INLINE apus_d8 apus_d8_sqrt_rest(apus_d8 a, apus_d8 root) {
#if defined(__AVX512F__)
    return apus_d8_fnma(root, root, a) * (apus_d8_inverse_root(a) * (apus_d8)0.5);
#else
    const apus_d8 square = root * root;
    const apus_d8 left = (a - square) - apus_d8_product_rest(root, root, square);
    return a > (apus_d8)0.0 ? left / (root + root) : (apus_d8)0.0;
#endif
}

// True where a is not 0, infinite or NaN.
APUS_INLINE apus_m8 apus_d8_is_plain(apus_d8 a) {
#if defined(__AVX512DQ__)
    return ~(apus_m8)_mm512_movm_epi64(_mm512_fpclass_pd_mask((__m512d)a, 0x9f));
#else
    const apus_d8 magnitude = __builtin_elementwise_abs(a);
    return (magnitude > (apus_d8)0.0) & (magnitude < (apus_d8)__builtin_inf());
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

// a 2^n for n in [-2000, 2000] rounded down to a whole number, rounded once.
APUS_INLINE apus_d8 apus_d8_scale_down_to_whole(apus_d8 a, apus_d8 n) {
#if defined(__AVX512F__)
    return (apus_d8)_mm512_scalef_pd((__m512d)a, (__m512d)n);
#else
    const apus_d8 whole = __builtin_elementwise_floor(n);
    return apus_d8_scale(a, whole, __builtin_convertvector(whole, apus_m8));
#endif
}

// 2^n / 4 (sign 1) or 2^-n / 4 (sign -1) for whole n from 0 to 129; 0 for what is less than normal numbers.
typedef uint16_t apus_words __attribute__((ext_vector_type(32)));
APUS_INLINE apus_f16 apus_f16_quarter_power(apus_i16 n, int64_t sign) {
    const apus_u16 exponent = (apus_u16)n << (apus_u16)23, quarter = (apus_u16)(uint32_t)(125 << 23);
    if (sign > 0) return (apus_f16)(quarter + exponent);
    return (apus_f16)__builtin_elementwise_sub_sat((apus_words)quarter, (apus_words)exponent);
}

// x = m 2^k for positive finite x, denormal ones too: m from 1 to 2, and k.
APUS_INLINE apus_d8 apus_d8_whole_mantissa(apus_d8 x) {
#if defined(__AVX512F__)
    return (apus_d8)_mm512_getmant_pd((__m512d)x, _MM_MANT_NORM_1_2, _MM_MANT_SIGN_zero);
#else
    const apus_d8 normal = x < (apus_d8)0x1p-1022 ? x * (apus_d8)0x1p54 : x;
    return (apus_d8)(((apus_l8)normal & (apus_l8)(uint64_t)0x000FFFFFFFFFFFFF) | (apus_l8)(uint64_t)0x3FF0000000000000);
#endif
}
APUS_INLINE apus_d8 apus_d8_whole_exponent(apus_d8 x) {
#if defined(__AVX512F__)
    return (apus_d8)_mm512_getexp_pd((__m512d)x);
#else
    const apus_m8 tiny = x < (apus_d8)0x1p-1022;
    const apus_d8 normal = tiny ? x * (apus_d8)0x1p54 : x;
    // In the low bits of 2^52 it becomes a double.
    const apus_l8 exponent = ((apus_l8)normal >> (apus_l8)(uint64_t)52) & (apus_l8)(uint64_t)2047;
    const apus_d8 number = (apus_d8)(exponent | (apus_l8)(uint64_t)0x4330000000000000);
    return number - (tiny ? (apus_d8)(0x1p52 + 1077) : (apus_d8)(0x1p52 + 1023));
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

APUS_INLINE apus_f16 apus_f16_whole_mantissa(apus_f16 x) {
#if defined(__AVX512F__)
    return (apus_f16)_mm512_getmant_ps((__m512)x, _MM_MANT_NORM_1_2, _MM_MANT_SIGN_zero);
#else
    const apus_f16 normal = apus_f16_is_tiny(x) ? x * (apus_f16)0x1p25f : x;
    return (apus_f16)(((apus_u16)normal & (apus_u16)0x007FFFFFu) | (apus_u16)0x3F800000u);
#endif
}
APUS_INLINE apus_f16 apus_f16_whole_exponent(apus_f16 x) {
#if defined(__AVX512F__)
    return (apus_f16)_mm512_getexp_ps((__m512)x);
#else
    const apus_i16 tiny = apus_f16_is_tiny(x);
    const apus_f16 normal = tiny ? x * (apus_f16)0x1p25f : x;
    const apus_i16 exponent = (apus_i16)((apus_u16)normal >> (apus_u16)23) & (apus_i16)255;
    return __builtin_convertvector(exponent - (tiny ? (apus_i16)152 : (apus_i16)127), apus_f16);
#endif
}

// The logarithm's value for positive finite x; -infinity for 0, NaN below, infinity and NaN for themselves.
APUS_INLINE apus_d8 apus_d8_whole_logarithm(apus_d8 x, apus_d8 value) {
#if defined(__AVX512F__)
    // Classes of x in fours: quiet NaN (x), signalling NaN (x made quiet), 0 (-infinity), 1 (value), -infinity (NaN),
    // infinity (x), negative (NaN), positive (value).
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

// As apus_f16_transpose, for doubles: out[c * out_stride + r] = p[r * stride + c] for rows and columns of 1 to 8, of
// which out's rows are always eight elements wide.
APUS_INLINE void apus_d8_transpose(const double *p, int64_t stride, int64_t rows, int64_t columns, double *out,
                                   int64_t out_stride) {
    apus_d8 tile[8], next[8];
#pragma unroll
    for (int r = 0; r < 8; r++) {
        tile[r] = (apus_d8)0.0;
        if (r < rows)
            tile[r] = columns == 8 ? apus_d8_load(p + r * stride) : apus_d8_load_partial(p + r * stride, columns);
    }
#pragma unroll
    for (int round = 0; round < 3; round++) {
#pragma unroll
        for (int r = 0; r < 4; r++) {
            const apus_d8 a = tile[r], b = tile[r + 4];
            next[2 * r] = __builtin_shufflevector(a, b, 0, 8, 1, 9, 2, 10, 3, 11);
            next[2 * r + 1] = __builtin_shufflevector(a, b, 4, 12, 5, 13, 6, 14, 7, 15);
        }
#pragma unroll
        for (int r = 0; r < 8; r++) tile[r] = next[r];
    }
#pragma unroll
    for (int c = 0; c < 8; c++)
        if (c < columns) apus_d8_store(out + c * out_stride, tile[c]);
}

// The C library's sine and cosine for the lanes of a mask, y elsewhere: for arguments whose reduction takes more than
// the kernels do.
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
