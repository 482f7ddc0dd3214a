/// Where a long call stands, for the caller's callback.
package struct ProgressReport {
    package enum Stage: Int32 {
        case iteration = 1
        case batch = 2
        case epoch = 3
    }

    package var stage: Stage
    /// 1-based number of the iteration or epoch, and how many in all.
    package var epoch = 0
    package var epochs = 0
    /// 1-based number of the batch in the epoch.
    package var batch = 0
    package var batches = 0
    package var samples = 0
    package var seconds = 0.0
    package var samplesPerSecond = 0.0
    package var loss = 0.0
    package var validationLoss = Double.nan
    package var metricNames: [String] = []
    package var metrics: [Double] = []
    package var validationMetrics: [Double] = []
    package var hasValidation = false

    package init(_ stage: Stage) { self.stage = stage }
}

/// What the callback decided.
package enum ProgressDecision {
    case go
    /// End here, keep what there is.
    case stop
    /// End here, as if the call had not been made.
    case abort
}

package typealias ProgressSink = (ProgressReport) -> ProgressDecision
