// Which policies and which order of picking a simulation runs with, by the names of the command
// line. docs/DELIVERY.md says what each is worth.

package import Simulator
import Swarm

/// A way of delivering that may differ from the project's own.
package struct DeliveryChoice: Sendable {
    private var policies = DeliveryPolicies.all
    private var order = PickOrder.deadline

    /// A name that stands for nothing, and those that there are.
    package struct UnknownName: Error, Hashable, Sendable {
        /// For a person.
        package let text: String

        init(_ what: String, _ name: Substring, known: [String]) {
            text = "\(what) knows no \"\(name)\": there are \(known.joined(separator: ", "))"
        }
    }

    /// All policies but those in `without` (names with commas between them), and the order
    /// `picker`; nil is as the project delivers.
    package init(without: String?, picker: String?) throws(UnknownName) {
        let names = without?.split(separator: ",", omittingEmptySubsequences: false) ?? []
        for name in names {
            guard let found = DeliveryPolicies.named.first(where: { $0.name == name }) else {
                throw UnknownName("--without", name, known: Self.policyNames)
            }
            policies.remove(found.policy)
        }
        guard let picker else { return }
        guard let found = PickOrder.named.first(where: { $0.name == picker }) else {
            throw UnknownName("--picker", picker[...], known: Self.pickerNames)
        }
        order = found.order
    }

    /// The policies that can be left out.
    package static var policyNames: [String] { DeliveryPolicies.named.map(\.name) }

    /// The orders of picking.
    package static var pickerNames: [String] { PickOrder.named.map(\.name) }

    /// Has `scenario` delivered in this way.
    package func apply(to scenario: inout Scenario) {
        scenario.policies = policies
        scenario.pickOrder = order
    }
}
