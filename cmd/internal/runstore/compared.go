package runstore

import (
	"fmt"
	"io"
	"iter"

	"github.com/parquet-go/parquet-go"

	"github.com/leaver-audit/leaver/policies"
	"github.com/leaver-audit/leaver/reconcile"
)

// comparedRow are the columns of verdicts.parquet that comparisons of runs ask for.
type comparedRow struct {
	Source       string `parquet:"source,dict"`
	Account      string `parquet:"account"`
	Login        string `parquet:"login"`
	Enabled      string `parquet:"enabled,dict"`
	Kind         string `parquet:"kind,dict"`
	Severity     string `parquet:"severity,dict"`
	PersonSystem string `parquet:"person_source,dict"`
	PersonID     string `parquet:"person"`
	End          int64  `parquet:"end,optional,timestamp(microsecond)"`
	Decision     string `parquet:"decision,dict"`
}

func (r *comparedRow) verdict() (*Verdict, error) {
	v := &Verdict{Source: r.Source, Account: r.Account, Login: r.Login, Enabled: r.Enabled, Kind: reconcile.Kind(r.Kind),
		PersonSystem: r.PersonSystem, Person: r.PersonID, End: optionalInstant(r.End), Decision: policies.DecisionKind(r.Decision)}
	var err error
	v.Severity, err = reconcile.ParseSeverity(r.Severity)
	return v, err
}

// Findings yields the verdicts of the run that are findings. Flags, Situation, MatchedBy, DaysLate and Due are not filled.
func (f *Folder) Findings() iter.Seq2[*Verdict, error] {
	return compared(f.Path(verdictsName), "kind", func(kind []byte) bool { return len(kind) > 0 }, func(r *comparedRow) bool { return r.Kind != "" })
}

// Find yields the verdicts of the run on the asked accounts, filled like those of Findings.
func (f *Folder) Find(keys map[AccountKey]struct{}) iter.Seq2[*Verdict, error] {
	accounts := map[string]struct{}{}
	for key := range keys {
		accounts[key.Account] = struct{}{}
	}
	return compared(f.Path(verdictsName), "account", func(account []byte) bool {
		_, asked := accounts[string(account)]
		return asked
	}, func(r *comparedRow) bool {
		_, asked := keys[AccountKey{r.Source, r.Account}]
		return asked
	})
}

// compared yields the rows that want wants. It reads one column first, and the rows of a row group only when hint says of a
// value in it that its row may be wanted: most groups hold nothing that a comparison asks for.
func compared(path, column string, hint func([]byte) bool, want func(*comparedRow) bool) iter.Seq2[*Verdict, error] {
	return func(yield func(*Verdict, error) bool) {
		file, err := openTable(path)
		if err != nil {
			yield(nil, err)
			return
		}
		defer file.Close()
		for _, group := range file.RowGroups() {
			found, err := holds(group, column, hint)
			more := true
			if err == nil && found {
				more, err = yieldGroup(group, want, yield)
			}
			if err != nil {
				yield(nil, fmt.Errorf("read %q: %w", path, err))
				return
			}
			if !more {
				return
			}
		}
	}
}

// holds reports whether a value of the column, a text, is one that look looks for.
func holds(group parquet.RowGroup, column string, look func([]byte) bool) (found bool, err error) {
	leaf, ok := group.Schema().Lookup(column)
	if !ok {
		return false, fmt.Errorf("column %q is missing", column)
	}
	pages := group.ColumnChunks()[leaf.ColumnIndex].Pages()
	defer pages.Close()
	values := make([]parquet.Value, 4*batchRows)
	for !found {
		page, err := pages.ReadPage()
		if err == io.EOF {
			return false, nil
		}
		if err != nil {
			return false, err
		}
		found, err = pageHolds(page.Values(), values, look)
		parquet.Release(page)
		if err != nil {
			return false, err
		}
	}
	return true, nil
}

func pageHolds(from parquet.ValueReader, values []parquet.Value, look func([]byte) bool) (bool, error) {
	for {
		n, err := from.ReadValues(values)
		for i := range values[:n] {
			if look(values[i].ByteArray()) {
				return true, nil
			}
		}
		if err == io.EOF {
			return false, nil
		}
		if err != nil {
			return false, err
		}
	}
}

// yieldGroup yields the wanted rows of a group and reports whether more are asked for.
func yieldGroup(group parquet.RowGroup, want func(*comparedRow) bool, yield func(*Verdict, error) bool) (more bool, err error) {
	rows := parquet.NewGenericRowGroupReader[comparedRow](group)
	defer rows.Close()
	batch := make([]comparedRow, batchRows)
	for {
		n, err := rows.Read(batch)
		for i := range batch[:n] {
			if !want(&batch[i]) {
				continue
			}
			if v, err := batch[i].verdict(); !yield(v, err) || err != nil {
				return false, nil
			}
		}
		if err == io.EOF {
			return true, nil
		}
		if err != nil {
			return false, err
		}
	}
}
