package precast

/*
#include <precast.h>
#include <stdlib.h>

precast_error *precast_go_function(void *data, precast_caller *caller,
                                   const precast_value *args, precast_value *results);
*/
import "C"

import (
	"context"
	"fmt"
	"math"
	"runtime/cgo"
	"strings"
	"unsafe"
)

// Function is a function of the host, for modules to import. Values are int32,
// int64, float32 and float64.
type Function func(caller *Caller, args []any) ([]any, error)

// Imports are functions of the host, by module and name: `host.log`.
type Imports map[[2]string]Function

// Caller is the instance that calls a function of the host, for as long as the
// call.
type Caller struct{ pointer *C.precast_caller }

// Instance is an instance of a module.
type Instance struct {
	artifact  *Artifact
	pointer   *C.precast_instance
	interrupt *C.precast_interrupt
	handles   []cgo.Handle
	places    []unsafe.Pointer
	// What a function of the host failed with in the call in progress.
	failed error
}

// function is what the library has of a function of the host: its number.
type function struct {
	call     Function
	instance *Instance
	params   string
	results  string
}

// Instantiate makes an instance.
func (a *Artifact) Instantiate(imports Imports, limits Limits) (*Instance, error) {
	made, err := limits.make()
	if err != nil {
		return nil, err
	}
	defer C.precast_limits_delete(made)
	instance := &Instance{artifact: a}
	count := C.size_t(len(imports))
	size := C.size_t(unsafe.Sizeof(C.precast_import{}))
	array := (*C.precast_import)(C.calloc(count+1, size))
	defer C.free(unsafe.Pointer(array))
	list := unsafe.Slice(array, len(imports)+1)
	next := 0
	for name, call := range imports {
		list[next] = instance.provide(name, call)
		defer C.free(unsafe.Pointer(list[next].module))
		defer C.free(unsafe.Pointer(list[next].name))
		next++
	}
	result := C.precast_artifact_instantiate(a.pointer, made, nil, array, count, &instance.pointer)
	if err := instance.check(result); err != nil {
		instance.Close()
		return nil, err
	}
	if err := check(C.precast_interrupt_new(instance.pointer, &instance.interrupt)); err != nil {
		instance.Close()
		return nil, err
	}
	return instance, nil
}

func (i *Instance) provide(name [2]string, call Function) C.precast_import {
	provided := function{call: call, instance: i}
	for _, declared := range i.artifact.imports {
		if declared.Module == name[0] && declared.Name == name[1] {
			provided.params, provided.results, _ = strings.Cut(declared.Type, ">")
		}
	}
	handle := cgo.NewHandle(&provided)
	i.handles = append(i.handles, handle)
	// The library keeps the number; memory of Go's would move.
	place := (*C.uintptr_t)(C.malloc(C.size_t(unsafe.Sizeof(C.uintptr_t(0)))))
	*place = C.uintptr_t(handle)
	i.places = append(i.places, unsafe.Pointer(place))
	return C.precast_import{
		module:   C.CString(name[0]),
		name:     C.CString(name[1]),
		function: C.precast_function(C.precast_go_function),
		data:     unsafe.Pointer(place),
	}
}

// Close frees the instance. Slices of its memory are not to be used any more.
func (i *Instance) Close() {
	C.precast_instance_delete(i.pointer)
	C.precast_interrupt_delete(i.interrupt)
	i.pointer, i.interrupt = nil, nil
	for _, handle := range i.handles {
		handle.Delete()
	}
	for _, place := range i.places {
		C.free(place)
	}
	i.handles, i.places = nil, nil
}

