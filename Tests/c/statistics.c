/* Statistics and distributions through the C API: exact small cases, strides, bad input, refused memory. */
#define _POSIX_C_SOURCE 200809L
#include <unistd.h>

#include "check.h"

static apus_context *context;

static double one(const char *statistic, const char *parameters, const apus_array *a, const apus_array *weights)
{
    double value = -1;
    apus_array out = { sizeof(apus_array), APUS_FLOAT64, 0, 0u, NULL, { 0 }, { 0 } };
    out.data = &value;
    OK(context, apus_statistic(context, statistic, parameters, a, weights, NULL, 0, &out));
    return value;
}

static int near(double found, double expected) { return fabs(found - expected) <= 1e-14 * fabs(expected) + 1e-300; }

static void statistics_of_eight_numbers(void)
{
    double x[] = { 2, 4, 4, 4, 5, 5, 7, 9 };
    const apus_array a = APUS_ARRAY_1D(APUS_FLOAT64, x, 8);
    CHECK(one("mean", NULL, &a, NULL) == 5);
    CHECK(one("variance", NULL, &a, NULL) == 4 && one("std", "", &a, NULL) == 2);
    CHECK(near(one("variance", "ddof=1", &a, NULL), 32.0 / 7));
    CHECK(near(one("std", "{\"ddof\": 1}", &a, NULL), sqrt(32.0 / 7)));
    CHECK(near(one("standard_error", NULL, &a, NULL), sqrt(32.0 / 7) / sqrt(8.0)));
    CHECK(one("median", NULL, &a, NULL) == 4.5 && one("mode", NULL, &a, NULL) == 4);
    CHECK(one("range", NULL, &a, NULL) == 7 && one("interquartile_range", NULL, &a, NULL) == 1.5);
    CHECK(one("mean_absolute_deviation", NULL, &a, NULL) == 1.5);
    CHECK(one("median_absolute_deviation", NULL, &a, NULL) == 0.5);
    CHECK(near(one("skewness", NULL, &a, NULL), 0.65625) && near(one("kurtosis", NULL, &a, NULL), 2.78125 - 3));
    CHECK(one("sum", NULL, &a, NULL) == 40 && one("product", NULL, &a, NULL) == 201600);
    CHECK(one("min", NULL, &a, NULL) == 2 && one("max", NULL, &a, NULL) == 9);
    CHECK(near(one("geometric_mean", NULL, &a, NULL), pow(201600, 0.125)));
    CHECK(near(one("harmonic_mean", NULL, &a, NULL), 8 / (0.5 + 0.75 + 0.4 + 1.0 / 7 + 1.0 / 9)));
    CHECK(one("moment", "order=3", &a, NULL) == 5.25);
}

static void types_and_strides_are_read_as_they_are(void)
{
    int32_t whole[] = { 1, 2, 3, 4, 5, 6 };
    uint8_t bytes[] = { 1, 2, 3, 4, 5, 6 };
    float single[] = { 1, 2, 3, 4, 5, 6 };
    double columns[3], rows[2];
    const int32_t first = 0, last = -1;
    apus_array a = APUS_ARRAY_2D(APUS_INT32, whole, 2, 3), b = APUS_ARRAY_2D(APUS_UINT8, bytes, 2, 3);
    apus_array c = APUS_ARRAY_2D(APUS_FLOAT32, single, 2, 3);
    apus_array to_columns = APUS_ARRAY_1D(APUS_FLOAT64, columns, 3), to_rows = APUS_ARRAY_1D(APUS_FLOAT64, rows, 2);
    apus_array kept = APUS_ARRAY_2D(APUS_FLOAT64, rows, 2, 1);
    apus_array backwards = a;

    OK(context, apus_statistic(context, "mean", NULL, &a, NULL, &first, 1, &to_columns));
    CHECK(columns[0] == 2.5 && columns[1] == 3.5 && columns[2] == 4.5);
    OK(context, apus_statistic(context, "median", NULL, &b, NULL, &last, 1, &to_rows));
    CHECK(rows[0] == 2 && rows[1] == 5);
    OK(context, apus_statistic(context, "sum", NULL, &c, NULL, &last, 1, &kept));
    CHECK(rows[0] == 6 && rows[1] == 15);
    backwards.flags = APUS_ARRAY_STRIDED;
    backwards.data = whole + 5;
    backwards.strides[0] = -12;
    backwards.strides[1] = -4;
    OK(context, apus_statistic(context, "mean", NULL, &backwards, NULL, &first, 1, &to_columns));
    CHECK(columns[0] == 4.5 && columns[2] == 2.5);
    /* Every second byte apart: not aligned. */
    char raw[64];
    double value = 0.1, mean = 0;
    for (int i = 0; i < 4; i++) memcpy(raw + 1 + 9 * i, &value, 8);
    apus_array crooked = { sizeof(apus_array), APUS_FLOAT64, 1, APUS_ARRAY_STRIDED, NULL, { 4 }, { 9 } };
    apus_array out = { sizeof(apus_array), APUS_FLOAT64, 0, 0u, NULL, { 0 }, { 0 } };
    crooked.data = raw + 1;
    out.data = &mean;
    OK(context, apus_statistic(context, "mean", NULL, &crooked, NULL, NULL, 0, &out));
    CHECK(mean == 0.1);
}

