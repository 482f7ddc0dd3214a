/* weights_with_hdf5.c: a trained network's file read without Apus. The weights are plain arrays of an HDF5 file, so any
 * program that knows HDF5 can use them: here a few lines of C compute what the network computes.
 *
 *     cc weights_with_hdf5.c $(pkg-config --cflags --libs hdf5) -lapus -lm
 */
#include "apus.h"

#include <hdf5.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { ROWS = 256, HIDDEN = 8 };

static const char *const file_name = "ring.h5";

static void check(apus_context *context, apus_status status, const char *doing)
{
    if (status == APUS_OK) return;
    fprintf(stderr, "%s: %s: %s\n", doing, apus_status_text(status), apus_last_error(context));
    exit(1);
}

/* ---------------------------------------------------------------- With Apus: a network learns where a ring lies. */

static void train(apus_context *context, float points[ROWS][2], float predicted[ROWS])
{
    static float inside[ROWS];
    apus_array x = APUS_ARRAY_2D(APUS_FLOAT32, points, ROWS, 2), y = APUS_ARRAY_2D(APUS_FLOAT32, inside, ROWS, 1);
    apus_array out = APUS_ARRAY_2D(APUS_FLOAT32, predicted, ROWS, 1);
    apus_network *network = NULL;
    apus_model *model = NULL;
    apus_trainer *trainer = NULL;
    apus_dataset *data = NULL;
    apus_fit_options options = APUS_FIT_OPTIONS_INIT;

    check(context, apus_set_seed(context, 1), "seed");
    check(context, apus_random_uniform(context, -1.0, 1.0, &x), "random points");
    for (int i = 0; i < ROWS; i++) {
        const float radius = points[i][0] * points[i][0] + points[i][1] * points[i][1];
        inside[i] = radius > 0.2f && radius < 0.8f;
    }
    check(context, apus_network_create(context, "name=ring", &network), "network");
    check(context, apus_network_add(context, network, "Input", "shape=[2]", NULL, 0, NULL), "Input");
    check(context, apus_network_add(context, network, "Dense", "name=hidden units=8 activation=tanh", NULL, 0, NULL),
          "hidden");
    check(context, apus_network_add(context, network, "Dense", "name=output units=1 activation=sigmoid", NULL, 0, NULL),
          "output");
    check(context, apus_network_build(context, network, NULL, 0, &model), "build");
    check(context,
          apus_trainer_create(context, model,
                              "{\"loss\": \"binary_crossentropy\","
                              " \"optimizer\": {\"class_name\": \"Adam\", \"config\": {\"learning_rate\": 0.05}}}",
                              &trainer),
          "trainer");
    check(context, apus_dataset_create(context, &x, 1, &y, 1, NULL, &data), "data");
    options.epochs = 200;
    check(context, apus_trainer_fit(context, trainer, data, NULL, &options), "fit");
    check(context, apus_predict(context, model, APUS_PREDICT, &x, &out), "predict");
    /* Compressed, and with checksums, to show that this changes nothing for who reads it. */
    check(context, apus_model_save(context, model, file_name, "deflate=6 fletcher32=true"), "save");

    int right = 0;
    for (int i = 0; i < ROWS; i++) right += (predicted[i] > 0.5f) == (inside[i] > 0.5f);
    printf("With Apus: %d of %d points are on the side that the network says.\n", right, (int)ROWS);
    apus_dataset_free(data);
    apus_trainer_free(trainer);
    apus_network_free(network);
    apus_model_free(model);
}

/* ---------------------------------------------------------------- With libhdf5 alone */

/* An array of the file, which must have `count` numbers. A weight is at /model_weights/<layer>/<layer>/<name>:0. */
static void read_array(hid_t file, const char *path, float *out, hssize_t count)
{
    const hid_t dataset = H5Dopen2(file, path, H5P_DEFAULT);
    const hid_t space = dataset < 0 ? -1 : H5Dget_space(dataset);
    if (space < 0 || H5Sget_simple_extent_npoints(space) != count
        || H5Dread(dataset, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, out) < 0) {
        fprintf(stderr, "%s is not what it should be.\n", path);
        exit(1);
    }
    printf("    %-42s %3d numbers\n", path, (int)count);
    H5Sclose(space);
    H5Dclose(dataset);
}

/* The largest difference from what the network itself said. */
static double recompute(float points[ROWS][2], const float predicted[ROWS])
{
    static float kernel[2][HIDDEN], bias[HIDDEN], output[HIDDEN], last;
    const hid_t file = H5Fopen(file_name, H5F_ACC_RDONLY, H5P_DEFAULT);
    double worst = 0;
    if (file < 0) exit(1);
    printf("With libhdf5 alone:\n");
    read_array(file, "/model_weights/hidden/hidden/kernel:0", &kernel[0][0], 2 * HIDDEN);
    read_array(file, "/model_weights/hidden/hidden/bias:0", bias, HIDDEN);
    read_array(file, "/model_weights/output/output/kernel:0", output, HIDDEN);
    read_array(file, "/model_weights/output/output/bias:0", &last, 1);
    H5Fclose(file);
    for (int i = 0; i < ROWS; i++) {
        double sum = last;
        for (int unit = 0; unit < HIDDEN; unit++)
            sum += output[unit] * tanh(points[i][0] * kernel[0][unit] + points[i][1] * kernel[1][unit] + bias[unit]);
        const double difference = fabs(1 / (1 + exp(-sum)) - predicted[i]);
        if (difference > worst) worst = difference;
    }
    return worst;
}

int main(void)
{
    static float points[ROWS][2], predicted[ROWS];
    apus_context *context = NULL;
    check(NULL, apus_context_create(NULL, &context), "context");
    train(context, points, predicted);
    apus_context_free(context);

    const double worst = recompute(points, predicted);
    printf("Computed from them, the largest difference from the network's own output is %.1e.\n", worst);
    remove(file_name);
    return worst < 1e-5 ? 0 : 1;
}
