/* rare_class.c: one row in twenty is ill. Class weights decide which mistakes the network makes.
 *
 * The same network is trained twice, without weights and with the rare class weighing nineteen times as much. Accuracy
 * says little here; precision, recall and the area under the ROC curve tell the two apart, or that they are the same.
 */
#include "apus.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { ROWS = 8000, COLUMNS = 4, VALUES = 6 };

static void check(apus_context *context, apus_status status, const char *doing)
{
    if (status == APUS_OK) return;
    fprintf(stderr, "%s: %s: %s\n", doing, apus_status_text(status), apus_last_error(context));
    exit(1);
}

/* Trains on the first half and measures on the second: loss, accuracy, precision, recall, AUC, average precision. */
static void train(apus_context *context, const apus_array *x, const apus_array *y, const apus_array *class_weight,
                  double *values, float *predictions)
{
    static const char parameters[] =
        "{\"loss\": \"binary_crossentropy\", \"optimizer\": {\"class_name\": \"Adam\", \"config\": {\"learning_rate\": 0.01}},"
        " \"metrics\": [\"accuracy\", \"precision\", \"recall\", \"auc\","
        "             {\"class_name\": \"AUC\", \"config\": {\"curve\": \"PR\", \"name\": \"area_pr\"}}]}";
    apus_network *network = NULL;
    apus_model *model = NULL;
    apus_trainer *trainer = NULL;
    apus_dataset *seen = NULL, *unseen = NULL;
    apus_fit_options options = APUS_FIT_OPTIONS_INIT;
    apus_array half_x = APUS_ARRAY_2D(APUS_FLOAT32, (float *)x->data + ROWS / 2 * COLUMNS, ROWS / 2, COLUMNS);
    apus_array half_y = APUS_ARRAY_2D(APUS_FLOAT32, (float *)y->data + ROWS / 2, ROWS / 2, 1);
    apus_array first_x = APUS_ARRAY_2D(APUS_FLOAT32, x->data, ROWS / 2, COLUMNS);
    apus_array first_y = APUS_ARRAY_2D(APUS_FLOAT32, y->data, ROWS / 2, 1);
    apus_array out = APUS_ARRAY_2D(APUS_FLOAT32, predictions, ROWS / 2, 1);

    check(context, apus_set_seed(context, 5), "seed");
    check(context, apus_network_create(context, NULL, &network), "network");
    check(context, apus_network_add(context, network, "Input", "shape=[4]", NULL, 0, NULL), "input");
    check(context, apus_network_add(context, network, "Dense", "units=16 activation=tanh", NULL, 0, NULL), "layer 1");
    check(context, apus_network_add(context, network, "Dense", "units=1 activation=sigmoid", NULL, 0, NULL), "layer 2");
    check(context, apus_network_build(context, network, NULL, 0, &model), "build");
    check(context, apus_trainer_create(context, model, parameters, &trainer), "trainer");
    check(context, apus_dataset_create(context, &first_x, 1, &first_y, 1, NULL, &seen), "data");
    check(context, apus_dataset_create(context, &half_x, 1, &half_y, 1, NULL, &unseen), "data");

    options.epochs = 15;
    options.batch_size = 64;
    options.class_weight = class_weight;
    check(context, apus_trainer_fit(context, trainer, seen, NULL, &options), "fit");
    check(context, apus_trainer_evaluate(context, trainer, unseen, 256, values, VALUES), "evaluate");
    check(context, apus_predict(context, model, APUS_PREDICT, &half_x, &out), "predict");

    apus_dataset_free(seen);
    apus_dataset_free(unseen);
    apus_trainer_free(trainer);
    apus_model_free(model);
    apus_network_free(network);
}

int main(void)
{
    static float x[ROWS * COLUMNS], y[ROWS], noise[ROWS], predictions[ROWS / 2];
    static float weights[] = { 1, 19 };
    apus_array xs = APUS_ARRAY_2D(APUS_FLOAT32, x, ROWS, COLUMNS), ys = APUS_ARRAY_2D(APUS_FLOAT32, y, ROWS, 1);
    apus_array noises = APUS_ARRAY_1D(APUS_FLOAT32, noise, ROWS);
    apus_array class_weight = APUS_ARRAY_1D(APUS_FLOAT32, weights, 2);
    double plain[VALUES], weighted[VALUES], table[4];
    apus_context *context = NULL;
    apus_metric *matrix = NULL;

    check(NULL, apus_context_create(NULL, &context), "context");
    check(context, apus_set_seed(context, 2), "seed");
    check(context, apus_random_normal(context, 0.0, 1.0, &xs), "data");
    check(context, apus_random_normal(context, 0.0, 1.0, &noises), "data");
    /* Ill is who is far out in two measurements together; the rest is noise. */
    for (int i = 0; i < ROWS; i++) {
        const float *row = x + i * COLUMNS;
        y[i] = row[0] + row[1] + 0.6f * noise[i] > 2.55f ? 1.0f : 0.0f;
    }

    train(context, &xs, &ys, NULL, plain, predictions);
    train(context, &xs, &ys, &class_weight, weighted, predictions);
    printf("              accuracy  precision  recall   AUC  area under precision and recall\n");
    printf("all the same    %.3f     %.3f     %.3f   %.3f  %.3f\n", plain[1], plain[2], plain[3], plain[4], plain[5]);
    printf("rare weigh 19   %.3f     %.3f     %.3f   %.3f  %.3f\n", weighted[1], weighted[2], weighted[3], weighted[4],
           weighted[5]);

    /* The table of the second network, by a metric without a network. */
    apus_array unseen = APUS_ARRAY_2D(APUS_FLOAT32, y + ROWS / 2, ROWS / 2, 1);
    apus_array predicted = APUS_ARRAY_2D(APUS_FLOAT32, predictions, ROWS / 2, 1);
    apus_array out = APUS_ARRAY_2D(APUS_FLOAT64, table, 2, 2);
    check(context, apus_metric_create(context, "confusion_matrix", &matrix), "metric");
    check(context, apus_metric_update(context, matrix, &unseen, &predicted, NULL), "update");
    check(context, apus_metric_result(context, matrix, &out), "result");
    printf("\nrare weigh 19:  healthy, and called so %4.0f   called ill %4.0f\n", table[0], table[1]);
    printf("                ill, but called healthy %3.0f   called ill %4.0f\n", table[2], table[3]);

    apus_metric_free(matrix);
    apus_context_free(context);
    const int counts = fabs(table[0] + table[1] + table[2] + table[3] - ROWS / 2) < 0.5;
    const int recall = fabs(table[3] / (table[2] + table[3]) - weighted[3]) < 1e-9;
    return counts && recall && weighted[3] > plain[3] + 0.1 && weighted[2] < plain[2] && plain[4] > 0.9 ? 0 : 1;
}
