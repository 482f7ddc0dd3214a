import Core

/// The quadratic model of L-BFGS-B within a box and its approximate minimiser: the generalised Cauchy point of Byrd,
/// Lu, Nocedal and Zhu 1995 (doi:10.1137/0916069), then the minimum over the variables that are free there (their
/// direct primal method), projected onto the box as Morales and Nocedal 2011 (doi:10.1145/2049662.2049669) propose.
///
/// The Hessian stands in compact form, B = theta - W M W' with W = [Y, theta S] and M^-1 = [-D, L'; L, theta S'S].
struct BoundedModel {
    private let n: Int
    private let memory: Int
    private let bounds: Bounds
    /// S'Y, S'S and Y'Y by the slots of the pairs.
    private let sy: Buffer<Double>
    private let ss: Buffer<Double>
    private let yy: Buffer<Double>
    private var middle: SmallSystem
    private var reduced: SmallSystem
    /// 2 k numbers each.
    private let p: Buffer<Double>
    private let c: Buffer<Double>
    private let row: Buffer<Double>
    private let solved: Buffer<Double>
    /// n numbers each.
    private let cauchy: Buffer<Double>
    private let residual: Buffer<Double>
    private let breaks: Buffer<Double>
    private let heap: Buffer<Int>
    private let free: Buffer<Int>

    init(_ n: Int, memory: Int, bounds: Bounds, in allocator: Allocator) throws(ApusError) {
        self.n = n
        self.memory = memory
        self.bounds = bounds
        sy = try Buffer(zeros: memory * memory, in: allocator)
        ss = try Buffer(zeros: memory * memory, in: allocator)
        yy = try Buffer(zeros: memory * memory, in: allocator)
        middle = try SmallSystem(2 * memory, in: allocator)
        reduced = try SmallSystem(2 * memory, in: allocator)
        p = try Buffer(2 * memory, in: allocator)
        c = try Buffer(2 * memory, in: allocator)
        row = try Buffer(2 * memory, in: allocator)
        solved = try Buffer(2 * memory, in: allocator)
        cauchy = try Buffer(n, in: allocator)
        residual = try Buffer(n, in: allocator)
        breaks = try Buffer(n, in: allocator)
        heap = try Buffer(n, in: allocator)
        free = try Buffer(n, in: allocator)
    }

    /// Takes in the newest pair.
    func appended(to pairs: CurvaturePairs) {
        let newest = pairs.used - 1
        let slot = pairs.slot(newest)
        for index in 0..<pairs.used {
            let other = pairs.slot(index)
            sy.pointer[other &* memory + slot] = innerProduct(pairs.step(index), pairs.change(newest), n)
            sy.pointer[slot &* memory + other] = innerProduct(pairs.step(newest), pairs.change(index), n)
            let steps = innerProduct(pairs.step(index), pairs.step(newest), n)
            ss.pointer[other &* memory + slot] = steps
            ss.pointer[slot &* memory + other] = steps
            let changes = innerProduct(pairs.change(index), pairs.change(newest), n)
            yy.pointer[other &* memory + slot] = changes
            yy.pointer[slot &* memory + other] = changes
        }
    }

    /// Writes the direction from x to the model's approximate minimiser in the box; false when the model is singular to
    /// working precision, and the pairs are to be forgotten.
    mutating func direction(
        _ pairs: CurvaturePairs, _ x: UnsafePointer<Double>, _ g: UnsafePointer<Double>,
        to direction: UnsafeMutablePointer<Double>
    ) -> Bool {
        guard factorMiddle(pairs) else { return false }
        guard findCauchyPoint(pairs, x, g, direction) else { return false }
        guard minimiseFree(pairs, x, g, direction) else { return false }
        for i in 0..<n { direction[i] = cauchy.pointer[i] - x[i] }
        return true
    }

    // MARK: The middle matrix and rows of W

    private mutating func factorMiddle(_ pairs: CurvaturePairs) -> Bool {
        let k = pairs.used
        let theta = 1 / pairs.scale
        let a = middle.matrix.pointer
        for i in 0..<k {
            for j in 0..<k {
                let (si, sj) = (pairs.slot(i), pairs.slot(j))
                a[i &* 2 &* k + j] = i == j ? -sy.pointer[si &* memory + si] : 0
                // L' above, L below: s_i'y_j for i > j.
                a[i &* 2 &* k + k + j] = j > i ? sy.pointer[sj &* memory + si] : 0
                a[(k + i) &* 2 &* k + j] = i > j ? sy.pointer[si &* memory + sj] : 0
                a[(k + i) &* 2 &* k + k + j] = theta * ss.pointer[si &* memory + sj]
            }
        }
        return middle.factor(2 * k)
    }

