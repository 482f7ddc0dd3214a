/* samples.c: draws from a distribution, and what is said of them: together, in two parts, by ranks and in bins.
 *
 * Each figure has a second way to it, beside which it is printed.
 */
#include "apus.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static int failures;

static void check(apus_context *context, apus_status status, const char *doing)
{
    if (status == APUS_OK) return;
    fprintf(stderr, "%s: %s: %s\n", doing, apus_status_text(status), apus_last_error(context));
    exit(1);
}

static void compare(const char *what, double expected, double found, double tolerance)
{
    const int good = fabs(found - expected) <= tolerance;
    failures += !good;
    printf("  %-52s %14.9f  %14.9f  %s\n", what, expected, found, good ? "ok" : "DIFFERS");
}

static void heading(const char *text) { printf("\n%s\n  %-52s %14s  %14s\n", text, "", "expected", "found"); }

enum { COUNT = 100000 };
static double waits[COUNT];

/* Draws of gamma variates have the moments of their distribution, to what chance allows: five standard errors. */
static void draws(apus_context *context)
{
    double mean = 0, variance = 0, skewness = 0, kurtosis = 0, found = 0, spread = 0;
    apus_array x = APUS_ARRAY_1D(APUS_FLOAT64, waits, COUNT), out = APUS_ARRAY_INIT;

    check(context, apus_random_distribution(context, "gamma", "a=2.5 scale=2", &x), "drawing");
    check(context, apus_distribution_moments(context, "gamma", "a=2.5 scale=2", &mean, &variance, &skewness, &kurtosis),
          "moments");
    out.dtype = APUS_FLOAT64;
    out.data = &found;
    check(context, apus_statistic(context, "mean", NULL, &x, NULL, NULL, 0, &out), "mean");
    out.data = &spread;
    check(context, apus_statistic(context, "variance", "ddof=1", &x, NULL, NULL, 0, &out), "variance");

    heading("100,000 draws of a gamma distribution, shape 2.5, scale 2");
    compare("mean", mean, found, 5 * sqrt(variance / COUNT));
    compare("variance", variance, spread, 5 * variance * sqrt((kurtosis + 2) / COUNT));
    compare("skewness of the distribution: 2 / sqrt(2.5)", 2 / sqrt(2.5), skewness, 1e-15);
}

/* Two parts, added where they arise and merged, know what the whole knows. */
static void parts(apus_context *context)
{
    apus_moments first = APUS_MOMENTS_INIT, second = APUS_MOMENTS_INIT;
    apus_array some = APUS_ARRAY_1D(APUS_FLOAT64, waits, 30000);
    apus_array rest = APUS_ARRAY_1D(APUS_FLOAT64, waits + 30000, COUNT - 30000);
    apus_array all = APUS_ARRAY_1D(APUS_FLOAT64, waits, COUNT), out = APUS_ARRAY_INIT;
    double merged = 0, whole = 0;

    check(context, apus_moments_add(context, &first, &some, NULL), "adding");
    check(context, apus_moments_add(context, &second, &rest, NULL), "adding");
    check(context, apus_moments_merge(context, &first, &second), "merging");
    heading("Moments of two parts, merged");
    compare("how many", COUNT, (double)first.count, 0);
    out.dtype = APUS_FLOAT64;
    out.data = &whole;
    check(context, apus_moments_statistic(context, &first, "std", 1, &merged), "deviation");
    check(context, apus_statistic(context, "std", "ddof=1", &all, NULL, NULL, 0, &out), "deviation");
    compare("standard deviation", whole, merged, 1e-12);
    check(context, apus_moments_statistic(context, &first, "kurtosis", 0, &merged), "kurtosis");
    check(context, apus_statistic(context, "kurtosis", NULL, &all, NULL, NULL, 0, &out), "kurtosis");
    compare("excess kurtosis", whole, merged, 1e-10);
}

/* Heights and weights of ten people: how they go together, by values and by ranks. */
static void together(apus_context *context)
{
    static double people[20] = { 158, 52, 163, 61, 166, 59, 169, 70, 171, 68,
                                 174, 75, 176, 71, 180, 83, 185, 80, 192, 95 };
    double spread[4], linear[4], monotone[4], ranks[20];
    apus_array x = APUS_ARRAY_2D(APUS_FLOAT64, people, 10, 2), covariances = APUS_ARRAY_2D(APUS_FLOAT64, spread, 2, 2);
    apus_array pearson = APUS_ARRAY_2D(APUS_FLOAT64, linear, 2, 2);
    apus_array spearman = APUS_ARRAY_2D(APUS_FLOAT64, monotone, 2, 2);
    apus_array places = APUS_ARRAY_2D(APUS_FLOAT64, ranks, 10, 2);
    double differences = 0;
    int64_t bins = 0;

    check(context, apus_covariance(context, &x, 1, NULL, &covariances), "covariance");
    check(context, apus_correlation(context, &x, NULL, &pearson), "correlation");
    check(context, apus_correlation(context, &x, "spearman", &spearman), "rank correlation");
    check(context, apus_ranks(context, &x, NULL, 0, &places), "ranks");
    check(context, apus_histogram_bins(context, &x, "sturges", &bins), "bins");
    for (int i = 0; i < 10; i++) differences += pow(ranks[2 * i] - ranks[2 * i + 1], 2);

    heading("Heights and weights of ten people");
    compare("correlation from the covariances", spread[1] / sqrt(spread[0] * spread[3]), linear[1], 1e-14);
    compare("Spearman's from 1 - 6 sum d^2 / (n^3 - n)", 1 - 6 * differences / 990, monotone[1], 1e-14);
    compare("Sturges' bins for 20 numbers", ceil(log2(20) + 1), (double)bins, 0);
}

int main(void)
{
    apus_context *context = NULL;

    if (apus_context_create(NULL, &context) != APUS_OK) return 1;
    draws(context);
    parts(context);
    together(context);
    apus_context_free(context);
    printf("\n%s\n", failures ? "Some figures differ." : "All figures agree.");
    return failures != 0;
}
