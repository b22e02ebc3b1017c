#include "peer.h"
#include "_cgo_export.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void check(const void *error, const char *what)
{
    if (error) {
        fprintf(stderr, "wasmtime: %s\n", what);
        exit(1);
    }
}

static wasm_trap_t *log_of_peer(void *data, wasmtime_caller_t *caller, const wasmtime_val_t *args,
                                size_t arg_count, wasmtime_val_t *results, size_t result_count)
{
    (void)caller, (void)arg_count, (void)result_count;
    results[0].kind = 0;
    results[0].of.i32 = logOfPeer((uintptr_t)data, args[0].of.i32);
    return NULL;
}

static wasmtime_func_t exported(const peer *of, const char *name)
{
    wasmtime_extern_t item;
    bool found = wasmtime_instance_export_get(of->context, &of->instance, name, strlen(name), &item);
    check(found ? NULL : name, "an export is missing");
    return item.of.func;
}

peer *peer_new(const char *text, bool pooled, uintptr_t log)
{
    peer *made = calloc(1, sizeof *made);
    wasm_config_t *config = wasm_config_new();
    if (pooled)
        wasmtime_pooling_allocation_strategy_set(config, wasmtime_pooling_allocation_config_new());
    made->engine = wasm_engine_new_with_config(config);
    wasm_bytes bytes;
    check(wasmtime_wat2wasm(text, strlen(text), &bytes), "the text");
    wasmtime_module_t *module;
    check(wasmtime_module_new(made->engine, bytes.data, bytes.size, &module), "the module");
    wasm_valtype_t *types[] = {wasm_valtype_new(0), wasm_valtype_new(0)};
    wasm_types params, results;
    wasm_valtype_vec_new(&params, 1, &types[0]);
    wasm_valtype_vec_new(&results, 1, &types[1]);
    wasm_functype_t *type = wasm_functype_new(&params, &results);
    wasmtime_linker_t *linker = wasmtime_linker_new(made->engine);
    check(wasmtime_linker_define_func(linker, "host", 4, "log", 3, type, log_of_peer, (void *)log,
                                     NULL),
          "the function");
    check(wasmtime_linker_instantiate_pre(linker, module, &made->pre), "the imports");
    made->context = wasmtime_store_context(wasmtime_store_new(made->engine, NULL, NULL));
    wasm_trap_t *trap = NULL;
    check(wasmtime_instance_pre_instantiate(made->pre, made->context, &made->instance, &trap),
          "an instance");
    made->add = exported(made, "add");
    made->logs = exported(made, "logs");
    return made;
}

void peer_instance(const peer *of)
{
    wasmtime_store_t *store = wasmtime_store_new(of->engine, NULL, NULL);
    wasmtime_instance_t made;
    wasm_trap_t *trap = NULL;
    check(wasmtime_instance_pre_instantiate(of->pre, wasmtime_store_context(store), &made, &trap),
          "an instance");
    wasmtime_store_delete(store);
}
