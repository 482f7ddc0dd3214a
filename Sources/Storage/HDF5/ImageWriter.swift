import CHDF5
import Core
import Glibc

/// Writes one HDF5 file into memory: superblock 2 and checksummed object headers (libhdf5 1.8 and later read them), no
/// times, so that equal contents give equal bytes. Lives inside `Library.locked`.
struct ImageWriter: ~Copyable {
    let root: Identifier
    private let groupCreation: Identifier
    private let datasetCreation: Identifier
    private let storage: ArrayStorage
    private let image: PartedImage
    private let allocator: Allocator

    /// libhdf5 wants a name; it is the name of no file.
    private static let nowhere = "/dev/null/apus"

    /// Longest text and name list that goes into an attribute; an object header message holds less than 64 KiB.
    static let maximumAttribute = 64_512

    private init(
        file: borrowing Identifier, _ image: PartedImage, _ storage: ArrayStorage, in allocator: Allocator
    ) throws(ApusError) {
        let groups = try Identifier(
            H5Pcreate(apus_h5_class_group_create()), .internal, "A group property list cannot be made")
        try ImageWriter.configure(groups)
        let datasets = try Identifier(
            H5Pcreate(apus_h5_class_dataset_create()), .internal, "A dataset property list cannot be made")
        try check(H5Pset_obj_track_times(datasets.raw, false), .internal, "Times cannot be turned off")
        root = try Identifier(H5Gopen2(file.raw, "/", apus_h5_default()), .internal, "The root group cannot be opened")
        groupCreation = groups
        self.storage = storage
        self.image = image
        self.allocator = allocator
        datasetCreation = datasets
    }

    /// Links and attributes stay in the object header up to 64 of each. Past that libhdf5 is quick only with dense
    /// storage: thousands of attributes in one header took it minutes.
    private static func configure(_ list: borrowing Identifier) throws(ApusError) {
        try check(H5Pset_obj_track_times(list.raw, false), .internal, "Times cannot be turned off")
        try check(H5Pset_link_phase_change(list.raw, 64, 48), .internal, "Link storage cannot be set")
        try check(H5Pset_attr_phase_change(list.raw, 64, 48), .internal, "Attribute storage cannot be set")
    }

    /// The file that `body` fills, large arrays stored as `storage` says.
    static func file(
        _ storage: ArrayStorage, in allocator: Allocator, _ body: (borrowing ImageWriter) throws(ApusError) -> Void
    ) throws(ApusError) -> FileParts {
        let image = PartedImage(in: allocator)
        do throws(ApusError) {
            return try Library.locked { () throws(ApusError) in
                let access = try Identifier(
                    H5Pcreate(apus_h5_class_file_access()), .internal, "A file access list cannot be made")
                try check(
                    H5Pset_libver_bounds(access.raw, H5F_LIBVER_V18, H5F_LIBVER_V18), .internal,
                    "The format version cannot be set")
                try check(H5Pset_fclose_degree(access.raw, H5F_CLOSE_STRONG), .internal, "Closing cannot be set")
                return try image.serve(access) { () throws(ApusError) in
                    let creation = try Identifier(
                        H5Pcreate(apus_h5_class_file_create()), .internal, "A file creation list cannot be made")
                    try configure(creation)
                    let file = try Identifier(
                        H5Fcreate(nowhere, apus_h5_truncate(), creation.raw, access.raw), .internal,
                        "A file cannot be made in memory")
                    do {
                        let writer = try ImageWriter(file: file, image, storage, in: allocator)
                        try body(writer)
                    }
                    try check(H5Fflush(file.raw, H5F_SCOPE_GLOBAL), .internal, "The file cannot be finished")
                    try file.close("The file cannot be closed")
                    return try image.parts()
                }
            }
        } catch {
            throw image.refusal ?? error
        }
    }

    // Groups

    /// A new group under `parent`.
    func group(_ name: String, in parent: borrowing Identifier) throws(ApusError) -> Identifier {
        try checkName(name)
        return try Identifier(
            H5Gcreate2(parent.raw, name, apus_h5_default(), groupCreation.raw, apus_h5_default()), .internal,
            "The group '\(name)' cannot be written")
    }

