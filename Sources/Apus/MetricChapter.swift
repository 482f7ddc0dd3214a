import CApus
import Core
import Networks
import Synchronization

/// What an `apus_metric *` points to: one thread at a time.
final class MetricHandle {
    let metric: MetricAccumulator
    private let busy = Atomic<Bool>(false)

    init(_ metric: MetricAccumulator) { self.metric = metric }

    func use(_ body: (MetricAccumulator) throws(ApusError) -> Void) throws(ApusError) {
        guard busy.compareExchange(expected: false, desired: true, ordering: .acquiring).exchanged else {
            throw ApusError(.busy, "The metric is in use by another thread.")
        }
        defer { busy.store(false, ordering: .releasing) }
        try body(metric)
    }
}

/// Every call on a metric.
@inline(__always)
private func measuring(
    _ context: OpaquePointer?, _ metric: OpaquePointer?, _ body: (Context, MetricAccumulator) throws(ApusError) -> Void
) -> apus_status {
    boundary(context) { (context) throws(ApusError) in
        let handle = object(try require(metric, "metric"), as: MetricHandle.self)
        try handle.use { (metric) throws(ApusError) in try body(context, metric) }
    }
}

@implementation @_cdecl("apus_metric_create")
public func apus_metric_create(
    _ context: OpaquePointer?, _ description: UnsafePointer<CChar>?, _ out: UnsafeMutablePointer<OpaquePointer?>?
) -> apus_status {
    boundary(context) { (context) throws(ApusError) in
        let out = try require(out, "out")
        let description = try text(description, "description")
        let json: JSON = description.contains("{") ? try JSONParser.parse(description) : .string(description)
        out.pointee = handle(MetricHandle(try MetricAccumulator(json, in: context.allocator)))
    }
}

@implementation @_cdecl("apus_metric_free")
public func apus_metric_free(_ metric: OpaquePointer?) { release(metric, as: MetricHandle.self) }

@implementation @_cdecl("apus_metric_update")
public func apus_metric_update(
    _ context: OpaquePointer?, _ metric: OpaquePointer?, _ targets: UnsafePointer<apus_array>?,
    _ outputs: UnsafePointer<apus_array>?, _ weight: UnsafePointer<apus_array>?
) -> apus_status {
    measuring(context, metric) { (context, metric) throws(ApusError) in
        try metric.update(
            targets: input(targets, "targets"), outputs: input(outputs, "outputs"),
            weights: weight == nil ? nil : input(weight, "sample_weight"), in: context)
    }
}

@implementation @_cdecl("apus_metric_result")
public func apus_metric_result(
    _ context: OpaquePointer?, _ metric: OpaquePointer?, _ out: UnsafeMutablePointer<apus_array>?
) -> apus_status {
    measuring(context, metric) { (_, metric) throws(ApusError) in
        let result = try metric.result()
        try deliver(result.view, to: out)
        withExtendedLifetime(result) {}
    }
}

@implementation @_cdecl("apus_metric_reset")
public func apus_metric_reset(_ context: OpaquePointer?, _ metric: OpaquePointer?) -> apus_status {
    measuring(context, metric) { (_, metric) throws(ApusError) in metric.reset() }
}
