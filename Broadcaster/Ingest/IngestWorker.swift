// The thread of a session: opens the input, reads packet after packet, and hands on what the muxer
// makes of them. Returns when the input ends, cannot be used, or is to stop.
//
//     open ──▶ preroll ──▶ pump ──▶ (end of a file that loops) ──▶ open …
//      ▲                     │
//      └──── back off ◀── URL lost
import CFFmpeg
import Glibc
import Primitives

/// The work of one session.
final class IngestWorker {
    private let options: IngestOptions
    private let control: IngestControl
    private let line: OutputLine
    private var hasOpened = false
    private var isInterrupted = false
    private var backOff: Interval

    /// The worker for `options`.
    init(
        _ options: IngestOptions, control: IngestControl,
        deliver: @escaping @Sendable (IngestEvent) -> Void
    ) {
        self.options = options
        self.control = control
        line = OutputLine(options, control: control, deliver: deliver)
        backOff = options.limits.firstBackOff
    }

    /// Does all the work.
    func run() {
        do throws(Interruption) {
            if let missing = shim_ffmpeg_fault() {
                throw .fault(.readFailed(String(cString: missing)))
            }
            av_log_set_level(AV_LOG_QUIET)
            var goesOn = true
            while goesOn { goesOn = try playOrWait() }
            try line.finish()
            line.tell(.ended)
        } catch {
            if case .fault(let fault) = error { line.tell(.failed(fault)) }
        }
    }

    /// Plays the input once, or waits for it; whether there is more to come.
    private func playOrWait() throws(Interruption) -> Bool {
        do throws(Interruption) {
            let isFile = try play()
            guard case .url = options.source else {
                line.inputBeginsAgain()
                return isFile && options.loop
            }
            throw .fault(.readFailed("the stream ended"))
        } catch {
            guard case .fault(let fault) = error, canRideOut(fault) else { throw error }
            isInterrupted = true
            line.inputWasLost()
            line.tell(.interrupted(fault.description))
            guard control.sleep(until: monotonicNow() + backOff) else { throw .stopped }
            backOff = min(backOff * 2, options.limits.longestBackOff)
            return true
        }
    }

    /// Opens the input and plays it to its end; whether it is a file.
    private func play() throws(Interruption) -> Bool {
        let input = try InputContext(InputSetup(options, control: control))
        var start = try Preroll(input, limits: options.limits, measures: !hasOpened)
        try announce(start)
        for packet in start.packets { try line.pass(packet) }
        start.packets = []
        while !start.isOver, let packet = try input.read() {
            guard line.carries(packet.stream) else { continue }
            for packet in try start.admit(packet) { try line.pass(packet) }
        }
        return input.isFile
    }

    private func announce(_ start: Preroll) throws(Interruption) {
        try line.connect(start.choice, of: start.input)
        if !hasOpened { line.tell(.opened(start.info)) }
        if hasOpened, isInterrupted { line.tell(.resumed) }
        hasOpened = true
        isInterrupted = false
        backOff = options.limits.firstBackOff
    }

    /// Whether the input may come back: a URL that has played does in any case; one that never has
    /// is waited for only where the reason is the network.
    private func canRideOut(_ fault: IngestFault) -> Bool {
        guard case .url = options.source else { return false }
        if case .readFailed = fault { return true }
        return hasOpened
    }
}