    private func checkName(_ name: String) throws(ApusError) {
        if name.isEmpty || name == "." || name == ".." || name.utf8.contains(0) || name.utf8.contains(UInt8(ascii: "/")) {
            throw .invalid("'\(name)' cannot be the name of something in a file.")
        }
    }

    // Attributes

    /// A scalar text of variable length, as h5py writes them.
    func attribute(
        _ name: String, variableText text: String, utf8: Bool, of object: borrowing Identifier
    ) throws(ApusError) {
        try attribute(name, variableTexts: [text], scalar: true, utf8: utf8, of: object)
    }

    /// Texts of variable length, as one scalar or a list.
    func attribute(
        _ name: String, variableTexts texts: [String], scalar: Bool = false, utf8: Bool, of object: borrowing Identifier
    ) throws(ApusError) {
        let type = try stringType(size: apus_h5_variable(), utf8: utf8)
        let space = try scalar ? scalarSpace() : listSpace(texts.count)
        let attribute = try create(name, type, space, of: object)
        let copies = texts.map { strdup($0) }
        defer { for copy in copies { free(copy) } }
        if copies.contains(where: { $0 == nil }) { throw ApusError(.outOfMemory, "Out of memory: the text '\(name)'.") }
        try check(H5Awrite(attribute.raw, type.raw, copies), .internal, "The attribute '\(name)' cannot be written")
    }

    /// A scalar text of fixed length.
    func attribute(_ name: String, text: String, of object: borrowing Identifier) throws(ApusError) {
        try attribute(name, texts: [text], scalar: true, of: object)
    }

    /// Texts of one fixed length, padded with zero bytes.
    func attribute(
        _ name: String, texts: [String], scalar: Bool = false, of object: borrowing Identifier
    ) throws(ApusError) {
        let width = texts.reduce(1) { max($0, $1.utf8.count) }
        let type = try stringType(size: width, utf8: true)
        let space = try scalar ? scalarSpace() : listSpace(texts.count)
        let attribute = try create(name, type, space, of: object)
        let bytes = try padded(texts, width)
        defer { withExtendedLifetime(bytes) {} }
        try check(H5Awrite(attribute.raw, type.raw, bytes.pointer), .internal, "The attribute '\(name)' cannot be written")
    }

    /// A list of names, cut into `name0`, `name1`, ... as Keras does when it is too long for one attribute.
    func attribute(_ name: String, list names: [String], of object: borrowing Identifier) throws(ApusError) {
        let parts = try ImageWriter.parts(of: names, name)
        if parts.count == 1 {
            try attribute(name, texts: names, of: object)
        } else {
            for (index, part) in parts.enumerated() {
                try attribute("\(name)\(index)", texts: Array(part), of: object)
            }
        }
    }

    /// The least number of nearly equal runs of names whose fixed-length form fits into an attribute each.
    static func parts(of names: [String], _ list: String) throws(ApusError) -> [ArraySlice<String>] {
        let width = names.reduce(1) { max($0, $1.utf8.count) }
        if width > maximumAttribute {
            throw .invalid("A name of \(width) bytes in '\(list)' is too long for a file.")
        }
        let most = max(maximumAttribute / width, 1)
        let count = max((names.count + most - 1) / most, 1)
        let (quotient, remainder) = names.count.quotientAndRemainder(dividingBy: count)
        var parts: [ArraySlice<String>] = []
        var start = 0
        for index in 0..<count {
            let end = start + quotient + (index < remainder ? 1 : 0)
            parts.append(names[start..<end])
            start = end
        }
        return parts
    }

    func attribute(_ name: String, integer: Int, of object: borrowing Identifier) throws(ApusError) {
        let attribute = try create(name, apus_h5_int64(), scalarSpace(), of: object)
        var value = Int64(integer)
        try check(
            H5Awrite(attribute.raw, apus_h5_native_int64(), &value), .internal,
            "The attribute '\(name)' cannot be written")
    }

