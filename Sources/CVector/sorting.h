// Sorting of floats and doubles, none of them NaN, sixteen and eight at a time. One of two zeros may turn into the other.
#ifndef APUS_SORTING_H
#define APUS_SORTING_H

#include "parted_lanes.h"
#include "vector.h"

// Lanes of a comparison are bits, the first lane lowest. Comparisons and choices by bits work everywhere, but are slow
// without AVX-512; networks are not.

// The first n elements from memory, the rest `fill`. Memory past them is not touched.
APUS_INLINE apus_f16 apus_f16_load_filled(const float *p, int64_t n, float fill) {
    if (n >= 16) return *(const apus_f16_anywhere *)p;
#if defined(__AVX512F__)
    return (apus_f16)_mm512_mask_loadu_ps(_mm512_set1_ps(fill), (__mmask16)((1u << n) - 1u), p);
#else
    apus_f16 x = (apus_f16)fill;
    for (int64_t i = 0; i < n; i++) x[i] = p[i];
    return x;
#endif
}
APUS_INLINE apus_d8 apus_d8_load_filled(const double *p, int64_t n, double fill) {
    if (n >= 8) return *(const apus_d8_anywhere *)p;
#if defined(__AVX512F__)
    return (apus_d8)_mm512_mask_loadu_pd(_mm512_set1_pd(fill), (__mmask8)((1u << n) - 1u), p);
#else
    apus_d8 x = (apus_d8)fill;
    for (int64_t i = 0; i < n; i++) x[i] = p[i];
    return x;
#endif
}

APUS_INLINE uint32_t apus_f16_less_bits(apus_f16 a, apus_f16 b) {
#if defined(__AVX512F__)
    return _mm512_cmp_ps_mask((__m512)a, (__m512)b, _CMP_LT_OQ);
#else
    uint32_t bits = 0;
    for (int i = 0; i < 16; i++) bits |= (uint32_t)(a[i] < b[i]) << i;
    return bits;
#endif
}
APUS_INLINE uint32_t apus_d8_less_bits(apus_d8 a, apus_d8 b) {
#if defined(__AVX512F__)
    return _mm512_cmp_pd_mask((__m512d)a, (__m512d)b, _CMP_LT_OQ);
#else
    uint32_t bits = 0;
    for (int i = 0; i < 8; i++) bits |= (uint32_t)(a[i] < b[i]) << i;
    return bits;
#endif
}
// Whether any lane of either is NaN or -0.
APUS_INLINE int32_t apus_f16_any_special(apus_f16 a, apus_f16 b) {
#if defined(__AVX512DQ__)
    return _mm512_fpclass_ps_mask((__m512)a, 0x85) | _mm512_fpclass_ps_mask((__m512)b, 0x85);
#else
    const apus_i16 zero = (apus_i16)INT32_MIN;
    return __builtin_reduce_or((a != a) | ((apus_i16)a == zero) | (b != b) | ((apus_i16)b == zero)) != 0;
#endif
}
APUS_INLINE int32_t apus_d8_any_special(apus_d8 a, apus_d8 b) {
#if defined(__AVX512DQ__)
    return _mm512_fpclass_pd_mask((__m512d)a, 0x85) | _mm512_fpclass_pd_mask((__m512d)b, 0x85);
#else
    const apus_m8 zero = (apus_m8)INT64_MIN;
    return __builtin_reduce_or((a != a) | ((apus_m8)a == zero) | (b != b) | ((apus_m8)b == zero)) != 0;
#endif
}
APUS_INLINE int64_t apus_count_bits(uint32_t bits) { return __builtin_popcount(bits); }

