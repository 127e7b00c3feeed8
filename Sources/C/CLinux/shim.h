// Calls of Linux on files that the Glibc module does not show to Swift.
#pragma once
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
