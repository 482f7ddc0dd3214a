import Core

/// Medians and quantiles, one for each run, by selection.
struct Quantiles {
    let runs: Runs
    let context: Context

    /// out[i * outputs + output] = quantile i of a run. The probabilities must lie in [0, 1], the runs not be empty.
    func quantiles(_ q: [Double], _ method: QuantileMethod, _ out: UnsafeMutablePointer<Double>) throws(ApusError) {
        let length = runs.length
        let positions = q.map { method.position($0, length) }
        let ranks = Array(Set(positions.flatMap { [$0.0, $0.1] })).sorted()
        let places = positions.map { (place(of: $0.0, in: ranks), place(of: $0.1, in: ranks), $0.2) }
        let outputs = runs.outputs
        try runs.forEachCopy(in: context) { (output, values) throws(ApusError) in
            let found = try Selection.select(values, length, ranks: ranks, in: context)
            for (i, place) in places.enumerated() {
                out[i &* outputs &+ output] = QuantileMethod.between(found[place.0], found[place.1], place.2)
            }
        }
    }

    /// Where an ascending list holds a rank that it has.
    private func place(of rank: Int, in ranks: [Int]) -> Int {
        var low = 0
        var high = ranks.count - 1
        while low < high {
            let middle = (low + high) / 2
            if ranks[middle] < rank { low = middle + 1 } else { high = middle }
        }
        return low
    }

    func median(_ out: UnsafeMutablePointer<Double>) throws(ApusError) { try quantiles([0.5], .linear, out) }

    func interquartileRange(_ out: UnsafeMutablePointer<Double>) throws(ApusError) {
        let both = try Buffer<Double>(2 &* runs.outputs, in: context.allocator)
        try quantiles([0.25, 0.75], .linear, both.pointer)
        for output in 0..<runs.outputs { out[output] = both.pointer[runs.outputs + output] - both.pointer[output] }
    }

    /// The median of |x - median|.
    func medianAbsoluteDeviation(_ out: UnsafeMutablePointer<Double>) throws(ApusError) {
        let length = runs.length
        let position = QuantileMethod.linear.position(0.5, length)
        let ranks = position.0 == position.1 ? [position.0] : [position.0, position.1]
        try runs.forEachCopy(in: context) { (output, values) throws(ApusError) in
            let found = try Selection.select(values, length, ranks: ranks, in: context)
            let median = QuantileMethod.between(found[0], found[ranks.count - 1], position.2)
            guard median.isFinite else {
                out[output] = .nan
                return
            }
            for i in 0..<length { values[i] = abs(values[i] - median) }
            let deviations = try Selection.select(values, length, ranks: ranks, in: context)
            out[output] = QuantileMethod.between(deviations[0], deviations[ranks.count - 1], position.2)
        }
    }

    /// The value at which half of the weight is reached; the mean of it and the next where it is reached exactly. With
    /// whole weights this is the median of values repeated so often.
    func weightedMedian(_ weights: Runs, _ out: UnsafeMutablePointer<Double>) throws(ApusError) {
        let length = runs.length
        let items = try Buffer<Sorting.Keyed>(2 &* length, in: context.allocator)
        let values = try Buffer<Double>(length, in: context.allocator)
        let w = try Buffer<Double>(length, in: context.allocator)
        for output in 0..<runs.outputs {
            try context.checkInterrupt()
            runs.copy(output, to: values.pointer)
            weights.copy(output, to: w.pointer)
            var total = CompensatedSum()
            var ordered = true
            var count = 0
            for i in 0..<length where !(w.pointer[i] == 0) {
                if values.pointer[i].isNaN { ordered = false }
                total.add(w.pointer[i])
                items.pointer[count] = Sorting.Keyed(value: values.pointer[i], place: i)
                count += 1
            }
            guard total.value > 0 else { throw .invalid("weights must not all be 0, and not be NaN.") }
            guard ordered else {
                out[output] = .nan
                continue
            }
            Sorting.sort(items.pointer, count, scratch: items.pointer + length)
            let half = total.value / 2
            var sum = CompensatedSum()
            var result = Double.nan
            for i in 0..<count {
                sum.add(w.pointer[items.pointer[i].place])
                let reached = sum.value
                if reached > half || i == count - 1 {
                    result = items.pointer[i].value
                    break
                }
                if reached == half {
                    result = QuantileMethod.between(items.pointer[i].value, items.pointer[i + 1].value, 0.5)
                    break
                }
            }
            out[output] = result
        }
    }
}

extension Runs {
    /// Quantiles of every run along an axis: results[i][...]. Throws `invalidArgument` for a probability outside of
    /// [0, 1], `shape` for empty runs.
    package func quantiles(_ q: [Double], _ method: QuantileMethod, name: String, in context: Context) throws(ApusError)
        -> Buffer<Double>
    {
        for (index, value) in q.enumerated() where !(value >= 0 && value <= 1) {
            throw .invalid("q[\(index)] must lie in [0, 1], got \(value).")
        }
        try requireElements(name)
        let (count, overflow) = outputs.multipliedReportingOverflow(by: q.count)
        if overflow { throw .limit("\(q.count) quantiles of \(outputs) runs are too many.") }
        let out = try Buffer<Double>(count, in: context.allocator)
        if count > 0 { try Quantiles(runs: self, context: context).quantiles(q, method, out.pointer) }
        return out
    }

    /// Throws `shape` when results would have no elements to be made of.
    package func requireElements(_ name: String) throws(ApusError) {
        if length == 0, outputs > 0 { throw .shape("\(name) must not be empty.") }
    }
}
