package view

import (
	"bytes"
	"encoding/binary"
	"errors"
	"slices"
	"testing"

	"golang.org/x/sys/unix"
)

// message is a message of the kernel's, without the padding after it.
func message(kind, flags uint16, body string) []byte {
	m := binary.NativeEndian.AppendUint32(nil, uint32(unix.NLMSG_HDRLEN+len(body)))
	m = binary.NativeEndian.AppendUint16(m, kind)
	m = binary.NativeEndian.AppendUint16(m, flags)
	return append(append(m, make([]byte, 8)...), body...)
}

func TestAnswers(t *testing.T) {
	const multi = unix.NLM_F_MULTI
	code := func(e unix.Errno) string { return string(binary.NativeEndian.AppendUint32(nil, uint32(-int32(e)))) }
	two := slices.Concat(message(unix.RTM_NEWLINK, multi, "abc"), []byte{0}, message(unix.RTM_NEWLINK, multi, "d"))
	for _, c := range []struct {
		data []byte
		last bool
		err  error
		got  string
	}{
		{two, false, nil, "abc,d,"},
		{append(two[:len(two):len(two)], message(unix.NLMSG_DONE, multi, code(0))...), true, unix.EBADMSG, "abc,d,"}, // not aligned
		{message(unix.NLMSG_DONE, multi, code(0)), true, nil, ""},
		{message(unix.NLMSG_DONE, multi, code(unix.ENOMEM)), true, unix.ENOMEM, ""},
		{message(unix.NLMSG_ERROR, 0, code(unix.EPERM)), true, unix.EPERM, ""},
		{message(unix.RTM_NEWNSID, 0, "abcd"), true, nil, "abcd,"},
		{message(unix.RTM_NEWLINK, multi|unix.NLM_F_DUMP_INTR, "x"), true, unix.EINTR, ""},
		{two[:10], true, unix.EBADMSG, ""},
		{two[:18], true, unix.EBADMSG, ""},
		{make([]byte, 32), true, unix.EBADMSG, ""},
	} {
		var got bytes.Buffer
		last, err := answers(c.data, func(body []byte) { got.WriteString(string(body) + ",") })
		if last != c.last || !errors.Is(err, c.err) || got.String() != c.got {
			t.Errorf("%q: %v, %v, %q; want %v, %v, %q", c.data, last, err, got.String(), c.last, c.err, c.got)
		}
	}
}

// Whatever an attribute says of its length, nothing is read past the end.
func TestAttributesStayInside(t *testing.T) {
	whole := appendAttribute(appendAttribute(nil, unix.IFLA_MTU, 1500), unix.IFLA_LINK, 7)
	for end := range len(whole) + 1 {
		got := 0
		for range attributes(whole[:end]) {
			got++
		}
		if want := end / 8; got != want {
			t.Errorf("%d attributes in %d bytes, want %d", got, end, want)
		}
	}
	for _, length := range []byte{0, 3, 200} {
		whole[0] = length
		for range attributes(whole) {
			t.Errorf("an attribute of %d bytes was read", length)
		}
	}
	newLink(append(make([]byte, unix.SizeofIfInfomsg), whole...))
	newAddress(make([]byte, unix.SizeofIfAddrmsg))
}
