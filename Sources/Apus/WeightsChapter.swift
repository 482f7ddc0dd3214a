import CApus
import Core
import Networks
import Storage

@implementation @_cdecl("apus_model_save_weights")
public func apus_model_save_weights(
    _ context: OpaquePointer?, _ model: OpaquePointer?, _ path: UnsafePointer<CChar>?, _ options: UnsafePointer<CChar>?
) -> apus_status {
    boundary(context) { (context) throws(ApusError) in
        let network = try Apus.model(model).network()
        let path = try text(path, "path")
        let storage = try storage(options)
        let file: FileParts
        switch FileImage.form(ofFileAt: path) {
        case .legacy: file = try FileImage.parts(ofWeights: network.record(in: context), storage: storage, in: context)
        case .weights:
            let record = try network.record(as: .weights, in: context)
            file = try FileImage.parts(of: .network(record), storage: storage, in: context)
        case .archive: throw .unsupported("An archive holds a whole model; weights alone go to .h5 or .weights.h5 files.")
        }
        try AtomicFile.write(file, to: path, in: context)
    }
}

@implementation @_cdecl("apus_model_load_weights")
public func apus_model_load_weights(
    _ context: OpaquePointer?, _ model: OpaquePointer?, _ path: UnsafePointer<CChar>?,
    _ options: UnsafePointer<CChar>?, _ limits: UnsafePointer<apus_load_limits>?,
    _ loaded: UnsafeMutablePointer<Int64>?, _ buffer: UnsafeMutablePointer<CChar>?, _ capacity: Int,
    _ needed: UnsafeMutablePointer<Int>?
) -> apus_status {
    boundary(context) { (context) throws(ApusError) in
        let network = try Apus.model(model).network()
        let path = try text(path, "path")
        let matching = try WeightMatching(
            Parameters(kind: "load_weights", specs: WeightMatching.specs, text: optionalText(options, "options")))
        let limits = try Apus.limits(limits, context)
        let wantsReport = needed != nil || buffer != nil || capacity != 0
        let isTrial = wantsReport && buffer == nil && capacity == 0
        func accept(_ report: WeightsReport) throws(ApusError) -> Bool {
            if wantsReport { try write(report.json.text, to: buffer, capacity, needed) }
            return !isTrial
        }
        let layout = NetworkModel.layout(network.graph)
        if isTrial {
            let report = try FileImage.loadWeights(
                path: path, limits: limits, in: context, for: layout, matching: matching, accept: accept
            ) { (_, _, _) throws(ApusError) in }
            loaded?.pointee = Int64(report.loaded.count)
            return
        }
        try network.replaceWeights(in: context) { (set) throws(ApusError) in
            let report = try FileImage.loadWeights(
                path: path, limits: limits, in: context, for: layout, matching: matching, accept: accept, set: set)
            for skipped in report.skipped { context.warn("\(skipped.reason) It was left as it is.") }
            loaded?.pointee = Int64(report.loaded.count)
        }
    }
}
