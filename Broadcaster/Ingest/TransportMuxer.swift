// libavformat's MPEG-TS muxer, owned, writing into memory. Stream copy: the payload of a packet is
// what the input had, in the byte format that a transport stream wants (Annex B, ADTS).
import CFFmpeg
import Glibc
import Primitives

/// A muxer that turns packets into transport stream packets.
@safe final class TransportMuxer {
    /// The PIDs that the muxer is told to use: tables, and the first elementary stream.
    static let (tablePID, firstPID) = (0x1000, 0x100)

    private let raw: UnsafeMutablePointer<AVFormatContext>
    private let output: MuxerOutput
    private let parameterSets: AVCParameterSets?

    /// A muxer for streams that are described as in `sources`, in this order.
    ///
    /// `version` numbers the tables (0 to 31); from the second muxer of a session on, a
    /// discontinuity is signalled, because the continuity counters begin anew.
    init(
        _ sources: [UnsafeMutablePointer<AVStream>], limits: IngestLimits, version: Int
    ) throws(IngestFault) {
        var context: UnsafeMutablePointer<AVFormatContext>?
        guard avformat_alloc_output_context2(&context, nil, "mpegts", nil) >= 0, let context,
            let output = MuxerOutput()
        else { throw .readFailed("out of memory") }
        self.raw = context
        self.output = output
        parameterSets = sources.first.flatMap(avcParameterSets)
        context.pointee.pb = output.raw
        context.pointee.flags |= AVFMT_FLAG_CUSTOM_IO
        context.pointee.max_delay = Int32(clamping: limits.muxDelay.nanoseconds / 1000)
        context.pointee.avoid_negative_ts = AVFMT_AVOID_NEG_TS_DISABLED
        for source in sources { try add(source) }
        try writeHeader(limits, version: version)
    }

    deinit {
        raw.pointee.pb = nil
        avformat_free_context(raw)
    }

    /// Adds a packet to the output; false where the muxer refuses it.
    ///
    /// `stream` and the times are the output's. What the muxer writes is there for `take()`.
    func write(_ packet: Packet, stream: Int, pts: Int64, dts: Int64) -> Bool {
        let isVideoKey = packet.isVideo && packet.isKey
        let raw = packet.raw
        raw.pointee.stream_index = Int32(stream)
        (raw.pointee.pts, raw.pointee.dts) = (pts, dts)
        raw.pointee.duration = packet.times.duration
        raw.pointee.pos = -1
        if isVideoKey, let parameterSets, !packet.complete(with: parameterSets) { return false }
        // Tables in front of each key frame, also where one follows another.
        if isVideoKey { setTables("pat_pmt_at_frames") }
        let status = av_write_frame(self.raw, raw)
        if isVideoKey { setTables("0") }
        avio_flush(self.raw.pointee.pb)
        return status >= 0
    }

    /// Writes what is still collected.
    func finish() {
        av_write_frame(raw, nil)
        av_write_trailer(raw)
        avio_flush(raw.pointee.pb)
    }

    /// The bytes written since the last call.
    func take() -> [UInt8] { output.take() }

    private func add(_ source: UnsafeMutablePointer<AVStream>) throws(IngestFault) {
        guard let stream = avformat_new_stream(raw, nil),
            avcodec_parameters_copy(stream.pointee.codecpar, source.pointee.codecpar) >= 0
        else { throw .readFailed("out of memory") }
        // Tags name codecs in the input's container, not in this one.
        stream.pointee.codecpar.pointee.codec_tag = 0
        stream.pointee.time_base = AVRational(num: 1, den: 90_000)
        stream.pointee.avg_frame_rate = source.pointee.avg_frame_rate
        stream.pointee.disposition = source.pointee.disposition
        if let language = av_dict_get(source.pointee.metadata, "language", nil, 0) {
            av_dict_set(&stream.pointee.metadata, "language", language.pointee.value, 0)
        }
    }

    private func writeHeader(_ limits: IngestLimits, version: Int) throws(IngestFault) {
        var options = OptionList()
        options.set("mpegts_pmt_start_pid", "\(Self.tablePID)")
        options.set("mpegts_start_pid", "\(Self.firstPID)")
        options.set("pat_period", "\(limits.tablePeriod.seconds)")
        // Names of services are for tuners; every 2 s is what DVB asks (ETSI TS 101 211, 4.4).
        options.set("sdt_period", "2")
        options.set("tables_version", "\(version % 32)")
        if version > 0 { options.set("mpegts_flags", "initial_discontinuity") }
        let status = avformat_write_header(raw, &options.raw)
        guard status >= 0 else {
            throw .readFailed("the streams cannot be written as MPEG-TS: \(statusText(status))")
        }
    }

    private func setTables(_ flags: String) {
        av_opt_set(raw.pointee.priv_data, "mpegts_flags", flags, 0)
    }
}

/// The parameter sets of a stream of H.264 that keeps them in its container's header.
private func avcParameterSets(_ stream: UnsafeMutablePointer<AVStream>) -> AVCParameterSets? {
    guard let codec = stream.pointee.codecpar, codec.pointee.codec_id == AV_CODEC_ID_H264
    else { return nil }
    let record = UnsafeBufferPointer(
        start: codec.pointee.extradata, count: Int(codec.pointee.extradata_size))
    return AVCParameterSets(record: Array(record))
}

/// The memory that a muxer writes into.
@safe final class MuxerOutput {
    /// What libavformat writes to; freed with this object.
    private(set) var raw: UnsafeMutablePointer<AVIOContext>?
    private var bytes: [UInt8] = []

    /// An empty output, or nil without memory.
    init?() {
        let length: Int32 = 188 * 174
        guard let buffer = av_malloc(Int(length)) else { return nil }
        let opaque = Unmanaged.passUnretained(self).toOpaque()
        raw = avio_alloc_context(
            buffer.assumingMemoryBound(to: UInt8.self), length, 1, opaque, nil,
            { opaque, bytes, count in
                guard let opaque, let bytes else { return shim_averror(EINVAL) }
                let output = Unmanaged<MuxerOutput>.fromOpaque(opaque).takeUnretainedValue()
                output.bytes += UnsafeBufferPointer(start: bytes, count: Int(count))
                return count
            }, nil)
    }

    deinit {
        if let context = raw {
            av_free(context.pointee.buffer)
            avio_context_free(&raw)
        }
    }

    /// What was written since the last call.
    func take() -> [UInt8] {
        defer { bytes = [] }
        return bytes
    }
}
