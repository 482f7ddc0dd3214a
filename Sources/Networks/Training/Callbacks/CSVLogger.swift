import Core
import Glibc

/// Writes a line of measures after each epoch: its number from 0, then the measures by name.
final class CSVLogger: FitCallback {
    static let entry = Entry<any FitCallback>(
        "CSVLogger", doc: "writes a line of measures to a file after each epoch",
        parameters: [
            ParameterSpec("filename", .text, default: nil, "the file"),
            ParameterSpec("separator", .text, default: ",", "what stands between two values"),
            ParameterSpec("append", .boolean, default: false, "go on at the end of a file that there is"),
        ]
    ) { CSVLogger($0) }

    private let path: String
    private let separator: String
    private let appends: Bool
    private var file: UnsafeMutablePointer<FILE>?

    private init(_ parameters: Parameters) {
        path = parameters.text("filename")
        separator = parameters.text("separator")
        appends = parameters.boolean("append")
    }

    deinit { if let file { fclose(file) } }

    func begin(_ fit: FitRun) throws(ApusError) {
        guard let file = fopen(path, appends ? "ae" : "we") else { throw fault("opened") }
        self.file = file
        fseek(file, 0, SEEK_END)
        if ftell(file) <= 0 {
            try write(["epoch"] + fit.names.sorted(), file)
        }
    }

    func endEpoch(_ fit: FitRun) throws(ApusError) {
        guard let file else { return }
        let measures = zip(fit.names, fit.logs).sorted { $0.0 < $1.0 }
        try write(["\(fit.trainer.state.epoch - 1)"] + measures.map { "\($0.1)" }, file)
    }

    func end(_ fit: FitRun) throws(ApusError) {
        guard let file else { return }
        self.file = nil
        if fclose(file) != 0 { throw fault("closed") }
    }

    private func write(_ fields: [String], _ file: UnsafeMutablePointer<FILE>) throws(ApusError) {
        let line = fields.joined(separator: separator) + "\n"
        guard fputs(line, file) >= 0, fflush(file) == 0 else { throw fault("written") }
    }

    private func fault(_ what: String) -> ApusError {
        let code = errno
        var text = [CChar](repeating: 0, count: 128)
        let known = strerror_r(code, &text, text.count) == 0
        let reason = known ? String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self) : ""
        return .io("The log '\(path)' cannot be \(what): \(reason.isEmpty ? "error \(code)" : reason).")
    }
}
