package main

/*
#cgo CFLAGS: -I${SRCDIR}/..
#include "host.h"
#include <stdlib.h>
*/
import "C"

import (
	"runtime/cgo"
	"unsafe"
)

// peer is an engine of wasmtime's, with or without its pool, and what it runs: by the
// shortest way from Go to its C interface, without a library for Go between.
type peer struct{ pointer *C.peer }

// newPeer makes one, whose modules import log, which lives as long as the process.
func newPeer(text string, pooled bool, log func(int32) int32) peer {
	copied := C.CString(text)
	defer C.free(unsafe.Pointer(copied))
	return peer{C.peer_of_go(copied, C.bool(pooled), C.uintptr_t(cgo.NewHandle(log)))}
}

func (p peer) add(left, right int32) int32 {
	args := [2]C.wasmtime_val_t{}
	*(*int32)(unsafe.Pointer(&args[0].of)) = left
	*(*int32)(unsafe.Pointer(&args[1].of)) = right
	return p.call(&p.pointer.add, args[:])
}

func (p peer) logs(count int32) int32 {
	args := [1]C.wasmtime_val_t{}
	*(*int32)(unsafe.Pointer(&args[0].of)) = count
	return p.call(&p.pointer.logs, args[:])
}

func (p peer) call(function *C.wasmtime_func_t, args []C.wasmtime_val_t) int32 {
	var result C.wasmtime_val_t
	var trap *C.wasm_trap_t
	count := C.size_t(len(args))
	if C.wasmtime_func_call(p.pointer.context, function, &args[0], count, &result, 1, &trap) != nil ||
		trap != nil {
		panic("a call failed")
	}
	return *(*int32)(unsafe.Pointer(&result.of))
}

// instance makes a store and an instance, and drops them.
func (p peer) instance() {
	C.peer_instance(p.pointer)
}

//export logOfPeer
func logOfPeer(function C.uintptr_t, value C.int32_t) C.int32_t {
	return C.int32_t(cgo.Handle(function).Value().(func(int32) int32)(int32(value)))
}
