/* A formula over a scalar, a vector and a matrix: its text, value and gradient. The text must give the same shape. */
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    apus_context *context = fuzz_context();
    static double s = 0.5, v[3] = { 1, -2, 3 }, w[9] = { 1, 2, 3, 4, 5, 6, 7, 8, -9 };
    const int64_t shape[2] = { 3, 3 };
    char *formula = fuzz_text(data, size);
    apus_expression *expression = NULL;
    int32_t node = 0, again = 0;
    size_t needed = 0;

    fuzz_judge(apus_expression_create(context, &expression));
    fuzz_judge(apus_expression_variable(context, expression, "s", NULL, 0, &node));
    fuzz_judge(apus_expression_variable(context, expression, "v", shape, 1, &node));
    fuzz_judge(apus_expression_variable(context, expression, "W", shape, 2, &node));
    const apus_status status = apus_expression_parse(context, expression, formula, &node);
    fuzz_judge_arguments(status);
    if (status == APUS_OK) {
        apus_array out = APUS_ARRAY_INIT, other = APUS_ARRAY_INIT, values[3], gradients[3];
        double gradient[13];
        values[0] = (apus_array)APUS_ARRAY_INIT;
        values[0].dtype = APUS_FLOAT64;
        values[0].data = &s;
        values[1] = (apus_array)APUS_ARRAY_1D(APUS_FLOAT64, v, 3);
        values[2] = (apus_array)APUS_ARRAY_2D(APUS_FLOAT64, w, 3, 3);
        memcpy(gradients, values, sizeof values);
        gradients[0].data = gradient;
        gradients[1].data = gradient + 1;
        gradients[2].data = gradient + 4;
        fuzz_judge(apus_expression_shape(context, expression, node, &out));
        if (apus_expression_text(context, expression, node, NULL, 0, &needed) == APUS_OK && needed < 9000) {
            char *text = malloc(needed);
            if (!text) abort();
            fuzz_judge(apus_expression_text(context, expression, node, text, needed, &needed));
            fuzz_judge(apus_expression_parse(context, expression, text, &again));
            fuzz_judge(apus_expression_shape(context, expression, again, &other));
            if (out.ndim != other.ndim || memcmp(out.shape, other.shape, sizeof out.shape) != 0) {
                fprintf(stderr, "finding: '%s' has another shape\n", text);
                abort();
            }
            free(text);
        }
        size_t count = 1;
        for (int32_t i = 0; i < out.ndim; i++) count *= (size_t)out.shape[i];
        if (count <= 1000) {
            double *value = malloc((count + 1) * sizeof *value);
            if (!value) abort();
            out.dtype = APUS_FLOAT64;
            out.data = value;
            fuzz_judge_arguments(apus_expression_evaluate(context, expression, node, values, 3, &out));
            free(value);
            if (count == 1)
                fuzz_judge_arguments(
                    apus_expression_gradient(context, expression, node, values, 3, NULL, NULL, gradients, 3));
        }
    }
    apus_expression_free(expression);
    free(formula);
    return 0;
}
