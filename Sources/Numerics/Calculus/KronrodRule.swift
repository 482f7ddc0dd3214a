import Core
import Glibc

/// A Gauss-Kronrod pair on [-1, 1]: nodes and weights for x > 0 descending, then the centre.
///
/// Weights from R. Piessens et al., QUADPACK (1983), doi:10.1007/978-3-642-61786-7.
struct KronrodRule {
    let nodes: [Double]
    /// Kronrod's weights.
    let weights: [Double]
    /// Gauss's weights at the same nodes; 0 where Gauss has none.
    let gaussWeights: [Double]

    /// What the rule says about one interval.
    struct Estimate {
        var value: Double
        var error: Double
        /// Integral of |f|.
        var absolute: Double
        /// Integral of |f - mean|.
        var deviation: Double
    }

    /// 10 and 21 points.
    static let points21 = KronrodRule(
        nodes: [
            0.995657163025808080735527280689003, 0.973906528517171720077964012084452,
            0.930157491355708226001207180059508, 0.865063366688984510732096688423493,
            0.780817726586416897063717578345042, 0.679409568299024406234327365114874,
            0.562757134668604683339000099272694, 0.433395394129247190799265943165784,
            0.294392862701460198131126603103866, 0.148874338981631210884826001129720, 0,
        ],
        weights: [
            0.011694638867371874278064396062192, 0.032558162307964727478818972459390,
            0.054755896574351996031381300244580, 0.075039674810919952767043140916190,
            0.093125454583697605535065465083366, 0.109387158802297641899210590325805,
            0.123491976262065851077958109831074, 0.134709217311473325928054001771707,
            0.142775938577060080797094273138717, 0.147739104901338491374841515972068,
            0.149445554002916905664936468389821,
        ],
        gaussWeights: [
            0, 0.066671344308688137593568809893332, 0, 0.149451349150580593145776339657697, 0,
            0.219086362515982043995534934228163, 0, 0.269266719309996355091226921569469, 0,
            0.295524224714752870173892994651338, 0,
        ])

    /// 7 and 15 points.
    static let points15 = KronrodRule(
        nodes: [
            0.991455371120812639206854697526329, 0.949107912342758524526189684047851,
            0.864864423359769072789712788640926, 0.741531185599394439863864773280788,
            0.586087235467691130294144838258730, 0.405845151377397166906606412076961,
            0.207784955007898467600689403773245, 0,
        ],
        weights: [
            0.022935322010529224963732008058970, 0.063092092629978553290700663189204,
            0.104790010322250183839876322541518, 0.140653259715525918745189590510238,
            0.169004726639267902826583426598550, 0.190350578064785409913256402421014,
            0.204432940075298892414161999234649, 0.209482141084727828012999174891714,
        ],
        gaussWeights: [
            0, 0.129484966168869693270611432679082, 0, 0.279705391489276667901467771423780, 0,
            0.381830050505118944950369775488975, 0, 0.417959183673469387755102040816327,
        ])

    /// Points of the rule.
    var count: Int { 2 * nodes.count - 1 }

    /// Applies the rule to [low, high]. `values` has room for `count` numbers.
    func estimate(
        _ low: Double, _ high: Double, values: UnsafeMutablePointer<Double>, _ f: RealFunction
    ) throws(ApusError) -> Estimate {
        let center = 0.5 * low + 0.5 * high
        let half = 0.5 * high - 0.5 * low
        let last = nodes.count - 1
        var kronrod = 0.0
        var gauss = 0.0
        var absolute = 0.0
        for index in 0...last {
            let offset = half * nodes[index]
            let left = try f(KronrodRule.inside(center - offset, low, high))
            values[2 * index] = left
            var sum = left
            var size = left.magnitude
            if index < last {
                let right = try f(KronrodRule.inside(center + offset, low, high))
                values[2 * index + 1] = right
                sum += right
                size += right.magnitude
            }
            kronrod += weights[index] * sum
            gauss += gaussWeights[index] * sum
            absolute += weights[index] * size
        }
        let mean = 0.5 * kronrod
        var deviation = 0.0
        for index in 0..<count { deviation += weights[index / 2] * (values[index] - mean).magnitude }
        let width = half.magnitude
        absolute *= width
        deviation *= width
        // QUADPACK's empirical estimate: the difference of the rules to the power 3/2, relative to the deviation.
        var error = ((kronrod - gauss) * half).magnitude
        if deviation != 0, error != 0 { error = deviation * min(1, pow(200 * error / deviation, 1.5)) }
        if absolute > .leastNormalMagnitude / (50 * .ulpOfOne) {
            error = max(error, IntegrationTolerance.rounding * absolute)
        }
        return Estimate(value: kronrod * half, error: error, absolute: absolute, deviation: deviation)
    }

    /// x, moved off the ends of the interval when rounding has put it there: singular ends are never evaluated.
    private static func inside(_ x: Double, _ low: Double, _ high: Double) -> Double {
        let (left, right) = low < high ? (low, high) : (high, low)
        if x <= left { return left.nextUp < right ? left.nextUp : x }
        if x >= right { return right.nextDown > left ? right.nextDown : x }
        return x
    }
}
