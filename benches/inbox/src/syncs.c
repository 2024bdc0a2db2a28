/* Counts the calls that wait for the disk, and can make each of them take longer by a fixed time.
 *
 * SYNCS_COUNT names a file in which there is a number of eight bytes: how many there have been.
 * SYNCS_DELAY_US says how many microseconds are added to each.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

static _Atomic uint64_t *count;
static long delay_us;
static int (*real_fsync)(int);
static int (*real_fdatasync)(int);

__attribute__((constructor)) static void begin(void) {
    real_fsync = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
    real_fdatasync = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
    const char *delay = getenv("SYNCS_DELAY_US");
    delay_us = delay ? atol(delay) : 0;
    const char *path = getenv("SYNCS_COUNT");
    int file = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
    if (file >= 0) {
        void *page = mmap(NULL, sizeof *count, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
        count = page == MAP_FAILED ? NULL : page;
        close(file);
    }
}

static int synced(int (*real)(int), int file) {
    if (count)
        atomic_fetch_add(count, 1);
    int result = real(file);
    if (delay_us > 0) {
        struct timespec left = {delay_us / 1000000, delay_us % 1000000 * 1000};
        while (nanosleep(&left, &left) != 0)
            ;
    }
    return result;
}

int fsync(int file) { return synced(real_fsync, file); }
int fdatasync(int file) { return synced(real_fdatasync, file); }
