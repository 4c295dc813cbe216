package table

import (
	"strings"

	"github.com/leaver-audit/leaver/scanners"
)

// fold is the form in which words are compared.
func fold(word string) string { return strings.ToLower(trim(word)) }

// truth reads a word of a yes-or-no field.
func (s *settings) truth(field, word string) (value, known bool) {
	return s.values.Truth(field, fold(word))
}

// status reads an employment status.
func (s *settings) status(word string) (scanners.Status, bool) { return s.values.Status(fold(word)) }

// accountKind reads the kind of an account.
func (s *settings) accountKind(word string) (scanners.AccountKind, bool) {
	return s.values.AccountKind(fold(word))
}
