/* Calls one elementwise operation again and again for elementwise.py: elementwise_turn gives the seconds of `calls`. */
#define _POSIX_C_SOURCE 199309L
#include <apus.h>
#include <time.h>

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* -1 when a call failed. */
double elementwise_turn(apus_context *context, const char *operation, const apus_array *a, const apus_array *b,
                        apus_array *out, long calls)
{
    const double start = now();
    for (long i = 0; i < calls; i++)
        if (apus_elementwise(context, operation, a, b, out)) return -1;
    return now() - start;
}
