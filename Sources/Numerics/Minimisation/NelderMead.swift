import Core

/// The simplex method, which needs values alone: Nelder and Mead 1965, "A simplex method for function minimization",
/// doi:10.1093/comjnl/7.4.308. With `adaptive` its factors depend on the number of variables: Gao and Han 2012,
/// "Implementing the Nelder-Mead simplex algorithm with adaptive parameters", doi:10.1007/s10589-010-9329-3. Within
/// bounds every vertex is moved to the nearest point inside.
package struct NelderMead: Minimizer {
    private let pointTolerance: Double
    private let valueTolerance: Double
    private let isAdaptive: Bool
    private let vertices: [Double]?

    package init(_ parameters: Parameters) throws(ApusError) {
        pointTolerance = parameters.real("xatol")
        valueTolerance = parameters.real("fatol")
        isAdaptive = parameters.boolean("adaptive")
        guard let rows = parameters["initial_simplex"].arrayValue else {
            vertices = nil
            return
        }
        var numbers: [Double] = []
        for row in rows {
            guard let row = row.arrayValue, row.count == rows.count - 1 else {
                throw .invalid("The initial_simplex of Nelder-Mead must be n + 1 arrays of n numbers.")
            }
            for number in row {
                guard let number = number.doubleValue, number.isFinite else {
                    throw .invalid("The initial_simplex of Nelder-Mead must hold finite numbers.")
                }
                numbers.append(number)
            }
        }
        vertices = numbers
    }

    package static let entry = MinimizerEntry(
        "Nelder-Mead", doc: "The simplex method: values alone, no gradients. Within bounds where there are some.",
        gradient: false, bounds: true,
        parameters: [
            ParameterSpec(
                "xatol", .real(from: 0, to: .infinity), default: 1e-4,
                "Converged when no vertex is farther from the best in any coordinate, and fatol holds too."),
            ParameterSpec(
                "fatol", .real(from: 0, to: .infinity), default: 1e-4,
                "Converged when no vertex is higher than the best by more, and xatol holds too."),
            ParameterSpec("adaptive", .boolean, default: false, "Factors that suit many variables."),
            ParameterSpec(
                "initial_simplex", .any("n + 1 arrays of n numbers, or null"), default: .null,
                "The first vertices; null: x, and x with one coordinate each larger by 5 % (0.00025 for 0)."),
        ]
    ) { (parameters) throws(ApusError) in try NelderMead(parameters) }

    package func minimise(_ run: Minimisation) throws(ApusError) -> StopReason {
        let simplex = try Simplex(run, adaptive: isAdaptive)
        if let vertices {
            guard vertices.count == simplex.size &* run.count else {
                throw .shape(
                    "The initial_simplex of Nelder-Mead must be \(simplex.size) arrays of \(run.count) numbers.")
            }
            try simplex.start(at: vertices)
        } else {
            try simplex.start()
        }
        while true {
            if simplex.isWithin(pointTolerance, valueTolerance) { return .converged }
            try simplex.turn()
            if let stop = try run.iterated(step: simplex.settle()) { return stop }
        }
    }

    package func mostIterations(_ count: Int) -> Int {
        let (most, overflow) = count.multipliedReportingOverflow(by: 200)
        return overflow ? Int.max : max(most, 200)
    }
}

/// n + 1 points and their values, the best first.
private final class Simplex {
    let size: Int
    private let run: Minimisation
    private let count: Int
    private let points: Buffer<Double>
    private let values: Buffer<Double>
    /// Vertex i is row `order[i]` of `points`.
    private let order: Buffer<Int>
    private let centre: Buffer<Double>
    private let reflected: Buffer<Double>
    private let tried: Buffer<Double>
    private let expansion: Double
    private let contraction: Double
    private let shrinkage: Double

    init(_ run: Minimisation, adaptive: Bool) throws(ApusError) {
        self.run = run
        count = run.count
        let (rows, _) = count.addingReportingOverflow(1)
        let (cells, overflow) = rows.multipliedReportingOverflow(by: count)
        if overflow { throw .limit("A simplex of \(count) variables is too large.") }
        size = rows
        let allocator = run.context.allocator
        points = try Buffer(cells, in: allocator)
        values = try Buffer(rows, in: allocator)
        order = try Buffer(rows, in: allocator)
        centre = try Buffer(count, in: allocator)
        reflected = try Buffer(count, in: allocator)
        tried = try Buffer(count, in: allocator)
        let n = Double(count)
        expansion = adaptive ? 1 + 2 / n : 2
        contraction = adaptive ? 0.75 - 1 / (2 * n) : 0.5
        shrinkage = adaptive ? 1 - 1 / n : 0.5
        for i in 0..<rows { order.pointer[i] = i }
    }

    private func vertex(_ i: Int) -> UnsafeMutablePointer<Double> { points.pointer + order.pointer[i] &* count }
    private func value(_ i: Int) -> Double { values.pointer[order.pointer[i]] }

