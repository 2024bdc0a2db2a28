/* A disk that can lose its power: what a process wrote to the files of one directory is on it only once that was synced.
 *
 * Preloaded into the process. POWERCUT_FROM is the directory, which stands for the page cache. POWERCUT_DISK is what
 * the power cannot take away: the content of each file in `files/`, by inode number, and in `names/` a link to it for each
 * name. Content gets there by fsync and fdatasync of the file, and a name by fsync of the directory, as POSIX has it.
 * Kill the process, and `names/` is what a machine would find that starts again.
 *
 * POWERCUT_EARLY   so many percent of the sectors written get to the disk at once, as a kernel may decide at any time
 * POWERCUT_SLOW    a sync takes so many microseconds before it begins
 * POWERCUT_LIES    `-wal`: syncs of files of this ending do nothing, `all`: no sync does
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define SECTOR 512
#define FDS 4096
#define REAL(name) ((__typeof__(&name))real(#name))

struct range {
    off_t from, to;
};

struct file {
    ino_t inode;
    int disk, users, lies;
    struct range *dirty;
    size_t count, room;
    struct file *next;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct file *files;
static struct file *of_fd[FDS];
static char directory_fd[FDS];
static char from[PATH_MAX];
static const char *disk, *lies;
static unsigned early, slow, seed;

static void *real(const char *name) {
    return dlsym(RTLD_NEXT, name);
}

static void fail(const char *what) {
    fprintf(stderr, "powercut: %s: %s\n", what, strerror(errno));
    _exit(99);
}

__attribute__((constructor)) static void begin(void) {
    const char *directory = getenv("POWERCUT_FROM");
    disk = getenv("POWERCUT_DISK");
    if (!directory || !disk || !realpath(directory, from)) fail("POWERCUT_FROM and POWERCUT_DISK");
    early = getenv("POWERCUT_EARLY") ? atoi(getenv("POWERCUT_EARLY")) : 0;
    slow = getenv("POWERCUT_SLOW") ? atoi(getenv("POWERCUT_SLOW")) : 0;
    lies = getenv("POWERCUT_LIES") ? getenv("POWERCUT_LIES") : "";
    seed = (unsigned)time(NULL) ^ (unsigned)getpid();
}

static int ends(const char *text, const char *end) {
    size_t length = strlen(text), tail = strlen(end);
    return length >= tail && !strcmp(text + length - tail, end);
}

/* The index of the log is made anew by whoever opens it first, and the lock is empty: neither need be on disk. */
static int kept(const char *name) {
    return name[0] != '.' && !ends(name, "-shm") && !ends(name, ".lock");
}

/* The name within the directory, or NULL if the path is elsewhere. */
static const char *name_in(const char *path) {
    size_t length = strlen(from);
    if (strncmp(path, from, length) || path[length] != '/' || strchr(path + length + 1, '/')) return NULL;
    return path + length + 1;
}

static void disk_path(char *path, ino_t inode) {
    snprintf(path, PATH_MAX, "%s/files/%lu", disk, (unsigned long)inode);
}

static void name_path(char *path, const char *name) {
    snprintf(path, PATH_MAX, "%s/names/%s", disk, name);
}

static void mark(struct file *file, off_t begin, off_t end) {
    if (begin >= end) return;
    if (file->count && file->dirty[file->count - 1].to == begin) {
        file->dirty[file->count - 1].to = end;
        return;
    }
    if (file->count == file->room) {
        file->room = file->room ? file->room * 2 : 64;
        file->dirty = realloc(file->dirty, file->room * sizeof(struct range));
        if (!file->dirty) fail("realloc");
    }
    file->dirty[file->count++] = (struct range){begin, end};
}

static int sometimes(void) {
    return early && (unsigned)(rand_r(&seed) % 100) < early;
}

static void wrote(int fd, const void *data, off_t at, ssize_t length) {
    if (fd < 0 || fd >= FDS || length <= 0) return;
    pthread_mutex_lock(&lock);
    struct file *file = of_fd[fd];
    if (file) {
        mark(file, at, at + length);
        for (off_t begin = at; begin < at + length;) {
            off_t end = (begin / SECTOR + 1) * SECTOR;
            if (end > at + length) end = at + length;
            if (sometimes() && REAL(pwrite64)(file->disk, (const char *)data + (begin - at), end - begin, begin) < 0)
                fail("an early write");
            begin = end;
        }
    }
    pthread_mutex_unlock(&lock);
}