// Stores the lanes whose bits are set next to each other, and nothing past them.
APUS_INLINE void apus_f16_store_chosen(float *p, apus_f16 x, uint32_t bits) {
#if defined(__AVX512F__)
    const __m512 packed = _mm512_maskz_compress_ps((__mmask16)bits, (__m512)x);
    _mm512_mask_storeu_ps(p, (__mmask16)((1u << __builtin_popcount(bits)) - 1u), packed);
#else
    for (int i = 0; i < 16; i++)
        if (bits >> i & 1) *p++ = x[i];
#endif
}
APUS_INLINE void apus_d8_store_chosen(double *p, apus_d8 x, uint32_t bits) {
#if defined(__AVX512F__)
    const __m512d packed = _mm512_maskz_compress_pd((__mmask8)bits, (__m512d)x);
    _mm512_mask_storeu_pd(p, (__mmask8)((1u << __builtin_popcount(bits)) - 1u), packed);
#else
    for (int i = 0; i < 8; i++)
        if (bits >> i & 1) *p++ = x[i];
#endif
}

// The lanes whose bits are set, then the others, each in their order.
APUS_INLINE apus_d8 apus_d8_parted(apus_d8 x, uint32_t bits) {
#if defined(__AVX512F__)
    const __m512i shifts = _mm512_setr_epi64(0, 4, 8, 12, 16, 20, 24, 28);
    const __m512i lanes = _mm512_set1_epi64((long long)apus_parted_lanes[bits]);
    return (apus_d8)_mm512_permutexvar_pd(_mm512_srlv_epi64(lanes, shifts), (__m512d)x);
#else
    double y[8];
    apus_d8_store_chosen(y, x, bits);
    apus_d8_store_chosen(y + __builtin_popcount(bits), x, ~bits & 0xff);
    return apus_d8_load(y);
#endif
}
// Stores the lanes whose bits are set at `low`, where there is room for all, and the others at `high`.
APUS_INLINE void apus_f16_store_parted(float *low, float *high, apus_f16 x, uint32_t bits) {
#if defined(__AVX512F__)
    const __m512 front = _mm512_maskz_compress_ps((__mmask16)bits, (__m512)x);
    const __m512 back = _mm512_maskz_compress_ps((__mmask16)~bits, (__m512)x);
    _mm512_storeu_ps(low, front);
    _mm512_mask_storeu_ps(high, (__mmask16)(0xffffu >> __builtin_popcount(bits)), back);
#else
    apus_f16_store_chosen(low, x, bits);
    apus_f16_store_chosen(high, x, ~bits & 0xffff);
#endif
}

// ---------------------------------------------------------------------------------------------------- networks

APUS_INLINE void apus_f16_store_first(float *p, apus_f16 x, int64_t n) {
    if (n >= 16) *(apus_f16_anywhere *)p = x;
#if defined(__AVX512F__)
    else if (n > 0) _mm512_mask_storeu_ps(p, (__mmask16)((1u << n) - 1u), (__m512)x);
#else
    else
        for (int64_t i = 0; i < n; i++) p[i] = x[i];
#endif
}
APUS_INLINE void apus_d8_store_first(double *p, apus_d8 x, int64_t n) {
    if (n >= 8) *(apus_d8_anywhere *)p = x;
#if defined(__AVX512F__)
    else if (n > 0) _mm512_mask_storeu_pd(p, (__mmask8)((1u << n) - 1u), (__m512d)x);
#else
    else
        for (int64_t i = 0; i < n; i++) p[i] = x[i];
#endif
}

// Lanes in another order, and the lanes of two vectors by the bit `b` of their number, x where it is 0.
#define APUS_D8_MOVED(x, m) \
    __builtin_shufflevector(x, x, 0 ^ (m), 1 ^ (m), 2 ^ (m), 3 ^ (m), 4 ^ (m), 5 ^ (m), 6 ^ (m), 7 ^ (m))
#define APUS_D8_FROM(i, b) ((i) & (b) ? (i) + 8 : (i))
#define APUS_D8_CHOSEN(x, y, b)                                                                                  \
    __builtin_shufflevector(x, y, APUS_D8_FROM(0, b), APUS_D8_FROM(1, b), APUS_D8_FROM(2, b), APUS_D8_FROM(3, b), \
                            APUS_D8_FROM(4, b), APUS_D8_FROM(5, b), APUS_D8_FROM(6, b), APUS_D8_FROM(7, b))
