package runstore

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"time"

	"github.com/leaver-audit/leaver/reconcile"
	"github.com/leaver-audit/leaver/scanners"
)

// filler fills any value of this project with random but legal data, by reflection: a field that is added to a type later
// takes part in the tests without being named here.
type filler struct{ *rand.Rand }

func newFiller(seed uint64) filler { return filler{rand.New(rand.NewPCG(seed, 7))} }

func (f filler) fill(v reflect.Value) {
	switch into := v.Addr().Interface().(type) {
	case *time.Time:
		*into = f.time()
		return
	case *scanners.Date:
		*into = scanners.DateOf(f.time())
		return
	case *reconcile.Severity:
		*into = reconcile.Severity(f.IntN(5))
		return
	case *reconcile.Flags:
		*into = reconcile.Flags(f.IntN(1 << 17))
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		if strings.HasPrefix(v.Type().Name(), "Fact[") {
			f.fact(v)
			return
		}
		for i := range v.NumField() {
			f.fill(v.Field(i))
		}
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		f.fill(v.Elem())
	case reflect.Slice:
		if n := f.IntN(4); n > 0 {
			v.Set(reflect.MakeSlice(v.Type(), n, n))
			for i := range n {
				f.fill(v.Index(i))
			}
		}
	case reflect.String:
		v.SetString(f.text())
	case reflect.Bool:
		v.SetBool(f.IntN(2) == 0)
	case reflect.Int, reflect.Int64, reflect.Int32:
		v.SetInt(f.Int64N(1<<31) - 1<<30)
	default:
		panic(fmt.Sprintf("no random %s", v.Type()))
	}
}

// fact fills one of the three states; only a known fact has a value.
func (f filler) fact(v reflect.Value) {
	state := f.IntN(3)
	v.FieldByName("State").SetUint(uint64(state))
	if scanners.State(state) == scanners.StateKnown {
		f.fill(v.FieldByName("Value"))
		return
	}
	if f.IntN(2) == 0 {
		v.FieldByName("Reason").SetString("not readable: by " + f.text())
	}
}

// time gives instants of all kinds: ordinary ones, the year 1601 of directories, the year 9999 of "never", the zero time.
func (f filler) time() time.Time {
	switch f.IntN(8) {
	case 0:
		return time.Time{}
	case 1:
		return time.Unix(0, 0).UTC()
	case 2:
		return time.Date(1601, 1, 1, 0, 0, 0, 100, time.UTC)
	case 3:
		return time.Date(9999, 12, 31, 23, 59, 59, 999_999_999, time.UTC)
	case 4:
		return time.Unix(f.Int64N(2e9), f.Int64N(1e9)).UTC()
	default:
		return time.Unix(f.Int64N(2e9), 0).UTC()
	}
}

var words = []string{"", "a", "jdoe", "Größe", "名前", "x\x00y", "tab\tand\nline", `quote"s`, "known", ": ", "smtp:a@b.example",
	"a rather long text that does not fit into any small buffer, so that pages fill up"}

func (f filler) text() string { return words[f.IntN(len(words))] }

func random[T any](f filler) *T {
	v := new(T)
	f.fill(reflect.ValueOf(v).Elem())
	return v
}
