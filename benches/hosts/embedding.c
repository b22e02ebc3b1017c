/* Precast beside wasmtime as C libraries, in one process: nanoseconds each.
 *
 *     cargo build --release -p precast-capi -p precast-cli
 *     pip download --no-deps wasmtime==50.0.1 && unzip wasmtime-50*.whl -d peer
 *     target/release/precast compile --cpu native benches/hosts/plugin.wat -o plugin.cwasm
 *     cc -O2 benches/hosts/embedding.c benches/hosts/peer.c -Icapi/include -Ltarget/release -lprecast \
 *         peer/wasmtime/linux-x86_64/_libwasmtime.so -o embedding
 *     LD_LIBRARY_PATH=target/release:peer/wasmtime/linux-x86_64 \
 *         ./embedding plugin.cwasm benches/hosts/plugin.wat
 *
 * The two take turns; each figure is the least of the rounds, and beside it the median. */
#define _POSIX_C_SOURCE 200809L

#include "peer.h"
#include "precast.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { ROUNDS = 15, CALLS = 100000, LOGS = 100000, INSTANCES = 2000 };

static void fail(const char *what)
{
    fprintf(stderr, "embedding: %s\n", what);
    exit(1);
}

/* Of either library: a pointer that is not null is an error. */
static void check(const void *error, const char *what)
{
    if (error)
        fail(what);
}

static int64_t now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000000LL + time.tv_nsec;
}

/* ---- Precast ------------------------------------------------------------ */

static precast_artifact *artifact;
static precast_pool *pool;
static precast_instance *instance;
static size_t add_function;

static precast_error *log_of_precast(void *data, precast_caller *caller,
                                     const precast_value *args, precast_value *results)
{
    (void)data, (void)caller;
    results[0].i32 = args[0].i32;
    return NULL;
}

static const precast_import imports[] = {{"host", "log", log_of_precast, NULL}};

static void open_precast(const char *path)
{
    check(precast_artifact_open(path, 1, &artifact), "the artifact");
    check(precast_pool_new(artifact, NULL, 0, imports, 1, 8, &pool), "the pool");
    check(precast_artifact_instantiate(artifact, NULL, NULL, imports, 1, &instance), "an instance");
    check(precast_function_find(instance, "add", &add_function), "`add`");
}

static void precast_calls(void)
{
    precast_value values[2], sum = {.i32 = 0};
    for (int at = 0; at < CALLS; at++) {
        values[0] = sum, values[1].i32 = 1;
        check(precast_function_call(instance, add_function, values, 2, &sum, 1), "a call");
    }
    if (sum.i32 != CALLS)
        fail("another sum");
}

static void precast_named_calls(void)
{
    precast_value values[2], sum = {.i32 = 0};
    for (int at = 0; at < CALLS; at++) {
        values[0] = sum, values[1].i32 = 1;
        check(precast_call(instance, "add", values, 2, &sum, 1), "a call");
    }
    if (sum.i32 != CALLS)
        fail("another sum");
}

static void precast_logs(void)
{
    precast_value value = {.i32 = LOGS};
    check(precast_call(instance, "logs", &value, 1, &value, 1), "calls of the host");
}

static void precast_instances(void)
{
    for (int at = 0; at < INSTANCES; at++) {
        precast_instance *made;
        check(precast_artifact_instantiate(artifact, NULL, NULL, imports, 1, &made), "an instance");
        precast_instance_delete(made);
    }
}

static void precast_pooled(void)
{
    for (int at = 0; at < INSTANCES; at++) {
        precast_instance *made;
        check(precast_pool_take(pool, NULL, &made), "an instance of the pool");
        precast_instance_delete(made);
    }
}

/* ---- wasmtime ----------------------------------------------------------- */

static peer *plain, *pooling, *raw;

static wasm_trap_t *log_of_peer(void *data, wasmtime_caller_t *caller, const wasmtime_val_t *args,
                                size_t arg_count, wasmtime_val_t *results, size_t result_count)
{
    (void)data, (void)caller, (void)arg_count, (void)result_count;
    results[0].kind = 0;
    results[0].of.i32 = args[0].of.i32;
    return NULL;
}

static wasm_trap_t *raw_log_of_peer(void *data, wasmtime_caller_t *caller,
                                    wasmtime_val_raw_t *values, size_t count)
{
    (void)data, (void)caller, (void)values, (void)count;
    return NULL; /* the result is where the argument was */
}

