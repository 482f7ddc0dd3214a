// Vector operations that Swift lacks or compiles badly, as always-inline functions over clang's vector types. Swift
// imports the types as SIMD16<Float>, SIMD16<Int32>, SIMD8<Double>, SIMD8<UInt64> and SIMD8<Int64>, and compiles each
// function under the importing module's own -march, so that one source gives SSE, AVX2, AVX-512 or NEON code.
//
// Comparisons are ordered: false where an operand is NaN.
#ifndef APUS_VECTOR_H
#define APUS_VECTOR_H

#include <stddef.h>
#include <stdint.h>

#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>
#endif

#define APUS_INLINE static inline __attribute__((always_inline, unused))

typedef float apus_f16 __attribute__((ext_vector_type(16)));
typedef int32_t apus_i16 __attribute__((ext_vector_type(16)));
typedef uint32_t apus_u16 __attribute__((ext_vector_type(16)));
typedef float apus_f4 __attribute__((ext_vector_type(4)));
typedef float apus_f8 __attribute__((ext_vector_type(8)));
typedef double apus_d8 __attribute__((ext_vector_type(8)));
typedef uint64_t apus_l8 __attribute__((ext_vector_type(8)));
typedef int64_t apus_m8 __attribute__((ext_vector_type(8)));

// The same at any address that suits their elements.
typedef float apus_f16_anywhere __attribute__((ext_vector_type(16), aligned(4), may_alias));
typedef float apus_f4_anywhere __attribute__((ext_vector_type(4), aligned(4), may_alias));
typedef double apus_d8_anywhere __attribute__((ext_vector_type(8), aligned(8), may_alias));
typedef float apus_f8_anywhere __attribute__((ext_vector_type(8), aligned(4), may_alias));

// ---------------------------------------------------------------------------------------------------- memory

APUS_INLINE apus_f16 apus_f16_set(float x) { return (apus_f16)x; }

APUS_INLINE apus_f16 apus_f16_load(const float *p) { return *(const apus_f16_anywhere *)p; }

APUS_INLINE void apus_f16_store(float *p, apus_f16 x) { *(apus_f16_anywhere *)p = x; }

// The pointer itself, its origin hidden from the optimiser: loops over several rows would otherwise compute each row's
// address from the one before, a chain of additions that takes longer than the arithmetic.
APUS_INLINE const float *_Nonnull apus_f16_row(const float *_Nonnull p) {
    __asm__("" : "+r"(p));
    return p;
}
APUS_INLINE const double *_Nonnull apus_d8_row(const double *_Nonnull p) {
    __asm__("" : "+r"(p));
    return p;
}

// The first n elements from memory, the rest 0; stores the first n; n below 0 is 0, above 4 is 4.
APUS_INLINE apus_f4 apus_f4_load_partial(const float *p, int64_t n) {
    if (n >= 4) return *(const apus_f4_anywhere *)p;
    apus_f4 x = (apus_f4)0.0f;
    if (n > 0) x[0] = p[0];
    if (n > 1) x[1] = p[1];
    if (n > 2) x[2] = p[2];
    return x;
}
APUS_INLINE void apus_f4_store_partial(float *p, apus_f4 x, int64_t n) {
    if (n >= 4) {
        *(apus_f4_anywhere *)p = x;
        return;
    }
    if (n > 0) p[0] = x[0];
    if (n > 1) p[1] = x[1];
    if (n > 2) p[2] = x[2];
}

