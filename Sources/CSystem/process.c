#define _GNU_SOURCE
#include "csystem.h"

#include <errno.h>
#include <sys/uio.h>

int32_t csystem_read_process(int32_t process, uint64_t address, void *destination, size_t count) {
    struct iovec here = {destination, count};
    struct iovec there = {(void *)(uintptr_t)address, count};
    ssize_t got = process_vm_readv(process, &here, 1, &there, 1, 0);
    if (got < 0) return errno;
    return (size_t)got == count ? 0 : EFAULT;
}