static void quantiles_have_the_probabilities_first(void)
{
    double x[] = { 4, 1, 3, 2, 40, 10, 30, 20 }, q[] = { 0, 0.25, 0.5, 1 }, out[8];
    const apus_array a = APUS_ARRAY_2D(APUS_FLOAT64, x, 2, 4);
    apus_array to = APUS_ARRAY_2D(APUS_FLOAT64, out, 4, 2);
    OK(context, apus_quantile(context, &a, q, 4, NULL, 1, &to));
    CHECK(out[0] == 1 && out[1] == 10 && out[2] == 1.75 && out[3] == 17.5 && out[4] == 2.5 && out[7] == 40);
    OK(context, apus_quantile(context, &a, q, 4, "higher", -1, &to));
    CHECK(out[2] == 2 && out[4] == 3);
    q[1] = 1.5;
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "q[1]", apus_quantile(context, &a, q, 4, NULL, 1, &to));
    q[1] = NAN;
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "q[1]", apus_quantile(context, &a, q, 4, NULL, 1, &to));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "hazen", apus_quantile(context, &a, q, 4, "best", 1, &to));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "axis", apus_quantile(context, &a, q, 4, NULL, 2, &to));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "n_q", apus_quantile(context, &a, q, -1, NULL, 1, &to));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "q must", apus_quantile(context, &a, NULL, 4, NULL, 1, &to));
    FAILS_NAMING(context, APUS_E_SHAPE, "out", apus_quantile(context, &a, q, 3, NULL, 1, &to));
}

static void tables_of_three_columns(void)
{
    double x[] = { 1, 8, 5, 2, 6, 5, 3, 4, 5, 4, 2, 5 }, out[9];
    const apus_array a = APUS_ARRAY_2D(APUS_FLOAT64, x, 4, 3);
    double weight[] = { 1, 0, 2, 1 };
    const apus_array w = APUS_ARRAY_1D(APUS_FLOAT64, weight, 4);
    apus_array to = APUS_ARRAY_2D(APUS_FLOAT64, out, 3, 3);
    OK(context, apus_covariance(context, &a, 1, NULL, &to));
    CHECK(near(out[0], 5.0 / 3) && near(out[1], -10.0 / 3) && out[1] == out[3] && out[8] == 0);
    OK(context, apus_covariance(context, &a, 0, &w, &to));
    CHECK(near(out[0], 1.1875) && near(out[4], 4.75));
    for (int i = 0; i < 3; i++) {
        const char *const methods[] = { "pearson", "spearman", "kendall" };
        OK(context, apus_correlation(context, &a, methods[i], &to));
        CHECK(out[0] == 1 && near(out[1], -1) && out[4] == 1 && isnan(out[8]) && isnan(out[2]));
    }
    int64_t ranks[12];
    apus_array to_ranks = APUS_ARRAY_2D(APUS_INT64, ranks, 4, 3);
    OK(context, apus_ranks(context, &a, "min", 0, &to_ranks));
    CHECK(ranks[0] == 1 && ranks[1] == 4 && ranks[2] == 1 && ranks[9] == 4);
    FAILS_NAMING(context, APUS_E_DTYPE, "2.5", apus_ranks(context, &a, "average", 0, &to_ranks));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "ddof", apus_covariance(context, &a, -1, NULL, &to));
    weight[0] = -1;
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "weights", apus_covariance(context, &a, 0, &w, &to));
}

