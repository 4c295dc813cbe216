package scanners_test

import (
	"testing"

	"github.com/leaver-audit/leaver/scanners"
)

func TestFact(t *testing.T) {
	for name, test := range map[string]struct {
		fact                  scanners.Fact[bool]
		known, never, unknown bool
		isTrue, isFalse       bool
	}{
		"zero value":  {fact: scanners.Fact[bool]{}, unknown: true},
		"known true":  {fact: scanners.Known(true), known: true, isTrue: true},
		"known false": {fact: scanners.Known(false), known: true, isFalse: true},
		"never":       {fact: scanners.Never[bool](), never: true},
		"unknown":     {fact: scanners.Unknown[bool]("not readable"), unknown: true},
	} {
		t.Run(name, func(t *testing.T) {
			f := test.fact
			if _, ok := f.Get(); ok != test.known || f.IsKnown() != test.known || f.IsNever() != test.never || f.IsUnknown() != test.unknown {
				t.Errorf("%+v: known %v, never %v, unknown %v", f, f.IsKnown(), f.IsNever(), f.IsUnknown())
			}
			if scanners.Is(f, true) != test.isTrue || scanners.Is(f, false) != test.isFalse {
				t.Errorf("%+v is true: %v, is false: %v", f, scanners.Is(f, true), scanners.Is(f, false))
			}
		})
	}
}
