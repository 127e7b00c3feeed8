// Bytes of pieces to and from files. Knows nothing of what they should be.

import CLinux
import Glibc
package import Pieces

extension TorrentFiles {
    /// Writes `bytes` at `offset` of `piece`; what falls into padding is passed over.
    ///
    /// When it throws, some of the bytes may be written: the piece is not there. Bytes that do
    /// not lie within the piece are a fault of the caller.
    package func write(
        _ piece: PieceIndex, offset: Int = 0, _ bytes: ArraySlice<UInt8>
    ) throws(StorageError) {
        let spans = layout.spans(piece: piece, offset: offset, length: bytes.count)
        precondition(spans != nil, "no such part of a piece")
        var start = bytes.startIndex
        for span in spans ?? [] {
            let part = bytes[start..<start + span.length]
            start += span.length
            guard !layout.files[span.file].isPadding else { continue }
            let file = try handle(span.file, forWriting: true)
            wrote(span.file)
            try file.descriptor.write(part, at: span.offset)
        }
    }

    /// The `length` bytes from `offset` of `piece`; padding is zeros.
    ///
    /// Throws `tooShort` where a file is missing or ends too early.
    package func read(
        _ piece: PieceIndex, offset: Int, length: Int
    ) throws(StorageError) -> [UInt8] {
        let spans = layout.spans(piece: piece, offset: offset, length: length)
        precondition(spans != nil, "no such part of a piece")
        var missing: StorageError?
        let bytes = [UInt8](unsafeUninitializedCapacity: length) { buffer, count in
            do throws(StorageError) {
                try fill(UnsafeMutableRawBufferPointer(buffer), spans ?? [])
                count = length
            } catch {
                missing = error
            }
        }
        if let missing { throw missing }
        return bytes
    }

    /// Fills a buffer with the bytes of `spans`, which are as many.
    func fill(
        _ buffer: UnsafeMutableRawBufferPointer, _ spans: [FileSpan]
    ) throws(StorageError) {
        _ = try fill(buffer, spans) { span, part throws(StorageError) in
            do throws(StorageError) {
                let file = try handle(span.file, forWriting: false)
                try file.descriptor.read(part, at: span.offset)
                return true
            } catch .system(let path, _, ENOENT) {
                throw .tooShort(path: path)
            }
        }
    }

    /// Fills a buffer as `fill` does, if no disk is waited for.
    ///
    /// False where a file is not open, or the system does not have all of it in memory.
    func fillAtOnce(_ buffer: UnsafeMutableRawBufferPointer, _ spans: [FileSpan]) -> Bool {
        fill(buffer, spans) { opened($0.file)?.readAtOnce($1, at: $0.offset) == true }
    }

    /// Fills a buffer by `read`, which is given each part of it that comes of a file and answers
    /// whether it is there; padding is zeros.
    private func fill<Failure: Error>(
        _ buffer: UnsafeMutableRawBufferPointer, _ spans: [FileSpan],
        _ read: (FileSpan, UnsafeMutableRawBufferPointer) throws(Failure) -> Bool
    ) throws(Failure) -> Bool {
        var start = 0
        for span in spans {
            let part = UnsafeMutableRawBufferPointer(rebasing: buffer[start..<start + span.length])
            start += span.length
            if layout.files[span.file].isPadding {
                part.initializeMemory(as: UInt8.self, repeating: 0)
            } else if try !read(span, part) {
                return false
            }
        }
        return true
    }
}

extension OpenFile {
    /// Fills `buffer` from `offset` of the file, if the system has all of that in memory.
    func readAtOnce(_ buffer: UnsafeMutableRawBufferPointer, at offset: Int64) -> Bool {
        guard let base = buffer.baseAddress else { return buffer.isEmpty }
        let (raw, count) = (descriptor.raw, buffer.count)
        // tmpfs needs no such question, and does not know it.
        return isInMemory
            ? pread(raw, base, count, off_t(offset)) == count
            : linux_read_cached(raw, base, count, off_t(offset)) == count
    }
}

extension Descriptor {
    /// Writes all of `bytes` at `offset` of the file.
    borrowing func write(_ bytes: ArraySlice<UInt8>, at offset: Int64) throws(StorageError) {
        var written = 0
        while written < bytes.count {
            let (raw, start) = (raw, written)
            written += try systemCall("pwrite", path) {
                bytes.withUnsafeBytes { part in
                    pwrite(
                        raw, part.baseAddress.map { $0 + start }, part.count - start,
                        off_t(offset) + start)
                }
            }
        }
    }

    /// Fills `buffer` from `offset` of the file; throws `tooShort` where the file ends before.
    borrowing func read(
        _ buffer: UnsafeMutableRawBufferPointer, at offset: Int64
    ) throws(StorageError) {
        var count = 0
        while count < buffer.count {
            let (raw, start) = (raw, count)
            let step = try systemCall("pread", path) {
                pread(
                    raw, buffer.baseAddress.map { $0 + start }, buffer.count - start,
                    off_t(offset) + start)
            }
            guard step > 0 else { throw .tooShort(path: path) }
            count += step
        }
    }
}
