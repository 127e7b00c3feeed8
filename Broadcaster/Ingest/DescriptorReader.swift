// Feeds libavformat from a file descriptor. Its own pipe: protocol blocks in read(2), where nothing
// can interrupt it; this one waits in poll(2) for the data or for stop(), whichever comes first.
import CFFmpeg
import Glibc

/// An input of libavformat that reads a descriptor as its bytes come.
@safe final class DescriptorReader {
    private static let bufferLength: Int32 = 32 << 10

    /// What libavformat reads from; freed with this object.
    private(set) var raw: UnsafeMutablePointer<AVIOContext>?
    /// Bytes read so far.
    private(set) var count = 0
    private let descriptor: Int32
    private let closes: Bool
    private let control: IngestControl

    /// A reader of `descriptor`, which is closed in the end if `closes`.
    init(_ descriptor: Int32, closes: Bool, control: IngestControl) {
        self.descriptor = descriptor
        self.closes = closes
        self.control = control
        guard let buffer = av_malloc(Int(Self.bufferLength)) else { return }
        let opaque = Unmanaged.passUnretained(self).toOpaque()
        raw = avio_alloc_context(
            buffer.assumingMemoryBound(to: UInt8.self), Self.bufferLength, 0, opaque,
            { opaque, bytes, count in
                guard let opaque, let bytes else { return shim_averror(EINVAL) }
                let reader = Unmanaged<DescriptorReader>.fromOpaque(opaque).takeUnretainedValue()
                return reader.read(into: bytes, count)
            }, nil, nil)
    }

    deinit {
        if let context = raw {
            av_free(context.pointee.buffer)
            avio_context_free(&raw)
        }
        if closes { close(descriptor) }
    }

    private func read(into bytes: UnsafeMutablePointer<UInt8>, _ length: Int32) -> Int32 {
        while control.awaitReadable(descriptor) {
            let got = Glibc.read(descriptor, bytes, Int(length))
            let code = errno
            if got > 0 {
                count += got
                return Int32(got)
            }
            if got == 0 { return shim_averror_eof() }
            guard code == EAGAIN || code == EINTR else { return shim_averror(code) }
        }
        return shim_averror_exit()
    }
}
