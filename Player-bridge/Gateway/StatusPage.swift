// The status page and its script, as they are served. What they show comes from /api/v1/status and
// /api/v1/files; every word from there goes into the page as text, never as markup.

/// The static files of the gateway.
enum StatusPage {
    /// The page at `/`.
    static let html = """
        <!doctype html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <title>p2ptv</title>
        <style>
        :root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
        body { max-width: 44rem; margin: 2rem auto; padding: 0 1rem; }
        h1 { font-size: 1.25rem; }
        section { border-top: 1px solid #8886; padding: .75rem 0; }
        h2 { font-size: 1rem; margin: 0; overflow-wrap: anywhere; }
        code { overflow-wrap: anywhere; user-select: all; }
        dl { display: grid; grid-template-columns: max-content 1fr; gap: 0 1rem; margin: .5rem 0 0; }
        dt { opacity: .7; } dd { margin: 0; font-variant-numeric: tabular-nums; }
        #state { opacity: .7; }
        #files { padding-left: 1.25rem; overflow-wrap: anywhere; }
        </style>
        </head>
        <body>
        <h1>p2ptv</h1>
        <p>Open an address below in a player, or all of them with
        <a href="/playlist.m3u">playlist.m3u</a>.</p>
        <div id="channels"></div>
        <ul id="files"></ul>
        <p id="state" role="status">Asking for the state.</p>
        <noscript>The state as JSON: <a href="/api/v1/status">/api/v1/status</a></noscript>
        <script src="/app.js"></script>
        </body>
        </html>

        """

    /// The script at `/app.js`.
    static let script = """
        // Polls the state once a second and writes it into the page as text.
        "use strict";
        const rate = v => typeof v === "number" ? (v / 1e6).toFixed(2) + " Mbit/s" : null;
        const rows = [
          ["State", c => c.state],
          ["Lag", c => typeof c.lag_ms === "number" ? (c.lag_ms / 1000).toFixed(1) + " s" : null],
          ["Peers", c => c.peers],
          ["Down", c => rate(c.down_bps)],
          ["Up", c => rate(c.up_bps)],
          ["Players", c => c.readers],
        ];
        const make = (tag, text) => {
          const element = document.createElement(tag);
          if (text !== undefined) element.textContent = String(text);
          return element;
        };
        const draw = channel => {
          const section = make("section");
          section.append(make("h2", channel.title || channel.name));
          const path = "/live/" + encodeURIComponent(channel.name) + ".ts";
          section.append(make("code", location.origin + path));
          const list = make("dl");
          for (const [label, read] of rows) {
            const value = read(channel);
            if (value === undefined || value === null) continue;
            list.append(make("dt", label), make("dd", value));
          }
          section.append(list);
          return section;
        };
        const poll = async () => {
          const state = document.getElementById("state");
          try {
            const answer = await fetch("/api/v1/status", { cache: "no-store" });
            const status = await answer.json();
            const channels = Array.isArray(status.channels) ? status.channels : [];
            document.getElementById("channels").replaceChildren(...channels.map(draw));
            const none = !channels.length && !document.getElementById("files").children.length;
            state.textContent = none ? "Nothing is open." : "";
          } catch {
            state.textContent = "p2ptv does not answer; it may have ended.";
          }
          setTimeout(poll, 1000);
        };
        const size = bytes => {
          const units = ["B", "KiB", "MiB", "GiB", "TiB"];
          let n = 0;
          for (; bytes >= 1024 && n + 1 < units.length; n += 1) bytes /= 1024;
          return (n ? bytes.toFixed(1) : bytes) + " " + units[n];
        };
        const item = file => {
          const line = make("li"), link = make("a", file.name);
          link.href = file.path;
          line.append(link, " " + size(file.length));
          return line;
        };
        const list = async () => {
          try {
            const answer = await fetch("/api/v1/files", { cache: "no-store" });
            const files = (await answer.json()).files;
            document.getElementById("files").replaceChildren(...files.map(item));
          } catch { }
        };
        list().then(poll);

        """
}
