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
        guard let socket, reader?(self) != true else { return }
        switch input.read(from: socket.descriptor, limit: settings.inputLimit) {
        case .received:
            updateReading()
            handler?(self, .received)
        case .wouldBlock: break
        case .endOfStream: end(.endOfStream)
        case .failed(let code): end(.failed(ReactorFault(errno: code)))
        }
    }

    /// Bytes that are there to be read at a time, as far as the last reads tell.
    package var readSize: Int { input.chunk }

    /// Reads once, for a `reader`: first `ahead` bytes, which come into `input`, then what `places`
    /// hold, in order.
    ///
    /// Answers how many bytes came, 0 where there were none or the connection is over: then
    /// `finishReading` must be called once the places are not used any more.
    package func read(ahead: Int, then places: [UnsafeMutableRawBufferPointer]) -> Int {
        guard let socket, ahead >= 0, input.count + ahead <= settings.inputLimit else { return 0 }
        let result = input.read(from: socket.descriptor, ahead: ahead, then: places)
        if case .received(let count) = result { return count }
        unfinished = result
        return 0
    }

    /// Ends the connection where the last `read` found that it is over.
    package func finishReading() {
        let result = unfinished
        unfinished = nil
        switch result {
        case .endOfStream: end(.endOfStream)
        case .failed(let code): end(.failed(ReactorFault(errno: code)))
        case .received, .wouldBlock, nil: break
        }
    }

    /// Adds bytes to `input` that came into places where they do not belong.
    package func takeBack(_ bytes: [UInt8]) {
        input.append(bytes)
        updateReading()
    }
}
