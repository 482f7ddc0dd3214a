import Core

/// The derivatives of m functions of n numbers, m columns of quotients at a time.
package enum Jacobian {
    /// jacobian[i * n + j] = d f_i / d x_j, and unless `errors` is nil estimates of the absolute errors. All m
    /// functions share the evaluations; each has steps of its own choice among them.
    package static func compute(
        at x: UnsafePointer<Double>, _ n: Int, _ m: Int, _ differences: Differences, context: Context,
        _ f: VectorFunction, into jacobian: UnsafeMutablePointer<Double>, errors: UnsafeMutablePointer<Double>?
    ) throws(ApusError) {
        let allocator = context.allocator
        let point = try Buffer(copying: try Gradient.finite(x, n), count: n, in: allocator)
        let middle = try Buffer<Double>(zeros: m, in: allocator)
        let right = try Buffer<Double>(zeros: m, in: allocator)
        let left = try Buffer<Double>(zeros: m, in: allocator)
        let adaptive = try AdaptiveDifference(lanes: m, differences: differences, context: context)
        try f(point.pointer, middle.pointer)
        for index in 0..<m where !middle.pointer[index].isFinite {
            throw ApusError(.notConverged, "f[\(index)] is \(middle.pointer[index]) at x, expected a finite value.")
        }
        let direction = differences.direction
        for column in 0..<n {
            let start = point.pointer[column]
            let sample: AdaptiveDifference.Sample = { (wanted, quotients, noise, bends) throws(ApusError) in
                let step = start.exactStep(wanted)
                guard step > 0, step.isFinite else { return false }
                point.pointer[column] = direction == .backward ? start - step : start + step
                try f(point.pointer, right.pointer)
                if direction == .both {
                    point.pointer[column] = start - step
                    try f(point.pointer, left.pointer)
                }
                point.pointer[column] = start
                for lane in 0..<m {
                    let near = right.pointer[lane]
                    let center = middle.pointer[lane]
                    if direction == .both {
                        let other = left.pointer[lane]
                        quotients[lane] = near / (2 * step) - other / (2 * step)
                        bends[lane] = ((near - center) + (other - center)) / step
                        noise[lane] =
                            .ulpOfOne
                            * (max(near.magnitude, other.magnitude) / step
                                + start.magnitude / step * quotients[lane].magnitude)
                    } else {
                        quotients[lane] = (near - center) / (direction == .backward ? -step : step)
                        bends[lane] = 0
                        noise[lane] =
                            2 * .ulpOfOne
                            * (max(near.magnitude, center.magnitude) / step
                                + start.magnitude / step * quotients[lane].magnitude)
                    }
                    noise[lane] = min(noise[lane], AdaptiveDifference.mostNoise)
                    guard quotients[lane].isFinite, !noise[lane].isNaN else { return false }
                }
                return true
            }
            try context.checkInterrupt()
            if differences.method == .richardson {
                let size = start.stepScale
                try adaptive.run(
                    start: differences.step > 0 ? differences.step : AdaptiveDifference.firstOrderStart * size,
                    unit: AdaptiveDifference.firstOrderStart * max(1, size),
                    smallStart: AdaptiveDifference.firstOrderStart, mayGrow: differences.step == 0,
                    place: { "x[\(column)] = \(start)" }, sample)
                for row in 0..<m {
                    let result = try adaptive.result(row) { "The derivative of f[\(row)] by x[\(column)]" }
                    jacobian[row &* n &+ column] = result.value
                    errors?[row &* n &+ column] = result.error
                }
            } else {
                try adaptive.plain(
                    step: differences.plainStep(at: start.magnitude), isGiven: differences.step > 0,
                    share: direction == .both ? 4.0 / 3.0 : 2, withErrors: errors != nil,
                    place: { "x[\(column)] = \(start)" }, sample
                ) { row, value, error in
                    jacobian[row &* n &+ column] = value
                    errors?[row &* n &+ column] = error
                }
            }
        }
    }
}
