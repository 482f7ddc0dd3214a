// What Swift's Glibc module does not show.
#ifndef APUS_PLATFORM_H
#define APUS_PLATFORM_H

#include <stddef.h>
#if defined(__x86_64__)
#include <cpuid.h>
#endif

// Declared here because <sched.h> shows it only to GNU sources.
extern int sched_getaffinity(int pid, size_t size, void *mask);

// Processors this process may run on; at least 1.
static inline int apus_available_processors(void) {
    unsigned char mask[512] = {0};
    if (sched_getaffinity(0, sizeof mask, mask) < 0) return 1;
    int count = 0;
    for (size_t i = 0; i < sizeof mask; i++) count += __builtin_popcount(mask[i]);
    return count > 0 ? count : 1;
}

// Size of the level 2 cache in KiB as the processor tells it; 0 when it does not.
static inline int apus_cpu_level2_cache(void) {
#if defined(__x86_64__)
    unsigned a = 0, b = 0, c = 0, d = 0;
    if (!__get_cpuid(0x80000006, &a, &b, &c, &d)) return 0;
    return (int)(c >> 16);
#else
    return 0;
#endif
}

#endif
