// Calls of Linux on files that the Glibc module does not show to Swift.
#pragma once
#include <stdint.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <sys/vfs.h>
#include <unistd.h>

// Whether a file lies in memory alone (TMPFS_MAGIC, statfs(2)), so that no disk is ever waited for.
static inline int linux_is_tmpfs(int fd) {
    struct statfs system;
    return fstatfs(fd, &system) == 0 && system.f_type == 0x01021994;
}

// Reads up to `count` bytes from `offset` of a file that the system has in memory (preadv2(2) with
// RWF_NOWAIT); -1 where it has none of them, or its file system cannot tell.
static inline ssize_t linux_read_cached(int fd, void *buffer, size_t count, off_t offset) {
    struct iovec vector = {buffer, count};
    return syscall(SYS_preadv2, fd, &vector, 1L, (long)offset, 0L, 8L);
}

// How many pages from `offset` on the system has of a file in memory, of those that `count` bytes lie
// in (cachestat(2), Linux 6.5); -1 where it does not tell.
static inline long linux_cached_pages(int fd, off_t offset, size_t count) {
    struct { uint64_t offset, length; } range = {(uint64_t)offset, count};
    struct { uint64_t cached, dirty, writeback, evicted, recently_evicted; } pages;
    // The same number on every architecture that Swift has; glibc does not name it yet.
    return syscall(451L, fd, &range, &pages, 0) == 0 ? (long)pages.cached : -1;
}
