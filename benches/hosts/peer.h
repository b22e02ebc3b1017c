/* wasmtime's side of the hosts here. */
#ifndef HOSTS_PEER_H
#define HOSTS_PEER_H

#include "wasmtime.h"

/* An engine, with or without its pool, and what it runs. */
typedef struct peer {
    wasm_engine_t *engine;
    wasmtime_instance_pre_t *pre;
    wasmtime_context_t *context;
    wasmtime_instance_t instance;
    wasmtime_func_t add, logs;
} peer;

/* What the module imports: one of the two functions, and its data. */
typedef struct peer_log {
    wasmtime_function typed;
    wasmtime_raw_function raw;
    void *data;
} peer_log;

/* Of a module's text; ends the process if it cannot. */
peer *peer_new(const char *text, bool pooled, peer_log log);

/* An exported function. */
wasmtime_func_t peer_function(const peer *of, const char *name);

/* Makes a store and an instance, and drops them. */
void peer_instance(const peer *of);

#endif
