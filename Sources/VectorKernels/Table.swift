import CVector

/// The kernels as compiled for this module's instruction set.
@inline(never)
package func kernelTable() -> apus_kernels {
    apus_kernels(
        name: apus_compiled_isa_name(),
        activation: activation, activation_gradient: activationGradient,
        activation_input_gradient: activationInputGradient, bias_activation: biasActivation,
        softmax: softmax, softmax_gradient: softmaxGradient,
        log_softmax: logSoftmax, log_softmax_gradient: logSoftmaxGradient,
        rectify: rectify, rectify_gradient: rectifyGradient, prelu: prelu, prelu_gradient: preluGradient,
        pool_max: poolMax, pool_max_gradient: poolMaxGradient, pool_sum: poolSum,
        pool_sum_gradient: poolSumGradient, multiply_add: multiplyAdd,
        sum_rows: sumRows, copy_rows: copyRows, add_rows: addRows, add: add, multiply: multiply, axpy: axpy, scale: scale, sum: sum,
        sum_squares: sumSquares,
        squared_error: squaredError, absolute_error: absoluteError, huber: huber,
        binary_cross_entropy: binaryCrossEntropy, binary_cross_entropy_logits: binaryCrossEntropyLogits,
        sgd: sgd, momentum: momentum, adam: adam, nadam: nadam, adamax: adamax, adagrad: adagrad, adadelta: adadelta,
        rmsprop: rmsprop, ftrl: ftrl, lion: lion, clip: clip, average: movingAverage,
        dropout: dropout,
        lstm_step: lstmStep, lstm_step_gradient: lstmStepGradient, gru_step: gruStep,
        gru_step_gradient: gruStepGradient,
        small_product: smallProduct,
        panel_columns: Int64(truncatingIfNeeded: panelColumns), tile_rows: Int64(truncatingIfNeeded: tileRows),
        pack_columns: packColumns, packed_product: packedProduct, direct_product: directProduct,
        double_panel_columns: Int64(truncatingIfNeeded: doublePanelColumns), pack_double_columns: packDoubleColumns,
        packed_double_product: packedDoubleProduct,
        elementwise_float: elementwiseFloat, elementwise_double: elementwiseDouble, choose4: choose4, choose8: choose8,
        transpose4: transpose4, transpose8: transpose8,
        reductions: reductionKernels(), winograd: winogradKernels(), channels: channelKernels())
}
