package ldap

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// maxMessage is the longest LDAP message that is believed. A group of half a million members has some 40 MB.
	maxMessage = 128 << 20
	tapBuffer  = 256 << 10
	// fill is how long the tap lets entries gather before it reads on, once more than stream of them came. Servers send every
	// entry in a packet of its own, and waking up for each takes more time than reading it: this halves the CPU time.
	stream = 32
	fill   = 500 * time.Microsecond
)

// wire is a connection that gives up when an answer is due and nothing arrives for the idle time. It counts silence, not
// the length of the whole answer, and not the time that the reader of the answer takes.
type wire struct {
	net.Conn
	idle time.Duration

	mu      sync.Mutex
	waiting bool
	expired bool
	timer   *time.Timer
}

func newWire(conn net.Conn, idle time.Duration) *wire {
	w := &wire{Conn: conn, idle: idle}
	w.timer = time.AfterFunc(idle, w.expire)
	w.timer.Stop()
	return w
}

func (w *wire) expire() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.waiting {
		w.expired = true
		w.abort()
	}
}

// abort makes all reads and writes fail, those that wait included.
func (w *wire) abort() { _ = w.SetDeadline(time.Unix(1, 0)) }

// expect says whether an answer is due.
func (w *wire) expect(answer bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.waiting = answer
	if answer {
		w.timer.Reset(w.idle)
	} else {
		w.timer.Stop()
	}
}

func (w *wire) Read(b []byte) (int, error) {
	w.mu.Lock()
	if w.waiting {
		w.timer.Reset(w.idle)
	}
	w.mu.Unlock()
	n, err := w.Conn.Read(b)
	w.timer.Stop()
	w.mu.Lock()
	defer w.mu.Unlock()
	if err != nil && w.expired {
		return n, fmt.Errorf("the server sent nothing for %v: %w", w.idle, context.DeadlineExceeded)
	}
	return n, err
}

// listener hears one search. The reading goroutine of the LDAP library calls it through the tap.
type listener struct {
	// entry is handed the content of each SearchResultEntry. The bytes are valid during the call only.
	entry   func(content []byte) error
	entries int // how many came
	// err is the first error of entry.
	err error
	// references holds every address of every search reference, and of a referral result.
	references []string
	// done says that the SearchResultDone was seen; code is its result.
	done bool
	code int64
}

// tap is a connection for the LDAP library that keeps the entries of the running search to itself: it hands their bytes to
// the listener without the library ever seeing them. All other messages pass through untouched, so that the library still
// does binds, paging, controls and results. It is the difference between 10 and 0.5 CPU seconds for 200,000 entries.
type tap struct {
	*wire
	in   *bufio.Reader
	left int // bytes of the current message that the library still has to read

	search   atomic.Int64 // message id of the latest search request
	listener atomic.Pointer[listener]

	mu  sync.Mutex
	err error
}

func newTap(w *wire) *tap { return &tap{wire: w, in: bufio.NewReaderSize(w, tapBuffer)} }

// Write passes a request on and notes the id of a search.
func (t *tap) Write(b []byte) (int, error) {
	if id, op, _, err := message(b); err == nil && op == tagSearch {
		t.search.Store(id)
	}
	return t.wire.Write(b)
}

// Read gives the library the messages that are not entries of the running search.
func (t *tap) Read(b []byte) (int, error) {
	for t.left == 0 {
		if err := t.next(); err != nil {
			t.fail(err)
			return 0, err
		}
	}
	n, err := t.in.Read(b[:min(len(b), t.left)])
	t.left -= n
	t.fail(err)
	return n, err
}

func (t *tap) fail(err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err != nil && t.err == nil {
		t.err = err
	}
}

// cause is the error that ended the connection, if any.
func (t *tap) cause() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.err
}

