/* What the library calls for every function of the host. */
#include "_cgo_export.h"

precast_error *precast_go_function(void *data, precast_caller *caller,
                                   const precast_value *args, precast_value *results)
{
    return precastGoFunction(data, caller, (precast_value *)args, results);
}
