package precast

/*
#include "function.h"
*/
import "C"

import (
	"context"
	"fmt"
	"runtime"
	"strings"
)

// Instance is an instance of a module. One goroutine at a time uses it, on whatever
// thread that is.
type Instance struct {
	artifact  *Artifact
	functions *functions
	pointer   *C.precast_instance
	interrupt *C.precast_interrupt
	found     map[string]exported
}

// exported is an exported function: its number in the instance, and its type.
type exported struct {
	number  C.size_t
	params  string
	results string
}

// Instantiate makes an instance. What is not among the imports comes from WASI, if
// that is not nil; nothing else is reachable for the module.
func (a *Artifact) Instantiate(imports Imports, limits Limits, wasi *Wasi) (*Instance, error) {
	made, err := limits.make()
	if err != nil {
		return nil, err
	}
	defer C.precast_limits_delete(made)
	granted, err := wasi.make()
	if err != nil {
		return nil, err
	}
	instance := &Instance{artifact: a, functions: a.functions(imports)}
	list, count := instance.functions.list, instance.functions.count
	outcome := C.precast_go_instantiate(a.pointer, made, granted, list, count, &instance.pointer)
	runtime.KeepAlive(a)
	if err := finish(outcome); err != nil {
		instance.functions.release()
		return nil, err
	}
	return instance, nil
}

// Close frees the instance, or gives it back to its pool. Slices of its memory are not
// to be used any more.
func (i *Instance) Close() {
	if i.pointer == nil {
		return
	}
	C.precast_instance_delete(i.pointer)
	C.precast_interrupt_delete(i.interrupt)
	i.pointer, i.interrupt = nil, nil
	i.functions.release()
}

// Call calls an exported function. When the context ends before it does, it ends
// with a Trap whose cause is the context's error; the instance can be called
// again.
func (i *Instance) Call(ctx context.Context, name string, args ...any) ([]any, error) {
	export, err := i.find(name)
	if err != nil {
		return nil, err
	}
	params, results := export.params, export.results
	if len(args) != len(params) {
		return nil, fmt.Errorf("`%s` takes %d arguments, %d were given", name, len(params), len(args))
	}
	values := make([]C.precast_value, max(len(params), len(results), 1))
	for at, arg := range args {
		if err := write(&values[at], params[at], arg); err != nil {
			return nil, fmt.Errorf("argument %d of `%s`: %w", at, name, err)
		}
	}
	err = i.until(ctx, func() error {
		count, room := C.size_t(len(params)), C.size_t(len(results))
		return finish(C.precast_go_call(i.pointer, export.number, &values[0], count, room))
	})
	if err != nil {
		return nil, err
	}
	returned := make([]any, len(results))
	for at := range returned {
		returned[at] = read(&values[at], results[at])
	}
	return returned, nil
}

// find gives an exported function.
func (i *Instance) find(name string) (exported, error) {
	if function, found := i.found[name]; found {
		return function, nil
	}
	export, found := i.artifact.exports[name]
	if !found || export.Kind != C.PRECAST_EXTERN_FUNCTION {
		return exported{}, fmt.Errorf("the module exports no function `%s`", name)
	}
	if i.pointer == nil {
		return exported{}, fmt.Errorf("the instance is closed")
	}
	function := exported{}
	function.params, function.results, _ = strings.Cut(export.Type, ">")
	if err := check(C.precast_function_find(i.pointer, export.name, &function.number)); err != nil {
		return exported{}, err
	}
	runtime.KeepAlive(i.artifact)
	if i.found == nil {
		i.found = make(map[string]exported)
	}
	i.found[name] = function
	return function, nil
}

// Run runs a WASI program to its end, or initialises a WASI library: the exit code.
func (i *Instance) Run(ctx context.Context) (int, error) {
	var code C.int
	err := i.until(ctx, func() error { return finish(C.precast_go_run(i.pointer, &code)) })
	return int(code), err
}

// until calls the module, and stops it when the context ends.
func (i *Instance) until(ctx context.Context, call func() error) error {
	if i.pointer == nil {
		return fmt.Errorf("the instance is closed")
	}
	// Names belong to the artifact, which may be closed but not freed.
	defer runtime.KeepAlive(i.artifact)
	if ctx.Done() == nil {
		return call()
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if i.interrupt == nil {
		if err := check(C.precast_interrupt_new(i.pointer, &i.interrupt)); err != nil {
			return err
		}
	}
	stopped := make(chan struct{})
	forget := context.AfterFunc(ctx, func() {
		C.precast_interrupt_now(i.interrupt)
		close(stopped)
	})
	err := call()
	if forget() {
		return err
	}
	<-stopped
	// Nobody else stops the instance.
	_ = check(C.precast_interrupt_clear(i.pointer))
	if trap, is := err.(*Trap); is && trap.Code == interrupted {
		trap.Cause = ctx.Err()
	}
	return err
}

// interrupted is the code of traps of instances that were stopped.
const interrupted = 11

// Memory gives the bytes of an exported memory, as they are: writing changes
// them. They are good until Close; calls may make the memory longer.
func (i *Instance) Memory(name string) []byte {
	export, found := i.artifact.exports[name]
	if !found || i.pointer == nil {
		return nil
	}
	var size C.size_t
	start := C.precast_memory(i.pointer, export.name, &size)
	runtime.KeepAlive(i.artifact)
	return bytes(start, size)
}

// SetFuel gives the instance this many units of fuel, in place of what is left; the
// module must have been compiled with --fuel.
func (i *Instance) SetFuel(units uint64) error {
	return check(C.precast_fuel_set(i.pointer, C.uint64_t(units)))
}

// Fuel is what is left of the fuel, if that is limited.
func (i *Instance) Fuel() (left uint64, limited bool) {
	var units C.uint64_t
	limited = C.precast_fuel_left(i.pointer, &units) != 0
	return uint64(units), limited
}

// LimitReached is the limit that the module was told of by a -1, or zero.
func (i *Instance) LimitReached() LimitKind {
	return LimitKind(C.precast_limit_reached(i.pointer))
}