static void histograms_count_their_right_end(void)
{
    double x[] = { 0, 0.5, 1, 1.5, 2, 3, NAN }, edges[4], counts[3], own[] = { 0, 1, 2, 4 };
    int32_t whole[3];
    const apus_array a = APUS_ARRAY_1D(APUS_FLOAT64, x, 7), finite = APUS_ARRAY_1D(APUS_FLOAT64, x, 6);
    apus_array to = APUS_ARRAY_1D(APUS_FLOAT64, counts, 3), to_whole = APUS_ARRAY_1D(APUS_INT32, whole, 3);
    apus_array to_edges = APUS_ARRAY_1D(APUS_FLOAT64, edges, 4), given = APUS_ARRAY_1D(APUS_FLOAT64, own, 4);
    int64_t bins = 0;
    OK(context, apus_histogram(context, &finite, NULL, 0, 0, 0, 0, &to_whole, &to_edges));
    CHECK(whole[0] == 2 && whole[1] == 2 && whole[2] == 2 && edges[0] == 0 && edges[3] == 3);
    OK(context, apus_histogram(context, &a, NULL, 0, 0, 1, 0, &to_whole, &given));
    CHECK(whole[0] == 2 && whole[1] == 2 && whole[2] == 2);
    OK(context, apus_histogram(context, &a, NULL, 0, 2, 0, 1, &to, NULL));
    CHECK(near(counts[0], 0.6) && near(counts[1], 0.3) && near(counts[2], 0.6));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "finite", apus_histogram(context, &a, NULL, 0, 0, 0, 0, &to, NULL));
    own[1] = 3;
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "edges", apus_histogram(context, &a, NULL, 0, 0, 1, 0, &to, &given));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "edges", apus_histogram(context, &a, NULL, 0, 0, 1, 0, &to, NULL));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "low", apus_histogram(context, &a, NULL, 2, 1, 0, 0, &to, NULL));
    OK(context, apus_histogram_bins(context, &finite, "sturges", &bins));
    CHECK(bins == 4);
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "finite", apus_histogram_bins(context, &a, NULL, &bins));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "doane", apus_histogram_bins(context, &a, "best", &bins));
}

static void moments_run_and_merge(void)
{
    double x[] = { 2, 4, 4, 4, 5, 5, 7, 9 }, value = 0;
    apus_array a = APUS_ARRAY_1D(APUS_FLOAT64, x, 3), b = APUS_ARRAY_1D(APUS_FLOAT64, x + 3, 5);
    apus_moments moments = APUS_MOMENTS_INIT, other = APUS_MOMENTS_INIT, before, unset = { 0 };
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "moments",
                 apus_moments_statistic(context, &moments, "mean", 0, &value));
    OK(context, apus_moments_add(context, &moments, &a, NULL));
    OK(context, apus_moments_add(context, &other, &b, NULL));
    OK(context, apus_moments_merge(context, &moments, &other));
    CHECK(moments.count == 8 && moments.weight == 8 && moments.minimum == 2 && moments.maximum == 9);
    OK(context, apus_moments_statistic(context, &moments, "mean", 0, &value));
    CHECK(value == 5);
    OK(context, apus_moments_statistic(context, &moments, "variance", 0, &value));
    CHECK(near(value, 4));
    OK(context, apus_moments_statistic(context, &moments, "skewness", 0, &value));
    CHECK(near(value, 0.65625));
    OK(context, apus_moments_statistic(context, &moments, "kurtosis", 0, &value));
    CHECK(near(value, -0.21875));
    OK(context, apus_moments_statistic(context, &moments, "sum", 0, &value));
    CHECK(value == 40);
    before = moments;
    x[0] = -1;
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "weights", apus_moments_add(context, &moments, &a, &a));
    CHECK(!memcmp(&before, &moments, sizeof before));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "APUS_MOMENTS_INIT", apus_moments_add(context, &unset, &a, NULL));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "other", apus_moments_merge(context, &moments, NULL));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "kurtosis",
                 apus_moments_statistic(context, &moments, "median", 0, &value));
    moments.count = INT64_MAX;
    FAILS(context, APUS_E_LIMIT, apus_moments_merge(context, &moments, &other));
}