// next handles one message: an entry is consumed, anything else is left to be read by the library.
func (t *tap) next() error {
	length, op, err := t.peek()
	if err != nil {
		return err
	}
	l := t.listener.Load()
	if l == nil || op != tagEntry && op != tagDone && op != tagReference {
		t.left = length
		return nil
	}
	if op != tagEntry && length > tapBuffer {
		return fmt.Errorf("malformed message: result of %d bytes", length)
	}
	frame, err := t.frame(length)
	if err != nil {
		return err
	}
	id, _, content, err := message(frame)
	if err != nil {
		return fmt.Errorf("malformed message: %w", err)
	}
	if id != t.search.Load() {
		return fmt.Errorf("the server answered message %d while %d was asked", id, t.search.Load())
	}
	if op == tagEntry {
		l.entries++
		if l.err = l.entry(content); l.err != nil {
			return l.err
		}
		return t.skip(length)
	}
	t.left = length
	return l.note(op, content)
}

// peek waits for the next message and tells its whole length and the tag of its operation.
func (t *tap) peek() (length int, op byte, err error) {
	if l := t.listener.Load(); l != nil && l.entries > stream && t.in.Buffered() == 0 {
		time.Sleep(fill)
	}
	// The longest head: sequence (1+9), message id (2+8), tag of the operation. No LDAP message is shorter than 7 bytes.
	b, err := t.in.Peek(7)
	if err != nil {
		if len(b) > 0 && errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return 0, 0, err
	}
	if n := t.in.Buffered(); n > len(b) {
		b, _ = t.in.Peek(min(n, 21))
	}
	tag, head, size, err := header(b)
	if err == nil && tag != tagSequence {
		err = fmt.Errorf("tag 0x%02x where a message belongs", tag)
	}
	if err != nil {
		return 0, 0, fmt.Errorf("malformed message: %w", err)
	}
	length = head + size
	if b, err = t.in.Peek(min(length, head+11)); err != nil {
		return 0, 0, fmt.Errorf("message of %d bytes: %w", length, unexpected(err))
	}
	_, idHead, idSize, err := header(b[head:])
	if err != nil || idSize > 8 || head+idHead+idSize >= len(b) {
		return 0, 0, errors.New("malformed message: no message id")
	}
	return length, b[head+idHead+idSize], nil
}

// frame gives the whole message: a view of the buffer where it fits, else a copy that leaves the buffer empty of it.
func (t *tap) frame(length int) ([]byte, error) {
	if length <= tapBuffer {
		b, err := t.in.Peek(length)
		return b, unexpected(err)
	}
	var long bytes.Buffer
	if _, err := io.CopyN(&long, t.in, int64(length)); err != nil {
		return nil, unexpected(err)
	}
	return long.Bytes(), nil
}

// skip consumes the message that frame returned.
func (t *tap) skip(length int) error {
	if length > tapBuffer {
		return nil
	}
	_, err := t.in.Discard(length)
	return err
}

func unexpected(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// note keeps what a SearchResultDone or a SearchResultReference says.
func (l *listener) note(op byte, content []byte) error {
	if op == tagReference {
		return l.addresses(content)
	}
	tag, code, rest, err := cut(content)
	if err != nil || tag != tagEnumerated {
		return fmt.Errorf("malformed result of the search")
	}
	if l.code, err = number(code); err != nil {
		return fmt.Errorf("malformed result of the search: %w", err)
	}
	l.done = true
	for len(rest) > 0 {
		if tag, content, rest, err = cut(rest); err != nil {
			return fmt.Errorf("malformed result of the search: %w", err)
		}
		if tag == tagReferral {
			return l.addresses(content)
		}
	}
	return nil
}

func (l *listener) addresses(list []byte) error {
	for len(list) > 0 {
		address, rest, err := take(list, tagOctetString)
		if err != nil {
			return fmt.Errorf("malformed reference: %w", err)
		}
		l.references = append(l.references, string(address))
		list = rest
	}
	return nil
}
