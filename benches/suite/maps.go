// Go's maps, slices, strings and interfaces.
package main

import (
	"fmt"
	"sort"
	"strings"
)

type animal interface{ legs() int }
type dog struct{ n int }
type bird struct{ n int }

func (d dog) legs() int  { return 4 * d.n }
func (b *bird) legs() int { return 2 * b.n }

func main() {
	seed, total := uint32(3), 0
	next := func() uint32 { seed = seed*1664525 + 1013904223; return seed >> 8 }
	for round := 0; round < 4; round++ {
		counts := map[string]int{}
		var words strings.Builder
		for i := 0; i < 60000; i++ {
			fmt.Fprintf(&words, "k%d ", next()%4000)
		}
		for _, word := range strings.Fields(words.String()) {
			counts[word]++
		}
		keys := make([]string, 0, len(counts))
		for key := range counts {
			keys = append(keys, key)
		}
		sort.Strings(keys)
		for i, key := range keys {
			total += i * counts[key] % 13
		}
		animals := []animal{}
		for i := 0; i < 50000; i++ {
			if next()%2 == 0 {
				animals = append(animals, dog{i})
			} else {
				animals = append(animals, &bird{i})
			}
		}
		for _, a := range animals {
			total += a.legs()
		}
	}
	fmt.Println(total)
}
