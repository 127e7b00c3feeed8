import Primitives
import Testing

@Suite("A household")
struct HouseholdTests {
    @Test("is an address of IPv4, and a /64 of IPv6")
    func prefix() {
        #expect(Household(.v4(1)) == Household(.v4(1)))
        #expect(Household(.v4(1)) != Household(.v4(2)))
        #expect(Household(.v6(7, 1)) == Household(.v6(7, 2)))
        #expect(Household(.v6(7, 1)) != Household(.v6(8, 1)))
    }
}
