import Core

/// Where the classes of a configuration come from: from Keras, or from others, whose code is neither here nor wanted.
enum KerasOrigin {
    /// Layers that are code: Python's, in text or bytes, or TensorFlow's.
    private static let code: Set<String> = ["Lambda", "TFOpLambda", "SlicingOpLambda", "TFSMLayer"]
    /// How Keras marks code in a value.
    private static let marks: Set<String> = ["__lambda__", "__lambda"]
    /// The first part of the modules that Keras's own classes have had.
    private static let modules: Set<String> = ["keras", "tf_keras", "builtins"]
    private static let tensorFlow = ["tensorflow.keras", "tensorflow.python.keras"]

    /// Throws `unsupported`, naming it, for a layer or model that is not Keras's own or that holds code.
    static func check(_ json: JSON) throws(ApusError) {
        let className = json["class_name"]?.stringValue ?? json.stringValue ?? ""
        if code.contains(className) {
            throw .unsupported("Unknown layer '\(className)': it is made of code, and code in files is never run.")
        }
        if let module = json["module"]?.stringValue, !isOfKeras(module) {
            throw .unsupported(
                "Unknown layer '\(className)' of the module '\(module)', which is not Keras's; code of others is not run.")
        }
        if let name = json["registered_name"]?.stringValue ?? (className.contains(">") ? className : nil),
            name.contains(">")
        {
            throw .unsupported("Unknown layer '\(name)': it was registered by a program and is not Keras's own.")
        }
        // The layers of a model are checked one by one.
        if !KerasConfigReader.isModel(className), let config = json["config"], holdsCode(config) {
            throw .unsupported("A \(className) has Python code in its configuration, and code in files is never run.")
        }
    }

    private static func isOfKeras(_ module: String) -> Bool {
        let first = module.prefix { $0 != "." }
        return modules.contains(String(first)) || tensorFlow.contains { module == $0 || module.hasPrefix($0 + ".") }
    }

    /// Whether any part of a value is marked as code. The parser has bounded how deep it is.
    private static func holdsCode(_ json: JSON) -> Bool {
        if let items = json.objectValue {
            return items.contains { item in
                (item.key == "class_name" && item.value.stringValue.map(marks.contains) == true) || holdsCode(item.value)
            }
        }
        return json.arrayValue?.contains(where: holdsCode) ?? false
    }
}
