/* Expressions through the C interface: values, gradients, Hessian products, formulas, handles, faults. */
#define _POSIX_C_SOURCE 200809L
#include <pthread.h>
#include <unistd.h>

#include "check.h"

static apus_context *context;

static int near(double a, double b) { return fabs(a - b) <= 1e-13 * (1 + fabs(b)); }

static apus_array scalar(double *value)
{
    apus_array array = APUS_ARRAY_INIT;
    array.dtype = APUS_FLOAT64;
    array.data = value;
    return array;
}

static apus_expression *new_expression(void)
{
    apus_expression *expression = NULL;
    OK(context, apus_expression_create(context, &expression));
    return expression;
}

static void rosenbrock_has_exact_derivatives(void)
{
    apus_expression *e = new_expression();
    int32_t x, y, f;
    double at[2] = { -1, 1 }, value = 0, slope[2], along[2] = { 1, 0 }, bend[2];
    apus_array values[2] = { scalar(&at[0]), scalar(&at[1]) }, out = scalar(&value);
    apus_array gradients[2] = { scalar(&slope[0]), scalar(&slope[1]) };
    apus_array directions[2] = { scalar(&along[0]), scalar(&along[1]) };
    apus_array products[2] = { scalar(&bend[0]), scalar(&bend[1]) };
    char text[64];
    size_t needed = 0;

    OK(context, apus_expression_variable(context, e, "x", NULL, 0, &x));
    OK(context, apus_expression_variable(context, e, "y", NULL, 0, &y));
    OK(context, apus_expression_parse(context, e, "100 * (y - x^2)^2 + (1 - x)^2", &f));
    OK(context, apus_expression_evaluate(context, e, f, values, 2, &out));
    CHECK(value == 4);
    OK(context, apus_expression_gradient(context, e, f, values, 2, NULL, &out, gradients, 2));
    CHECK(value == 4 && slope[0] == -4 && slope[1] == 0);
    OK(context, apus_expression_hessian_product(context, e, f, values, 2, directions, products, 2));
    CHECK(bend[0] == 1200 - 400 + 2 && bend[1] == 400);
    /* What is not wanted is not written. */
    slope[0] = slope[1] = 42;
    gradients[0].data = NULL;
    OK(context, apus_expression_gradient(context, e, f, values, 2, NULL, NULL, gradients, 2));
    CHECK(slope[0] == 42 && slope[1] == 0);
    directions[1].data = NULL;
    products[0].data = NULL;
    OK(context, apus_expression_hessian_product(context, e, f, values, 2, directions, products, 2));
    CHECK(bend[1] == 400);
    OK(context, apus_expression_text(context, e, f, text, sizeof text, &needed));
    CHECK(strcmp(text, "100 * (y - x^2)^2 + (1 - x)^2") == 0 && needed == strlen(text) + 1);
    FAILS(context, APUS_E_BUFFER_TOO_SMALL, apus_expression_text(context, e, f, text, 3, &needed));
    OK(context, apus_expression_text(context, e, f, NULL, 0, &needed));
    apus_expression_free(e);
}

