/* array_arithmetic.c: a week of weather as arrays: units, anomalies, feels-like temperatures, a table joined and sliced,
 * without a loop over the numbers. Each result is checked against the plain formula. */
#include "apus.h"

#include <math.h>
#include <stdio.h>

enum { STATIONS = 3, DAYS = 7 };

static const double celsius[STATIONS][DAYS] = {
    { 4.1, 5.3, 2.8, -0.4, -1.9, 0.7, 3.2 },
    { 12.5, 13.1, 11.9, 9.4, 8.8, 10.2, 12.0 },
    { 27.3, 28.8, 30.1, 31.4, 29.9, 28.0, 26.6 },
};
static const double normal[STATIONS] = { 3.0, 11.0, 28.0 }; /* of each station */
static const double wind[DAYS] = { 12, 20, 35, 41, 28, 15, 9 }; /* km/h, of each day */

static apus_context *context;
static int failed;

static void run(apus_status status)
{
    if (!status) return;
    fprintf(stderr, "%s: %s\n", apus_status_text(status), apus_last_error(context));
    failed = 1;
}

static void expect(double found, double wanted)
{
    if (!(fabs(found - wanted) <= 1e-12 * (1 + fabs(wanted)))) {
        fprintf(stderr, "expected %.15g, got %.15g\n", wanted, found);
        failed = 1;
    }
}

static void print(const char *title, double values[STATIONS][DAYS])
{
    printf("%s\n", title);
    for (int s = 0; s < STATIONS; s++) {
        for (int d = 0; d < DAYS; d++) printf("%7.1f", values[s][d]);
        printf("\n");
    }
}

int main(void)
{
    double fahrenheit[STATIONS][DAYS], anomaly[STATIONS][DAYS], factor[DAYS], chill[STATIONS][DAYS], felt[STATIONS][DAYS];
    unsigned char cold[STATIONS][DAYS];
    double weekend[STATIONS][2];
    apus_array c = APUS_ARRAY_2D(APUS_FLOAT64, (void *)celsius, STATIONS, DAYS);
    apus_array f = APUS_ARRAY_2D(APUS_FLOAT64, fahrenheit, STATIONS, DAYS);
    apus_array a = APUS_ARRAY_2D(APUS_FLOAT64, anomaly, STATIONS, DAYS);
    apus_array n = APUS_ARRAY_2D(APUS_FLOAT64, (void *)normal, STATIONS, 1); /* a column */
    apus_array w = APUS_ARRAY_1D(APUS_FLOAT64, (void *)wind, DAYS);          /* a row */
    apus_array v = APUS_ARRAY_1D(APUS_FLOAT64, factor, DAYS);
    apus_array h = APUS_ARRAY_2D(APUS_FLOAT64, chill, STATIONS, DAYS);
    apus_array is_cold = APUS_ARRAY_2D(APUS_BOOL, cold, STATIONS, DAYS);
    apus_array feels = APUS_ARRAY_2D(APUS_FLOAT64, felt, STATIONS, DAYS);
    apus_array last = APUS_ARRAY_INIT, reversed = APUS_ARRAY_INIT;
    apus_array two = APUS_ARRAY_2D(APUS_FLOAT64, weekend, STATIONS, 2);

    run(apus_context_create(NULL, &context));
    if (failed) return 1;

    /* A number with every element, then in place. */
    run(apus_elementwise_scalar(context, "multiply", &c, 1.8, &f));
    run(apus_elementwise_scalar(context, "add", &f, 32, &f));
    print("degrees Fahrenheit", fahrenheit);
    expect(fahrenheit[0][3], -0.4 * 1.8 + 32);

    /* The column of normals stretches over the days. */
    run(apus_elementwise(context, "subtract", &c, &n, &a));
    print("above normal", anomaly);
    expect(anomaly[2][3], 31.4 - 28);

    /* Wind chill, 13.12 + 0.6215 t + (0.3965 t - 11.37) wind^0.16, the row of winds stretching over the stations. */
    run(apus_elementwise_scalar(context, "power", &w, 0.16, &v));
    run(apus_elementwise_scalar(context, "multiply", &c, 0.3965, &h));
    run(apus_elementwise_scalar(context, "subtract", &h, 11.37, &h));
    run(apus_elementwise(context, "multiply", &h, &v, &h));
    run(apus_elementwise_scalar(context, "multiply", &c, 0.6215, &feels));
    run(apus_elementwise(context, "add", &h, &feels, &h));
    run(apus_elementwise_scalar(context, "add", &h, 13.12, &h));
    /* It is defined up to 10 degrees; above, the temperature itself. */
    run(apus_elementwise_scalar(context, "less_equal", &c, 10, &is_cold));
    run(apus_where(context, &is_cold, &h, &c, &feels));
    print("feels like", felt);
    expect(felt[0][3], 13.12 + 0.6215 * -0.4 + (0.3965 * -0.4 - 11.37) * pow(41, 0.16));
    expect(felt[2][0], 27.3);

    /* The last two days, latest first, without a copy; then a copy of them. */
    run(apus_view_slice(context, &feels, 1, -2, INT64_MAX, 1, &last));
    run(apus_view_slice(context, &last, 1, INT64_MAX, INT64_MIN, -1, &reversed));
    run(apus_copy(context, &reversed, &two));
    printf("Sunday and Saturday\n");
    for (int s = 0; s < STATIONS; s++) printf("%7.1f%7.1f\n", weekend[s][0], weekend[s][1]);
    expect(weekend[1][0], felt[1][6]);
    expect(weekend[1][1], felt[1][5]);

    apus_context_free(context);
    return failed;
}
