package job

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/leaver-audit/leaver/scanners"
)

// TestBatches: every account comes once and in order, whatever their number, up to the first error, and none after the reader has
// had enough.
func TestBatches(t *testing.T) {
	broken := errors.New("the snapshot is cut off")
	for _, n := range []int{0, 1, batched - 1, batched, batched + 1, 3*batched + 7} {
		for _, end := range []error{nil, broken} {
			for _, enough := range []int{n + 1, n / 2} {
				t.Run(fmt.Sprintf("%d accounts, then %v, %d are enough", n, end, enough), func(t *testing.T) {
					var want, got []string
					source := func(yield func(*scanners.Account, error) bool) {
						for i := range n {
							if !yield(&scanners.Account{ID: fmt.Sprint(i)}, nil) {
								return
							}
						}
						if end != nil {
							yield(nil, end)
						}
					}
					for i := range min(n, enough) {
						want = append(want, fmt.Sprint(i))
					}
					if end != nil && enough > n {
						want = append(want, end.Error())
					}
					for accounts, err := range batches(source) {
						if err != nil {
							accounts = []*scanners.Account{{ID: err.Error()}}
						}
						for _, a := range accounts[:min(len(accounts), enough-len(got))] {
							got = append(got, a.ID)
						}
						if len(got) == enough {
							break
						}
					}
					if !slices.Equal(got, want) {
						t.Errorf("got %v, want %v", got, want)
					}
				})
			}
		}
	}
}
