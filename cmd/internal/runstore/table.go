package runstore

import (
	"errors"
	"fmt"
	"io"
	"iter"
	"os"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress/zstd"
)

const (
	// groupRows is the size of a row group: what a writer holds in memory, and the unit in which others read.
	groupRows = 8 << 10
	// pageBytes is the size of a page before compression; every column holds one in memory, for writing and for reading.
	pageBytes = 64 << 10
	// batchRows is how many rows are read or written at a time.
	batchRows = 128
)

// table writes rows of one type as Parquet. The same rows give the same bytes.
type table[T any] struct {
	file *File
	out  *parquet.GenericWriter[T]
	rows int64
	// batch holds rows that are filled and not yet written, the first used of them.
	batch []T
	used  int
}

func newTable[T any](file *File) *table[T] {
	out := parquet.NewGenericWriter[T](file,
		parquet.Compression(&zstd.Codec{Level: zstd.SpeedFastest, Concurrency: 1}),
		parquet.CreatedBy("leaver", "1", ""),
		parquet.WriteBufferSize(256<<10),
		parquet.PageBufferSize(pageBytes),
		parquet.DataPageStatistics(false),
		parquet.MaxRowsPerRowGroup(groupRows))
	return &table[T]{file: file, out: out, batch: make([]T, batchRows)}
}

// next returns the row to fill before write. It may still hold what an earlier row held, whose memory can be used again.
func (t *table[T]) next() *T { return &t.batch[t.used] }

// write adds the row that next returned. The row must not refer to memory that the caller of a writer may change.
func (t *table[T]) write() error {
	t.rows++
	if t.used++; t.used < len(t.batch) {
		return t.file.err
	}
	return t.flush()
}

func (t *table[T]) flush() error {
	_, err := t.out.Write(t.batch[:t.used])
	t.used = 0
	return t.file.fail(err)
}

// close finishes the file and puts it in its place.
func (t *table[T]) close() (digest string, rows int64, err error) {
	if t.flush() == nil {
		_ = t.file.fail(t.out.Close())
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
	file, err := openTable(path)
	if err != nil {
		return err
	}
	defer file.Close()
	rows := parquet.NewGenericReader[T](file.File)
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

// openedTable is a Parquet file and the file of the disk below it.
type openedTable struct {
	*parquet.File
	disk *os.File
}

// Close closes the file.
func (t *openedTable) Close() error { return t.disk.Close() }

func openTable(path string) (*openedTable, error) {
	disk, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	info, err := disk.Stat()
	if err != nil {
		return nil, errors.Join(err, disk.Close())
	}
	file, err := parquet.OpenFile(disk, info.Size(), parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true))
	if err != nil {
		return nil, errors.Join(err, disk.Close())
	}
	return &openedTable{file, disk}, nil
}
