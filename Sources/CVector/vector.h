// Vector operations for the kernels, and the processor's floating-point state.
#ifndef APUS_VECTOR_H
#define APUS_VECTOR_H

#include <stdint.h>
#if defined(__x86_64__)
#include <immintrin.h>
#include <cpuid.h>
#endif

static inline __attribute__((always_inline)) void apus_pause(void) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#endif
}

typedef uint64_t apus_fp_state;
static inline __attribute__((always_inline)) apus_fp_state apus_fp_flush_denormals(void) {
#if defined(__x86_64__)
    uint32_t old = _mm_getcsr();
    _mm_setcsr(old | 0x8040u);
    return old;
#else
    return 0;
#endif
}
static inline __attribute__((always_inline)) void apus_fp_restore(apus_fp_state old) {
#if defined(__x86_64__)
    _mm_setcsr((uint32_t)old);
#else
    (void)old;
#endif
}
static inline int apus_cpu_isa_level(void) { return 3; }
#endif