static void arrays_broadcast_and_multiply(void)
{
    apus_expression *e = new_expression();
    int32_t w, v, b, inputs[2], product, sum, total;
    const int64_t matrix[2] = { 2, 3 }, vector[1] = { 3 };
    double ws[6] = { 1, 2, 3, 4, 5, 6 }, vs[3] = { 1, 0, -1 }, bs[1] = { 10 }, out[2], gw[6], gv[3], gb[1];
    float narrow[3];
    double seed[2] = { 1, 10 };
    apus_array values[3] = { APUS_ARRAY_2D(APUS_FLOAT64, ws, 2, 3), APUS_ARRAY_1D(APUS_FLOAT64, vs, 3), scalar(bs) };
    apus_array gradients[3] = { APUS_ARRAY_2D(APUS_FLOAT64, gw, 2, 3), APUS_ARRAY_1D(APUS_FLOAT64, gv, 3), scalar(gb) };
    apus_array result = APUS_ARRAY_1D(APUS_FLOAT64, out, 2), left = APUS_ARRAY_1D(APUS_FLOAT64, seed, 2);
    apus_array shape = APUS_ARRAY_INIT;

    OK(context, apus_expression_variable(context, e, "W", matrix, 2, &w));
    OK(context, apus_expression_variable(context, e, "v", vector, 1, &v));
    OK(context, apus_expression_variable(context, e, "b", NULL, 0, &b));
    inputs[0] = w;
    inputs[1] = v;
    OK(context, apus_expression_apply(context, e, "matmul", inputs, 2, NULL, &product));
    inputs[0] = product;
    inputs[1] = b;
    OK(context, apus_expression_apply(context, e, "add", inputs, 2, "", &sum));
    OK(context, apus_expression_apply(context, e, "mean", &sum, 1, "keepdims=true", &total));
    OK(context, apus_expression_shape(context, e, total, &shape));
    CHECK(shape.ndim == 1 && shape.shape[0] == 1 && shape.dtype == APUS_FLOAT64);
    OK(context, apus_expression_evaluate(context, e, sum, values, 3, &result));
    CHECK(out[0] == 8 && out[1] == 8);
    OK(context, apus_expression_gradient(context, e, sum, values, 3, &left, NULL, gradients, 3));
    CHECK(gv[0] == 41 && gv[1] == 52 && gv[2] == 63 && gb[0] == 11 && gw[0] == 1 && gw[3] == 10 && gw[5] == -10);
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "output_gradient",
                 apus_expression_gradient(context, e, sum, values, 3, NULL, NULL, gradients, 3));
    OK(context, apus_expression_gradient(context, e, total, values, 3, NULL, NULL, gradients, 3));
    CHECK(gb[0] == 1 && gv[0] == 2.5);
    gradients[1] = (apus_array)APUS_ARRAY_1D(APUS_FLOAT32, narrow, 3);
    OK(context, apus_expression_gradient(context, e, total, values, 3, NULL, NULL, gradients, 3));
    CHECK(narrow[0] == 2.5f);
    FAILS_NAMING(context, APUS_E_SHAPE, "one element",
                 apus_expression_hessian_product(context, e, sum, values, 3, values, gradients, 3));

    values[1].shape[0] = 2;
    FAILS_NAMING(context, APUS_E_SHAPE, "values[1] (v)", apus_expression_evaluate(context, e, sum, values, 3, &result));
    values[1].shape[0] = 3;
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "n_values", apus_expression_evaluate(context, e, sum, values, 2, &result));
    FAILS_NAMING(context, APUS_E_SHAPE, "out", apus_expression_evaluate(context, e, total, values, 3, &result));
    apus_expression_free(e);
}

