// What Swift's Glibc module does not show.
#ifndef APUS_PLATFORM_H
#define APUS_PLATFORM_H

#include <stddef.h>

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

#endif
