// Reading: one read a turn, so that connections take turns; paused while the input is full.

extension TCPConnection {
    /// Drops `count` bytes from the front of `input`; reading goes on if it had paused for room.
    package func consume(_ count: Int) {
        input.consume(count)
        updateReading()
    }

    /// Calls `body` with the bytes of `input` and drops as many as it answers.
    ///
    /// `body` may call back into the connection.
    package func consumeInput(_ body: (Span<UInt8>) -> Int) {
        let (bytes, readable) = (input.bytes, input.readable)
        let taken = body(bytes.span.extracting(readable))
        if state != .closed { consume(taken) }
    }

    /// Reads no more until `resumeReading()`.
    package func pauseReading() {
        isReadingPaused = true
        updateReading()
    }

    /// Reads again; bytes that are already in `input` are not announced anew.
    package func resumeReading() {
        isReadingPaused = false
        updateReading()
    }

    /// Waits for readable bytes exactly if they are wanted.
    func updateReading() {
        guard state == .open else { return }
        if isReadingPaused || input.count >= settings.inputLimit {
            readEvent?.remove()
        } else {
            readEvent?.add()
        }
    }

    func readOnce() {
        guard let socket else { return }
        switch input.read(from: socket.descriptor, limit: settings.inputLimit) {
        case .received:
            updateReading()
            handler?(self, .received)
        case .wouldBlock: break
        case .endOfStream: end(.endOfStream)
        case .failed(let code): end(.failed(ReactorFault(errno: code)))
        }
    }
}
