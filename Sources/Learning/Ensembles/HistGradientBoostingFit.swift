import Core
import Glibc

/// One fit of gradient boosting.
struct HistGradientBoostingFit {
    let input: FitInput
    let loss: BoostingLoss
    /// Values, or class numbers.
    let y: Buffer<Double>
    let weights: Buffer<Double>?
    let classes: Int
    private let context: Context
    private let parameters: Parameters
    private let random: TreeRandom
    private let rate: Double

    init(_ input: FitInput, _ loss: BoostingLoss, _ y: Buffer<Double>, _ weights: Buffer<Double>?, classes: Int) {
        self.input = input
        self.loss = loss
        self.y = y
        self.weights = weights
        self.classes = classes
        context = input.context
        parameters = input.parameters
        random = TreeRandom(input.parameters, input.context)
        rate = input.parameters.real("learning_rate")
    }

    /// Runs all iterations. The callback may stop it and keep what there is.
    func run(_ labels: ClassLabels?) throws(ApusError) -> any FittedModel {
        let columns = input.x.shape[1]
        let allocator = context.allocator
        for name in ["max_features", "subsample"] where parameters.real(name) <= 0 {
            throw .parameter(name, of: parameters.kind, mustBe: "a number in (0, 1]", got: "\(parameters.real(name))")
        }
        let categorical = try categoricalColumns(columns)
        let search = BoostingSplitSearch(
            leastInLeaf: Double(parameters.integer("min_samples_leaf")), l2: parameters.real("l2_regularization"),
            monotonic: try DecisionTree.monotonic(parameters, columns, classes: classes))
        var limits = BoostingTreeGrower.Limits()
        limits.leaves = parameters["max_leaf_nodes"].integerValue ?? Int.max
        limits.depth = parameters["max_depth"].integerValue ?? Int.max
        limits.leastInLeaf = parameters.integer("min_samples_leaf")
        limits.features = max(1, Int((parameters.real("max_features") * Double(columns)).rounded(.up)))
        limits.interactions = try interactions(columns)
        let thresholds = try BinThresholds(
            input.x, most: parameters.integer("max_bins"), categorical: categorical, random.part(-1),
            kind: parameters.kind, in: context)
        try requireCategories(thresholds)
        let binned = try BinnedColumns(input.x, thresholds, in: context)
        let grower = try BoostingTreeGrower(binned, thresholds, limits, search, in: context)
        let rows = binned.rows
        let outputs = loss.outputs
        let share = try stopsEarly(rows) ? parameters.real("validation_fraction") : 0
        let sets = try Rows(rows, heldBack: share, random.part(-2), in: allocator)
        let y = UnsafePointer(y.pointer)
        let weights = weights.map { UnsafePointer($0.pointer) }
        let baseline = try baseline(sets.training, y, weights, allocator)
        let raw = try Buffer<Double>(cappedProduct(rows, outputs), in: allocator)
        for row in 0..<rows { for k in 0..<outputs { raw.pointer[row &* outputs &+ k] = baseline[k] } }
        let gradients = try Buffer<SIMD4<Float>>(rows, in: allocator)
        var trees = try PackedTrees.Draft(in: allocator)
        var trainScores = try LossCurve(in: allocator)
        var heldScores = try LossCurve(in: allocator)
        let renewal = loss.renewsLeaves ? try LeafRenewal(rows, in: allocator) : nil
        let iterations = parameters.integer("max_iter")
        let start = monotonicSeconds()
        var patience = Patience(parameters)
        let watches = sets.held.count > 0 || input.progress != nil
        var iteration = 0
        while iteration < iterations {
            try context.checkInterrupt()
            let own = random.part(iteration)
            // All classes see the raw predictions of before this iteration.
            let before = outputs > 1 ? try raw.copy(in: allocator) : raw
            for k in 0..<outputs {
                context.parallel(over: rows, by: 1 << 12) { range in
                    loss.gradients(y, weights, before.pointer, output: k, range, to: gradients.pointer)
                }
                let place = own.part(k)
                let count = sets.fill(grower.order, share: parameters.real("subsample"), own.part(-1))
                try grower.grow(gradients.pointer, count: count, all: count == rows, place)
                renewal?.run(loss, grower, y, weights, raw.pointer, rate: rate)
                step(grower, raw, output: k, drawn: count)
                try grower.append(to: &trees)
            }
            iteration += 1
            if !watches { continue }
            let train = loss.mean(y, weights, raw.pointer, sets.training)
            try trainScores.append(-train)
            var report = ProgressReport(.iteration)
            report.epoch = iteration
            report.epochs = iterations
            report.samples = rows
            report.seconds = monotonicSeconds() - start
            report.loss = train
            if sets.held.count > 0 {
                report.validationLoss = loss.mean(y, weights, raw.pointer, sets.held)
                report.hasValidation = true
                try heldScores.append(-report.validationLoss)
                if patience.isOut(report.validationLoss) { break }
            }
            if try context.report(report, to: input.progress) { break }
        }
        let packed: PackedTrees
        do throws(ApusError) {
            packed = try PackedTrees(trees, kind: parameters.kind, features: columns)
        } catch where error.code == .corrupt {
            throw ApusError(
                .notConverged,
                "The loss of \(parameters.kind) overflows: scale y or lower learning_rate (gradients have single precision)."
            )
        }
        return try HistGradientBoostingModel(
            parameters, FeatureNotes(features: columns, names: input.featureNames), labels, loss,
            try Tensor(doubles: baseline, Shape(outputs), in: allocator), packed,
            [
                (name: "n_iter_", value: try .scalar(iteration, in: allocator)),
                (name: "train_score_", value: try trainScores.tensor()),
                (name: "validation_score_", value: try heldScores.tensor()),
            ])
    }

