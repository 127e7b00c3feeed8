// A scenario becomes a world: who comes when on which line, and who meets what, drawn from the
// seed. All of it is planned before the first event, so that two runs that differ in the engine
// have the same people.

import Pieces
import Primitives
import Swarm

extension World {
    /// The world of `scenario`, at its beginning.
    package init(_ scenario: Scenario) {
        self.init(stream: scenario.stream, seed: scenario.seed, quantum: scenario.quantum)
        var casting = Casting(scenario)
        casting.fill(&self)
    }
}

/// The drawing of lots.
private struct Casting {
    private let scenario: Scenario
    private var random: SeededRandom
    /// Everybody who was added, with the times of coming and going.
    private var people: [Person] = []
    private var lastJoin = Interval.zero

    private struct Person {
        var id: NodeID
        var group: Int
        var from: Interval
        var until = Interval.forever
    }

    init(_ scenario: Scenario) {
        self.scenario = scenario
        // Another sequence than the world's, which goes on with the run.
        random = SeededRandom(seed: scenario.seed ^ 0x5eed_ca57)
    }

    mutating func fill(_ world: inout World) {
        world.addSource(scenario.source, settings: settings(.source))
        for index in scenario.groups.indices { add(index, to: &world) }
        for incident in scenario.incidents { plan(incident, in: &world) }
        let usual = isMoving ? scenario.length * 0.1 : lastJoin
        let start = scenario.measuredFrom ?? min(usual, scenario.length * 0.5)
        world.measure(from: .zero + start)
    }

    private var isMoving: Bool { scenario.groups.contains { $0.meanStay != nil } }

    private func settings(_ role: Role) -> SwarmSettings {
        var settings = SwarmSettings(role: role)
        settings.window = scenario.stream.window
        settings.policies = scenario.policies
        settings.pickOrder = scenario.pickOrder
        return settings
    }

    // MARK: Coming

    private mutating func add(_ index: Int, to world: inout World) {
        let group = scenario.groups[index]
        var moment = group.from
        for number in 0..<group.count {
            switch group.joins {
            case .apart(let gap): moment = group.from + gap * Double(number)
            case .within(let span):
                moment = group.from + span * (Double(number) / Double(max(group.count, 1)))
            case .poisson(let rate): moment = moment + exponential(.seconds(1 / max(rate, 1e-9)))
            }
            guard moment < scenario.length else { return }
            lastJoin = max(lastJoin, moment)
            come(index, at: moment, to: &world)
        }
    }

    /// Somebody comes, perhaps goes, and perhaps somebody else comes in that place.
    private mutating func come(_ index: Int, at moment: Interval, to world: inout World) {
        let group = scenario.groups[index]
        var moment = moment
        while true {
            var person = join(index, at: moment, in: &world)
            guard let mean = group.meanStay else { return people.append(person) }
            person.until = moment + exponential(mean)
            people.append(person)
            guard person.until < scenario.length else { return }
            let isSilent = fraction() < group.silentShare
            world.leave(person.id, at: .zero + person.until, isSilent: isSilent)
            guard group.isReplaced else { return }
            moment = person.until
        }
    }

    private mutating func join(
        _ index: Int, at moment: Interval, in world: inout World
    ) -> Person {
        let group = scenario.groups[index]
        let line = line(in: group)
        let at = Instant.zero + moment
        let id =
            group.isRelay
            ? world.addRelay(line, at: at, settings: settings(.relay))
            : world.addViewer(line, at: at, conduct: group.conduct, settings: settings(.viewer))
        return Person(id: id, group: index, from: moment)
    }

    private mutating func line(in group: Scenario.Group) -> AccessLink {
        var line = group.line
        line.isBehindNAT = fraction() < group.natShare
        // Lots are drawn only where there is a choice: the people of a scenario stay the same.
        let isSymmetric =
            group.symmetricShare >= 1
            || (group.symmetricShare > 0 && fraction() < group.symmetricShare)
        line.isPunchable = line.isBehindNAT && !isSymmetric
        guard !group.ups.isEmpty else { return line }
        var lot = fraction() * group.ups.reduce(0) { $0 + $1.part }
        for share in group.ups {
            line.up = share.up
            lot -= share.part
            if lot < 0 { break }
        }
        return line
    }

    // MARK: Incidents

    private mutating func plan(_ incident: Scenario.Incident, in world: inout World) {
        let at = Instant.zero + incident.at
        let met = meet(incident, world)
        switch incident.what {
        case .cut(let span):
            for id in met { world.cut(id, at: at, for: span) }
            world.watchRecovery(from: at, until: at + span)
        case .partition(let span):
            world.part(met, at: at, for: span)
            world.watchRecovery(from: at, until: at + span)
        case .leave(let silentShare, let isReplaced):
            world.watchRecovery(from: at, until: at)
            for id in met {
                world.leave(id, at: at, isSilent: fraction() < silentShare)
                guard let index = people.firstIndex(where: { $0.id == id }) else { continue }
                people[index].until = incident.at
                guard isReplaced else { continue }
                people.append(join(people[index].group, at: incident.at, in: &world))
            }
        }
    }

    private mutating func meet(_ incident: Scenario.Incident, _ world: World) -> [NodeID] {
        switch incident.who {
        case .source: return [NodeID(number: 0)]
        case .viewers(let share): return draw(share, relays: false, at: incident.at)
        case .relays(let share): return draw(share, relays: true, at: incident.at)
        }
    }

    private mutating func draw(_ share: Double, relays: Bool, at moment: Interval) -> [NodeID] {
        let there = people.filter {
            scenario.groups[$0.group].isRelay == relays && $0.from < moment && $0.until > moment
        }
        let count = min(there.count, Int((Double(there.count) * share).rounded()))
        return there.shuffled(using: &random).prefix(count).map(\.id)
    }

    // MARK: Lots

    /// Evenly distributed in 0..<1.
    private mutating func fraction() -> Double {
        Double(random.next() >> 11) / Double(1 << 53)
    }

    /// Exponentially distributed with this mean.
    ///
    /// By von Neumann's comparison of even lots: no logarithm in the core.
    private mutating func exponential(_ mean: Interval) -> Interval {
        var whole = 0.0
        while true {
            let first = fraction()
            var (last, isEven) = (first, true)
            while true {
                let next = fraction()
                guard next < last else { break }
                last = next
                isEven.toggle()
            }
            // Evenly many steps down: that happens with a probability of exp(-first).
            if isEven { return mean * (whole + first) }
            whole += 1
        }
    }
}
