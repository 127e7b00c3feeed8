// What a feed writes to: an HTTP answer, a pipe or a file. Each holds what it could not pass on
// yet, says how much that is, and calls back when there is room.

import Reactor

/// A destination of transport stream chunks that never blocks the loop.
@Loop
protocol FeedOutput: AnyObject {
    /// The bytes that were written and have not left yet.
    var pendingBytes: Int { get }
    /// Takes bytes, to be passed on as soon as possible.
    func write(_ bytes: [UInt8])
    /// Closes once everything that was written has left.
    func end()
}
