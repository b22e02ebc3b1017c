// Precast's module for Go beside wasmtime's C interface, in one process: nanoseconds
// each. wasmtime's own module for Go is not used: what it adds to the C interface is
// not counted.
//
//	cargo build --release -p precast-capi -p precast-cli
//	pip download --no-deps wasmtime==50.0.1 && unzip wasmtime-50*.whl -d peer
//	target/release/precast compile --cpu native benches/hosts/plugin.wat -o plugin.cwasm
//	export LD_LIBRARY_PATH=$PWD/target/release:$PWD/peer/wasmtime/linux-x86_64
//	export CGO_CFLAGS=-I$PWD/capi/include CGO_LDFLAGS="-L$PWD/target/release \
//	    $PWD/peer/wasmtime/linux-x86_64/_libwasmtime.so"
//	cd benches/hosts/go && go run . ../../../plugin.cwasm ../plugin.wat
//
// The two take turns; each figure is the least of the rounds, and beside it the median.
package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"time"

	"precast"
)

const (
	rounds    = 15
	calls     = 50000
	logs      = 50000
	instances = 2000
)

func main() {
	if len(os.Args) != 3 {
		fail(fmt.Errorf("give plugin.cwasm and plugin.wat"))
	}
	artifact := must(precast.Open(os.Args[1], true))
	text := string(must(os.ReadFile(os.Args[2])))
	imports := precast.Imports{{"host", "log"}: func(_ *precast.Caller, args []any) ([]any, error) {
		return args, nil
	}}
	ctx := context.Background()
	instance := must(artifact.Instantiate(imports, precast.Limits{}, nil))
	pool := must(artifact.Pool(imports, precast.Limits{}, false, 8))
	plain, pooling := newPeer(text, false, same), newPeer(text, true, same)

	fmt.Println("| what | Precast | wasmtime | ratio |\n|-|-|-|-|")
	compare("a call", calls, func() {
		sum := int32(0)
		for range calls {
			sum = must(instance.Call(ctx, "add", sum, int32(1)))[0].(int32)
		}
		if sum != calls {
			fail(fmt.Errorf("another sum: %d", sum))
		}
	}, func() {
		sum := int32(0)
		for range calls {
			sum = plain.add(sum, 1)
		}
	})
	compare("a call of the host", logs, func() {
		must(instance.Call(ctx, "logs", int32(logs)))
	}, func() { plain.logs(logs) })
	compare("store and instance, new", instances, func() {
		for range instances {
			must(artifact.Instantiate(imports, precast.Limits{}, nil)).Close()
		}
	}, func() {
		for range instances {
			plain.instance()
		}
	})
	compare("store and instance, pooled", instances, func() {
		for range instances {
			must(pool.Take(nil)).Close()
		}
	}, func() {
		for range instances {
			pooling.instance()
		}
	})
}

func same(value int32) int32 { return value }

func compare(what string, count int, ours, theirs func()) {
	times := [2][]float64{}
	for range rounds {
		for side, run := range []func(){ours, theirs} {
			start := time.Now()
			run()
			times[side] = append(times[side], float64(time.Since(start).Nanoseconds())/float64(count))
		}
	}
	for _, side := range times {
		slices.Sort(side)
	}
	least := [2]float64{times[0][0], times[1][0]}
	fmt.Printf("| %s | %.0f ns (%.0f) | %.0f ns (%.0f) | **%.2f** |\n", what, least[0],
		times[0][rounds/2], least[1], times[1][rounds/2], least[0]/least[1])
}

func must[T any](value T, err error) T {
	if err != nil {
		fail(err)
	}
	return value
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
