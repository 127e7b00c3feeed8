// The program itself, from end to end: real processes, real sockets, real media. One test after
// the other, since each runs against the clock.

import Testing

/// What a person does with p2ptv; the parts are in files of their own.
@MainActor
@Suite("From end to end", .serialized)
struct EndToEnd {}
