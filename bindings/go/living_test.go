// Goroutines move between threads, and Go's own signals preempt them, stop the world
// and profile them while modules run, trap and are stopped.
package precast

import (
	"context"
	"errors"
	"io"
	"math/rand"
	"os"
	"runtime"
	"runtime/pprof"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"
)

// disturb collects garbage, sends the signal of preemption to every thread and has the
// profiler's timer fire, a thousand times in a second each, until it is called.
func disturb(t *testing.T) (calm func()) {
	done := make(chan struct{})
	var group sync.WaitGroup
	repeat := func(what func()) {
		group.Add(1)
		go func() {
			defer group.Done()
			for {
				select {
				case <-done:
					return
				case <-time.After(time.Millisecond):
					what()
				}
			}
		}()
	}
	repeat(runtime.GC)
	repeat(func() {
		threads, err := os.ReadDir("/proc/self/task")
		if err != nil {
			t.Error(err)
		}
		for _, thread := range threads {
			number, _ := strconv.Atoi(thread.Name())
			// One that has ended meanwhile is fine.
			_, _, _ = syscall.Syscall(syscall.SYS_TGKILL, uintptr(os.Getpid()), uintptr(number),
				uintptr(syscall.SIGURG))
		}
	})
	runtime.SetCPUProfileRate(1000)
	if err := pprof.StartCPUProfile(io.Discard); err != nil {
		t.Fatal(err)
	}
	return func() {
		close(done)
		group.Wait()
		pprof.StopCPUProfile()
	}
}

// use has an instance do what its module can, and end in every way.
func use(t *testing.T, instance *Instance) {
	if text, err := transform(instance, "abc"); text != "ABC" || err != nil {
		t.Error(text, err)
	}
	var trap *Trap
	if _, err := instance.Call(context.Background(), "trap"); !errors.As(err, &trap) ||
		trap.Frames[0].Name != "inner" {
		t.Error(err)
	}
	if _, err := instance.Call(context.Background(), "recurse"); !errors.As(err, &trap) ||
		trap.Limit != StackBytes {
		t.Error(err)
	}
	after := time.Duration(rand.Intn(2000)) * time.Microsecond
	ctx, cancel := context.WithTimeout(context.Background(), after)
	defer cancel()
	if _, err := instance.Call(ctx, "spin"); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
	ctx, cancel = context.WithCancel(context.Background())
	time.AfterFunc(after, cancel)
	if _, err := instance.Call(ctx, "spin"); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestManyGoroutines(t *testing.T) {
	// Longer than a goroutine runs before it is preempted, and with garbage.
	busy := func(*Caller, []any) ([]any, error) {
		var kept [][]byte
		for start := time.Now(); time.Since(start) < 12*time.Millisecond; {
			if kept = append(kept, make([]byte, 100)); len(kept) > 100 {
				kept = nil
			}
		}
		return nil, nil
	}
	shared := pool(t, busy, 8)
	defer disturb(t)()
	var group sync.WaitGroup
	for worker := 0; worker < 32; worker++ {
		group.Add(1)
		go func() {
			defer group.Done()
			for round := 0; round < 5; round++ {
				instance, err := shared.Take(nil)
				if err != nil {
					t.Error(err)
					return
				}
				use(t, instance)
				instance.Close()
				runtime.Gosched()
			}
		}()
	}
	group.Wait()
}

// An instance is used on a thread that ends, then on the next.
func TestAnInstanceMovesBetweenThreads(t *testing.T) {
	threads := map[int]bool{}
	instance := plugin(t, func(*Caller, []any) ([]any, error) {
		threads[syscall.Gettid()] = true
		return nil, nil
	})
	defer disturb(t)()
	for round := 0; round < 30; round++ {
		done := make(chan struct{})
		go func() {
			defer close(done)
			// It is never unlocked, so the thread ends with the goroutine.
			runtime.LockOSThread()
			use(t, instance)
		}()
		<-done
	}
	if len(threads) < 5 {
		t.Fatal("the host's function was called on threads", threads)
	}
}

// A context that ends while a function of the host runs ends the module when that
// returns; one that ends too late changes nothing.
func TestAContextThatEndsInTheHost(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	instance := plugin(t, func(*Caller, []any) ([]any, error) {
		if ctx.Err() == nil {
			cancel()
			// So that the interruption comes before the return.
			time.Sleep(200 * time.Millisecond)
		}
		return nil, nil
	})
	if _, err := instance.Call(ctx, "log", int32(1), int32(2)); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	again(t, instance)
	for round := 0; round < 300; round++ {
		after := time.Duration(rand.Intn(30)) * time.Microsecond
		ctx, cancel := context.WithTimeout(context.Background(), after)
		_, err := instance.Call(ctx, "mix", int32(1), int64(2), float32(3), 4.0)
		cancel()
		if err != nil && !errors.Is(err, context.DeadlineExceeded) {
			t.Fatal(err)
		}
		again(t, instance)
	}
}
