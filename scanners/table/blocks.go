package table

import (
	"hash"
	"io"
)

// blockSize and blockCount say how far a file is read ahead of its decoding.
const (
	blockSize  = 256 << 10
	blockCount = 8
)

// blocks reads a file in a goroutine, some blocks ahead of whoever reads from it, and takes the digest there.
type blocks struct {
	filled, empty chan []byte
	stopping      chan struct{}
	block, rest   []byte // what is being read from, and what is left of it
	err           error  // of the file, io.EOF included; valid once filled is closed
}

func newBlocks(src io.Reader, digest hash.Hash) *blocks {
	b := &blocks{filled: make(chan []byte, blockCount), empty: make(chan []byte, blockCount), stopping: make(chan struct{})}
	for range blockCount {
		b.empty <- nil // made when it is needed, because most files are small
	}
	go b.fill(src, digest)
	return b
}

func (b *blocks) fill(src io.Reader, digest hash.Hash) {
	defer close(b.filled)
	for {
		select {
		case <-b.stopping:
			return
		case block := <-b.empty:
			if block == nil {
				block = make([]byte, blockSize)
			}
			n, err := src.Read(block[:blockSize])
			digest.Write(block[:n])
			b.filled <- block[:n]
			if err != nil {
				b.err = err
				return
			}
		}
	}
}

// Read gives the bytes of the file in order.
func (b *blocks) Read(p []byte) (int, error) {
	for len(b.rest) == 0 {
		if b.block != nil {
			b.empty <- b.block
			b.block = nil
		}
		block, ok := <-b.filled
		if !ok {
			return 0, b.err
		}
		b.block, b.rest = block, block
	}
	n := copy(p, b.rest)
	b.rest = b.rest[n:]
	return n, nil
}

// stop ends the reading ahead. Afterwards the digest holds what was read of the file, and nothing touches either.
func (b *blocks) stop() {
	close(b.stopping)
	for range b.filled {
		continue // what was read too far
	}
}