    /// out = W' v.
    private func project(
        _ pairs: CurvaturePairs, _ v: UnsafePointer<Double>, to out: UnsafeMutablePointer<Double>
    ) {
        let k = pairs.used
        for index in 0..<k {
            out[index] = innerProduct(pairs.change(index), v, n)
            out[k + index] = innerProduct(pairs.step(index), v, n) / pairs.scale
        }
    }

    /// Row i of W.
    private func load(_ pairs: CurvaturePairs, _ i: Int) {
        let k = pairs.used
        for index in 0..<k {
            row.pointer[index] = pairs.change(index)[i]
            row.pointer[k + index] = pairs.step(index)[i] / pairs.scale
        }
    }

    /// M v in `solved`.
    private func solve(_ v: UnsafePointer<Double>) {
        for index in 0..<middle.order { solved.pointer[index] = v[index] }
        middle.solve(solved.pointer)
    }

    // MARK: The generalised Cauchy point

    /// Writes the first minimiser of the model along the projected steepest descent to `cauchy`, W'(cauchy - x) to `c`.
    private func findCauchyPoint(
        _ pairs: CurvaturePairs, _ x: UnsafePointer<Double>, _ g: UnsafePointer<Double>,
        _ d: UnsafeMutablePointer<Double>
    ) -> Bool {
        let order = 2 * pairs.used
        let theta = 1 / pairs.scale
        var waiting = 0
        for i in 0..<n {
            let bound = g[i] < 0 ? bounds.upper.pointer[i] : bounds.lower.pointer[i]
            let time = g[i] == 0 ? .infinity : max((x[i] - bound) / g[i], 0)
            breaks.pointer[i] = time
            d[i] = time > 0 ? -g[i] : 0
            cauchy.pointer[i] = x[i]
            if time > 0, time < .infinity {
                heap.pointer[waiting] = i
                waiting += 1
            }
        }
        for parent in stride(from: waiting / 2 - 1, through: 0, by: -1) { sink(parent, waiting) }
        project(pairs, d, to: p.pointer)
        for index in 0..<order { c.pointer[index] = 0 }
        let squares = innerProduct(d, d, n)
        solve(p.pointer)
        var slope = -squares
        let bendAtStart = theta * squares
        var bend = bendAtStart - innerProduct(p.pointer, solved.pointer, order)
        var time = 0.0
        var ahead = -slope / bend
        while waiting > 0 {
            let b = heap.pointer[0]
            let interval = breaks.pointer[b] - time
            if ahead < interval { break }
            waiting -= 1
            heap.pointer[0] = heap.pointer[waiting]
            sink(0, waiting)
            time = breaks.pointer[b]
            let bound = g[b] < 0 ? bounds.upper.pointer[b] : bounds.lower.pointer[b]
            cauchy.pointer[b] = bound
            d[b] = 0
            let moved = bound - x[b]
            for index in 0..<order { c.pointer[index] += interval * p.pointer[index] }
            load(pairs, b)
            solve(row.pointer)
            let rowC = innerProduct(solved.pointer, c.pointer, order)
            let rowP = innerProduct(solved.pointer, p.pointer, order)
            let rowRow = innerProduct(solved.pointer, row.pointer, order)
            slope += interval * bend + g[b] * g[b] + theta * g[b] * moved - g[b] * rowC
            bend -= theta * g[b] * g[b] + 2 * g[b] * rowP + g[b] * g[b] * rowRow
            bend = max(bend, 0x1p-52 * bendAtStart)
            for index in 0..<order { p.pointer[index] += g[b] * row.pointer[index] }
            ahead = -slope / bend
            if slope >= 0 { break }
        }
        ahead = max(ahead, 0)
        guard ahead.isFinite else { return squares == 0 }
        for i in 0..<n where d[i] != 0 {
            let moved = x[i] + (time + ahead) * d[i]
            cauchy.pointer[i] = min(max(moved, bounds.lower.pointer[i]), bounds.upper.pointer[i])
        }
        for index in 0..<order { c.pointer[index] += ahead * p.pointer[index] }
        return true
    }