#define APUS_F16_MOVED(x, m)                                                                                       \
    __builtin_shufflevector(x, x, 0 ^ (m), 1 ^ (m), 2 ^ (m), 3 ^ (m), 4 ^ (m), 5 ^ (m), 6 ^ (m), 7 ^ (m), 8 ^ (m), \
                            9 ^ (m), 10 ^ (m), 11 ^ (m), 12 ^ (m), 13 ^ (m), 14 ^ (m), 15 ^ (m))
#define APUS_F16_FROM(i, b) ((i) & (b) ? (i) + 16 : (i))
#define APUS_F16_CHOSEN(x, y, b)                                                                    \
    __builtin_shufflevector(x, y, APUS_F16_FROM(0, b), APUS_F16_FROM(1, b), APUS_F16_FROM(2, b),    \
                            APUS_F16_FROM(3, b), APUS_F16_FROM(4, b), APUS_F16_FROM(5, b),          \
                            APUS_F16_FROM(6, b), APUS_F16_FROM(7, b), APUS_F16_FROM(8, b),          \
                            APUS_F16_FROM(9, b), APUS_F16_FROM(10, b), APUS_F16_FROM(11, b),        \
                            APUS_F16_FROM(12, b), APUS_F16_FROM(13, b), APUS_F16_FROM(14, b),       \
                            APUS_F16_FROM(15, b))
// The lower and the upper halves of two vectors, lane by lane in turns.
#define APUS_D8_LOWER(x, y) __builtin_shufflevector(x, y, 0, 8, 1, 9, 2, 10, 3, 11)
#define APUS_D8_UPPER(x, y) __builtin_shufflevector(x, y, 4, 12, 5, 13, 6, 14, 7, 15)
#define APUS_F16_LOWER(x, y) __builtin_shufflevector(x, y, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23)
#define APUS_F16_UPPER(x, y) \
    __builtin_shufflevector(x, y, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31)

// Sorts up to `vectors` vectors, without a branch on any of them: lanes are columns, sorted by a network of 19
// exchanges (Knuth, The Art of Computer Programming, volume 3, 5.3.4), then merged bitonically (Batcher 1968,
// doi:10.1145/1468075.1468121), in pairs of columns, of pairs, and so on; a transposition puts column after column.
// Lanes beyond `n` take infinity, which is before none.
#define APUS_DEFINE_SORT(V, NAME, P)                                                                  \
    APUS_INLINE void NAME##_exchange(V *x, V *y) {                                                              \
        const V low = NAME##_min(*x, *y);                                                        \
        *y = NAME##_max(*x, *y);                                                                 \
        *x = low;                                                                                               \
    }                                                                                                           \
    APUS_INLINE void NAME##_sort_columns(V *x) {                                                                \
        static const int8_t pairs[19][2] = {{0, 1}, {2, 3}, {4, 5}, {6, 7}, {0, 2}, {1, 3}, {4, 6}, {5, 7},     \
                                            {1, 2}, {5, 6}, {0, 4}, {3, 7}, {1, 5}, {2, 6}, {1, 4}, {3, 6},     \
                                            {2, 4}, {3, 5}, {3, 4}};                                            \
        _Pragma("unroll") for (int i = 0; i < 19; i++) NAME##_exchange(&x[pairs[i][0]], &x[pairs[i][1]]);       \
    }                                                                                                           \
    /* Sorts columns that rise and fall or are parted in halves so: from a distance on. */                      \
    APUS_INLINE void NAME##_clean_columns(V *x, const int vectors, const int distance) {                        \
        _Pragma("unroll") for (int i = 0; i < 16; i++) {                                                        \
            if (i < vectors && !(i & distance)) NAME##_exchange(&x[i], &x[i + distance]);                       \
        }                                                                                                       \
    }                                                                                                           \
    APUS_INLINE void NAME##_clean_all(V *x, const int vectors) {                                                \
        if (vectors == 16) NAME##_clean_columns(x, vectors, 8);                                                 \
        NAME##_clean_columns(x, vectors, 4);                                                                    \
        NAME##_clean_columns(x, vectors, 2);                                                                    \
        NAME##_clean_columns(x, vectors, 1);                                                                    \
    }                                                                                                           \
    APUS_INLINE void NAME##_sort_transpose(V *x, const int vectors) {                                                \
        V next[16];                                                                                             \
        _Pragma("unroll") for (int round = 0; round < 4; round++) {                                             \
            if (round == 3 && vectors == 8) break;                                                              \
            _Pragma("unroll") for (int i = 0; i < 8; i++) {                                                     \
                if (i >= vectors / 2) break;                                                                    \
                next[2 * i] = P##_LOWER(x[i], x[i + vectors / 2]);                                              \
                next[2 * i + 1] = P##_UPPER(x[i], x[i + vectors / 2]);                                          \
            }                                                                                                   \
            _Pragma("unroll") for (int i = 0; i < 16; i++) if (i < vectors) x[i] = next[i];                     \
        }                                                                                                       \
    }
