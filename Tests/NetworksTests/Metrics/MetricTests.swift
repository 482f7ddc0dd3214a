import Core
import Networks
import Testing

/// Metrics on tables small enough to count by hand, and what holds for every one.
struct MetricTests {
    /// The results of a metric on rows given in batches of `batch`.
    private func measure(
        _ text: String, _ targets: Tensor, _ outputs: Tensor, weights: Tensor? = nil, batch: Int? = nil,
        in context: Context
    ) throws -> [Double] {
        defer { withExtendedLifetime((targets, outputs, weights)) {} }
        let json: JSON = text.hasPrefix("{") ? try JSONParser.parse(text) : .string(text)
        let metric = try MetricAccumulator(json, in: context.allocator)
        let rows = outputs.view.rows
        var start = 0
        while start < rows {
            let count = min(batch ?? rows, rows - start)
            try metric.update(
                targets: targets.view.rows(start, count), outputs: outputs.view.rows(start, count),
                weights: weights?.view.rows(start, count), in: context)
            start += count
        }
        let result = try metric.result()
        return (0..<result.count).map { result.doubles[$0] }
    }

    private func config(_ name: String, _ config: String) -> String {
        "{\"class_name\": \"\(name)\", \"config\": \(config)}"
    }

    @Test func countsAtThresholds() throws {
        let context = try Fixtures.context()
        let y = try Fixtures.tensor([0, 0, 1, 1, 1], [5], in: context)
        let p = try Fixtures.tensor([0.1, 0.6, 0.4, 0.8, 0.9], [5], in: context)
        let weight = try Fixtures.tensor([1, 2, 3, 4, 5], [5], in: context)
        #expect(try measure("true_positives", y, p, in: context) == [2])
        #expect(try measure("false_positives", y, p, in: context) == [1])
        #expect(try measure("true_negatives", y, p, in: context) == [1])
        #expect(try measure("false_negatives", y, p, in: context) == [1])
        #expect(try measure("precision", y, p, weights: weight, in: context) == [9.0 / 11])
        #expect(try measure("recall", y, p, weights: weight, in: context) == [9.0 / 12])
        #expect(
            try measure(config("Precision", "{\"thresholds\": [0.3, 0.85]}"), y, p, in: context) == [3.0 / 4, 1])
        let columns = (
            try Fixtures.tensor(y.floatArray, [5, 1], in: context),
            try Fixtures.tensor(p.floatArray, [5, 1], in: context)
        )
        let score = try measure(config("F1Score", "{\"threshold\": 0.5}"), columns.0, columns.1, in: context)
        #expect(abs(score[0] - 2.0 / 3) < 1e-6)
    }

    /// Of 6 pairs of a positive and a negative, 5 are in order.
    @Test func areaUnderTheCurveIsTheShareOfPairsInOrder() throws {
        let context = try Fixtures.context()
        let y = try Fixtures.tensor([0, 0, 1, 1, 1], [5], in: context)
        let p = try Fixtures.tensor([0.1, 0.6, 0.4, 0.8, 0.9], [5], in: context)
        #expect(abs(try measure("auc", y, p, in: context)[0] - 5.0 / 6) < 1e-12)
    }

    @Test func topKCountsWhatIsAbove() throws {
        let context = try Fixtures.context()
        let y = try Fixtures.labels([200], classes: 7, seed: 3, in: context)
        let p = try Fixtures.normals([200, 7], seed: 4, in: context)
        let values = p.floatArray
        for k in [1, 3, 7] {
            var right = 0
            for row in 0..<200 {
                let label = values[row * 7 + Int(y.int64s[row])]
                if values[row * 7..<row * 7 + 7].filter({ $0 > label }).count < k { right += 1 }
            }
            let name = config("SparseTopKCategoricalAccuracy", "{\"k\": \(k)}")
            #expect(try measure(name, y, p, in: context) == [Double(right) / 200])
        }
    }

    /// Sums of squares far from 0 lose nothing.
    @Test func r2OfTargetsFarFromZeroIsThatOfTheirDeviations() throws {
        let context = try Fixtures.context()
        let noise = try Fixtures.normals([100, 1], seed: 5, in: context)
        let near = try Fixtures.tensor(noise.floatArray.map { ($0 * 8).rounded() }, [100, 1], in: context)
        let off = try Fixtures.tensor(near.floatArray.map { $0 + 1 }, [100, 1], in: context)
        let far = try Fixtures.tensor(near.floatArray.map { $0 + 4_000_000 }, [100, 1], in: context)
        let farOff = try Fixtures.tensor(far.floatArray.map { $0 + 1 }, [100, 1], in: context)
        let expected = try measure("r2_score", near, off, in: context)[0]
        #expect(abs(try measure("r2_score", far, farOff, in: context)[0] - expected) < 1e-9)
    }

    @Test func aClassThatNobodyHasDoesNotCountInTheMean() throws {
        let context = try Fixtures.context()
        let y = try Fixtures.tensor([0, 0, 1, 1], [4], in: context)
        let p = try Fixtures.tensor([0, 1, 1, 1], [4], in: context)
        let result = try measure(config("MeanIoU", "{\"num_classes\": 9}"), y, p, in: context)[0]
        #expect(abs(result - (0.5 + 2.0 / 3) / 2) < 1e-6)
    }

    private static let everyOne: [(String, String)] = [
        ("Accuracy", "{}"), ("BinaryAccuracy", "{}"), ("CategoricalAccuracy", "{}"),
        ("TopKCategoricalAccuracy", "{\"k\": 2}"), ("TruePositives", "{}"), ("FalsePositives", "{}"),
        ("TrueNegatives", "{}"), ("FalseNegatives", "{}"), ("Precision", "{\"top_k\": 2}"),
        ("Recall", "{\"thresholds\": [0.1, 0.7]}"), ("FBetaScore", "{}"), ("F1Score", "{\"average\": \"micro\"}"),
        ("AUC", "{}"), ("SensitivityAtSpecificity", "{\"specificity\": 0.4}"),
        ("SpecificityAtSensitivity", "{\"sensitivity\": 0.4}"), ("PrecisionAtRecall", "{\"recall\": 0.4}"),
        ("RecallAtPrecision", "{\"precision\": 0.4}"), ("MeanSquaredError", "{}"), ("MeanAbsoluteError", "{}"),
        ("MeanAbsolutePercentageError", "{}"), ("MeanSquaredLogarithmicError", "{}"), ("RootMeanSquaredError", "{}"),
        ("R2Score", "{}"), ("CosineSimilarity", "{}"), ("LogCoshError", "{}"), ("Hinge", "{}"), ("SquaredHinge", "{}"),
        ("CategoricalHinge", "{}"), ("KLDivergence", "{}"), ("Poisson", "{}"), ("BinaryCrossentropy", "{}"),
        ("CategoricalCrossentropy", "{}"), ("OneHotIoU", "{\"num_classes\": 4, \"target_class_ids\": [1]}"),
        ("OneHotMeanIoU", "{\"num_classes\": 4}"), ("BinaryIoU", "{}"), ("ConfusionMatrix", "{}"),
        ("PearsonCorrelation", "{}"), ("ConcordanceCorrelation", "{}"),
        ("SparseCategoricalAccuracy", "{}"), ("SparseTopKCategoricalAccuracy", "{\"k\": 2}"),
        ("SparseCategoricalCrossentropy", "{}"), ("Perplexity", "{}"),
        ("IoU", "{\"num_classes\": 4, \"target_class_ids\": [1], \"sparse_y_pred\": false}"),
        ("MeanIoU", "{\"num_classes\": 4, \"sparse_y_pred\": false}"),
    ]

    @Test func everyMetricIsTried() {
        #expect(Set(MetricCatalog.family.entries.map(\.className)) == Set(Self.everyOne.map(\.0)))
    }

    /// Batches of any size give the same as all rows at once; a weight of 2 is a row that is there twice, one of 0 is
    /// none; the same bits for any number of threads.
    @Test(arguments: everyOne) func batchesWeightsAndThreads(_ item: (name: String, config: String)) throws {
        let sparse: Set = [
            "SparseCategoricalAccuracy", "SparseTopKCategoricalAccuracy", "SparseCategoricalCrossentropy",
            "Perplexity", "IoU", "MeanIoU",
        ]
        let context = try Fixtures.context(threads: 1)
        let rows = 57
        let p = try Fixtures.normals([rows, 4], seed: 1, in: context)
        for index in 0..<p.count { p.floats[index] = 1 / (1 + p.floats[index] * p.floats[index]) }
        let labels = try Fixtures.labels([rows], classes: 4, seed: 2, in: context)
        let oneHot = try Fixtures.tensor(
            (0..<rows * 4).map { Int64($0 % 4) == labels.int64s[$0 / 4] ? 1 : 0 }, [rows, 4], in: context)
        let y = sparse.contains(item.name) ? labels : oneHot
        let text = config(item.name, item.config)
        let all = try measure(text, y, p, in: context)
        #expect(all.allSatisfy { $0.isFinite })
        for batch in [1, 16] {
            let parts = try measure(text, y, p, batch: batch, in: context)
            #expect(zip(all, parts).allSatisfy { abs($0 - $1) <= 1e-6 * max(1, abs($0)) })
        }
        for threads in [2, 8] {
            #expect(try measure(text, y, p, in: Fixtures.context(threads: threads)) == all)
        }
        // Rows 0, 3, 6, ... weigh 0, rows 1, 4, ... 1, rows 2, 5, ... 2.
        let order = (0..<rows).flatMap { Array(repeating: $0, count: $0 % 3) }
        let weights = try Fixtures.tensor((0..<rows).map { Float($0 % 3) }, [rows], in: context)
        let repeatedP = try Fixtures.tensor(
            order.flatMap { row in (0..<4).map { p.floats[row * 4 + $0] } }, [order.count, 4], in: context)
        let repeatedY: Tensor
        if sparse.contains(item.name) {
            repeatedY = try Tensor(.int64, Shape(order.count), in: context.allocator)
            for (place, row) in order.enumerated() { repeatedY.int64s[place] = labels.int64s[row] }
        } else {
            repeatedY = try Fixtures.tensor(
                order.flatMap { row in (0..<4).map { oneHot.floats[row * 4 + $0] } }, [order.count, 4], in: context)
        }
        let weighted = try measure(text, y, p, weights: weights, in: context)
        let counted = try measure(text, repeatedY, repeatedP, in: context)
        #expect(zip(weighted, counted).allSatisfy { abs($0 - $1) <= 1e-6 * max(1, abs($0)) })
    }
}
