// Byte arrays to and from libevent's evbuffer.

import CLibevent

/// Keeps an array alive while an evbuffer refers to its bytes.
private final class SharedBytes {
    let bytes: [UInt8]
    init(_ bytes: [UInt8]) { self.bytes = bytes }
}

/// Below this a copy costs less than a reference with its own chain and clean-up.
private let copyLimit = 4096

/// Appends `bytes` to an evbuffer; many are shared with it rather than copied.
func append(_ bytes: [UInt8], to buffer: OpaquePointer?) {
    guard bytes.count > copyLimit else {
        evbuffer_add(buffer, bytes, bytes.count)
        return
    }
    let shared = Unmanaged.passRetained(SharedBytes(bytes))
    // The storage of an array stays where it is while a reference to it is held and nobody
    // writes: the box holds one, and its array is constant.
    let start = shared.takeUnretainedValue().bytes.withUnsafeBytes { $0.baseAddress }
    let result = evbuffer_add_reference(
        buffer, start, bytes.count,
        { _, _, box in
            guard let box else { return }
            Unmanaged<SharedBytes>.fromOpaque(box).release()
        }, shared.toOpaque())
    if result != 0 { shared.release() }
}

/// A copy of all bytes of an evbuffer.
func contents(of buffer: OpaquePointer?) -> [UInt8] {
    let count = evbuffer_get_length(buffer)
    return [UInt8](unsafeUninitializedCapacity: count) { bytes, initialized in
        initialized = max(0, evbuffer_copyout(buffer, bytes.baseAddress, count))
    }
}
