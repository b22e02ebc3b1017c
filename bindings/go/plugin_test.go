// The plugin host: PRECAST_PLUGIN is fixtures/capi/plugin.wat, compiled.
package precast

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

var limits = Limits{MemoryBytes: 10 << 20, StackBytes: 256 << 10}.ForTime(5 * time.Second)

func open(t *testing.T) *Artifact {
	artifact, err := Open(os.Getenv("PRECAST_PLUGIN"), true)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(artifact.Close)
	return artifact
}

func plugin(t *testing.T, log Function) *Instance {
	instance, err := open(t).Instantiate(Imports{{"host", "log"}: log}, limits, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(instance.Close)
	return instance
}

func nothing(*Caller, []any) ([]any, error) { return nil, nil }

func transform(instance *Instance, text string) (string, error) {
	ctx := context.Background()
	at, err := instance.Call(ctx, "alloc", int32(len(text)))
	if err != nil {
		return "", err
	}
	start := at[0].(int32)
	copy(instance.Memory("memory")[start:], text)
	length, err := instance.Call(ctx, "transform", start, int32(len(text)))
	if err != nil {
		return "", err
	}
	return string(instance.Memory("memory")[start : start+length[0].(int32)]), nil
}

func again(t *testing.T, instance *Instance) {
	if text, err := transform(instance, "again"); text != "AGAIN" || err != nil {
		t.Fatal(text, err)
	}
}

func TestBytesInAndBytesOut(t *testing.T) {
	var logged []string
	instance := plugin(t, func(caller *Caller, args []any) ([]any, error) {
		at, length := args[0].(int32), args[1].(int32)
		logged = append(logged, string(caller.Memory("memory")[at:at+length]))
		return nil, nil
	})
	text, err := transform(instance, "bytes in, bytes out")
	if err != nil || text != "BYTES IN, BYTES OUT" || fmt.Sprint(logged) != "[BYTES IN, BYTES OUT]" {
		t.Fatal(text, err, logged)
	}
	mixed, err := instance.Call(context.Background(), "mix", int32(1), int64(1<<40), float32(0.5), -0.25)
	if err != nil || mixed[0] != 1+float64(1<<40)+0.25 {
		t.Fatal(mixed, err)
	}
}

func TestATrapIsAnErrorWithFrames(t *testing.T) {
	instance := plugin(t, nothing)
	_, err := instance.Call(context.Background(), "trap")
	var trap *Trap
	if !errors.As(err, &trap) || trap.Frames[0].Name != "inner" || trap.Frames[1].Name != "trap" {
		t.Fatal(err)
	}
	_, err = instance.Call(context.Background(), "recurse")
	if !errors.As(err, &trap) || trap.Limit != StackBytes {
		t.Fatal(err)
	}
	again(t, instance)
}

func TestErrorsOfTheHostPassThroughTheModule(t *testing.T) {
	refused := errors.New("refused")
	instance := plugin(t, func(*Caller, []any) ([]any, error) { return nil, refused })
	if _, err := instance.Call(context.Background(), "log", int32(1), int32(2)); !errors.Is(err, refused) {
		t.Fatal(err)
	}
	instance = plugin(t, func(*Caller, []any) ([]any, error) { panic("lost") })
	_, err := instance.Call(context.Background(), "log", int32(1), int32(2))
	if err == nil || !strings.Contains(err.Error(), "lost") {
		t.Fatal(err)
	}
	if _, err := open(t).Instantiate(nil, limits, nil); err == nil {
		t.Fatal("linked without imports")
	}
	if _, err := instance.Call(context.Background(), "log", int64(1), int32(2)); err == nil {
		t.Fatal("called with a wrong type")
	}
}

func TestLimitsHold(t *testing.T) {
	instance := plugin(t, nothing)
	_, err := instance.Call(context.Background(), "alloc", int32(20<<20))
	if err == nil || instance.LimitReached() != MemoryBytes {
		t.Fatal(err, instance.LimitReached())
	}
	short := Limits{}.ForTime(20 * time.Millisecond)
	instance, err = open(t).Instantiate(Imports{{"host", "log"}: nothing}, short, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer instance.Close()
	var trap *Trap
	if _, err = instance.Call(context.Background(), "spin"); !errors.As(err, &trap) || trap.Limit != Time {
		t.Fatal(err)
	}
	again(t, instance)
}

func TestAContextEndsACall(t *testing.T) {
	instance := plugin(t, nothing)
	for round := 0; round < 20; round++ {
		ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
		_, err := instance.Call(ctx, "spin")
		cancel()
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Fatal(err)
		}
		again(t, instance)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := instance.Call(ctx, "trap"); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
}

func TestFuelEndsAndIsRefilled(t *testing.T) {
	artifact, err := Open(os.Getenv("PRECAST_COUNTED"), true)
	if err != nil {
		t.Fatal(err)
	}
	defer artifact.Close()
	instance, err := artifact.Instantiate(Imports{{"host", "log"}: nothing}, Limits{Fuel: 10_000}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer instance.Close()
	var trap *Trap
	for round := 0; round < 3; round++ {
		again(t, instance)
		if left, limited := instance.Fuel(); !limited || left == 0 || left >= 10_000 {
			t.Fatal(left, limited)
		}
		_, err = instance.Call(context.Background(), "spin")
		if !errors.As(err, &trap) || trap.Limit != Fuel {
			t.Fatal(err)
		}
		if err = instance.SetFuel(10_000); err != nil {
			t.Fatal(err)
		}
	}
	if err = plugin(t, nothing).SetFuel(1); err == nil {
		t.Fatal("a module that does not count its work was given fuel")
	}
}
