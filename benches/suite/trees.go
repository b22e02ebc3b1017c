// Binary trees left to Go's garbage collector.
package main

import "fmt"

type tree struct{ left, right *tree }

func grow(depth int) *tree {
	if depth == 0 {
		return &tree{}
	}
	return &tree{grow(depth - 1), grow(depth - 1)}
}

func (t *tree) count() int {
	if t.left == nil {
		return 1
	}
	return 1 + t.left.count() + t.right.count()
}

func main() {
	kept, total := grow(15), 0
	for depth := 4; depth <= 14; depth += 2 {
		for i := 0; i < 1<<(16-depth); i++ {
			total += grow(depth).count()
		}
	}
	fmt.Println(total, kept.count())
}