// Groups of `group` columns, `moved` being 2 group - 1: the first half of each with the second, from the other end.
#define APUS_MERGE(NAME, P, x, vectors, group, moved)                                        \
    _Pragma("unroll") for (int i = 0; i < 8; i++) {                                    \
        if (i >= vectors / 2) break;                                                   \
        const __typeof__(x[0]) a = x[i], b = x[vectors - 1 - i];                       \
        const __typeof__(x[0]) c = P##_MOVED(a, moved), d = P##_MOVED(b, moved);       \
        x[i] = P##_CHOSEN(NAME##_min(a, d), NAME##_max(a, d), group);               \
        x[vectors - 1 - i] = P##_CHOSEN(NAME##_min(b, c), NAME##_max(b, c), group); \
    }
// Columns with those `distance` on.
#define APUS_CLEAN(NAME, P, x, vectors, distance)                                                                 \
    _Pragma("unroll") for (int i = 0; i < 16; i++) {                                                        \
        if (i >= vectors) break;                                                                            \
        const __typeof__(x[0]) c = P##_MOVED(x[i], distance);                                               \
        x[i] = P##_CHOSEN(NAME##_min(x[i], c), NAME##_max(x[i], c), distance); \
    }

APUS_DEFINE_SORT(apus_d8, apus_d8, APUS_D8)
APUS_DEFINE_SORT(apus_f16, apus_f16, APUS_F16)

