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

/* Of a module's text, and of a handle of Go's of what the module imports; ends the
 * process if it cannot. */
peer *peer_new(const char *text, bool pooled, uintptr_t log);

/* Makes a store and an instance, and drops them. */
void peer_instance(const peer *of);

#endif
