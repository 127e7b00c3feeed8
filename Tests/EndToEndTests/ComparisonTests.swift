// The ruler itself: the comparison of recordings must see what is missing, twice or strange.

import Testing

extension EndToEnd {
    @Suite("The comparison of frames")
    struct Comparison {
        private let sent = ["k", "p", "p", "q", "k", "r"]

        @Test("A stretch of what is played over and over is right")
        func stretches() {
            #expect(breakPoint(of: ["p", "q", "k", "r"], in: sent) == nil)
            #expect(breakPoint(of: ["k", "r", "k", "p", "p", "q", "k", "r", "k"], in: sent) == nil)
        }

        @Test("A frame that is missing, twice or strange is told of")
        func breaks() {
            #expect(
                breakPoint(of: ["p", "p", "k", "r"], in: sent)
                    == "of 4 frames 2 are right, from frame 1 on; where frame 3 of 6 should be is "
                    + "frame 0")
            #expect(breakPoint(of: ["k", "p", "p", "p"], in: sent) != nil)
            #expect(breakPoint(of: ["k", "p", "x"], in: sent)?.hasSuffix("a strange one") == true)
            #expect(breakPoint(of: ["r", "p"], in: sent) != nil)
            #expect(breakPoint(of: ["x"], in: sent) != nil)
            #expect(breakPoint(of: [], in: sent) == "there are no frames")
        }
    }
}
