/* Loads OpenBLAS and HDF5, then libapus.so (the argument), and prints the milliseconds that took and the threads
 * that it started. */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <stdio.h>
#include <time.h>

static int threads(void)
{
    int count = 0;
    DIR *tasks = opendir("/proc/self/task");
    if (!tasks) return -1;
    for (struct dirent *entry; (entry = readdir(tasks));) count += entry->d_name[0] != '.';
    closedir(tasks);
    return count;
}

static double milliseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return 1e3 * (double)now.tv_sec + 1e-6 * (double)now.tv_nsec;
}

int main(int argc, char **argv)
{
    for (int i = 2; i < argc; i++) {
        if (!dlopen(argv[i], RTLD_NOW | RTLD_GLOBAL)) {
            fprintf(stderr, "%s\n", dlerror());
            return 2;
        }
    }
    const int threads_before = threads();
    const double began = milliseconds();
    void *library = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
    const double took = milliseconds() - began;
    const int threads_after = threads();
    if (!library) {
        fprintf(stderr, "%s\n", dlerror());
        return 2;
    }
    const char *(*version)(void) = (const char *(*)(void))dlsym(library, "apus_version");
    printf("%.3f %d %s\n", took, threads_after - threads_before, version ? version() : "no-version");
    return 0;
}
