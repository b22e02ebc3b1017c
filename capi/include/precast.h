/*
 * libprecast: runs WebAssembly modules in a C program: such as are linked into
 * it, and artifacts that it opens.
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

/* The version of this interface. A program checks that precast_abi_version()
 * is the same when the library may be another than it was compiled with. */
#define PRECAST_ABI_VERSION 1
uint32_t precast_abi_version(void);

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
/* An artifact that is open. */
typedef struct precast_artifact precast_artifact;
/* How much an instance may use. */
typedef struct precast_limits precast_limits;
/* Instances that are used again. */
typedef struct precast_pool precast_pool;
/* A handle that stops an instance. */
typedef struct precast_interrupt precast_interrupt;
/* What a module writes, kept in memory. */
typedef struct precast_capture precast_capture;

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

/* The number of a trap, as the artifact format has it; -1 for other errors.
 * 1 is a stack overflow, 11 that the instance was stopped. */
int precast_error_trap(const precast_error *error);

/* Which limit was reached, a precast_limit_kind; zero if none was. */
int precast_error_limit(const precast_error *error);

/* A function that was running when a module trapped, or called the function of
 * the program that failed. */
typedef struct precast_frame {
    const char *module; /* NULL if it has no name */
    const char *name;   /* NULL if it is not known */
    uint32_t function;  /* index in the module */
    int64_t offset;     /* in the module, in bytes; -1 if not known */
} precast_frame;

/* Tells of a frame, the innermost of which is 0. Returns 0 if there are not so
 * many. Texts live as long as the error. */
int precast_error_frame(const precast_error *error, size_t index, precast_frame *frame);

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

/* Bytes for standard input, which are copied; then it ends. */
precast_error *precast_wasi_stdin(precast_wasi *wasi, const uint8_t *bytes, size_t size);

/* What is written to standard output or error, until it is read. A capture may
 * serve both, and several instances, and outlive them. */
precast_capture *precast_capture_new(void);

/* Frees the program's part of it. NULL is fine. */
void precast_capture_delete(precast_capture *capture);

/* Takes up to `size` bytes out of a capture, and returns how many there were.
 * With a NULL buffer: returns how many there are, and leaves them. */
size_t precast_capture_read(const precast_capture *capture, uint8_t *buffer, size_t size);

/* Keeps standard output (1) or standard error (2) in memory. */
precast_error *precast_wasi_capture(precast_wasi *wasi, int stream, precast_capture *capture);

/* ---- Artifacts --------------------------------------------------------- */

/* Opens an artifact. It is native code: unless `trusted`, it is refused if
 * anybody but this user and root could have written or replaced the file. */
precast_error *precast_artifact_open(const char *path, int trusted, precast_artifact **artifact);

/* Opens an artifact that the owner of one of the keys has signed: the signature
 * of app.cwasm is in app.cwasm.sig, as `precast sign` writes it. `keys` are Ed25519
 * public keys of 32 bytes each. What is checked is a copy, and so is what runs. */
precast_error *precast_artifact_open_signed(const char *path, const uint8_t *keys,
                                            size_t key_count, precast_artifact **artifact);

/* Opens an artifact in memory, which the program trusts. The bytes are copied. */
precast_error *precast_artifact_from_bytes(const uint8_t *bytes, size_t size,
                                           precast_artifact **artifact);

/* Frees the program's part of it; instances keep what they need. NULL is fine. */
void precast_artifact_delete(precast_artifact *artifact);

typedef enum precast_extern_kind {
    PRECAST_EXTERN_FUNCTION = 0,
    PRECAST_EXTERN_TABLE = 1,
    PRECAST_EXTERN_MEMORY = 2,
    PRECAST_EXTERN_GLOBAL = 3,
    PRECAST_EXTERN_TAG = 4
} precast_extern_kind;

/* An import or export. The type of a function has a letter for each parameter,
 * `>`, and a letter for each result: i, I, f, F, v for i32, i64, f32, f64 and
 * v128, r for references, which this interface has no values for. Other types
 * are for people to read. */
typedef struct precast_extern {
    const char *module; /* of an import */
    const char *name;
    int kind; /* a precast_extern_kind */
    const char *type;
} precast_extern;

/* Tell of an import or export, in the module's order from 0. Return 0 if there
 * are not so many. Texts live as long as the artifact. */
int precast_artifact_import(const precast_artifact *artifact, size_t index, precast_extern *info);
int precast_artifact_export(const precast_artifact *artifact, size_t index, precast_extern *info);

/* ---- Limits ------------------------------------------------------------ */

typedef enum precast_limit_kind {
    PRECAST_LIMIT_MEMORY_BYTES = 1,
    PRECAST_LIMIT_TABLE_ELEMENTS = 2,
    PRECAST_LIMIT_INSTANCES = 3,
    PRECAST_LIMIT_MEMORIES = 4,
    PRECAST_LIMIT_TABLES = 5,
    PRECAST_LIMIT_GLOBALS = 6,
    PRECAST_LIMIT_STACK_BYTES = 7,
    PRECAST_LIMIT_NESTED_CALLS = 8,
    PRECAST_LIMIT_EXCEPTION_BYTES = 9,
    PRECAST_LIMIT_SUSPENDED_CALLS = 10,
    PRECAST_LIMIT_OUTPUT_BYTES = 11,
    PRECAST_LIMIT_DESCRIPTORS = 12,
    PRECAST_LIMIT_LISTING_BYTES = 13,
    PRECAST_LIMIT_TIME = 14, /* of each call, and of making the instance: in nanoseconds */
    PRECAST_LIMIT_ADDRESS_SPACE = 15, /* bytes that memories reserve */
    PRECAST_LIMIT_TYPES = 16,
    PRECAST_LIMIT_FUEL = 17 /* of all calls, for what was compiled with --fuel */
} precast_limit_kind;

