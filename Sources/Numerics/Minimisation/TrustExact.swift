import COpenBLAS
import Core

/// The trust region method whose steps are exact minima of the model, by More and Sorensen 1983, "Computing a trust
/// region step", doi:10.1137/0904038. It leaves saddle points: a point without a slope counts as found only where the
/// Hessian has no negative eigenvalue.
package struct TrustExact: Minimizer {
    private let region: TrustRegion

    package init(_ parameters: Parameters) throws(ApusError) { region = try TrustRegion(parameters) }

    static let entry = MinimizerEntry(
        "trust-exact", doc: "Trust region with exact steps: More and Sorensen. Leaves saddle points.", hessian: true,
        parameters: TrustRegion.parameters
    ) { (parameters) throws(ApusError) in try TrustExact(parameters) }

    package var leavesSaddles: Bool { true }

    package func minimise(_ run: Minimisation) throws(ApusError) -> StopReason {
        try region.minimise(run, ExactModel(run))
    }
}

/// The model with its Hessian, factored as the radius wants it.
///
/// The minimum is p(lambda) = -(H + lambda I)^-1 g with the lambda >= 0 that makes its length the radius, found by
/// Newton's method on 1 / radius - 1 / |p(lambda)|, from below, which converges monotonously. Where H is not positive
/// definite, its smallest eigenvalue and the eigenvector z say where to begin; and in the hard case, g orthogonal to z,
/// p at the smallest lambda is completed by a multiple of z.
private final class ExactModel: TrustRegionModel {
    private let run: Minimisation
    private let count: Int
    private let derivatives: SecondDerivatives
    private let last: LastHessian
    private let factor: Buffer<Double>
    private let product: Buffer<Double>
    private var hessian: Buffer<Double> { last.matrix }
    private var norm = 0.0
    private var isDefinite = false
    /// The shift of the factor that is there; NaN for none.
    private var factored = Double.nan
    private var lowest: LowestEigenpair?

    /// Lengths within this part of the radius will do.
    private static let tolerance = 0.01
    private static let mostFactors = 100

    init(_ run: Minimisation) throws(ApusError) {
        self.run = run
        count = run.count
        derivatives = try SecondDerivatives(run, products: false)
        let allocator = run.context.allocator
        last = try LastHessian(run)
        factor = try Buffer(count &* count, in: allocator)
        product = try Buffer(count, in: allocator)
        run.context.holdBLAS()
    }

    func prepare() throws(ApusError) -> Bool {
        guard try last.update(derivatives) else { return false }
        lowest = nil
        factored = .nan
        norm = largestEntry()
        isDefinite = try factor(shiftedBy: 0)
        return norm.isFinite
    }

    func isSaddle() throws(ApusError) -> Bool {
        if isDefinite { return false }
        return try eigenpair().value < -derivatives.precision * norm
    }

    var mayBeSaddle: Bool { !isDefinite }

    /// n times the largest entry: no eigenvalue is larger.
    private func largestEntry() -> Double {
        var most = 0.0
        for i in 0..<count { most = max(most, largestMagnitude(hessian.pointer + (i &* count + i), count - i)) }
        return Double(count) * most
    }

    private func eigenpair() throws(ApusError) -> LowestEigenpair {
        if let lowest { return lowest }
        let pair = try LowestEigenpair(hessian.pointer, order: count, in: run.context.allocator)
        lowest = pair
        return pair
    }

    /// Factors H + shift I; false where it is not positive definite.
    private func factor(shiftedBy shift: Double) throws(ApusError) -> Bool {
        if shift == factored { return true }
        factored = .nan
        try run.context.checkInterrupt()
        factor.pointer.update(from: hessian.pointer, count: hessian.count)
        for i in 0..<count { factor.pointer[i &* count + i] += shift }
        var n = Int32(truncatingIfNeeded: count)
        var info: Int32 = 0
        dpotrf_("L", &n, factor.pointer, &n, &info, 1)
        if info == 0 { factored = shift }
        return info == 0
    }

