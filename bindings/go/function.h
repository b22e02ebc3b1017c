/* Calls of the library that may lead to functions of Go's, which tell of a failure
 * to the call that led to them: calls of several threads may share functions. */
#ifndef PRECAST_GO_FUNCTION_H
#define PRECAST_GO_FUNCTION_H

#include <precast.h>

typedef struct precast_go_outcome {
    precast_error *error;
    uintptr_t failure; /* a handle of a Go error, or 0 */
} precast_go_outcome;

precast_go_outcome precast_go_instantiate(const precast_artifact *artifact,
                                          const precast_limits *limits, precast_wasi *wasi,
                                          const precast_import *imports, size_t count,
                                          precast_instance **instance);
precast_go_outcome precast_go_take(const precast_pool *pool, precast_wasi *wasi,
                                   precast_instance **instance);
precast_go_outcome precast_go_call(precast_instance *instance, size_t function,
                                   precast_value *values, size_t params, size_t results);
precast_go_outcome precast_go_run(precast_instance *instance, int *exit_code);

/* What the library calls for every function of the host. */
precast_error *precast_go_function(void *data, precast_caller *caller,
                                   const precast_value *args, precast_value *results);

#endif