APUS_INLINE void apus_d8_sort(const double *values, double *out, int64_t n, const int vectors) {
    apus_d8 x[16];
#pragma unroll
    for (int i = 0; i < 16; i++)
        if (i < vectors)
            x[i] = n > 8 * i ? apus_d8_load_filled(values + 8 * i, n - 8 * i, __builtin_inf()) : (apus_d8)__builtin_inf();
    apus_d8_sort_columns(x);
    if (vectors == 16) {
        apus_d8_sort_columns(x + 8);
#pragma unroll
        for (int i = 0; i < 8; i++) apus_d8_exchange(&x[i], &x[15 - i]);
        apus_d8_clean_columns(x, vectors, 4);
        apus_d8_clean_columns(x, vectors, 2);
        apus_d8_clean_columns(x, vectors, 1);
    }
    APUS_MERGE(apus_d8, APUS_D8, x, vectors, 1, 1)
    apus_d8_clean_all(x, vectors);
    APUS_MERGE(apus_d8, APUS_D8, x, vectors, 2, 3)
    APUS_CLEAN(apus_d8, APUS_D8, x, vectors, 1)
    apus_d8_clean_all(x, vectors);
    APUS_MERGE(apus_d8, APUS_D8, x, vectors, 4, 7)
    APUS_CLEAN(apus_d8, APUS_D8, x, vectors, 2)
    APUS_CLEAN(apus_d8, APUS_D8, x, vectors, 1)
    apus_d8_clean_all(x, vectors);
    apus_d8_sort_transpose(x, vectors);
#pragma unroll
    for (int i = 0; i < 16; i++)
        if (i < vectors) apus_d8_store_first(out + 8 * i, x[i], n - 8 * i);
}
APUS_INLINE void apus_f16_sort(const float *values, float *out, int64_t n, const int vectors) {
    apus_f16 x[16];
#pragma unroll
    for (int i = 0; i < 16; i++)
        if (i < vectors)
            x[i] = n > 16 * i ? apus_f16_load_filled(values + 16 * i, n - 16 * i, __builtin_inff()) : (apus_f16)__builtin_inff();
    apus_f16_sort_columns(x);
    if (vectors == 16) {
        apus_f16_sort_columns(x + 8);
#pragma unroll
        for (int i = 0; i < 8; i++) apus_f16_exchange(&x[i], &x[15 - i]);
        apus_f16_clean_columns(x, vectors, 4);
        apus_f16_clean_columns(x, vectors, 2);
        apus_f16_clean_columns(x, vectors, 1);
    }
    APUS_MERGE(apus_f16, APUS_F16, x, vectors, 1, 1)
    apus_f16_clean_all(x, vectors);
    APUS_MERGE(apus_f16, APUS_F16, x, vectors, 2, 3)
    APUS_CLEAN(apus_f16, APUS_F16, x, vectors, 1)
    apus_f16_clean_all(x, vectors);
    APUS_MERGE(apus_f16, APUS_F16, x, vectors, 4, 7)
    APUS_CLEAN(apus_f16, APUS_F16, x, vectors, 2)
    APUS_CLEAN(apus_f16, APUS_F16, x, vectors, 1)
    apus_f16_clean_all(x, vectors);
    APUS_MERGE(apus_f16, APUS_F16, x, vectors, 8, 15)
    APUS_CLEAN(apus_f16, APUS_F16, x, vectors, 4)
    APUS_CLEAN(apus_f16, APUS_F16, x, vectors, 2)
    APUS_CLEAN(apus_f16, APUS_F16, x, vectors, 1)
    apus_f16_clean_all(x, vectors);
    apus_f16_sort_transpose(x, vectors);
#pragma unroll
    for (int i = 0; i < 16; i++)
        if (i < vectors) apus_f16_store_first(out + 16 * i, x[i], n - 16 * i);
}

// The middle one, or the upper of the two, of the lanes: sorted bitonically, each with the lane `moved` away, the
// lesser where the bit of its number is 0.
#define APUS_SORT_LANES(NAME, P, x, moved, bit) \
    x = P##_CHOSEN(NAME##_min(x, P##_MOVED(x, moved)), NAME##_max(x, P##_MOVED(x, moved)), bit);
