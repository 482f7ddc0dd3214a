/* linear_regression.c: the shortest whole program: a line through five points. */
#include "apus.h"

#include <stdio.h>

int main(void)
{
    float hours[] = { 1, 2, 3, 4, 5 }, marks[] = { 52, 55, 61, 64, 68 };
    apus_array x = APUS_ARRAY_2D(APUS_FLOAT32, hours, 5, 1), y = APUS_ARRAY_1D(APUS_FLOAT32, marks, 5);
    float six[] = { 6 }, expected[1];
    apus_array question = APUS_ARRAY_2D(APUS_FLOAT32, six, 1, 1), answer = APUS_ARRAY_1D(APUS_FLOAT32, expected, 1);
    apus_context *context = NULL;
    apus_model *model = NULL;

    apus_status status = apus_context_create(NULL, &context);
    if (!status) status = apus_fit(context, "linear_regression", NULL, &x, &y, NULL, &model);
    if (!status) status = apus_predict(context, model, APUS_PREDICT, &question, &answer);
    if (status) fprintf(stderr, "%s: %s\n", apus_status_text(status), apus_last_error(context));
    else printf("After six hours: %.1f marks\n", (double)expected[0]);

    apus_model_free(model);
    apus_context_free(context);
    return status != APUS_OK;
}