static void opened(int fd) {
    char link[64], path[PATH_MAX], target[PATH_MAX];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (fd >= FDS || length < 0) return;
    path[length] = 0;
    pthread_mutex_lock(&lock);
    of_fd[fd] = NULL;
    directory_fd[fd] = !strcmp(path, from);
    const char *name = name_in(path);
    if (name && kept(name)) {
        struct stat status;
        if (fstat(fd, &status)) fail("fstat");
        struct file *file = files;
        while (file && file->inode != status.st_ino) file = file->next;
        if (!file) {
            file = calloc(1, sizeof *file);
            file->inode = status.st_ino;
            file->lies = !strcmp(lies, "all") || (*lies && ends(name, lies));
            disk_path(target, status.st_ino);
            file->disk = REAL(open64)(target, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
            if (file->disk < 0) fail(target);
            /* What an earlier process left in the cache is not known here: the next sync brings it all. */
            mark(file, 0, status.st_size);
            file->next = files;
            files = file;
        }
        of_fd[fd] = file;
    }
    pthread_mutex_unlock(&lock);
}

static void sync_file(struct file *file, int fd) {
    static char buffer[1 << 16];
    char own[64];
    struct stat status;
    /* The one that is synced may have been opened for writing alone. */
    snprintf(own, sizeof own, "/proc/self/fd/%d", fd);
    int source = REAL(open64)(own, O_RDONLY | O_CLOEXEC);
    if (source < 0 || fstat(source, &status)) fail("a sync");
    for (size_t i = 0; i < file->count; i++) {
        off_t at = file->dirty[i].from, end = file->dirty[i].to;
        while (at < end) {
            size_t want = end - at < (off_t)sizeof buffer ? (size_t)(end - at) : sizeof buffer;
            ssize_t got = pread64(source, buffer, want, at);
            if (got < 0) fail("pread");
            if (got == 0) break;
            if (REAL(pwrite64)(file->disk, buffer, got, at) != got) fail("pwrite");
            at += got;
        }
    }
    if (REAL(ftruncate64)(file->disk, status.st_size)) fail("ftruncate");
    REAL(close)(source);
    file->count = 0;
}

static void sync_names(void) {
    char target[PATH_MAX], path[PATH_MAX];
    struct dirent *entry;
    struct stat now, was;
    DIR *listing = opendir(from);
    if (!listing) fail(from);
    while ((entry = readdir(listing))) {
        if (!kept(entry->d_name)) continue;
        snprintf(path, sizeof path, "%s/%s", from, entry->d_name);
        if (stat(path, &now)) continue;
        disk_path(target, now.st_ino);
        if (stat(target, &now)) continue;
        name_path(path, entry->d_name);
        if (!stat(path, &was) && was.st_ino == now.st_ino) continue;
        REAL(unlink)(path);
        if (link(target, path)) fail(path);
    }
    closedir(listing);
    snprintf(path, sizeof path, "%s/names", disk);
    if (!(listing = opendir(path))) fail(path);
    while ((entry = readdir(listing))) {
        snprintf(path, sizeof path, "%s/%s", from, entry->d_name);
        if (entry->d_name[0] == '.' || !access(path, F_OK)) continue;
        name_path(path, entry->d_name);
        REAL(unlink)(path);
    }
    closedir(listing);
}

/* Returns true if the file is one of ours, and has been synced as far as this disk does that. */
static int synced(int fd) {
    if (fd < 0 || fd >= FDS || (!of_fd[fd] && !directory_fd[fd])) return 0;
    if (slow) usleep(slow);
    pthread_mutex_lock(&lock);
    if (of_fd[fd] && !of_fd[fd]->lies) sync_file(of_fd[fd], fd);
    if (directory_fd[fd] && strcmp(lies, "all")) sync_names();
    pthread_mutex_unlock(&lock);
    return 1;
}

static void unlinked(ino_t inode, const char *name) {
    static int gone;
    char path[PATH_MAX], aside[PATH_MAX + 32];
    pthread_mutex_lock(&lock);
    /* The number may be used again while the name is still on disk. */
    disk_path(path, inode);
    snprintf(aside, sizeof aside, "%s.%d.%d", path, getpid(), gone++);
    rename(path, aside);
    for (struct file **at = &files; *at; at = &(*at)->next) {
        if ((*at)->inode == inode) {
            *at = (*at)->next;
            break;
        }
    }
    if (sometimes()) {
        name_path(path, name);
        REAL(unlink)(path);
    }
    pthread_mutex_unlock(&lock);
}

static mode_t mode_of(int flags, va_list rest) {
    return flags & (O_CREAT | O_TMPFILE) ? (mode_t)va_arg(rest, int) : 0;
}

#define OPEN(function)                                                \
    int function(const char *path, int flags, ...) {                  \
        va_list rest;                                                 \
        va_start(rest, flags);                                        \
        mode_t mode = mode_of(flags, rest);                           \
        va_end(rest);                                                 \
        int fd = REAL(function)(path, flags, mode);                   \
        if (fd >= 0) opened(fd);                                      \
        return fd;                                                    \
    }
OPEN(open)
OPEN(open64)

#define OPENAT(function)                                              \
    int function(int at, const char *path, int flags, ...) {          \
        va_list rest;                                                 \
        va_start(rest, flags);                                        \
        mode_t mode = mode_of(flags, rest);                           \
        va_end(rest);                                                 \
        int fd = REAL(function)(at, path, flags, mode);               \
        if (fd >= 0) opened(fd);                                      \
        return fd;                                                    \
    }
OPENAT(openat)
OPENAT(openat64)

int close(int fd) {
    if (fd >= 0 && fd < FDS) {
        pthread_mutex_lock(&lock);
        of_fd[fd] = NULL;
        directory_fd[fd] = 0;
        pthread_mutex_unlock(&lock);
    }
    return REAL(close)(fd);
}

ssize_t write(int fd, const void *data, size_t length) {
    ssize_t written = REAL(write)(fd, data, length);
    if (fd >= 0 && fd < FDS && of_fd[fd] && written > 0) wrote(fd, data, lseek64(fd, 0, SEEK_CUR) - written, written);
    return written;
}

ssize_t pwrite(int fd, const void *data, size_t length, off_t at) {
    ssize_t written = REAL(pwrite)(fd, data, length, at);
    wrote(fd, data, at, written);
    return written;
}

ssize_t pwrite64(int fd, const void *data, size_t length, off64_t at) {
    ssize_t written = REAL(pwrite64)(fd, data, length, at);
    wrote(fd, data, at, written);
    return written;
}

static void truncated(int fd, off_t before, off_t length) {
    /* What was cut off reads as zeros if the file grows again. */
    if (fd >= 0 && fd < FDS && of_fd[fd]) {
        pthread_mutex_lock(&lock);
        mark(of_fd[fd], length, before);
        pthread_mutex_unlock(&lock);
    }
}

int ftruncate(int fd, off_t length) {
    struct stat status;
    if (fstat(fd, &status)) return -1;
    int result = REAL(ftruncate)(fd, length);
    if (!result) truncated(fd, status.st_size, length);
    return result;
}

int ftruncate64(int fd, off64_t length) {
    return ftruncate(fd, length);
}

int fsync(int fd) {
    return synced(fd) ? 0 : REAL(fsync)(fd);
}

int fdatasync(int fd) {
    return synced(fd) ? 0 : REAL(fdatasync)(fd);
}

int unlink(const char *path) {
    char whole[PATH_MAX];
    struct stat status;
    const char *name = realpath(path, whole) ? name_in(whole) : NULL;
    int known = name && kept(name) && !stat(whole, &status);
    int result = REAL(unlink)(path);
    if (!result && known) unlinked(status.st_ino, name);
    return result;
}

/* Ways to change a file that this disk does not know: better no test than one that passes by them. */
static int unknown(int fd, const char *function) {
    if (fd >= 0 && fd < FDS && of_fd[fd]) {
        errno = ENOSYS;
        fail(function);
    }
    return 0;
}

ssize_t writev(int fd, const struct iovec *parts, int count) {
    return unknown(fd, "writev") ? -1 : REAL(writev)(fd, parts, count);
}

ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t at) {
    return unknown(fd, "pwritev") ? -1 : REAL(pwritev)(fd, parts, count, at);
}

int fallocate(int fd, int mode, off_t at, off_t length) {
    return unknown(fd, "fallocate") ? -1 : REAL(fallocate)(fd, mode, at, length);
}

int posix_fallocate(int fd, off_t at, off_t length) {
    return unknown(fd, "posix_fallocate") ? -1 : REAL(posix_fallocate)(fd, at, length);
}

int rename(const char *old, const char *new) {
    char whole[PATH_MAX];
    if (realpath(old, whole) && name_in(whole)) {
        errno = ENOSYS;
        fail("rename");
    }
    return REAL(rename)(old, new);
}