static void faults_are_named(void)
{
    apus_expression *e = new_expression();
    int32_t node = 42, inputs[2] = { 0, 7 };
    const int64_t bad[2] = { 3, -1 };
    double number = 3;
    apus_array value = scalar(&number), none = APUS_ARRAY_INIT;
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "name", apus_expression_variable(context, e, "2x", NULL, 0, &node));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "name", apus_expression_variable(context, e, "", NULL, 0, &node));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "name", apus_expression_variable(context, e, NULL, NULL, 0, &node));
    FAILS_NAMING(context, APUS_E_SHAPE, "shape[1]", apus_expression_variable(context, e, "x", bad, 2, &node));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "shape", apus_expression_variable(context, e, "x", NULL, 2, &node));
    FAILS_NAMING(context, APUS_E_SHAPE, "ndim", apus_expression_variable(context, e, "x", bad, 9, &node));
    OK(context, apus_expression_variable(context, e, "x", NULL, 0, &inputs[0]));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "already", apus_expression_variable(context, e, "x", NULL, 0, &node));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "node", apus_expression_apply(context, e, "add", inputs, 2, NULL, &node));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "sine", apus_expression_apply(context, e, "sine", inputs, 1, NULL, &node));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "operands", apus_expression_apply(context, e, "add", inputs, 1, NULL, &node));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "n_inputs", apus_expression_apply(context, e, "add", inputs, 0, NULL, &node));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "n_inputs", apus_expression_apply(context, e, "add", inputs, -7, NULL, &node));
    FAILS(context, APUS_E_LIMIT, apus_expression_apply(context, e, "concatenate", inputs, INT32_MAX, NULL, &node));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "axis", apus_expression_apply(context, e, "sum", inputs, 1, "axis=0", &node));
    FAILS_NAMING(context, APUS_E_SHAPE, "axes", apus_expression_apply(context, e, "sum", inputs, 1, "axes=[0]", &node));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "column 5", apus_expression_parse(context, e, "x + $", &node));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "UTF-8", apus_expression_parse(context, e, "x + \xff", &node));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "node", apus_expression_shape(context, e, -1, &value));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "node", apus_expression_shape(context, e, 1, &value));
    FAILS(context, APUS_E_DTYPE, apus_expression_constant(context, e, &none, &node));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "expression", apus_expression_parse(context, NULL, "x", &node));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "formula", apus_expression_parse(context, e, NULL, &node));
    FAILS_NAMING(context, APUS_E_INVALID_ARGUMENT, "node", apus_expression_parse(context, e, "x", NULL));
    CHECK(node == 42);
    OK(context, apus_expression_constant(context, e, &value, &node));
    CHECK(node == 1); /* nothing above has left a node behind */
    apus_expression_free(e);
    apus_expression_free(NULL);
}

static void hostile_formulas_are_refused(void)
{
    static const char *const pieces[] = { "(", "-", "x^", "sin(", "[", "sum(x, axes=[", "x)", "1e", "x,", "\t" };
    enum { LENGTH = 2000000 };
    char *text = malloc(LENGTH + 1);
    apus_expression *e = new_expression();
    int32_t node;
    OK(context, apus_expression_variable(context, e, "x", NULL, 0, &node));
    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
        for (size_t length = 10; length <= LENGTH; length *= 10) {
            const size_t size = strlen(pieces[i]);
            for (size_t k = 0; k < length; k++) text[k] = pieces[i][k % size];
            text[length] = 0;
            CHECK(apus_expression_parse(context, e, text, &node) != APUS_OK);
        }
    }
    /* Random formulas: refused or made, never a crash. */
    static const char alphabet[] = "xy12.e+-*/^@()[],=<>! sincoum";
    uint64_t draw = 0;
    for (int round = 0; round < 20000; round++) {
        const int length = (int)(30 * spread(draw++));
        for (int k = 0; k < length; k++) text[k] = alphabet[(size_t)(spread(draw++) * (sizeof alphabet - 1))];
        text[length] = 0;
        if (apus_expression_parse(context, e, text, &node) == APUS_OK) {
            double at = 0.5, out[64];
            apus_array value = scalar(&at), result = APUS_ARRAY_INIT;
            OK(context, apus_expression_shape(context, e, node, &result));
            result.data = out;
            int64_t count = 1;
            for (int d = 0; d < result.ndim; d++) count *= result.shape[d];
            if (count <= 64) OK(context, apus_expression_evaluate(context, e, node, &value, 1, &result));
        }
    }
    free(text);
    apus_expression_free(e);
}

typedef struct worker {
    apus_expression *expression;
    int32_t node;
    int busy, done, wrong;
} worker;

static void *evaluate_often(void *user)
{
    worker *w = user;
    apus_context *own = new_context(1, NULL);
    double x = 2, out = 0;
    apus_array value = scalar(&x), result = scalar(&out);
    for (int i = 0; i < 2000; i++) {
        const apus_status status = apus_expression_evaluate(own, w->expression, w->node, &value, 1, &result);
        if (status == APUS_OK) w->done++, w->wrong += out != 1024;
        else if (status == APUS_E_BUSY) w->busy++;
        else w->wrong++;
    }
    apus_context_free(own);
    return NULL;
}