    /// Leaf values times the learning rate, into the trees and onto the raw predictions.
    private func step(_ grower: BoostingTreeGrower, _ raw: Buffer<Double>, output k: Int, drawn: Int) {
        let outputs = loss.outputs
        let nodes = grower.nodes.pointer
        for leaf in grower.leaves { nodes[leaf.node].value *= rate }
        let raw = raw.pointer + k
        let rows = grower.binned.rows
        if drawn < rows {
            // Rows that the tree has not seen walk through it.
            context.parallel(over: rows, by: 1 << 12) { range in
                for row in range { raw[row &* outputs] += nodes[grower.leaf(row)].value }
            }
            return
        }
        let leaves = grower.leaves
        let order = grower.order.pointer
        context.parallel(leaves.count) { number in
            let leaf = leaves[number]
            let value = nodes[leaf.node].value
            for i in leaf.start..<(leaf.start + leaf.count) { raw[Int(order[i]) &* outputs] += value }
        }
    }

    private func baseline(
        _ rows: UnsafeBufferPointer<UInt32>, _ y: UnsafePointer<Double>, _ weights: UnsafePointer<Double>?,
        _ allocator: Allocator
    ) throws(ApusError) -> [Double] {
        if !loss.renewsLeaves { return loss.baseline(y, weights, rows) }
        let renewal = try LeafRenewal(rows.count, in: allocator)
        return [renewal.quantile(rows, loss.part, weights) { y[$0] }]
    }

    // MARK: Parameters

    private func stopsEarly(_ rows: Int) throws(ApusError) -> Bool {
        let given = parameters["early_stopping"]
        if let decided = given.boolValue { return decided }
        guard given.stringValue == "auto" else {
            throw .parameter("early_stopping", of: parameters.kind, mustBe: "true, false or auto", got: given.text)
        }
        return rows > 10_000
    }

    private func categoricalColumns(_ columns: Int) throws(ApusError) -> [Bool] {
        var flags = [Bool](repeating: false, count: columns)
        for column in parameters.integers("categorical_features").compactMap({ $0 }) {
            guard column < columns else {
                throw .parameter(
                    "categorical_features", of: parameters.kind, mustBe: "numbers of columns below \(columns)",
                    got: "\(column)")
            }
            flags[column] = true
        }
        return flags
    }

    private func requireCategories(_ thresholds: BinThresholds) throws(ApusError) {
        for column in 0..<thresholds.columns where thresholds.categorical[column] {
            for i in thresholds.offsets[column]..<thresholds.offsets[column + 1] {
                let value = thresholds.values.pointer[i]
                guard let category = Int(exactly: value), category >= 0, category < 255 else {
                    throw .invalid(
                        "Column \(column) of x is categorical for \(parameters.kind): its values must be whole numbers 0 to 254 or NaN, found \(value)."
                    )
                }
            }
        }
    }

    private func interactions(_ columns: Int) throws(ApusError) -> [[Int]]? {
        let given = parameters["interaction_cst"]
        if given.isNull { return nil }
        var sets: [[Int]] = []
        var named = [Bool](repeating: false, count: columns)
        for item in given.arrayValue ?? [.null] {
            var set: [Int] = []
            for member in item.arrayValue ?? [.null] {
                guard let column = member.integerValue, column >= 0, column < columns else {
                    throw .parameter(
                        "interaction_cst", of: parameters.kind,
                        mustBe: "an array of arrays of column numbers below \(columns)", got: given.text)
                }
                set.append(column)
                named[column] = true
            }
            sets.append(set)
        }
        guard !sets.isEmpty else {
            throw .parameter(
                "interaction_cst", of: parameters.kind, mustBe: "an array of arrays of column numbers", got: given.text)
        }
        let rest = (0..<columns).filter { !named[$0] }
        return rest.isEmpty ? sets : sets + [rest]
    }

