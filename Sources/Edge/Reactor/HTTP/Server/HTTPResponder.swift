// The handler's end of one request: it answers at once or streams.
// A thin handle: the state is the connection's, and a handle that has outlived its request or its
// connection does nothing.

/// Answers one request, once: by `send`, or by `start`, `write` and `end`.
///
/// The handler keeps it for as long as it is not done; letting it go unanswered closes the
/// connection. Every call after the end or after the client has gone does nothing.
@Loop
package final class HTTPResponder {
    /// Called once when the client goes away before the answer was complete.
    package var onClose: (@Loop () -> Void)?
    /// Called when `pendingBytes` has fallen to `lowWater` after having been above.
    package var onDrain: (@Loop () -> Void)?
    /// The mark of `onDrain`, in bytes; takes effect with the next `write`.
    ///
    /// 64 KiB keep a socket busy while the next bytes are fetched.
    package var lowWater = 65_536

    private weak var connection: HTTPServerConnection?
    private let serial: Int
    private var isDone = false

    init(_ connection: HTTPServerConnection, serial: Int) {
        self.connection = connection
        self.serial = serial
    }

    isolated deinit {
        if !isDone { connection?.abandoned(serial) }
    }

    /// The connection, while it still waits for this answer.
    private var current: HTTPServerConnection? {
        guard !isDone, let connection, connection.isAnswering(serial) else { return nil }
        return connection
    }

    /// Whether the client is still there and the answer not yet complete.
    package var isOpen: Bool { current != nil }

    /// Answers completely; to HEAD, without the body but with its length.
    package func send(status: Int, headers: HTTPHeaders = [:], body: [UInt8] = []) {
        guard let current else { return }
        isDone = true
        current.reply(status, headers, body)
    }

    /// Begins an answer whose body follows by `write`.
    ///
    /// Without a Content-Length it is chunked, or to HTTP/1.0 ended by closing.
    package func start(status: Int, headers: HTTPHeaders = [:]) {
        current?.startReply(status, headers)
    }

    /// Sends more of the body, after `start`.
    package func write(_ bytes: [UInt8]) {
        current?.write(bytes, lowWater: lowWater)
    }

    /// Sends `count` bytes from `offset` of a file as more of the body, after `start`.
    ///
    /// They are counted by `pendingBytes` but take no memory: the kernel reads them as they leave.
    package func write(_ file: SharedFile, at offset: Int64, count: Int) {
        current?.write(file, at: offset, count: count, lowWater: lowWater)
    }

    /// How many bytes wait that the kernel has not taken: what a slow reader costs us.
    package var pendingBytes: Int { current?.pendingBytes ?? 0 }

    /// Ends a body.
    package func end() {
        guard let current, current.isStreaming else { return }
        isDone = true
        current.endReply()
    }

    /// Closes the connection at once.
    package func abort() {
        guard let current else { return }
        isDone = true
        current.abort()
    }

    /// Sets the size of the kernel's send buffer for this connection (SO_SNDBUF).
    ///
    /// A small one makes `pendingBytes` tell the truth about a slow reader; the kernel doubles
    /// what it is given.
    package func setSendBuffer(_ bytes: Int) {
        current?.setSendBuffer(bytes)
    }

    // MARK: From the connection

    func connectionClosed() {
        guard !isDone else { return }
        isDone = true
        onClose?()
    }

    func drained() {
        if !isDone { onDrain?() }
    }
}
