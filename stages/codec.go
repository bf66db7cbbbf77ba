//go:build linux

package stages

import "encoding/binary"

// A codec writes values to the end of its bytes, or reads them from the front. The functions below do either, so a message
// lists its fields once.
type codec struct {
	bytes   []byte
	reading bool
	bad     bool // the bytes ended too early or held an invalid value, and what was read is zero
}

func number[T ~int | ~int64 | ~uint64 | ~uintptr](c *codec, numbers ...*T) {
	for _, v := range numbers {
		if !c.reading {
			c.bytes = binary.AppendUvarint(c.bytes, uint64(*v))
			continue
		}
		read, n := binary.Uvarint(c.bytes)
		if n <= 0 {
			c.bad, c.bytes = true, nil
			return
		}
		*v, c.bytes = T(read), c.bytes[n:]
	}
}

// count codes how many elements follow, and returns that. Each takes at least a byte, so a false number allocates no memory.
func count(c *codec, n int) int {
	v := uint64(n)
	if number(c, &v); c.reading && v > uint64(len(c.bytes)) {
		c.bad = true
		return 0
	}
	return int(v)
}

func text[T ~string | ~[]byte](c *codec, texts ...*T) {
	for _, s := range texts {
		n := count(c, len(*s))
		if c.reading {
			*s, c.bytes = T(c.bytes[:n]), c.bytes[n:]
		} else {
			c.bytes = append(c.bytes, *s...)
		}
	}
}

func flag(c *codec, flags ...*bool) {
	for _, f := range flags {
		v := uint64(0)
		if *f {
			v = 1
		}
		if number(c, &v); c.reading {
			*f = v == 1
			c.bad = c.bad || v > 1
		}
	}
}

func list[T any](c *codec, elements *[]T, code func(*T, *codec)) {
	n := count(c, len(*elements))
	if c.reading {
		*elements = nil
	}
	for i := range n {
		if c.reading {
			*elements = append(*elements, *new(T))
		}
		code(&(*elements)[i], c)
	}
}
