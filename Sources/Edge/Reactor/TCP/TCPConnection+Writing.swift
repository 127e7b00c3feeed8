// Writing: all that is sent within a turn of the loop leaves together at its end, so that many small
// messages share a packet. What the kernel does not take waits here.

extension TCPConnection: TurnEndObserver {
    /// How many bytes wait that the kernel has not taken.
    package var queuedBytes: Int { output.count }

    /// Queues `bytes`, shared and not copied unless they are few.
    ///
    /// What is sent before `.connected` leaves with it; what is sent after the end is dropped.
    package func send(_ bytes: [UInt8]) {
        queue(bytes[...])
        scheduleFlush()
    }

    /// Queues a header and a payload, which leave together; the payload is shared, not copied.
    package func sendSlices(header: [UInt8], payload: ArraySlice<UInt8>) {
        queue(header[...])
        queue(payload)
        scheduleFlush()
    }

    /// Queues a header and a payload in memory of somebody else's, which leave together.
    package func sendSlices(header: [UInt8], payload: ForeignBytes) {
        queue(header[...])
        guard state != .closed else { return }
        output.append(payload)
        if output.count > settings.lowWater { wasAboveLowWater = true }
        scheduleFlush()
    }

    /// Queues a header and a payload that is part of a file, which leave together.
    package func sendSlices(header: [UInt8], payload: FileBytes) {
        queue(header[...])
        guard state != .closed else { return }
        output.append(payload)
        if output.count > settings.lowWater { wasAboveLowWater = true }
        scheduleFlush()
    }

    /// Lets the kernel hold at most about `bytes` unsent (TCP_NOTSENT_LOWAT).
    ///
    /// A small number keeps the choice of what comes next here until late.
    package func setNotSentLowWater(_ bytes: Int) {
        settings.notSentLowWater = bytes
        if let socket { settings.apply(to: socket) }
    }

    private func queue(_ bytes: ArraySlice<UInt8>) {
        guard state != .closed else { return }
        output.append(bytes)
        if output.count > settings.lowWater { wasAboveLowWater = true }
    }

    func scheduleFlush() {
        // While a write event is waited for, the kernel is full and would take nothing.
        guard state == .open, !isFlushPending, writeEvent?.isActive == false else { return }
        isFlushPending = true
        Loop.atEndOfTurn(self)
    }

    func turnEnded() {
        isFlushPending = false
        switch state {
        case .failed(let fault): end(.failed(fault))
        case .open: flush()
        case .accepted, .connecting, .closed: break
        }
    }

    func flush() {
        guard let socket else { return }
        switch output.write(to: socket.descriptor) {
        case .wroteAll: writeEvent?.remove()
        case .wouldBlock: writeEvent?.add()
        case .failed(let code): return end(.failed(ReactorFault(errno: code)))
        }
        guard wasAboveLowWater, output.count <= settings.lowWater else { return }
        wasAboveLowWater = false
        handler?(self, .writable)
    }
}