    /// When the held back loss has not fallen for some iterations.
    private struct Patience {
        let most: Int
        let tolerance: Double
        var best = Double.infinity
        var waited = 0

        init(_ parameters: Parameters) {
            most = parameters.integer("n_iter_no_change")
            tolerance = parameters.real("tol")
        }

        mutating func isOut(_ loss: Double) -> Bool {
            if loss < best - tolerance {
                best = loss
                waited = 0
            } else {
                waited += 1
            }
            return waited >= most
        }
    }
}

/// The rows that boosting learns from, and those held back.
private struct Rows {
    private let all: Buffer<UInt32>
    private let trained: Int

    init(_ rows: Int, heldBack: Double, _ random: TreeRandom, in allocator: Allocator) throws(ApusError) {
        all = try Buffer(rows, in: allocator)
        for row in 0..<rows { all.pointer[row] = UInt32(truncatingIfNeeded: row) }
        if heldBack == 0 {
            trained = rows
            return
        }
        trained = max(1, rows - Int((heldBack * Double(rows)).rounded(.up)))
        // A random choice without replacement for the front, then ascending.
        let generator = random.generator
        var draw: UInt64 = 0
        for i in 0..<trained {
            let other = i + Int(generator.below(UInt64(rows - i), draw: &draw))
            let held = all.pointer[i]
            all.pointer[i] = all.pointer[other]
            all.pointer[other] = held
        }
        var front = UnsafeMutableBufferPointer(start: all.pointer, count: trained)
        var back = UnsafeMutableBufferPointer(start: all.pointer + trained, count: rows - trained)
        front.sort()
        back.sort()
    }

    var training: UnsafeBufferPointer<UInt32> { UnsafeBufferPointer(start: all.pointer, count: trained) }
    var held: UnsafeBufferPointer<UInt32> {
        UnsafeBufferPointer(start: all.pointer + trained, count: all.count - trained)
    }

    /// Writes the rows of one iteration, ascending, and returns their number.
    func fill(_ order: Buffer<UInt32>, share: Double, _ random: TreeRandom) -> Int {
        if share >= 1 {
            order.pointer.update(from: all.pointer, count: trained)
            return trained
        }
        // Exactly as many as the share says: row i is taken with the chance needed / left.
        let generator = random.generator
        var needed = max(1, Int(share * Double(trained)))
        var count = 0
        for i in 0..<trained where generator.uniform(UInt64(i)) * Double(trained - i) < Double(needed) {
            order.pointer[count] = all.pointer[i]
            count += 1
            needed -= 1
        }
        return count
    }
}

/// Medians and quantiles of residuals, for losses whose best leaf value is one.
private struct LeafRenewal {
    private let keyed: Buffer<KeyedRow>
    private let half: Int

    init(_ rows: Int, in allocator: Allocator) throws(ApusError) {
        half = rows
        keyed = try Buffer(cappedProduct(2, rows), in: allocator)
    }

    /// Sets the leaves of a tree to the quantile of what their rows lack.
    func run(
        _ loss: BoostingLoss, _ grower: BoostingTreeGrower, _ y: UnsafePointer<Double>,
        _ weights: UnsafePointer<Double>?, _ raw: UnsafePointer<Double>, rate: Double
    ) {
        for leaf in grower.leaves {
            let rows = UnsafeBufferPointer(start: grower.order.pointer + leaf.start, count: leaf.count)
            let value = quantile(rows, loss.part, weights) { y[$0] - raw[$0] }
            let node = grower.nodes.pointer + leaf.node
            node.pointee.value = min(max(value, leaf.lower), leaf.upper)
        }
    }

    /// The least value with at least `part` of the weight up to it; between two where they meet there exactly.
    func quantile(
        _ rows: UnsafeBufferPointer<UInt32>, _ part: Double, _ weights: UnsafePointer<Double>?,
        _ value: (Int) -> Double
    ) -> Double {
        for (i, row) in rows.enumerated() { keyed.pointer[i] = KeyedRow(value(Int(row)), Int(row)) }
        let sorted = KeyedRow.sort(keyed.pointer, keyed.pointer + half, rows.count)
        guard let weights else {
            let place = part * Double(rows.count - 1)
            let low = Int(place)
            let high = min(low + 1, rows.count - 1)
            let first = value(Int(sorted[low].row))
            return first + (place - Double(low)) * (value(Int(sorted[high].row)) - first)
        }
        var weight = 0.0
        for row in rows { weight += weights[Int(row)] }
        var sum = 0.0
        for i in 0..<rows.count {
            sum += weights[Int(sorted[i].row)]
            if sum >= part * weight { return value(Int(sorted[i].row)) }
        }
        return value(Int(sorted[rows.count - 1].row))
    }
}
