// A pipe and a small server that feed sessions in tests.
import Glibc

/// A pipe whose reading end is an input.
final class Pipe {
    let reader: Int32
    private var writer: Int32

    init() {
        var ends: [Int32] = [-1, -1]
        _ = pipe(&ends)
        (reader, writer) = (ends[0], ends[1])
        // F_SETPIPE_SZ, which Glibc leaves out: whole clips fit without a reader.
        _ = fcntl(writer, 1031, 1 << 20)
    }

    deinit {
        closeWriter()
        close(reader)
    }

    /// Writes all of `bytes`.
    func write(_ bytes: [UInt8]) { writeAll(bytes, to: writer) }

    /// Ends the input.
    func closeWriter() {
        if writer >= 0 { close(writer) }
        writer = -1
    }
}

/// A server on the loopback that serves one caller after the other.
final class Server {
    let port: UInt16
    private let socketDescriptor: Int32

    init?() {
        socketDescriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = in_addr_t(INADDR_LOOPBACK).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let descriptor = socketDescriptor
        let status = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length) | listen(descriptor, 4)
                    | getsockname(descriptor, $0, &length)
            }
        }
        port = UInt16(bigEndian: address.sin_port)
        guard status == 0 else { return nil }
    }

    deinit { close(socketDescriptor) }

    /// Waits for a caller, sends it `bytes` and hangs up.
    func serve(_ bytes: [UInt8]) {
        let caller = accept(socketDescriptor, nil, nil)
        guard caller >= 0 else { return }
        writeAll(bytes, to: caller)
        close(caller)
    }
}

private func writeAll(_ bytes: [UInt8], to descriptor: Int32) {
    var rest = bytes[...]
    while !rest.isEmpty {
        let count = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
        guard count > 0 else { return }
        rest = rest.dropFirst(count)
    }
}
