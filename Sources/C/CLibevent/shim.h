// libevent as Swift sees it. The three system headers come first: event2/event-config.h defines
// _GNU_SOURCE, and without them fd_set would differ from what other C modules declare.
#pragma once
#include <sys/types.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <netinet/in.h>
#include <sys/eventfd.h>
#include <event2/event.h>
#include <event2/thread.h>
#include <event2/util.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/listener.h>
#include <event2/dns.h>
#include <event2/http.h>
#include <event2/http_struct.h>
#include <event2/keyvalq_struct.h>

// What Swift cannot see or what <netinet/tcp.h> is too old to name.
#include <stdint.h>
#include <sys/ioctl.h>
#include <linux/sockios.h>

// Declared by <sys/socket.h> under _GNU_SOURCE only, which must not be defined here (see above).
extern int accept4(int fd, struct sockaddr *address, socklen_t *length, int flags);

// The beginning of the kernel's struct tcp_info (linux/tcp.h), which only ever grows at its end.
struct reactor_tcp_info {
    uint8_t state, ca_state, retransmits, probes, backoff, options, window_scales, flags;
    uint32_t rto, ato, snd_mss, rcv_mss;
    uint32_t unacked, sacked, lost, retrans, fackets;
    uint32_t last_data_sent, last_ack_sent, last_data_recv, last_ack_recv;
    uint32_t pmtu, rcv_ssthresh, rtt, rttvar, snd_ssthresh, snd_cwnd, advmss, reordering;
    uint32_t rcv_rtt, rcv_space, total_retrans;
    uint64_t pacing_rate, max_pacing_rate, bytes_acked, bytes_received;
    uint32_t segs_out, segs_in, notsent_bytes, min_rtt, data_segs_in, data_segs_out;
    uint64_t delivery_rate;
};

// Bytes that the kernel holds for a TCP socket and has not sent yet, or -1.
static inline int reactor_unsent(int fd) {
    int bytes = 0;
    return ioctl(fd, SIOCOUTQNSD, &bytes) == 0 ? bytes : -1;
}

// Bytes that the kernel holds and that are not acknowledged, sent or not, or -1.
static inline int reactor_unacknowledged(int fd) {
    int bytes = 0;
    return ioctl(fd, SIOCOUTQ, &bytes) == 0 ? bytes : -1;
}
