// Package precast runs WebAssembly modules that were compiled ahead of time by
// Precast.
//
// An [Artifact] is a file that is open, and makes [Instance]s, which are called, one by
// one or by a [Pool]. Artifacts and pools may be used by several goroutines at once, an
// instance by one at a time. What is opened or made is closed with Close.
package precast

/*
#cgo LDFLAGS: -lprecast
#include <precast.h>
#include <stdlib.h>
*/
import "C"

import (
	"fmt"
	"runtime"
	"time"
	"unsafe"
)

// Extern is an import or export. The type of a function has a letter for each
// parameter, `>`, and a letter for each result: i, I, f and F for i32, i64, f32
// and f64.
type Extern struct {
	Module string
	Name   string
	Type   string
	// Kind is 0 for functions, then tables, memories, globals, tags.
	Kind int
	// name is an export's for the library, as long as the artifact is not freed.
	name *C.char
}

// Artifact is a module's native code.
type Artifact struct {
	pointer *C.precast_artifact
	imports []Extern
	exports map[string]Extern
}

// Open opens a file. It is native code: unless it is trusted, it is refused if
// anybody but this user and root could have written it.
func Open(path string, trusted bool) (*Artifact, error) {
	name := C.CString(path)
	defer C.free(unsafe.Pointer(name))
	trust := C.int(0)
	if trusted {
		trust = 1
	}
	var pointer *C.precast_artifact
	return opened(C.precast_artifact_open(name, trust, &pointer), &pointer)
}

// OpenSigned opens a file that the owner of one of these keys has signed: Ed25519
// public keys of 32 bytes each.
func OpenSigned(path string, keys ...[32]byte) (*Artifact, error) {
	name := C.CString(path)
	defer C.free(unsafe.Pointer(name))
	joined := make([]byte, 0, len(keys)*32+1)
	for _, key := range keys {
		joined = append(joined, key[:]...)
	}
	var pointer *C.precast_artifact
	start := (*C.uint8_t)(unsafe.SliceData(joined))
	return opened(C.precast_artifact_open_signed(name, start, C.size_t(len(keys)), &pointer), &pointer)
}

// FromBytes opens an artifact in memory, which the caller trusts.
func FromBytes(code []byte) (*Artifact, error) {
	var pointer *C.precast_artifact
	start := (*C.uint8_t)(unsafe.SliceData(code))
	return opened(C.precast_artifact_from_bytes(start, C.size_t(len(code)), &pointer), &pointer)
}

func opened(result *C.precast_error, pointer **C.precast_artifact) (*Artifact, error) {
	if err := check(result); err != nil {
		return nil, err
	}
	artifact := &Artifact{pointer: *pointer, exports: map[string]Extern{}}
	var info C.precast_extern
	for i := C.size_t(0); C.precast_artifact_import(*pointer, i, &info) != 0; i++ {
		artifact.imports = append(artifact.imports, extern(&info))
	}
	for i := C.size_t(0); C.precast_artifact_export(*pointer, i, &info) != 0; i++ {
		found := extern(&info)
		found.name = C.CString(found.Name)
		artifact.exports[found.Name] = found
	}
	runtime.SetFinalizer(artifact, func(artifact *Artifact) {
		for _, export := range artifact.exports {
			C.free(unsafe.Pointer(export.name))
		}
	})
	return artifact, nil
}

func extern(info *C.precast_extern) Extern {
	ty := C.GoString(info._type)
	return Extern{Module: text(info.module), Name: text(info.name), Type: ty, Kind: int(info.kind)}
}

// Imports tells what the module imports.
func (a *Artifact) Imports() []Extern { return a.imports }

// Exports tells what the module exports, by name.
func (a *Artifact) Exports() map[string]Extern { return a.exports }

// Close frees the artifact. Instances live on.
func (a *Artifact) Close() {
	C.precast_artifact_delete(a.pointer)
	a.pointer = nil
}

// LimitKind is what can be limited.
type LimitKind int

// The limits that there are; all but time are amounts.
const (
	MemoryBytes LimitKind = iota + 1
	TableElements
	Instances
	Memories
	Tables
	Globals
	StackBytes
	NestedCalls
	ExceptionBytes
	SuspendedCalls
	OutputBytes
	Descriptors
	ListingBytes
	Time
	AddressSpace
	Types
	Fuel
)

// Limits says how much an instance may use; what is not there is as the library
// has it. Time is in nanoseconds, for each call.
type Limits map[LimitKind]uint64

// ForTime adds a limit on the time of each call.
func (l Limits) ForTime(limit time.Duration) Limits {
	l[Time] = uint64(limit)
	return l
}

func (l Limits) make() (*C.precast_limits, error) {
	limits := C.precast_limits_new()
	for kind, value := range l {
		if err := check(C.precast_limits_set(limits, C.int(kind), C.uint64_t(value))); err != nil {
			C.precast_limits_delete(limits)
			return nil, err
		}
	}
	return limits, nil
}

func text(pointer *C.char) string {
	if pointer == nil {
		return ""
	}
	return C.GoString(pointer)
}

// Frame is a function of a module that was running.
type Frame struct {
	Module   string
	Name     string
	Function uint32
	// Offset in the module, in bytes; -1 if it is not known.
	Offset int64
}

// Error is what goes wrong, but for traps and exits.
type Error struct {
	Message string
	// Kind as precast.h numbers them.
	Kind int
	// Limit that was reached, or zero.
	Limit LimitKind
	// Cause is the error of a function of the host.
	Cause error
}

func (e *Error) Error() string { return e.Message }

// Unwrap gives the error of a function of the host.
func (e *Error) Unwrap() error { return e.Cause }

// Trap is the end of a call by a trap; the instance can be called again.
type Trap struct {
	Message string
	Code    int
	Limit   LimitKind
	Frames  []Frame
	// Cause is that of the context that ended the call.
	Cause error
}

func (t *Trap) Error() string { return t.Message }

// Unwrap gives the error of the context that ended the call.
func (t *Trap) Unwrap() error { return t.Cause }

// Exit is the end of a program that asked for it.
type Exit int

func (e Exit) Error() string { return fmt.Sprintf("exited with code %d", int(e)) }

// check makes an error of the library a Go error, and frees it.
func check(err *C.precast_error) error {
	if err == nil {
		return nil
	}
	defer C.precast_error_delete(err)
	message := C.GoString(C.precast_error_message(err))
	limit := LimitKind(C.precast_error_limit(err))
	switch kind := C.precast_error_get_kind(err); kind {
	case C.PRECAST_ERROR_TRAP:
		trap := &Trap{Message: message, Code: int(C.precast_error_trap(err)), Limit: limit}
		var frame C.precast_frame
		for i := C.size_t(0); C.precast_error_frame(err, i, &frame) != 0; i++ {
			name, module := text(frame.name), text(frame.module)
			trap.Frames = append(trap.Frames,
				Frame{module, name, uint32(frame.function), int64(frame.offset)})
		}
		return trap
	case C.PRECAST_ERROR_EXIT:
		return Exit(C.precast_error_exit_code(err))
	default:
		return &Error{Message: message, Kind: int(kind), Limit: limit}
	}
}
