// The commented example of a configuration: the same text as config/p2ptv.toml, which a test holds.

extension ConfigFile {
    /// A file in which every key is explained, and none but `schema` is set.
    package static let example = #"""
        # The settings of p2ptv: every key there is. What begins with a # is not set.
        #
        # Read from the file named with --config or P2PTV_CONFIG, or else from
        # $XDG_CONFIG_HOME/p2ptv/p2ptv.toml, or else from /etc/p2ptv/p2ptv.toml.
        # A flag counts before the environment (P2PTV_...), that before this file.
        # `p2ptv config check` checks it, `p2ptv config show` tells what holds and why.

        # The version of this format.
        schema = 1

        [http]
        # The port on 127.0.0.1 that players connect to; 0 takes any free one. Without a value it is 7780,
        # or the next free one of ten. Flag --port, variable P2PTV_HTTP_PORT.
        #port = 7780

        [peer]
        # The port that other nodes connect to; forward it in your router if you broadcast. Without a
        # value it is the first free one of 6881 to 6999. --peer-port, P2PTV_PEER_PORT.
        #port = 6881

        # The most that is uploaded. A unit is required: 8Mbit and 500kbit count bits, 1MiB and 2MB count
        # bytes, all of them a second. Leave a tenth of the line for everything else. Without a value
        # there is no limit. --up-limit, P2PTV_UP_LIMIT.
        #up_limit = "8Mbit"

        # The most that comes of ordinary torrents, over any second; live channels come as fast as they are
        # sent. Without a value there is no limit. --down-limit, P2PTV_DOWN_LIMIT.
        #down_limit = "40Mbit"

        # The address under which others reach this machine: needed behind a router that forwards ports.
        # Without a value it is that of the default route. --public-address, P2PTV_PUBLIC_ADDRESS.
        #public_address = "203.0.113.7"

        [trackers]
        # The trackers of a broadcast. Without a value the broadcast runs one itself.
        # --tracker, and P2PTV_TRACKER with spaces between several.
        #default = ["http://tracker.example.org:6969/announce"]

        # The port of the tracker that a broadcast runs itself. --tracker-port, P2PTV_TRACKER_PORT.
        #port = 6969

        [watch]
        # The player that `p2ptv watch` starts: mpv, vlc or none; auto takes the first of them that is
        # there if you sit at a desktop. --player, P2PTV_PLAYER.
        #player = "auto"

        # How many seconds behind the source to play, up to 60. More rides out worse networks. Without a
        # value it is as little as the network allows, and adapts. --delay, P2PTV_DELAY.
        #delay = 2.0

        [relay]
        # How many seconds of each channel `p2ptv relay` keeps and offers, from 10 to 1800: more serves
        # those who play far behind the source. --window, P2PTV_RELAY_WINDOW.
        #window = 180

        # The memory that the pieces of all channels of a relay take together; a window that does not fit
        # is shortened. A unit is required, such as 256MiB or 1GB. --memory, P2PTV_RELAY_MEMORY.
        #memory = "256MiB"

        [broadcast]
        # The folder of the channel's key and its numbering, which nobody else may read: whoever has the
        # key is the channel. One folder serves one channel, so set it only where there is but one.
        # Without a value it is broadcast/NAME below $STATE_DIRECTORY (systemd), $XDG_STATE_HOME/p2ptv or
        # ~/.local/state/p2ptv. --state-dir, P2PTV_STATE_DIR.
        #state_dir = "/var/lib/p2ptv/news"

        """#
}
