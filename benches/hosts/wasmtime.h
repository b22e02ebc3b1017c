/* What the hosts here use of wasmtime's C interface, by its documented layout: its
 * package for Python has the library (`wasmtime/linux-x86_64/_libwasmtime.so`), but
 * no headers. Of version 50. */
#ifndef HOSTS_WASMTIME_H
#define HOSTS_WASMTIME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct wasm_engine_t wasm_engine_t;
typedef struct wasm_config_t wasm_config_t;
typedef struct wasm_functype_t wasm_functype_t;
typedef struct wasm_valtype_t wasm_valtype_t;
typedef struct wasm_trap_t wasm_trap_t;
typedef struct wasmtime_error_t wasmtime_error_t;
typedef struct wasmtime_module_t wasmtime_module_t;
typedef struct wasmtime_store_t wasmtime_store_t;
typedef struct wasmtime_context_t wasmtime_context_t;
typedef struct wasmtime_linker_t wasmtime_linker_t;
typedef struct wasmtime_caller_t wasmtime_caller_t;
typedef struct wasmtime_instance_pre_t wasmtime_instance_pre_t;
typedef struct wasmtime_pooling_t wasmtime_pooling_t;

typedef struct wasm_bytes {
    size_t size;
    uint8_t *data;
} wasm_bytes;

typedef struct wasm_types {
    size_t size;
    wasm_valtype_t **data;
} wasm_types;

typedef struct wasmtime_func_t {
    uint64_t store_id;
    void *private_part;
} wasmtime_func_t;

typedef struct wasmtime_instance_t {
    uint64_t store_id;
    size_t private_part;
} wasmtime_instance_t;

typedef struct wasmtime_extern_t {
    uint8_t kind;
    union {
        wasmtime_func_t func;
        uint64_t others[4];
    } of;
} wasmtime_extern_t;

typedef struct wasmtime_val_t {
    uint8_t kind; /* zero: i32 */
    union {
        int32_t i32;
        int64_t i64;
        struct {
            uint64_t id;
            uint32_t parts[2];
            void *last;
        } reference;
        uint8_t v128[16];
    } of;
} wasmtime_val_t;

/* A value without its type. */
typedef union wasmtime_val_raw_t {
    int32_t i32;
    int64_t i64;
    uint8_t v128[16];
} wasmtime_val_raw_t;

typedef wasm_trap_t *(*wasmtime_function)(void *data, wasmtime_caller_t *caller,
                                          const wasmtime_val_t *args, size_t arg_count,
                                          wasmtime_val_t *results, size_t result_count);
typedef wasm_trap_t *(*wasmtime_raw_function)(void *data, wasmtime_caller_t *caller,
                                              wasmtime_val_raw_t *values, size_t count);

wasm_config_t *wasm_config_new(void);
wasm_engine_t *wasm_engine_new(void);
wasm_engine_t *wasm_engine_new_with_config(wasm_config_t *config);
wasmtime_pooling_t *wasmtime_pooling_allocation_config_new(void);
void wasmtime_pooling_allocation_strategy_set(wasm_config_t *config, const wasmtime_pooling_t *pooling);
wasm_valtype_t *wasm_valtype_new(uint8_t kind);
void wasm_valtype_vec_new(wasm_types *out, size_t count, wasm_valtype_t *const types[]);
wasm_functype_t *wasm_functype_new(wasm_types *params, wasm_types *results);
wasmtime_error_t *wasmtime_wat2wasm(const char *text, size_t size, wasm_bytes *module);
wasmtime_error_t *wasmtime_module_new(wasm_engine_t *engine, const uint8_t *bytes, size_t size,
                                      wasmtime_module_t **module);
wasmtime_store_t *wasmtime_store_new(wasm_engine_t *engine, void *data, void (*finalizer)(void *));
wasmtime_context_t *wasmtime_store_context(wasmtime_store_t *store);
void wasmtime_store_delete(wasmtime_store_t *store);
wasmtime_linker_t *wasmtime_linker_new(wasm_engine_t *engine);
wasmtime_error_t *wasmtime_linker_define_func(wasmtime_linker_t *linker, const char *module,
                                              size_t module_size, const char *name,
                                              size_t name_size, const wasm_functype_t *type,
                                              wasmtime_function function, void *data,
                                              void (*finalizer)(void *));
wasmtime_error_t *wasmtime_linker_define_func_unchecked(
    wasmtime_linker_t *linker, const char *module, size_t module_size, const char *name,
    size_t name_size, const wasm_functype_t *type, wasmtime_raw_function function, void *data,
    void (*finalizer)(void *));
wasmtime_error_t *wasmtime_linker_instantiate_pre(const wasmtime_linker_t *linker,
                                                  const wasmtime_module_t *module,
                                                  wasmtime_instance_pre_t **pre);
wasmtime_error_t *wasmtime_instance_pre_instantiate(const wasmtime_instance_pre_t *pre,
                                                    wasmtime_context_t *context,
                                                    wasmtime_instance_t *instance,
                                                    wasm_trap_t **trap);
bool wasmtime_instance_export_get(wasmtime_context_t *context, const wasmtime_instance_t *instance,
                                  const char *name, size_t name_size, wasmtime_extern_t *item);
wasmtime_error_t *wasmtime_func_call(wasmtime_context_t *context, const wasmtime_func_t *func,
                                     const wasmtime_val_t *args, size_t arg_count,
                                     wasmtime_val_t *results, size_t result_count,
                                     wasm_trap_t **trap);
wasmtime_error_t *wasmtime_func_call_unchecked(wasmtime_context_t *context,
                                               const wasmtime_func_t *func,
                                               wasmtime_val_raw_t *values, size_t count,
                                               wasm_trap_t **trap);

#endif
