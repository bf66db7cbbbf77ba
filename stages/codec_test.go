//go:build linux

package stages

import (
	"bytes"
	"math"
	"reflect"
	"testing"
	"time"
)

// values is one of each type that a codec knows.
type values struct {
	number  uint64
	signed  int
	took    time.Duration
	text    string
	bytes   []byte
	flag    bool
	numbers []uint64
}

func (v *values) code(c *codec) {
	number(c, &v.number)
	number(c, &v.signed)
	number(c, &v.took)
	text(c, &v.text)
	text(c, &v.bytes)
	flag(c, &v.flag)
	list(c, &v.numbers, func(n *uint64, c *codec) { number(c, n) })
}

func TestCodec(t *testing.T) {
	for _, want := range []values{
		{bytes: []byte{}},
		{number: math.MaxUint64, signed: -1, took: math.MinInt64, text: "a\x00\xff", bytes: []byte("b\n"), flag: true, numbers: []uint64{0, 128}},
		{numbers: make([]uint64, 1000), text: string(make([]byte, 300)), bytes: []byte{0}},
	} {
		w := &codec{}
		was := want
		want.code(w)
		if !reflect.DeepEqual(want, was) {
			t.Errorf("writing changed %+v", was)
		}
		got := values{numbers: []uint64{7}}
		r := &codec{bytes: w.bytes, reading: true}
		got.code(r)
		if r.bad || len(r.bytes) != 0 || !reflect.DeepEqual(got, want) {
			t.Errorf("got %+v, want %+v, %d bytes left", got, want, len(r.bytes))
		}
		for n := range w.bytes {
			var cut values
			r := &codec{bytes: w.bytes[:n], reading: true}
			if cut.code(r); !r.bad {
				t.Errorf("%d of %d bytes are read as %+v", n, len(w.bytes), cut)
			}
		}
	}
}

func TestCodecRefuses(t *testing.T) {
	for what, read := range map[string]func(*codec){
		"a flag of 2":                      func(c *codec) { c.bytes = []byte{2}; flag(c, new(bool)) },
		"a number of 11 bytes":             func(c *codec) { c.bytes = bytes.Repeat([]byte{0xff}, 11); number(c, new(uint64)) },
		"text that is longer than is left": func(c *codec) { c.bytes = []byte{2, 'a'}; text(c, new(string)) },
		"a list that is longer": func(c *codec) {
			c.bytes = []byte{0xff, 0xff, 0xff, 0x7f, 1}
			list(c, new([]uint64), func(n *uint64, c *codec) { number(c, n) })
		},
	} {
		c := &codec{reading: true}
		if read(c); !c.bad {
			t.Errorf("%s is read", what)
		}
	}
}
