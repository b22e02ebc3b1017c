package precast

/*
#include <precast.h>
#include <stdlib.h>
*/
import "C"

import (
	"fmt"
	"runtime"
	"unsafe"
)

// Wasi is what one instance is granted: nothing of the system but what it says, with
// input that is empty and output that is kept in memory.
type Wasi struct {
	// Args are the arguments, the program's name first.
	Args []string
	// Env are the variables of the environment.
	Env map[string]string
	// Dirs are directories, by the names under which the module knows them.
	Dirs map[string]Dir
	// Stdin is what the module reads.
	Stdin []byte
	// InheritStdio passes on the streams of this process.
	InheritStdio bool

	outputs [2]*capture
	taken   bool
}

// Dir is a directory of the host.
type Dir struct {
	Path     string
	ReadOnly bool
}

// capture is what a stream has written.
type capture struct{ pointer *C.precast_capture }

// Stdout gives what was written to standard output since the last call.
func (w *Wasi) Stdout() []byte { return w.outputs[0].read() }

// Stderr gives what was written to standard error since the last call.
func (w *Wasi) Stderr() []byte { return w.outputs[1].read() }

func (c *capture) read() []byte {
	if c == nil {
		return nil
	}
	size := C.precast_capture_read(c.pointer, nil, 0)
	if size == 0 {
		return nil
	}
	buffer := make([]byte, size)
	size = C.precast_capture_read(c.pointer, (*C.uint8_t)(&buffer[0]), size)
	runtime.KeepAlive(c)
	return buffer[:size]
}

// make gives the grants to an instance; only one can have them.
func (w *Wasi) make() (*C.precast_wasi, error) {
	if w == nil {
		return nil, nil
	}
	if w.taken {
		return nil, fmt.Errorf("these grants belong to an instance already")
	}
	made := C.precast_wasi_new()
	if err := w.fill(made); err != nil {
		C.precast_wasi_delete(made)
		return nil, err
	}
	w.taken = true
	return made, nil
}

func (w *Wasi) fill(made *C.precast_wasi) error {
	var texts []*C.char
	defer func() {
		for _, text := range texts {
			C.free(unsafe.Pointer(text))
		}
	}()
	text := func(text string) *C.char {
		copied := C.CString(text)
		texts = append(texts, copied)
		return copied
	}
	for _, arg := range w.Args {
		if err := check(C.precast_wasi_arg(made, text(arg))); err != nil {
			return err
		}
	}
	for name, value := range w.Env {
		if err := check(C.precast_wasi_env(made, text(name), text(value))); err != nil {
			return err
		}
	}
	for guest, dir := range w.Dirs {
		readOnly := C.int(0)
		if dir.ReadOnly {
			readOnly = 1
		}
		if err := check(C.precast_wasi_dir(made, text(dir.Path), text(guest), readOnly)); err != nil {
			return err
		}
	}
	if len(w.Stdin) != 0 {
		start, size := (*C.uint8_t)(&w.Stdin[0]), C.size_t(len(w.Stdin))
		if err := check(C.precast_wasi_stdin(made, start, size)); err != nil {
			return err
		}
	}
	if w.InheritStdio {
		C.precast_wasi_inherit_stdio(made)
		return nil
	}
	for stream := range w.outputs {
		kept := &capture{C.precast_capture_new()}
		runtime.SetFinalizer(kept, func(kept *capture) { C.precast_capture_delete(kept.pointer) })
		w.outputs[stream] = kept
		if err := check(C.precast_wasi_capture(made, C.int(stream+1), kept.pointer)); err != nil {
			return err
		}
	}
	return nil
}