static void peer_calls(void)
{
    wasmtime_val_t values[2] = {{.kind = 0}, {.kind = 0}}, sum = {.kind = 0, .of.i32 = 0};
    wasm_trap_t *trap = NULL;
    for (int at = 0; at < CALLS; at++) {
        values[0] = sum, values[1].of.i32 = 1;
        check(wasmtime_func_call(plain->context, &plain->add, values, 2, &sum, 1, &trap), "a call");
        check(trap, "a trap");
    }
    if (sum.of.i32 != CALLS)
        fail("another sum");
}

/* Finds the function by its name each time. */
static void peer_named_calls(void)
{
    wasmtime_val_t values[2] = {{.kind = 0}, {.kind = 0}}, sum = {.kind = 0, .of.i32 = 0};
    wasm_trap_t *trap = NULL;
    for (int at = 0; at < CALLS; at++) {
        values[0] = sum, values[1].of.i32 = 1;
        wasmtime_func_t add = peer_function(plain, "add");
        check(wasmtime_func_call(plain->context, &add, values, 2, &sum, 1, &trap), "a call");
        check(trap, "a trap");
    }
}

static void peer_raw_calls(void)
{
    wasmtime_val_raw_t values[2];
    values[0].i32 = 0;
    wasm_trap_t *trap = NULL;
    for (int at = 0; at < CALLS; at++) {
        values[1].i32 = 1;
        check(wasmtime_func_call_unchecked(raw->context, &raw->add, values, 2, &trap), "a call");
        check(trap, "a trap");
    }
    if (values[0].i32 != CALLS)
        fail("another sum");
}

static void logs_of(peer *of)
{
    wasmtime_val_t value = {.kind = 0, .of.i32 = LOGS}, sum;
    wasm_trap_t *trap = NULL;
    check(wasmtime_func_call(of->context, &of->logs, &value, 1, &sum, 1, &trap), "calls of the host");
}

static void peer_logs(void)
{
    logs_of(plain);
}

static void peer_raw_logs(void)
{
    logs_of(raw);
}

static void instances_of(const peer *of)
{
    for (int at = 0; at < INSTANCES; at++)
        peer_instance(of);
}

static void peer_instances(void)
{
    instances_of(plain);
}

static void peer_pooled(void)
{
    instances_of(pooling);
}

/* ---- The table ---------------------------------------------------------- */

static int by_size(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

static void compare(const char *what, int count, void (*ours)(void), void (*theirs)(void))
{
    double times[2][ROUNDS];
    for (int round = 0; round < ROUNDS; round++) {
        int64_t start = now();
        ours();
        int64_t middle = now();
        theirs();
        times[0][round] = (double)(middle - start) / count;
        times[1][round] = (double)(now() - middle) / count;
    }
    for (int side = 0; side < 2; side++)
        qsort(times[side], ROUNDS, sizeof times[side][0], by_size);
    printf("| %s | %.1f ns (%.1f) | %.1f ns (%.1f) | **%.2f** |\n", what, times[0][0],
           times[0][ROUNDS / 2], times[1][0], times[1][ROUNDS / 2], times[0][0] / times[1][0]);
}

static char *contents(const char *path)
{
    static char text[65536];
    FILE *file = fopen(path, "r");
    if (!file)
        fail(path);
    text[fread(text, 1, sizeof text - 1, file)] = 0;
    fclose(file);
    return text;
}

int main(int argc, char **argv)
{
    if (argc != 3)
        fail("give plugin.cwasm and plugin.wat");
    open_precast(argv[1]);
    const char *text = contents(argv[2]);
    peer_log typed = {.typed = log_of_peer}, untyped = {.raw = raw_log_of_peer};
    plain = peer_new(text, false, typed);
    pooling = peer_new(text, true, typed);
    raw = peer_new(text, false, untyped);
    printf("| what | Precast | wasmtime | ratio |\n|-|-|-|-|\n");
    compare("a call", CALLS, precast_calls, peer_calls);
    compare("a call, beside one without types", CALLS, precast_calls, peer_raw_calls);
    compare("a call by name", CALLS, precast_named_calls, peer_named_calls);
    compare("a call of the host", LOGS, precast_logs, peer_logs);
    compare("the same, beside one without types", LOGS, precast_logs, peer_raw_logs);
    compare("store and instance, new", INSTANCES, precast_instances, peer_instances);
    compare("store and instance, pooled", INSTANCES, precast_pooled, peer_pooled);
    return 0;
}
