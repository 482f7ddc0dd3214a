// The table of kernels: one per instruction set, filled in Swift (VectorKernels), chosen once per context.
//
// All work on dense float32, those of reductions.h and elementwise.h apart. Pointers need no alignment. Counts are at
// least 0. Inputs may be the output itself (exactly, not shifted) where the operation is elementwise. The order of every
// sum depends on counts alone, so the same data give the same bits; different instruction sets may differ in rounding.
#ifndef APUS_KERNELS_H
#define APUS_KERNELS_H

#include <stdint.h>

#include "elementwise.h"
#include "pictures.h"
#include "reductions.h"

#if defined(__clang__)
#pragma clang assume_nonnull begin
#define APUS_NULLABLE _Nullable
#else
#define APUS_NULLABLE
#endif

// Elementwise activations. The derivative of the first ones follows from their output.
#define APUS_K_LINEAR 0
#define APUS_K_RELU 1
#define APUS_K_LEAKY_RELU 2  // x >= 0 ? x : alpha * x
#define APUS_K_ELU 3         // x > 0 ? x : alpha * (exp(x) - 1)
#define APUS_K_SIGMOID 4
#define APUS_K_TANH 5
#define APUS_K_EXPONENTIAL 6
#define APUS_K_RELU6 7         // min(max(x, 0), 6)
#define APUS_K_SELU 8          // 1.0507... (x > 0 ? x : 1.6732... (exp(x) - 1))
#define APUS_K_CELU 9          // x > 0 ? x : alpha * (exp(x / alpha) - 1)
#define APUS_K_HARD_SIGMOID 10 // min(max(x / 6 + 1/2, 0), 1)
#define APUS_K_SOFTPLUS 11     // ln(1 + exp(x))
#define APUS_K_SOFTSIGN 12     // x / (1 + |x|)
#define APUS_K_LOG_SIGMOID 13  // -ln(1 + exp(-x))
#define APUS_K_HARD_TANH 14    // min(max(x, -1), 1)
// The derivative of these needs their input.
#define APUS_K_GELU 32      // x Phi(x)
#define APUS_K_GELU_TANH 33 // x / 2 (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3)))
#define APUS_K_SILU 34      // x sigmoid(x)
#define APUS_K_MISH 35      // x tanh(ln(1 + exp(x)))
#define APUS_K_HARD_SILU 36 // x hard_sigmoid(x)