// Call calls an exported function. When the context ends before it does, it ends
// with a Trap whose cause is the context's error; the instance can be called
// again.
func (i *Instance) Call(ctx context.Context, name string, args ...any) ([]any, error) {
	export, found := i.artifact.exports[name]
	if !found || export.Kind != C.PRECAST_EXTERN_FUNCTION {
		return nil, fmt.Errorf("the module exports no function `%s`", name)
	}
	params, results, _ := strings.Cut(export.Type, ">")
	if len(args) != len(params) {
		return nil, fmt.Errorf("`%s` takes %d arguments, %d were given", name, len(params), len(args))
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	values := make([]C.precast_value, len(params)+len(results)+1)
	for at, arg := range args {
		if err := write(&values[at], params[at], arg); err != nil {
			return nil, fmt.Errorf("argument %d of `%s`: %w", at, name, err)
		}
	}
	export_name := C.CString(name)
	defer C.free(unsafe.Pointer(export_name))
	out := values[len(params):]
	finish := i.watch(ctx)
	result := C.precast_call(i.pointer, export_name, &values[0], C.size_t(len(params)), &out[0],
		C.size_t(len(results)))
	ended := finish()
	if err := i.check(result); err != nil {
		if trap, is := err.(*Trap); is && ended != nil {
			trap.Cause = ended
		}
		return nil, err
	}
	returned := make([]any, len(results))
	for at := range returned {
		returned[at] = read(&out[at], results[at])
	}
	return returned, nil
}

// watch stops the instance when the context ends, until the function that it
// returns is called, which gives the context's error if that was so.
func (i *Instance) watch(ctx context.Context) func() error {
	if ctx.Done() == nil {
		return func() error { return nil }
	}
	over, watched := make(chan struct{}), make(chan error)
	go func() {
		select {
		case <-ctx.Done():
			C.precast_interrupt_now(i.interrupt)
			watched <- ctx.Err()
		case <-over:
			watched <- nil
		}
	}()
	return func() error {
		close(over)
		ended := <-watched
		if ended != nil {
			// Nobody else stops the instance.
			_ = check(C.precast_interrupt_clear(i.pointer))
		}
		return ended
	}
}

// Memory gives the bytes of an exported memory, as they are: writing changes
// them. They are good until Close; calls may make the memory longer.
func (i *Instance) Memory(name string) []byte {
	export := C.CString(name)
	defer C.free(unsafe.Pointer(export))
	var size C.size_t
	start := C.precast_memory(i.pointer, export, &size)
	return bytes(start, size)
}

// Memory gives the bytes of an exported memory, until the function returns.
func (c *Caller) Memory(name string) []byte {
	export := C.CString(name)
	defer C.free(unsafe.Pointer(export))
	var size C.size_t
	start := C.precast_caller_memory(c.pointer, export, &size)
	return bytes(start, size)
}

func bytes(start *C.uint8_t, size C.size_t) []byte {
	if start == nil {
		return nil
	}
	return unsafe.Slice((*byte)(start), int(size))
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

// check adds what a function of the host failed with.
func (i *Instance) check(result *C.precast_error) error {
	failed := i.failed
	i.failed = nil
	err := check(result)
	if own, is := err.(*Error); is {
		own.Cause = failed
	}
	return err
}

//export precastGoFunction
func precastGoFunction(data unsafe.Pointer, caller *C.precast_caller, args *C.precast_value,
	results *C.precast_value) (failed *C.precast_error) {
	provided := cgo.Handle(*(*C.uintptr_t)(data)).Value().(*function)
	fail := func(err error) *C.precast_error {
		provided.instance.failed = err
		message := C.CString(err.Error())
		defer C.free(unsafe.Pointer(message))
		return C.precast_error_new(message)
	}
	defer func() {
		// A panic must not leave through the module.
		if cause := recover(); cause != nil {
			failed = fail(fmt.Errorf("panic: %v", cause))
		}
	}()
	given := make([]any, len(provided.params))
	for at := range given {
		given[at] = read(&unsafe.Slice(args, len(given))[at], provided.params[at])
	}
	returned, err := provided.call(&Caller{caller}, given)
	if err != nil {
		return fail(err)
	}
	if len(returned) != len(provided.results) {
		return fail(fmt.Errorf("%d results where %d are expected", len(returned), len(provided.results)))
	}
	for at, value := range returned {
		place := &unsafe.Slice(results, len(returned))[at]
		if err := write(place, provided.results[at], value); err != nil {
			return fail(err)
		}
	}
	return nil
}

func read(value *C.precast_value, letter byte) any {
	bits := (*uint64)(unsafe.Pointer(value))
	switch letter {
	case 'i':
		return int32(*bits)
	case 'I':
		return int64(*bits)
	case 'f':
		return math.Float32frombits(uint32(*bits))
	case 'F':
		return math.Float64frombits(*bits)
	}
	return nil
}

func write(value *C.precast_value, letter byte, number any) error {
	bits := (*uint64)(unsafe.Pointer(value))
	switch number := number.(type) {
	case int32:
		*bits = uint64(uint32(number))
	case int64:
		*bits = uint64(number)
	case float32:
		*bits = uint64(math.Float32bits(number))
	case float64:
		*bits = math.Float64bits(number)
	}
	kinds := map[byte]string{'i': "int32", 'I': "int64", 'f': "float32", 'F': "float64"}
	if given := fmt.Sprintf("%T", number); given != kinds[letter] {
		return fmt.Errorf("%s given where %s is expected", given, kinds[letter])
	}
	return nil
}
