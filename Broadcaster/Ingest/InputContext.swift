// An open input: libavformat's demuxer, owned. Knows nothing of what becomes of the packets.
import CFFmpeg
import Glibc
import Primitives

/// A demuxer and what feeds it.
@safe final class InputContext {
    /// The demuxer.
    let raw: UnsafeMutablePointer<AVFormatContext>
    private let setup: InputSetup

    /// Opens what `setup` names and finds out what is in it.
    init(_ setup: InputSetup) throws(Interruption) {
        raw = try setup.open()
        self.setup = setup
        let status = avformat_find_stream_info(raw, nil)
        guard status >= 0 else { throw setup.failure(status) }
        // Any text whatever passes for a recording of a terminal.
        guard container != "tty" else { throw .fault(.notMedia(setup.name)) }
    }

    deinit {
        var context: UnsafeMutablePointer<AVFormatContext>? = raw
        avformat_close_input(&context)
    }

    /// The streams, by index.
    var streams: [UnsafeMutablePointer<AVStream>] {
        (0..<Int(raw.pointee.nb_streams)).compactMap { raw.pointee.streams[$0] }
    }

    /// The container's name as libavformat gives it.
    var container: String {
        guard let format = raw.pointee.iformat, let name = format.pointee.name else { return "" }
        return String(cString: name)
    }

    /// Whether its media is at hand at once, and its end is final.
    var isFile: Bool { setup.feed.isFile }

    /// Bits a second by size and duration; 0 for what is not a file.
    var fileRate: Double {
        guard isFile, let io = raw.pointee.pb, raw.pointee.duration > 0 else { return 0 }
        let size = avio_size(io)
        return size > 0 ? Double(size) * 8e6 / Double(raw.pointee.duration) : 0
    }

    /// Reads the next packet; nil at the end.
    func read() throws(Interruption) -> Packet? {
        var broken = 0
        while true {
            guard let packet = Packet() else { throw .fault(.readFailed("out of memory")) }
            setup.armDeadline()
            let status = av_read_frame(raw, packet.raw)
            if setup.control.isStopping { throw .stopped }
            if status >= 0 {
                if adopt(packet) { return packet }
            } else if status == shim_averror_eof() {
                return nil
            } else if status == shim_averror(EAGAIN) {
                _ = setup.control.sleep(until: monotonicNow() + .milliseconds(5))
            } else {
                broken += 1
                guard status == shim_averror_invalid_data(), broken < setup.limits.brokenPackets
                else { throw setup.failure(status) }
            }
        }
    }

    /// Gives the packet its times; false where it carries nothing to pass on.
    private func adopt(_ packet: Packet) -> Bool {
        let index = packet.stream
        guard index < Int(raw.pointee.nb_streams), let stream = raw.pointee.streams[index],
            packet.size > 0
        else { return false }
        packet.adoptTimes(base: stream.pointee.time_base, wrapBits: stream.pointee.pts_wrap_bits)
        let codec = stream.pointee.codecpar
        packet.isVideo = codec?.pointee.codec_type == AVMEDIA_TYPE_VIDEO
        if packet.times.duration == 0, let codec {
            packet.times.duration = soundDuration(codec, packet.size)
        }
        if packet.times.dts == nil, let delay = codec?.pointee.video_delay, delay > 0 {
            let step = packet.times.duration > 0 ? packet.times.duration : 3600
            packet.times.reorder = min(Int64(delay), 16) * step
        }
        return true
    }
}

/// How long an audio packet of `size` bytes lasts, in 1/90000 s; 0 where unknown.
///
/// What libavformat reads while it probes has no durations yet, and several frames share one PTS.
private func soundDuration(_ codec: UnsafeMutablePointer<AVCodecParameters>, _ size: Int) -> Int64 {
    guard codec.pointee.codec_type == AVMEDIA_TYPE_AUDIO, codec.pointee.sample_rate > 0
    else { return 0 }
    var samples = Int64(av_get_audio_frame_duration2(codec, Int32(clamping: size)))
    // A raw data block of AAC is 1024 samples (ISO/IEC 14496-3, 4.5.1.1).
    if samples <= 0, codec.pointee.codec_id == AV_CODEC_ID_AAC { samples = 1024 }
    return max(0, samples) * 90_000 / Int64(codec.pointee.sample_rate)
}