APUS_INLINE double apus_d8_middle(apus_d8 x) {
    APUS_SORT_LANES(apus_d8, APUS_D8, x, 1, 1)
    APUS_SORT_LANES(apus_d8, APUS_D8, x, 3, 2)
    APUS_SORT_LANES(apus_d8, APUS_D8, x, 1, 1)
    APUS_SORT_LANES(apus_d8, APUS_D8, x, 7, 4)
    APUS_SORT_LANES(apus_d8, APUS_D8, x, 2, 2)
    APUS_SORT_LANES(apus_d8, APUS_D8, x, 1, 1)
    return x[4];
}
APUS_INLINE float apus_f16_middle(apus_f16 x) {
    APUS_SORT_LANES(apus_f16, APUS_F16, x, 1, 1)
    APUS_SORT_LANES(apus_f16, APUS_F16, x, 3, 2)
    APUS_SORT_LANES(apus_f16, APUS_F16, x, 1, 1)
    APUS_SORT_LANES(apus_f16, APUS_F16, x, 7, 4)
    APUS_SORT_LANES(apus_f16, APUS_F16, x, 2, 2)
    APUS_SORT_LANES(apus_f16, APUS_F16, x, 1, 1)
    APUS_SORT_LANES(apus_f16, APUS_F16, x, 15, 8)
    APUS_SORT_LANES(apus_f16, APUS_F16, x, 4, 4)
    APUS_SORT_LANES(apus_f16, APUS_F16, x, 2, 2)
    APUS_SORT_LANES(apus_f16, APUS_F16, x, 1, 1)
    return x[8];
}

// Merges the sorted halves of 2 x 128 doubles, or 2 x 256 floats, of which the second may be shorter; n of both.
#define APUS_DEFINE_MERGE(V, T, NAME, P, WIDTH, INFINITY)                                                       \
    APUS_INLINE void NAME##_merge(T *values, int64_t n) {                                                       \
        enum { half = 16 * WIDTH };                                                                             \
        V low[16], high[16];                                                                                    \
        _Pragma("unroll") for (int i = 0; i < 16; i++) {                                                        \
            const int64_t at = half + WIDTH * (15 - i);                                                         \
            const V a = NAME##_load(values + WIDTH * i);                                                        \
            const V b = n > at ? NAME##_load_filled(values + at, n - at, INFINITY) : (V)INFINITY;               \
            const V c = P##_MOVED(b, WIDTH - 1);                                                                \
            low[i] = NAME##_min(a, c);                                                                          \
            high[i] = NAME##_max(a, c);                                                                         \
        }                                                                                                       \
        NAME##_clean_all(low, 16);                                                                              \
        if (WIDTH == 16) APUS_CLEAN(NAME, P, low, 16, WIDTH / 2)                                                \
        APUS_CLEAN(NAME, P, low, 16, 4)                                                                         \
        APUS_CLEAN(NAME, P, low, 16, 2)                                                                         \
        APUS_CLEAN(NAME, P, low, 16, 1)                                                                         \
        _Pragma("unroll") for (int i = 0; i < 16; i++) NAME##_store(values + WIDTH * i, low[i]);                \
        NAME##_clean_all(high, 16);                                                                             \
        if (WIDTH == 16) APUS_CLEAN(NAME, P, high, 16, WIDTH / 2)                                               \
        APUS_CLEAN(NAME, P, high, 16, 4)                                                                        \
        APUS_CLEAN(NAME, P, high, 16, 2)                                                                        \
        APUS_CLEAN(NAME, P, high, 16, 1)                                                                        \
        _Pragma("unroll") for (int i = 0; i < 16; i++)                                                          \
            NAME##_store_first(values + half + WIDTH * i, high[i], n - half - WIDTH * i);                       \
    }
APUS_DEFINE_MERGE(apus_d8, double, apus_d8, APUS_D8, 8, __builtin_inf())
APUS_DEFINE_MERGE(apus_f16, float, apus_f16, APUS_F16, 16, __builtin_inff())

// Sorts 1 to 64 or 128 doubles, 1 to 128 or 256 floats, into `out`, which may be `values`.
APUS_INLINE void apus_d8_sort_64(const double *values, double *out, int64_t n) { apus_d8_sort(values, out, n, 8); }
APUS_INLINE void apus_d8_sort_128(const double *values, double *out, int64_t n) { apus_d8_sort(values, out, n, 16); }
APUS_INLINE void apus_f16_sort_128(const float *values, float *out, int64_t n) { apus_f16_sort(values, out, n, 8); }
APUS_INLINE void apus_f16_sort_256(const float *values, float *out, int64_t n) { apus_f16_sort(values, out, n, 16); }

#endif
