import Core
import Glibc

/// The loss that boosting lessens, as a function of raw predictions.
enum BoostingLoss {
    case squaredError, absoluteError, poisson, quantile(Double), binary, softmax(Int)

    /// Raw predictions per row.
    var outputs: Int { if case .softmax(let classes) = self { classes } else { 1 } }

    /// Whether leaves take the median or quantile of their rows once a tree has grown.
    var renewsLeaves: Bool {
        switch self {
        case .absoluteError, .quantile: true
        default: false
        }
    }

    /// The part of the residuals below a leaf's value.
    var part: Double { if case .quantile(let part) = self { part } else { 0.5 } }

    /// The constant that a model without trees predicts best. `y` are values or class numbers.
    func baseline(_ y: UnsafePointer<Double>, _ weights: UnsafePointer<Double>?, _ rows: UnsafeBufferPointer<UInt32>)
        -> [Double]
    {
        var weight = 0.0
        var sums = [Double](repeating: 0, count: max(outputs, 2))
        for row in rows {
            let w = weights.map { $0[Int(row)] } ?? 1
            weight += w
            switch self {
            case .softmax, .binary: sums[Int(y[Int(row)])] += w
            default: sums[0] += w * y[Int(row)]
            }
        }
        let least = 0x1p-52
        switch self {
        case .squaredError: return [sums[0] / weight]
        case .poisson: return [log(max(sums[0] / weight, least))]
        case .binary:
            let share = min(max(sums[1] / weight, least), 1 - least)
            return [log(share / (1 - share))]
        case .softmax:
            let logs = sums.map { log(max($0 / weight, least)) }
            let mean = logs.reduce(0, +) / Double(logs.count)
            return logs.map { $0 - mean }
        case .absoluteError, .quantile: return [0]
        }
    }

    /// Writes (gradient, second derivative, 1, 0) of the rows, output `k`; raw predictions are rows by outputs.
    func gradients(
        _ y: UnsafePointer<Double>, _ weights: UnsafePointer<Double>?, _ raw: UnsafePointer<Double>, output k: Int,
        _ rows: Range<Int>, to out: UnsafeMutablePointer<SIMD4<Float>>
    ) {
        for row in rows {
            var gradient: Double
            var hessian = 1.0
            switch self {
            case .squaredError: gradient = raw[row] - y[row]
            case .absoluteError: gradient = raw[row] < y[row] ? -1 : raw[row] > y[row] ? 1 : 0
            case .quantile(let part): gradient = raw[row] < y[row] ? -part : 1 - part
            case .poisson:
                hessian = exp(raw[row])
                gradient = hessian - y[row]
            case .binary:
                let p = 1 / (1 + exp(-raw[row]))
                gradient = p - y[row]
                hessian = p * (1 - p)
            case .softmax(let classes):
                let own = raw + row &* classes
                var most = own[0]
                for c in 1..<classes { most = max(most, own[c]) }
                var sum = 0.0
                for c in 0..<classes { sum += exp(own[c] - most) }
                let p = exp(own[k] - most) / sum
                gradient = p - (Int(y[row]) == k ? 1 : 0)
                hessian = p * (1 - p)
            }
            if let weights {
                gradient *= weights[row]
                hessian *= weights[row]
            }
            out[row] = SIMD4(Float(gradient), Float(hessian), 1, 0)
        }
    }

    /// The loss of one row.
    func value(_ y: Double, _ raw: UnsafePointer<Double>) -> Double {
        switch self {
        case .squaredError: return (raw[0] - y) * (raw[0] - y) / 2
        case .absoluteError: return abs(raw[0] - y)
        case .quantile(let part): return y >= raw[0] ? part * (y - raw[0]) : (1 - part) * (raw[0] - y)
        case .poisson: return exp(raw[0]) - y * raw[0]
        case .binary: return max(raw[0], 0) - y * raw[0] + log1p(exp(-abs(raw[0])))
        case .softmax(let classes):
            var most = raw[0]
            for c in 1..<classes { most = max(most, raw[c]) }
            var sum = 0.0
            for c in 0..<classes { sum += exp(raw[c] - most) }
            return most + log(sum) - raw[Int(y)]
        }
    }

    /// The weighted mean over rows, summed in their order.
    func mean(
        _ y: UnsafePointer<Double>, _ weights: UnsafePointer<Double>?, _ raw: UnsafePointer<Double>,
        _ rows: UnsafeBufferPointer<UInt32>
    ) -> Double {
        var sum = 0.0
        var weight = 0.0
        for row in rows {
            let w = weights.map { $0[Int(row)] } ?? 1
            sum += w * value(y[Int(row)], raw + Int(row) &* outputs)
            weight += w
        }
        return sum / weight
    }
}
