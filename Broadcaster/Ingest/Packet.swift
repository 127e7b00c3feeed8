// One packet of the input, owned, with its place in time.
import CFFmpeg

/// A packet as the demuxer gave it.
@safe final class Packet {
    /// The packet itself.
    let raw: UnsafeMutablePointer<AVPacket>
    /// Its times in units of 1/90000 s, as the input has them.
    var times = PacketTimes()
    /// Whether it belongs to the video.
    var isVideo = false

    /// An empty packet, or nil without memory.
    init?() {
        guard let raw = av_packet_alloc() else { return nil }
        self.raw = raw
    }

    deinit {
        var raw: UnsafeMutablePointer<AVPacket>? = raw
        av_packet_free(&raw)
    }

    /// The index of its stream in the input.
    var stream: Int { Int(raw.pointee.stream_index) }
    /// Bytes of the elementary stream.
    var size: Int { Int(raw.pointee.size) }
    /// Whether decoding can begin with it.
    var isKey: Bool { raw.pointee.flags & AV_PKT_FLAG_KEY != 0 }

    /// Puts the parameter sets into a key frame that lacks them; false without memory.
    func complete(with sets: AVCParameterSets) -> Bool {
        guard size > 0, let data = raw.pointee.data else { return true }
        guard let gap = sets.gap(in: UnsafeBufferPointer(start: data, count: size)) else {
            return true
        }
        let tail = size - gap
        guard gap <= size, av_grow_packet(raw, Int32(clamping: sets.bytes.count)) >= 0,
            av_packet_make_writable(raw) >= 0, let data = raw.pointee.data
        else { return false }
        (data + gap + sets.bytes.count).update(from: data + gap, count: tail)
        (data + gap).update(from: sets.bytes, count: sets.bytes.count)
        return true
    }

    /// Reads the times out of the packet, given its stream's clock.
    func adoptTimes(base: AVRational, wrapBits: Int32) {
        times.pts = ninetyKilohertz(raw.pointee.pts, base)
        times.dts = ninetyKilohertz(raw.pointee.dts, base)
        times.duration = ninetyKilohertz(max(0, raw.pointee.duration), base) ?? 0
        times.wrap = wrapBits > 0 && wrapBits < 48 ? ninetyKilohertz(1 << wrapBits, base) : nil
    }

    private func ninetyKilohertz(_ time: Int64, _ base: AVRational) -> Int64? {
        guard time != shim_nopts(), base.num > 0, base.den > 0 else { return nil }
        let scaled = av_rescale_q(time, base, AVRational(num: 1, den: 90_000))
        // What is beyond 3,000 years is not a time, and would overflow sums.
        return scaled.magnitude < 1 << 53 ? scaled : nil
    }
}
