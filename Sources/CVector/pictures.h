// Kernels for pictures, channels last: Winograd's convolution, and statistics and scaling of channels.
#ifndef APUS_PICTURES_H
#define APUS_PICTURES_H

#include <stdint.h>

#if defined(__clang__)
#pragma clang assume_nonnull begin
#endif

// Winograd's F(4 x 4, 3 x 3): four by four outputs of a window of three by three from 36 products for each pair of
// channels. Elements of a transformed tile lie `distance` floats apart. `room` is 36 x 16 floats of working memory.
typedef struct apus_winograd_kernels {
    // Of six by six places, x being the first, those within the lines and columns given; the others count as 0.
    // Places are `channels` floats apart, lines `line` floats.
    void (*source)(const float *x, int64_t line, int64_t channels, int64_t line_from, int64_t line_to,
                   int64_t column_from, int64_t column_to, float *room, float *tile, int64_t distance);
    // Rows `from` to `to` (sources) of the nine taps, each inner x outer, into 36 packed factors of a product.
    void (*kernel)(const float *taps, int64_t inner, int64_t outer, int64_t from, int64_t to, float *room,
                   float *packed, int64_t distance);
    // From the products to the first `lines` by `columns` places of the four by four at y.
    void (*output)(const float *tile, int64_t distance, float *room, float *y, int64_t line, int64_t channels,
                   int64_t lines, int64_t columns);
    // The transpose of output: row `row` of 36 packed factors of `rows` rows.
    void (*output_gradient)(const float *dy, int64_t line, int64_t channels, int64_t lines, int64_t columns,
                            float *room, float *packed, int64_t distance, int64_t row, int64_t rows);
    // The transpose of kernel: nine taps, `count` floats apart, of elements `from` to `to`; sets or adds.
    void (*kernel_gradient)(const float *sums, int64_t distance, int64_t from, int64_t to, float *room, float *taps,
                            int64_t count, int32_t accumulates);
} apus_winograd_kernels;

// Rows of so many columns, dense; each column has a mean of its own and so on.
typedef struct apus_channel_kernels {
    // out[c] = sum over rows of (x - mean[c])^2
    void (*sum_squares)(const float *x, const float *mean, int64_t rows, int64_t columns, float *out);
    // sums[c] = sum over rows of dy, products[c] = sum over rows of dy (x - mean[c])
    void (*sum_gradients)(const float *x, const float *dy, const float *mean, int64_t rows, int64_t columns,
                          float *sums, float *products);
    // y = (x - mean[c]) factor[c] + shift[c]
    void (*normalize)(const float *x, const float *mean, const float *factor, const float *shift, float *y,
                      int64_t rows, int64_t columns);
    // dx = dy factor[c] + (x - mean[c]) slope[c] + shift[c]
    void (*normalize_gradient)(const float *x, const float *dy, const float *mean, const float *factor,
                               const float *slope, const float *shift, float *dx, int64_t rows, int64_t columns);
} apus_channel_kernels;

#if defined(__clang__)
#pragma clang assume_nonnull end
#endif

#endif
