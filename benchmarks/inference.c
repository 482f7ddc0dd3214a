/* One row through a 4-16-3 network, a hundred thousand times: prints microseconds a call. */
#define _POSIX_C_SOURCE 199309L
#include <apus.h>
#include <stdio.h>
#include <time.h>

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

int main(void)
{
    apus_context *context = NULL;
    apus_network *network = NULL;
    apus_model *model = NULL;
    apus_session *session = NULL;
    float row[4] = { 0.1f, 0.2f, 0.3f, 0.4f }, out[3];
    apus_array x = APUS_ARRAY_2D(APUS_FLOAT32, row, 1, 4);
    apus_array y = APUS_ARRAY_2D(APUS_FLOAT32, out, 1, 3);
    const int calls = 100000;

    int failed = apus_context_create(NULL, &context) || apus_network_create(context, NULL, &network)
        || apus_network_add(context, network, "Input", "shape=[4]", NULL, 0, NULL)
        || apus_network_add(context, network, "Dense", "units=16 activation=relu", NULL, 0, NULL)
        || apus_network_add(context, network, "Dense", "units=3", NULL, 0, NULL)
        || apus_network_build(context, network, NULL, 0, &model)
        || apus_session_create(context, model, 1, &session);
    double start = now();
    for (int i = 0; i < calls && !failed; i++) failed = apus_session_run(context, session, &x, 1, &y, 1);
    double end = now();
    if (failed) fprintf(stderr, "%s\n", apus_last_error(context));
    else printf("%.4f\n", (end - start) / calls * 1e6);
    apus_session_free(session);
    apus_model_free(model);
    apus_network_free(network);
    apus_context_free(context);
    return failed != 0;
}
