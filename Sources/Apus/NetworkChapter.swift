import CApus
import Core
import Networks

private func network(_ pointer: OpaquePointer?) throws(ApusError) -> NetworkBuilder {
    object(try require(pointer, "network"), as: NetworkBuilder.self)
}

@implementation @_cdecl("apus_network_create")
public func apus_network_create(
    _ context: OpaquePointer?, _ parameters: UnsafePointer<CChar>?, _ out: UnsafeMutablePointer<OpaquePointer?>?
) -> apus_status {
    boundary(context) { (context) throws(ApusError) in
        let out = try require(out, "out")
        let parameters = try Parameters(
            kind: "network", specs: NetworkBuilder.specs, text: optionalText(parameters, "parameters"))
        out.pointee = handle(NetworkBuilder(name: parameters.text("name"), allocator: context.allocator))
    }
}

@implementation @_cdecl("apus_network_free")
public func apus_network_free(_ network: OpaquePointer?) {
    release(network, as: NetworkBuilder.self)
}

/// Node numbers from the caller; nil for NULL with 0.
private func nodes(_ pointer: UnsafePointer<Int32>?, _ count: Int32, _ name: StaticString) throws(ApusError) -> [Int]? {
    guard count >= 0 else { throw .invalid("n_\(name) must be >= 0, got \(count).") }
    if count == 0 { return nil }
    let pointer = try require(pointer, name)
    return (0..<Int(count)).map { Int(pointer[$0]) }
}

@implementation @_cdecl("apus_network_add")
public func apus_network_add(
    _ context: OpaquePointer?, _ network: OpaquePointer?, _ layer: UnsafePointer<CChar>?,
    _ parameters: UnsafePointer<CChar>?, _ inputs: UnsafePointer<Int32>?, _ count: Int32,
    _ node: UnsafeMutablePointer<Int32>?
) -> apus_status {
    boundary(context) { (_) throws(ApusError) in
        let network = try Apus.network(network)
        let layer = try text(layer, "layer")
        let given = try ParameterText.parse(optionalText(parameters, "parameters"), for: layer)
        let number = try network.add(layer, given: given, inputs: nodes(inputs, count, "inputs"))
        node?.pointee = Int32(truncatingIfNeeded: number)
    }
}

@implementation @_cdecl("apus_network_call")
public func apus_network_call(
    _ context: OpaquePointer?, _ network: OpaquePointer?, _ again: Int32, _ inputs: UnsafePointer<Int32>?,
    _ count: Int32, _ node: UnsafeMutablePointer<Int32>?
) -> apus_status {
    boundary(context) { (_) throws(ApusError) in
        let network = try Apus.network(network)
        guard let inputs = try nodes(inputs, count, "inputs") else {
            throw .invalid("n_inputs must be at least 1, got \(count).")
        }
        let number = try network.callAgain(Int(again), inputs: inputs)
        node?.pointee = Int32(truncatingIfNeeded: number)
    }
}

@implementation @_cdecl("apus_network_add_model")
public func apus_network_add_model(
    _ context: OpaquePointer?, _ network: OpaquePointer?, _ model: OpaquePointer?,
    _ parameters: UnsafePointer<CChar>?, _ inputs: UnsafePointer<Int32>?, _ count: Int32,
    _ node: UnsafeMutablePointer<Int32>?
) -> apus_status {
    boundary(context) { (_) throws(ApusError) in
        let network = try Apus.network(network)
        let model = try Apus.model(model).network()
        let given = try ParameterText.parse(optionalText(parameters, "parameters"), for: "model")
        let number = try network.add(model, given: given, inputs: nodes(inputs, count, "inputs"))
        node?.pointee = Int32(truncatingIfNeeded: number)
    }
}

