/* minimisation.c: the functions of the benchmark of minimisation, as callbacks in C. */
#include "apus.h"

int32_t rosenbrock(void *user, const double *x, int64_t n, double *value, double *gradient)
{
    double sum = 0;
    (void)user;
    if (gradient)
        for (int64_t i = 0; i < n; i++) gradient[i] = 0;
    for (int64_t i = 0; i + 1 < n; i++) {
        const double a = x[i + 1] - x[i] * x[i], b = 1 - x[i];
        sum += 100 * a * a + b * b;
        if (gradient) {
            gradient[i] += -400 * a * x[i] - 2 * b;
            gradient[i + 1] += 200 * a;
        }
    }
    *value = sum;
    return 0;
}