static void one_thread_at_a_time_uses_an_expression(void)
{
    apus_expression *e = new_expression();
    pthread_t threads[4];
    worker workers[4];
    int32_t node;
    OK(context, apus_expression_variable(context, e, "x", NULL, 0, &node));
    OK(context, apus_expression_parse(context, e, "x*x*x*x*x*x*x*x*x*x", &node));
    for (int i = 0; i < 4; i++) {
        workers[i] = (worker){ e, node, 0, 0, 0 };
        pthread_create(&threads[i], NULL, evaluate_often, &workers[i]);
    }
    int done = 0;
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
        CHECK(workers[i].wrong == 0 && workers[i].done + workers[i].busy == 2000);
        done += workers[i].done;
    }
    CHECK(done > 0);
    apus_expression_free(e);
}

/* d/dv0 of sum(softmax(v) * [1, 2, 3]) */
static double softmax_slope(const double *v)
{
    double p[3], total = 0, mean = 0;
    for (int i = 0; i < 3; i++) total += p[i] = exp(v[i] - v[2]);
    for (int i = 0; i < 3; i++) mean += (i + 1) * (p[i] /= total);
    return p[0] * (1 - mean);
}

static void an_expression_outlives_its_context_and_memory_failures(void)
{
    counting c;
    counting_init(&c);
    apus_context *own = new_context(1, &c.allocator);
    apus_expression *e = NULL;
    int32_t node;
    const int64_t shape[1] = { 3 };
    double v[3] = { 1, 2, 3 }, g[3], ones[3] = { 1, 1, 1 };
    apus_array value = APUS_ARRAY_1D(APUS_FLOAT64, v, 3), gradient = APUS_ARRAY_1D(APUS_FLOAT64, g, 3);
    apus_array direction = APUS_ARRAY_1D(APUS_FLOAT64, ones, 3);
    OK(own, apus_expression_create(own, &e));
    OK(own, apus_expression_variable(own, e, "v", shape, 1, &node));
    OK(own, apus_expression_parse(own, e, "logsumexp(2 * v) + product(v) + sum(softmax(v) * [1, 2, 3])", &node));
    const int64_t live = c.live;
    for (int64_t at = 1; at < 30; at++) {
        c.calls = 0;
        c.refuse_at = at;
        apus_status status = apus_expression_gradient(own, e, node, &value, 1, NULL, NULL, &gradient, 1);
        CHECK(status == APUS_OK || status == APUS_E_OUT_OF_MEMORY);
        c.calls = 0;
        status = apus_expression_hessian_product(own, e, node, &value, 1, &direction, &gradient, 1);
        CHECK(status == APUS_OK || status == APUS_E_OUT_OF_MEMORY);
        CHECK(c.live == live);
    }
    c.refuse_at = 0;
    apus_context_free(own);
    OK(context, apus_expression_gradient(context, e, node, &value, 1, NULL, NULL, &gradient, 1));
    CHECK(near(g[0], 2 * exp(2.0) / (exp(2.0) + exp(4.0) + exp(6.0)) + 6 + softmax_slope(v)));
    apus_expression_free(e);
    CHECK(c.live == 0 && c.mismatches == 0 && c.refused > 5);
}

int main(void)
{
    BEGIN("expressions");
    context = new_context(1, NULL);
    RUN(rosenbrock_has_exact_derivatives);
    RUN(arrays_broadcast_and_multiply);
    RUN(faults_are_named);
    RUN(hostile_formulas_are_refused);
    RUN(one_thread_at_a_time_uses_an_expression);
    RUN(an_expression_outlives_its_context_and_memory_failures);
    apus_context_free(context);
    return END();
}
