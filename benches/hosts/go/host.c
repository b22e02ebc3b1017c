#include "host.h"
#include "_cgo_export.h"

/* Go compiles what is in this folder. */
#include "../peer.c"

static wasm_trap_t *log_of_go(void *data, wasmtime_caller_t *caller, const wasmtime_val_t *args,
                              size_t arg_count, wasmtime_val_t *results, size_t result_count)
{
    (void)caller, (void)arg_count, (void)result_count;
    results[0].kind = 0;
    results[0].of.i32 = logOfPeer((uintptr_t)data, args[0].of.i32);
    return NULL;
}

peer *peer_of_go(const char *text, bool pooled, uintptr_t log)
{
    return peer_new(text, pooled, (peer_log){.typed = log_of_go, .data = (void *)log});
}
