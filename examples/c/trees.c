/* trees.c: a tree, a forest and boosting on 1797 pictures of digits, three quarters of them to learn from.
 *
 *     ./trees examples/data
 */
#include "apus.h"
#include "table.h"

enum { PIXELS = 64, TRAINED = 1347 };

/* Fits one kind, says how many of the other digits it reads, and returns that share; -1 for an error. */
static double try_kind(apus_context *context, const char *kind, const char *parameters, double *pixels,
                       int64_t *labels, int64_t rows)
{
    int64_t held = rows - TRAINED, *read = malloc((size_t)held * sizeof *read), right = 0;
    apus_array x = APUS_ARRAY_2D(APUS_FLOAT64, pixels, TRAINED, PIXELS);
    apus_array y = APUS_ARRAY_1D(APUS_INT64, labels, TRAINED);
    apus_array question = APUS_ARRAY_2D(APUS_FLOAT64, pixels + TRAINED * PIXELS, held, PIXELS);
    apus_array answer = APUS_ARRAY_1D(APUS_INT64, read, held);
    apus_model *model = NULL;
    apus_status status = read ? apus_fit(context, kind, parameters, &x, &y, NULL, &model) : APUS_E_OUT_OF_MEMORY;

    if (!status) status = apus_predict(context, model, APUS_PREDICT, &question, &answer);
    if (status) {
        fprintf(stderr, "%s: %s: %s\n", kind, apus_status_text(status), apus_last_error(context));
    } else {
        for (int64_t i = 0; i < held; i++) right += read[i] == labels[TRAINED + i];
        printf("%-34s reads %lld of %lld digits\n", kind, (long long)right, (long long)held);
    }
    apus_model_free(model);
    free(read);
    return status ? -1 : (double)right / (double)held;
}

int main(int argc, char **argv)
{
    char path[4096];
    table digits;
    apus_context *context = NULL;
    int good = 0;

    snprintf(path, sizeof path, "%s/digits.csv", argc > 1 ? argv[1] : "examples/data");
    if (!table_read(&digits, path)) return 1;
    if (digits.columns == PIXELS + 1 && digits.rows > TRAINED && apus_context_create(NULL, &context) == APUS_OK) {
        double *pixels = malloc((size_t)digits.rows * PIXELS * sizeof *pixels);
        int64_t *labels = malloc((size_t)digits.rows * sizeof *labels);

        if (pixels && labels) {
            for (int64_t row = 0; row < digits.rows; row++) {
                const double *from = digits.values + row * digits.columns;
                memcpy(pixels + row * PIXELS, from, PIXELS * sizeof *pixels);
                labels[row] = (int64_t)from[PIXELS];
            }
            double tree = try_kind(context, "decision_tree_classifier", "", pixels, labels, digits.rows);
            double forest =
                try_kind(context, "random_forest_classifier", "random_state=1", pixels, labels, digits.rows);
            double boosted =
                try_kind(context, "hist_gradient_boosting_classifier", "max_iter=40", pixels, labels, digits.rows);
            /* Many trees read better than one. */
            good = tree > 0.7 && forest > tree && boosted > tree;
        }
        free(pixels);
        free(labels);
    }
    apus_context_free(context);
    free(digits.values);
    return !good;
}
