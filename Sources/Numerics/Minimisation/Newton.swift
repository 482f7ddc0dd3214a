import Core

/// Newton's method: directions from the Hessian's Cholesky factor, made positive definite where it is not
/// (`ModifiedCholesky`), and steps by a line search. From a saddle it goes along the eigenvector of the smallest
/// eigenvalue. Nocedal and Wright, "Numerical Optimization", 2nd ed., section 3.4
/// (doi:10.1007/978-0-387-40065-5).
package struct Newton: Minimizer {
    /// How long a step is.
    package enum LineSearch: String, CaseIterable, Sendable {
        /// The strong Wolfe conditions.
        case wolfe
        /// Halving until the value falls enough.
        case backtracking
    }

    private let lineSearch: LineSearch
    package let leavesSaddles: Bool

    /// `leavesSaddles` is for functions that have some: it may cost one more Hessian.
    package init(lineSearch: LineSearch = .wolfe, leavesSaddles: Bool = false) {
        self.lineSearch = lineSearch
        self.leavesSaddles = leavesSaddles
    }

    package static let entry = MinimizerEntry(
        "Newton", doc: "Newton's method with a modified Cholesky factor and a line search. Leaves saddle points.",
        hessian: true,
        parameters: [
            ParameterSpec(
                "line_search", .choice(LineSearch.allCases.map(\.rawValue)), default: "wolfe",
                "wolfe: the strong Wolfe conditions; backtracking: the first step that lowers the value enough.")
        ]
    ) { (parameters) throws(ApusError) in
        Newton(lineSearch: LineSearch(rawValue: parameters.text("line_search")) ?? .wolfe, leavesSaddles: true)
    }

    package func mostIterations(_ count: Int) -> Int { 1000 }

    package func minimise(_ run: Minimisation) throws(ApusError) -> StopReason {
        let n = run.count
        let allocator = run.context.allocator
        let derivatives = try SecondDerivatives(run, products: false)
        let hessian = try LastHessian(run)
        let matrix = hessian.matrix
        let direction = try Buffer<Double>(n, in: allocator)
        let search = try Search(lineSearch, run)
        run.context.holdBLAS()
        var last = 0.0
        var isStationary = run.slope <= run.conditions.tolerance
        while true {
            guard try hessian.update(derivatives) else {
                run.message = "The Hessian is not finite at the point reached."
                return .notFinite
            }
            var isDefinite = true
            if isStationary {
                let pair = try LowestEigenpair(matrix.pointer, order: n, in: allocator)
                let norm = Double(n) * Newton.largestEntry(matrix.pointer, n)
                guard pair.value < -derivatives.precision * norm else { return .converged }
                guard let step = try leave(run, pair, direction.pointer, search) else { return .converged }
                isDefinite = false
                last = step
                let stop = try run.iterated(step: step)
                isStationary = stop == .converged
                if let stop, !isStationary { return stop }
                continue
            }
            for i in 0..<n { direction.pointer[i] = -run.gradient.pointer[i] }
            isDefinite = try Newton.solve(matrix.pointer, direction, in: run.context)
            var slope = innerProduct(run.gradient.pointer, direction.pointer, n)
            if !(slope < 0) || !slope.isFinite {
                for i in 0..<n { direction.pointer[i] = -run.gradient.pointer[i] }
                slope = -innerProduct(run.gradient.pointer, run.gradient.pointer, n)
            }
            let reach = length(direction.pointer, n)
            // Where the Hessian says nothing about how far to go, what went before does.
            let first = isDefinite ? 1 : min(1, 2 * max(last, 1) / reach)
            switch try search.search(along: direction.pointer, slope: slope, first: first) {
            case .found: break
            case .failed: return .precision
            case .notFinite: return .notFinite
            case .endless: return .unbounded
            }
            last = search.step * reach
            search.move()
            let stop = try run.iterated(step: last)
            isStationary = stop == .converged && leavesSaddles && !isDefinite
            if let stop, !isStationary { return stop }
        }
    }

    private static func largestEntry(_ matrix: UnsafePointer<Double>, _ n: Int) -> Double {
        var most = 0.0
        for i in 0..<n { most = max(most, largestMagnitude(matrix + (i &* n + i), n - i)) }
        return most
    }

    /// direction = (H + E)^-1 direction; whether H was positive definite, and so E = 0.
    private static func solve(_ matrix: UnsafePointer<Double>, _ direction: Buffer<Double>, in context: Context)
        throws(ApusError) -> Bool
    {
        let n = direction.count
        if let factor = try Cholesky(matrix, order: n, in: context.allocator), factor.reciprocalCondition > 1e-14 {
            factor.solve(direction.pointer, count: 1)
            return true
        }
        try ModifiedCholesky(matrix, order: n, in: context).solve(direction.pointer)
        return false
    }

    /// Steps from a saddle along +-z, as far as the function falls with its curvature; the length, nil where it does not.
    private func leave(
        _ run: Minimisation, _ pair: LowestEigenpair, _ direction: UnsafeMutablePointer<Double>, _ search: Search
    ) throws(ApusError) -> Double? {
        var step = max(1, length(run.x.pointer, run.count))
        for _ in 0..<60 {
            for sign in [1.0, -1.0] {
                for i in 0..<run.count { direction[i] = sign * step * pair.vector.pointer[i] }
                // A fraction of what the curvature promises.
                if try search.isLower(along: direction, by: 1e-3 * -pair.value * step * step) {
                    search.move()
                    return step
                }
            }
            step *= 0.5
        }
        return nil
    }

    /// Either line search.
    private final class Search {
        private let run: Minimisation
        private let wolfe: WolfeLineSearch?
        private let backtracking: BacktrackingLineSearch?
        private let point: Buffer<Double>
        private let gradient: Buffer<Double>
        private var value = 0.0
        private(set) var step = 0.0

        init(_ kind: LineSearch, _ run: Minimisation) throws(ApusError) {
            self.run = run
            switch kind {
            case .wolfe:
                let search = try WolfeLineSearch(run)
                (wolfe, backtracking, point, gradient) = (search, nil, search.point, search.gradient)
            case .backtracking:
                let search = try BacktrackingLineSearch(run)
                (wolfe, backtracking, point, gradient) = (nil, search, search.point, search.gradient)
            }
        }

        func search(along direction: UnsafePointer<Double>, slope: Double, first: Double) throws(ApusError)
            -> WolfeLineSearch.Outcome
        {
            if let wolfe {
                let outcome = try wolfe.search(along: direction, slope: slope, first: first)
                (value, step) = (wolfe.value, wolfe.step)
                return outcome
            }
            guard let backtracking else { return .failed }
            let outcome = try backtracking.search(along: direction, slope: slope, first: first)
            (value, step) = (backtracking.value, backtracking.step)
            return outcome
        }

        /// Whether the function falls by so much over the whole of `direction`.
        func isLower(along direction: UnsafePointer<Double>, by fall: Double) throws(ApusError) -> Bool {
            for i in 0..<run.count { point.pointer[i] = run.x.pointer[i] + direction[i] }
            value = try run.evaluate(point.pointer, gradient: gradient.pointer)
            step = 1
            return value <= run.value - fall && value < run.value
                && largestMagnitude(gradient.pointer, run.count).isFinite
        }

        /// Moves the run to the point found.
        func move() { run.move(to: point.pointer, value: value, gradient: gradient.pointer) }
    }
}
