package precast

/*
#include "function.h"
#include <stdlib.h>
*/
import "C"

import (
	"fmt"
	"math"
	"runtime/cgo"
	"strings"
	"sync/atomic"
	"unsafe"
)

// Function is a function of the host, for modules to import. Values are int32,
// int64, float32 and float64. Instances of a pool share it, so several threads may
// call it at once.
type Function func(caller *Caller, args []any) ([]any, error)

// Imports are functions of the host, by module and name: `host.log`.
type Imports map[[2]string]Function

// Caller is the instance that calls a function of the host, for as long as the
// call.
type Caller struct{ pointer *C.precast_caller }

// Memory gives the bytes of an exported memory, until the function returns.
func (c *Caller) Memory(name string) []byte {
	export := C.CString(name)
	defer C.free(unsafe.Pointer(export))
	var size C.size_t
	start := C.precast_caller_memory(c.pointer, export, &size)
	return bytes(start, size)
}

// function is what the library has of a function of the host: its number.
type function struct {
	call    Function
	params  string
	results string
}

// functions are those that one or more instances import, until the last is closed.
type functions struct {
	users   atomic.Int64
	list    *C.precast_import
	count   C.size_t
	handles []cgo.Handle
}

func (a *Artifact) functions(imports Imports) *functions {
	size := C.size_t(unsafe.Sizeof(C.precast_import{}))
	made := &functions{count: C.size_t(len(imports))}
	made.users.Store(1)
	made.list = (*C.precast_import)(C.calloc(made.count+1, size))
	list, next := unsafe.Slice(made.list, len(imports)+1), 0
	for name, call := range imports {
		provided := function{call: call}
		for _, declared := range a.imports {
			if declared.Module == name[0] && declared.Name == name[1] {
				provided.params, provided.results, _ = strings.Cut(declared.Type, ">")
			}
		}
		handle := cgo.NewHandle(&provided)
		made.handles = append(made.handles, handle)
		// The library keeps the number; memory of Go's would move.
		place := (*C.uintptr_t)(C.malloc(C.size_t(unsafe.Sizeof(C.uintptr_t(0)))))
		*place = C.uintptr_t(handle)
		list[next] = C.precast_import{
			module:   C.CString(name[0]),
			name:     C.CString(name[1]),
			function: C.precast_function(C.precast_go_function),
			data:     unsafe.Pointer(place),
		}
		next++
	}
	return made
}

func (f *functions) share() *functions {
	f.users.Add(1)
	return f
}

func (f *functions) release() {
	if f.users.Add(-1) != 0 {
		return
	}
	for _, provided := range unsafe.Slice(f.list, int(f.count)) {
		C.free(unsafe.Pointer(provided.module))
		C.free(unsafe.Pointer(provided.name))
		C.free(provided.data)
	}
	C.free(unsafe.Pointer(f.list))
	for _, handle := range f.handles {
		handle.Delete()
	}
}

// finish is the error of a call, with what a function of the host failed with.
func finish(outcome C.precast_go_outcome) error {
	if outcome.error == nil {
		return nil
	}
	err := check(outcome.error)
	if outcome.failure != 0 {
		handle := cgo.Handle(outcome.failure)
		defer handle.Delete()
		if own, is := err.(*Error); is {
			own.Cause = handle.Value().(error)
		}
	}
	return err
}

//export precastGoFunction
func precastGoFunction(data unsafe.Pointer, caller *C.precast_caller, args *C.precast_value,
	results *C.precast_value, failure *C.uintptr_t) (failed *C.precast_error) {
	provided := cgo.Handle(*(*C.uintptr_t)(data)).Value().(*function)
	fail := func(err error) *C.precast_error {
		*failure = C.uintptr_t(cgo.NewHandle(err))
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

func bytes(start *C.uint8_t, size C.size_t) []byte {
	if start == nil {
		return nil
	}
	return unsafe.Slice((*byte)(start), int(size))
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
	bits, fits := (*uint64)(unsafe.Pointer(value)), false
	switch number := number.(type) {
	case int32:
		*bits, fits = uint64(uint32(number)), letter == 'i'
	case int64:
		*bits, fits = uint64(number), letter == 'I'
	case float32:
		*bits, fits = uint64(math.Float32bits(number)), letter == 'f'
	case float64:
		*bits, fits = math.Float64bits(number), letter == 'F'
	}
	if fits {
		return nil
	}
	kinds := map[byte]string{'i': "int32", 'I': "int64", 'f': "float32", 'F': "float64"}
	expected, known := kinds[letter]
	if !known {
		expected = "what Go has no value for"
	}
	return fmt.Errorf("%T given where %s is expected", number, expected)
}