    /// p = -(H + lambda I)^-1 g with the factor as it is; its length.
    private func newtonStep(to p: UnsafeMutablePointer<Double>) -> Double {
        for i in 0..<count { p[i] = -run.gradient.pointer[i] }
        var n = Int32(truncatingIfNeeded: count)
        var one: Int32 = 1
        var info: Int32 = 0
        dpotrs_("L", &n, &one, factor.pointer, &n, p, &n, &info, 1)
        return length(p, count)
    }

    func step(radius: Double, to p: UnsafeMutablePointer<Double>) throws(ApusError) -> (fall: Double, atEdge: Bool)? {
        var lambda = 0.0
        var atEdge = true
        var isFactored = false
        if isDefinite { isFactored = try factor(shiftedBy: 0) }
        if isFactored {
            let size = newtonStep(to: p)
            if size <= radius {
                atEdge = false
            } else {
                lambda = next(lambda, size, radius, p)
                try settle(lambda, radius, p)
            }
        } else {
            let pair = try eigenpair()
            let along = innerProduct(pair.vector.pointer, run.gradient.pointer, count)
            let slope = length(run.gradient.pointer, count)
            // lambda is at least that far above -value, for |p| is at least |along| / (lambda + value).
            let tiny = max(0x1p-44 * norm, 0x1p-44 * slope / radius, 0x1p-1000)
            var above = max(abs(along) / radius, tiny)
            let base = max(0, -pair.value)
            var tries = 0
            while try !factor(shiftedBy: base + above) {
                tries += 1
                if tries > ExactModel.mostFactors { return (0, true) }
                above *= 4
            }
            lambda = base + above
            let size = newtonStep(to: p)
            if size < radius {
                complete(p, size, radius, pair.vector.pointer)
            } else {
                if size > (1 + ExactModel.tolerance) * radius {
                    try settle(next(lambda, size, radius, p), radius, p)
                }
            }
        }
        let n = Int32(truncatingIfNeeded: count)
        cblas_dsymv(CblasRowMajor, CblasUpper, n, 1, hessian.pointer, n, p, 1, 0, product.pointer, 1)
        let fall = -innerProduct(run.gradient.pointer, p, count) - 0.5 * innerProduct(product.pointer, p, count)
        return (fall, atEdge)
    }

    /// Newton's method for lambda from below until the step is as long as the radius.
    private func settle(_ start: Double, _ radius: Double, _ p: UnsafeMutablePointer<Double>) throws(ApusError) {
        var lambda = start
        for _ in 0..<ExactModel.mostFactors {
            guard lambda.isFinite, try factor(shiftedBy: lambda) else { break }
            let size = newtonStep(to: p)
            if size <= (1 + ExactModel.tolerance) * radius { break }
            lambda = next(lambda, size, radius, p)
        }
        let size = length(p, count)
        if size > (1 + ExactModel.tolerance) * radius, size.isFinite {
            for i in 0..<count { p[i] *= radius / size }
        }
    }

    /// One step of Newton's method for lambda, with the factor and step of the present one.
    private func next(_ lambda: Double, _ size: Double, _ radius: Double, _ p: UnsafePointer<Double>) -> Double {
        product.pointer.update(from: p, count: count)
        let n = Int32(truncatingIfNeeded: count)
        cblas_dtrsv(CblasColMajor, CblasLower, CblasNoTrans, CblasNonUnit, n, factor.pointer, n, product.pointer, 1)
        let ratio = size / length(product.pointer, count)
        return lambda + ratio * ratio * ((size - radius) / radius)
    }

    /// p += tau z so that the length is the radius: the shorter way of the two.
    private func complete(
        _ p: UnsafeMutablePointer<Double>, _ size: Double, _ radius: Double, _ z: UnsafePointer<Double>
    ) {
        let along = innerProduct(p, z, count)
        let missing = (radius - size) * (radius + size)
        let root = (along * along + missing).squareRoot()
        let tau = missing / (along >= 0 ? along + root : along - root)
        if tau.isFinite { addProduct(tau, z, to: p, count) }
    }
}
