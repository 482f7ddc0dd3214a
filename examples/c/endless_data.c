/* endless_data.c: a network that learns from data which is never stored.
 *
 * A function makes each batch when it is needed: positions of a robot's arm of two joints, whose angles the network is to
 * tell from where the hand is. No row comes twice, so there is nothing that could be learned by heart.
 */
#include "apus.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { BATCH = 64, BATCHES = 500, EPOCHS = 20, TESTS = 1000 };

static void check(apus_context *context, apus_status status, const char *doing)
{
    if (status == APUS_OK) return;
    fprintf(stderr, "%s: %s: %s\n", doing, apus_status_text(status), apus_last_error(context));
    exit(1);
}

/* Numbers in [0, 1) by their number (Steele, Lea and Flood's SplitMix, doi:10.1145/2660193.2660195). */
static float number(uint64_t i)
{
    i = (i + 1) * 0x9E3779B97F4A7C15u;
    i = (i ^ (i >> 30)) * 0xBF58476D1CE4E5B9u;
    i = (i ^ (i >> 27)) * 0x94D049BB133111EBu;
    return (float)((i ^ (i >> 31)) >> 40) / 16777216.0f;
}

/* Both parts of the arm are 1 long; the shoulder turns by 0 to 90 degrees, the elbow by 30 to 150. */
static void hand(const float *angles, float *place)
{
    place[0] = cosf(angles[0]) + cosf(angles[0] + angles[1]);
    place[1] = sinf(angles[0]) + sinf(angles[0] + angles[1]);
}

/* The library's arrays are filled in place. Here the answer comes first, and the question follows from it. */
static int64_t make_batch(void *user, const apus_batch *batch)
{
    if (batch->stage == APUS_BATCH_EPOCH) {
        *(int64_t *)user = batch->epoch;
        return 0;
    }
    float *places = batch->inputs[0].data, *angles = batch->targets[0].data;
    for (int64_t i = 0; i < batch->rows; i++) {
        const uint64_t row = (uint64_t)(batch->epoch * BATCHES * BATCH + batch->row + i);
        angles[2 * i] = 1.5708f * number(2 * row);
        angles[2 * i + 1] = 0.5236f + 2.0944f * number(2 * row + 1);
        hand(angles + 2 * i, places + 2 * i);
    }
    return batch->rows;
}

int main(void)
{
    static float aims[2 * TESTS], angles[2 * TESTS];
    apus_array xs = APUS_ARRAY_2D(APUS_FLOAT32, aims, TESTS, 2), out = APUS_ARRAY_2D(APUS_FLOAT32, angles, TESTS, 2);
    apus_array pair = APUS_ARRAY_INIT;
    apus_batch_form form = APUS_BATCH_FORM_INIT;
    apus_fit_options fit = APUS_FIT_OPTIONS_INIT;
    apus_context *context = NULL;
    apus_network *network = NULL;
    apus_model *model = NULL;
    apus_trainer *trainer = NULL;
    apus_dataset *data = NULL;
    int64_t epoch = -1;

    check(NULL, apus_context_create(NULL, &context), "context");
    check(context, apus_network_create(context, NULL, &network), "network");
    check(context, apus_network_add(context, network, "Input", "shape=[2]", NULL, 0, NULL), "input");
    check(context, apus_network_add(context, network, "Dense", "units=64 activation=tanh", NULL, 0, NULL), "layer 1");
    check(context, apus_network_add(context, network, "Dense", "units=64 activation=tanh", NULL, 0, NULL), "layer 2");
    check(context, apus_network_add(context, network, "Dense", "units=2", NULL, 0, NULL), "layer 3");
    check(context, apus_network_build(context, network, NULL, 0, &model), "build");
    check(context,
          apus_trainer_create(context, model,
                              "{\"loss\": \"mse\", \"optimizer\": {\"class_name\": \"Adam\", \"config\": "
                              "{\"learning_rate\": {\"class_name\": \"CosineDecay\", \"config\": "
                              "{\"initial_learning_rate\": 0.005, \"decay_steps\": 10000}}}}}", &trainer),
          "trainer");

    /* One row is two numbers on each side; an epoch is as long as we say. */
    pair.dtype = APUS_FLOAT32;
    pair.ndim = 1;
    pair.shape[0] = 2;
    form.inputs = form.targets = &pair;
    form.n_inputs = form.n_targets = 1;
    form.batches = BATCHES;
    check(context, apus_dataset_from_callback(context, &form, make_batch, &epoch, &data), "dataset");
    fit.epochs = EPOCHS;
    fit.batch_size = BATCH;
    check(context, apus_trainer_fit(context, trainer, data, NULL, &fit), "fit");

    /* Where does the hand go when it should go to places that it can reach? */
    for (int i = 0; i < TESTS; i++) {
        const float angle[2] = { 1.5708f * number(1ull << 40 | (unsigned)(2 * i)),
                                 0.5236f + 2.0944f * number(1ull << 40 | (unsigned)(2 * i + 1)) };
        hand(angle, aims + 2 * i);
    }
    check(context, apus_predict(context, model, APUS_PREDICT, &xs, &out), "predict");
    double sum = 0, worst = 0;
    for (int i = 0; i < TESTS; i++) {
        float reached[2];
        hand(angles + 2 * i, reached);
        const double miss = hypot(reached[0] - aims[2 * i], reached[1] - aims[2 * i + 1]);
        sum += miss;
        if (miss > worst) worst = miss;
    }
    printf("%d epochs of %d arms that were never stored: the hand misses its aim by %.4f on average, %.4f at worst\n",
           (int)epoch + 1, BATCHES * BATCH, sum / TESTS, worst);
    apus_dataset_free(data);
    apus_trainer_free(trainer);
    apus_model_free(model);
    apus_network_free(network);
    apus_context_free(context);
    return epoch == EPOCHS - 1 && sum / TESTS < 0.02 ? 0 : 1;
}
