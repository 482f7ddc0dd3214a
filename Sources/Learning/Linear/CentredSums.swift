import Core
import Numerics

/// The sums of a regression's normal equations. With an intercept the columns are centred on their weighted means,
/// which leaves the coefficients to be found alone; without one they are taken as they are.
struct CentredSums {
    /// sum w (x - mean)(x - mean)': the upper triangle of p x p, row-major. 0 for a column that does not vary.
    let gram: Buffer<Double>
    /// sum w (x - mean)(y - targetMean)': t x p.
    let cross: Buffer<Double>
    /// 0 without an intercept.
    let mean: Buffer<Double>
    let targetMean: Buffer<Double>
    private let problem: RegressionProblem

    /// nil when a sum overflows. Throws `invalidArgument` for a value that is not finite, `limit`, `outOfMemory`,
    /// `interrupted`.
    init?(_ problem: RegressionProblem) throws(ApusError) {
        let allocator = problem.context.allocator
        let p = problem.x.columns
        let t = problem.y.columns
        let shift = try Buffer<Double>(zeros: p, in: allocator)
        let targetShift = try Buffer<Double>(zeros: t, in: allocator)
        if problem.intercept {
            CentredSums.sampleMean(problem.x, to: shift.pointer)
            CentredSums.sampleMean(problem.y, to: targetShift.pointer)
        }
        var sums = try CentredSums.gram(problem, shift, targetShift)
        if (0..<p).contains(where: { !sums.sums.pointer[$0].isFinite })
            || (0..<t).contains(where: { !sums.targetSums.pointer[$0].isFinite })
        {
            try problem.requireFinite()
            return nil
        }
        if problem.intercept {
            // Where the sample's mean lies far off, take the sums again about the mean itself.
            let far = (0..<p).contains { c in
                let total = sums.gram.pointer[c &* p + c]
                let part = sums.sums.pointer[c] * sums.sums.pointer[c] / problem.weight
                return part > 0.5 * total
            }
            if far {
                for c in 0..<p { shift.pointer[c] += sums.sums.pointer[c] / problem.weight }
                for c in 0..<t { targetShift.pointer[c] += sums.targetSums.pointer[c] / problem.weight }
                sums = try CentredSums.gram(problem, shift, targetShift)
            }
            CentredSums.centre(sums, weight: problem.weight, p, t)
            for c in 0..<p { shift.pointer[c] += sums.sums.pointer[c] / problem.weight }
            for c in 0..<t { targetShift.pointer[c] += sums.targetSums.pointer[c] / problem.weight }
        }
        gram = sums.gram
        cross = sums.cross
        mean = shift
        targetMean = targetShift
        self.problem = problem
        if problem.intercept { flatten() }
    }

    /// mean(y) - mean(x) b' for each target.
    func intercepts(_ coefficients: UnsafePointer<Double>) throws(ApusError) -> Buffer<Double> {
        try problem.intercepts(coefficients, mean: mean.pointer, targetMean: targetMean.pointer)
    }

    /// Writes 0 for the sums of columns that vary by no more than the rounding of their mean.
    private func flatten() {
        let p = mean.count
        for c in 0..<p {
            let rounding = 8 * mean.pointer[c].ulp
            guard gram.pointer[c &* p + c] <= problem.weight * rounding * rounding else { continue }
            for i in 0...c { gram.pointer[i &* p + c] = 0 }
            for j in c..<p { gram.pointer[c &* p + j] = 0 }
            for k in 0..<targetMean.count { cross.pointer[k &* p + c] = 0 }
        }
    }

    private static func gram(_ problem: RegressionProblem, _ shift: Buffer<Double>, _ targetShift: Buffer<Double>)
        throws(ApusError) -> GramSums
    {
        try GramSums(
            problem.x, problem.y, shift: problem.intercept ? UnsafePointer(shift.pointer) : nil,
            targetShift: problem.intercept ? UnsafePointer(targetShift.pointer) : nil, rootWeights: problem.roots,
            in: problem.context)
    }

    /// The mean of up to 256 rows spread over all: near enough to the mean that little cancels.
    private static func sampleMean(_ m: Matrix, to mean: UnsafeMutablePointer<Double>) {
        let count = min(m.rows, 256)
        for index in 0..<count {
            let values = m.row(index &* m.rows / count)
            for c in 0..<m.columns { mean[c] += values[c] / Double(count) }
        }
    }

    /// Turns sums about the shift into sums about the mean.
    private static func centre(_ sums: GramSums, weight: Double, _ p: Int, _ t: Int) {
        let d = sums.sums.pointer
        for i in 0..<p {
            for j in i..<p { sums.gram.pointer[i &* p + j] -= d[i] * d[j] / weight }
        }
        for k in 0..<t {
            for j in 0..<p { sums.cross.pointer[k &* p + j] -= sums.targetSums.pointer[k] * d[j] / weight }
        }
    }
}
