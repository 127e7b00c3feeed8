// `p2ptv simulate`: a swarm in virtual time.

import ArgumentParser
import Console
import Primitives
import Simulator

/// Runs a scenario.
struct Simulate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run a swarm in virtual time and say what its viewers saw.",
        discussion: """
            The scenario is a small file: the stream, the source's line, who comes when on
            which line, and what goes wrong. The nodes are those of broadcast and watch,
            on lines that exist in memory only; a run follows from its seed.
            docs/SIMULATOR.md explains the keys and the report, config/scenarios has
            examples.

            --without and --picker are for experiments: what a policy of delivery is worth
            shows when it is left out. docs/DELIVERY.md says what was found. The policies
            are \(DeliveryChoice.policyNames.joined(separator: ", ")).

            Ends with 65 where the scenario is wrong.

            Examples:
              p2ptv simulate config/scenarios/lab-8.toml
              p2ptv simulate config/scenarios/thousand.toml --seed 7 --json
              p2ptv simulate config/scenarios/sizes.toml --sizes 10,30,100 --chart sizes.svg
            """)

    @Argument(help: "The scenario: a TOML file.")
    var scenario: String

    @Option(help: ArgumentHelp("Draw lots from this number.", valueName: "number"))
    var seed: UInt64?

    @Option(help: ArgumentHelp("End after so long.", valueName: "seconds"))
    var seconds: Double?

    @Option(help: ArgumentHelp("Have so many viewers.", valueName: "number"))
    var viewers: Int?

    @Option(
        help: ArgumentHelp("Run once with each of these numbers of viewers.", valueName: "n,n,…"))
    var sizes: String?

    @Option(
        help: ArgumentHelp("Draw lag and source copies of --sizes into an SVG.", valueName: "file"))
    var chart: String?

    @Option(help: ArgumentHelp("Leave these policies out.", valueName: "name,name,…"))
    var without: String?

    @Option(
        help: ArgumentHelp(
            "Pick in this order: \(DeliveryChoice.pickerNames.joined(separator: ", ")).",
            valueName: "name"))
    var picker: String?

    @Flag(help: "Print one JSON object for each run.")
    var json = false

    @Flag(help: "Also tell of each viewer.")
    var perViewer = false

    func validate() throws {
        if let seconds, !(1...86_400).contains(seconds) {
            throw ValidationError("--seconds takes 1 to 86400")
        }
        if let viewers, !(1...100_000).contains(viewers) {
            throw ValidationError("--viewers takes 1 to 100000")
        }
        if sizes != nil, viewers != nil {
            throw ValidationError("--sizes and --viewers exclude each other")
        }
        if chart != nil, sizes == nil { throw ValidationError("--chart needs --sizes") }
        if let sizes { _ = try Self.numbers(sizes) }
        _ = try delivery()
    }

    private func delivery() throws -> DeliveryChoice {
        do throws(DeliveryChoice.UnknownName) {
            return try DeliveryChoice(without: without, picker: picker)
        } catch {
            throw ValidationError(error.text)
        }
    }

    private static func numbers(_ text: String) throws -> [Int] {
        try text.split(separator: ",", omittingEmptySubsequences: false).map { word in
            guard let number = Int(word), (1...100_000).contains(number) else {
                throw ValidationError("--sizes takes numbers such as 10,30,100")
            }
            return number
        }
    }

    func run() async throws {
        var plan = try ScenarioFile.read(scenario)
        try delivery().apply(to: &plan)
        if let seed { plan.seed = seed }
        if let seconds { plan.length = .seconds(seconds) }
        let sizes = try sizes.map(Self.numbers) ?? [viewers ?? plan.viewers]
        var points: [SwarmChart.Point] = []
        for size in sizes {
            let scaled = plan.scaled(to: size)
            let report = play(scaled)
            points.append(SwarmChart.Point(viewers: size, report))
        }
        guard let chart else { return }
        try SmallOutput.write(SwarmChart(points, index: plan.resourceIndex).svg, to: chart)
    }

    private func play(_ scenario: Scenario) -> Report {
        var run = SimulationRun(scenario, Terminal.standardError)
        let report = run.play()
        let text = SimulationReport(scenario, report, took: run.took)
        if json {
            put(text.json(perViewer: perViewer).encoded)
        } else {
            write(text.text + (perViewer ? text.viewersText : "") + "\n", .output)
        }
        return report
    }
}