static void distributions_at_known_points(void)
{
    double x[] = { 0, 1.959963984540054, NAN, INFINITY }, out[4], mean, variance, skewness, kurtosis;
    const apus_array a = APUS_ARRAY_1D(APUS_FLOAT64, x, 4);
    apus_array to = APUS_ARRAY_1D(APUS_FLOAT64, out, 4), in_place = APUS_ARRAY_1D(APUS_FLOAT64, x, 4);
    OK(context, apus_distribution(context, "normal", NULL, "cdf", &a, &to));
    CHECK(out[0] == 0.5 && near(out[1], 0.975) && isnan(out[2]) && out[3] == 1);
    OK(context, apus_distribution(context, "exponential", "scale=2", "sf", &a, &to));
    CHECK(out[0] == 1 && near(out[1], exp(-1.959963984540054 / 2)) && out[3] == 0);
    OK(context, apus_distribution(context, "binomial", "n=2 p=0.5", "pmf", &a, &to));
    CHECK(out[0] == 0.25 && out[1] == 0);
    OK(context, apus_distribution(context, "normal", "loc=1 scale=2", "logpdf", &a, &in_place));
    CHECK(near(x[0], -0.125 - 0.5 * log(2 * acos(-1.0)) - log(2.0)) && x[3] == -INFINITY);
    OK(context, apus_distribution_moments(context, "gamma", "a=4 scale=3", &mean, &variance, &skewness, &kurtosis));
    CHECK(mean == 12 && variance == 36 && skewness == 1 && kurtosis == 1.5);
    OK(context, apus_distribution_moments(context, "student_t", "df=1", &mean, NULL, NULL, NULL));
    CHECK(isnan(mean));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "lognormal",
                 apus_distribution(context, "cauchy", NULL, "pdf", &a, &to));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "logsf", apus_distribution(context, "normal", NULL, "mean", &a, &to));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "scale of normal",
                 apus_distribution(context, "normal", "scale=0", "pdf", &a, &to));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "needs the parameter 'b'",
                 apus_distribution(context, "beta", "a=1", "pdf", &a, &to));
}

