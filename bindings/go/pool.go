package precast

/*
#include "function.h"
*/
import "C"

import "fmt"

// Pool makes instances with the same imports and limits, which are linked once, and
// uses those again that were closed: each is as a new one. Several goroutines may use
// it at once.
type Pool struct {
	artifact  *Artifact
	functions *functions
	pointer   *C.precast_pool
}

// Pool prepares instances. At most mostIdle that were closed are kept. With withWasi,
// imports that are not given come from what Take is given.
func (a *Artifact) Pool(imports Imports, limits Limits, withWasi bool, mostIdle int) (*Pool, error) {
	if mostIdle < 0 {
		return nil, fmt.Errorf("%d idle instances", mostIdle)
	}
	made, err := limits.make()
	if err != nil {
		return nil, err
	}
	defer C.precast_limits_delete(made)
	pool := &Pool{artifact: a, functions: a.functions(imports)}
	wasi := C.int(0)
	if withWasi {
		wasi = 1
	}
	list, count := pool.functions.list, pool.functions.count
	result := C.precast_pool_new(a.pointer, made, wasi, list, count, C.size_t(mostIdle), &pool.pointer)
	if err := check(result); err != nil {
		pool.functions.release()
		return nil, err
	}
	return pool, nil
}

// Take gives an instance, which Close gives back. Wasi is nil for a pool without.
func (p *Pool) Take(wasi *Wasi) (*Instance, error) {
	if p.pointer == nil {
		return nil, fmt.Errorf("the pool is closed")
	}
	granted, err := wasi.make()
	if err != nil {
		return nil, err
	}
	instance := &Instance{artifact: p.artifact, functions: p.functions.share()}
	if err := finish(C.precast_go_take(p.pointer, granted, &instance.pointer)); err != nil {
		instance.functions.release()
		return nil, err
	}
	return instance, nil
}

// Close frees the pool and its idle instances; those that were taken live on.
func (p *Pool) Close() {
	if p.pointer == nil {
		return
	}
	C.precast_pool_delete(p.pointer)
	p.pointer = nil
	p.functions.release()
}
