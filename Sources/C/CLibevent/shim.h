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
#include <event2/bufferevent_ssl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

// What Swift cannot see or what <netinet/tcp.h> is too old to name.
#include <stdint.h>
#include <string.h>
#include <sys/uio.h>
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

// Datagrams together with the address of this machine that they came to or go out from, whose
// control messages are macros that Swift cannot see. struct in6_pktinfo is declared under
// _GNU_SOURCE only.
struct reactor_in6_pktinfo {
    struct in6_addr address;
    unsigned int interface;
};

// As recvfrom with MSG_TRUNC; `local` is 4 bytes of IPv4 or 16 of IPv6, its length 0 if unknown.
static inline ssize_t reactor_receive(int fd, void *buffer, size_t size, struct sockaddr *sender,
                                      socklen_t *sender_length, uint8_t local[16],
                                      int *local_length) {
    union { struct cmsghdr alignment; char bytes[256]; } control;
    struct iovec part = {buffer, size};
    struct msghdr message = {sender, *sender_length, &part, 1, &control, sizeof control, 0};
    ssize_t count = recvmsg(fd, &message, MSG_TRUNC);
    *local_length = 0;
    if (count < 0) return count;
    *sender_length = message.msg_namelen;
    for (struct cmsghdr *item = CMSG_FIRSTHDR(&message); item; item = CMSG_NXTHDR(&message, item)) {
        if (item->cmsg_level == IPPROTO_IP && item->cmsg_type == IP_PKTINFO) {
            memcpy(local, &((struct in_pktinfo *)CMSG_DATA(item))->ipi_addr, *local_length = 4);
        } else if (item->cmsg_level == IPPROTO_IPV6 && item->cmsg_type == IPV6_PKTINFO) {
            memcpy(local, CMSG_DATA(item), *local_length = 16);
        }
    }
    return count;
}

// As sendto, from one of this machine's addresses, which `local` is as above.
static inline ssize_t reactor_send(int fd, const void *bytes, size_t size,
                                   const struct sockaddr *receiver, socklen_t receiver_length,
                                   const uint8_t *local, int local_length) {
    union { struct cmsghdr header; char bytes[64]; } control;
    memset(&control, 0, sizeof control);
    struct iovec part = {(void *)bytes, size};
    struct msghdr message = {(void *)receiver, receiver_length, &part, 1, &control, 0, 0};
    struct cmsghdr *item = &control.header;
    if (local_length == 4) {
        struct in_pktinfo info;
        memset(&info, 0, sizeof info);
        memcpy(&info.ipi_spec_dst, local, 4);
        item->cmsg_level = IPPROTO_IP;
        item->cmsg_type = IP_PKTINFO;
        item->cmsg_len = CMSG_LEN(sizeof info);
        memcpy(CMSG_DATA(item), &info, sizeof info);
        message.msg_controllen = CMSG_SPACE(sizeof info);
    } else {
        struct reactor_in6_pktinfo info;
        memset(&info, 0, sizeof info);
        memcpy(&info.address, local, 16);
        item->cmsg_level = IPPROTO_IPV6;
        item->cmsg_type = IPV6_PKTINFO;
        item->cmsg_len = CMSG_LEN(sizeof info);
        memcpy(CMSG_DATA(item), &info, sizeof info);
        message.msg_controllen = CMSG_SPACE(sizeof info);
    }
    return sendmsg(fd, &message, 0);
}

// TLS, of which libevent takes care itself; these are what it wants to have ready.

// What clients verify servers with: the authorities of the system, or those in a PEM file, and
// TLS 1.2 or later. NULL on failure.
static inline SSL_CTX *reactor_tls_context(const char *authorities) {
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    if (context == NULL) return NULL;
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
    int taken = authorities == NULL ? SSL_CTX_set_default_verify_paths(context)
                                    : SSL_CTX_load_verify_file(context, authorities);
    if (taken == 1 && SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) == 1) return context;
    SSL_CTX_free(context);
    return NULL;
}

// A session with the server that proves to be `host`, a name or a numeric address; NULL on failure.
static inline SSL *reactor_tls_session(SSL_CTX *context, const char *host, int is_address) {
    SSL *session = SSL_new(context);
    if (session == NULL) return NULL;
    SSL_set_hostflags(session, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    // No server name goes with an address (RFC 6066, 3).
    int taken = is_address
        ? X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(session), host)
        : SSL_set1_host(session, host) && SSL_set_tlsext_host_name(session, host);
    if (taken == 1) return session;
    SSL_free(session);
    return NULL;
}
