import Core

/// Every layer, one line each.
package enum LayerCatalog {
    package static let family = Family<any Layer>(
        "layer",
        [
            InputLayer.entry,
            Dense.entry,
            ActivationLayer.entry,
            Dropout.entry,
            Flatten.entry,
            Reshape.entry,
            BatchNormalization.entry,
            GlobalAveragePooling1D.entry,
            Masking.entry,
            TimeDistributed.entry,
            SimpleRNN.entry,
            LSTM.entry,
            GRU.entry,
            Bidirectional.entry,
            Add.entry,
            Concatenate.entry,
            ActivityRegularization.entry,
            Subtract.entry,
            Multiply.entry,
            Average.entry,
            Maximum.entry,
            Minimum.entry,
            ReLU.entry,
            LeakyReLU.entry,
            ELU.entry,
            Softmax.entry,
            PReLU.entry,
            RepeatVector.entry,
            Permute.entry,
            GaussianNoise.entry,
            LayerNormalization.entry,
            Embedding.entry,
            Conv1D.entry,
            Conv2D.entry,
            Conv1DTranspose.entry,
            Conv2DTranspose.entry,
            DepthwiseConv1D.entry,
            DepthwiseConv2D.entry,
            SeparableConv1D.entry,
            SeparableConv2D.entry,
            MaxPooling1D.entry,
            MaxPooling2D.entry,
            AveragePooling1D.entry,
            AveragePooling2D.entry,
            GlobalMaxPooling1D.entry,
            GlobalMaxPooling2D.entry,
            GlobalAveragePooling2D.entry,
            UpSampling1D.entry,
            UpSampling2D.entry,
            ZeroPadding1D.entry,
            ZeroPadding2D.entry,
            Cropping1D.entry,
            Cropping2D.entry,
            SpatialDropout1D.entry,
            SpatialDropout2D.entry,
            GaussianDropout.entry,
            AlphaDropout.entry,
            GroupNormalization.entry,
            UnitNormalization.entry,
            Rescaling.entry,
            Dot.entry,
            EinsumDense.entry,
            MultiHeadAttention.entry,
            Attention.entry,
            AdditiveAttention.entry,
            Sampling.entry,
            Normalization.entry,
            RMSNormalization.entry,
            MajorityVote.entry,
            IdentityLayer.entry,
        ])

    /// Parameters that every layer has, taken off before the layer's own.
    package static let common = [
        ParameterSpec("name", .nullable(.text), default: .null, "unique in the model; made from the kind when absent"),
        ParameterSpec("trainable", .boolean, default: true, "false freezes the layer's weights"),
    ]

    package static var json: JSON {
        .array(
            family.entries.map { entry in
                [
                    "kind": .string(entry.className), "aliases": .array(entry.aliases.map { .string($0) }),
                    "doc": .string(entry.doc), "parameters": ParameterSpec.json(entry.parameters + common),
                ]
            })
    }
}
