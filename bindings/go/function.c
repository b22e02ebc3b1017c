#include "function.h"
#include "_cgo_export.h"

/* Where the innermost call of this thread is told of a failure. A call and the
 * functions of Go's that it leads to are on one thread, wherever goroutines go. */
static _Thread_local uintptr_t *failure_place;

#define OUTCOME(call)                       \
    uintptr_t failure = 0;                  \
    uintptr_t *outer = failure_place;       \
    failure_place = &failure;               \
    precast_error *error = call;            \
    failure_place = outer;                  \
    return (precast_go_outcome){error, failure}

precast_go_outcome precast_go_instantiate(const precast_artifact *artifact,
                                          const precast_limits *limits, precast_wasi *wasi,
                                          const precast_import *imports, size_t count,
                                          precast_instance **instance)
{
    OUTCOME(precast_artifact_instantiate(artifact, limits, wasi, imports, count, instance));
}

precast_go_outcome precast_go_take(const precast_pool *pool, precast_wasi *wasi,
                                   precast_instance **instance)
{
    OUTCOME(precast_pool_take(pool, wasi, instance));
}

precast_go_outcome precast_go_call(precast_instance *instance, size_t function,
                                   precast_value *values, size_t params, size_t results)
{
    OUTCOME(precast_function_call(instance, function, values, params, values, results));
}

precast_go_outcome precast_go_run(precast_instance *instance, int *exit_code)
{
    OUTCOME(precast_run(instance, exit_code));
}

precast_error *precast_go_function(void *data, precast_caller *caller,
                                   const precast_value *args, precast_value *results)
{
    uintptr_t *place = failure_place;
    uintptr_t failure = 0;
    precast_error *error =
        precastGoFunction(data, caller, (precast_value *)args, results, &failure);
    if (place && failure)
        *place = failure;
    return error;
}
