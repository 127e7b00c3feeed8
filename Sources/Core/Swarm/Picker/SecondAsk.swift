// Whether it pays to ask somebody else for what is late. A copy too much takes what a third one
// waits for; so the one asked should have nothing else to do, or much time have gone by. A pure
// function of plain values.

import Primitives

/// The choice between waiting on and asking another.
enum SecondAsk {
    /// Whether a holder whose line is taken for `wait` seconds by its own word is asked for what
    /// has been waited for for `waited`, where `patience` is what it should take.
    ///
    /// Where one line is slow or loses packets others have room, and are asked at once. Where
    /// all are full, as while a swarm grows, a second copy only adds to what they have to send.
    static func pays(
        wait: Double, waited: Interval, patience: Interval,
        _ settings: TrustSettings = TrustSettings()
    ) -> Bool {
        wait <= settings.littleToSend || waited > patience * settings.urgency
    }
}
