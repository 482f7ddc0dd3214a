import CVector
import Core

/// The correlation of output and target over the last axis, averaged over positions.
///
/// Lin (1989), "A concordance correlation coefficient to evaluate reproducibility", doi:10.2307/2532051.
struct Correlation: MeanMetric {
    static let pearson = Entry<any Metric>(
        "PearsonCorrelation", doc: "Pearson's correlation of t and p over the last axis",
        parameters: MetricCatalog.named + [MetricCatalog.lastAxis]
    ) { Correlation(parameters: $0, isConcordance: false) }
    static let concordance = Entry<any Metric>(
        "ConcordanceCorrelation", doc: "Lin's concordance correlation of t and p over the last axis",
        parameters: MetricCatalog.named + [MetricCatalog.lastAxis]
    ) { Correlation(parameters: $0, isConcordance: true) }
    let parameters: Parameters
    let isConcordance: Bool

    func check(_ place: MetricPlace) throws(ApusError) { try needsValues(place) }

    func sum(_ call: MetricCall, _ positions: Range<Int>, _ kernels: borrowing apus_kernels) -> Double {
        var total = 0.0
        for position in positions { total += one(call, position * call.width) }
        return total
    }

    private func one(_ call: MetricCall, _ start: Int) -> Double {
        let count = Double(call.width)
        var (meanT, meanP) = (0.0, 0.0)
        for index in start..<start + call.width {
            meanT += Double(call.target[index]) / count
            meanP += Double(call.output[index]) / count
        }
        var (ofT, ofP, ofBoth) = (0.0, 0.0, 0.0)
        for index in start..<start + call.width {
            let (t, p) = (Double(call.target[index]) - meanT, Double(call.output[index]) - meanP)
            ofT += t * t / count
            ofP += p * p / count
            ofBoth += t * p / count
        }
        if isConcordance { return 2 * ofBoth / (ofT + ofP + (meanT - meanP) * (meanT - meanP) + 1e-7) }
        return ofBoth / (ofT * ofP).squareRoot()
    }
}
