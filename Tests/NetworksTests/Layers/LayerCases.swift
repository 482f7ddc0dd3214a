extension LayerCase {
    /// The cases of every layer, one line each. A layer of the catalog without a case fails `everyLayerIsCovered`.
    static let all: [LayerCase] =
        dense + activation + dropout + flatten
        + reshape
        + batchNormalization
        + globalAveragePooling1D
        + masking
        + timeDistributed
        + add
        + concatenate
        + activityRegularization
        + simpleRNN + lstm + gru
        + bidirectional
        + merging
        + rectifiers
        + shaping
        + layerNormalization
        + embedding
        + convolution
        + transposedConvolution
        + depthwiseConvolution
        + separableConvolution
        + pooling
        + globalPooling
        + resampling
        + framing
        + noise
        + groupNormalization
        + unitNormalization
        + rescaling
        + dot
        + einsumDense
        + attention
        + multiHeadAttention
        + sampling
        + normalization
        + rmsNormalization
        + majorityVote
        + identity
}
