package job

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/leaver-audit/leaver/reconcile"
	"github.com/leaver-audit/leaver/scanners"
)

// TestAhead: every account comes once and in order, whatever their number, up to the first error, and none after the reader has
// had enough.
func TestAhead(t *testing.T) {
	engine := reconcile.NewEngine(reconcile.Settings{}, reconcile.NewRoster(reconcile.Settings{}, reconcile.History{}).Build())
	broken := errors.New("the snapshot is cut off")
	for _, n := range []int{0, 1, lookedAhead - 1, lookedAhead, lookedAhead + 1, 3*lookedAhead + 7} {
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
					for a, err := range ahead(engine, source) {
						if len(got) == enough {
							break
						}
						if err != nil {
							got = append(got, err.Error())
							continue
						}
						got = append(got, a.ID)
					}
					if !slices.Equal(got, want) {
						t.Errorf("got %v, want %v", got, want)
					}
				})
			}
		}
	}
}
