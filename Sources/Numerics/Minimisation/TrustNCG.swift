import Core

/// The trust region method whose steps come from truncated conjugate gradients, so that the Hessian is needed only in
/// products with vectors: Steihaug 1983, "The conjugate gradient method and trust regions in large scale optimization",
/// doi:10.1137/0720042; Toint 1981.
package struct TrustNCG: Minimizer {
    private let region: TrustRegion

    package init(_ parameters: Parameters) throws(ApusError) { region = try TrustRegion(parameters) }

    static let entry = MinimizerEntry(
        "trust-ncg", doc: "Trust region with steps by truncated conjugate gradients: Steihaug and Toint.", hessian: true,
        parameters: TrustRegion.parameters
    ) { (parameters) throws(ApusError) in try TrustNCG(parameters) }

    package func minimise(_ run: Minimisation) throws(ApusError) -> StopReason {
        try region.minimise(run, TruncatedModel(run))
    }
}

private final class TruncatedModel: TrustRegionModel {
    private let run: Minimisation
    private let count: Int
    private let derivatives: SecondDerivatives
    private let residual: Buffer<Double>
    private let direction: Buffer<Double>
    private let product: Buffer<Double>

    init(_ run: Minimisation) throws(ApusError) {
        self.run = run
        count = run.count
        derivatives = try SecondDerivatives(run, products: true)
        let allocator = run.context.allocator
        residual = try Buffer(count, in: allocator)
        direction = try Buffer(count, in: allocator)
        product = try Buffer(count, in: allocator)
    }

    func prepare() throws(ApusError) -> Bool {
        derivatives.moved()
        return true
    }

    var mayBeSaddle: Bool { false }

    func isSaddle() throws(ApusError) -> Bool { false }

    func step(radius: Double, to p: UnsafeMutablePointer<Double>) throws(ApusError) -> (fall: Double, atEdge: Bool)? {
        let n = count
        let (r, d, hd, g) = (residual.pointer, direction.pointer, product.pointer, run.gradient.pointer)
        for i in 0..<n {
            p[i] = 0
            r[i] = g[i]
            d[i] = -g[i]
        }
        let slope = length(g, n)
        let enough = min(0.5, slope.squareRoot()) * slope
        var squares = innerProduct(r, r, n)
        var atEdge = false
        // r = g + H p throughout.
        for _ in 0..<max(2 * n, 20) {
            guard try derivatives.product(d, to: hd) else { return nil }
            let curvature = innerProduct(d, hd, n)
            var along = squares / curvature
            if !(curvature > 0) || !along.isFinite || leaves(p, d, along, radius) {
                along = edge(p, d, radius)
                atEdge = true
            }
            addProduct(along, d, to: p, n)
            addProduct(along, hd, to: r, n)
            if atEdge { break }
            let left = innerProduct(r, r, n)
            if left.squareRoot() <= enough { break }
            let part = left / squares
            for i in 0..<n { d[i] = part * d[i] - r[i] }
            squares = left
        }
        return (-0.5 * (innerProduct(g, p, n) + innerProduct(r, p, n)), atEdge)
    }

    private func leaves(
        _ p: UnsafePointer<Double>, _ d: UnsafePointer<Double>, _ along: Double, _ radius: Double
    ) -> Bool {
        let squares =
            innerProduct(p, p, count) + along * (2 * innerProduct(p, d, count) + along * innerProduct(d, d, count))
        return !(squares < radius * radius)
    }

    /// The positive multiple of d that leads from p to the edge. d descends, and so does the model along it.
    private func edge(_ p: UnsafePointer<Double>, _ d: UnsafePointer<Double>, _ radius: Double) -> Double {
        let size = length(d, count)
        guard size > 0 else { return 0 }
        let along = innerProduct(p, d, count) / size
        let own = length(p, count)
        let missing = max(0, (radius - own) * (radius + own))
        let root = (along * along + missing).squareRoot()
        return (along > 0 ? missing / (along + root) : root - along) / size
    }
}