    func attribute(_ name: String, real: Double, of object: borrowing Identifier) throws(ApusError) {
        let attribute = try create(name, apus_h5_float64(), scalarSpace(), of: object)
        var value = real
        try check(
            H5Awrite(attribute.raw, apus_h5_native_double(), &value), .internal,
            "The attribute '\(name)' cannot be written")
    }

    /// A list without elements, of float64: what h5py makes of an empty list.
    func attribute(emptyList name: String, of object: borrowing Identifier) throws(ApusError) {
        _ = try create(name, apus_h5_float64(), listSpace(0), of: object)
    }

    private func create(
        _ name: String, _ type: borrowing Identifier, _ space: consuming Identifier, of object: borrowing Identifier
    ) throws(ApusError) -> Identifier {
        try create(name, type.raw, space, of: object)
    }

    private func create(
        _ name: String, _ type: hid_t, _ space: consuming Identifier, of object: borrowing Identifier
    ) throws(ApusError) -> Identifier {
        try Identifier(
            H5Acreate2(object.raw, name, type, space.raw, apus_h5_default(), apus_h5_default()), .internal,
            "The attribute '\(name)' cannot be written")
    }

    // Datasets

    /// An array, little-endian: contiguous, or as its storage says; booleans as the enumeration FALSE, TRUE of h5py. A
    /// large one that is contiguous stays where it is, part of the file.
    func dataset(_ name: String, _ tensor: Tensor, in group: borrowing Identifier) throws(ApusError) {
        try checkName(name)
        let extents = tensor.shape.extents.map { hsize_t($0) }
        let space = try extents.isEmpty ? scalarSpace() : simpleSpace(extents)
        let bytes = UnsafeRawPointer(tensor.bytes.pointer)
        if tensor.dtype != .bool, let chunk = storage.chunk(of: tensor.shape, elementSize: tensor.dtype.size) {
            let (inFile, inMemory) = types(of: tensor.dtype)
            try write(name, inFile, inMemory, space, bytes, tensor.count, group, filtered(chunk))
            return
        }
        try image.lend(tensor.bytes) { () throws(ApusError) in
            if tensor.dtype == .bool {
                let type = try booleanType()
                try write(name, type.raw, type.raw, space, bytes, tensor.count, group, datasetCreation)
            } else {
                let (inFile, inMemory) = types(of: tensor.dtype)
                try write(name, inFile, inMemory, space, bytes, tensor.count, group, datasetCreation)
            }
        }
    }

    /// The property list of an array in chunks, with the filters of the storage.
    private func filtered(_ chunk: [Int]) throws(ApusError) -> Identifier {
        let failure = "The storage of arrays cannot be set"
        let list = try Identifier(H5Pcreate(apus_h5_class_dataset_create()), .internal, failure)
        try check(H5Pset_obj_track_times(list.raw, false), .internal, failure)
        try check(H5Pset_chunk(list.raw, Int32(chunk.count), chunk.map { hsize_t($0) }), .internal, failure)
        if storage.deflate > 0 {
            guard H5Zfilter_avail(apus_h5_filter_deflate()) > 0 else {
                throw .unsupported("This libhdf5 was built without deflate.")
            }
            try check(H5Pset_shuffle(list.raw), .internal, failure)
            try check(H5Pset_deflate(list.raw, UInt32(storage.deflate)), .internal, failure)
        }
        if storage.fletcher32 { try check(H5Pset_fletcher32(list.raw), .internal, failure) }
        return list
    }

    /// A list of texts of one fixed length.
    func dataset(_ name: String, texts: [String], in group: borrowing Identifier) throws(ApusError) {
        try checkName(name)
        let width = texts.reduce(1) { max($0, $1.utf8.count) }
        let type = try stringType(size: width, utf8: true)
        let bytes = try padded(texts, width)
        defer { withExtendedLifetime(bytes) {} }
        try write(name, type.raw, type.raw, listSpace(texts.count), bytes.pointer, texts.count, group, datasetCreation)
    }

