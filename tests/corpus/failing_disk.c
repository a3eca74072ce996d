/* Makes reads of files named in FAILING_FILE fail with the error FAILING_ERRNO, as often as there
 * are files named 0, 1, 2 ... in the folder FAILING_TIMES: each failure takes one away. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int fails(int file)
{
    char link[64], path[4096], mark[4096];
    const char *name = getenv("FAILING_FILE"), *times = getenv("FAILING_TIMES");
    if (!name || !times) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return 0;
    path[length] = 0;
    if (!strstr(path, name)) return 0;
    for (int number = 0; number < 1000; number++) {
        snprintf(mark, sizeof mark, "%s/%d", times, number);
        if (unlink(mark) == 0) {
            errno = atoi(getenv("FAILING_ERRNO"));
            return 1;
        }
    }
    return 0;
}

ssize_t read(int file, void *buffer, size_t size)
{
    static ssize_t (*real)(int, void *, size_t);
    if (!real) real = dlsym(RTLD_NEXT, "read");
    return fails(file) ? -1 : real(file, buffer, size);
}

ssize_t pread64(int file, void *buffer, size_t size, off64_t at)
{
    static ssize_t (*real)(int, void *, size_t, off64_t);
    if (!real) real = dlsym(RTLD_NEXT, "pread64");
    return fails(file) ? -1 : real(file, buffer, size, at);
}

ssize_t pread(int file, void *buffer, size_t size, off_t at) { return pread64(file, buffer, size, at); }
