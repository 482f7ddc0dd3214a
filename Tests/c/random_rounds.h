/* random_rounds.h: rounds of random calls, each a child process with a seed of its own, so that a crash names what to
 * run again. */
#ifndef RANDOM_ROUNDS_H
#define RANDOM_ROUNDS_H

#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

/* The program's: so many calls drawn from a seed. Not 0 when one went wrong. */
static int calls_from(uint64_t seed, int calls);

static int rounds, calls;
static uint64_t first_seed = 1;

static void survives_random_calls(void)
{
    for (int round = 0; round < rounds; round++) {
        const uint64_t seed = first_seed + (uint64_t)round;
        int status = 0;
        fflush(stdout);
        const pid_t child = fork();
        if (child == 0) {
            alarm(120);
            _exit(calls_from(seed, calls));
        }
        CHECK(child > 0 && waitpid(child, &status, 0) == child);
        if (status) {
            check_failures++;
            printf("    seed %llu: %s %d\n", (unsigned long long)seed, WIFSIGNALED(status) ? "signal" : "status",
                   WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
        }
    }
}

/* main of a program, whose arguments are ROUNDS CALLS FIRST_SEED. */
static int random_rounds(const char *name, int usual_rounds, int usual_calls, int argc, char **argv)
{
    BEGIN(name);
    rounds = argc > 1 ? atoi(argv[1]) : usual_rounds;
    calls = argc > 2 ? atoi(argv[2]) : usual_calls;
    if (argc > 3) first_seed = strtoull(argv[3], NULL, 10);
    RUN(survives_random_calls);
    return END();
}

#endif
