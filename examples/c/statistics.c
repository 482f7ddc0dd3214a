/* statistics.c: a sample looked at from all sides, a test of its mean, and a bootstrap. */
#include "apus.h"

#include <math.h>
#include <stdio.h>

enum { N = 40, BINS = 8, ROUNDS = 2000 };

static const double heights[N] = {
    158.2, 161.0, 162.4, 163.1, 163.9, 164.5, 165.2, 165.8, 166.0, 166.7, 167.1, 167.4, 167.9, 168.3,
    168.6, 168.8, 169.2, 169.5, 169.9, 170.1, 170.4, 170.6, 171.0, 171.3, 171.5, 171.9, 172.2, 172.4,
    172.9, 173.3, 173.8, 174.1, 174.7, 175.2, 175.9, 176.4, 177.5, 178.3, 179.8, 183.6,
};

static apus_context *context;
static int failed;

static void check(apus_status status)
{
    if (!status) return;
    fprintf(stderr, "%s: %s\n", apus_status_text(status), apus_last_error(context));
    failed = 1;
}

static double statistic(const char *name, const char *parameters, const apus_array *a)
{
    double value = NAN;
    apus_array out = APUS_ARRAY_INIT;
    out.dtype = APUS_FLOAT64;
    out.data = &value;
    check(apus_statistic(context, name, parameters, a, NULL, NULL, 0, &out));
    return value;
}

static double distribution(const char *name, const char *parameters, const char *what, double x)
{
    double value = NAN;
    apus_array in = APUS_ARRAY_1D(APUS_FLOAT64, &x, 1), out = APUS_ARRAY_1D(APUS_FLOAT64, &value, 1);
    check(apus_distribution(context, name, parameters, what, &in, &out));
    return value;
}

int main(void)
{
    double data[N], sample[N], means[ROUNDS], edges[BINS + 1], limits[2];
    const double q[] = { 0.25, 0.5, 0.75 }, tails[] = { 0.025, 0.975 };
    double quartiles[3];
    int64_t counts[BINS], rows[N];
    apus_array a = APUS_ARRAY_1D(APUS_FLOAT64, data, N), b = APUS_ARRAY_1D(APUS_FLOAT64, sample, N);
    apus_array all = APUS_ARRAY_1D(APUS_FLOAT64, means, ROUNDS), to_rows = APUS_ARRAY_1D(APUS_INT64, rows, N);
    apus_array to_quartiles = APUS_ARRAY_1D(APUS_FLOAT64, quartiles, 3);
    apus_array to_limits = APUS_ARRAY_1D(APUS_FLOAT64, limits, 2);
    apus_array to_counts = APUS_ARRAY_1D(APUS_INT64, counts, BINS);
    apus_array to_edges = APUS_ARRAY_1D(APUS_FLOAT64, edges, BINS + 1);
    apus_moments running = APUS_MOMENTS_INIT;

    if (apus_context_create(NULL, &context)) return 1;
    for (int i = 0; i < N; i++) data[i] = heights[i];

    const double mean = statistic("mean", NULL, &a), error = statistic("standard_error", NULL, &a);
    check(apus_quantile(context, &a, q, 3, NULL, 0, &to_quartiles));
    printf("%d heights, %.1f to %.1f cm\n", N, statistic("min", NULL, &a), statistic("max", NULL, &a));
    printf("  mean %.2f, deviation %.2f, skewness %.2f\n", mean, statistic("std", "ddof=1", &a),
           statistic("skewness", NULL, &a));
    printf("  quartiles %.2f, %.2f, %.2f\n\n", quartiles[0], quartiles[1], quartiles[2]);

    check(apus_histogram(context, &a, NULL, 156, 188, 0, 0, &to_counts, &to_edges));
    for (int bin = 0; bin < BINS; bin++) {
        printf("  %3.0f to %3.0f  ", edges[bin], edges[bin + 1]);
        for (int64_t i = 0; i < counts[bin]; i++) putchar('#');
        putchar('\n');
    }

    /* Are they 168 on average? Student's t with 39 degrees of freedom. */
    const double t = (mean - 168) / error, p = 2 * distribution("student_t", "df=39", "sf", fabs(t));
    const double reach = distribution("student_t", "df=39", "isf", 0.025) * error;
    printf("\nIs the mean 168? t = %.3f, p = %.3f: %s\n", t, p, p < 0.05 ? "hardly" : "it may be");
    printf("  95 %% interval by Student's t   %.2f to %.2f\n", mean - reach, mean + reach);

    /* The same from the sample alone: means of samples drawn from it with replacement. */
    check(apus_set_seed(context, 1908));
    for (int round = 0; round < ROUNDS && !failed; round++) {
        check(apus_random_choice(context, N, 1, NULL, &to_rows));
        for (int i = 0; i < N; i++) sample[i] = data[rows[i]];
        means[round] = statistic("mean", NULL, &b);
        check(apus_moments_add(context, &running, &b, NULL));
    }
    check(apus_quantile(context, &all, tails, 2, NULL, 0, &to_limits));
    printf("  95 %% interval by bootstrap     %.2f to %.2f\n", limits[0], limits[1]);
    printf("  %lld values drawn, their mean %.2f\n", (long long)running.count, running.mean);

    const int agree = fabs(limits[0] - (mean - reach)) < 0.3 && fabs(limits[1] - (mean + reach)) < 0.3;
    const int right = fabs(mean - 170.26) < 0.005 && agree && running.count == (int64_t)N * ROUNDS;
    puts(right ? "Both agree." : "They should agree.");
    apus_context_free(context);
    return failed || !right;
}