    /// One long text; `content` says what it is when it is more than text.
    func dataset(_ name: String, text: String, content: String?, in group: borrowing Identifier) throws(ApusError) {
        try checkName(name)
        let width = max(text.utf8.count, 1)
        let type = try stringType(size: width, utf8: true)
        let bytes = try padded([text], width)
        defer { withExtendedLifetime(bytes) {} }
        let dataset = try write(name, type.raw, type.raw, scalarSpace(), bytes.pointer, 1, group, datasetCreation)
        if let content { try attribute("content", text: content, of: dataset) }
    }

    @discardableResult
    private func write(
        _ name: String, _ inFile: hid_t, _ inMemory: hid_t, _ space: borrowing Identifier, _ bytes: UnsafeRawPointer,
        _ count: Int, _ group: borrowing Identifier, _ creation: borrowing Identifier
    ) throws(ApusError) -> Identifier {
        let dataset = try Identifier(
            H5Dcreate2(
                group.raw, name, inFile, space.raw, apus_h5_default(), creation.raw, apus_h5_default()),
            .internal, "The array '\(name)' cannot be written")
        if count > 0 {
            try check(
                H5Dwrite(dataset.raw, inMemory, apus_h5_all(), apus_h5_all(), apus_h5_default(), bytes), .internal,
                "The array '\(name)' cannot be written")
        }
        return dataset
    }

    // Types and spaces

    private func types(of dtype: DType) -> (inFile: hid_t, inMemory: hid_t) {
        switch dtype {
        case .float32: (apus_h5_float32(), apus_h5_native_float())
        case .float64: (apus_h5_float64(), apus_h5_native_double())
        case .int32: (apus_h5_int32(), apus_h5_native_int32())
        case .int64: (apus_h5_int64(), apus_h5_native_int64())
        case .uint8, .bool: (apus_h5_uint8(), apus_h5_native_uint8())
        }
    }

    private func booleanType() throws(ApusError) -> Identifier {
        let type = try Identifier(H5Tenum_create(apus_h5_int8()), .internal, "The boolean type cannot be made")
        for (name, member) in [("FALSE", Int8(0)), ("TRUE", 1)] {
            var value = member
            try check(H5Tenum_insert(type.raw, name, &value), .internal, "The boolean type cannot be made")
        }
        return type
    }

    private func stringType(size: Int, utf8: Bool) throws(ApusError) -> Identifier {
        let type = try Identifier(H5Tcopy(apus_h5_string()), .internal, "A text type cannot be made")
        try check(H5Tset_size(type.raw, size), .internal, "A text type of \(size) bytes cannot be made")
        if size != apus_h5_variable() {
            try check(H5Tset_strpad(type.raw, H5T_STR_NULLPAD), .internal, "A text type cannot be made")
        }
        try check(H5Tset_cset(type.raw, utf8 ? H5T_CSET_UTF8 : H5T_CSET_ASCII), .internal, "A text type cannot be made")
        return type
    }

    private func scalarSpace() throws(ApusError) -> Identifier {
        try Identifier(H5Screate(H5S_SCALAR), .internal, "A dataspace cannot be made")
    }

    private func listSpace(_ count: Int) throws(ApusError) -> Identifier { try simpleSpace([hsize_t(count)]) }

    private func simpleSpace(_ extents: [hsize_t]) throws(ApusError) -> Identifier {
        try Identifier(H5Screate_simple(Int32(extents.count), extents, nil), .internal, "A dataspace cannot be made")
    }

    /// Texts one after the other, each filled up with zero bytes to `width`. Throws `outOfMemory` or `limit`.
    private func padded(_ texts: [String], _ width: Int) throws(ApusError) -> Buffer<UInt8> {
        let (size, overflow) = texts.count.multipliedReportingOverflow(by: width)
        let bytes = try Buffer<UInt8>(zeros: overflow ? Int.max : size, in: allocator)
        var place = 0
        for text in texts {
            for (index, byte) in text.utf8.enumerated() { bytes.pointer[place + index] = byte }
            place += width
        }
        return bytes
    }
}
