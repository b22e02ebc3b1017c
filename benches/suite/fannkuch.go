// Pancakes turned over: permutations in small slices, bounds checked.
package main

import "fmt"

func main() {
	const n = 9
	perm, perm1, count := make([]int, n), make([]int, n), make([]int, n)
	for i := range perm1 {
		perm1[i] = i
	}
	flipsMax, check, r, turn := 0, 0, n, 0
	for {
		for ; r != 1; r-- {
			count[r-1] = r
		}
		if perm1[0] != 0 {
			copy(perm, perm1)
			flips := 0
			for k := perm[0]; k != 0; k = perm[0] {
				for i, j := 0, k; i < j; i, j = i+1, j-1 {
					perm[i], perm[j] = perm[j], perm[i]
				}
				flips++
			}
			flipsMax = max(flipsMax, flips)
			if turn%2 == 0 {
				check += flips
			} else {
				check -= flips
			}
		}
		for {
			if r == n {
				fmt.Println(check, flipsMax)
				return
			}
			first := perm1[0]
			copy(perm1, perm1[1:r+1])
			perm1[r] = first
			count[r]--
			if count[r] > 0 {
				break
			}
			r++
		}
		turn++
	}
}
