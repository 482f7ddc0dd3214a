/* session.c: inference one row at a time, without an allocation, and what it costs. */
#define _POSIX_C_SOURCE 200809L

#include "apus.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { RUNS = 200000 };

static void check(apus_context *context, apus_status status, const char *doing)
{
    if (status == APUS_OK) return;
    fprintf(stderr, "%s: %s: %s\n", doing, apus_status_text(status), apus_last_error(context));
    exit(1);
}

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

int main(void)
{
    float row[4] = { 5.1f, 3.5f, 1.4f, 0.2f }, classes[3];
    apus_array in = APUS_ARRAY_2D(APUS_FLOAT32, row, 1, 4), out = APUS_ARRAY_2D(APUS_FLOAT32, classes, 1, 3);
    apus_context *context = NULL;
    apus_network *network = NULL;
    apus_model *model = NULL;
    apus_session *session = NULL;

    check(NULL, apus_context_create(NULL, &context), "context");
    check(context, apus_network_create(context, NULL, &network), "network");
    check(context, apus_network_add(context, network, "Input", "shape=[4]", NULL, 0, NULL), "input");
    check(context, apus_network_add(context, network, "Dense", "units=16 activation=relu", NULL, 0, NULL), "layer 1");
    check(context, apus_network_add(context, network, "Dense", "units=3 activation=softmax", NULL, 0, NULL), "layer 2");
    check(context, apus_network_build(context, network, NULL, 0, &model), "build");

    /* Everything that a run needs is laid out here, for one thread and at most one row. */
    check(context, apus_session_create(context, model, 1, &session), "session");
    const double began = seconds();
    for (int i = 0; i < RUNS; i++) {
        row[0] = 4.5f + 0.00001f * (float)i;
        check(context, apus_session_run(context, session, &in, 1, &out, 1), "run");
    }
    printf("%d predictions, %.2f microseconds each; the last: %.3f %.3f %.3f\n", (int)RUNS,
           1e6 * (seconds() - began) / RUNS, (double)classes[0], (double)classes[1], (double)classes[2]);

    apus_session_free(session);
    apus_model_free(model);
    apus_network_free(network);
    apus_context_free(context);
    const float sum = classes[0] + classes[1] + classes[2];
    return sum > 0.999f && sum < 1.001f ? 0 : 1;
}