typedef struct apus_kernels {
    const char *name;  // "baseline", "v3", "v4"

    // y = activation(x)
    void (*activation)(int32_t code, float alpha, const float *x, float *y, int64_t count);
    // dx = dy * activation'(.), from the output y; of codes below 32
    void (*activation_gradient)(int32_t code, float alpha, const float *y, const float *dy, float *dx, int64_t count);
    // dx = dy * activation'(x), from the input; of codes from 32
    void (*activation_input_gradient)(int32_t code, const float *x, const float *dy, float *dx, int64_t count);
    // y[r, c] = activation(y[r, c] + bias[c]), rows dense; bias may be NULL
    void (*bias_activation)(int32_t code, float alpha, const float *APUS_NULLABLE bias,
                            float *y, int64_t rows, int64_t columns);

    // y = softmax of each row of x; log_sum_exp (may be NULL) receives ln sum exp x of each row
    void (*softmax)(const float *x, float *y, float *APUS_NULLABLE log_sum_exp, int64_t rows, int64_t columns);
    // dx = y * (dy - sum(dy * y)) for each row
    void (*softmax_gradient)(const float *y, const float *dy, float *dx, int64_t rows, int64_t columns);

    // y = x - ln sum exp x of each row; dx = dy - exp(y) sum(dy)
    void (*log_softmax)(const float *x, float *y, int64_t rows, int64_t columns);
    void (*log_softmax_gradient)(const float *y, const float *dy, float *dx, int64_t rows, int64_t columns);

    // y = x >= limit ? limit : x >= threshold ? x : slope * (x - threshold), and its derivative times dy; at a corner
    // the slope is that of Keras: 0 at the limit, the left one at the threshold when it is 0
    void (*rectify)(const float *x, float *y, float slope, float threshold, float limit, int64_t count);
    void (*rectify_gradient)(const float *x, const float *dy, float *dx, float slope, float threshold, float limit,
                             int64_t count);
    // y = x > 0 ? x : slope * x with a slope for each element; from dy, dx and (where not NULL) slope_gradient +=
    void (*prelu)(const float *x, const float *slope, float *y, int64_t count);
    void (*prelu_gradient)(const float *x, const float *slope, const float *dy, float *APUS_NULLABLE dx,
                           float *APUS_NULLABLE slope_gradient, int64_t count);

    // Windows of lines by columns places, line_stride floats from line to line, channels last. The largest element of
    // each channel (a NaN wins) and, where not NULL, the number of its place as a float; backward adds dy there.
    void (*pool_max)(const float *x, int64_t line_stride, int64_t lines, int64_t columns, int64_t channels, float *y,
                     float *APUS_NULLABLE index);
    void (*pool_max_gradient)(const float *dy, const float *index, int64_t line_stride, int64_t lines,
                              int64_t columns, int64_t channels, float *dx);
    // y = scale * sum; backward adds scale * dy to each place.
    void (*pool_sum)(const float *x, int64_t line_stride, int64_t lines, int64_t columns, int64_t channels,
                     float scale, float *y);
    void (*pool_sum_gradient)(const float *dy, int64_t line_stride, int64_t lines, int64_t columns, int64_t channels,
                              float scale, float *dx);
    // y += a * b
    void (*multiply_add)(const float *a, const float *b, float *y, int64_t count);

    // out[c] = sum over rows of x[r * stride + c]; overwrites
    void (*sum_rows)(const float *x, int64_t rows, int64_t columns, int64_t stride, float *out);
    // Rows of columns floats, strides apart. to = from; the rows of `to` do not overlap those of `from`.
    void (*copy_rows)(const float *from, int64_t from_stride, float *to, int64_t to_stride, int64_t rows,
                      int64_t columns);
    // Row by row: sums += values; rows of sums may overlap each other
    void (*add_rows)(const float *values, int64_t value_stride, float *sums, int64_t sum_stride, int64_t rows,
                     int64_t columns);
    // out = a + b
    void (*add)(const float *a, const float *b, float *out, int64_t count);
    // out = a * b
    void (*multiply)(const float *a, const float *b, float *out, int64_t count);
    // y += alpha * x
    void (*axpy)(float alpha, const float *x, float *y, int64_t count);
    // x *= alpha
    void (*scale)(float alpha, float *x, int64_t count);
    // sums in double precision, lane by lane
    double (*sum)(const float *x, int64_t count);
    double (*sum_squares)(const float *x, int64_t count);

    // Losses between prediction p and target t: returns the sum of the elements' losses; where gradient is not NULL
    // it receives gradient_scale * d loss / d p.
    double (*squared_error)(const float *p, const float *t, float *APUS_NULLABLE gradient,
                            float gradient_scale, int64_t count);
    double (*absolute_error)(const float *p, const float *t, float *APUS_NULLABLE gradient,
                             float gradient_scale, int64_t count);
    double (*huber)(const float *p, const float *t, float delta, float *APUS_NULLABLE gradient,
                    float gradient_scale, int64_t count);
    // -t ln p - (1 - t) ln(1 - p), p clipped to [1e-7, 1 - 1e-7]; gradient 0 where clipped
    double (*binary_cross_entropy)(const float *p, const float *t, float *APUS_NULLABLE gradient,
                                   float gradient_scale, int64_t count);
    // the same from logits: max(x, 0) - x t + ln(1 + exp(-|x|)); gradient sigmoid(x) - t
    double (*binary_cross_entropy_logits)(const float *x, const float *t, float *APUS_NULLABLE gradient,
                                          float gradient_scale, int64_t count);

    // Optimizers (Keras's forms). g is not changed.
    // p -= rate * g
    void (*sgd)(float *p, const float *g, float rate, int64_t count);
    // m = momentum * m - rate * g; p += nesterov ? momentum * m - rate * g : m
    void (*momentum)(float *p, const float *g, float *m, float rate, float momentum, int32_t nesterov, int64_t count);
    // m += gain1 (g - m); v += gain2 (g g - v); p -= rate m / (sqrt(v) + epsilon), or with largest, the greatest v so
    // far, in v's place. Here and below, what would be 0 / 0 is 0.
    void (*adam)(float *p, const float *g, float *m, float *v, float *APUS_NULLABLE largest, float rate, float gain1,
                 float gain2, float epsilon, int64_t count);
    // m and v as adam's; p -= (mean_rate m + gradient_rate g) / (root sqrt(v) + epsilon)
    void (*nadam)(float *p, const float *g, float *m, float *v, float mean_rate, float gradient_rate, float gain1,
                  float gain2, float root, float epsilon, int64_t count);
    // m as adam's; u = max(b2 u, |g|); p -= rate m / (u + epsilon)
    void (*adamax)(float *p, const float *g, float *m, float *u, float rate, float gain1, float b2, float epsilon,
                   int64_t count);
    // a += g g; p -= rate g / sqrt(a + epsilon)
    void (*adagrad)(float *p, const float *g, float *a, float rate, float epsilon, int64_t count);
    // v += gain (g g - v); d = sqrt(u + epsilon) / sqrt(v + epsilon) g; u += gain (d d - u); p -= rate d
    void (*adadelta)(float *p, const float *g, float *v, float *u, float rate, float gain, float epsilon,
                     int64_t count);
    // v += gain (g g - v); with mean: mean += gain (g - mean) and s = max(v - mean mean, 0), else s = v;
    // d = rate g / sqrt(s + epsilon); with m: m = momentum m + d; p -= m, else p -= d
    void (*rmsprop)(float *p, const float *g, float *v, float *APUS_NULLABLE mean, float *APUS_NULLABLE m, float rate,
                    float gain, float momentum, float epsilon, int64_t count);
    // b = a + g g; z += g + shrinkage p - (b^power - a^power) / rate p;
    // p = (min(max(z, -l1), l1) - z) / (b^power / rate + l2); a = b. rate > 0, power >= 0.
    void (*ftrl)(float *p, const float *g, float *a, float *z, float rate, float power, float l1, float l2,
                 float shrinkage, int64_t count);
    // p -= rate sign(m + gain1 (g - m)); m += gain2 (g - m)
    void (*lion)(float *p, const float *g, float *m, float rate, float gain1, float gain2, int64_t count);
    // x = min(max(x, -limit), limit)
    void (*clip)(float *x, float limit, int64_t count);
    // a += gain (x - a)
    void (*average)(float *a, const float *x, float gain, int64_t count);

    // y = keep(i) ? x / (1 - rate) : 0, where keep(i) is u(first + i) >= rate and u the uniform of Philox4x32-10 with
    // key `seed` and counter (index / 4, stream), lane index % 4. The same call on dy is the gradient.
    void (*dropout)(const float *x, float *y, int64_t count, float rate, uint64_t seed, uint64_t stream,
                    uint64_t first);

    // One step of recurrent units with sigmoid gates and tanh, on dense rows of gates (4 or 3 times units floats) and
    // of states (units floats), which the products have made but for the bias. An element's result depends on its
    // operands alone.
    //
    // LSTM, gates in the order i, f, g, o: gates become those after their activations; next_cell = f * cell + i * g,
    // kept = tanh(next_cell), next = o * kept.
    void (*lstm_step)(float *gates, const float *bias, const float *cell, float *next_cell, float *kept, float *next,
                      int64_t rows, int64_t units);
    // From the gradients by next and next_cell: gates become the gradients before their activations, cell_gradient that
    // by cell, and gradient 0.
    void (*lstm_step_gradient)(float *gates, const float *kept, const float *cell, float *gradient,
                               float *cell_gradient, int64_t rows, int64_t units);
    // GRU with the reset gate after the product, gates in the order z, r, c: kept += recurrent_bias;
    // c = tanh(. + r * kept), next = z * state + (1 - z) * c.
    void (*gru_step)(float *gates, const float *bias, float *kept, const float *recurrent_bias, const float *state,
                     float *next, int64_t rows, int64_t units);
    // From the gradient by next: gates and kept become the gradients by what the products made, gradient that part of
    // the one by state that passes beside them.
    void (*gru_step_gradient)(float *gates, float *kept, const float *state, float *gradient, int64_t rows,
                              int64_t units);

    // c (m x n) = op(a) op(b) + beta * c, row-major with leading dimensions; beta is 0 (c is not read) or 1. For
    // products too small for a call into OpenBLAS.
    void (*small_product)(int32_t transpose_a, int32_t transpose_b, int64_t m, int64_t n, int64_t k, const float *a,
                          int64_t lda, const float *b, int64_t ldb, float beta, float *c, int64_t ldc);

    // Larger products, in two steps that threads can share: op(b) (k x n) is packed into panels of panel_columns
    // columns, the last one narrower; then any rows are multiplied with any panels, at its best in multiples of
    // tile_rows. Every element is summed in one order that depends on k alone: the bits are the same however rows and
    // panels are cut, and those of direct_product.
    int64_t panel_columns;
    int64_t tile_rows;
    // Packs the panels panel_from to panel_to (exclusive) into their places in `packed`, which has k * (n rounded up
    // to a multiple of 16) floats in all; 64-byte alignment is fastest.
    void (*pack_columns)(int32_t transpose_b, int64_t k, int64_t n, const float *b, int64_t ldb, int64_t panel_from,
                         int64_t panel_to, float *packed);
    // The columns of those panels of c (m x n) = op(a) op(b) + beta * c; beta is 0 (c is not read) or 1. To take rows
    // from r on, pass a and c from there on. Uses 140 KiB of stack.
    void (*packed_product)(int32_t transpose_a, int64_t m, int64_t n, int64_t k, const float *a, int64_t lda,
                           const float *packed, int64_t panel_from, int64_t panel_to, float beta, float *c,
                           int64_t ldc);
    // The same from b as it is, for few rows (up to about 64), which do not repay packing. Uses 140 KiB of stack.
    void (*direct_product)(int32_t transpose_a, int32_t transpose_b, int64_t m, int64_t n, int64_t k, const float *a,
                           int64_t lda, const float *b, int64_t ldb, float beta, float *c, int64_t ldc);

    // The packed product in double precision: `packed` has k * (n rounded up to a multiple of 8) doubles.
    int64_t double_panel_columns;
    void (*pack_double_columns)(int32_t transpose_b, int64_t k, int64_t n, const double *b, int64_t ldb,
                                int64_t panel_from, int64_t panel_to, double *packed);
    void (*packed_double_product)(int32_t transpose_a, int64_t m, int64_t n, int64_t k, const double *a, int64_t lda,
                                  const double *packed, int64_t panel_from, int64_t panel_to, double beta, double *c,
                                  int64_t ldc);

    // One elementwise operation (APUS_OP_...) on rows of float32 or float64; truths are bytes of 0 or 1. Operations
    // without a kernel are left alone, see OperationCatalog. An element's result depends on its operands alone.
    void (*elementwise_float)(int32_t operation, const apus_elements *elements);
    void (*elementwise_double)(int32_t operation, const apus_elements *elements);
    // Of elements of 4 or 8 bytes: a where the byte of c is not 0, else b.
    void (*choose4)(const apus_elements *elements);
    void (*choose8)(const apus_elements *elements);
    // target[c * target_stride + r] = source[r * stride + c], elements of 4 and of 8 bytes; strides in elements.
    void (*transpose4)(const float *source, int64_t stride, int64_t rows, int64_t columns, float *target,
                       int64_t target_stride);
    void (*transpose8)(const double *source, int64_t stride, int64_t rows, int64_t columns, double *target,
                       int64_t target_stride);
    // Reductions of arrays, in double precision.
    apus_reduction_kernels reductions;
    // Winograd's convolution, and normalization of channels.
    apus_winograd_kernels winograd;
    apus_channel_kernels channels;
} apus_kernels;

#if defined(__clang__)
#pragma clang assume_nonnull end
#endif

#endif