@implementation @_cdecl("apus_network_node_shape")
public func apus_network_node_shape(
    _ context: OpaquePointer?, _ network: OpaquePointer?, _ node: Int32, _ outputs: UnsafeMutablePointer<Int32>?,
    _ out: UnsafeMutablePointer<apus_array>?
) -> apus_status {
    boundary(context) { (_) throws(ApusError) in
        let network = try Apus.network(network)
        let shape = try network.shape(of: Int(node))
        if let out { try describe(.float32, shape.prefixed(by: Shape.unknown), in: out) }
        outputs?.pointee = Int32(truncatingIfNeeded: network.outputs(of: Int(node)))
    }
}

@implementation @_cdecl("apus_network_build")
public func apus_network_build(
    _ context: OpaquePointer?, _ network: OpaquePointer?, _ outputs: UnsafePointer<Int32>?, _ count: Int32,
    _ out: UnsafeMutablePointer<OpaquePointer?>?
) -> apus_status {
    boundary(context) { (context) throws(ApusError) in
        let out = try require(out, "out")
        let graph = try Apus.network(network).graph(outputs: nodes(outputs, count, "outputs"))
        out.pointee = handle(ModelHandle(try NetworkModel(initializing: graph, in: context)))
    }
}

@implementation @_cdecl("apus_network_ensemble")
public func apus_network_ensemble(
    _ context: OpaquePointer?, _ models: UnsafePointer<OpaquePointer?>?, _ count: Int32,
    _ parameters: UnsafePointer<CChar>?, _ out: UnsafeMutablePointer<OpaquePointer?>?
) -> apus_status {
    boundary(context) { (context) throws(ApusError) in
        let out = try require(out, "out")
        guard count >= 1, count <= 4096 else { throw .invalid("n_models must be 1 to 4096, got \(count).") }
        let models = try require(models, "models")
        let parameters = try Parameters(
            kind: "ensemble", specs: Ensemble.specs, text: optionalText(parameters, "parameters"))
        var members: [NetworkModel] = []
        for number in 0..<Int(count) {
            guard let model = models[number] else { throw .invalid("models[\(number)] must not be NULL.") }
            do throws(ApusError) { members.append(try Apus.model(model).network()) } catch {
                throw error.within("models[\(number)]")
            }
        }
        out.pointee = handle(ModelHandle(try Ensemble.model(of: members, parameters, in: context)))
    }
}

@implementation @_cdecl("apus_model_to_json")
public func apus_model_to_json(
    _ context: OpaquePointer?, _ model: OpaquePointer?, _ buffer: UnsafeMutablePointer<CChar>?, _ capacity: Int,
    _ needed: UnsafeMutablePointer<Int>?
) -> apus_status {
    boundary(context) { (_) throws(ApusError) in
        let network = try Apus.model(model).network()
        // By the module Keras 3 tells its own classes from those of others; inside it reads the portable notation.
        let module = network.graph.isSequential ? "keras" : "keras.src.models.functional"
        let config = KerasConfig.write(network.graph).objectValue ?? []
        try write(JSON.object([(key: "module", value: .string(module))] + config).text, to: buffer, capacity, needed)
    }
}

@implementation @_cdecl("apus_network_from_json")
public func apus_network_from_json(
    _ context: OpaquePointer?, _ config: UnsafePointer<CChar>?, _ out: UnsafeMutablePointer<OpaquePointer?>?
) -> apus_status {
    boundary(context) { (context) throws(ApusError) in
        let out = try require(out, "out")
        let json: JSON
        do throws(ApusError) { json = try JSONParser.parse(text(config, "keras_config")) } catch { throw error.within("keras_config") }
        let graph = try KerasConfig.read(json, in: context)
        out.pointee = handle(ModelHandle(try NetworkModel(initializing: graph, in: context)))
    }
}

@implementation @_cdecl("apus_model_set_weight")
public func apus_model_set_weight(
    _ context: OpaquePointer?, _ model: OpaquePointer?, _ path: UnsafePointer<CChar>?,
    _ value: UnsafePointer<apus_array>?
) -> apus_status {
    boundary(context) { (context) throws(ApusError) in
        try Apus.model(model).network().set(text(path, "path"), to: input(value, "value"), in: context)
    }
}
