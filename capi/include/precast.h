/*
 * libprecast: runs WebAssembly modules that are linked into a C program.
 *
 *     precast compile app.wasm --emit obj -o app.o --header app.h
 *     cc main.c app.o libprecast.a -lpthread -ldl -lm -o app
 *
 * The header that belongs to the object declares its image, and a function for
 * each of the module's exports. The module's code is part of the program, as
 * any other: nothing is compiled, loaded or made executable when it runs.
 *
 * Functions that can fail return NULL for success, or an error that the caller
 * frees with precast_error_delete. A trap is an error: it ends the call, and
 * the instance can be called again. The library never ends the process.
 *
 * A null pointer where something is wanted is an error of the kind
 * PRECAST_ERROR_USAGE, or nothing, where a function returns no error.
 *
 * An instance is used by one thread at a time; different instances are
 * independent. The library handles SIGSEGV, SIGBUS, SIGILL and SIGFPE that come
 * from a module's code, and passes all others on to the handlers that were
 * there before.
 *
 * A library that an image is linked into must not be unloaded (dlclose) once
 * an instance was made of it.
 */
#ifndef PRECAST_H
#define PRECAST_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A module that is linked into the program. */
typedef struct precast_image precast_image;
/* An instance of a module, with everything that belongs to it. */
typedef struct precast_instance precast_instance;
/* What a WASI program is granted. */
typedef struct precast_wasi precast_wasi;
/* The instance that calls a function of the program. */
typedef struct precast_caller precast_caller;
/* Why something failed. */
typedef struct precast_error precast_error;

/* A 128-bit vector, lane 0 first. */
typedef struct precast_v128 {
    uint8_t bytes[16];
} precast_v128;

/* A WebAssembly value; the function's type says which field counts. */
typedef union precast_value {
    int32_t i32;
    int64_t i64;
    float f32;
    double f64;
    precast_v128 v128;
} precast_value;

/* ---- Errors ------------------------------------------------------------ */

typedef enum precast_error_kind {
    PRECAST_ERROR_OTHER = 0,     /* the system refused something, or a bug */
    PRECAST_ERROR_IMAGE = 1,     /* made for another version, or for another CPU */
    PRECAST_ERROR_LINK = 2,      /* imports that nothing provides */
    PRECAST_ERROR_TRAP = 3,      /* the module trapped */
    PRECAST_ERROR_EXCEPTION = 4, /* an exception that the module did not catch */
    PRECAST_ERROR_EXIT = 5,      /* the module asked to end: see the exit code */
    PRECAST_ERROR_HOST = 6,      /* a function of the program returned an error */
    PRECAST_ERROR_LIMIT = 7,     /* a limit was reached, or memory is short */
    PRECAST_ERROR_USAGE = 8      /* wrong arguments */
} precast_error_kind;

/* What kind of error it is. */
precast_error_kind precast_error_get_kind(const precast_error *error);

/* What happened, for a person; of traps also where. Lives as long as the error. */
const char *precast_error_message(const precast_error *error);

/* The exit code of PRECAST_ERROR_EXIT, otherwise zero. */
int precast_error_exit_code(const precast_error *error);

/* An error for a function of the program to return. The message is copied. */
precast_error *precast_error_new(const char *message);

/* Frees an error. NULL is fine. */
void precast_error_delete(precast_error *error);

/* ---- WASI -------------------------------------------------------------- */

/* Nothing is granted: no arguments, no variables, no files, empty input,
 * discarded output. Texts must be UTF-8. */
precast_wasi *precast_wasi_new(void);

/* Frees it, if no instance has taken it. NULL is fine. */
void precast_wasi_delete(precast_wasi *wasi);

/* Appends an argument; the first is the program's name. */
precast_error *precast_wasi_arg(precast_wasi *wasi, const char *arg);

/* Sets an environment variable. */
precast_error *precast_wasi_env(precast_wasi *wasi, const char *name, const char *value);

/* Passes on the standard streams of this process. */
void precast_wasi_inherit_stdio(precast_wasi *wasi);

/* Grants the directory `host`, which the module sees as `guest`. */
precast_error *precast_wasi_dir(precast_wasi *wasi, const char *host, const char *guest,
                                int read_only);

/* ---- Instances --------------------------------------------------------- */

/* A function of the program that a module may import. `args` and `results`
 * have as many values as its type in the module. Returns NULL for success; an
 * error ends the call of the module, and belongs to the library from then on.
 * Must not call the instance that calls it, nor leave by longjmp. */
typedef precast_error *(*precast_function)(void *data, precast_caller *caller,
                                           const precast_value *args, precast_value *results);

/* What a module may import: nothing else is reachable for it. */
typedef struct precast_import {
    const char *module;
    const char *name;
    precast_function function;
    void *data;
} precast_import;

/* Makes an instance. `wasi` is taken, and freed, whatever comes of it; NULL
 * provides no WASI. Imports that are given are preferred to those of WASI. */
precast_error *precast_instantiate(const precast_image *image, precast_wasi *wasi,
                                   const precast_import *imports, size_t import_count,
                                   precast_instance **instance);

/* Frees an instance; one that is in a call, once that returns. It must not be
 * used any more, other than by the call. NULL is fine. */
void precast_instance_delete(precast_instance *instance);

/* Calls an exported function. There must be as many `args` and `results` as
 * its type has; both may be the same array. */
precast_error *precast_call(precast_instance *instance, const char *export_name,
                            const precast_value *args, size_t arg_count, precast_value *results,
                            size_t result_count);

/* Runs a WASI program to its end (`_start`), or initialises a WASI library
 * (`_initialize`). That it ended with an exit code is no error. */
precast_error *precast_run(precast_instance *instance, int *exit_code);

/* The bytes of an exported memory, or NULL if there is none. The address stays
 * the same as long as the instance lives; calls may make it longer. */
uint8_t *precast_memory(precast_instance *instance, const char *export_name, size_t *size);

/* As precast_memory, for the instance that calls a function of the program. */
uint8_t *precast_caller_memory(precast_caller *caller, const char *export_name, size_t *size);

/* ---- The process ------------------------------------------------------- */

/* Has the kernel refuse memory that is writable and executable, and anything
 * that becomes executable, for the rest of the process (Linux 6.3). Returns
 * whether it will. */
int precast_deny_write_execute(void);

#ifdef __cplusplus
}
#endif

#endif