// The first n (0 to 15) elements from memory, the rest 0. Memory past them is not touched.
APUS_INLINE apus_f16 apus_f16_load_partial(const float *p, int64_t n) {
#if defined(__AVX512F__)
    return (apus_f16)_mm512_maskz_loadu_ps((__mmask16)((1u << n) - 1u), p);
#elif defined(__AVX2__)
    const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    const __m256i low = _mm256_cmpgt_epi32(_mm256_set1_epi32((int)n), lane);
    const __m256i high = _mm256_cmpgt_epi32(_mm256_set1_epi32((int)n - 8), lane);
    const apus_f8 a = (apus_f8)_mm256_maskload_ps(p, low);
    const apus_f8 b = (apus_f8)_mm256_maskload_ps(p + 8, high);
    return __builtin_shufflevector(a, b, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
#else
    const apus_f4 a = apus_f4_load_partial(p, n), b = apus_f4_load_partial(p + 4, n - 4);
    const apus_f4 c = apus_f4_load_partial(p + 8, n - 8), d = apus_f4_load_partial(p + 12, n - 12);
    const apus_f8 low = __builtin_shufflevector(a, b, 0, 1, 2, 3, 4, 5, 6, 7);
    const apus_f8 high = __builtin_shufflevector(c, d, 0, 1, 2, 3, 4, 5, 6, 7);
    return __builtin_shufflevector(low, high, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
#endif
}

// Stores the first n (0 to 15) elements. Memory past them is not touched.
APUS_INLINE void apus_f16_store_partial(float *p, apus_f16 x, int64_t n) {
#if defined(__AVX512F__)
    _mm512_mask_storeu_ps(p, (__mmask16)((1u << n) - 1u), (__m512)x);
#elif defined(__AVX2__)
    const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    const __m256i low = _mm256_cmpgt_epi32(_mm256_set1_epi32((int)n), lane);
    const __m256i high = _mm256_cmpgt_epi32(_mm256_set1_epi32((int)n - 8), lane);
    _mm256_maskstore_ps(p, low, (__m256)x.lo);
    _mm256_maskstore_ps(p + 8, high, (__m256)x.hi);
#else
    apus_f4_store_partial(p, x.lo.lo, n);
    apus_f4_store_partial(p + 4, x.lo.hi, n - 4);
    apus_f4_store_partial(p + 8, x.hi.lo, n - 8);
    apus_f4_store_partial(p + 12, x.hi.hi, n - 12);
#endif
}

// Element i (0 to 15).
APUS_INLINE float apus_f16_lane(apus_f16 x, int64_t i) { return x[i]; }

// Elements 0, 1, 2, ... n - 1 (n 0 to 16) of x, then those of y.
APUS_INLINE apus_f16 apus_f16_first(apus_f16 x, apus_f16 y, int64_t n) {
    const apus_i16 lane = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    return lane < (apus_i16)(int32_t)n ? x : y;
}

// ---------------------------------------------------------------------------------------------------- arithmetic

APUS_INLINE apus_f16 apus_f16_add(apus_f16 a, apus_f16 b) { return a + b; }
APUS_INLINE apus_f16 apus_f16_subtract(apus_f16 a, apus_f16 b) { return a - b; }
APUS_INLINE apus_f16 apus_f16_multiply(apus_f16 a, apus_f16 b) { return a * b; }
APUS_INLINE apus_f16 apus_f16_divide(apus_f16 a, apus_f16 b) { return a / b; }
// a / b, off by 1 ulp at most, for 2^-100 < b < 2^126 and quotients that are not denormal.
APUS_INLINE apus_f16 apus_f16_quotient(apus_f16 a, apus_f16 b) {
#if defined(__AVX512F__)
    apus_f16 inverse = (apus_f16)_mm512_rcp14_ps((__m512)b);
    inverse = __builtin_elementwise_fma(inverse, __builtin_elementwise_fma(-b, inverse, (apus_f16)1.0f), inverse);
    const apus_f16 quotient = a * inverse;
    return __builtin_elementwise_fma(__builtin_elementwise_fma(-quotient, b, a), inverse, quotient);
#else
    return a / b;
#endif
}
// 1 / a to 14 bits or more, for what only corrects; infinity of 0.
APUS_INLINE apus_f16 apus_f16_rough_inverse(apus_f16 a) {
#if defined(__AVX512F__)
    return (apus_f16)_mm512_rcp14_ps((__m512)a);
#else
    return (apus_f16)1.0f / a;
#endif
}
APUS_INLINE apus_f16 apus_f16_negate(apus_f16 a) { return -a; }

// a b + c, rounded once where the processor can.
APUS_INLINE apus_f16 apus_f16_fma(apus_f16 a, apus_f16 b, apus_f16 c) {
#if defined(__FMA__) || defined(__aarch64__)
    return __builtin_elementwise_fma(a, b, c);
#else
    return a * b + c;
#endif
}

// Whether it does.
APUS_INLINE int apus_fma_rounds_once(void) {
#if defined(__FMA__) || defined(__aarch64__)
    return 1;
#else
    return 0;
#endif
}

APUS_INLINE apus_f16 apus_f16_sqrt(apus_f16 a) { return __builtin_elementwise_sqrt(a); }
APUS_INLINE apus_f16 apus_f16_abs(apus_f16 a) { return __builtin_elementwise_abs(a); }

// b where either is NaN: a NaN in b stays.
APUS_INLINE apus_f16 apus_f16_max(apus_f16 a, apus_f16 b) { return a > b ? a : b; }
APUS_INLINE apus_f16 apus_f16_min(apus_f16 a, apus_f16 b) { return a < b ? a : b; }

// Rounds to whole numbers: down; to the nearest, ties to even.
APUS_INLINE apus_f16 apus_f16_floor(apus_f16 a) { return __builtin_elementwise_floor(a); }
APUS_INLINE apus_f16 apus_f16_round(apus_f16 a) { return __builtin_elementwise_roundeven(a); }

// The magnitude of a with the sign of b.
APUS_INLINE apus_f16 apus_f16_copysign(apus_f16 a, apus_f16 b) {
    const apus_u16 sign = (apus_u16)0x80000000u;
    return (apus_f16)(((apus_u16)a & ~sign) | ((apus_u16)b & sign));
}

// ---------------------------------------------------------------------------------------------------- choice

// Masks are all ones where true.
APUS_INLINE apus_i16 apus_f16_less(apus_f16 a, apus_f16 b) { return a < b; }
APUS_INLINE apus_i16 apus_f16_less_equal(apus_f16 a, apus_f16 b) { return a <= b; }
APUS_INLINE apus_i16 apus_f16_equal(apus_f16 a, apus_f16 b) { return a == b; }
// Whether either is NaN.
APUS_INLINE apus_i16 apus_f16_unordered(apus_f16 a, apus_f16 b) { return ~((a <= b) | (a > b)); }

// True where a is not 0, infinite or NaN.
APUS_INLINE apus_i16 apus_f16_is_plain(apus_f16 a) {
#if defined(__AVX512DQ__)
    return ~(apus_i16)_mm512_movm_epi32(_mm512_fpclass_ps_mask((__m512)a, 0x9f));
#else
    const apus_f16 magnitude = __builtin_elementwise_abs(a);
    return (magnitude > (apus_f16)0.0f) & (magnitude < (apus_f16)__builtin_inff());
#endif
}
// x where the mask is true, y elsewhere.
APUS_INLINE apus_f16 apus_f16_select(apus_i16 mask, apus_f16 x, apus_f16 y) { return mask ? x : y; }

// ---------------------------------------------------------------------------------------------------- integers

APUS_INLINE apus_i16 apus_f16_bits(apus_f16 a) { return (apus_i16)a; }
APUS_INLINE apus_f16 apus_i16_as_floats(apus_i16 a) { return (apus_f16)a; }
APUS_INLINE apus_f16 apus_i16_to_floats(apus_i16 a) { return __builtin_convertvector(a, apus_f16); }
APUS_INLINE apus_i16 apus_f16_truncate(apus_f16 a) { return __builtin_convertvector(a, apus_i16); }

// Wraps round.
APUS_INLINE apus_i16 apus_i16_add(apus_i16 a, apus_i16 b) { return (apus_i16)((apus_u16)a + (apus_u16)b); }
APUS_INLINE apus_i16 apus_i16_subtract(apus_i16 a, apus_i16 b) { return (apus_i16)((apus_u16)a - (apus_u16)b); }
APUS_INLINE apus_i16 apus_i16_and(apus_i16 a, apus_i16 b) { return a & b; }
APUS_INLINE apus_i16 apus_i16_or(apus_i16 a, apus_i16 b) { return a | b; }
APUS_INLINE apus_i16 apus_i16_set(int32_t a) { return (apus_i16)a; }

APUS_INLINE apus_i16 apus_i16_is_odd(apus_i16 a) { return (a & (apus_i16)1) != (apus_i16)0; }
// 0 for what is below 0.
APUS_INLINE apus_i16 apus_i16_at_least_0(apus_i16 a) { return a > (apus_i16)0 ? a : (apus_i16)0; }

// Shifts by n (0 to 31) bits: left with zeros, right with the sign.
APUS_INLINE apus_i16 apus_i16_shift_left(apus_i16 a, int32_t n) { return (apus_i16)((apus_u16)a << (apus_u16)n); }
APUS_INLINE apus_i16 apus_i16_shift_right(apus_i16 a, int32_t n) { return a >> (apus_i16)n; }

// a 2^n for whole n in [-250, 250]; n_bits is n as integers.
APUS_INLINE apus_f16 apus_f16_scale(apus_f16 a, apus_f16 n, apus_i16 n_bits) {
#if defined(__AVX512F__)
    (void)n_bits;
    return (apus_f16)_mm512_scalef_ps((__m512)a, (__m512)n);
#else
    (void)n;
    const apus_i16 half = n_bits >> 1, rest = n_bits - half;
    return a * (apus_f16)((half + 127) << 23) * (apus_f16)((rest + 127) << 23);
#endif
}

// a 2^n for n from -250 to 250 rounded down to a whole number.
APUS_INLINE apus_f16 apus_f16_scale_down_to_whole(apus_f16 a, apus_f16 n) {
#if defined(__AVX512F__)
    return (apus_f16)_mm512_scalef_ps((__m512)a, (__m512)n);
#else
    const apus_f16 whole = __builtin_elementwise_floor(n);
    return apus_f16_scale(a, whole, __builtin_convertvector(whole, apus_i16));
#endif
}

APUS_INLINE apus_l8 apus_l8_set(uint64_t a) { return (apus_l8)a; }
APUS_INLINE apus_l8 apus_l8_add(apus_l8 a, apus_l8 b) { return a + b; }
// a, a + 1, ... a + 7
APUS_INLINE apus_l8 apus_l8_count_from(uint64_t a) { return (apus_l8)a + (apus_l8){0, 1, 2, 3, 4, 5, 6, 7}; }
// The 64-bit products of the low 32 bits.
APUS_INLINE apus_l8 apus_l8_multiply_low(apus_l8 a, apus_l8 b) { return (a & 0xffffffffu) * (b & 0xffffffffu); }
// The high 32 bits in place of the low ones, the high ones undefined. As a shuffle, for the port that multiplications
// leave free.
APUS_INLINE apus_l8 apus_l8_high(apus_l8 a) {
    const apus_u16 words = (apus_u16)a;
    return (apus_l8)__builtin_shufflevector(words, words, 1, 1, 3, 3, 5, 5, 7, 7, 9, 9, 11, 11, 13, 13, 15, 15);
}
APUS_INLINE apus_l8 apus_l8_xor3(apus_l8 a, apus_l8 b, apus_l8 c) { return a ^ b ^ c; }

// The low 32 bits of a and b, pair by pair: a0 b0 a1 b1 ...
APUS_INLINE apus_l8 apus_l8_zip_low(apus_l8 a, apus_l8 b) { return (a & 0xffffffffu) | (b << 32); }
// The 64-bit elements of two vectors in turn: a0 b0 a1 b1 a2 b2 a3 b3, and the second half.
APUS_INLINE apus_l8 apus_l8_interleave_first(apus_l8 a, apus_l8 b) {
    return __builtin_shufflevector(a, b, 0, 8, 1, 9, 2, 10, 3, 11);
}
APUS_INLINE apus_l8 apus_l8_interleave_second(apus_l8 a, apus_l8 b) {
    return __builtin_shufflevector(a, b, 4, 12, 5, 13, 6, 14, 7, 15);
}
// Sixteen words of random bits as (word >> 8) 2^-24, uniform on [0, 1).
APUS_INLINE apus_f16 apus_l8_uniforms(apus_l8 a) {
    const apus_i16 words = (apus_i16)((apus_u16)a >> (apus_u16)8);
    return __builtin_convertvector(words, apus_f16) * (apus_f16)0x1p-24f;
}

// ---------------------------------------------------------------------------------------------------- doubles

APUS_INLINE apus_d8 apus_d8_set(double a) { return (apus_d8)a; }

APUS_INLINE apus_d8 apus_d8_load(const double *p) { return *(const apus_d8_anywhere *)p; }
APUS_INLINE void apus_d8_store(double *p, apus_d8 x) { *(apus_d8_anywhere *)p = x; }

// The first n (0 to 7) elements from memory, the rest 0. Memory past them is not touched.
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

// Stores the first n (0 to 7) elements. Memory past them is not touched.
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

// Eight floats as doubles; doubles rounded to floats.
APUS_INLINE apus_d8 apus_d8_load_floats(const float *p) {
    return __builtin_convertvector(*(const apus_f8_anywhere *)p, apus_d8);
}
// The first n (0 to 7) of them, the rest 0.
APUS_INLINE apus_d8 apus_d8_load_floats_partial(const float *p, int64_t n) {
    return __builtin_convertvector(apus_f16_load_partial(p, n).lo, apus_d8);
}
APUS_INLINE void apus_d8_store_floats(float *p, apus_d8 x) {
    *(apus_f8_anywhere *)p = __builtin_convertvector(x, apus_f8);
}

// Element i (0 to 7).
APUS_INLINE double apus_d8_lane(apus_d8 x, int64_t i) { return x[i]; }
// Elements 0, 1, ... n - 1 (n 0 to 8) of x, then those of y.
APUS_INLINE apus_d8 apus_d8_first(apus_d8 x, apus_d8 y, int64_t n) {
    const apus_m8 lane = {0, 1, 2, 3, 4, 5, 6, 7};
    return lane < (apus_m8)n ? x : y;
}

// Halves, quarters and neighbours exchanged.
APUS_INLINE apus_d8 apus_d8_swap_fours(apus_d8 a) { return __builtin_shufflevector(a, a, 4, 5, 6, 7, 0, 1, 2, 3); }
APUS_INLINE apus_d8 apus_d8_swap_twos(apus_d8 a) { return __builtin_shufflevector(a, a, 2, 3, 0, 1, 6, 7, 4, 5); }
APUS_INLINE apus_d8 apus_d8_swap_ones(apus_d8 a) { return __builtin_shufflevector(a, a, 1, 0, 3, 2, 5, 4, 7, 6); }

APUS_INLINE apus_d8 apus_d8_add(apus_d8 a, apus_d8 b) { return a + b; }
APUS_INLINE apus_d8 apus_d8_subtract(apus_d8 a, apus_d8 b) { return a - b; }
APUS_INLINE apus_d8 apus_d8_multiply(apus_d8 a, apus_d8 b) { return a * b; }
APUS_INLINE apus_d8 apus_d8_divide(apus_d8 a, apus_d8 b) { return a / b; }
APUS_INLINE apus_d8 apus_d8_negate(apus_d8 a) { return -a; }
// a b + c, rounded once where the processor can.
APUS_INLINE apus_d8 apus_d8_fma(apus_d8 a, apus_d8 b, apus_d8 c) {
#if defined(__FMA__) || defined(__aarch64__)
    return __builtin_elementwise_fma(a, b, c);
#else
    return a * b + c;
#endif
}
APUS_INLINE apus_d8 apus_d8_sqrt(apus_d8 a) { return __builtin_elementwise_sqrt(a); }
APUS_INLINE apus_d8 apus_d8_abs(apus_d8 a) { return __builtin_elementwise_abs(a); }
// b where either is NaN: a NaN in b stays.
APUS_INLINE apus_d8 apus_d8_max(apus_d8 a, apus_d8 b) { return a > b ? a : b; }
APUS_INLINE apus_d8 apus_d8_min(apus_d8 a, apus_d8 b) { return a < b ? a : b; }
// The lesser and the greater; NaN where either is.
APUS_INLINE apus_d8 apus_d8_min_or_nan(apus_d8 a, apus_d8 b) {
    const apus_d8 lesser = b < a ? b : a;
    return b == b ? lesser : b;
}
APUS_INLINE apus_d8 apus_d8_max_or_nan(apus_d8 a, apus_d8 b) {
    const apus_d8 greater = b > a ? b : a;
    return b == b ? greater : b;
}
// Rounds to whole numbers: down; to the nearest, ties to even.
APUS_INLINE apus_d8 apus_d8_floor(apus_d8 a) { return __builtin_elementwise_floor(a); }
APUS_INLINE apus_d8 apus_d8_round(apus_d8 a) { return __builtin_elementwise_roundeven(a); }

// Masks are all ones where true.
APUS_INLINE apus_m8 apus_d8_less(apus_d8 a, apus_d8 b) { return a < b; }
APUS_INLINE apus_m8 apus_d8_less_equal(apus_d8 a, apus_d8 b) { return a <= b; }
APUS_INLINE apus_m8 apus_d8_equal(apus_d8 a, apus_d8 b) { return a == b; }
APUS_INLINE apus_m8 apus_d8_isnan(apus_d8 a) { return a != a; }
APUS_INLINE apus_m8 apus_m8_or(apus_m8 a, apus_m8 b) { return a | b; }
// Whether any lane is true.
APUS_INLINE int32_t apus_m8_any(apus_m8 a) {
#if defined(__AVX512DQ__)
    return _mm512_movepi64_mask((__m512i)a) != 0;
#elif defined(__AVX2__)
    return _mm256_movemask_pd((__m256d)(a.lo | a.hi)) != 0;
#else
    const int64_t c0 = a[0] | a[4], c1 = a[1] | a[5], c2 = a[2] | a[6], c3 = a[3] | a[7];
    return (c0 | c2 | c1 | c3) != 0;
#endif
}
// x where the mask is true, y elsewhere.
APUS_INLINE apus_d8 apus_d8_select(apus_m8 mask, apus_d8 x, apus_d8 y) { return mask ? x : y; }

APUS_INLINE apus_m8 apus_d8_bits(apus_d8 a) { return (apus_m8)a; }
APUS_INLINE apus_d8 apus_m8_as_doubles(apus_m8 a) { return (apus_d8)a; }
APUS_INLINE apus_m8 apus_m8_set(int64_t a) { return (apus_m8)a; }
APUS_INLINE apus_m8 apus_m8_add(apus_m8 a, apus_m8 b) { return (apus_m8)((apus_l8)a + (apus_l8)b); }
APUS_INLINE apus_m8 apus_m8_and(apus_m8 a, apus_m8 b) { return a & b; }
// Shifts by n (0 to 63) bits: left with zeros, right with the sign.
APUS_INLINE apus_m8 apus_m8_shift_left(apus_m8 a, int64_t n) { return (apus_m8)((apus_l8)a << (apus_l8)n); }
APUS_INLINE apus_m8 apus_m8_shift_right(apus_m8 a, int64_t n) { return a >> (apus_m8)n; }

// Elements 0 to 7 and 8 to 15 as doubles.
APUS_INLINE apus_d8 apus_f16_low_doubles(apus_f16 a) { return __builtin_convertvector(a.lo, apus_d8); }
APUS_INLINE apus_d8 apus_f16_high_doubles(apus_f16 a) { return __builtin_convertvector(a.hi, apus_d8); }
// Sixteen doubles, rounded.
APUS_INLINE apus_f16 apus_f16_from_doubles(apus_d8 low, apus_d8 high) {
    const apus_f8 a = __builtin_convertvector(low, apus_f8), b = __builtin_convertvector(high, apus_f8);
    return __builtin_shufflevector(a, b, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
}

// ---------------------------------------------------------------------------------------------------- one number

// Sums and the maximum, always folded half onto half.
APUS_INLINE float apus_f16_sum(apus_f16 a) {
    const apus_f8 b = a.lo + a.hi;
    const float c0 = b[0] + b[4], c1 = b[1] + b[5], c2 = b[2] + b[6], c3 = b[3] + b[7];
    return (c0 + c2) + (c1 + c3);
}
APUS_INLINE double apus_d8_sum(apus_d8 a) {
    const double c0 = a[0] + a[4], c1 = a[1] + a[5], c2 = a[2] + a[6], c3 = a[3] + a[7];
    return (c0 + c2) + (c1 + c3);
}
APUS_INLINE float apus_f16_largest(apus_f16 a) {
    const apus_f8 b = a.lo > a.hi ? a.lo : a.hi;
    const apus_f4 c = b.lo > b.hi ? b.lo : b.hi;
    const float d0 = c[0] > c[2] ? c[0] : c[2], d1 = c[1] > c[3] ? c[1] : c[3];
    return d0 > d1 ? d0 : d1;
}

// ---------------------------------------------------------------------------------------------------- tiles

// out[c * out_stride + r] = p[r * stride + c] for rows and columns of 1 to 16, in which out's rows are always sixteen
// elements wide, those past `rows` 0.
APUS_INLINE void apus_f16_transpose(const float *p, int64_t stride, int64_t rows, int64_t columns, float *out,
                                    int64_t out_stride) {
    apus_f16 tile[16], next[16];
#pragma unroll
    for (int r = 0; r < 16; r++) {
        tile[r] = (apus_f16)0.0f;
        if (r < rows)
            tile[r] = columns == 16 ? apus_f16_load(p + r * stride) : apus_f16_load_partial(p + r * stride, columns);
    }
// Interleaving the halves of the list of rows four times moves element (r, c) to (c, r).
#pragma unroll
    for (int round = 0; round < 4; round++) {
#pragma unroll
        for (int r = 0; r < 8; r++) {
            const apus_f16 a = tile[r], b = tile[r + 8];
            next[2 * r] = __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
            next[2 * r + 1] = __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
        }
#pragma unroll
        for (int r = 0; r < 16; r++) tile[r] = next[r];
    }
#pragma unroll
    for (int c = 0; c < 16; c++)
        if (c < columns) apus_f16_store(out + c * out_stride, tile[c]);
}

// Calls body with a panel of 8192 floats that lives for the call, on the stack.
APUS_INLINE void apus_with_panel(void (*_Nonnull body)(void *_Nonnull job, float *_Nonnull panel), void *_Nonnull job) {
    float panel[8192] __attribute__((aligned(64)));
    body(job, panel);
}

// Calls body with room for 35216 floats that lives for the call, on the stack.
APUS_INLINE void apus_with_room(void (*_Nonnull body)(void *_Nonnull job, float *_Nonnull room), void *_Nonnull job) {
    float room[35216] __attribute__((aligned(64)));
    body(job, room);
}

// The same for 17608 doubles.
APUS_INLINE void apus_with_double_room(void (*_Nonnull body)(void *_Nonnull job, double *_Nonnull room),
                                       void *_Nonnull job) {
    double room[17608] __attribute__((aligned(64)));
    body(job, room);
}

// Asks for the cache line of an address, which need not be a valid one: to be read, to be written.
APUS_INLINE void apus_prefetch(const float *_Nonnull p) { __builtin_prefetch(p, 0, 3); }
APUS_INLINE void apus_prefetch_to_write(const float *_Nonnull p) { __builtin_prefetch(p, 1, 3); }
APUS_INLINE void apus_prefetch_doubles(const double *_Nonnull p) { __builtin_prefetch(p, 0, 3); }
APUS_INLINE void apus_prefetch_doubles_to_write(const double *_Nonnull p) { __builtin_prefetch(p, 1, 3); }

// ---------------------------------------------------------------------------------------------------- processor

#define APUS_ISA_BASELINE 1  // x86-64-v2, or the architecture's own
#define APUS_ISA_V3 2        // x86-64-v3: AVX2, FMA, BMI
#define APUS_ISA_V4 3        // x86-64-v4: AVX-512 F, BW, CD, DQ, VL

// The level the importing module is compiled for.
APUS_INLINE int apus_compiled_isa_level(void) {
#if defined(__AVX512F__)
    return APUS_ISA_V4;
#elif defined(__AVX2__)
    return APUS_ISA_V3;
#else
    return APUS_ISA_BASELINE;
#endif
}
APUS_INLINE const char *apus_compiled_isa_name(void) {
#if defined(__AVX512F__)
    return "v4";
#elif defined(__AVX2__)
    return "v3";
#else
    return "baseline";
#endif
}

// The highest level that both the processor and the operating system (which must save the registers) support. A
// virtual machine may trap on cpuid, so ask once.
APUS_INLINE int apus_cpu_isa_level(void) {
#if defined(__x86_64__)
    unsigned a, b, c, d;
    if (!__get_cpuid(1, &a, &b, &c, &d)) return APUS_ISA_BASELINE;
    // FMA 12, MOVBE 22, OSXSAVE 27, AVX 28, F16C 29
    const unsigned first = 1u << 12 | 1u << 22 | 1u << 27 | 1u << 28 | 1u << 29;
    if ((c & first) != first) return APUS_ISA_BASELINE;
    unsigned low, high;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    if ((low & 0x6u) != 0x6u) return APUS_ISA_BASELINE;  // XMM and YMM saved
    unsigned extra_a, extra_b, extra_c, extra_d;
    if (!__get_cpuid_count(7, 0, &a, &b, &c, &d)) return APUS_ISA_BASELINE;
    if (!__get_cpuid(0x80000001u, &extra_a, &extra_b, &extra_c, &extra_d)) return APUS_ISA_BASELINE;
    // BMI1 3, AVX2 5, BMI2 8; LZCNT 5
    const unsigned second = 1u << 3 | 1u << 5 | 1u << 8;
    if ((b & second) != second || !(extra_c & 1u << 5)) return APUS_ISA_BASELINE;
    // AVX512 F 16, DQ 17, CD 28, BW 30, VL 31; opmask and both halves of ZMM saved
    const unsigned third = 1u << 16 | 1u << 17 | 1u << 28 | 1u << 30 | 1u << 31;
    if ((b & third) != third || (low & 0xe6u) != 0xe6u) return APUS_ISA_V3;
    return APUS_ISA_V4;
#else
    return APUS_ISA_BASELINE;
#endif
}

// Tells the processor that this thread spins.
APUS_INLINE void apus_pause(void) {
#if defined(__x86_64__)
    __asm__ volatile("pause");
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

// The floating-point control register of this thread.
typedef uint64_t apus_fp_state;

APUS_INLINE void apus_fp_restore(apus_fp_state state) {
#if defined(__x86_64__)
    const uint32_t control = (uint32_t)state;
    __asm__ volatile("ldmxcsr %0" : : "m"(control) : "memory");
#elif defined(__aarch64__)
    __asm__ volatile("msr fpcr, %0" : : "r"(state) : "memory");
#else
    (void)state;
#endif
}

APUS_INLINE apus_fp_state apus_fp_current(void) {
#if defined(__x86_64__)
    uint32_t control;
    __asm__ volatile("stmxcsr %0" : "=m"(control) : : "memory");
    return control;
#elif defined(__aarch64__)
    uint64_t control;
    __asm__ volatile("mrs %0, fpcr" : "=r"(control) : : "memory");
    return control;
#else
    return 0;
#endif
}

// Makes denormal operands and results zero, round to nearest, all exceptions masked; returns the state before, for
// apus_fp_restore.
APUS_INLINE apus_fp_state apus_fp_flush_denormals(void) {
    const apus_fp_state before = apus_fp_current();
#if defined(__x86_64__)
    apus_fp_restore(0x9fc0u);  // FTZ, DAZ, six masks
#elif defined(__aarch64__)
    apus_fp_restore(1u << 24);  // FZ
#endif
    return before;
}

// IEEE 754 as it is written: denormals kept, round to nearest, all exceptions masked; returns the state before, for
// apus_fp_restore.
APUS_INLINE apus_fp_state apus_fp_keep_denormals(void) {
    const apus_fp_state before = apus_fp_current();
#if defined(__x86_64__)
    apus_fp_restore(0x1f80u);  // six masks
#elif defined(__aarch64__)
    apus_fp_restore(0);
#endif
    return before;
}

#endif
