// One request of the client from URL to response: resolve, try the addresses in turn, follow
// redirects, and keep the total deadline over all of it.

import Primitives

/// A request under way.
@Loop
package final class HTTPClientRequest: TurnEndObserver {
    private let text: String
    private let limits: HTTPClientLimits
    private let headers: HTTPHeaders
    private let trust: TLSTrust
    private let local: IPAddress?
    private var receiver: HTTPClient.Receiver?
    private var completion: HTTPClient.Completion?
    /// Itself while under way, so that nobody else need hold it.
    private var keepAlive: HTTPClientRequest?

    private var redirectsLeft: Int
    private var endpoints: [Endpoint] = []
    /// The reach of the server that redirected us: it must not lead us to where it cannot go itself.
    private var reach = AddressScope.machine
    private var resolution: Resolution?
    private var exchange: HTTPExchange?
    private lazy var deadline = LoopTimer { [weak self] in self?.finish(.failure(.timeout)) }

    init(
        _ text: String, limits: HTTPClientLimits, headers: HTTPHeaders, trust: TLSTrust,
        local: IPAddress?, receiver: HTTPClient.Receiver?,
        completion: @escaping HTTPClient.Completion
    ) {
        self.text = text
        self.limits = limits
        self.headers = headers
        self.trust = trust
        self.local = local
        self.receiver = receiver
        self.completion = completion
        redirectsLeft = limits.redirects
    }

    /// Gives up; the completion is not called any more.
    package func cancel() {
        completion = nil
        stop()
    }

    func begin() {
        keepAlive = self
        deadline.schedule(at: Loop.now + limits.total)
        Loop.atEndOfTurn(self)
    }

    func turnEnded() {
        guard completion != nil else { return }
        do throws(HTTPURLFault) {
            follow(try HTTPURL(text))
        } catch {
            finish(.failure(Self.fault(error, otherwise: .malformedURL)))
        }
    }

    private func follow(_ url: HTTPURL) {
        resolution = Resolver.resolve(url.host, port: url.port, timeout: limits.total) {
            [weak self] result in
            switch result {
            case .success(let endpoints): self?.attempt(url, at: endpoints)
            case .failure(let fault): self?.finish(.failure(.resolve(fault)))
            }
        }
    }

    private func attempt(_ url: HTTPURL, at endpoints: [Endpoint]) {
        guard completion != nil else { return }
        let allowed: [Endpoint]
        do throws(HTTPClientFault) {
            allowed = try url.allowed(
                among: endpoints, reach: reach, isStrangers: limits.isStrangers,
                isOfFile: limits.isOfFile)
        } catch {
            return finish(.failure(error))
        }
        self.endpoints = allowed.filter {
            local == nil || local?.family == $0.address.family
        }
        attemptNext(url)
    }

    private func attemptNext(_ url: HTTPURL) {
        guard !endpoints.isEmpty else { return finish(.failure(.connect)) }
        let endpoint = endpoints.removeFirst()
        let exchange = HTTPExchange(
            url, at: endpoint, from: local, limits: limits, headers: headers, trust: trust)
        self.exchange = exchange
        if let receiver {
            exchange.receiver = { status, headers, bytes in
                if !Self.redirects.contains(status) { receiver(status, headers, bytes) }
            }
        }
        exchange.begin { [weak self] outcome in
            switch outcome {
            case .response(let response): self?.received(response, to: url, from: endpoint)
            case .notConnected: self?.attemptNext(url)
            case .failed(let fault): self?.finish(.failure(fault))
            }
        }
    }

    private static let redirects: Set<Int> = [301, 302, 303, 307, 308]

    private func received(
        _ response: HTTPResponse, to url: HTTPURL, from endpoint: Endpoint
    ) {
        guard Self.redirects.contains(response.status),
            let location = response.headers["Location"]
        else { return finish(unpacked(response)) }
        guard redirectsLeft > 0 else { return finish(.failure(.badRedirect)) }
        redirectsLeft -= 1
        reach = max(reach, endpoint.address.scope)
        do throws(HTTPURLFault) {
            let next = try url.resolving(location)
            guard next.isSecure || !url.isSecure else { return finish(.failure(.badRedirect)) }
            follow(next)
        } catch {
            finish(.failure(Self.fault(error, otherwise: .badRedirect)))
        }
    }

    private func unpacked(_ response: HTTPResponse) -> Result<HTTPResponse, HTTPClientFault> {
        do throws(HTTPClientFault) {
            return .success(try response.unpacked(limit: limits.bodyBytes))
        } catch {
            return .failure(error)
        }
    }

    private static func fault(
        _ fault: HTTPURLFault, otherwise malformed: HTTPClientFault
    ) -> HTTPClientFault {
        switch fault {
        case .unsupportedScheme(let scheme): .unsupportedScheme(scheme)
        case .malformed: malformed
        }
    }

    private func finish(_ result: Result<HTTPResponse, HTTPClientFault>) {
        guard let completion else { return }
        self.completion = nil
        stop()
        completion(result)
    }

    private func stop() {
        deadline.cancel()
        resolution?.cancel()
        resolution = nil
        exchange?.cancel()
        exchange = nil
        keepAlive = nil
        receiver = nil
    }
}
