/* save_load.c: a scaler and a classifier in one model, saved to a file, and read back by its own description. */
#include "apus.h"

#include <stdio.h>
#include <stdlib.h>

enum { ROWS = 200 };

static void check(apus_context *context, apus_status status, const char *doing)
{
    if (status == APUS_OK) return;
    fprintf(stderr, "%s: %s: %s\n", doing, apus_status_text(status), apus_last_error(context));
    exit(1);
}

int main(void)
{
    static double points[ROWS][2];
    static int64_t inside[ROWS], predicted[ROWS];
    apus_array x = APUS_ARRAY_2D(APUS_FLOAT64, points, ROWS, 2), y = APUS_ARRAY_1D(APUS_INT64, inside, ROWS);
    apus_array out = APUS_ARRAY_1D(APUS_INT64, predicted, ROWS);
    apus_context *context = NULL;
    apus_model *model = NULL, *loaded = NULL;

    check(NULL, apus_context_create(NULL, &context), "context");

    /* Points in a rectangle of unlike sides, and on which side of a line they lie. */
    check(context, apus_random_uniform(context, 0.0, 1.0, &x), "random points");
    for (int i = 0; i < ROWS; i++) {
        points[i][0] *= 1000.0;
        inside[i] = points[i][0] / 1000.0 + points[i][1] > 1.0;
    }

    check(context,
          apus_fit(context, "pipeline",
                   "{\"steps\": [[\"scale\", \"standard_scaler\"], [\"model\", \"logistic_regression\"]]}", &x, &y, NULL,
                   &model),
          "fit");
    check(context, apus_model_save(context, model, "pipeline.h5", NULL), "save");
    apus_model_free(model);

    /* Anywhere else, and with any newer Apus. */
    check(context, apus_model_load(context, "pipeline.h5", NULL, &loaded), "load");
    size_t size = 0;
    check(context, apus_model_info(context, loaded, NULL, 0, &size), "description");
    char *text = malloc(size);
    if (!text) return 1;
    check(context, apus_model_info(context, loaded, text, size, &size), "description");
    printf("%s\n", text);
    free(text);

    check(context, apus_predict(context, loaded, APUS_PREDICT, &x, &out), "predict");
    int right = 0;
    for (int i = 0; i < ROWS; i++) right += predicted[i] == inside[i];
    printf("%d of %d points on the side predicted\n", right, (int)ROWS);

    apus_model_free(loaded);
    apus_context_free(context);
    return right >= ROWS * 95 / 100 ? 0 : 1;
}