static void draws_go_on_and_start_anew(void)
{
    double first[100], second[100], again[100];
    int64_t whole[100];
    apus_array a = APUS_ARRAY_1D(APUS_FLOAT64, first, 100), b = APUS_ARRAY_1D(APUS_FLOAT64, second, 100);
    apus_array c = APUS_ARRAY_1D(APUS_FLOAT64, again, 100), w = APUS_ARRAY_1D(APUS_INT64, whole, 100);
    double p[] = { 0, 1, 0 };
    const apus_array probabilities = APUS_ARRAY_1D(APUS_FLOAT64, p, 3);
    OK(context, apus_set_seed(context, 9));
    OK(context, apus_random_distribution(context, "gamma", "a=2", &a));
    OK(context, apus_random_distribution(context, "gamma", "a=2", &b));
    CHECK(memcmp(first, second, sizeof first) != 0);
    OK(context, apus_set_seed(context, 9));
    /* A refused call draws nothing. */
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "a of gamma", apus_random_distribution(context, "gamma", "a=0", &c));
    FAILS_NAMING(context, APUS_E_DTYPE, "out", apus_random_distribution(context, "gamma", "a=2", &w));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "n = 10", apus_random_choice(context, 10, 0, NULL, &w));
    OK(context, apus_random_distribution(context, "gamma", "a=2", &c));
    CHECK(!memcmp(first, again, sizeof first));
    OK(context, apus_random_distribution(context, "poisson", "mu=4", &w));
    for (int i = 0; i < 100; i++) CHECK(whole[i] >= 0 && whole[i] < 40);
    OK(context, apus_random_choice(context, 3, 1, &probabilities, &w));
    for (int i = 0; i < 100; i++) CHECK(whole[i] == 1);
    OK(context, apus_random_choice(context, 100, 0, NULL, &w));
    int64_t sum = 0;
    for (int i = 0; i < 100; i++) sum += whole[i];
    CHECK(sum == 4950);
    FAILS_NAMING(context, APUS_E_DTYPE, "out", apus_random_choice(context, 100, 0, NULL, &a));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "n must", apus_random_choice(context, INT64_MIN, 1, NULL, &w));
    OK(context, apus_random_choice(context, INT64_MAX, 0, NULL, &w));
    for (int i = 0; i < 100; i++) CHECK(whole[i] >= 0);
}

static void bad_arguments_are_named(void)
{
    double x[6] = { 1, 2, 3, 4, 5, 6 }, out[6];
    const apus_array a = APUS_ARRAY_2D(APUS_FLOAT64, x, 2, 3);
    apus_array to = APUS_ARRAY_1D(APUS_FLOAT64, out, 3), empty = APUS_ARRAY_2D(APUS_FLOAT64, x, 0, 3);
    apus_array huge = APUS_ARRAY_2D(APUS_FLOAT64, x, INT64_MAX / 2, 4), whole = APUS_ARRAY_1D(APUS_INT64, out, 3);
    const int32_t axis = 0, twice[] = { 0, -2 }, far[] = { 5 };
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "statistic",
                 apus_statistic(context, NULL, NULL, &a, NULL, &axis, 1, &to));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "harmonic_mean",
                 apus_statistic(context, "best", NULL, &a, NULL, &axis, 1, &to));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "ddof",
                 apus_statistic(context, "variance", "ddof=x", &a, NULL, &axis, 1, &to));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "no weights",
                 apus_statistic(context, "range", NULL, &a, &a, &axis, 1, &to));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "a must",
                 apus_statistic(context, "mean", NULL, NULL, NULL, &axis, 1, &to));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "axes",
                 apus_statistic(context, "mean", NULL, &a, NULL, NULL, 1, &to));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "n_axes",
                 apus_statistic(context, "mean", NULL, &a, NULL, &axis, -1, &to));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "twice",
                 apus_statistic(context, "mean", NULL, &a, NULL, twice, 2, &to));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "axis 5", apus_statistic(context, "mean", NULL, &a, NULL, far, 1, &to));
    FAILS_NAMING(context, APUS_E_SHAPE, "empty", apus_statistic(context, "mean", NULL, &empty, NULL, &axis, 1, &to));
    FAILS_NAMING(context, APUS_E_SHAPE, "a has", apus_statistic(context, "mean", NULL, &huge, NULL, &axis, 1, &to));
    FAILS_NAMING(context, APUS_E_DTYPE, "out", apus_statistic(context, "mean", NULL, &a, NULL, &axis, 1, &whole));
    FAILS_NAMING(context, APUS_E_SHAPE, "out", apus_statistic(context, "mean", NULL, &a, NULL, NULL, 0, &to));
    OK(context, apus_statistic(context, "sum", NULL, &empty, NULL, &axis, 1, &to));
    CHECK(out[0] == 0 && out[2] == 0);
    OK(context, apus_statistic(context, "product", NULL, &empty, NULL, &axis, 1, &to));
    CHECK(out[0] == 1 && out[2] == 1);
}

