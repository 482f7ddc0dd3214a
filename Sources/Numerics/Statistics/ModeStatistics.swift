import Core

/// The most frequent value of each run, the least of several; NaN where a run holds NaN.
struct ModeStatistics {
    let runs: Runs
    let context: Context

    func mode(_ out: UnsafeMutablePointer<Double>) throws(ApusError) {
        let length = runs.length
        try runs.forEachCopy(extra: length, in: context) { (output, values) throws(ApusError) in
            if (0..<length).contains(where: { values[$0].isNaN }) {
                out[output] = .nan
                return
            }
            Sorting.sort(values, length, scratch: values + length)
            var best = 0
            var start = 0
            for i in 1..<max(length, 1) where values[i] != values[start] {
                if i - start > best {
                    best = i - start
                    out[output] = values[start]
                }
                start = i
            }
            if length - start > best { out[output] = values[start] }
        }
    }
}
