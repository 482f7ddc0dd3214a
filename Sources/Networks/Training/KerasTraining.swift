import Core

/// What Keras keeps of a compiled model's training, written.
extension Trainer {
    /// Keras 2's training_config.
    var trainingConfig: JSON {
        [
            "loss": loss(\.config), "metrics": .null, "weighted_metrics": .null, "loss_weights": .null,
            "optimizer_config": [
                "class_name": .string("Custom>" + optimizer.parameters.kind),
                "config": .object(
                    [(key: "name", value: .string(optimizer.parameters.kind))] + optimizerItems
                        + [(key: "is_legacy_optimizer", value: false)]),
            ],
        ]
    }

    /// Keras 3's compile_config. What is null by default is left out, because not every release knows it.
    var compileConfig: JSON {
        let kind = optimizer.parameters.kind
        let items = optimizerItems.filter { !$0.value.isNull || $0.key == "weight_decay" }
        let weights = measures.lossWeights
        return [
            "optimizer": KerasArchiveConfig.object(
                "keras.optimizers", .string(kind),
                .object([(key: "name", value: .string(snakeCase(kind)))] + items)),
            "loss": loss { loss in
                KerasArchiveConfig.object(
                    "keras.losses", loss.config["class_name"] ?? .null, loss.config["config"] ?? .object([]))
            },
            "loss_weights": weights.allSatisfy { $0 == 1 } ? .null : .array(weights.map { .number($0) }),
            "metrics": .null, "weighted_metrics": .null,
        ]
    }

    private func loss(_ json: (any Loss) -> JSON) -> JSON {
        !measures.hasLoss ? .null : losses.count == 1 ? json(losses[0]) : .array(losses.map(json))
    }

    /// The optimizer's parameters that Keras has, without its name.
    private var optimizerItems: [(key: String, value: JSON)] {
        let own = optimizer.ownNames + UpdateSettings.ownNames + ["learning_rate"]
        return [(key: "learning_rate", value: kerasLearningRate)]
            + optimizer.parameters.values.filter { !own.contains($0.key) }
    }

    private var kerasLearningRate: JSON {
        guard case .schedule(let schedule) = learningRate else { return .number(state.learningRate) }
        return KerasArchiveConfig.object(
            "keras.optimizers.schedules", .string(schedule.parameters.kind), schedule.parameters.json)
    }
}
