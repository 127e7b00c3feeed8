// How an input is opened: what feeds the demuxer, within which bounds, and which fault it is when
// that fails. A plain value; the open demuxer is InputContext.
import CFFmpeg
import Glibc
import Primitives

/// What an input is opened with.
struct InputSetup {
    /// What feeds the demuxer.
    enum Feed {
        /// A regular file, by its path.
        case file(String)
        /// A stream of bytes.
        case stream(DescriptorReader)
        /// The network.
        case url(String)

        var isFile: Bool { if case .file = self { true } else { false } }
    }

    let feed: Feed
    /// The input's name for a person, without credentials.
    let name: String
    let limits: IngestLimits
    let control: IngestControl

    /// A demuxer that has recognised its container; the caller closes it.
    func open() throws(Interruption) -> UnsafeMutablePointer<AVFormatContext> {
        guard let fresh = avformat_alloc_context() else {
            throw .fault(.readFailed("out of memory"))
        }
        prepare(fresh)
        var options = OptionList()
        var url: String?
        switch feed {
        case .file(let path):
            // The prefix keeps a colon in a file's name from looking like a protocol.
            url = "file:" + path
            options.set("protocol_whitelist", Protocols.forFiles)
        case .url(let address):
            let listening = Protocols.listening(address)
            url = listening.url
            for (name, value) in Protocols.options + listening.options {
                options.set(name, value)
            }
        case .stream:
            options.set("protocol_whitelist", Protocols.forStreams)
        }
        armDeadline()
        // On failure libavformat frees the context and sets it to nil.
        var context: UnsafeMutablePointer<AVFormatContext>? = fresh
        let status = avformat_open_input(&context, url, nil, &options.raw)
        guard status >= 0, let context else { throw failure(status) }
        return context
    }

    /// What a negative `status` of opening or reading means.
    func failure(_ status: Int32) -> Interruption {
        if control.isStopping { return .stopped }
        if status == shim_averror_exit() {
            return .fault(.readFailed("no data for \(Int(limits.stall.seconds)) s"))
        }
        if case .stream(let reader) = feed, reader.count == 0 { return .fault(.empty(name)) }
        // The data ended before anything was recognised in it.
        if status == shim_averror_eof() { return .fault(.notMedia(name)) }
        return .fault(openingFault(status, name: name))
    }

    /// Sets when the next read counts as silence: a URL that is silent too long is lost, a file or
    /// a pipe may take its time.
    func armDeadline() {
        guard case .url(let address) = feed, !Protocols.awaitsCaller(address) else {
            return control.setReadDeadline(.never)
        }
        control.setReadDeadline(monotonicNow() + limits.stall)
    }

    private func prepare(_ context: UnsafeMutablePointer<AVFormatContext>) {
        let analysis = feed.isFile ? limits.fileAnalysis : limits.liveAnalysis
        context.pointee.max_analyze_duration = analysis.nanoseconds / 1000
        context.pointee.probesize = Int64(limits.probeBytes)
        // Counting frames for a better frame rate would delay a live input by 20 of them.
        if !feed.isFile { context.pointee.fps_probe_size = 0 }
        context.pointee.interrupt_callback = AVIOInterruptCB(
            callback: { opaque in
                guard let opaque else { return 0 }
                let control = Unmanaged<IngestControl>.fromOpaque(opaque).takeUnretainedValue()
                return control.shouldGiveUp ? 1 : 0
            }, opaque: Unmanaged.passUnretained(control).toOpaque())
        if case .stream(let reader) = feed {
            context.pointee.pb = reader.raw
            context.pointee.flags |= AVFMT_FLAG_CUSTOM_IO
        }
    }
}
