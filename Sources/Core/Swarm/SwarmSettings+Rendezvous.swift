// The tunables of introductions between nodes behind NATs (BEP 55): how soon somebody is asked, and
// how much anybody may ask.

package import Primitives

/// The tunables of introductions (BEP 55).
package struct RendezvousSettings: Hashable, Sendable {
    /// An address that has not answered for this long is asked for elsewhere.
    ///
    /// One and a half round trips of 200 ms: whoever can be dialled mostly has answered. To ask for
    /// nothing costs two small messages.
    package var askAfter = Interval.milliseconds(300)
    /// A neighbour that was asked has so long before another one is: two round trips of 300 ms.
    package var answerTime = Interval.milliseconds(600)
    /// How long an address is asked for: what a dial takes at most (`SwarmDriver`).
    package var attemptTime = Interval.seconds(10)
    /// Neighbours asked for one address in one attempt.
    package var asks = 3
    /// Of these, how many that have not said that they are connected to it: the source, and one
    /// more.
    package var guesses = 2
    /// Introductions a minute that a neighbour is given, that it is asked for, and that it may make
    /// us dial.
    ///
    /// A flash crowd makes all of its fourteen in the first seconds, some of them twice.
    package var perPeer = 30
    /// Introductions a minute that are obeyed in all: a dial is four SYNs of 60 bytes, so this is at
    /// most four packets a second, whoever and however many lie to us.
    package var inAll = 60

    /// The defaults.
    package init() {}
}