/* The limits of an instance that are set otherwise than by default. */
precast_limits *precast_limits_new(void);

/* Frees them; instances have their own copy. NULL is fine. */
void precast_limits_delete(precast_limits *limits);

/* Sets a limit. */
precast_error *precast_limits_set(precast_limits *limits, int kind, uint64_t value);

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

/* The same, of an artifact. `limits` may be NULL. */
precast_error *precast_artifact_instantiate(const precast_artifact *artifact,
                                            const precast_limits *limits, precast_wasi *wasi,
                                            const precast_import *imports, size_t import_count,
                                            precast_instance **instance);

/* ---- Pools ------------------------------------------------------------- */

/* Instances with the same imports and limits, which are linked once. At most
 * `most_idle` that were deleted are kept, and used again: each is as a new one.
 * With `wasi`, imports that are not given come from WASI. `limits` may be NULL.
 * The data of functions must live as long as the pool and its instances. */
precast_error *precast_pool_new(const precast_artifact *artifact, const precast_limits *limits,
                                int wasi, const precast_import *imports, size_t import_count,
                                size_t most_idle, precast_pool **pool);

/* Frees the program's part of a pool; its instances live on. NULL is fine. */
void precast_pool_delete(precast_pool *pool);

/* An instance of the pool, which deleting puts back. `wasi` is taken, and freed,
 * whatever comes of it; NULL for a pool without. Several threads may use a pool
 * at once. */
precast_error *precast_pool_take(const precast_pool *pool, precast_wasi *wasi,
                                 precast_instance **instance);

/* ---- Using instances --------------------------------------------------- */

/* Frees an instance; one that is in a call, once that returns. It must not be
 * used any more, other than by the call. NULL is fine. */
void precast_instance_delete(precast_instance *instance);

/* Calls an exported function. There must be as many `args` and `results` as
 * its type has; both may be the same array. */
precast_error *precast_call(precast_instance *instance, const char *export_name,
                            const precast_value *args, size_t arg_count, precast_value *results,
                            size_t result_count);

/* Gives the number of an exported function, which is good for this instance as long
 * as it lives: for functions that are called often. */
precast_error *precast_function_find(precast_instance *instance, const char *export_name,
                                     size_t *function);

/* As precast_call, but the thread's alternate signal stack, where a stack overflow is
 * found out, is looked at in its first call only: a program that replaces or disables
 * it makes its next call by precast_call. */
precast_error *precast_function_call(precast_instance *instance, size_t function,
                                     const precast_value *args, size_t arg_count,
                                     precast_value *results, size_t result_count);

/* Runs a WASI program to its end (`_start`), or initialises a WASI library
 * (`_initialize`). That it ended with an exit code is no error. */
precast_error *precast_run(precast_instance *instance, int *exit_code);

/* The bytes of an exported memory, or NULL if there is none. The address stays
 * the same as long as the instance lives; calls may make it longer. */
uint8_t *precast_memory(precast_instance *instance, const char *export_name, size_t *size);

/* As precast_memory, for the instance that calls a function of the program. */
uint8_t *precast_caller_memory(precast_caller *caller, const char *export_name, size_t *size);

/* The limit that the instance last reached without an error, because the module
 * was told instead (memory.grow gives -1); zero if there is none. */
int precast_limit_reached(precast_instance *instance);

/* ---- Fuel -------------------------------------------------------------- */

/* Gives the instance this much fuel, in place of what is left: a unit for each
 * instruction that it executes, the same on every machine. An error for a module
 * that was compiled without --fuel. */
precast_error *precast_fuel_set(precast_instance *instance, uint64_t units);

/* Tells what is left. Returns 0 if fuel is not limited. */
int precast_fuel_left(precast_instance *instance, uint64_t *units);

/* ---- Stopping ---------------------------------------------------------- */

/* A handle with which any thread can stop the instance, also in the middle of
 * a loop that calls nothing. It may outlive the instance. */
precast_error *precast_interrupt_new(precast_instance *instance, precast_interrupt **interrupt);

/* Frees a handle. NULL is fine. */
void precast_interrupt_delete(precast_interrupt *interrupt);

/* Ends the call that is in the instance, with a trap, and all later ones. A
 * function of the program is not interrupted: the module ends when it returns. */
void precast_interrupt_now(const precast_interrupt *interrupt);

/* Lets the instance be called again. It is as the module left it. */
precast_error *precast_interrupt_clear(precast_instance *instance);

/* ---- The process ------------------------------------------------------- */

/* Has the kernel refuse memory that is writable and executable, and anything
 * that becomes executable, for the rest of the process (Linux 6.3). Returns
 * whether it will. */
int precast_deny_write_execute(void);

#ifdef __cplusplus
}
#endif

#endif
