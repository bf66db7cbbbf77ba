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

func number[T ~int | ~int64 | ~uint64 | ~uintptr](c *codec, v *T) {
	if !c.reading {
		c.bytes = binary.AppendUvarint(c.bytes, uint64(*v))
		return
	}
	read, n := binary.Uvarint(c.bytes)
	if n <= 0 {
		c.bad, c.bytes = true, nil
		return
	}
	*v, c.bytes = T(read), c.bytes[n:]
}

// count codes the number of elements that follow. Each takes at least a byte, so a false number allocates no memory.
func count(c *codec, n *uint64) {
	number(c, n)
	if c.reading && *n > uint64(len(c.bytes)) {
		c.bad, *n = true, 0
	}
}

func text[T ~string | ~[]byte](c *codec, s *T) {
	n := uint64(len(*s))
	count(c, &n)
	if !c.reading {
		c.bytes = append(c.bytes, *s...)
		return
	}
	*s, c.bytes = T(c.bytes[:n]), c.bytes[n:]
}

func flag(c *codec, f *bool) {
	var v uint64
	if *f {
		v = 1
	}
	number(c, &v)
	if c.reading {
		*f = v == 1
		c.bad = c.bad || v > 1
	}
}

func list[T any](c *codec, elements *[]T, element func(*codec, *T)) {
	n := uint64(len(*elements))
	count(c, &n)
	if c.reading {
		*elements = nil
	}
	for i := range n {
		if c.reading {
			*elements = append(*elements, *new(T))
		}
		element(c, &(*elements)[i])
	}
}
