/* published_results.c: three gradient descents whose course is published, step by step, beside what Apus computes.
 *
 * The figures are those of well-known courses: sales by radio advertising (one weight), by three kinds of advertising
 * (mean-normalised), and exam passes by hours studied and slept. All start at zero and use all rows in each update.
 */
#include "apus.h"
#include "table.h"

#include <math.h>

static int failures;

static void check(apus_context *context, apus_status status, const char *doing)
{
    if (status == APUS_OK) return;
    fprintf(stderr, "%s: %s: %s\n", doing, apus_status_text(status), apus_last_error(context));
    exit(1);
}

/* One line: a published figure of so many decimals. */
static void compare(const char *what, double published, int decimals, double observed)
{
    /* One unit of the last printed decimal: some of the figures were cut, not rounded. */
    const int good = fabs(observed - published) < 1.01 * pow(10, -decimals);
    failures += !good;
    printf("  %-34s %10.*f  %12.6f  %s\n", what, decimals, published, observed, good ? "ok" : "DIFFERS");
}

/* A learned array, as many values as there is room for; the rest of `values` is left alone. */
static void attribute(apus_context *context, const apus_model *model, const char *name, double *values, int64_t room)
{
    apus_array out = APUS_ARRAY_INIT;
    int64_t count = 1;

    check(context, apus_model_attribute(context, model, name, &out), name);
    for (int32_t i = 0; i < out.ndim; i++) count *= out.shape[i];
    if (count > room) {
        fprintf(stderr, "%s has %lld values, expected at most %lld\n", name, (long long)count, (long long)room);
        exit(1);
    }
    out.dtype = APUS_FLOAT64;
    out.data = values;
    check(context, apus_model_attribute(context, model, name, &out), name);
}

/* Fits on the named columns of a table, the target last. */
static apus_model *fit(apus_context *context, const char *kind, const char *parameters, const table *t,
                       int64_t first_column, int64_t columns, int64_t target)
{
    apus_array x = APUS_ARRAY_2D(APUS_FLOAT64, t->values + first_column, t->rows, columns);
    apus_array y = APUS_ARRAY_1D(APUS_FLOAT64, t->values + target, t->rows);
    apus_model *model = NULL;

    /* The columns are read in place, out of the wider table. */
    x.flags = y.flags = APUS_ARRAY_STRIDED;
    x.strides[0] = y.strides[0] = t->columns * (int64_t)sizeof(double);
    x.strides[1] = (int64_t)sizeof(double);
    check(context, apus_fit(context, kind, parameters, &x, &y, NULL, &model), kind);
    return model;
}

static void heading(const char *text)
{
    printf("\n%s\n  %-34s %10s  %12s\n", text, "", "published", "observed");
}

static void radio_to_sales(apus_context *context, const table *advertising)
{
    static const struct { int updates; double cost, weight; } published[] = {
        { 1, 197.25, .037 }, { 11, 74.66, .283 }, { 21, 49.48, .394 }, { 31, 44.31, .445 }
    };
    char parameters[160], what[64];

    heading("Sales by radio advertising; learning rate 5e-5, mean squared error");
    for (size_t i = 0; i < sizeof published / sizeof *published; i++) {
        const int updates = published[i].updates;
        double costs[31], weight = NAN;
        snprintf(parameters, sizeof parameters, "solver=gd loss=mse learning_rate=5e-5 max_iter=%d tol=0", updates);
        apus_model *model = fit(context, "linear_regression", parameters, advertising, 2, 1, 4);
        attribute(context, model, "loss_curve_", costs, 31);
        attribute(context, model, "coef_", &weight, 1);
        snprintf(what, sizeof what, "cost after %d update%s", updates, updates == 1 ? "" : "s");
        compare(what, published[i].cost, 2, costs[updates - 1]);
        compare("  weight", published[i].weight, 3, weight);
        apus_model_free(model);
    }
}

static void three_channels_to_sales(apus_context *context, const table *advertising)
{
    double costs[1000], weights[3], bias = NAN;

    heading("Sales by TV, radio, newspaper, mean-normalised; learning rate 0.005, half the mean squared error");
    apus_model *model =
        fit(context, "pipeline",
            "{\"steps\": [[\"scale\", \"mean_normalizer\"], [\"line\", \"linear_regression\", "
            "{\"solver\": \"gd\", \"loss\": \"half_mse\", \"learning_rate\": 0.005, \"max_iter\": 1000, \"tol\": 0}]]}",
            advertising, 1, 3, 4);
    attribute(context, model, "loss_curve_", costs, 1000);
    attribute(context, model, "coef_", weights, 3);
    attribute(context, model, "intercept_", &bias, 1);
    compare("cost after the first update", 110.87, 2, costs[0]);
    compare("cost after the last, 1000th", 6.25, 2, costs[999]);
    compare("weight of TV", 4.77, 2, weights[0]);
    compare("weight of radio", 3.52, 2, weights[1]);
    compare("weight of newspaper", 0.82, 2, weights[2]);
    compare("bias", 13.93, 2, bias);
    apus_model_free(model);
}

static void exam_passes(apus_context *context, const table *scores)
{
    double costs[3000], weights[2], bias = NAN;

    heading("Exam passes by hours studied and slept; learning rate 0.1, cross-entropy");
    apus_model *model = fit(context, "logistic_regression",
                            "solver=gd penalty=none learning_rate=0.1 max_iter=3000 tol=0", scores, 0, 2, 2);
    attribute(context, model, "loss_curve_", costs, 3000);
    attribute(context, model, "coef_", weights, 2);
    attribute(context, model, "intercept_", &bias, 1);
    compare("cost after the first update", 0.635, 3, costs[0]);
    compare("cost after 1001 updates", 0.302, 3, costs[1000]);
    compare("cost after 2001 updates", 0.264, 3, costs[2000]);
    compare("cost after 3000 updates", 0.2487, 4, costs[2999]);
    compare("bias", -8.198, 3, bias);
    compare("weight of hours studied", .921, 3, weights[0]);
    compare("weight of hours slept", .739, 3, weights[1]);
    apus_model_free(model);
}

int main(int argc, char **argv)
{
    const char *folder = argc > 1 ? argv[1] : "examples/data";
    char path[1024];
    table advertising, scores;
    apus_context *context = NULL;

    if (apus_context_create(NULL, &context) != APUS_OK) return 1;
    snprintf(path, sizeof path, "%s/advertising.csv", folder);
    if (!table_read(&advertising, path)) return 1;
    snprintf(path, sizeof path, "%s/exam_scores.csv", folder);
    if (!table_read(&scores, path)) return 1;

    radio_to_sales(context, &advertising);
    three_channels_to_sales(context, &advertising);
    exam_passes(context, &scores);
    printf("\n%s\n", failures ? "Some figures differ." : "All figures agree.");

    apus_context_free(context);
    free(advertising.values);
    free(scores.values);
    return failures ? 1 : 0;
}