    /// Restores the heap of break points (the earliest on top) below a parent.
    private func sink(_ start: Int, _ count: Int) {
        var parent = start
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < count {
                if breaks.pointer[heap.pointer[child]] < breaks.pointer[heap.pointer[least]] { least = child }
            }
            if least == parent { return }
            (heap.pointer[parent], heap.pointer[least]) = (heap.pointer[least], heap.pointer[parent])
            parent = least
        }
    }

    // MARK: The free variables

    /// Moves `cauchy` on to the model's minimum over the variables that are strictly inside the box there.
    private mutating func minimiseFree(
        _ pairs: CurvaturePairs, _ x: UnsafePointer<Double>, _ g: UnsafePointer<Double>,
        _ step: UnsafeMutablePointer<Double>
    ) -> Bool {
        let k = pairs.used
        let theta = 1 / pairs.scale
        var inside = 0
        for i in 0..<n where cauchy.pointer[i] > bounds.lower.pointer[i] && cauchy.pointer[i] < bounds.upper.pointer[i]
        {
            free.pointer[inside] = i
            inside += 1
        }
        if inside == 0 || k == 0 { return true }
        // The model's gradient at the Cauchy point, on the free variables; 0 elsewhere.
        let r = residual.pointer
        for i in 0..<n { r[i] = g[i] + theta * (cauchy.pointer[i] - x[i]) }
        solve(c.pointer)
        for index in 0..<k {
            addProducts(
                -solved.pointer[index], pairs.change(index), -theta * solved.pointer[k + index], pairs.step(index),
                to: r, n)
        }
        for i in 0..<n { step[i] = 0 }
        for f in 0..<inside { step[free.pointer[f]] = r[free.pointer[f]] }
        project(pairs, step, to: p.pointer)
        guard factorReduced(pairs, inside) else { return false }
        reduced.solve(p.pointer)
        for i in 0..<n { r[i] = theta * step[i] }
        for index in 0..<k {
            addProducts(
                p.pointer[index], pairs.change(index), theta * p.pointer[k + index], pairs.step(index), to: r, n)
        }
        for f in 0..<inside { step[free.pointer[f]] = -r[free.pointer[f]] / (theta * theta) }
        return place(x, g, step, inside)
    }

    /// M^-1 - W' Z Z' W / theta, factored; Z picks the free variables.
    private mutating func factorReduced(_ pairs: CurvaturePairs, _ inside: Int) -> Bool {
        let k = pairs.used
        let order = 2 * k
        let theta = 1 / pairs.scale
        let a = reduced.matrix.pointer
        // Sums over the free variables, or all less the others: over whichever are fewer.
        let countsFree = inside <= n / 2
        var fixed = 0
        if !countsFree {
            var next = 0
            for i in 0..<n {
                if next < inside, free.pointer[next] == i {
                    next += 1
                } else {
                    heap.pointer[fixed] = i
                    fixed += 1
                }
            }
        }
        let list = countsFree ? free.pointer : heap.pointer
        let length = countsFree ? inside : fixed
        func sum(_ u: UnsafePointer<Double>, _ v: UnsafePointer<Double>, _ all: Double) -> Double {
            var sum = 0.0
            for f in 0..<length { sum += u[list[f]] * v[list[f]] }
            return countsFree ? sum : all - sum
        }
        for i in 0..<k {
            let si = pairs.slot(i)
            for j in 0..<k {
                let sj = pairs.slot(j)
                let sY = sum(pairs.step(i), pairs.change(j), sy.pointer[si &* memory + sj])
                let lower = (i > j ? sy.pointer[si &* memory + sj] : 0) - sY
                a[(k + i) &* order + j] = lower
                a[j &* order + k + i] = lower
                if j > i { continue }
                let yY = sum(pairs.change(i), pairs.change(j), yy.pointer[si &* memory + sj])
                let changes = (i == j ? -sy.pointer[si &* memory + si] : 0) - yY / theta
                a[i &* order + j] = changes
                a[j &* order + i] = changes
                let sS = sum(pairs.step(i), pairs.step(j), ss.pointer[si &* memory + sj])
                let steps = theta * (ss.pointer[si &* memory + sj] - sS)
                a[(k + i) &* order + k + j] = steps
                a[(k + j) &* order + k + i] = steps
            }
        }
        return reduced.factor(order)
    }

    /// Adds a step of the free variables to `cauchy`: projected onto the box where that still descends, else cut at the
    /// first bound.
    private func place(
        _ x: UnsafePointer<Double>, _ g: UnsafePointer<Double>, _ step: UnsafePointer<Double>, _ inside: Int
    ) -> Bool {
        var slope = 0.0
        var part = 1.0
        for i in 0..<n { residual.pointer[i] = cauchy.pointer[i] }
        for f in 0..<inside {
            let i = free.pointer[f]
            guard step[i].isFinite else { return false }
            let (low, high) = (bounds.lower.pointer[i], bounds.upper.pointer[i])
            let moved = cauchy.pointer[i] + step[i]
            residual.pointer[i] = min(max(moved, low), high)
            if moved < low { part = min(part, (low - cauchy.pointer[i]) / step[i]) }
            if moved > high { part = min(part, (high - cauchy.pointer[i]) / step[i]) }
        }
        for i in 0..<n { slope += g[i] * (residual.pointer[i] - x[i]) }
        if part == 1 || slope < 0 {
            cauchy.pointer.update(from: residual.pointer, count: n)
            return true
        }
        for f in 0..<inside {
            let i = free.pointer[f]
            let moved = cauchy.pointer[i] + part * step[i]
            cauchy.pointer[i] = min(max(moved, bounds.lower.pointer[i]), bounds.upper.pointer[i])
        }
        return true
    }
}
