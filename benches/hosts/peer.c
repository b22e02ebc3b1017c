#include "peer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void done(const void *error, const char *what)
{
    if (error) {
        fprintf(stderr, "wasmtime: %s\n", what);
        exit(1);
    }
}

wasmtime_func_t peer_function(const peer *of, const char *name)
{
    wasmtime_extern_t item;
    bool found = wasmtime_instance_export_get(of->context, &of->instance, name, strlen(name), &item);
    done(found ? NULL : name, "an export is missing");
    return item.of.func;
}

static void define(wasmtime_linker_t *linker, peer_log log)
{
    wasm_valtype_t *types[] = {wasm_valtype_new(0), wasm_valtype_new(0)};
    wasm_types params, results;
    wasm_valtype_vec_new(&params, 1, &types[0]);
    wasm_valtype_vec_new(&results, 1, &types[1]);
    wasm_functype_t *type = wasm_functype_new(&params, &results);
    done(log.raw ? wasmtime_linker_define_func_unchecked(linker, "host", 4, "log", 3, type, log.raw,
                                                         log.data, NULL)
                 : wasmtime_linker_define_func(linker, "host", 4, "log", 3, type, log.typed,
                                               log.data, NULL),
         "the function");
}

peer *peer_new(const char *text, bool pooled, peer_log log)
{
    peer *made = calloc(1, sizeof *made);
    wasm_config_t *config = wasm_config_new();
    if (pooled)
        wasmtime_pooling_allocation_strategy_set(config, wasmtime_pooling_allocation_config_new());
    made->engine = wasm_engine_new_with_config(config);
    wasm_bytes bytes;
    done(wasmtime_wat2wasm(text, strlen(text), &bytes), "the text");
    wasmtime_module_t *module;
    done(wasmtime_module_new(made->engine, bytes.data, bytes.size, &module), "the module");
    wasmtime_linker_t *linker = wasmtime_linker_new(made->engine);
    define(linker, log);
    done(wasmtime_linker_instantiate_pre(linker, module, &made->pre), "the imports");
    made->context = wasmtime_store_context(wasmtime_store_new(made->engine, NULL, NULL));
    wasm_trap_t *trap = NULL;
    done(wasmtime_instance_pre_instantiate(made->pre, made->context, &made->instance, &trap),
         "an instance");
    made->add = peer_function(made, "add");
    made->logs = peer_function(made, "logs");
    return made;
}

void peer_instance(const peer *of)
{
    wasmtime_store_t *store = wasmtime_store_new(of->engine, NULL, NULL);
    wasmtime_instance_t made;
    wasm_trap_t *trap = NULL;
    done(wasmtime_instance_pre_instantiate(of->pre, wasmtime_store_context(store), &made, &trap),
         "an instance");
    wasmtime_store_delete(store);
}
