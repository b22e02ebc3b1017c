package precast

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
)

func pool(t *testing.T, log Function, mostIdle int) *Pool {
	pool, err := open(t).Pool(Imports{{"host", "log"}: log}, limits, false, mostIdle)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return pool
}

func TestEachOwnerHasANewInstance(t *testing.T) {
	ctx := context.Background()
	for _, mostIdle := range []int{0, 1} {
		pool := pool(t, nothing, mostIdle)
		for round := 0; round < 50; round++ {
			instance, err := pool.Take(nil)
			if err != nil {
				t.Fatal(err)
			}
			memory := instance.Memory("memory")
			if len(memory) != 65536 || strings.Trim(string(memory), "\x00") != "" {
				t.Fatal("the memory is the last owner's")
			}
			if at, err := instance.Call(ctx, "alloc", int32(5<<20)); err != nil || at[0] != int32(1024) {
				t.Fatal(at, err)
			}
			again(t, instance)
			if _, err := instance.Call(ctx, "trap"); err == nil {
				t.Fatal("no trap")
			}
			instance.Close()
			instance.Close()
			if _, err := instance.Call(ctx, "trap"); err == nil || instance.Memory("memory") != nil {
				t.Fatal("an instance that is closed is used")
			}
		}
	}
}

func TestInstancesOutliveTheirPoolAndArtifact(t *testing.T) {
	artifact, err := Open(os.Getenv("PRECAST_PLUGIN"), true)
	if err != nil {
		t.Fatal(err)
	}
	pool, err := artifact.Pool(Imports{{"host", "log"}: nothing}, limits, false, 1)
	if err != nil {
		t.Fatal(err)
	}
	instance, err := pool.Take(nil)
	if err != nil {
		t.Fatal(err)
	}
	pool.Close()
	artifact.Close()
	again(t, instance)
	instance.Close()
	if _, err := pool.Take(nil); err == nil {
		t.Fatal("a pool that is closed gives instances")
	}
}

// What a function fails with goes to the call that led to it, though instances and
// calls of several threads share the function, and calls are nested.
func TestErrorsGoToTheCallThatLedToThem(t *testing.T) {
	var shared *Pool
	inner := func(_ *Caller, args []any) ([]any, error) {
		depth, number := args[0].(int32), args[1].(int32)
		if depth == 0 {
			return nil, fmt.Errorf("number %d", number)
		}
		instance, err := shared.Take(nil)
		if err != nil {
			return nil, err
		}
		defer instance.Close()
		_, err = instance.Call(context.Background(), "log", depth-1, number)
		if number%2 == 0 {
			return nil, err
		}
		// Handled here: nobody else hears of it.
		return nil, nil
	}
	shared = pool(t, inner, 4)
	var group sync.WaitGroup
	for worker := int32(0); worker < 8; worker++ {
		group.Add(1)
		go func(number int32) {
			defer group.Done()
			for depth := int32(0); depth < 20; depth++ {
				instance, err := shared.Take(nil)
				if err != nil {
					t.Error(err)
					return
				}
				_, err = instance.Call(context.Background(), "log", depth%4, number)
				instance.Close()
				expected := fmt.Sprintf("number %d", number)
				if depth%4 != 0 && number%2 == 1 {
					if err != nil {
						t.Error(depth, number, err)
					}
					continue
				}
				for errors.Unwrap(err) != nil {
					err = errors.Unwrap(err)
				}
				if err == nil || err.Error() != expected {
					t.Error(depth, number, err)
				}
			}
		}(worker)
	}
	group.Wait()
}

func TestWasiIsGivenToEachOrToNone(t *testing.T) {
	if _, err := pool(t, nothing, 1).Take(&Wasi{}); err == nil {
		t.Fatal("a pool without WASI has taken some")
	}
	if _, err := open(t).Pool(nil, limits, false, 1); err == nil {
		t.Fatal("linked without imports")
	}
	program, err := Open(os.Getenv("PRECAST_PROGRAM"), true)
	if err != nil {
		t.Fatal(err)
	}
	defer program.Close()
	programs, err := program.Pool(nil, Limits{OutputBytes: 1000}, true, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer programs.Close()
	for round := 0; round < 3; round++ {
		wasi := &Wasi{Args: []string{"hello", fmt.Sprintf("reader%d", round)}}
		instance, err := programs.Take(wasi)
		if err != nil {
			t.Fatal(err)
		}
		code, err := instance.Run(context.Background())
		instance.Close()
		out := string(wasi.Stdout())
		if code != 0 || err != nil || !strings.Contains(out, wasi.Args[1]) || wasi.Stdout() != nil {
			t.Fatal(code, err, out)
		}
		if _, err := programs.Take(wasi); err == nil {
			t.Fatal("grants were given twice")
		}
	}
	instance, err := program.Instantiate(nil, Limits{OutputBytes: 3}, &Wasi{Args: []string{"hello"}})
	if err != nil {
		t.Fatal(err)
	}
	defer instance.Close()
	var reached *Error
	if _, err := instance.Run(context.Background()); !errors.As(err, &reached) || reached.Limit != OutputBytes {
		t.Fatal(err)
	}
}

func TestOnlyWhatIsSignedIsOpened(t *testing.T) {
	path := os.Getenv("PRECAST_SIGNED")
	text, err := os.ReadFile(os.Getenv("PRECAST_KEY"))
	if err != nil {
		t.Fatal(err)
	}
	var key [32]byte
	if _, err := hex.Decode(key[:], []byte(strings.TrimSpace(string(text)))); err != nil {
		t.Fatal(err)
	}
	artifact, err := OpenSigned(path, key, key)
	if err != nil {
		t.Fatal(err)
	}
	artifact.Close()
	if _, err := OpenSigned(path); err == nil {
		t.Fatal("opened without a key")
	}
	if _, err := OpenSigned(os.Getenv("PRECAST_PLUGIN"), key); err == nil {
		t.Fatal("opened without a signature")
	}
	code, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if artifact, err = FromBytes(code); err != nil || len(artifact.Exports()) == 0 {
		t.Fatal(err)
	}
	artifact.Close()
	if _, err := FromBytes(nil); err == nil {
		t.Fatal("opened nothing")
	}
}
