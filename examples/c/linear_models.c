/* linear_models.c: which advertising sells? Least squares, ridge, the lasso and its path, and robust regression on the
 * advertising budgets; then exams by hours of study and sleep, with a threshold of your own.
 *
 * Run: linear_models [folder of advertising.csv and exam_scores.csv]
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

static void expect(int holds, const char *what)
{
    if (holds) return;
    printf("  UNEXPECTED: %s\n", what);
    failures++;
}

/* A learned array of at most `room` numbers. */
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

/* Columns of a table, read in place. */
static apus_array columns(const table *t, int64_t first, int64_t count)
{
    apus_array view = APUS_ARRAY_2D(APUS_FLOAT64, t->values + first, t->rows, count);

    view.flags = APUS_ARRAY_STRIDED;
    view.strides[0] = t->columns * (int64_t)sizeof(double);
    view.strides[1] = (int64_t)sizeof(double);
    return view;
}

static apus_model *fit(apus_context *context, const char *kind, const char *parameters, const table *t, int64_t first,
                       int64_t count, int64_t target)
{
    apus_array x = columns(t, first, count), y = columns(t, target, 1);
    apus_model *model = NULL;

    y.ndim = 1;
    check(context, apus_fit(context, kind, parameters, &x, &y, NULL, &model), kind);
    return model;
}

static void advertising(apus_context *context, table *t)
{
    static const struct { const char *name, *kind, *parameters; } kinds[] = {
        { "least squares", "linear_regression", NULL },
        { "ridge", "ridge", "alpha=1e4" },
        { "lasso", "lasso", "alpha=1" },
        { "elastic net", "elastic_net", "alpha=1 l1_ratio=0.5" },
        { "Huber", "huber_regressor", "epsilon=1.35 max_iter=1000" },
        { "Bayesian ridge", "bayesian_ridge", NULL },
    };
    double path[15];

    printf("Units sold for each thousand dollars\n  %-16s %8s %8s %10s %10s\n", "", "TV", "radio", "newspaper", "none");
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        double coef[3], intercept;
        apus_model *model = fit(context, kinds[i].kind, kinds[i].parameters, t, 1, 3, 4);
        attribute(context, model, "coef_", coef, 3);
        attribute(context, model, "intercept_", &intercept, 1);
        printf("  %-16s %8.4f %8.4f %10.4f %10.3f\n", kinds[i].name, coef[0], coef[1], coef[2], intercept);
        expect(coef[1] > coef[0] && fabs(coef[2]) < 0.02, "radio sells most, newspapers hardly anything");
        if (!strcmp(kinds[i].kind, "lasso")) expect(coef[2] == 0, "the lasso leaves newspapers out");
        apus_model_free(model);
    }

    printf("\nThe lasso's path, columns scaled: coefficients as the penalty falls\n");
    apus_model *model = fit(context, "pipeline",
                            "{\"steps\": [[\"scale\", \"standard_scaler\"], [\"line\", \"lasso\", "
                            "{\"alpha\": 0.01, \"alphas\": [5, 3, 1, 0.3, 0.05]}]]}", t, 1, 3, 4);
    attribute(context, model, "coef_path_", path, 15);
    for (int i = 0; i < 5; i++) {
        static const double alphas[] = { 5, 3, 1, 0.3, 0.05 };
        printf("  alpha %5.2f  %8.4f %8.4f %10.4f\n", alphas[i], path[i], path[5 + i], path[10 + i]);
    }
    expect(path[0] == 0 && path[5] == 0 && path[10] == 0, "all is 0 at the start of the path");
    expect(path[4] > path[9] && path[9] > fabs(path[14]), "TV matters most in all, then radio");
    apus_model_free(model);

    /* Budgets that help each other: products of columns. */
    model = fit(context, "pipeline",
                "{\"steps\": [[\"products\", \"polynomial_features\", "
                "{\"interaction_only\": true, \"include_bias\": false}], "
                "[\"line\", \"linear_regression\"]]}", t, 1, 3, 4);
    double products[6];
    attribute(context, model, "coef_", products, 6);
    printf("\nEach thousand on TV sells %.4f units more for each thousand on radio\n", products[3]);
    expect(products[3] > 0.0005 && products[3] < 0.002, "TV and radio help each other");
    apus_model_free(model);
}

static void exams(apus_context *context, table *t)
{
    static const char *const thresholds[] = { "0.5", "0.9" };
    apus_array x = columns(t, 0, 2);
    int64_t passes[2];

    printf("\nExams predicted as passed, of %lld\n", (long long)t->rows);
    for (int i = 0; i < 2; i++) {
        char parameters[64];
        int64_t *labels = malloc((size_t)t->rows * sizeof *labels);
        apus_array out = APUS_ARRAY_1D(APUS_INT64, labels, t->rows);
        if (!labels) exit(1);
        snprintf(parameters, sizeof parameters, "penalty=none threshold=%s", thresholds[i]);
        /* Whole labels come back as whole numbers. */
        int64_t *passed = malloc((size_t)t->rows * sizeof *passed);
        if (!passed) exit(1);
        for (int64_t r = 0; r < t->rows; r++) passed[r] = (int64_t)t->values[r * t->columns + 2];
        apus_array y = APUS_ARRAY_1D(APUS_INT64, passed, t->rows);
        apus_model *model = NULL;
        check(context, apus_fit(context, "logistic_regression", parameters, &x, &y, NULL, &model), "fit");
        check(context, apus_predict(context, model, APUS_PREDICT, &x, &out), "predict");
        passes[i] = 0;
        for (int64_t r = 0; r < t->rows; r++) passes[i] += labels[r];
        printf("  from a probability of %s on: %lld\n", thresholds[i], (long long)passes[i]);
        apus_model_free(model);
        free(labels);
        free(passed);
    }
    expect(passes[1] < passes[0], "a higher threshold lets fewer pass");
}

int main(int argc, char **argv)
{
    const char *folder = argc > 1 ? argv[1] : "examples/data";
    char path[1024];
    table budgets, scores;
    apus_context *context = NULL;

    if (apus_context_create(NULL, &context) != APUS_OK) return 1;
    snprintf(path, sizeof path, "%s/advertising.csv", folder);
    if (!table_read(&budgets, path)) return 1;
    snprintf(path, sizeof path, "%s/exam_scores.csv", folder);
    if (!table_read(&scores, path)) return 1;
    advertising(context, &budgets);
    exams(context, &scores);
    printf("\n%s\n", failures ? "Something was not as expected." : "All as expected.");
    apus_context_free(context);
    free(budgets.values);
    free(scores.values);
    return failures != 0;
}
