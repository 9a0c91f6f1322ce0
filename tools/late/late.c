/* Preloaded, has every thread that is made by another than the first begin late, as on
 * a machine that is busy: a test that counts on its threads having begun fails. The
 * first thread is test harnesses' own, whose threads are the tests. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

struct start {
    void *(*run)(void *);
    void *with;
};

static void *late(void *start) {
    struct start it = *(struct start *)start;
    free(start);
    usleep(600 * 1000);
    return it.run(it.with);
}

int pthread_create(pthread_t *thread, const pthread_attr_t *how, void *(*run)(void *), void *with) {
    int (*create)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *) =
        (int (*)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *))dlsym(
            RTLD_NEXT, "pthread_create");
    struct start *start = malloc(sizeof *start);
    if (syscall(SYS_gettid) == getpid() || !start) {
        free(start);
        return create(thread, how, run, with);
    }
    *start = (struct start){run, with};
    int failed = create(thread, how, late, start);
    if (failed) {
        free(start);
    }
    return failed;
}

/* Not for the compilers that tests start. */
__attribute__((constructor)) static void here_only(void) { unsetenv("LD_PRELOAD"); }
