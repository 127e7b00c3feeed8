// What --without and --picker of simulate mean, and what is said of wrong names.

import Console
import Primitives
import Simulator
import Swarm
import Testing

@Suite("A way of delivering")
struct DeliveryChoiceTests {
    private func scenario(without: String?, picker: String?) throws -> Scenario {
        var scenario = try ScenarioFile.parse(
            """
            length_s = 12
            [stream]
            rate_kbit_s = 1500
            [source]
            up_x = 3
            [[viewers]]
            count = 4
            up_x = 1.5
            join_gap_s = 0.3
            """, path: "a.toml")
        try DeliveryChoice(without: without, picker: picker).apply(to: &scenario)
        return scenario
    }

    private func refusal(without: String? = nil, picker: String? = nil) -> String? {
        do throws(DeliveryChoice.UnknownName) {
            _ = try DeliveryChoice(without: without, picker: picker)
            return nil
        } catch {
            return error.text
        }
    }

    private func play(without: String? = nil, picker: String? = nil) throws -> Report {
        let scenario = try scenario(without: without, picker: picker)
        var world = World(scenario)
        world.run(until: .zero + scenario.length)
        return world.report()
    }

    @Test("is the project's own when nothing is said")
    func usual() throws {
        let scenario = try scenario(without: nil, picker: nil)
        #expect(scenario.policies == .all)
        #expect(scenario.pickOrder == .deadline)
    }

    @Test("leaves out what is named")
    func without() throws {
        let scenario = try scenario(without: "rescue,hedging", picker: "bitos")
        #expect(scenario.policies == DeliveryPolicies.all.subtracting([.rescue, .hedging]))
        #expect(scenario.pickOrder == .biToS(soon: 0.8))
    }

    @Test("has a name and a bit of its own for each policy")
    func names() {
        let named = DeliveryPolicies.named
        #expect(Set(named.map(\.name)).count == named.count)
        #expect(Set(named.map(\.policy)).count == named.count)
        #expect(named.allSatisfy { $0.policy.rawValue.nonzeroBitCount == 1 })
        #expect(Set(PickOrder.named.map(\.order)).count == PickOrder.named.count)
    }

    @Test("says which names there are when one is wrong")
    func wrong() {
        #expect(refusal(without: "rescue") == nil)
        let names = refusal(without: "rescue,luck") ?? ""
        #expect(names.hasPrefix("--without knows no \"luck\": there are standing-requests, "))
        #expect(refusal(without: "")?.hasPrefix("--without knows no \"\"") ?? false)
        #expect(refusal(without: "rescue,")?.hasPrefix("--without knows no \"\"") ?? false)
        #expect(
            refusal(picker: "random")
                == "--picker knows no \"random\": there are deadline, sequential, rarest-first, bitos"
        )
    }

    @Test("makes another run of it where a policy is left out, and the same where none is")
    func differs() throws {
        let usual = try play()
        #expect(try play(picker: "deadline").digest == usual.digest)
        for name in ["standing-requests", "opening", "copy-order", "prompt-haves", "rescue"] {
            #expect(try play(without: name).digest != usual.digest, "\(name)")
        }
    }

    @Test("carries the stream by plain pull too", arguments: DeliveryChoice.pickerNames)
    func pull(picker: String) throws {
        let report = try play(without: "standing-requests", picker: picker)
        #expect(report.neverStarted == 0)
        #expect(report.viewers.allSatisfy { $0.delivered > 20 })
        // Nobody has a parent.
        #expect(report.hops.reduce(0, +) == 0)
    }
}