/* Every call that allocates, with the n-th allocation refused: an error and nothing lost, until it passes. */
static void refused_memory_is_an_error(void)
{
    static double x[3000], out[3000];
    static int64_t whole[3000];
    const double q[] = { 0.1, 0.5 };
    counting counts;
    counting_init(&counts);
    apus_context *small = new_context(2, &counts.allocator);
    for (int i = 0; i < 3000; i++) x[i] = spread((uint64_t)i) + 0.001;
    apus_array a = APUS_ARRAY_2D(APUS_FLOAT64, x, 300, 10), row = APUS_ARRAY_1D(APUS_FLOAT64, x, 3000);
    apus_array columns = APUS_ARRAY_1D(APUS_FLOAT64, out, 10), table = APUS_ARRAY_2D(APUS_FLOAT64, out, 10, 10);
    apus_array all = APUS_ARRAY_2D(APUS_FLOAT64, out, 300, 10), two = APUS_ARRAY_2D(APUS_FLOAT64, out, 2, 10);
    apus_array bins = APUS_ARRAY_1D(APUS_FLOAT64, out, 20), draws = APUS_ARRAY_1D(APUS_INT64, whole, 200);
    const int32_t axis = 0;
    const char *const names[] = { "mean", "median", "mode", "variance", "std", "range", "kurtosis", "product", "sum",
                                  "median_absolute_deviation", "interquartile_range", "mean_absolute_deviation" };
    for (int call = 0; call < 26; call++) {
        apus_status status = APUS_E_OUT_OF_MEMORY;
        for (int64_t refuse = 1; status && refuse < 200; refuse++) {
            counts.calls = 0;
            counts.refuse_at = refuse;
            const int64_t live = counts.live;
            apus_moments moments = APUS_MOMENTS_INIT;
            if (call < 12) status = apus_statistic(small, names[call], NULL, &a, NULL, &axis, 1, &columns);
            else if (call == 12) status = apus_statistic(small, "median", NULL, &a, &a, &axis, 1, &columns);
            else if (call == 13) status = apus_statistic(small, "variance", NULL, &a, &a, &axis, 1, &columns);
            else if (call == 14) status = apus_quantile(small, &a, q, 2, NULL, 0, &two);
            else if (call == 15) status = apus_covariance(small, &a, 1, NULL, &table);
            else if (call == 16) status = apus_correlation(small, &a, NULL, &table);
            else if (call == 17) status = apus_correlation(small, &a, "spearman", &table);
            else if (call == 18) status = apus_correlation(small, &a, "kendall", &table);
            else if (call == 19) status = apus_ranks(small, &a, NULL, 0, &all);
            else if (call == 20) status = apus_histogram(small, &row, &row, 0, 0, 0, 0, &bins, NULL);
            else if (call == 21) status = apus_moments_add(small, &moments, &row, NULL);
            else if (call == 22) status = apus_random_distribution(small, "gamma", "a=2", &all);
            else if (call == 23) status = apus_random_choice(small, 1 << 30, 0, NULL, &draws);
            else if (call == 24) status = apus_random_choice(small, 3000, 0, &row, &draws);
            else status = apus_random_choice(small, 3000, 1, &row, &draws);
            CHECK(status == APUS_OK || status == APUS_E_OUT_OF_MEMORY);
            CHECK(counts.live == live);
        }
        CHECK(status == APUS_OK);
    }
    CHECK(counts.mismatches == 0 && counts.refused > 50);
    apus_context_free(small);
    CHECK(counts.live == 0);
}

int main(void)
{
    BEGIN("statistics");
    context = new_context(2, NULL);
    RUN(statistics_of_eight_numbers);
    RUN(types_and_strides_are_read_as_they_are);
    RUN(quantiles_have_the_probabilities_first);
    RUN(tables_of_three_columns);
    RUN(histograms_count_their_right_end);
    RUN(moments_run_and_merge);
    RUN(distributions_at_known_points);
    RUN(draws_go_on_and_start_anew);
    RUN(bad_arguments_are_named);
    RUN(refused_memory_is_an_error);
    apus_context_free(context);
    return END();
}
