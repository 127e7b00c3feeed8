// The files of a test: a folder that goes with it, reading, writing and listing.

import Glibc

/// The bytes of a file; none where there is no such file.
func bytes(ofFile path: String) -> [UInt8] {
    let file = open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { return [] }
    defer { close(file) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while true {
        let count = read(file, &chunk, chunk.count)
        guard count > 0 else { return bytes }
        bytes += chunk[..<count]
    }
}

/// The text of a file; none where there is no such file.
func text(ofFile path: String) -> String { String(decoding: bytes(ofFile: path), as: UTF8.self) }

/// Creates or overwrites a file.
func write(_ bytes: some Sequence<UInt8>, to path: String) throws {
    guard let file = fopen(path, "w") else { throw Failure("cannot write \(path)") }
    defer { fclose(file) }
    let bytes = Array(bytes)
    guard fwrite(bytes, 1, bytes.count, file) == bytes.count else {
        throw Failure("cannot write \(path)")
    }
}

/// How many bytes a file has; none where there is no such file.
func size(ofFile path: String) -> Int {
    var status = stat()
    return stat(path, &status) == 0 ? Int(status.st_size) : 0
}

/// The names in a folder, sorted.
func names(in folder: String) -> [String] {
    guard let stream = opendir(folder) else { return [] }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
        let name = withUnsafePointer(to: &entry.pointee.d_name) {
            $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
        }
        if name != ".", name != ".." { names.append(name) }
    }
    return names.sorted()
}

/// A new folder for temporary files; opentracker, which gives its rights up, can read it too.
func newFolder() throws -> String {
    var name = Array("/tmp/p2ptv-end-to-end-XXXXXX".utf8CString)
    guard mkdtemp(&name) != nil else { throw Failure("no temporary folder: error \(errno)") }
    let path = String(decoding: name.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    chmod(path, 0o755)
    return path
}

/// Makes a folder in a folder of the test.
func makeFolder(_ path: String) throws -> String {
    guard mkdir(path, 0o755) == 0 else { throw Failure("cannot make \(path): error \(errno)") }
    return path
}

/// Removes a folder with all that is in it, without following links.
func removeFolder(_ path: String) {
    for name in names(in: path) {
        let inner = "\(path)/\(name)"
        var status = stat()
        guard lstat(inner, &status) == 0 else { continue }
        if status.st_mode & S_IFMT == S_IFDIR { removeFolder(inner) } else { unlink(inner) }
    }
    rmdir(path)
}