    /// The value at a point, infinity where the function is undefined.
    private func evaluate(_ point: UnsafePointer<Double>) throws(ApusError) -> Double {
        let value = try run.evaluate(point)
        return value.isFinite ? value : .infinity
    }

    /// The run's point, and one step along each coordinate, turned inward at an upper bound.
    func start() throws(ApusError) {
        for i in 0..<size {
            let point = points.pointer + i &* count
            point.update(from: run.x.pointer, count: count)
            if i == 0 {
                values.pointer[0] = run.value
                continue
            }
            let k = i - 1
            point[k] = point[k] == 0 ? 0.00025 : point[k] * 1.05
            if !point[k].isFinite { point[k] = run.x.pointer[k] * 0.95 }
            if let bounds = run.bounds, point[k] > bounds.upper.pointer[k] {
                point[k] = 2 * bounds.upper.pointer[k] - point[k]
            }
            run.bounds?.project(point)
            values.pointer[i] = try evaluate(point)
        }
        try sort()
        _ = settle()
    }

    /// The vertices that the caller gives, row by row; the run's point stays known to the run.
    func start(at vertices: [Double]) throws(ApusError) {
        for (cell, number) in vertices.enumerated() { points.pointer[cell] = number }
        for i in 0..<size {
            let point = points.pointer + i &* count
            run.bounds?.project(point)
            values.pointer[i] = try evaluate(point)
        }
        try sort()
        _ = settle()
    }

    func isWithin(_ pointTolerance: Double, _ valueTolerance: Double) -> Bool {
        let best = vertex(0)
        guard value(count) - value(0) <= valueTolerance else { return false }
        for i in 1..<size {
            let point = vertex(i)
            for k in 0..<count where !(abs(point[k] - best[k]) <= pointTolerance) { return false }
        }
        return true
    }

    /// One iteration: the worst vertex is reflected, or the simplex shrinks.
    func turn() throws(ApusError) {
        let worst = vertex(count)
        for k in 0..<count { centre.pointer[k] = 0 }
        for i in 0..<count {
            let point = vertex(i)
            for k in 0..<count { centre.pointer[k] += point[k] }
        }
        for k in 0..<count { centre.pointer[k] /= Double(count) }
        let mirrored = try move(1, worst, to: reflected.pointer)
        if mirrored < value(0) {
            let far = try move(expansion, worst, to: tried.pointer)
            if far < mirrored { replace(tried.pointer, far) } else { replace(reflected.pointer, mirrored) }
        } else if mirrored < value(count - 1) {
            replace(reflected.pointer, mirrored)
        } else if mirrored < value(count) {
            let near = try move(contraction, worst, to: tried.pointer)
            if near <= mirrored { replace(tried.pointer, near) } else { try shrink() }
        } else {
            let inside = try move(-contraction, worst, to: tried.pointer)
            if inside < value(count) { replace(tried.pointer, inside) } else { try shrink() }
        }
    }

    /// centre + factor (centre - worst), moved into the bounds; its value.
    private func move(_ factor: Double, _ worst: UnsafePointer<Double>, to point: UnsafeMutablePointer<Double>)
        throws(ApusError) -> Double
    {
        for k in 0..<count { point[k] = (1 + factor) * centre.pointer[k] - factor * worst[k] }
        run.bounds?.project(point)
        return try evaluate(point)
    }

    /// Puts a point in the place of the worst, and it in order, behind its equals.
    private func replace(_ point: UnsafePointer<Double>, _ newValue: Double) {
        let row = order.pointer[count]
        vertex(count).update(from: point, count: count)
        values.pointer[row] = newValue
        var place = count
        while place > 0, newValue < value(place - 1) {
            order.pointer[place] = order.pointer[place - 1]
            place -= 1
        }
        order.pointer[place] = row
    }

    private func shrink() throws(ApusError) {
        let best = vertex(0)
        for i in 1..<size {
            let point = vertex(i)
            for k in 0..<count { point[k] = best[k] + shrinkage * (point[k] - best[k]) }
            run.bounds?.project(point)
            values.pointer[order.pointer[i]] = try evaluate(point)
        }
        try sort()
    }

    /// Merge sort would want memory; n + 1 values are few, and mostly in order.
    private func sort() throws(ApusError) {
        for i in 1..<size {
            if i & 1023 == 0 { try run.context.checkInterrupt() }
            let row = order.pointer[i]
            let own = values.pointer[row]
            var place = i
            while place > 0, own < value(place - 1) {
                order.pointer[place] = order.pointer[place - 1]
                place -= 1
            }
            order.pointer[place] = row
        }
    }

    /// Makes the best vertex the run's point; the length of that step.
    func settle() -> Double {
        guard value(0) < run.value else { return 0 }
        let best = vertex(0)
        for k in 0..<count { tried.pointer[k] = best[k] - run.x.pointer[k] }
        run.x.pointer.update(from: best, count: count)
        run.value = value(0)
        return length(tried.pointer, count)
    }
}
