/* A disk that begins to refuse: while the file FAULTS holds an error number (of four bytes), whatever changes or syncs a
 * file in the directory FAULTS_IN fails with that. Preloaded into a process. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static volatile const int32_t *fault;
static char in[PATH_MAX];

__attribute__((constructor)) static void begin(void) {
    const char *path = getenv("FAULTS"), *directory = getenv("FAULTS_IN");
    int fd = path ? REAL(open64)(path, O_RDONLY | O_CLOEXEC) : -1;
    void *mapped = fd < 0 ? MAP_FAILED : mmap(NULL, sizeof *fault, PROT_READ, MAP_SHARED, fd, 0);
    if (mapped == MAP_FAILED || !directory || !realpath(directory, in)) {
        fprintf(stderr, "faults: FAULTS is no file of four bytes, or FAULTS_IN no directory\n");
        _exit(99);
    }
    fault = mapped;
    close(fd);
}

static int refused(int fd) {
    char link[64], path[PATH_MAX];
    if (!fault || !*fault) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return 0;
    path[length] = 0;
    if (strncmp(path, in, strlen(in))) return 0;
    errno = *fault;
    return 1;
}

ssize_t write(int fd, const void *data, size_t length) {
    return refused(fd) ? -1 : REAL(write)(fd, data, length);
}

ssize_t pwrite(int fd, const void *data, size_t length, off_t at) {
    return refused(fd) ? -1 : REAL(pwrite)(fd, data, length, at);
}

ssize_t pwrite64(int fd, const void *data, size_t length, off64_t at) {
    return refused(fd) ? -1 : REAL(pwrite64)(fd, data, length, at);
}

int ftruncate(int fd, off_t length) {
    return refused(fd) ? -1 : REAL(ftruncate)(fd, length);
}

int ftruncate64(int fd, off64_t length) {
    return refused(fd) ? -1 : REAL(ftruncate64)(fd, length);
}

int fsync(int fd) {
    return refused(fd) ? -1 : REAL(fsync)(fd);
}

int fdatasync(int fd) {
    return refused(fd) ? -1 : REAL(fdatasync)(fd);
}
