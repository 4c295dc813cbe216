package runstore

import (
	"fmt"
	"io"
	"iter"
	"os"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress/zstd"
)

const (
	// groupRows is the size of a row group: what a writer holds in memory, and the unit in which others read.
	groupRows = 16 << 10
	// batchRows is how many rows are read at a time.
	batchRows = 128
)

// table writes rows of one type as Parquet. The same rows give the same bytes.
type table[T any] struct {
	file *File
	out  *parquet.GenericWriter[T]
	rows int64
	row  []T
}

func newTable[T any](file *File) *table[T] {
	out := parquet.NewGenericWriter[T](file,
		parquet.Compression(&zstd.Codec{Level: zstd.SpeedFastest, Concurrency: 1}),
		parquet.CreatedBy("leaver", "1", ""),
		parquet.WriteBufferSize(256<<10),
		parquet.MaxRowsPerRowGroup(groupRows))
	return &table[T]{file: file, out: out, row: make([]T, 1)}
}

// next returns the row to fill before write.
func (t *table[T]) next() *T { return &t.row[0] }

func (t *table[T]) write() error {
	if _, err := t.out.Write(t.row); err != nil {
		return t.file.fail(err)
	}
	t.rows++
	return nil
}

// close finishes the file and puts it in its place.
func (t *table[T]) close() (digest string, rows int64, err error) {
	if err := t.out.Close(); err != nil {
		_ = t.file.fail(err)
	}
	if err := t.file.Close(); err != nil {
		return "", 0, err
	}
	return t.file.Digest(), t.rows, nil
}

// readTable yields the rows of a Parquet file. The row is the caller's to keep.
func readTable[T any](path string) iter.Seq2[*T, error] {
	return func(yield func(*T, error) bool) {
		if err := scanTable(path, yield); err != nil {
			yield(nil, fmt.Errorf("read %q: %w", path, err))
		}
	}
}

func scanTable[T any](path string, yield func(*T, error) bool) error {
	in, err := os.Open(path)
	if err != nil {
		return err
	}
	defer in.Close()
	info, err := in.Stat()
	if err != nil {
		return err
	}
	file, err := parquet.OpenFile(in, info.Size(), parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true))
	if err != nil {
		return err
	}
	rows := parquet.NewGenericReader[T](file)
	defer rows.Close()
	for {
		batch := make([]T, batchRows)
		n, err := rows.Read(batch)
		for i := range batch[:n] {
			if !yield(&batch[i], nil) {
				return nil
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}
